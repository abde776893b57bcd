"""Streams that are known to be whole, or known not to be.

    MarketStream (one per market)      book, tape and candles ──▶ Book, Trade, Candle
    PrivateStream (one per account)    orders and executions ──▶ OrderReport, Fill

Each runs one connection at a time: subscribe, say healthy, hand on what arrives, and at the first doubt say unhealthy
at once, drop the connection with everything cached for it, and subscribe again after a jittered pause. Nothing missed
is fetched here: after `StreamChange(healthy=True)` a book begins with its own snapshot, and the engine asks for orders
and fills itself. The listener's methods are called by the venue's exchange class, synchronously and in order.

What breaks a stream: its connection closes or answers no ping (`sockets.py`), a message cannot be read, a sequence has
a gap, or it is silent. Silence alone proves nothing: a silent market stream is held against the venue's own book, and
goes on when that is the same; a private stream is held against what the venue acknowledged (`order_witness.py`).
"""

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import Any, Final

import structlog
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception_type

from deskbot.core.events import Book, OrderReport, StreamChange
from deskbot.core.instrument import Instrument
from deskbot.venues.adapter import Adapter, Row
from deskbot.venues.books import BookReader
from deskbot.venues.errors import describe
from deskbot.venues.listening import subscribed
from deskbot.venues.order_witness import OrderWitness
from deskbot.venues.pacing import Draw
from deskbot.venues.protocol import Emit, Now
from deskbot.venues.rate_limits import Ask
from deskbot.venues.silence import Silence

PRIVATE: Final = "private"
MARKET: Final = "market"

WARM_UP_CANDLES: Final = 200
_MINUTE: Final = "1m"
_ESTABLISH_SECONDS: Final = 5.0
_CONFIRM_SECONDS: Final = 1.0  # for the venue's own book, when its stream is silent
_LAG_SECONDS: Final = 0.3  # by which a stream may be behind that book
_WATCH_SECONDS: Final = 0.25
_FIRST_PAUSE, _LONGEST_PAUSE = 0.1, 5.0  # between two attempts; drawn between nothing and this (full jitter)
_CLOSE_SECONDS: Final = 0.5  # a peer that is gone does not answer a closing handshake
_SETTLED_SECONDS: Final = 1.0  # a connection that lived less counts as a failed attempt and is backed off

log = structlog.get_logger(__name__)


class StreamBroken(Exception):
    """A connection ended before it had settled."""


class _Stream:
    """The life of one stream: connections in a row, health said at every change."""

    def __init__(self, kind: str, market: str, emit: Emit, now: Now, draw: Draw) -> None:
        self.name = market or kind
        self._kind = kind
        self._market = market
        self._emit = emit
        self._now = now
        self._draw = draw
        self._healthy_since: float | None = None
        self._begun = asyncio.Event()
        self.breaks = 0

    async def run(self) -> None:
        """Until cancelled. Every attempt is jittered, so that many bots do not all come back in one moment."""
        while True:
            async for attempt in AsyncRetrying(wait=self._pause, retry=retry_if_exception_type(StreamBroken)):
                with attempt:
                    await self._one_connection()
            await asyncio.sleep(self._draw() * _FIRST_PAUSE)

    def _pause(self, state: RetryCallState) -> float:
        return self._draw() * min(_LONGEST_PAUSE, _FIRST_PAUSE * 2.0 ** min(state.attempt_number, 16))

    async def _one_connection(self) -> None:
        self._healthy_since = None
        self._begun.clear()
        try:
            await self._connection()
        except Exception as error:
            self._broken(describe(error))
        else:
            self._broken("the connection ended")

    async def _connection(self) -> None:
        raise NotImplementedError

    async def _established(self) -> None:
        """Wait until the stream is healthy. Raises StreamBroken when that takes too long."""
        try:
            async with asyncio.timeout(_ESTABLISH_SECONDS):
                await self._begun.wait()
        except TimeoutError:
            raise StreamBroken(f"the {self._kind} stream was not established in {_ESTABLISH_SECONDS:g} s") from None

    def _healthy(self) -> None:
        if self._healthy_since is None:
            self._healthy_since = asyncio.get_running_loop().time()
            self._begun.set()
            self._emit(StreamChange(self._now(), self._kind, self._market, True))

    def _broken(self, reason: str) -> None:
        since = self._healthy_since
        self.breaks += 1
        log.warning("stream broken", stream=self._kind, market=self._market, reason=reason)
        self._emit(StreamChange(self._now(), self._kind, self._market, False, reason))
        if since is None or asyncio.get_running_loop().time() - since < _SETTLED_SECONDS:
            raise StreamBroken(reason)

    # a listener hears everything; each stream overrides its own
    def on_book(self, book: Any, venue_ms: int, sequence: int, previous: int) -> None: ...
    def on_trades(self, rows: list[Row]) -> None: ...
    def on_private(self, rows: list[Row]) -> None: ...
    def on_subscribed(self) -> None: ...


class MarketStream(_Stream):
    """Book, tape and candles of one market, on an exchange instance of its own; `public` is asked for the rest."""

    def __init__(
        self,
        instrument: Instrument,
        adapter: Adapter,
        exchange: Callable[[], Any],
        public: Any,
        silence: float,
        emit: Emit,
        now: Now,
        draw: Draw,
    ) -> None:
        super().__init__(MARKET, instrument.market, emit, now, draw)
        self._adapter = adapter
        self._reader = BookReader(instrument, adapter.facts.book_depth)
        self._exchange = exchange
        self._public = public
        self._longest_silence = silence
        self._silence = Silence(silence, 0.0)
        self._last: Book | None = None

    async def _connection(self) -> None:
        exchange = self._exchange()
        self._last = None
        with _listening(exchange, self):
            try:
                await _admitted(exchange)
                await until_one_ends(
                    subscribed(exchange.watch_order_book, self._market, self._adapter.facts.book_asked),
                    subscribed(exchange.watch_trades, self._market),
                    self._candles(exchange),
                    self._watched(),
                )
            finally:
                await _drop(exchange)
                await exchange.close()

    async def _candles(self, exchange: Any) -> None:
        """First what has been, then each minute as it forms; without them the engine samples the book."""
        await self._begun.wait()
        try:
            self._tell(await self._public.fetch_ohlcv(self._market, _MINUTE, None, WARM_UP_CANDLES))
        except Exception as error:
            log.warning("no history of candles", market=self._market, reason=describe(error))
        if not exchange.has.get("watchOHLCV"):
            await asyncio.Event().wait()
        while True:
            self._tell(await exchange.watch_ohlcv(self._market, _MINUTE))

    def _tell(self, candles: list[Any]) -> None:
        for row in candles:
            self._emit(self._reader.candle(row, self._now()))

    async def _watched(self) -> None:
        """Stay while the stream speaks, or the venue confirms that there is nothing to say."""
        clock = asyncio.get_running_loop().time
        await self._established()
        while True:
            left = self._silence.left(clock())
            if left > 0:
                await asyncio.sleep(left)
            else:
                await self._confirm()
                self._silence.confirmed(clock())

    async def _confirm(self) -> None:
        """Hold the last book against the venue's own. Raises StreamBroken when the stream has missed something."""
        last = self._last
        silent = f"no order book of {self._market} for {self._silence.lasted(asyncio.get_running_loop().time()):.1f} s"
        try:
            async with asyncio.timeout(_CONFIRM_SECONDS):
                own = await self._public.fetch_order_book(self._market, self._adapter.facts.confirm_depth)
        except Exception as error:
            raise StreamBroken(f"{silent}, and the venue's own cannot be read: {describe(error)}") from error
        if last is None or not self._reader.same_touch(own, last):
            await asyncio.sleep(_LAG_SECONDS)
            if self._last is last:
                raise StreamBroken(f"{silent}, while the venue's own has changed")
        if last is not None and self._last is last:
            venue_ms = int(own.get("timestamp") or 0)
            self._emit(Book(self._now(), self._market, last.bids, last.asks, venue_ms, last.sequence, last.sequence))

    def on_book(self, book: Any, venue_ms: int, sequence: int, previous: int) -> None:
        event = self._reader.book(book, self._now(), venue_ms, sequence, previous)
        at = asyncio.get_running_loop().time()
        if self._last is None:
            self._silence = Silence(self._longest_silence, at)
        self._silence.heard(at)
        self._last = event
        self._healthy()
        self._emit(event)

    def on_trades(self, rows: list[Row]) -> None:
        for row in rows:
            self._emit(self._reader.trade(self._adapter.tape(row), self._now()))


class PrivateStream(_Stream):
    """Orders and executions of the account, on the trading instance."""

    def __init__(
        self, exchange: Any, adapter: Adapter, witness: OrderWitness, emit: Emit, now: Now, draw: Draw
    ) -> None:
        super().__init__(PRIVATE, "", emit, now, draw)
        self._witness = witness
        self._exchange = exchange
        self._adapter = adapter
        self._subscribed = 0

    async def _connection(self) -> None:
        self._subscribed = 0
        self._witness.reset()
        with _listening(self._exchange, self):
            try:
                await _admitted(self._exchange)
                await until_one_ends(*self._adapter.private_work(self._exchange), self._watched())
            finally:
                await _drop(self._exchange)

    async def _watched(self) -> None:
        """Stay until the stream owes something for too long."""
        await self._established()
        while True:
            overdue = self._witness.overdue(self._now())
            if overdue:
                raise StreamBroken(overdue)
            await asyncio.sleep(_WATCH_SECONDS)

    def on_subscribed(self) -> None:
        self._subscribed += 1
        if self._subscribed == self._adapter.facts.subscriptions:
            self._healthy()

    def on_private(self, rows: list[Row]) -> None:
        for event in self._adapter.private_events(rows):
            if isinstance(event, OrderReport):
                self._witness.tell(event)
            self._emit(event)


@contextmanager
def _listening(exchange: Any, listener: _Stream) -> Iterator[None]:
    exchange.listener = listener
    try:
        yield
    finally:
        exchange.listener = None


async def _admitted(exchange: Any) -> None:
    """Venues count connections too. Raises NotSent when there were too many."""
    if exchange.pacer is not None:
        await exchange.pacer.admit(Ask("CONNECT"))


async def _drop(exchange: Any) -> None:
    """Close an instance's sockets, without waiting for a peer that does not answer."""
    try:
        async with asyncio.timeout(_CLOSE_SECONDS):
            await exchange.close_ws_clients()
    except TimeoutError:
        exchange.clients = {}


async def until_one_ends(*work: Coroutine[Any, Any, None]) -> None:
    """Run side by side until the first ends, end the others, and raise what the first raised.

    Not a TaskGroup: on Python 3.11 one whose member fails while it is being left may hand its own cancellation to the
    code behind it, and a stream would be gone without a word. ccxt cancels the futures of a closed connection, so a
    member that was cancelled, by whomever, has failed too.
    """
    tasks = [asyncio.ensure_future(one) for one in work]
    try:
        ended, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    for task in ended:
        if task.cancelled():
            raise StreamBroken("the connection was closed")
        task.result()

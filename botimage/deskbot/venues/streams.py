"""Streams that are known to be whole, or known not to be.

    MarketStream (one per market)      book and tape ──▶ Book, Trade
    PrivateStream (one per account)    orders and executions ──▶ OrderReport, Fill

Each runs one connection at a time: subscribe, say healthy, hand on what arrives, and at the first doubt (closed,
silent, unreadable, a gap in the sequence) say unhealthy at once, drop the connection with everything cached for it,
and subscribe again. Nothing missed is fetched here: after `StreamChange(healthy=True)` a book begins with its own
snapshot, and the engine asks for orders and fills itself. The listener's methods are called by `bybit_exchange.py`,
synchronously and in the order of arrival.
"""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import Any, Final

import structlog
from tenacity import AsyncRetrying, retry_if_exception_type, wait_exponential

from deskbot.core.events import StreamChange
from deskbot.core.instrument import Instrument
from deskbot.venues import bybit_rows
from deskbot.venues.books import BookReader
from deskbot.venues.bybit_lists import is_fill, is_funding
from deskbot.venues.dialects import BYBIT
from deskbot.venues.errors import describe
from deskbot.venues.markets import Markets
from deskbot.venues.protocol import Emit, Now

PRIVATE: Final = "private"
MARKET: Final = "market"

_ESTABLISH_SECONDS: Final = 10.0
_CLOSE_SECONDS: Final = 0.5  # a peer that is gone does not answer a closing handshake
_SETTLED_SECONDS: Final = 1.0  # a connection that lived less counts as a failed attempt and is backed off

log = structlog.get_logger(__name__)


class StreamBroken(Exception):
    """A connection ended before it had settled."""


class _Stream:
    """The life of one stream: connections in a row, health said at every change."""

    def __init__(self, kind: str, market: str, emit: Emit, now: Now) -> None:
        self._kind = kind
        self._market = market
        self._emit = emit
        self._now = now
        self._healthy_since: float | None = None

    async def run(self) -> None:
        """Until cancelled. The first attempt after a settled connection goes out at once, later ones back off."""
        while True:
            async for attempt in AsyncRetrying(
                wait=wait_exponential(multiplier=0.1, max=5), retry=retry_if_exception_type(StreamBroken)
            ):
                with attempt:
                    await self._one_connection()

    async def _one_connection(self) -> None:
        self._healthy_since = None
        try:
            await self._connection()
        except Exception as error:
            self._broken(describe(error))
        else:
            self._broken("the connection ended")

    async def _connection(self) -> None:
        raise NotImplementedError

    def _healthy(self) -> None:
        if self._healthy_since is None:
            self._healthy_since = asyncio.get_running_loop().time()
            self._emit(StreamChange(self._now(), self._kind, self._market, True))

    def _broken(self, reason: str) -> None:
        since = self._healthy_since
        log.warning("stream broken", stream=self._kind, market=self._market, reason=reason)
        self._emit(StreamChange(self._now(), self._kind, self._market, False, reason))
        if since is None or asyncio.get_running_loop().time() - since < _SETTLED_SECONDS:
            raise StreamBroken(reason)

    # a listener hears everything; each stream overrides its own
    def on_book(self, book: Any, venue_ms: int, sequence: int) -> None: ...
    def on_trades(self, rows: list[bybit_rows.Row]) -> None: ...
    def on_orders(self, rows: list[bybit_rows.Row]) -> None: ...
    def on_executions(self, rows: list[bybit_rows.Row]) -> None: ...
    def on_subscribed(self) -> None: ...


class MarketStream(_Stream):
    """Book and tape of one market, on an exchange instance of its own."""

    def __init__(
        self, instrument: Instrument, exchange: Callable[[], Any], silence: float, emit: Emit, now: Now
    ) -> None:
        super().__init__(MARKET, instrument.market, emit, now)
        self._reader = BookReader(instrument, BYBIT.book_depth)
        self._exchange = exchange
        self._silence = silence

    async def _connection(self) -> None:
        exchange = self._exchange()
        with _listening(exchange, self):
            try:
                await until_one_ends(self._books(exchange), _for_ever(exchange.watch_trades, self._market))
            finally:
                await _drop(exchange)
                await exchange.close()

    async def _books(self, exchange: Any) -> None:
        # ccxt's ping notices a stall only if pings go unanswered as well; a live market's book never rests for so long
        patience = _ESTABLISH_SECONDS
        while True:
            try:
                async with asyncio.timeout(patience):
                    await exchange.watch_order_book(self._market, BYBIT.book_depth)
            except TimeoutError:
                raise StreamBroken(f"no order book of {self._market} for {patience:g} s") from None
            patience = self._silence

    def on_book(self, book: Any, venue_ms: int, sequence: int) -> None:
        event = self._reader.book(book, self._now(), venue_ms, sequence)
        self._healthy()
        self._emit(event)

    def on_trades(self, rows: list[bybit_rows.Row]) -> None:
        for row in rows:
            self._emit(self._reader.trade(row, self._now()))


class PrivateStream(_Stream):
    """Orders and executions of the account, on the trading instance."""

    _TOPICS = 2

    def __init__(self, exchange: Any, category: str, markets: Markets, emit: Emit, now: Now) -> None:
        super().__init__(PRIVATE, "", emit, now)
        self._exchange = exchange
        self._category = category
        self._markets = markets
        self._subscribed = 0

    async def _connection(self) -> None:
        self._subscribed = 0
        with _listening(self._exchange, self):
            try:
                await until_one_ends(
                    _for_ever(self._exchange.watch_orders),
                    _for_ever(self._exchange.watch_my_trades),
                    self._established(),
                )
            finally:
                await _drop(self._exchange)

    async def _established(self) -> None:
        await asyncio.sleep(_ESTABLISH_SECONDS)
        if self._healthy_since is None:
            raise StreamBroken(f"the private stream was not subscribed within {_ESTABLISH_SECONDS:g} s")
        await asyncio.Event().wait()

    def on_subscribed(self) -> None:
        self._subscribed += 1
        if self._subscribed == self._TOPICS:
            self._healthy()

    # both topics carry spot and contracts alike, under the same symbols
    def on_orders(self, rows: list[bybit_rows.Row]) -> None:
        for row in rows:
            if row["category"] == self._category:
                self._emit(bybit_rows.order_report(row, self._markets.by_venue_symbol, self._now()))

    def on_executions(self, rows: list[bybit_rows.Row]) -> None:
        for row in rows:
            instrument = self._markets.by_venue_symbol(row["symbol"]) if row["category"] == self._category else None
            if instrument is not None and is_fill(row):
                self._emit(bybit_rows.fill(row, instrument, self._now()))
            elif instrument is not None and is_funding(row):
                self._emit(bybit_rows.funding(row, instrument, self._now()))


@contextmanager
def _listening(exchange: Any, listener: _Stream) -> Iterator[None]:
    exchange.listener = listener
    try:
        yield
    finally:
        exchange.listener = None


async def _for_ever(watch: Callable[..., Awaitable[Any]], *arguments: str) -> None:
    """Subscribe, and stay to hear of the connection's end: rows go to the listener, so ccxt resolves nothing."""
    while True:
        await watch(*arguments)


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

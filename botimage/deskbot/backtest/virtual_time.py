"""One pass over recorded market data: market events, the exchange's own work, answers and timers in time order.

    recording ──▶ Exchange.market_event ──▶ reports ──▶ VirtualVenue ──▶ Engine.handle ──▶ commands ──▶ VirtualVenue
                          ▲                                                  │ records
                          └───────────────── requests ◀──────────────────────┴──▶ journal

The engine sees the touch of a book at the moment it changes. When the data ends the engine is asked to stop and time
goes on without a market until it has cancelled everything and proven it.
"""

from collections.abc import Callable, Iterable

from deskbot.backtest.virtual_venue import ACCOUNT, VirtualVenue
from deskbot.core.commands import Publish, Stopped
from deskbot.core.engine import Engine
from deskbot.core.events import Book, Control, Event, StopRequested, StreamChange, Timer, Trade
from deskbot.core.instrument import BUY, SELL
from deskbot.core.records import Record
from deskbot.matching import Exchange, MarketEvent, PublicTrade

TIMER_NS = 100_000_000
LONGEST_STOP_NS = 10_000_000_000


class VirtualTime:
    """Runs one engine through one pass of market data. `persist` gets every record, in order."""

    def __init__(
        self, exchange: Exchange, venue: VirtualVenue, engine: Engine, persist: Callable[[Record], None]
    ) -> None:
        self._exchange = exchange
        self._venue = venue
        self._engine = engine
        self._persist = persist
        self._markets = {listing.key: listing.unified for listing in exchange.listings.values()}
        self._touch: dict[str, tuple[object, object]] = {}
        self._next_timer = 0
        self.stopped: Stopped | None = None

    def run(self, events: Iterable[MarketEvent], control: Control, until: int | None = None) -> Stopped:
        """Through the data to its end (or to `until`, a time of the data), then stop. Returns how it stopped."""
        now = 0
        for event in events:
            if until is not None and event.time_ns > until:
                break
            if not now:
                self._begin(event.time_ns, control)
            now = event.time_ns
            self._work(now)
            self._take(event)
        if not now:
            return Stopped(True, "there is no market data")
        return self._stop(now)

    def _begin(self, at: int, control: Control) -> None:
        self._next_timer = at + TIMER_NS
        control.at = at
        self._handle(at, control)
        self._handle(at, self._venue.ready(at))
        self._handle(at, StreamChange(at, "private", "", healthy=True))

    def _stop(self, at: int) -> Stopped:
        self._handle(at, StopRequested(at, "the recording has ended"))
        self._work(at + LONGEST_STOP_NS)
        return self.stopped or Stopped(False, "the engine did not stop in time")

    def _work(self, until: int) -> None:
        """Everything that is due up to a time, in order: the exchange first, then what arrives, then the timer."""
        while self.stopped is None:
            inside, arriving = self._exchange.next_due(), self._venue.due()
            at = min(t for t in (inside, arriving, self._next_timer, until) if t is not None)
            if inside is not None and inside <= at:
                self._exchange.advance(at)
                self._venue.collect()
            elif arriving is not None and arriving <= at:
                self._handle(at, self._venue.arrive())
            elif self._next_timer <= at:
                self._next_timer += TIMER_NS
                self._handle(at, Timer(at))
            else:
                return

    def _take(self, event: MarketEvent) -> None:
        self._exchange.market_event(event)
        self._venue.collect()
        if isinstance(event, PublicTrade):
            side = BUY if event.taker_buys else SELL
            self._handle(
                event.time_ns,
                Trade(event.time_ns, self._markets[event.market], event.ticks, event.lots, side),
            )
        else:
            self._show_book(event)

    def _show_book(self, event: MarketEvent) -> None:
        book = self._exchange.book(event.market, 1)
        touch = (book.bids[0] if book.bids else None, book.asks[0] if book.asks else None)
        if touch != self._touch.get(event.market):
            self._touch[event.market] = touch
            at = event.time_ns
            self._handle(
                at, Book(at, self._markets[event.market], book.bids, book.asks, at // 1_000_000, book.sequence)
            )

    def _handle(self, at: int, event: Event) -> None:
        for command in self._engine.handle(event):
            if isinstance(command, Record):
                self._persist(command)
            elif isinstance(command, Stopped):
                self.stopped = command
            elif not isinstance(command, Publish):
                self._venue.send(at, command)
        self._venue.collect()

    def open_orders(self) -> int:
        """Orders the exchange still holds."""
        truth = self._exchange.ground_truth(ACCOUNT)
        return truth.open_orders + truth.orders_in_flight

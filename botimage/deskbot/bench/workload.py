"""One pass of the engine over a tape of quotes: the whole live engine, on a venue without latency.

    tape ──chunks──▶ Workload.quotes ──▶ TouchVenue.cross ──fills──▶ Engine.handle ◀──▶ TouchVenue
                                                                          │ records, decisions
                                                                          ▼
                                                                     sink: their bytes

Nothing of the engine is switched off: it is opened as a venue would open it, reconciles before the first order and goes
on doing so, hears a timer every 100 ms of the tape, and journals. A quote fills what rests first, each order whole at
its own price; then the engine sees it; what it asks for is done and answered before the next.
"""

from collections.abc import Sequence
from fractions import Fraction
from typing import Any, Final

from deskbot.bench.maker import ReferenceMaker
from deskbot.bench.sink import Sink
from deskbot.bench.venue import NO_ASK, NO_BID, TouchVenue
from deskbot.core.commands import Cancel, Command, Place, Publish
from deskbot.core.engine import Engine
from deskbot.core.events import Control, Event, Quote, StreamChange, Timer, Trade, VenueReady
from deskbot.core.instrument import BUY, Instrument
from deskbot.core.limits import Limits
from deskbot.core.market import JUMP_PARTS
from deskbot.core.money import UNIT
from deskbot.core.records import Record
from deskbot.core.summary import Summary

MARKET: Final = "BTC/USDT:USDT"
UID: Final = "3d1c0f1e-2f6b-4a55-9a5f-3f0f5f6f7f80"
VERSION: Final = "bench"
TIMER: Final = 100_000_000
ORDER_LOTS: Final = 10  # 0.01 BTC
CAP: Final = UNIT // 10  # 0.1 BTC
INSTRUMENT: Final = Instrument(
    market=MARKET,
    base="BTC",
    quote="USDT",
    settle="USDT",
    linear=True,
    tick=UNIT // 10,
    lot=UNIT // 1000,
    min_lots=1,
    max_lots=1_000_000,
    min_notional=0,
    maker_rate=2 * UNIT // 10_000,
    taker_rate=5 * UNIT // 10_000,
)
# Every check runs; the position cap is the strategy's, and the workload knows no other limit.
LIMITS: Final = Limits(
    max_order_notional=10**12 * UNIT,
    max_position_notional=10**12 * UNIT,
    max_open_orders=1000,
    orders_per_second=1_000_000,
    price_collar=UNIT,
    max_data_age=10**18,
)


class Workload:
    """One run. `sink` gets every record and every decision, in order."""

    __slots__ = ("_engine", "_events", "_half_mid", "_next_timer", "_quotes", "_sink", "_strategy", "_venue")

    def __init__(
        self,
        requote: Fraction,
        offset: Fraction,
        sink: Sink,
    ) -> None:
        self._strategy = ReferenceMaker(requote, offset, ORDER_LOTS, CAP)
        self._engine = Engine(UID, 1, VERSION, decided=sink.decided)
        self._venue = TouchVenue(INSTRUMENT)
        self._sink = sink
        self._events: list[Event] = []
        self._quotes = 0
        self._half_mid = 0
        self._next_timer = 0

    def quotes(
        self, times: list[int], bids: list[int], asks: list[int], bid_lots: list[int], ask_lots: list[int]
    ) -> None:
        """Take the next quotes of the tape: nanoseconds, ticks and lots. One that jumps is the first of them."""
        if not self._quotes:
            self._open(times[0])
        self._show_jump(times[0], bids[0], asks[0])
        engine, venue, number = self._engine, self._venue, self._quotes
        quote = Quote(0, MARKET, 0, 0, 0, 0, 0, number, number)

        for at, bid, ask, bid_size, ask_size in zip(times, bids, asks, bid_lots, ask_lots):  # noqa: B905
            if at >= self._next_timer:
                self._time(at)
            if ask <= venue.bid or bid >= venue.ask:
                self._cross(at, bid, ask)
            quote.at = at  # one quote, filled again as views are: a new one is a sixth of a quiet pass
            quote.bid = bid
            quote.bid_lots = bid_size
            quote.ask = ask
            quote.ask_lots = ask_size
            quote.previous = number
            number += 1
            quote.sequence = number
            commands = engine.handle(quote)
            if commands:
                self._obey(at, bid, ask, commands)
        self._quotes = number
        self._half_mid = bids[-1] + asks[-1]

    def summary(self) -> Summary:
        """The engine's own account of the run."""
        return self._engine.summary()

    def _open(self, at: int) -> None:
        """What a shell says first: the object, the venue, the private stream; the rest the engine asks for."""
        self._next_timer = at + TIMER
        control = Control(
            at=at,
            generation=1,
            mode="Paper",
            halted=False,
            paused=False,
            acknowledged_halt="",
            latch_id="",
            latch_released=False,
            markets=(MARKET,),
            limits=LIMITS,
            strategies={MARKET: self._strategy},
        )
        ready = VenueReady(at, "bench", {MARKET: INSTRUMENT})
        for event in (control, ready, StreamChange(at, "private", "", healthy=True)):
            self._tell(at, NO_BID, NO_ASK, event)

    def _show_jump(self, at: int, bid: int, ask: int) -> None:
        """The engine believes a first price, or a jump, when a trade shows it: on a tape every price is a real one."""
        half_mid = bid + ask
        if abs(half_mid - self._half_mid) * JUMP_PARTS > self._half_mid:
            self._tell(at, NO_BID, NO_ASK, Trade(at, MARKET, half_mid // 2, 1, BUY))

    def _time(self, at: int) -> None:
        """The timer that is due; a gap of the tape has one."""
        self._next_timer = at + TIMER
        self._tell(at, NO_BID, NO_ASK, Timer(at))

    def _cross(self, at: int, bid: int, ask: int) -> None:
        self._venue.cross(at, bid, ask, self._events)
        self._go_on(at, bid, ask)

    def _tell(self, at: int, bid: int, ask: int, event: Event) -> None:
        self._events.append(event)
        self._go_on(at, bid, ask)

    def _obey(self, at: int, bid: int, ask: int, commands: Sequence[Command]) -> None:
        """Do what was asked for, and everything that follows from it."""
        self._carry(at, bid, ask, commands)
        self._go_on(at, bid, ask)

    def _go_on(self, at: int, bid: int, ask: int) -> None:
        events, engine = self._events, self._engine
        for event in events:  # what follows from one is appended, and its turn comes
            commands = engine.handle(event)
            if commands:
                self._carry(at, bid, ask, commands)
        events.clear()
        self._sink.rest()

    def _carry(self, at: int, bid: int, ask: int, commands: Sequence[Any]) -> None:
        rows, venue, events = self._sink.rows, self._venue, self._events
        for command in commands:
            if type(command) is Place:
                events.append(venue.place(at, bid, ask, command))
            elif type(command) is Cancel:
                venue.cancel(at, command, events)
            elif isinstance(command, Record):
                rows.append(command.row())
            elif not isinstance(command, Publish):
                events.append(venue.answer(at, command))

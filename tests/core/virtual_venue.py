"""A venue made for trouble, in virtual time: everything that can go wrong between an engine and an exchange, seeded.

It keeps the truth (`orders`, `fills`, `position`) and answers commands late, twice, wrongly ordered, incompletely or
not at all, inside the bounds that real venues keep: a request older than the receive window is void, a question sees
the account at most a visibility delay ago, and every request is answered within the shell's time-out.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random

from deskbot.core.commands import (
    Cancel,
    CancelAll,
    CancelForeign,
    Command,
    Place,
    QueryBalances,
    QueryFills,
    QueryOpenOrders,
    QueryOrder,
    QueryPositions,
)
from deskbot.core.events import (
    ACCEPTED,
    NOT_FOUND,
    REJECTED,
    UNKNOWN,
    BalancesAnswer,
    CancelAllResult,
    CancelResult,
    Event,
    Fill,
    FillsAnswer,
    OpenOrdersAnswer,
    OrderAnswer,
    OrderReport,
    PlaceResult,
    PositionsAnswer,
    VenuePosition,
)
from deskbot.core.instrument import BUY, SELL, Instrument
from deskbot.core.money import to_units
from deskbot.core.orders import CANCELLED, FILLED, OPEN, PARTIALLY_FILLED

SECOND = 1_000_000_000
MILLISECOND = 1_000_000
TIMEOUT = 6 * SECOND
RECEIVE_WINDOW = 5 * SECOND
LONGEST_LAG = 2.9

Send = Callable[[int, Event], None]
Later = Callable[[int, Callable[[int], None]], None]


@dataclass
class Faults:
    """How often each trouble happens, from 0 to 1; `slow` is the longest ordinary delay in seconds."""

    slow: float = 0.05
    lost_before: float = 0.0
    lost_after: float = 0.0
    refused: float = 0.0
    late: float = 0.0
    hang: float = 0.0
    lag: float = 0.0
    incomplete: float = 0.0
    lying_cancel: float = 0.0
    dropped: float = 0.0
    doubled: float = 0.0
    reordered: float = 0.0


@dataclass
class VirtualOrder:
    """One order as the venue has it, with its past: (time, state, filled)."""

    client_id: str
    venue_id: str
    side: int
    ticks: int
    lots: int
    past: list[tuple[int, int, int]] = field(default_factory=list)

    @property
    def state(self) -> int:
        return self.past[-1][1]

    @property
    def filled(self) -> int:
        return self.past[-1][2]

    @property
    def live(self) -> bool:
        return self.state < FILLED

    def as_of(self, at: int) -> tuple[int, int] | None:
        """State and filled lots that a question sees which looks at this moment."""
        seen = [entry for entry in self.past if entry[0] <= at]
        return seen[-1][1:] if seen else None


class VirtualVenue:
    """`send` delivers an event to whatever engine runs then; `later` calls the venue back."""

    def __init__(self, random: Random, market: Instrument, send: Send, later: Later) -> None:
        self._random = random
        self._market = market
        self._send = send
        self._later = later
        self.faults = Faults()
        self.stream_up = False
        self.orders: dict[str, VirtualOrder] = {}
        self._live: dict[str, VirtualOrder] = {}
        self.fills: list[tuple[int, Fill]] = []
        self.opening = 0
        self.placed: set[str] = set()
        self.on_the_way: dict[str, Place] = {}
        self._made = 0

    @property
    def position(self) -> int:
        """The true position, in lots."""
        return self.opening + sum(fill.side * fill.lots for _, fill in self.fills)

    def live(self) -> list[VirtualOrder]:
        return list(self._live.values())

    def _chance(self, probability: float) -> bool:
        return self._random.random() < probability

    def _delay(self) -> int:
        longest = self._random.choice(
            (self.faults.slow, self.faults.slow, 3.0 if self._chance(self.faults.hang) else 0)
        )
        return int(self._random.random() * longest * SECOND) + MILLISECOND

    def _looked_at(self, at: int) -> int:
        return at - int(self._random.random() * LONGEST_LAG * SECOND) if self._chance(self.faults.lag) else at

    # commands

    def command(self, at: int, command: Command) -> None:
        """Take a request on the wire."""
        there = at + self._delay()
        if isinstance(command, Place):
            self.placed.add(command.client_id)
            self._place(at, there, command)
        elif isinstance(command, Cancel | CancelForeign):
            self._cancel(at, there, command)
        elif isinstance(command, CancelAll):
            self._later(there, lambda now: self._cancel_all(now, command))
        elif not self._chance(self.faults.lost_before):
            self._later(there, lambda now: self._question(now, command))
        else:
            self._later(at + TIMEOUT, lambda now: self._unanswered(now, command))

    def _place(self, at: int, there: int, command: Place) -> None:
        unknown = PlaceResult(0, command.client_id, UNKNOWN, reason="no answer")
        if self._chance(self.faults.lost_before) or there - at > RECEIVE_WINDOW:
            self._answer(at + self._random.choice((MILLISECOND, TIMEOUT)), unknown)
        elif self._chance(self.faults.refused):
            self._answer(there + self._delay(), PlaceResult(0, command.client_id, REJECTED, reason="no"))
        else:
            lost = self._chance(self.faults.lost_after)
            if lost and self._chance(self.faults.late):  # cut off at once, and still arriving for a whole window
                there = at + int(self._random.random() * RECEIVE_WINDOW)
                self._answer(at + MILLISECOND, unknown)
            elif lost:
                self._answer(there + self._random.choice((MILLISECOND, TIMEOUT)), unknown)
            self.on_the_way[command.client_id] = command
            self._later(there, lambda now: self._accept(now, command))
            self._later(there, lambda now: None if lost else self._acknowledge(now, command))

    def _accept(self, at: int, command: Place) -> None:
        self._made += 1
        del self.on_the_way[command.client_id]
        order = VirtualOrder(command.client_id, f"V{self._made}", command.side, command.price_ticks, command.lots)
        self.orders[command.client_id] = order
        self._change(order, at, OPEN, 0)

    def _acknowledge(self, at: int, command: Place) -> None:
        self._answer(
            at + self._delay(),
            PlaceResult(0, command.client_id, ACCEPTED, self.orders[command.client_id].venue_id),
        )

    def _cancel(self, at: int, there: int, command: Cancel | CancelForeign) -> None:
        name = command.client_id if isinstance(command, Cancel) else command.venue_id
        if self._chance(self.faults.lost_before):
            self._answer(at + TIMEOUT, CancelResult(0, name, UNKNOWN))
        else:
            self._later(there, lambda now: self._cancel_there(now, name))

    def _cancel_there(self, at: int, name: str) -> None:
        order = next((o for o in self._live.values() if name in (o.client_id, o.venue_id)), None)
        if order is not None:
            self._later(at + self._delay(), lambda now: self._end(order, now))
        if not self._chance(self.faults.lost_after):
            self._answer(at + self._delay(), CancelResult(0, name, NOT_FOUND if order is None else ACCEPTED))
        else:
            self._answer(at + TIMEOUT, CancelResult(0, name, UNKNOWN))

    def _cancel_all(self, at: int, command: CancelAll) -> None:
        for order in self.live():
            if not self._chance(self.faults.lying_cancel):
                self._end(order, at)
        self._answer(at + self._delay(), CancelAllResult(0, command.request, ACCEPTED))

    def _end(self, order: VirtualOrder, at: int) -> None:
        if order.live:
            self._change(order, at, CANCELLED, order.filled)

    # questions

    def _question(self, at: int, command: Command) -> None:
        seen = self._looked_at(at)
        complete = not self._chance(self.faults.incomplete)
        self._answer(at + self._delay(), self._look(seen, command, complete))

    def _unanswered(self, at: int, command: Command) -> None:
        self._answer(at, self._look(at, command, complete=False))

    def _look(self, at: int, command: Command, complete: bool) -> Event:
        if isinstance(command, QueryOrder):
            return self._look_at_order(at, command, complete)
        if isinstance(command, QueryOpenOrders):
            recent = [order for order in self.orders.values() if order.live or order.past[-1][0] > at]
            rows = [report for order in recent if (report := self._report(order, at)) is not None]
            resting = [report for report in rows if report.state < FILLED]
            if not complete:
                resting = [report for report in resting if self._chance(0.5)]
            return OpenOrdersAnswer(0, command.request, complete, resting)
        if isinstance(command, QueryPositions):
            lots = self.opening + sum(fill.side * fill.lots for when, fill in self.fills if when <= at)
            stated = [VenuePosition(self._market.market, lots * self._market.lot, to_units(60_000))]
            return PositionsAnswer(0, command.request, complete, stated if lots and complete else [])
        if isinstance(command, QueryBalances):
            return BalancesAnswer(0, command.request, complete)
        assert isinstance(command, QueryFills)
        fills = [fill for when, fill in self.fills if when <= at and fill.venue_ms >= command.since_ms]
        return FillsAnswer(0, command.request, command.market, complete, fills if complete else fills[:1])

    def _look_at_order(self, at: int, command: QueryOrder, complete: bool) -> OrderAnswer:
        order = self.orders.get(command.client_id)
        report = None if order is None else self._report(order, at)
        if not complete:
            return OrderAnswer(0, command.client_id, UNKNOWN)
        return OrderAnswer(0, command.client_id, NOT_FOUND if report is None else ACCEPTED, report)

    def _report(self, order: VirtualOrder, at: int) -> OrderReport | None:
        seen = order.as_of(at)
        if seen is None:
            return None
        return OrderReport(
            0,
            self._market.market,
            order.client_id,
            order.venue_id,
            order.side,
            order.ticks,
            order.lots,
            seen[1],
            seen[0],
        )

    # what the venue does by itself

    def place_foreign(self, at: int) -> None:
        """Somebody else places an order on the account."""
        self._made += 1
        name = f"F{self._made}"
        self.orders[name] = VirtualOrder("", name, self._random.choice((BUY, SELL)), 600_000, 3)
        self._change(self.orders[name], at, OPEN, 0)

    def trade(self, at: int) -> None:
        """Somebody trades against one of our orders."""
        candidates = [order for order in self.live() if order.client_id]
        if not candidates:
            return
        order = self._random.choice(candidates)
        lots = self._random.randint(1, order.lots - order.filled)
        done = order.filled + lots
        fill = Fill(
            at=0,
            market=self._market.market,
            trade_id=f"T{len(self.fills)}",
            client_id=order.client_id,
            venue_id=order.venue_id,
            side=order.side,
            ticks=order.ticks,
            lots=lots,
            fee=self._random.randint(-1000, 100_000),
            fee_asset=self._random.choice(("USDT", "BNB")),
            maker=True,
            venue_ms=at // MILLISECOND,
        )
        self.fills.append((at, fill))
        self._stream(at, fill)
        self._change(order, at, FILLED if done == order.lots else PARTIALLY_FILLED, done)

    def _change(self, order: VirtualOrder, at: int, state: int, filled: int) -> None:
        order.past.append((at, state, filled))
        if order.live:
            self._live[order.venue_id] = order
        else:
            self._live.pop(order.venue_id, None)
        report = self._report(order, at)
        assert report is not None
        self._stream(at, report)

    def _stream(self, at: int, event: Fill | OrderReport) -> None:
        """The private stream: in order unless the faults say otherwise."""
        for _ in range(2 if self._chance(self.faults.doubled) else 1):
            delay = 20 * MILLISECOND + (self._delay() if self._chance(self.faults.reordered) else 0)
            if self.stream_up and not self._chance(self.faults.dropped):
                self._answer(at + delay, event)

    def _answer(self, at: int, event: Event) -> None:
        self._send(at, event)

"""The venue of the reference workload: a touch and our own orders, no latency, no queue.

    quote ──▶ `cross`: resting orders that the touch has reached fill whole, at their own prices ──▶ Fill, OrderReport
    Place ──▶ PlaceResult      Cancel ──▶ OrderReport, CancelResult      Query… ──▶ its answer, always complete

It keeps its own position in lots and nothing else: the PnL of a run is the engine's ledger's.
"""

from collections.abc import Callable
from typing import Any, Final

from deskbot.core.commands import (
    Cancel,
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
    BalancesAnswer,
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
from deskbot.core.instrument import BUY, Instrument
from deskbot.core.money import UNIT
from deskbot.core.orders import CANCELLED, FILLED, OPEN

MILLISECOND: Final = 1_000_000
REMEMBERED_MS: Final = 600_000  # executions older than this are not listed any more
NO_BID: Final = 0
NO_ASK: Final = 2**60


class TouchVenue:
    """One market. `bid` and `ask` are our own best prices in ticks: what a quote must reach to fill anything."""

    __slots__ = (
        "_answers",
        "_fills",
        "_instrument",
        "_market",
        "_orders",
        "_position",
        "_touch",
        "_trades",
        "ask",
        "bid",
    )

    def __init__(self, instrument: Instrument) -> None:
        self._instrument = instrument
        self._market = instrument.market
        self._orders: dict[str, Place] = {}
        self._fills: list[Fill] = []
        self._trades = 0
        self._position = 0
        self._touch = (0, 0)
        self.bid = NO_BID
        self.ask = NO_ASK
        self._answers: dict[type, Callable[[int, Any], Event]] = {
            QueryOrder: self._order,
            QueryOpenOrders: self._open_orders,
            QueryPositions: self._positions,
            QueryBalances: self._balances,
            QueryFills: self._executions,
        }

    def cross(self, at: int, bid: int, ask: int, out: list[Event]) -> None:
        """A quote has reached one of our prices: what it fills, oldest first."""
        for order in list(self._orders.values()):
            if order.price_ticks >= ask if order.side == BUY else order.price_ticks <= bid:
                self._fill(at, order, out)

    def answer(self, at: int, command: Command) -> Event:
        """What is asked."""
        return self._answers[type(command)](at, command)

    def place(self, at: int, bid: int, ask: int, order: Place) -> PlaceResult:
        """Rest an order, or refuse it where it would take."""
        if order.price_ticks >= ask if order.side == BUY else order.price_ticks <= bid:
            return PlaceResult(at, order.client_id, REJECTED, reason="a post-only order would have taken")
        self._orders[order.client_id] = order
        if order.side == BUY:
            self.bid = order.price_ticks if order.price_ticks > self.bid else self.bid
        else:
            self.ask = order.price_ticks if order.price_ticks < self.ask else self.ask
        return PlaceResult(at, order.client_id, ACCEPTED, order.client_id)

    def cancel(self, at: int, command: Cancel, out: list[Event]) -> None:
        """Take an order out of the book; its report and the answer are appended to `out`."""
        order = self._orders.get(command.client_id)
        if order is None:
            out.append(CancelResult(at, command.client_id, NOT_FOUND))
            return
        self._remove(order)
        client_id = order.client_id
        out.append(
            OrderReport(at, self._market, client_id, client_id, order.side, order.price_ticks, order.lots, 0, CANCELLED)
        )
        out.append(CancelResult(at, client_id, ACCEPTED))

    def _fill(self, at: int, order: Place, out: list[Event]) -> None:
        self._remove(order)
        self._trades += 1
        self._position += order.side * order.lots
        instrument = self._instrument
        fill = Fill(
            at,
            self._market,
            f"t{self._trades}",
            order.client_id,
            order.client_id,
            order.side,
            order.price_ticks,
            order.lots,
            order.price_ticks * order.lots * instrument.tick_lot * instrument.maker_rate // UNIT,
            instrument.quote,
            True,
            at // MILLISECOND,
            self._trades,
        )
        self._fills.append(fill)
        out.append(fill)
        out.append(self._report(at, order, order.lots, FILLED))

    def _remove(self, order: Place) -> None:
        del self._orders[order.client_id]
        side = order.side
        if side == BUY:
            self.bid = NO_BID
        else:
            self.ask = NO_ASK
        for other in self._orders.values():
            if other.side == side:
                self._show(side, other.price_ticks)

    def _show(self, side: int, ticks: int) -> None:
        if side == BUY:
            if ticks > self.bid:
                self.bid = ticks
        elif ticks < self.ask:
            self.ask = ticks

    def _report(self, at: int, order: Place, filled: int, state: int) -> OrderReport:
        return OrderReport(
            at, self._market, order.client_id, order.client_id, order.side, order.price_ticks, order.lots, filled, state
        )

    # questions

    def _order(self, at: int, command: QueryOrder) -> Event:
        order = self._orders.get(command.client_id)
        if order is None:
            return OrderAnswer(at, command.client_id, NOT_FOUND)
        return OrderAnswer(at, command.client_id, ACCEPTED, self._report(at, order, 0, OPEN))

    def _open_orders(self, at: int, command: QueryOpenOrders) -> Event:
        shown = [self._report(at, order, 0, OPEN) for order in self._orders.values()]
        return OpenOrdersAnswer(at, command.request, True, shown)

    def _positions(self, at: int, command: QueryPositions) -> Event:
        position = VenuePosition(self._market, self._position * self._instrument.lot, 0)
        return PositionsAnswer(at, command.request, True, [position] if self._position else [])

    def _balances(self, at: int, command: QueryBalances) -> Event:
        return BalancesAnswer(at, command.request, True, {}, 0)

    def _executions(self, at: int, command: QueryFills) -> Event:
        oldest = at // MILLISECOND - REMEMBERED_MS
        if self._fills and self._fills[0].venue_ms < oldest:
            self._fills = [fill for fill in self._fills if fill.venue_ms >= oldest]
        since = [fill for fill in self._fills if fill.venue_ms >= command.since_ms]
        return FillsAnswer(at, command.request, command.market, True, since)

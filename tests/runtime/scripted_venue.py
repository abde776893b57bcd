"""A venue for tests: keeps what it is sent, answers as it is told to. It stands for the exchange, not for our code."""

import asyncio
from collections.abc import Callable

from deskbot.core.commands import (
    ArmDeadMan,
    Cancel,
    CancelAll,
    CancelForeign,
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
    BalancesAnswer,
    Book,
    CancelAllResult,
    CancelResult,
    DeadManAnswer,
    FillsAnswer,
    OpenOrdersAnswer,
    OrderAnswer,
    OrderReport,
    PlaceResult,
    PositionsAnswer,
    StreamChange,
    VenueReady,
)
from deskbot.core.instrument import Instrument
from deskbot.core.money import UNIT, to_units
from deskbot.core.orders import CANCELLED, OPEN
from deskbot.runtime.clock import Clock
from deskbot.venues.protocol import Emit, VenueFigures, VenueSettings

MARKET = "BTC/USDT:USDT"
BOOK_SECONDS = 0.5


def instrument(market: str = MARKET) -> Instrument:
    base, quote = market.split(":", maxsplit=1)[0].split("/")
    tick, lot = to_units("0.1"), to_units("0.001")
    return Instrument(market, base, quote, quote, True, tick, lot, 1, 10**6, 5 * UNIT, 0, 0)


class ScriptedVenue:
    """One account with open orders and a book that never moves. Knobs are plain attributes."""

    def __init__(self, clock: Clock, settings: VenueSettings) -> None:
        self.clock = clock
        self.settings = settings
        self.account_id = "1001"
        self.refusals: list[Exception] = []  # raised by the next calls of open
        self.hangs: set[str] = set()  # names of methods that never answer
        self.breaks: set[str] = set()  # names of methods that raise
        self.sent: list[str] = []  # names of methods, in order
        self.placed: list[Place] = []
        self.open_orders: dict[str, OrderReport] = {}
        self.before_place: Callable[[Place], None] = lambda _place: None
        self.emit: Emit = lambda _event: None
        self.closed = False

    async def open(self) -> VenueReady:
        await self._meet("open")
        if self.refusals:
            raise self.refusals.pop(0)
        markets = {market: instrument(market) for market in self.settings.markets}
        return VenueReady(self.clock.now(), self.account_id, markets)

    async def place(self, command: Place) -> PlaceResult:
        self.before_place(command)
        await self._meet("place")
        self.placed.append(command)
        report = self._report(command.client_id, command.market, OPEN)
        self.open_orders[command.client_id] = report
        return PlaceResult(self.clock.now(), command.client_id, ACCEPTED, report.venue_id)

    async def cancel(self, command: Cancel) -> CancelResult:
        await self._meet("cancel")
        self._gone(command.client_id)
        return CancelResult(self.clock.now(), command.client_id, ACCEPTED)

    async def cancel_foreign(self, command: CancelForeign) -> CancelResult:
        await self._meet("cancel_foreign")
        self._gone(command.venue_id.removeprefix("v-"))
        return CancelResult(self.clock.now(), command.venue_id, ACCEPTED)

    async def cancel_all(self, command: CancelAll) -> CancelAllResult:
        await self._meet("cancel_all")
        for client_id in list(self.open_orders):
            self._gone(client_id)
        return CancelAllResult(self.clock.now(), command.request, ACCEPTED)

    async def query_order(self, command: QueryOrder) -> OrderAnswer:
        await self._meet("query_order")
        found = self.open_orders.get(command.client_id)
        outcome = NOT_FOUND if found is None else ACCEPTED
        return OrderAnswer(self.clock.now(), command.client_id, outcome, found)

    async def query_open_orders(self, command: QueryOpenOrders) -> OpenOrdersAnswer:
        await self._meet("query_open_orders")
        return OpenOrdersAnswer(self.clock.now(), command.request, True, list(self.open_orders.values()))

    async def query_positions(self, command: QueryPositions) -> PositionsAnswer:
        await self._meet("query_positions")
        return PositionsAnswer(self.clock.now(), command.request, True)

    async def query_balances(self, command: QueryBalances) -> BalancesAnswer:
        await self._meet("query_balances")
        return BalancesAnswer(self.clock.now(), command.request, True, {"USDT": (UNIT, UNIT)}, UNIT)

    async def query_fills(self, command: QueryFills) -> FillsAnswer:
        await self._meet("query_fills")
        return FillsAnswer(self.clock.now(), command.request, command.market, True)

    async def arm_dead_man(self, command: ArmDeadMan) -> DeadManAnswer:
        await self._meet("arm_dead_man")
        return DeadManAnswer(self.clock.now(), command.request, ACCEPTED)

    def figures(self) -> VenueFigures:
        return VenueFigures({"orders": 0.25}, 3, 1, -20, {"private": 2})

    async def stream(self, emit: Emit) -> None:
        self.emit = emit
        emit(StreamChange(self.clock.now(), "private", "", True))
        for market in self.settings.markets:
            emit(StreamChange(self.clock.now(), "market", market, True))
        while True:
            for market in self.settings.markets:
                emit(self.book(market))
            await self.clock.sleep(BOOK_SECONDS)

    async def close(self) -> None:
        self.closed = True

    def book(self, market: str = MARKET, bid: int = 600_000) -> Book:
        return Book(self.clock.now(), market, [(bid, 100)], [(bid + 1, 100)])

    async def _meet(self, name: str) -> None:
        self.sent.append(name)
        await asyncio.sleep(0.01)
        if name in self.breaks:
            raise RuntimeError(f"{name} is broken")
        if name in self.hangs:
            await asyncio.Event().wait()

    def _gone(self, client_id: str) -> None:
        order = self.open_orders.pop(client_id, None)
        if order is not None:
            self.emit(self._report(client_id, order.market, CANCELLED))

    def _report(self, client_id: str, market: str, state: int) -> OrderReport:
        return OrderReport(self.clock.now(), market, client_id, f"v-{client_id}", 1, 1, 1, 0, state)

"""One engine on a bench: a market, an object, and a hand that feeds it events at chosen times."""

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from deskbot.core.commands import (
    Command,
    Place,
    QueryBalances,
    QueryFills,
    QueryOpenOrders,
    QueryOrder,
    QueryPositions,
)
from deskbot.core.engine import Engine
from deskbot.core.events import (
    ACCEPTED,
    BalancesAnswer,
    Book,
    Control,
    Event,
    Fill,
    FillsAnswer,
    OpenOrdersAnswer,
    OrderAnswer,
    OrderReport,
    PlaceResult,
    PositionsAnswer,
    Problem,
    StreamChange,
    Timer,
    VenuePosition,
    VenueReady,
)
from deskbot.core.instrument import BUY, Instrument
from deskbot.core.limits import Limits
from deskbot.core.market import PRICE_ALONE
from deskbot.core.money import to_units
from deskbot.core.order_ids import OrderIds
from deskbot.core.orders import OPEN, Order
from deskbot.core.records import OrderMoved, Record
from deskbot.core.strategy import Strategy, Target, View

MARKET = "BTC/USDT:USDT"
SPOT_MARKET = "BTC/USDT"
UID = "7d1c0f1e-2f6b-4a55-9a5f-3f0f5f6f7f80"
EPOCH_MS = 1_790_000_000_000
SECOND = 1_000_000_000
START = EPOCH_MS * 1_000_000 + SECOND
BEGUN_MS = START // 1_000_000  # a journal begins when its first session has opened the venue
LIMITS = Limits(
    max_order_notional=to_units(250),
    max_position_notional=to_units(1500),
    max_open_orders=12,
    orders_per_second=20,
    price_collar=to_units("0.02"),
    max_data_age=5 * SECOND,
)
C = TypeVar("C")


def instrument(market: str = MARKET, **changes: Any) -> Instrument:
    """A bitcoin market: tick 0.1, lot 0.001, orders from 5 USDT."""
    settings: dict[str, Any] = {
        "base": "BTC",
        "quote": "USDT",
        "settle": "USDT",
        "linear": market != SPOT_MARKET,
        "tick": to_units("0.1"),
        "lot": to_units("0.001"),
        "min_lots": 1,
        "max_lots": 100_000,
        "min_notional": to_units(5),
        "maker_rate": to_units("0.0002"),
        "taker_rate": to_units("0.00055"),
    }
    return Instrument(market, **(settings | changes))


class Wants(Strategy):
    """A strategy that wants what it is told to want."""

    def __init__(self, *targets: Target) -> None:
        self.wanted: list[Target] | None = list(targets)
        self.seen: list[View] = []

    def targets(self, view: View) -> list[Target] | None:
        self.seen.append(view)
        return self.wanted


def target(price: str = "60000", side: int = BUY, lots: int = 2, level: int = 0, **more: Any) -> Target:
    return Target(side, instrument().ticks(price), lots, level, **more)


class Desk:
    """Feeds an engine and keeps what it said: `records` of every pass, `out` of the last one, `said` of all."""

    def __init__(
        self,
        prior: Iterable[Record] = (),
        at: int = START,
        strategy: Strategy | None = None,
        market: Instrument | None = None,
        epoch_ms: int = EPOCH_MS,
    ) -> None:
        self.records: list[Record] = list(prior)
        self.engine = Engine(UID, epoch_ms, "test", prior=list(self.records))
        self.ids = OrderIds(UID, epoch_ms)
        self.at = at
        self.market = market or instrument()
        self.strategy = strategy if strategy is not None else Wants()
        self.settings: dict[str, Any] = {
            "generation": 1,
            "mode": "Testnet",
            "halted": False,
            "paused": False,
            "acknowledged_halt": "",
            "latch_id": "",
            "latch_released": False,
            "markets": (self.market.market,),
            "limits": LIMITS,
            "strategies": {self.market.market: self.strategy},
        }
        self.may_fail = False  # whether the engine may halt itself: in every other test that is a failure
        self.out: list[Command] = []
        self.said: list[Command] = []

    @property
    def durable(self) -> Any:
        return self.engine._state.durable

    @property
    def live(self) -> list[Order]:
        return list(self.durable.live_orders())

    @property
    def word(self) -> str:
        return self.engine.summary().state

    def handle(self, event: Event) -> list[Command]:
        self.out = list(self.engine.handle(event))
        self.said += self.out
        self.records += [command for command in self.out if isinstance(command, Record)]
        latch = self.durable.latch
        assert self.may_fail or latch is None or not latch.evidence, latch.evidence
        return self.out

    def say(self, kind: Callable[..., Event], **fields: Any) -> list[Command]:
        """Hand one event in, now."""
        return self.handle(kind(at=self.at, **fields))

    def wait(self, seconds: float, step: float = 0.1) -> list[Command]:
        """Let time pass, one timer every step; returns everything said."""
        end, said = self.at + int(seconds * SECOND), len(self.said)
        while self.at < end:
            self.at = min(end, self.at + int(step * SECOND))
            self.say(Timer)
        return self.said[said:]

    def calm(self, seconds: float) -> list[Command]:
        """Let time pass on a market whose book is told anew every second and stays as it is."""
        said = len(self.said)
        for _ in range(int(seconds)):
            self.wait(1)
            self.book()
        self.wait(seconds - int(seconds))
        return self.said[said:]

    def control(self, **changes: Any) -> list[Command]:
        """The object changed."""
        self.settings |= changes
        self.settings["generation"] += 1
        return self.say(Control, **self.settings)

    def book(self, bid: str = "60000", ask: str = "60000.1", market: str = "") -> list[Command]:
        """A book; twice where the first alone would not be believed."""
        bids, asks = [(self.market.ticks(bid), 1000)], [(self.market.ticks(ask), 1000)]
        name = market or self.market.market
        said = self.say(Book, market=name, bids=bids, asks=asks)
        seen = self.engine._state.markets.get(name)
        if seen is not None and seen.fault == PRICE_ALONE:
            said += self.say(Book, market=name, bids=bids, asks=asks)
        return said

    def venue(self, **more: Any) -> list[Command]:
        """The venue opens and its private stream comes up."""
        instruments = {self.market.market: self.market}
        self.say(VenueReady, **{"account_id": "account", "instruments": instruments, **more})
        return self.say(StreamChange, stream="private", market="", healthy=True)

    def questions(self, kind: type[C]) -> list[C]:
        """Everything of one kind that was said so far and not taken yet."""
        found: list[C] = [command for command in self.said if isinstance(command, kind)]
        self.said = [command for command in self.said if not isinstance(command, kind)]
        return found

    def reconcile(self, orders: Iterable[OrderReport] = (), position: str = "0", fills: Iterable[Fill] = ()) -> None:
        """Answer every open question of a round, completely."""
        for positions in self.questions(QueryPositions):
            amount = to_units(position)
            stated = [VenuePosition(self.market.market, amount, to_units(60000))] if amount else []
            self.say(PositionsAnswer, request=positions.request, complete=True, positions=stated)
        for balances in self.questions(QueryBalances):
            self.say(BalancesAnswer, request=balances.request, complete=True)
        for asked in self.questions(QueryFills):
            found = [fill for fill in fills if fill.venue_ms >= asked.since_ms]
            self.say(FillsAnswer, request=asked.request, market=asked.market, complete=True, fills=found)
        self.show(*orders)

    def show(self, *orders: OrderReport, complete: bool = True) -> None:
        """Answer every question for open orders with these."""
        for asked in self.questions(QueryOpenOrders):
            found = [order for order in orders if asked.market in ("", order.market)]
            self.say(OpenOrdersAnswer, request=asked.request, complete=complete, orders=found)

    def trading(self) -> "Desk":
        """From nothing to quoting on a sound book."""
        self.begin()
        self.book()
        return self

    def begin(self) -> None:
        """From nothing to a round that is done."""
        self.opening()
        self.reconcile()

    def placed(self) -> list[Place]:
        return self.questions(Place)

    def accept(self, place: Place, venue_id: str = "") -> None:
        self.say(
            PlaceResult, client_id=place.client_id, outcome=ACCEPTED, venue_id=venue_id or f"v-{place.client_id[-4:]}"
        )

    def say_control(self) -> None:
        """The object is there."""
        self.say(Control, **self.settings)

    def opening(self) -> None:
        """The object is there and the venue opens."""
        self.say(Control, **self.settings)
        self.venue()

    def begun_with(self, position: str) -> "Desk":
        """A journal that began with a position on the venue."""
        self.opening()
        for _ in range(4):
            self.reconcile(position=position)
            self.wait(1.1)
        return self

    def say_positions(self, request: int, complete: bool = True) -> None:
        """Answer a question about positions with none."""
        self.say(PositionsAnswer, request=request, complete=complete)

    def trouble(self, reason: str) -> None:
        """The shell knows of something that forbids trading."""
        self.say(Problem, key="test", reason=reason)

    def state(self, place: Place) -> int | None:
        """The state of an order; None when it is over."""
        order = self.durable.orders.get(place.client_id)
        return None if order is None else order.state

    def moves(self, place: Place) -> list[tuple[int, str]]:
        """What the journal says happened to an order: (state, the venue's words)."""
        moved = (r for r in self.records if isinstance(r, OrderMoved) and r.client_id == place.client_id)
        return [(record.state, record.reason) for record in moved]

    def resting(self) -> Order:
        """One order, wanted, placed and acknowledged."""
        place = self.placed()[-1]
        self.accept(place)
        return self.live[-1]

    def report(self, order: Any, state: int = OPEN, filled: int = 0, **changes: Any) -> OrderReport:
        """What the venue would say of an order (an `Order` or a `Place`)."""
        fields: dict[str, Any] = {
            "at": self.at,
            "market": order.market,
            "client_id": order.client_id,
            "venue_id": f"v-{order.client_id[-4:]}",
            "side": order.side,
            "price_ticks": order.price_ticks,
            "lots": order.lots,
            "filled_lots": filled,
            "state": state,
        }
        return OrderReport(**(fields | changes))

    def foreign(self, venue_id: str = "f-1", market: str = MARKET, **changes: Any) -> OrderReport:
        """An order that somebody else placed on the account."""
        fields = {"client_id": "", "side": BUY, "price_ticks": 590_000, "lots": 5, "filled_lots": 0, "state": OPEN}
        return OrderReport(at=self.at, market=market, venue_id=venue_id, **(fields | changes))  # type: ignore[arg-type]

    def fill(self, order: Any, lots: int = 1, trade_id: str = "t-1", **changes: Any) -> Fill:
        """An execution of an order at its own price, with a maker's fee."""
        fields: dict[str, Any] = {
            "at": self.at,
            "market": order.market,
            "trade_id": trade_id,
            "client_id": order.client_id,
            "venue_id": "",
            "side": order.side,
            "ticks": order.price_ticks,
            "lots": lots,
            "fee": to_units("0.024"),
            "fee_asset": "USDT",
            "maker": True,
            "venue_ms": self.at // 1_000_000,
        }
        return Fill(**(fields | changes))

    def answer(self, order: Any, outcome: str, report: OrderReport | None = None) -> None:
        """Answer the question for one order."""
        self.say(OrderAnswer, client_id=order.client_id, outcome=outcome, report=report)


def restarted(first: Desk, strategy: Strategy | None = None) -> Desk:
    """The next process on the journal of an earlier one, with its venue just opened."""
    desk = Desk(first.records, first.at + SECOND, strategy, first.market)
    desk.opening()
    return desk


def sent() -> tuple[Desk, Place]:
    """An order of three lots on its way."""
    desk = Desk(strategy=Wants(target(lots=3))).trading()
    return desk, desk.placed()[0]


def answer_all(desk: Desk, place: Place, outcome: str, seconds: float) -> None:
    """For some time, answer every question for the order the same way."""
    for _ in range(int(seconds * 10)):
        if desk.questions(QueryOrder):
            desk.answer(place, outcome)
        desk.wait(0.1)


def problem_of(desk: Desk) -> str:
    """The reason of the problem that is shown; "" for none."""
    said = desk.engine.summary().problem
    return said[0] if said is not None else ""

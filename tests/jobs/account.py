"""The matching core as the account that a kill empties, with all that may go wrong between the two, in virtual time.

A request is a matter of chance from a seed: lost on the way, its answer lost, refused, acknowledged and dropped, slow.
Lists lag behind by up to the visibility delay, or fail. The bot goes on sending until its process is gone, and what it
sent arrives up to the receive window later.
"""

import heapq
from collections.abc import Callable
from decimal import Decimal
from random import Random
from typing import Any, Final

from deskbot.backtest.translation import order_report
from deskbot.core.commands import CancelAll, CancelForeign, QueryOpenOrders
from deskbot.core.events import (
    ACCEPTED,
    NOT_FOUND,
    REJECTED,
    UNKNOWN,
    CancelAllResult,
    CancelResult,
    OpenOrdersAnswer,
)
from deskbot.core.order_life import RECEIVE_WINDOW, SECOND, VISIBILITY_DELAY
from deskbot.jobs.emptying import Emptying, Request
from deskbot.matching import Accepted, CancelFilter, Order, OrderFilter, TriggerDirection
from deskbot.simulator.listings import BTCUSDT_LINEAR, BTCUSDT_SPOT
from tests.matching.market import LINEAR, SPOT, Desk

TICK: Final = SECOND // 10
TIMEOUT: Final = 5 * SECOND
LISTINGS: Final = {one.unified: one for one in (BTCUSDT_LINEAR, BTCUSDT_SPOT)}
MARKETS: Final = tuple(LISTINGS)


class Account:
    """`trouble` is how likely each request is to meet with something, until `calm_from`."""

    def __init__(self, seed: int, *, trouble: float = 0.0, calm_from: int = 0) -> None:
        self.desk = Desk(seed=seed)
        self.at = self.desk.now_ns
        self.sent: list[Request] = []
        self.placed = 0
        self._draw = Random(seed)
        self._trouble = trouble
        self._calm_from = calm_from
        self._coming: list[tuple[int, int, Callable[[], None]]] = []
        self._numbered = 0

    def open_orders(self) -> list[Order]:
        """What really rests."""
        return self.desk.exchange.open_orders("alice")

    def bot_sends(self, at: int, travel: int, *, trigger: bool = False) -> None:
        """The bot signs an order at `at`; it arrives `travel` later, or is void."""
        assert travel <= RECEIVE_WINDOW
        self._later(at + travel, lambda: self._place(trigger=trigger))

    def _place(self, *, trigger: bool) -> None:
        market = self._draw.choice([LINEAR, SPOT])
        more: dict[str, Any] = {"trigger_price": Decimal(58_000)} if trigger else {}
        if trigger and market == LINEAR:
            more["trigger_direction"] = TriggerDirection.FALL
        self.desk.now_ns = max(self.desk.now_ns, self.at)
        answer = self.desk.send("buy", "0.01", 57_000 - self._draw.randrange(500), market=market, **more)
        assert isinstance(answer, Accepted), answer
        self.placed += 1

    def run(self, until: int, *emptyings: Emptying) -> None:
        """Let time go on, in ticks, until all are done or the time is over."""
        while self.at < until and not (emptyings and all(one.done for one in emptyings)):
            self.at += TICK
            self._arrive()
            for one in emptyings:
                for request in one.step(self.at):
                    self._carry(one, request)

    def _arrive(self) -> None:
        while self._coming and self._coming[0][0] <= self.at:
            heapq.heappop(self._coming)[2]()
        self.desk.exchange.advance(max(self.at, self.desk.now_ns))

    def arrivals(self) -> bool:
        """Whether anything is still on its way."""
        return bool(self._coming)

    def _later(self, at: int, work: Callable[[], None]) -> None:
        self._numbered += 1
        heapq.heappush(self._coming, (at, self._numbered, work))

    # requests

    def _carry(self, one: Emptying, request: Request) -> None:
        self.sent.append(request)
        fate = self._fate()
        there, back = self.at + self._delay(), self.at + 2 * SECOND + self._delay()
        if isinstance(request, QueryOpenOrders):
            self._later(there, lambda: one.on_open_orders(self._list(request, fate)))
            return
        answered = self.at + TIMEOUT if fate in ("lost", "unanswered") else back
        if fate in ("fine", "unanswered"):
            self._later(there, lambda: self._effect(request))
        outcome = {"fine": ACCEPTED, "dropped": ACCEPTED, "refused": REJECTED}.get(fate, UNKNOWN)
        self._later(answered, lambda: self._tell(one, request, outcome))

    def _tell(self, one: Emptying, request: CancelAll | CancelForeign, outcome: str) -> None:
        if isinstance(request, CancelAll):
            one.on_cancel_all(CancelAllResult(self.at, request.request, outcome))
        else:
            known = self.desk.exchange.active_order("alice", request.venue_id) is not None
            told = NOT_FOUND if outcome == ACCEPTED and not known else outcome
            one.on_cancel(CancelResult(self.at, request.venue_id, told))

    def _effect(self, request: CancelAll | CancelForeign) -> None:
        now = max(self.at, self.desk.now_ns)
        if isinstance(request, CancelForeign):
            key = LISTINGS[request.market].key
            self.desk.exchange.cancel(now, "alice", key, order_id=request.venue_id)
            return
        for market in request.markets:
            for kind in OrderFilter:
                which = CancelFilter(market=LISTINGS[market].key, order_filter=kind)
                self.desk.exchange.cancel_all(now, "alice", which)

    def _list(self, request: QueryOpenOrders, fate: str) -> OpenOrdersAnswer:
        if fate not in ("fine", "dropped"):
            return OpenOrdersAnswer(self.at, request.request, False, reason=fate)
        lag = self._draw.randrange(VISIBILITY_DELAY) if self._wild() else 0
        with self.desk.exchange.seen_as_of(max(0, self.at - lag)):
            reports = [order_report(order, order.listing) for order in self.open_orders()]
        return OpenOrdersAnswer(self.at, request.request, True, reports)

    def _wild(self) -> bool:
        return self.at < self._calm_from

    def _fate(self) -> str:
        if not self._wild() or self._draw.random() >= self._trouble:
            return "fine"
        return self._draw.choice(["lost", "unanswered", "refused", "dropped"])

    def _delay(self) -> int:
        return self._draw.randrange(TIMEOUT) if self._wild() and self._draw.random() < self._trouble else TICK

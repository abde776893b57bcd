"""The states of orders under anything a venue may say: only arrows of the table, and every lot that may fill counts.

The model counts from the journal's records alone, in the plainest way: what was decided, less what was booked, until
the record that ended the order.
"""

import ast
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deskbot.core.events import (
    ACCEPTED,
    NOT_FOUND,
    REJECTED,
    UNKNOWN,
    CancelResult,
    OpenOrdersAnswer,
    OrderAnswer,
    OrderReport,
    PlaceResult,
    StreamChange,
)
from deskbot.core.instrument import BUY, SELL
from deskbot.core.orders import FILLED, SENT, TRANSITIONS, Order
from deskbot.core.records import CancelAsked, Filled, Intent, OrderMoved, Record
from tests.core.desk import MARKET, Desk, Wants, target

PACKAGE = Path(__file__).parents[2] / "botimage" / "deskbot"
OUTCOMES = (ACCEPTED, REJECTED, UNKNOWN, NOT_FOUND)


class Model:
    """Lots at risk by side, and the last state of each order, from records alone."""

    def __init__(self) -> None:
        self.orders: dict[str, Intent] = {}
        self.state: dict[str, int] = {}
        self.filled: dict[str, int] = {}
        self.booked: dict[str, int] = {}

    def add(self, record: Record) -> None:
        if isinstance(record, Intent):
            self.orders[record.client_id] = record
            self.state[record.client_id] = SENT
            self.filled[record.client_id] = self.booked[record.client_id] = 0
        elif isinstance(record, OrderMoved):
            before = self.state[record.client_id]
            # a partial fill and an asked-for cancel move an order without a word of the venue's
            reached = {before, *TRANSITIONS[before]}
            reached |= {after for one in TRANSITIONS[before] for after in TRANSITIONS[one] if one < FILLED}
            assert record.state in reached, (before, record.state)
            assert before < FILLED or record.state == before, "what has ended does not come back"
            self.state[record.client_id] = record.state
            self.filled[record.client_id] = max(self.filled[record.client_id], record.filled_lots)
        elif isinstance(record, Filled) and record.client_id in self.orders:
            self.booked[record.client_id] += record.lots
            self.filled[record.client_id] = max(self.filled[record.client_id], self.booked[record.client_id])
            if self.filled[record.client_id] >= self.orders[record.client_id].lots:
                self.state[record.client_id] = max(self.state[record.client_id], FILLED)
        elif isinstance(record, CancelAsked):
            assert self.state[record.client_id] < FILLED

    def at_risk(self, side: int) -> int:
        return sum(
            max(0, (order.lots if self.state[name] < FILLED else self.filled[name]) - self.booked[name])
            for name, order in self.orders.items()
            if order.side == side
        )


class Anything:
    """Says to an engine whatever a venue might say of its orders, true or not."""

    def __init__(self, random: Random) -> None:
        self.random = random
        self.desk = Desk(strategy=Wants()).trading()
        self.model = Model()
        self.seen = 0
        self.trades = 0

    def step(self) -> None:
        random, desk = self.random, self.desk
        if random.random() < 0.4:
            desk.strategy.wanted = [  # type: ignore[attr-defined]
                target("59990" if side == BUY else "60010", side, random.randint(1, 3), level)
                for level in range(2)
                for side in (BUY, SELL)
                if random.random() < 0.6
            ]
            desk.book()
        intents = [record for record in desk.records if isinstance(record, Intent)]
        if intents:
            self._say(random.choice(intents))
        if random.random() < 0.1:
            desk.say(StreamChange, stream="private", market="", healthy=random.random() < 0.7)
        desk.wait(random.choice((0.1, 0.1, 0.6, 3, 31)), step=1)
        if random.random() < 0.7:
            desk.reconcile(position=str(desk.durable.ledger(MARKET).position / 10**18))
        self.check()

    def _say(self, intent: Intent) -> None:
        random, desk = self.random, self.desk
        name = intent.client_id
        kind = random.randint(0, 6)
        venue_id = f"v-{name[-4:]}"
        if kind == 0:
            desk.say(PlaceResult, client_id=name, outcome=random.choice(OUTCOMES[:3]), venue_id=venue_id)
        elif kind == 1:
            desk.say(CancelResult, client_id=name, outcome=random.choice(OUTCOMES))
        elif kind in (2, 3):
            desk.handle(self._report(intent))
        elif kind == 4:
            report = self._report(intent) if random.random() < 0.5 else None
            desk.say(OrderAnswer, client_id=name, outcome=random.choice((ACCEPTED, NOT_FOUND, UNKNOWN)), report=report)
        elif kind == 5:
            self._fill(intent)
        else:
            desk.say(OpenOrdersAnswer, request=random.randint(1, 60), complete=True, orders=[self._report(intent)])

    def _report(self, intent: Intent) -> OrderReport:
        return self.desk.report(intent, self.random.randint(2, 9), filled=self.random.randint(0, intent.lots))

    def _fill(self, intent: Intent) -> None:
        order = self.desk.durable.orders.get(intent.client_id)
        left = 0 if order is None else order.lots - order.booked_lots
        if left > 0:
            self.trades += 1
            self.desk.handle(self.desk.fill(intent, self.random.randint(1, left), f"t-{self.trades}"))

    def check(self) -> None:
        for record in self.desk.records[self.seen :]:
            self.model.add(record)
        self.seen = len(self.desk.records)
        working = self.desk.durable.working_on(MARKET)
        assert (working.buy_lots, working.sell_lots) == (self.model.at_risk(BUY), self.model.at_risk(SELL))
        orders = self.desk.durable.orders.values()
        assert working.buy_lots == sum(order.at_risk_lots for order in orders if order.side == BUY)


@given(st.integers(0, 2**32))
def test_whatever_is_said_only_arrows_of_the_table_are_followed_and_all_that_may_fill_counts(seed: int) -> None:
    anything = Anything(Random(seed))
    for _ in range(25):
        anything.step()


@pytest.mark.control("R6-15e")
def test_a_reserved_intent_an_unknown_order_and_a_pending_cancel_count_at_once() -> None:
    desk = Desk(strategy=Wants(target(lots=3), target("60000.1", SELL, 2))).trading()
    buy, sell = desk.placed()
    working = desk.durable.working_on(MARKET)
    assert (working.buy_lots, working.sell_lots) == (3, 2), "in the pass that decided them"
    desk.say(PlaceResult, client_id=buy.client_id, outcome=UNKNOWN)
    desk.accept(sell)
    desk.strategy.wanted = []  # type: ignore[attr-defined]
    desk.book()
    assert (working.buy_lots, working.sell_lots) == (3, 2)


def test_only_the_table_moves_an_order() -> None:
    """No other line of the bot writes the state of an order."""
    writes = [
        f"{path.name}:{target.lineno}"
        for path in sorted((PACKAGE / "core").glob("*.py"))
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Assign | ast.AugAssign | ast.AnnAssign)
        for target in (node.targets if isinstance(node, ast.Assign) else [node.target])
        if isinstance(target, ast.Attribute) and target.attr == "state"
        if not (isinstance(target.value, ast.Name) and target.value.id == "self" and path.name != "orders.py")
    ]
    inside = ast.get_source_segment
    source = (PACKAGE / "core" / "orders.py").read_text()
    order = next(n for n in ast.parse(source).body if isinstance(n, ast.ClassDef) and n.name == "Order")
    allowed = {
        f"orders.py:{node.lineno}"
        for method in order.body
        if isinstance(method, ast.FunctionDef) and method.name in ("__init__", "move")
        for node in ast.walk(method)
        if isinstance(node, ast.Attribute) and node.attr == "state" and inside(source, node) == "self.state"
    }
    assert writes
    assert set(writes) <= allowed
    by_name = [path.name for path in (PACKAGE / "core").glob("*.py") if "setattr" in path.read_text()]
    assert by_name == ["snapshot.py"], "which puts back what the table had allowed"


@pytest.mark.parametrize("state", range(10))
def test_an_ended_order_never_moves_again(state: int) -> None:
    assert state < FILLED or TRANSITIONS[state] == ()
    assert Order("c", MARKET, BUY, 1, 1, reduce_only=False, level=0, at=1).state == 0

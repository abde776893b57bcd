"""Fills on a real tape: neither the naive dream nor nothing, and exact to the last digit.

hftbacktest 2.4.4, with this maker on this recording, fills between 188 (risk-averse queue, 200 ms) and 427 times (log
probability, no latency); at 10 ms 348 times with its risk-averse queue and 370 to 391 times with its probabilistic
ones. Equity before fees was negative in all its cells.
"""

from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from deskbot.matching import (
    Accepted,
    Exchange,
    Latency,
    NewOrder,
    Order,
    OrderType,
    QueueModel,
    Side,
    TimeInForce,
)
from deskbot.matching.units import decimal
from deskbot.simulator.recordings import Recording
from tests.matching.market import MS
from tests.matching.test_invariants import check_money

RECORDINGS = Path(__file__).parents[2] / "../shared/data/hftbacktest"
LINEAR_TAPE, SPOT_TAPE = RECORDINGS / "usdm_btcusdt_20240808.gz", RECORDINGS / "spot_btcusdt_20240808.gz"
needs_tapes = pytest.mark.skipif(not RECORDINGS.exists(), reason="the recordings of ../shared/data are not here")
SIZE = Decimal("0.01")
CAP = Decimal("0.05")
BALANCES = {"USDT": Decimal(100_000), "BTC": Decimal(1)}


class TouchMaker:
    """One post-only order a side at the touch, looked at every 100 ms, cancelled when the touch moves."""

    def __init__(self, exchange: Exchange, market: str) -> None:
        self._exchange = exchange
        self._market = market
        self._ids: dict[Side, str] = {}

    def decide(self, now_ns: int) -> None:
        book = self._exchange.book(self._market, 1)
        truth = self._exchange.ground_truth("maker").markets.get(self._market)
        position = Decimal(0) if truth is None else decimal(truth.position_units)
        for side, (touch, _) in ((Side.BUY, book.bids[0]), (Side.SELL, book.asks[0])):
            order = self._order(side)
            if order is not None and order.ticks != touch:
                self._exchange.cancel(now_ns, "maker", self._market, order_id=order.order_id)
            elif side not in self._ids and position * side.sign < CAP:
                self._quote(now_ns, side, touch)

    def _order(self, side: Side) -> Order | None:
        """The live order of a side; forgets one that is final."""
        order = self._exchange.find_order("maker", order_id=self._ids.get(side, ""))
        if order is not None and not order.is_open:
            del self._ids[side]
            return None
        return order

    def _quote(self, now_ns: int, side: Side, ticks: int) -> None:
        wanted = NewOrder(
            market=self._market,
            side=side,
            type=OrderType.LIMIT,
            quantity=SIZE,
            price=self._exchange.listings[self._market].price(ticks),
            time_in_force=TimeInForce.POST_ONLY,
        )
        answer = self._exchange.create(now_ns, "maker", wanted)
        assert isinstance(answer, Accepted), answer
        self._ids[side] = answer.order_id


@cache
def run(tape: Path, model: QueueModel) -> tuple[Exchange, str]:
    """The maker over a whole recording at 10 ms; the exchange as it stands then, and the market."""
    recording = Recording([tape])
    [listing] = recording.listings
    latency = Latency(entry_ns=10 * MS, cancel_ns=10 * MS)
    exchange = Exchange(recording.listings, seed=1, latency=latency, queue_model=model)
    exchange.open_account("maker", BALANCES)
    maker = TouchMaker(exchange, listing.key)
    decision_ns = 0
    for event in recording.events():
        exchange.market_event(event)
        if event.time_ns >= decision_ns:
            decision_ns = event.time_ns + 100 * MS
            maker.decide(event.time_ns)
    return exchange, listing.key


def thorough(*values: Any) -> Any:
    """A case with a whole tape of its own, which takes seconds."""
    return pytest.param(*values, marks=pytest.mark.component)


@needs_tapes
@pytest.mark.parametrize(("model", "known"), [thorough(QueueModel.CONSERVATIVE, 348), (QueueModel.PROPORTIONAL, 374)])
def test_a_maker_at_the_touch_fills_about_as_often_as_in_a_known_simulator(model: QueueModel, known: int) -> None:
    exchange, market = run(LINEAR_TAPE, model)
    truth = exchange.ground_truth("maker").markets[market]
    last = exchange.ticker(market).last
    assert last is not None
    filled_orders = {fill.order_id for fill in exchange.executions("maker")}
    assert abs(len(filled_orders) - known) < known // 10
    equity = decimal(truth.cash_units) + exchange.listings[market].price(last) * decimal(truth.position_units)
    assert equity < 0, "a maker at the touch without adverse selection is a naive simulation"


@needs_tapes
@pytest.mark.parametrize("tape", [LINEAR_TAPE, thorough(SPOT_TAPE)], ids=["linear", "spot"])
def test_the_ground_truth_of_a_whole_tape_is_what_the_plain_reference_adds_up(tape: Path) -> None:
    exchange, market = run(tape, QueueModel.PROPORTIONAL)
    assert len(exchange.executions("maker")) > 50
    check_money(exchange, "maker", BALANCES)
    assert exchange.ground_truth("maker").markets.keys() == {market}

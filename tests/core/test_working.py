"""The sums over a market's orders are kept as orders change, and always are what a fresh count gives."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from deskbot.core.durable import Durable
from deskbot.core.instrument import BUY, SELL
from deskbot.core.orders import FILLED, PENDING_CANCEL, SENT, TRANSITIONS, UNKNOWN, Order
from deskbot.core.records import CancelAsked, Filled, Intent, Listed, OrderMoved, Record
from deskbot.core.working import Working

MARKETS = ("BTC/USDT", "ETH/USDT")
choice = st.integers(min_value=0, max_value=10**6)


def sums(durable: Durable, market: str) -> tuple[Any, ...]:
    """What `Working` should hold, counted anew from the orders."""
    orders = [order for order in durable.orders.values() if order.market == market]
    live = [order for order in orders if order.state < FILLED]
    return (
        [order.client_id for order in orders],
        [order.client_id for order in live],
        sum(order.at_risk_lots for order in orders if order.side == BUY),
        sum(order.at_risk_lots for order in orders if order.side == SELL),
        sum(order.side == BUY for order in live),
        sum(order.side == SELL for order in live),
        sum(order.state == UNKNOWN for order in orders),
    )


def kept(durable: Durable, market: str) -> tuple[Any, ...]:
    """What it does hold."""
    working = durable.working_on(market)
    return (
        list(working.orders),
        [order.client_id for order in working.live()],
        working.buy_lots,
        working.sell_lots,
        working.buys,
        working.sells,
        working.unknown,
    )


def next_record(durable: Durable, number: int, kind: int, pick: int, lots: int) -> Record:
    """A record that may follow now: a new order, or something that happens to one of those that are there."""
    orders = list(durable.orders.values())
    if not orders or kind == 0:
        side = BUY if pick % 2 else SELL
        return Intent(number, f"d{number}", MARKETS[pick % 3 % 2], side, 100 + pick % 7, lots, True, False, 0)
    order = orders[pick % len(orders)]
    if kind == 1 and order.state not in (SENT, UNKNOWN, PENDING_CANCEL) and order.state < FILLED:
        return CancelAsked(number, order.client_id)
    if kind == 2:
        return Listed(number, order.market, 1 + pick % 3, 1 + lots % 3)
    if kind == 3:
        return Filled(
            number, order.market, f"t{number}", order.client_id, order.side, 1, 1, lots, 0, "USDT", False, True, 1
        )
    states = (*TRANSITIONS[order.state], order.state)
    filled = min(order.lots, order.filled_lots + lots % 3)
    return OrderMoved(number, order.client_id, states[pick % len(states)], "", filled, "")


@given(st.lists(st.tuples(st.integers(min_value=0, max_value=8), choice, st.integers(1, 9)), max_size=60))
def test_the_kept_sums_are_those_of_a_fresh_count_after_every_record(steps: list[tuple[int, int, int]]) -> None:
    durable = Durable()
    for number, (kind, pick, lots) in enumerate(steps, 1):
        durable.apply(next_record(durable, number, kind, pick, lots))
        for market in MARKETS:
            assert kept(durable, market) == sums(durable, market)
    assert durable.live_count() == len(durable.live_orders())


def test_an_order_that_is_booked_beyond_its_size_puts_nothing_at_risk() -> None:
    order, working = Order("d1", MARKETS[0], BUY, 100, 3, False, 0, 1), Working()
    order.booked_lots = 4
    working.count(order)
    assert (working.buy_lots, working.sell_lots, working.buys, working.sells, working.unknown) == (0, 0, 1, 0, 0)

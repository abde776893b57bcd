"""Where a resting order stands, and when its turn comes."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deskbot.matching import OrderStatus, QueueModel
from deskbot.matching.queueing import ahead_after_shrinking
from tests.matching.market import Desk

SIZES = st.integers(0, 10**6)


def test_an_order_joins_behind_everything_displayed() -> None:
    desk = Desk()
    assert desk.ahead(desk.order("buy", "0.1", 59_999)) == 1


def test_an_order_that_improves_the_touch_has_nobody_ahead() -> None:
    desk = Desk()
    assert desk.ahead(desk.order("buy", "0.1", 60_000)) == 0


def test_trades_at_its_price_advance_an_order_until_the_rest_of_a_trade_fills_it_in_part() -> None:
    desk = Desk()
    order = desk.order("buy", "0.1", 59_999)
    desk.trade(59_999, "0.6")
    assert desk.ahead(order) == Decimal("0.4")
    desk.trade(59_999, "0.44")
    assert desk.status(order) is OrderStatus.PARTIALLY_FILLED
    assert desk.fills() == [("buy", 59_999, Decimal("0.04"), "maker")]
    desk.trade(59_999, 5)
    assert desk.status(order) is OrderStatus.FILLED
    assert desk.fills()[1] == ("buy", 59_999, Decimal("0.06"), "maker")


def test_a_trade_is_not_counted_again_when_the_book_tells_of_it() -> None:
    desk = Desk(queue_model=QueueModel.PROPORTIONAL)
    order = desk.order("buy", "0.1", 59_999)
    desk.delta(bids=[(59_999, 2)])
    desk.trade(59_999, "0.3")
    desk.delta(bids=[(59_999, "1.7")])
    assert desk.ahead(order) == Decimal("0.7")


def test_trades_of_the_other_side_leave_the_queue_alone() -> None:
    desk = Desk()
    order = desk.order("buy", "0.1", 59_999)
    desk.trade(59_999, 5, taker_buys=True)
    assert desk.ahead(order) == 1
    assert desk.fills() == []


def test_a_trade_through_the_price_fills_up_to_its_own_size() -> None:
    desk = Desk()
    order = desk.order("buy", "0.5", 59_999)
    desk.trade(59_998, "0.2")
    assert desk.fills() == [("buy", 59_999, Decimal("0.2"), "maker")]
    assert desk.ahead(order) == 0


def test_the_opposite_side_coming_to_its_price_fills_an_order_whole() -> None:
    desk = Desk()
    order = desk.order("sell", "0.5", 60_001)
    desk.quote((60_002, "0.001"), (60_003, 1))
    assert order.status is OrderStatus.FILLED
    assert desk.fills() == [("sell", 60_001, Decimal("0.5"), "maker")]


def test_one_trade_is_shared_among_the_orders_of_an_account_but_not_between_accounts() -> None:
    desk = Desk()
    desk.exchange.open_account("bob", {"USDT": Decimal(100_000)})
    for account in ("alice", "alice", "bob"):
        desk.order("buy", "0.3", 60_000, account=account)
    desk.trade(60_000, "0.4")
    assert [fill[2] for fill in desk.fills()] == [Decimal("0.3"), Decimal("0.1")]
    assert [fill[2] for fill in desk.fills("bob")] == [Decimal("0.3")]


@pytest.mark.parametrize(("model", "ahead"), [(QueueModel.CONSERVATIVE, "1"), (QueueModel.PROPORTIONAL, "0.938")])
def test_cancellations_at_the_level_are_split_as_the_model_says(model: QueueModel, ahead: str) -> None:
    desk = Desk(queue_model=model)
    order = desk.order("buy", "0.1", 59_999)
    desk.delta(bids=[(59_999, 4)])
    desk.delta(bids=[(59_999, "3.375")])  # 0.625 leave; ahead 1 of 4: 1/(1+9) of it from the front, rounded down
    assert desk.ahead(order) == Decimal(ahead)


def test_a_new_snapshot_queues_resting_orders_behind_it() -> None:
    desk = Desk()
    order = desk.order("buy", "0.1", 59_999)
    desk.trade(59_999, "0.9")
    desk.snapshot([(59_999, 7)], [(60_001, 1)])
    assert desk.ahead(order) == 7


def test_a_new_snapshot_beyond_its_price_fills_a_resting_order() -> None:
    desk = Desk()
    order = desk.order("buy", "0.1", 59_999)
    desk.snapshot([(59_900, 7)], [(59_901, 1)])
    assert order.status is OrderStatus.FILLED


@given(ahead=SIZES, behind=SIZES, cancelled=SIZES, model=st.sampled_from(QueueModel))
def test_the_size_ahead_stays_within_what_is_displayed(
    ahead: int, behind: int, cancelled: int, model: QueueModel
) -> None:
    before = ahead + behind
    cancelled = min(cancelled, before)
    left = ahead_after_shrinking(ahead, before, cancelled, model)
    assert 0 <= left <= min(ahead, before - cancelled)
    assert left <= ahead_after_shrinking(ahead, before, cancelled, QueueModel.CONSERVATIVE)

"""Orders that take: they walk the recorded levels and leave them as they were."""

from decimal import Decimal

import pytest

from deskbot.matching import EndReason, Latency, OrderReport, OrderStatus, Refusal, TimeInForce
from tests.matching.market import LINEAR, MS, SPOT, Desk

D = Decimal
IOC, FOK, POST_ONLY = TimeInForce.IMMEDIATE_OR_CANCEL, TimeInForce.FILL_OR_KILL, TimeInForce.POST_ONLY


def test_a_crossing_limit_order_takes_level_by_level_and_rests_with_what_is_left() -> None:
    desk = Desk()
    order = desk.order("buy", "2.5", 60_002)
    assert desk.fills() == [("buy", 60_001, 1, "taker"), ("buy", 60_002, 1, "taker")]
    assert (order.status, order.remaining_lots) == (OrderStatus.PARTIALLY_FILLED, 500)


def test_taking_leaves_the_recorded_book_as_it_was() -> None:
    desk = Desk()
    before = desk.exchange.book(LINEAR, 50)
    desk.order("sell", "2.5")
    assert desk.exchange.book(LINEAR, 50) == before


def test_a_market_order_takes_at_any_price_and_drops_what_the_book_does_not_hold() -> None:
    desk = Desk(balances={"USDT": D(10_000_000)})
    order = desk.order("sell", 12)
    assert len(desk.fills()) == 10
    assert (order.status, order.end_reason) == (OrderStatus.CANCELLED, EndReason.NOTHING_TO_TAKE)
    assert order.filled_lots == 10_000


@pytest.mark.parametrize(
    ("time_in_force", "quantity", "price", "filled", "status", "reason"),
    [
        (IOC, "0.5", 60_001, "0.5", OrderStatus.FILLED, EndReason.NONE),
        (IOC, "1.5", 60_001, "1", OrderStatus.CANCELLED, EndReason.NOTHING_TO_TAKE),
        (IOC, "0.5", 60_000, "0", OrderStatus.CANCELLED, EndReason.NOTHING_TO_TAKE),
        (FOK, "2", 60_002, "2", OrderStatus.FILLED, EndReason.NONE),
        (FOK, "2.001", 60_002, "0", OrderStatus.CANCELLED, EndReason.NOT_WHOLLY_FILLABLE),
        (FOK, "0.5", 60_000, "0", OrderStatus.CANCELLED, EndReason.NOT_WHOLLY_FILLABLE),
        (POST_ONLY, "0.5", 60_001, "0", OrderStatus.CANCELLED, EndReason.POST_ONLY_WOULD_TAKE),
        (POST_ONLY, "0.5", 60_000, "0", OrderStatus.NEW, EndReason.NONE),
    ],
)
def test_time_in_force_decides_what_a_buy_takes_and_what_becomes_of_the_rest(
    time_in_force: TimeInForce, quantity: str, price: int, filled: str, status: OrderStatus, reason: EndReason
) -> None:
    desk = Desk()
    order = desk.order("buy", quantity, price, time_in_force=time_in_force)
    assert (order.listing.quantity(order.filled_lots), order.status, order.end_reason) == (D(filled), status, reason)


def test_a_post_only_order_is_acknowledged_and_cancelled_when_it_arrives() -> None:
    desk = Desk()
    desk.send("sell", "0.5", 59_999, time_in_force=POST_ONLY)
    assert desk.reports(OrderReport) == []
    desk.settle()
    [report] = desk.reports(OrderReport)
    assert (report.status, report.end_reason) == (OrderStatus.CANCELLED, EndReason.POST_ONLY_WOULD_TAKE)


def test_a_spot_order_cancelled_after_a_part_says_so() -> None:
    desk = Desk()
    order = desk.order("sell", "1.5", 59_999, time_in_force=IOC, market=SPOT)
    assert order.status is OrderStatus.PARTIALLY_FILLED_CANCELLED


def test_a_spot_market_buy_by_cost_spends_at_most_that() -> None:
    desk = Desk()
    order = desk.order("buy", "90000.70", market=SPOT, quantity_is_cost=True)
    assert desk.fills() == [("buy", 60_001, 1, "taker"), ("buy", 60_002, D("0.49997"), "taker")]
    assert order.status is OrderStatus.FILLED
    spent = sum(fill.value_units for fill in desk.exchange.executions("alice"))
    assert spent <= 90_000.70 * 10**18


def test_a_spot_market_buy_stops_where_the_money_ends() -> None:
    desk = Desk(balances={"USDT": D(60_001)}, latency=Latency(entry_ns=10 * MS))
    desk.send("buy", 1, market=SPOT)
    desk.delta(asks=[(60_001, 0)], market=SPOT)
    desk.settle(10)
    assert desk.fills() == [("buy", 60_002, D("0.99998"), "taker")]
    assert desk.exchange.wallet("alice")["USDT"].balance_units >= 0


def test_a_market_order_into_an_empty_side_is_refused() -> None:
    desk = Desk()
    desk.snapshot([], [(60_001, 1)])
    assert desk.create("sell", "0.1") is Refusal.NO_MARKET_DATA


def test_a_resting_order_amended_over_the_spread_takes() -> None:
    desk = Desk()
    order = desk.order("buy", "0.5", 59_000)
    desk.amend(order, price=60_001)
    assert desk.fills() == [("buy", 60_001, D("0.5"), "taker")]
    assert order.status is OrderStatus.FILLED

"""Orders that wait for the last price."""

from decimal import Decimal

import pytest

from deskbot.matching import EndReason, OrderFilter, OrderReport, OrderStatus, Side, TriggerDirection
from tests.matching.market import SPOT, Desk

D = Decimal
RISE, FALL = TriggerDirection.RISE, TriggerDirection.FALL


@pytest.mark.parametrize(
    ("direction", "trigger", "short_of_it", "reaching_it"),
    [(RISE, 60_010, 60_009, 60_010), (RISE, 60_010, 59_000, 60_500), (FALL, 59_990, 59_991, 59_990)],
)
def test_a_conditional_order_waits_until_the_last_price_reaches_its_trigger(
    direction: TriggerDirection, trigger: int, short_of_it: int, reaching_it: int
) -> None:
    desk = Desk()
    order = desk.order("buy", "0.1", 59_500, trigger_price=D(trigger), trigger_direction=direction)
    desk.trade(short_of_it, "0.01")
    assert (order.status, order.order_filter) == (OrderStatus.UNTRIGGERED, OrderFilter.STOP)
    desk.trade(reaching_it, "0.01")
    assert desk.status(order) is OrderStatus.NEW
    desk.trade(59_500, 1)
    assert desk.status(order) is OrderStatus.FILLED


def test_a_triggered_market_order_takes_at_once() -> None:
    desk = Desk()
    desk.order("sell", "0.1", trigger_price=D(59_990), trigger_direction=FALL)
    desk.trade(59_985, "0.01")
    assert desk.fills() == [("sell", 59_999, D("0.1"), "taker")]


@pytest.mark.parametrize(("trigger", "reaching_it"), [(60_010, 60_011), (59_990, 59_989)])
def test_a_spot_conditional_order_takes_its_direction_from_where_the_last_price_stands(
    trigger: int, reaching_it: int
) -> None:
    desk = Desk()
    order = desk.order("buy", "0.1", 59_500, market=SPOT, trigger_price=D(trigger))
    desk.trade(reaching_it, "0.01", market=SPOT)
    assert order.status is OrderStatus.NEW


def test_a_stop_order_holds_nothing_back_before_it_triggers_and_a_tpsl_order_does() -> None:
    desk = Desk()
    stop = desk.order("buy", "0.1", 59_500, market=SPOT, trigger_price=D(59_600))
    tpsl = desk.order("buy", "0.1", 59_500, market=SPOT, trigger_price=D(59_600), order_filter=OrderFilter.TPSL)
    assert (stop.reserved_units, tpsl.reserved_units) == (0, 5950 * 10**18)
    assert desk.exchange.wallet("alice")["USDT"].locked_units == 5950 * 10**18
    desk.trade(59_600, "0.01", market=SPOT)
    assert desk.exchange.wallet("alice")["USDT"].locked_units == 2 * 5950 * 10**18


def test_a_stop_order_that_cannot_be_paid_when_it_triggers_is_rejected() -> None:
    desk = Desk(balances={"USDT": D(6_000)})
    stop = desk.order("buy", "0.1", 59_500, market=SPOT, trigger_price=D(59_600))
    desk.order("buy", "0.05", 59_000, market=SPOT)
    desk.trade(59_600, "0.01", market=SPOT)
    assert (stop.status, stop.end_reason) == (OrderStatus.REJECTED, EndReason.INSUFFICIENT_BALANCE)


def test_an_amended_trigger_price_is_the_one_that_counts() -> None:
    desk = Desk()
    order = desk.order("buy", "0.1", 59_500, trigger_price=D(60_010), trigger_direction=RISE)
    desk.amend(order, trigger_price=60_020)
    desk.trade(60_015, "0.01")
    assert desk.status(order) is OrderStatus.UNTRIGGERED
    desk.trade(60_020, "0.01")
    assert desk.status(order) is OrderStatus.NEW


def test_every_step_of_a_conditional_order_is_reported() -> None:
    desk = Desk()
    desk.order("buy", "0.1", 60_001, trigger_price=D(60_010), trigger_direction=RISE)
    desk.trade(60_010, "0.01")
    steps = [(report.status, report.filled_lots) for report in desk.reports(OrderReport)]
    assert steps == [(OrderStatus.UNTRIGGERED, 0), (OrderStatus.NEW, 0), (OrderStatus.FILLED, 100)]


def test_a_stop_that_closes_a_position_needs_the_position_only_when_it_triggers() -> None:
    desk = Desk()
    stop = desk.order("sell", "0.1", trigger_price=D(59_990), trigger_direction=FALL, reduce_only=True)
    desk.order("buy", "0.04")
    desk.trade(59_990, "0.01")
    assert stop.filled_lots == 40
    assert desk.exchange.position("alice", stop.market).lots == 0
    assert stop.side is Side.SELL

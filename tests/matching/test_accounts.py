"""Money: fees, locks, margin, positions and what is refused for lack of it."""

from decimal import Decimal

import pytest

from deskbot.matching import (
    EndReason,
    ExecutionReport,
    OrderStatus,
    PositionReport,
    Refusal,
    TimeInForce,
    WalletReport,
)
from deskbot.matching.units import decimal
from tests.matching.market import LINEAR, SPOT, Desk

D = Decimal


def wallet(desk: Desk, asset: str) -> tuple[Decimal, Decimal]:
    report = desk.exchange.wallet("alice")[asset]
    return decimal(report.balance_units), decimal(report.locked_units)


def test_a_spot_buy_pays_its_fee_in_the_base_coin() -> None:
    desk = Desk()
    desk.order("buy", "0.1")
    desk.order("buy", "0.1", market=SPOT)
    [_, fill] = desk.exchange.executions("alice")
    assert (decimal(fill.fee_units), fill.fee_asset) == (D("0.0001"), "BTC")
    assert wallet(desk, "BTC") == (D("10.0999"), D(0))
    truth = desk.exchange.ground_truth("alice").markets[SPOT]
    assert decimal(truth.position_units) == D("0.0999")
    assert decimal(truth.cash_units) == D("-6000.1")
    assert decimal(truth.cost_units) == D("5994.0999")
    assert truth.fees == {"BTC": 10**14}


def test_a_spot_sell_pays_its_fee_in_the_quote_coin() -> None:
    desk = Desk(balances={"BTC": D(1)})
    desk.order("sell", "0.1", market=SPOT)
    assert wallet(desk, "BTC") == (D("0.9"), D(0))
    assert wallet(desk, "USDT") == (D("5993.9001"), D(0))


def test_a_linear_fill_pays_its_fee_in_the_settle_coin_by_maker_or_taker_rate() -> None:
    desk = Desk()
    desk.order("buy", "0.1")
    desk.order("buy", "0.1", 59_999)
    desk.trade(59_998, 1)
    fees = [(fill.is_maker, decimal(fill.fee_units), fill.fee_asset) for fill in desk.exchange.executions("alice")]
    assert fees == [(False, D("3.300055"), "USDT"), (True, D("1.19998"), "USDT")]
    assert wallet(desk, "USDT")[0] == D(1_000_000) - D("4.500035")


def test_spot_orders_lock_what_they_may_spend_until_they_end() -> None:
    desk = Desk()
    desk.order("buy", "0.1", 59_000, market=SPOT)
    desk.order("sell", "0.2", 61_000, market=SPOT)
    assert (wallet(desk, "USDT")[1], wallet(desk, "BTC")[1]) == (D(5900), D("0.2"))
    desk.cancel_all()
    assert (wallet(desk, "USDT")[1], wallet(desk, "BTC")[1]) == (D(0), D(0))


def test_a_fill_below_the_limit_gives_back_the_difference() -> None:
    desk = Desk(balances={"USDT": D(6_100)})
    desk.order("buy", "0.1", 61_000, market=SPOT)
    assert wallet(desk, "USDT") == (D(6_100) - D("6000.1"), D(0))


def test_locked_coins_are_not_there_for_another_order() -> None:
    desk = Desk(balances={"USDT": D(6_000)})
    desk.order("buy", "0.1", 59_000, market=SPOT)
    assert desk.create("buy", "0.01", 59_000, market=SPOT) is Refusal.INSUFFICIENT_BALANCE
    assert desk.create("buy", "0.1", 59_000) is Refusal.INSUFFICIENT_BALANCE


def test_margin_is_the_costlier_direction_over_leverage() -> None:
    desk = Desk(balances={"USDT": D(2_000)})
    desk.order("buy", "0.1", 59_000)
    desk.order("sell", "0.1", 61_000)
    assert decimal(desk.exchange.initial_margin_units("alice", LINEAR)) == D(610)
    assert decimal(desk.exchange.available_units("alice", "USDT")) == D(1390)
    assert desk.create("sell", "0.3", 61_000) is Refusal.INSUFFICIENT_BALANCE
    assert desk.exchange.set_leverage("alice", LINEAR, D(20)) is None
    desk.order("sell", "0.3", 61_000)


def test_orders_that_close_a_position_need_no_margin() -> None:
    desk = Desk(balances={"USDT": D(700)})
    desk.order("buy", "0.11")
    assert desk.create("buy", "0.01", 59_999) is Refusal.INSUFFICIENT_BALANCE
    desk.order("sell", "0.11", 60_001)


def test_a_floating_loss_is_not_available_and_a_floating_profit_is_not_lent_out() -> None:
    desk = Desk(balances={"USDT": D(10_000)})
    desk.order("buy", "0.1")
    desk.trade(61_001, "0.01")
    with_profit = desk.exchange.available_units("alice", "USDT")
    desk.trade(59_001, "0.01")
    assert decimal(desk.exchange.unrealised_units("alice", LINEAR)) == D(-100)
    assert decimal(with_profit - desk.exchange.available_units("alice", "USDT")) == D(100)


@pytest.mark.parametrize(
    ("leverage", "refusal"),
    [
        ("0.5", Refusal.LEVERAGE_NOT_ALLOWED),
        ("100.5", Refusal.LEVERAGE_NOT_ALLOWED),
        ("2.125", Refusal.LEVERAGE_NOT_ALLOWED),
        ("10", Refusal.LEVERAGE_UNCHANGED),
        ("1", Refusal.INSUFFICIENT_BALANCE),
        ("12.5", None),
    ],
)
def test_leverage_is_changed_only_within_its_range_and_what_the_account_can_carry(
    leverage: str, refusal: Refusal | None
) -> None:
    desk = Desk(balances={"USDT": D(1_000)})
    desk.order("buy", "0.1", 59_000)
    assert desk.exchange.set_leverage("alice", LINEAR, D(leverage)) is refusal
    expected = D(leverage) if refusal is None else D(10)
    assert desk.exchange.position("alice", LINEAR).leverage == expected


def test_a_round_trip_realises_its_difference_before_fees() -> None:
    desk = Desk()
    desk.order("buy", "0.3", 60_001)
    desk.order("sell", "0.1", 59_999)
    truth = desk.exchange.ground_truth("alice").markets[LINEAR]
    assert decimal(truth.realised_units) == D("-0.2")
    assert (decimal(truth.position_units), decimal(truth.cost_units)) == (D("0.2"), D("12000.2"))


def test_a_fill_through_zero_closes_first_and_opens_the_rest_at_its_own_price() -> None:
    desk = Desk()
    desk.order("buy", "0.1")
    desk.order("sell", "0.3")
    position = desk.exchange.position("alice", LINEAR)
    assert (position.lots, decimal(position.cost_units)) == (-200, D("11999.8"))
    [_, fill] = desk.exchange.executions("alice")
    assert fill.closed_lots == 100


def test_a_thirds_cost_is_rounded_half_to_even_and_nothing_is_lost() -> None:
    desk = Desk()
    desk.order("buy", "0.001", 60_001)
    desk.order("buy", "0.002", 60_010, time_in_force=TimeInForce.IMMEDIATE_OR_CANCEL)
    desk.quote((60_100, 1), (60_102, 1))
    for _ in range(3):
        desk.order("sell", "0.001", 60_100)
    truth = desk.exchange.ground_truth("alice").markets[LINEAR]
    assert (truth.position_units, truth.cost_units) == (0, 0)
    assert truth.realised_units == truth.cash_units


def test_reduce_only_fills_no_more_than_the_position_and_ends_with_it() -> None:
    desk = Desk()
    desk.order("buy", "0.1")
    closing = desk.order("sell", "0.5", 60_001, reduce_only=True)
    desk.trade(60_002, 5, taker_buys=True)
    assert (closing.filled_lots, closing.status, closing.end_reason) == (
        100,
        OrderStatus.CANCELLED,
        EndReason.NOTHING_TO_REDUCE,
    )


def test_reduce_only_orders_are_cancelled_when_something_else_closes_the_position() -> None:
    desk = Desk()
    desk.order("buy", "0.1")
    closing = desk.order("sell", "0.1", 60_500, reduce_only=True)
    desk.order("sell", "0.1")
    assert (closing.status, closing.end_reason) == (OrderStatus.CANCELLED, EndReason.NOTHING_TO_REDUCE)


def test_reduce_only_in_the_direction_of_the_position_is_refused() -> None:
    desk = Desk()
    desk.order("buy", "0.1")
    assert desk.create("buy", "0.1", 59_000, reduce_only=True) is Refusal.REDUCE_ONLY_REFUSED


def test_a_fill_reports_execution_order_position_and_wallet_in_that_order() -> None:
    desk = Desk()
    desk.order("buy", "0.1", 60_000)
    desk.reports()
    desk.trade(60_000, 1)
    reports = desk.reports()
    assert [type(report).__name__ for report in reports] == [
        "ExecutionReport",
        "OrderReport",
        "PositionReport",
        "WalletReport",
    ]
    numbers = [report.sequence for report in reports]
    assert numbers == list(range(numbers[0], numbers[0] + 4))
    execution, _, position, money = reports
    assert isinstance(execution, ExecutionReport)
    assert isinstance(position, PositionReport)
    assert isinstance(money, WalletReport)
    assert execution.time_ns == desk.now_ns
    assert position.lots == 100
    assert money.balance_units == 10**18 * 1_000_000 - execution.fee_units


def test_an_account_is_opened_once() -> None:
    with pytest.raises(ValueError, match="exists already"):
        Desk().exchange.open_account("alice", {})

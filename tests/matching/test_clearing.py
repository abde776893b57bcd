"""What the venue does on its own account, and what it leaves behind."""

from decimal import Decimal

import pytest

from deskbot.matching import (
    CancelFilter,
    EndReason,
    FundingReport,
    Latency,
    MarketStatus,
    OrderReport,
    OrderStatus,
    Origin,
    Refusal,
    SelfTrade,
)
from deskbot.matching.clearing import FUNDING_INTERVAL_NS
from deskbot.matching.listing import Filters
from deskbot.matching.units import decimal, units
from tests.matching.market import LINEAR, MS, SPOT, Desk

HOUR_MS = 3_600_000


def balance(desk: Desk, asset: str = "USDT") -> Decimal:
    return decimal(desk.exchange.wallet("alice")[asset].balance_units)


class TestFunding:
    def test_a_long_pays_the_rate_of_its_value_at_the_mark_and_a_short_receives_it(self) -> None:
        desk = Desk()
        desk.create("buy", "0.5")
        desk.trade(60_000, "0.1")
        before = balance(desk)
        assert desk.exchange.clearing.fund(LINEAR, Decimal("0.0001")) == 1
        assert before - balance(desk) == Decimal("0.5") * 60_000 * Decimal("0.0001")
        desk.create("sell", 1)
        before = balance(desk)
        desk.exchange.clearing.fund(LINEAR, Decimal("0.0001"))
        assert balance(desk) > before
        (first, second) = desk.reports(FundingReport)
        assert first.paid_units == units("3") > 0 > second.paid_units

    def test_funding_is_no_fill_and_no_fee(self) -> None:
        desk = Desk()
        desk.create("buy", "0.5")
        before = desk.exchange.ground_truth("alice").markets[LINEAR]
        desk.exchange.clearing.fund(LINEAR, Decimal("0.01"))
        after = desk.exchange.ground_truth("alice").markets[LINEAR]
        assert (after.fills, after.fees, after.realised_units) == (before.fills, before.fees, before.realised_units)
        assert after.funding_units == units(300)

    def test_a_rate_is_settled_every_eight_hours_of_the_epoch_while_it_is_not_zero(self) -> None:
        desk = Desk()
        desk.create("buy", 1)
        desk.exchange.clearing.set_funding_rate(LINEAR, Decimal("0.0001"))
        desk.settle(17 * HOUR_MS)
        assert [paid.time_ns for paid in desk.reports(FundingReport)] == [FUNDING_INTERVAL_NS, 2 * FUNDING_INTERVAL_NS]
        desk.exchange.clearing.set_funding_rate(LINEAR, Decimal(0))
        desk.settle(17 * HOUR_MS)
        assert desk.reports(FundingReport) == []
        assert desk.exchange.next_due() is None


class TestLiquidation:
    def test_an_account_that_falls_below_maintenance_margin_loses_orders_and_position_at_once(self) -> None:
        desk = Desk(balances={"USDT": Decimal(7000)})
        desk.create("buy", 1)
        resting = desk.order("buy", "0.001", 50_000)
        desk.trade(53_400, "0.1")
        assert desk.exchange.position("alice", LINEAR).lots == 1000
        desk.trade(53_200, "0.1")
        position, (*_, bust) = desk.exchange.position("alice", LINEAR), desk.exchange.executions("alice")
        assert position.lots == 0
        assert (bust.origin, bust.ticks, bust.order_id) == (Origin.LIQUIDATION, 532_000, bust.order_id)
        assert bust.fee_units > 0
        assert (resting.status, resting.end_reason) == (OrderStatus.CANCELLED, EndReason.LIQUIDATION)

    def test_the_venue_s_order_is_in_the_history_and_has_no_name_of_ours(self) -> None:
        desk = Desk()
        desk.create("buy", 1)
        assert desk.exchange.clearing.liquidate(LINEAR, "alice") == 1
        order = desk.exchange.order_history("alice")[-1]
        assert (order.origin, order.link_id, order.status) == (Origin.LIQUIDATION, "", OrderStatus.FILLED)

    def test_a_mark_price_of_the_venue_s_own_liquidates_without_a_trade(self) -> None:
        desk = Desk(balances={"USDT": Decimal(7000)})
        desk.create("buy", 1)
        desk.exchange.clearing.set_mark(LINEAR, 532_000)
        assert desk.exchange.position("alice", LINEAR).lots == 0
        desk.exchange.clearing.set_mark(LINEAR, None)
        assert desk.exchange.mark(LINEAR) == 600_000

    def test_a_flat_account_is_never_liquidated(self) -> None:
        desk = Desk(balances={"USDT": Decimal(10)})
        desk.trade(1, "0.1")
        assert desk.exchange.clearing.check_margins(LINEAR) == 0
        assert desk.exchange.clearing.liquidate(LINEAR) == 0


class TestDeleveraging:
    def test_part_of_a_position_goes_without_a_fee_and_reduce_only_orders_of_nothing_end(self) -> None:
        desk = Desk()
        desk.create("buy", 1)
        closing = desk.order("sell", 1, 60_010, reduce_only=True)
        before = desk.exchange.ground_truth("alice").markets[LINEAR].fees
        assert desk.exchange.clearing.deleverage(LINEAR, "alice", Decimal("0.4")) == 1
        assert desk.exchange.position("alice", LINEAR).lots == 600
        assert desk.exchange.ground_truth("alice").markets[LINEAR].fees == before
        assert closing.status is OrderStatus.NEW
        desk.exchange.clearing.deleverage(LINEAR, "alice")
        assert desk.exchange.position("alice", LINEAR).lots == 0
        assert closing.end_reason is EndReason.NOTHING_TO_REDUCE


class TestMarkets:
    def test_a_halted_market_takes_nothing_fills_nothing_and_lets_cancel(self) -> None:
        desk = Desk()
        resting, other = desk.order("buy", "0.1", 59_990), desk.order("buy", "0.1", 59_991)
        assert desk.exchange.clearing.halt(LINEAR)
        desk.trade(59_000, 1)
        desk.quote((59_980, 1), (59_985, 1))
        assert desk.create("buy", "0.1", 59_000) is Refusal.MARKET_HALTED
        assert desk.amend(resting, price=59_989) is Refusal.MARKET_HALTED
        desk.exchange.cancel(desk.now_ns, "alice", LINEAR, order_id=other.order_id)
        desk.settle()
        assert (desk.fills(), other.status) == ([], OrderStatus.CANCELLED)
        desk.exchange.clearing.resume(LINEAR)
        assert resting.status is OrderStatus.FILLED

    def test_a_delisted_market_ends_orders_settles_positions_and_stays_closed(self) -> None:
        desk = Desk()
        desk.create("buy", 1)
        resting = desk.order("sell", "0.1", 60_010)
        fees = desk.exchange.ground_truth("alice").markets[LINEAR].fees
        assert desk.exchange.clearing.delist(LINEAR)
        truth = desk.exchange.ground_truth("alice").markets[LINEAR]
        assert (truth.position_units, truth.fees, truth.forced) == (0, fees, {Origin.SETTLEMENT: 1})
        assert resting.end_reason is EndReason.DELISTING
        assert desk.create("buy", "0.1", 59_000) is Refusal.MARKET_CLOSED
        assert desk.exchange.status(LINEAR) is MarketStatus.CLOSED
        assert not desk.exchange.clearing.delist(LINEAR)
        assert desk.exchange.status(SPOT) is MarketStatus.TRADING

    def test_an_order_in_flight_to_a_market_that_closes_never_rests(self) -> None:
        desk = Desk(latency=Latency(entry_ns=50 * MS))
        accepted = desk.send("buy", "0.1", 59_000)
        desk.exchange.clearing.delist(LINEAR)
        desk.settle(100)
        found = desk.exchange.find_order("alice", order_id=accepted.order_id)
        assert found is not None
        assert (found.status, found.end_reason) == (OrderStatus.CANCELLED, EndReason.BY_VENUE)
        assert desk.exchange.ground_truth("alice").orders_in_flight == 0

    def test_new_filters_hold_for_what_comes_and_leave_what_rests(self) -> None:
        desk = Desk()
        resting = desk.order("buy", "0.111", Decimal("59990.1"))
        desk.exchange.clearing.change_filters(
            LINEAR, Filters(tick_size=Decimal("0.5"), quantity_step=Decimal("0.01"), min_notional=Decimal(1000))
        )
        assert desk.create("buy", "0.1", Decimal("59990.1")) is Refusal.PRICE_NOT_ON_TICK
        assert desk.create("buy", "0.111", 59_990) is Refusal.QUANTITY_NOT_ON_STEP
        assert desk.create("buy", "0.01", 59_990) is Refusal.NOTIONAL_BELOW_MINIMUM
        assert desk.order("buy", "0.11", Decimal("59990.5")).status is OrderStatus.NEW
        assert desk.amend(resting, price=Decimal("59990.2")) is Refusal.PRICE_NOT_ON_TICK
        desk.trade(59_000, 5)
        assert resting.status is OrderStatus.FILLED
        assert desk.exchange.listings[LINEAR].tick_size == Decimal("0.5")

    def test_filters_off_the_grid_of_the_market_data_are_refused(self) -> None:
        desk = Desk()
        with pytest.raises(ValueError, match=r"multiples of 0\.1 and 0\.001"):
            desk.exchange.clearing.change_filters(LINEAR, Filters(tick_size=Decimal("0.25")))

    def test_changing_filters_twice_starts_from_the_first_grid(self) -> None:
        desk = Desk()
        for tick in ("0.5", "0.2"):
            desk.exchange.clearing.change_filters(LINEAR, Filters(tick_size=Decimal(tick)))
        assert desk.order("buy", "0.1", Decimal("59990.2")).status is OrderStatus.NEW

    def test_the_venue_cancels_as_many_as_it_is_told_oldest_first(self) -> None:
        desk = Desk()
        orders = [desk.order("buy", "0.1", 59_990 - n) for n in range(3)]
        assert desk.exchange.clearing.cancel(EndReason.EXPIRED, LINEAR, "alice", most=2) == 2
        assert [order.end_reason for order in orders] == [EndReason.EXPIRED, EndReason.EXPIRED, EndReason.NONE]


class TestCountdown:
    ALL = CancelFilter()
    ONE = CancelFilter(market=LINEAR)

    def test_orders_end_when_it_runs_out_and_not_before(self) -> None:
        desk = Desk()
        linear, spot = desk.order("buy", "0.1", 59_990), desk.order("buy", "0.1", 59_990, market=SPOT)
        desk.exchange.arm(desk.now_ns, "alice", self.ONE, 100 * MS)
        desk.settle(99)
        assert linear.status is OrderStatus.NEW
        desk.settle(1)
        assert (linear.status, linear.end_reason) == (OrderStatus.CANCELLED, EndReason.COUNTDOWN)
        assert spot.status is OrderStatus.NEW

    def test_arming_again_starts_it_over_and_disarming_stops_it(self) -> None:
        desk = Desk()
        resting = desk.order("buy", "0.1", 59_990)
        for _ in range(5):
            desk.exchange.arm(desk.now_ns, "alice", self.ALL, 100 * MS)
            desk.settle(60)
        assert desk.exchange.countdown("alice", self.ALL) == desk.now_ns + 40 * MS
        assert desk.exchange.disarm(desk.now_ns, "alice", self.ALL)
        desk.settle(1000)
        assert resting.status is OrderStatus.NEW
        assert not desk.exchange.disarm(desk.now_ns, "alice", self.ALL)

    def test_a_timer_of_one_market_does_not_hide_that_of_another(self) -> None:
        desk = Desk()
        linear, spot = desk.order("buy", "0.1", 59_990), desk.order("buy", "0.1", 59_990, market=SPOT)
        desk.exchange.arm(desk.now_ns, "alice", self.ONE, 100 * MS)
        desk.exchange.arm(desk.now_ns, "alice", CancelFilter(market=SPOT), 50 * MS)
        desk.settle(60)
        assert (linear.status, spot.status) == (OrderStatus.NEW, OrderStatus.CANCELLED)


class TestSelfTrade:
    @pytest.mark.parametrize(
        ("mode", "resting_ends", "arriving_ends"),
        [
            (SelfTrade.ALLOWED, False, False),
            (SelfTrade.CANCEL_MAKER, True, False),
            (SelfTrade.CANCEL_TAKER, False, True),
            (SelfTrade.CANCEL_BOTH, True, True),
        ],
    )
    def test_an_order_that_would_meet_an_own_one_ends_what_it_was_told_to(
        self, mode: SelfTrade, resting_ends: bool, arriving_ends: bool
    ) -> None:
        desk = Desk()
        resting = desk.order("sell", "0.1", 60_001)
        arriving = desk.order("buy", "0.1", 60_001, self_trade=mode)
        ended = [order.end_reason is EndReason.SELF_TRADE for order in (resting, arriving)]
        assert ended == [resting_ends, arriving_ends]
        assert (arriving.status is OrderStatus.FILLED) == (not arriving_ends)

    def test_orders_that_do_not_meet_are_left_alone(self) -> None:
        desk = Desk()
        resting = desk.order("sell", "0.1", 60_005)
        desk.order("buy", "0.1", 60_001, self_trade=SelfTrade.CANCEL_BOTH)
        assert resting.status is OrderStatus.NEW


def test_an_order_expires_at_its_time() -> None:
    desk = Desk()
    order = desk.order("buy", "0.1", 59_990, expire_ns=desk.now_ns + 50 * MS)
    desk.settle(49)
    assert order.status is OrderStatus.NEW
    desk.settle(1)
    assert (order.status, order.end_reason) == (OrderStatus.CANCELLED, EndReason.EXPIRED)
    assert desk.reports(OrderReport)[-1].end_reason is EndReason.EXPIRED

"""Requests: what is refused at once, what is acknowledged, and when it takes effect."""

from decimal import Decimal
from typing import Any

import pytest

from deskbot.matching import (
    Accepted,
    Amendment,
    CancelFilter,
    Category,
    EndReason,
    Latency,
    NewOrder,
    OrderFilter,
    OrderStatus,
    OrderType,
    Refusal,
    Side,
    TimeInForce,
    TriggerDirection,
)
from tests.matching.market import LINEAR, MS, SPOT, Desk

D = Decimal
SLOW = Latency(entry_ns=10 * MS, cancel_ns=10 * MS)


@pytest.mark.parametrize(
    ("wanted", "refusal"),
    [
        ({"market": "linear:NOPE"}, Refusal.UNKNOWN_SYMBOL),
        ({"price": "0"}, Refusal.PRICE_MISSING),
        ({"price": "-1"}, Refusal.PRICE_MISSING),
        ({"price": "NaN"}, Refusal.PRICE_MISSING),
        ({"price": "60000.05"}, Refusal.PRICE_NOT_ON_TICK),
        ({"price": "59000.0000000000000000001"}, Refusal.PRICE_NOT_ON_TICK),
        ({"price": "63000.1"}, Refusal.PRICE_OUTSIDE_LIMIT),
        ({"price": "56999.9", "side": "sell"}, Refusal.PRICE_OUTSIDE_LIMIT),
        ({"quantity": "0"}, Refusal.QUANTITY_NOT_POSITIVE),
        ({"quantity": "-1"}, Refusal.QUANTITY_NOT_POSITIVE),
        ({"quantity": "NaN"}, Refusal.QUANTITY_NOT_POSITIVE),
        ({"quantity": "Infinity"}, Refusal.QUANTITY_NOT_POSITIVE),
        ({"quantity": "0.0005"}, Refusal.QUANTITY_BELOW_MINIMUM),
        ({"quantity": "0.0015"}, Refusal.QUANTITY_NOT_ON_STEP),
        ({"quantity": "1190.001"}, Refusal.QUANTITY_ABOVE_MAXIMUM),
        ({"quantity": "119.001", "price": None}, Refusal.QUANTITY_ABOVE_MAXIMUM),
        ({"quantity": "0.00004", "market": SPOT}, Refusal.QUANTITY_BELOW_MINIMUM),
        ({"quantity": "0.00005", "market": SPOT}, Refusal.NOTIONAL_BELOW_MINIMUM),
        ({"price": "1000", "quantity": "0.004"}, Refusal.NOTIONAL_BELOW_MINIMUM),
        ({"quantity": "4.99", "price": None, "market": SPOT, "quantity_is_cost": True}, Refusal.NOTIONAL_BELOW_MINIMUM),
        ({"quantity": "1000"}, Refusal.INSUFFICIENT_BALANCE),
        ({"quantity": "20", "market": SPOT}, Refusal.INSUFFICIENT_BALANCE),
        ({"quantity": "11", "market": SPOT, "side": "sell"}, Refusal.INSUFFICIENT_BALANCE),
        ({"link_id": "x" * 37}, Refusal.LINK_ID_TOO_LONG),
        ({"reduce_only": True}, Refusal.REDUCE_ONLY_REFUSED),
        ({"reduce_only": True, "market": SPOT}, Refusal.REDUCE_ONLY_ON_SPOT),
        ({"price": None, "time_in_force": TimeInForce.POST_ONLY}, Refusal.COMBINATION_NOT_ALLOWED),
        ({"quantity_is_cost": True}, Refusal.COMBINATION_NOT_ALLOWED),
        ({"order_filter": OrderFilter.STOP}, Refusal.COMBINATION_NOT_ALLOWED),
        ({"trigger_price": D(61_000)}, Refusal.TRIGGER_DIRECTION_MISSING),
        (
            {"trigger_price": D("61000.05"), "trigger_direction": TriggerDirection.RISE},
            Refusal.TRIGGER_NOT_ON_TICK,
        ),
        ({"trigger_price": D(60_000), "trigger_direction": TriggerDirection.RISE}, Refusal.TRIGGER_NOT_ABOVE_LAST),
        ({"trigger_price": D(60_000), "trigger_direction": TriggerDirection.FALL}, Refusal.TRIGGER_NOT_BELOW_LAST),
        (
            {"trigger_price": D(61_000), "trigger_direction": TriggerDirection.RISE, "market": SPOT},
            Refusal.TRIGGER_DIRECTION_ON_SPOT,
        ),
        (
            {
                "trigger_price": D(61_000),
                "trigger_direction": TriggerDirection.RISE,
                "order_filter": OrderFilter.TPSL,
            },
            Refusal.COMBINATION_NOT_ALLOWED,
        ),
    ],
)
def test_a_wrong_order_is_refused_at_once_with_its_reason(wanted: dict[str, Any], refusal: Refusal) -> None:
    desk = Desk()
    fields = {"side": "buy", "quantity": "0.1", "price": "59000"} | wanted
    assert desk.create(**fields) is refusal
    assert desk.reports() == []
    assert desk.exchange.order_history("alice") == []


def test_an_unknown_account_is_refused() -> None:
    assert Desk().create("buy", "0.1", 59_000, account="mallory") is Refusal.UNKNOWN_ACCOUNT


def test_a_link_id_is_never_taken_twice_even_after_its_order_is_gone() -> None:
    desk = Desk()
    desk.order("buy", "0.1", 59_000, link_id="one")
    desk.cancel_all()
    assert desk.create("buy", "0.1", 59_000, link_id="one") is Refusal.DUPLICATE_LINK_ID


def test_link_ids_of_two_accounts_do_not_meet() -> None:
    desk = Desk()
    desk.exchange.open_account("bob", {"USDT": D(100_000)})
    desk.order("buy", "0.1", 59_000, link_id="one")
    assert isinstance(desk.create("buy", "0.1", 59_000, link_id="one", account="bob"), Accepted)


def test_more_orders_than_the_listing_allows_are_refused() -> None:
    desk = Desk()
    rising: dict[str, Any] = {"trigger_price": D(61_000), "trigger_direction": TriggerDirection.RISE}
    for _ in range(10):
        desk.order("buy", "0.001", 61_000, **rising)
    assert desk.create("buy", "0.001", 61_000, **rising) is Refusal.TOO_MANY_OPEN_ORDERS
    assert isinstance(desk.create("buy", "0.001", 59_000), Accepted)


def test_an_acknowledged_order_is_in_no_list_until_it_arrives() -> None:
    desk = Desk(latency=SLOW)
    accepted = desk.send("buy", "0.1", 59_000)
    desk.settle(9)
    assert desk.exchange.open_orders("alice") == []
    assert desk.exchange.find_order("alice", order_id=accepted.order_id) is None
    assert desk.exchange.ground_truth("alice").orders_in_flight == 1
    desk.settle(1)
    assert [order.status for order in desk.exchange.open_orders("alice")] == [OrderStatus.NEW]


def test_what_an_order_meets_is_the_book_of_its_arrival() -> None:
    desk = Desk(latency=SLOW)
    desk.send("buy", "0.1", 60_001)
    desk.delta(asks=[(60_001, 0)])
    desk.settle(10)
    assert desk.fills() == []


def test_next_due_tells_when_to_come_back() -> None:
    desk = Desk(latency=SLOW)
    assert desk.exchange.next_due() is None
    desk.send("buy", "0.1", 59_000)
    assert desk.exchange.next_due() == desk.now_ns + 10 * MS


def test_requests_of_one_account_never_overtake_each_other() -> None:
    desk = Desk(latency=Latency(entry_ns=10 * MS, cancel_ns=0, jitter_ns=50 * MS))
    for _ in range(20):
        accepted = desk.send("buy", "0.01", 59_000)
        assert isinstance(desk.exchange.cancel(desk.now_ns, "alice", LINEAR, order_id=accepted.order_id), Accepted)
    desk.settle(2000)
    assert [order.status for order in desk.exchange.order_history("alice")] == [OrderStatus.CANCELLED] * 20


def test_an_order_may_fill_while_its_cancellation_travels() -> None:
    desk = Desk(latency=Latency(cancel_ns=10 * MS))
    order = desk.order("buy", "0.1", 60_000)
    assert isinstance(desk.exchange.cancel(desk.now_ns, "alice", LINEAR, order_id=order.order_id), Accepted)
    desk.trade(60_000, 1)
    desk.settle(20)
    assert (order.status, order.end_reason) == (OrderStatus.FILLED, EndReason.NONE)


def test_a_final_order_can_be_neither_cancelled_nor_amended() -> None:
    desk = Desk()
    order = desk.order("buy", "0.1", 59_000, link_id="gone")
    desk.cancel_all()
    assert order.end_reason is EndReason.BY_USER
    assert desk.exchange.cancel(desk.now_ns, "alice", LINEAR, link_id="gone") is Refusal.ORDER_NOT_FOUND
    assert desk.amend(order, quantity=1) is Refusal.ORDER_NOT_FOUND


def test_a_cancellation_without_any_id_is_refused() -> None:
    assert Desk().exchange.cancel(0, "alice", LINEAR) is Refusal.ORDER_ID_MISSING


def test_cancel_all_takes_only_what_the_filter_names() -> None:
    desk = Desk()
    resting = desk.order("buy", "0.1", 59_000)
    waiting = desk.order("buy", "0.1", 61_000, trigger_price=D(61_000), trigger_direction=TriggerDirection.RISE)
    spot = desk.order("buy", "0.1", 59_000, market=SPOT)
    assert [gone.order_id for gone in desk.cancel_all(market=LINEAR, order_filter=OrderFilter.ORDER)] == [
        resting.order_id
    ]
    assert desk.exchange.open_orders("alice") == [waiting, spot]
    desk.cancel_all(category=Category.LINEAR)
    assert desk.exchange.open_orders("alice") == [spot]
    assert waiting.status is OrderStatus.DEACTIVATED
    desk.cancel_all(settle="USDT")
    assert desk.exchange.open_orders("alice") == []


def test_cancel_all_reaches_orders_that_were_in_flight_when_it_was_sent() -> None:
    desk = Desk(latency=SLOW)
    desk.send("buy", "0.1", 59_000)
    assert desk.exchange.cancel_all(desk.now_ns, "alice", CancelFilter()) == []
    desk.settle(10)
    assert desk.exchange.open_orders("alice") == []


def test_an_order_expires_at_its_time() -> None:
    desk = Desk()
    order = desk.order("buy", "0.1", 59_000, expire_ns=desk.now_ns + 5 * MS)
    desk.settle(4)
    assert order.is_open
    desk.settle(1)
    assert (order.status, order.end_reason) == (OrderStatus.CANCELLED, EndReason.EXPIRED)


@pytest.mark.parametrize(
    ("change", "ahead"),
    [({"quantity": "0.05"}, "0.4"), ({"quantity": "0.2"}, "1"), ({"price": 59_998}, "1")],
)
def test_only_a_smaller_quantity_keeps_the_place_in_the_queue(change: dict[str, Any], ahead: str) -> None:
    desk = Desk()
    order = desk.order("buy", "0.1", 59_999)
    desk.trade(59_999, "0.6")
    desk.amend(order, **change)
    assert desk.ahead(order) == D(ahead)


@pytest.mark.parametrize(
    ("change", "refusal"),
    [
        ({}, Refusal.NOTHING_TO_AMEND),
        ({"price": "59000.05"}, Refusal.PRICE_NOT_ON_TICK),
        ({"quantity": "0.0015"}, Refusal.QUANTITY_NOT_ON_STEP),
        ({"quantity": "0.04"}, Refusal.QUANTITY_BELOW_FILLED),
        ({"quantity": "1000"}, Refusal.INSUFFICIENT_BALANCE),
        ({"trigger_price": "61000"}, Refusal.COMBINATION_NOT_ALLOWED),
        ({"price": "1000", "quantity": "0.041"}, None),
        ({"price": "100", "quantity": "0.041"}, Refusal.NOTIONAL_BELOW_MINIMUM),
    ],
)
def test_a_wrong_amendment_is_refused_and_changes_nothing(change: dict[str, Any], refusal: Refusal | None) -> None:
    desk = Desk()
    order = desk.order("buy", "0.1", 59_999)
    desk.trade(59_999, "1.04")
    before = order.ticks, order.lots, order.reserved_units
    answer = desk.amend(order, **change)
    if refusal is None:
        assert isinstance(answer, Accepted)
    else:
        assert answer is refusal
        assert (order.ticks, order.lots, order.reserved_units) == before


def test_two_amendments_on_the_way_both_count() -> None:
    desk = Desk(latency=SLOW)
    order = desk.order_after(10, "buy", "0.1", 59_000)
    changes: list[dict[str, Any]] = [{"price": D(58_000)}, {"quantity": D("0.2")}]
    for change in changes:
        desk.exchange.amend(desk.now_ns, "alice", Amendment(market=LINEAR, order_id=order.order_id, **change))
    desk.settle(10)
    assert (order.ticks, order.lots) == (580_000, 200)


def test_an_amendment_below_what_filled_meanwhile_ends_the_order() -> None:
    desk = Desk(latency=SLOW)
    order = desk.order_after(10, "buy", "0.1", 60_000)
    desk.exchange.amend(desk.now_ns, "alice", Amendment(market=LINEAR, order_id=order.order_id, quantity=D("0.05")))
    desk.trade(60_000, "0.07")
    desk.settle(10)
    assert (order.status, order.filled_lots, order.lots) == (OrderStatus.CANCELLED, 70, 100)


def test_time_handed_in_late_does_not_run_back() -> None:
    desk = Desk()
    desk.settle(100)
    wanted = NewOrder(market=LINEAR, side=Side.BUY, type=OrderType.LIMIT, quantity=D("0.1"), price=D(59_000))
    assert isinstance(desk.exchange.create(0, "alice", wanted), Accepted)
    assert desk.exchange.now_ns == desk.now_ns

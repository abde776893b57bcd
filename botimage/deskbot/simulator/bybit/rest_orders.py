"""What an account can read of its orders and executions, in pages of Bybit's sizes."""

from __future__ import annotations

from collections.abc import Callable

from deskbot.matching import ExecutionReport, FundingReport, Order
from deskbot.simulator.bybit import codes, shapes
from deskbot.simulator.bybit.call import Call, Json, Key

Execution = ExecutionReport | FundingReport
CLOSED_KEPT = 500
SEVEN_DAYS_MS = 7 * 24 * 3_600_000
ORDER_FILTERS = ("Order", "StopOrder", "tpslOrder", "OcoOrder", "BidirectionalTpslOrder")


def realtime(call: Call) -> Json:
    """Open orders; with `openOnly=1` the 500 that closed last; with an id that order whatever its state."""
    if not call.traded:
        return _orders(call, [])
    call.require_scope()
    if call.text("orderId") or call.text("orderLinkId"):
        return _orders(call, _by_id(call))
    in_scope = _scope(call)
    if call.text("openOnly") in ("", "0"):
        return _orders(call, [order for order in call.exchange.open_orders(call.key) if in_scope(order)])
    closed = [order for order in call.exchange.order_history(call.key) if not order.is_open and in_scope(order)]
    return _orders(call, sorted(closed, key=lambda order: order.updated_ns)[-CLOSED_KEPT:])


def history(call: Call) -> Json:
    """Orders that have ended."""
    if not call.traded:
        return _orders(call, [])
    in_scope, status = _scope(call), call.text("orderStatus")
    window = _window(call)
    orders = _by_id(call) if call.text("orderId") or call.text("orderLinkId") else call.exchange.order_history(call.key)
    return _orders(
        call,
        [
            order
            for order in orders
            if not order.is_open
            and in_scope(order)
            and status in ("", order.status.value)
            and order.created_ns // 1_000_000 in window
        ],
    )


def executions(call: Call) -> Json:
    """Fills and funding, newest first: of one type if `execType` names it, of all types otherwise."""
    page: list[Execution] = []
    cursor = ""
    if call.traded:
        page, cursor = call.page(_fills(call), lambda fill: (fill.sequence, fill.execution_id), call.limit(50, 100))
    listings = call.exchange.listings
    shown = [shapes.listed_execution(listings[fill.market], fill) for fill in page]
    return {"category": call.category, "list": shown, "nextPageCursor": cursor}


def _type_of(execution: Execution) -> str:
    return shapes.FUNDING if isinstance(execution, FundingReport) else shapes.EXECUTION_TYPES[execution.origin]


def _fills(call: Call) -> list[Execution]:
    """By order id or link id if given, everything else then being ignored; else by type, scope and time."""
    fills = call.exchange.executions(call.key)
    order_id, link_id = call.text("orderId"), call.text("orderLinkId")
    if order_id:
        return [fill for fill in fills if fill.order_id == order_id]
    if link_id:
        return [fill for fill in fills if fill.link_id == link_id]
    listings, window, wanted = call.exchange.listings, _window(call), call.text("execType")
    everything: list[Execution] = [*fills, *call.exchange.fundings(call.key)]
    return [
        one
        for one in everything
        if wanted in ("", _type_of(one)) and call.in_scope(listings[one.market]) and one.time_ns // 1_000_000 in window
    ]


def _window(call: Call) -> range:
    """Bybit's default: seven days from the start, up to the end, or up to now."""
    start, end = call.integer("startTime", 0), call.integer("endTime", 0)
    if start and end and end - start > SEVEN_DAYS_MS:
        raise codes.Refusal(10001, "The time range between startTime and endTime cannot exceed 7 days")
    if start:
        return range(start, (end or start + SEVEN_DAYS_MS) + 1)
    last = end or call.now_ns // 1_000_000
    return range(last - SEVEN_DAYS_MS, last + 1)


def _by_id(call: Call) -> list[Order]:
    """The id beats the link id when both are given."""
    order_id = call.text("orderId")
    link_id = "" if order_id else call.text("orderLinkId")
    found = call.exchange.find_order(call.key, order_id=order_id, link_id=link_id)
    return [found] if found is not None and found.listing.category.value == call.category else []


def _scope(call: Call) -> Callable[[Order], bool]:
    wanted = call.text("orderFilter")
    if wanted not in ("", *ORDER_FILTERS):
        raise codes.INVALID_ORDER_FILTER.refusal(call.category)
    return lambda order: call.in_scope(order.listing) and wanted in ("", order.order_filter.value)


def _orders(call: Call, orders: list[Order]) -> Json:
    page, cursor = call.page(orders, _newest, call.limit(20, 50))
    shown = [shapes.order(order.listing, order, order.updated_ns) for order in page]
    return {"category": call.category, "list": shown, "nextPageCursor": cursor}


def _newest(order: Order) -> Key:
    return order.created_ns, order.order_id

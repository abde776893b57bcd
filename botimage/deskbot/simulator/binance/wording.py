"""Binance's words for orders: types, sides, times in force, statuses, in both directions.

Spot and futures name conditional orders differently: a stop that waits for a worse price is STOP_LOSS(_LIMIT) on spot,
STOP(_MARKET) on futures; one that waits for a better price is TAKE_PROFIT(_LIMIT), and TAKE_PROFIT(_MARKET).
"""

from __future__ import annotations

from typing import NamedTuple

from deskbot.matching import (
    Category,
    EndReason,
    Listing,
    Order,
    OrderReport,
    OrderStatus,
    OrderType,
    Origin,
    Side,
    TimeInForce,
    TriggerDirection,
)

SIDES = {"BUY": Side.BUY, "SELL": Side.SELL}
_SIDE_NAMES = {side: name for name, side in SIDES.items()}


class Kind(NamedTuple):
    """What an order type means: limit or market, and whether it waits for a worse (stop) or better (profit) price."""

    type: OrderType
    waits: bool = False
    takes_profit: bool = False
    post_only: bool = False


SPOT_KINDS = {
    "LIMIT": Kind(OrderType.LIMIT),
    "MARKET": Kind(OrderType.MARKET),
    "LIMIT_MAKER": Kind(OrderType.LIMIT, post_only=True),
    "STOP_LOSS": Kind(OrderType.MARKET, waits=True),
    "STOP_LOSS_LIMIT": Kind(OrderType.LIMIT, waits=True),
    "TAKE_PROFIT": Kind(OrderType.MARKET, waits=True, takes_profit=True),
    "TAKE_PROFIT_LIMIT": Kind(OrderType.LIMIT, waits=True, takes_profit=True),
}
LINEAR_KINDS = {"LIMIT": Kind(OrderType.LIMIT), "MARKET": Kind(OrderType.MARKET)}
ALGO_KINDS = {
    "STOP": Kind(OrderType.LIMIT, waits=True),
    "STOP_MARKET": Kind(OrderType.MARKET, waits=True),
    "TAKE_PROFIT": Kind(OrderType.LIMIT, waits=True, takes_profit=True),
    "TAKE_PROFIT_MARKET": Kind(OrderType.MARKET, waits=True, takes_profit=True),
}
# futures say post-only as a time in force, spot as an order type
TIMES = {
    "GTC": TimeInForce.GOOD_TILL_CANCELLED,
    "IOC": TimeInForce.IMMEDIATE_OR_CANCEL,
    "FOK": TimeInForce.FILL_OR_KILL,
    "GTX": TimeInForce.POST_ONLY,
}
_STATUSES = {
    OrderStatus.IN_FLIGHT: "NEW",
    OrderStatus.UNTRIGGERED: "NEW",
    OrderStatus.NEW: "NEW",
    OrderStatus.PARTIALLY_FILLED: "PARTIALLY_FILLED",
    OrderStatus.FILLED: "FILLED",
    OrderStatus.REJECTED: "REJECTED",
}
_CANCELLED_BY = {EndReason.BY_USER, EndReason.COUNTDOWN, EndReason.LIQUIDATION, EndReason.BY_VENUE}
# USD-M "Event: Order Update": special client ids of what the account did not order itself
FORCED_IDS = {
    Origin.LIQUIDATION: "autoclose-{number}",
    Origin.AUTO_DELEVERAGING: "adl_autoclose",
    Origin.SETTLEMENT: "settlement_autoclose-{number}",
}


def side(order: Order | OrderReport) -> str:
    return _SIDE_NAMES[order.side]


def status(order: Order | OrderReport) -> str:
    """NEW, PARTIALLY_FILLED, FILLED, CANCELED, EXPIRED, EXPIRED_IN_MATCH or REJECTED."""
    known = _STATUSES.get(order.status)
    if known is not None:
        return known
    if order.end_reason is EndReason.SELF_TRADE:
        return "EXPIRED_IN_MATCH"
    return "CANCELED" if order.end_reason in _CANCELLED_BY else "EXPIRED"


def is_conditional(order: Order | OrderReport) -> bool:
    return order.trigger_ticks is not None


def original_type(listing: Listing, order: Order | OrderReport) -> str:
    """The type as it was placed."""
    limit = order.type is OrderType.LIMIT
    if not is_conditional(order):
        if listing.category is Category.SPOT and order.time_in_force is TimeInForce.POST_ONLY:
            return "LIMIT_MAKER"
        return "LIMIT" if limit else "MARKET"
    stops = (order.trigger_direction is TriggerDirection.RISE) == (order.side is Side.BUY)
    if listing.category is Category.SPOT:
        return ("STOP_LOSS" if stops else "TAKE_PROFIT") + ("_LIMIT" if limit else "")
    return ("STOP" if stops else "TAKE_PROFIT") + ("" if limit else "_MARKET")


def type_now(listing: Listing, order: Order | OrderReport) -> str:
    """Futures name a conditional order by what it became once it is in the book; spot keeps its name."""
    if listing.category is Category.SPOT:
        return original_type(listing, order)
    return "LIMIT" if order.type is OrderType.LIMIT else "MARKET"


def time_in_force(listing: Listing, order: Order | OrderReport) -> str:
    """A market order says GTC; a spot maker order too, its type says the rest."""
    if order.type is OrderType.MARKET:
        return "GTC"
    if order.time_in_force is TimeInForce.POST_ONLY:
        return "GTC" if listing.category is Category.SPOT else "GTX"
    return order.time_in_force.value


def client_id(order: Order | OrderReport, number: int) -> str:
    """The client's own, or the venue's for what it ordered itself."""
    if order.origin in FORCED_IDS:
        return FORCED_IDS[order.origin].format(number=number)
    return order.link_id


def was_refused(listing: Listing, order: Order | OrderReport) -> bool:
    """Whether an order ended the moment it came because it would have taken: the venue says so and never lists it.

    Fill-or-kill is such a refusal on futures and an expiry on spot.
    """
    reasons = {EndReason.POST_ONLY_WOULD_TAKE}
    if listing.category is Category.LINEAR:
        reasons.add(EndReason.NOT_WHOLLY_FILLABLE)
    ended_ns = order.time_ns if isinstance(order, OrderReport) else order.updated_ns
    return order.end_reason in reasons and not is_conditional(order) and ended_ns == order.created_ns


def is_algo(listing: Listing, order: Order | OrderReport) -> bool:
    """Whether the order is one of the futures' algo orders and has not become an ordinary one."""
    if listing.category is Category.SPOT or not is_conditional(order):
        return False
    if isinstance(order, Order):
        return not order.triggered
    return order.status in (OrderStatus.UNTRIGGERED, OrderStatus.DEACTIVATED, OrderStatus.REJECTED)

"""The exchange's reasons for a refusal in Bybit's numbers."""

from __future__ import annotations

from deskbot.matching import Listing, Refusal
from deskbot.simulator.bybit import codes
from deskbot.simulator.numbers import plain

RULES: dict[Refusal, codes.Rule] = {
    Refusal.UNKNOWN_ACCOUNT: codes.both(10003, "API key is invalid."),
    Refusal.UNKNOWN_SYMBOL: codes.UNKNOWN_SYMBOL,
    Refusal.PRICE_MISSING: codes.Rule((10001, "Price invalid"), (170105, "Parameter 'price' was empty.")),
    Refusal.PRICE_NOT_ON_TICK: codes.PRICE_OFF_TICK,
    Refusal.PRICE_OUTSIDE_LIMIT: codes.PRICE_TOO_LOW,
    Refusal.QUANTITY_NOT_POSITIVE: codes.Rule((10001, "Qty invalid"), (170136, "Order quantity exceeded lower limit.")),
    Refusal.QUANTITY_NOT_ON_STEP: codes.QUANTITY_OFF_STEP,
    Refusal.QUANTITY_BELOW_MINIMUM: codes.QUANTITY_TOO_SMALL,
    Refusal.QUANTITY_ABOVE_MAXIMUM: codes.QUANTITY_TOO_LARGE,
    Refusal.QUANTITY_BELOW_FILLED: codes.AMEND_BELOW_FILLED,
    Refusal.NOTIONAL_BELOW_MINIMUM: codes.VALUE_TOO_SMALL,
    Refusal.INSUFFICIENT_BALANCE: codes.INSUFFICIENT_FUNDS,
    Refusal.DUPLICATE_LINK_ID: codes.DUPLICATE_LINK_ID,
    Refusal.LINK_ID_TOO_LONG: codes.INVALID_LINK_ID,
    Refusal.ORDER_NOT_FOUND: codes.ORDER_NOT_FOUND,
    Refusal.ORDER_ID_MISSING: codes.Rule(
        (10001, "params error: OrderId or OrderLinkId is required"), (170105, "Parameter 'orderId' was empty.")
    ),
    Refusal.NOTHING_TO_AMEND: codes.ORDER_NOT_MODIFIED,
    Refusal.REDUCE_ONLY_REFUSED: codes.NOTHING_TO_REDUCE,
    Refusal.REDUCE_ONLY_ON_SPOT: codes.both(170130, "Data sent for parameter 'reduceOnly' is not valid."),
    Refusal.COMBINATION_NOT_ALLOWED: codes.both(10001, "Request parameter error."),
    Refusal.TRIGGER_NOT_ON_TICK: codes.PRICE_OFF_TICK,
    Refusal.TRIGGER_DIRECTION_MISSING: codes.both(10001, "TriggerDirection invalid"),
    Refusal.TRIGGER_DIRECTION_ON_SPOT: codes.both(170130, "Data sent for parameter 'triggerDirection' is not valid."),
    Refusal.TRIGGER_NOT_ABOVE_LAST: codes.TRIGGER_NOT_ABOVE,
    Refusal.TRIGGER_NOT_BELOW_LAST: codes.TRIGGER_NOT_BELOW,
    Refusal.TOO_MANY_OPEN_ORDERS: codes.TOO_MANY_ORDERS,
    Refusal.NO_MARKET_DATA: codes.NO_LIQUIDITY,
    Refusal.MARKET_HALTED: codes.Rule(
        (110066, "No trading is allowed at the current time"), (170210, "New order rejected.")
    ),
    Refusal.MARKET_CLOSED: codes.Rule((110074, "This contract is not live"), (170121, "Invalid symbol.")),
    Refusal.LEVERAGE_NOT_ALLOWED: codes.both(110013, "Cannot set leverage due to risk limit level."),
    Refusal.LEVERAGE_UNCHANGED: codes.both(110043, "Set leverage not modified"),
}


def refuse(
    reason: Refusal,
    listing: Listing,
    *,
    verb: str = "cancel",
    trigger: str = "",
    last: str = "",
    too_high: bool = False,
) -> codes.Refusal:
    """`too_high` tells a price above the last from one below, `trigger` a conditional order: they have codes apart."""
    rule = RULES[reason]
    if reason is Refusal.PRICE_OUTSIDE_LIMIT and too_high:
        rule = codes.PRICE_TOO_HIGH
    if reason is Refusal.TOO_MANY_OPEN_ORDERS and trigger:
        rule = codes.TOO_MANY_TRIGGER_ORDERS
    return rule.refusal(
        listing.category.value,
        symbol=listing.symbol,
        verb=verb,
        trigger=trigger,
        last=last,
        minimum=plain(listing.min_notional),
        coin=listing.quote,
    )

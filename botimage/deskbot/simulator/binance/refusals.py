"""The exchange's reasons for a refusal in Binance's numbers."""

from __future__ import annotations

from deskbot.matching import EndReason, Listing, Refusal
from deskbot.simulator.binance import codes
from deskbot.simulator.numbers import plain

RULES: dict[Refusal, codes.Rule] = {
    Refusal.UNKNOWN_SYMBOL: codes.INVALID_SYMBOL,
    Refusal.PRICE_MISSING: codes.PRICE_NOT_POSITIVE,
    Refusal.PRICE_NOT_ON_TICK: codes.PRICE_OFF_TICK,
    Refusal.PRICE_OUTSIDE_LIMIT: codes.PRICE_TOO_HIGH,
    Refusal.QUANTITY_NOT_POSITIVE: codes.QUANTITY_NOT_POSITIVE,
    Refusal.QUANTITY_NOT_ON_STEP: codes.QUANTITY_OFF_STEP,
    Refusal.QUANTITY_BELOW_MINIMUM: codes.QUANTITY_TOO_SMALL,
    Refusal.QUANTITY_ABOVE_MAXIMUM: codes.QUANTITY_TOO_LARGE,
    Refusal.QUANTITY_BELOW_FILLED: codes.QUANTITY_TOO_SMALL,
    Refusal.NOTIONAL_BELOW_MINIMUM: codes.VALUE_TOO_SMALL,
    Refusal.INSUFFICIENT_BALANCE: codes.INSUFFICIENT_FUNDS,
    Refusal.DUPLICATE_LINK_ID: codes.DUPLICATE_ID,
    Refusal.LINK_ID_TOO_LONG: codes.INVALID_CLIENT_ID,
    Refusal.ORDER_NOT_FOUND: codes.UNKNOWN_ORDER,
    Refusal.NOTHING_TO_AMEND: codes.both(-5027, "No need to modify the order."),
    Refusal.REDUCE_ONLY_REFUSED: codes.NOTHING_TO_REDUCE,
    Refusal.REDUCE_ONLY_ON_SPOT: codes.both(-1104, "Not all sent parameters were read; 'reduceOnly' was not."),
    Refusal.TRIGGER_NOT_ON_TICK: codes.STOP_PRICE_OFF_TICK,
    Refusal.TRIGGER_NOT_ABOVE_LAST: codes.WOULD_TRIGGER,
    Refusal.TRIGGER_NOT_BELOW_LAST: codes.WOULD_TRIGGER,
    Refusal.TOO_MANY_OPEN_ORDERS: codes.TOO_MANY_ORDERS,
    Refusal.NO_MARKET_DATA: codes.NO_LIQUIDITY,
    Refusal.LEVERAGE_NOT_ALLOWED: codes.both(-4028, "Leverage is not valid"),
    Refusal.MARKET_HALTED: codes.MARKET_HALTED,
    Refusal.MARKET_CLOSED: codes.MARKET_CLOSED,
}
ENDS = {
    EndReason.POST_ONLY_WOULD_TAKE: codes.WOULD_TAKE,
    EndReason.NOT_WHOLLY_FILLABLE: codes.NOT_WHOLLY_FILLABLE,
}


def refuse(
    reason: Refusal,
    listing: Listing,
    *,
    conditional: bool = False,
    market: bool = False,
    buys: bool = True,
    limit: str = "",
) -> codes.Refusal:
    """The refusal of an order of this kind; `limit` is the price it may not pass."""
    rule = RULES.get(reason, codes.BAD_COMBINATION)
    if reason is Refusal.TOO_MANY_OPEN_ORDERS and conditional:
        rule = codes.TOO_MANY_TRIGGER_ORDERS
    if reason is Refusal.QUANTITY_ABOVE_MAXIMUM and market:
        rule = codes.MARKET_QUANTITY_TOO_LARGE
    if reason is Refusal.PRICE_OUTSIDE_LIMIT and not buys:
        rule = codes.PRICE_TOO_LOW
    return rule.refusal(listing.category, minimum=plain(listing.min_notional), limit=limit)

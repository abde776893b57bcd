"""What the venue refuses at once: the filters of a listing and the rules for combining order fields.

Pure functions from a request to the first thing wrong with it, or None. They run at the moment of the request, against
the last price of that moment; balances are the settlement's.
"""

from collections.abc import Iterable
from decimal import Decimal

from deskbot.matching.listing import Category, Listing
from deskbot.matching.orders import (
    NewOrder,
    Order,
    OrderFilter,
    OrderType,
    Refusal,
    Side,
    TimeInForce,
    TriggerDirection,
)
from deskbot.matching.units import ONE, units

LINK_ID_LENGTH = 36


def shape_refusal(wanted: NewOrder, listing: Listing) -> Refusal | None:
    """Whether the fields of an order fit each other, whatever their values."""
    spot = listing.category is Category.SPOT
    conditional = wanted.trigger_price is not None
    wrong_filter = wanted.order_filter is not None and (
        (wanted.order_filter is OrderFilter.ORDER) == conditional
        or (wanted.order_filter is OrderFilter.TPSL and not spot)
    )
    market_buy = wanted.type is OrderType.MARKET and wanted.side is Side.BUY
    post_only_market = wanted.type is OrderType.MARKET and wanted.time_in_force is TimeInForce.POST_ONLY
    if wrong_filter or post_only_market or (wanted.quantity_is_cost and not (spot and market_buy)):
        return Refusal.COMBINATION_NOT_ALLOWED
    if wanted.reduce_only and spot:
        return Refusal.REDUCE_ONLY_ON_SPOT
    if len(wanted.link_id) > LINK_ID_LENGTH:
        return Refusal.LINK_ID_TOO_LONG
    if wanted.trigger_direction is not None and spot:
        return Refusal.TRIGGER_DIRECTION_ON_SPOT
    if conditional and not spot and wanted.trigger_direction is None:
        return Refusal.TRIGGER_DIRECTION_MISSING
    return None


def price_refusal(price: Decimal | None, side: Side, listing: Listing, last: int | None) -> Refusal | None:
    """Whether a limit price is on the grid and within the price limit around the last price."""
    if price is None or not price.is_finite() or price <= 0:
        return Refusal.PRICE_MISSING
    ticks = listing.ticks(price)
    if ticks is None:
        return Refusal.PRICE_NOT_ON_TICK
    if listing.price_limit is not None and last is not None:
        # Only the side that takes is limited: a buy far above, a sell far below the market.
        margin = last * units(listing.price_limit)
        if (ticks - last) * side.sign * ONE > margin:
            return Refusal.PRICE_OUTSIDE_LIMIT
    return None


def quantity_refusal(quantity: Decimal, listing: Listing, *, is_market: bool) -> Refusal | None:
    """Whether a quantity is within the listing's bounds and on its step."""
    if not quantity.is_finite() or quantity <= 0:
        return Refusal.QUANTITY_NOT_POSITIVE
    if quantity < listing.min_quantity:
        return Refusal.QUANTITY_BELOW_MINIMUM
    if quantity > (listing.max_market_quantity if is_market else listing.max_quantity):
        return Refusal.QUANTITY_ABOVE_MAXIMUM
    if listing.lots(quantity) is None:
        return Refusal.QUANTITY_NOT_ON_STEP
    return None


def notional_refusal(listing: Listing, ticks: int, lots: int, *, reduce_only: bool) -> Refusal | None:
    """Whether an order is worth enough; closing a position always is."""
    if not reduce_only and listing.value(ticks, lots) < listing.min_notional_units:
        return Refusal.NOTIONAL_BELOW_MINIMUM
    return None


def trigger_refusal(wanted: NewOrder, listing: Listing, last: int | None) -> Refusal | None:
    """Whether the trigger price of an order, if it has one, is on the grid and still ahead of the last price."""
    if wanted.trigger_price is None:
        return None
    return trigger_price_refusal(wanted.trigger_price, wanted.trigger_direction, listing, last)


def trigger_price_refusal(
    price: Decimal, direction: TriggerDirection | None, listing: Listing, last: int | None
) -> Refusal | None:
    """Whether a trigger price is on the grid and still ahead of the last price."""
    ticks = listing.ticks(price)
    if ticks is None or ticks <= 0:
        return Refusal.TRIGGER_NOT_ON_TICK
    if last is None:
        return Refusal.NO_MARKET_DATA
    if direction is TriggerDirection.RISE and ticks <= last:
        return Refusal.TRIGGER_NOT_ABOVE_LAST
    if direction is TriggerDirection.FALL and ticks >= last:
        return Refusal.TRIGGER_NOT_BELOW_LAST
    return None


def count_refusal(orders: Iterable[Order], listing: Listing, *, conditional: bool) -> Refusal | None:
    """Whether the account already has as many orders on this market as it may."""
    same = sum(order.market == listing.key and (order.trigger_ticks is not None) == conditional for order in orders)
    if same >= (listing.max_conditional_orders if conditional else listing.max_open_orders):
        return Refusal.TOO_MANY_OPEN_ORDERS
    return None

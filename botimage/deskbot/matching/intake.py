"""From a request to something the market can act on, or to the reason why not.

Everything is judged as of the moment of the request. What passes is an `Order` that has reserved nothing yet, or the
`Terms` of an amendment; the exchange then sends it on its way.
"""

from decimal import Decimal

from deskbot.matching import checks
from deskbot.matching.accounts import Account
from deskbot.matching.listing import Category, Listing
from deskbot.matching.market import Market, Terms
from deskbot.matching.orders import Amendment, NewOrder, Order, OrderFilter, OrderType, Refusal, TriggerDirection
from deskbot.matching.units import units


def order_from(wanted: NewOrder, account: Account, market: Market, order_id: str, now_ns: int) -> Order | Refusal:
    """An order with everything but balances checked."""
    refusal = _refusal(wanted, account, market)
    if refusal is not None:
        return refusal
    order = Order(account.name, market.listing, order_id, wanted, now_ns)
    _set_quantity(order, wanted)
    _set_trigger(order, wanted, market.tape.last)
    return _set_price(order, wanted, market) or order


def terms_from(change: Amendment, order: Order, last: int | None) -> Terms | Refusal:
    """The terms of an amendment with everything but balances checked."""
    listing = order.listing
    refusal = _amendment_refusal(change, order, last)
    if refusal is not None:
        return refusal
    ticks = None if change.price is None else listing.ticks(change.price)
    lots = None if change.quantity is None else listing.lots(change.quantity)
    trigger = None if change.trigger_price is None else listing.ticks(change.trigger_price)
    if order.type is OrderType.LIMIT:
        notional = checks.notional_refusal(
            listing,
            order.ticks if ticks is None else ticks,
            order.lots if lots is None else lots,
            reduce_only=order.reduce_only,
        )
        if notional is not None:
            return notional
    return Terms(ticks, lots, trigger)


def _refusal(wanted: NewOrder, account: Account, market: Market) -> Refusal | None:
    listing, last = market.listing, market.tape.last
    is_market = wanted.type is OrderType.MARKET
    if _is_spent(wanted.link_id, account, listing):
        return Refusal.DUPLICATE_LINK_ID
    return (
        checks.shape_refusal(wanted, listing)
        or (None if is_market else checks.price_refusal(wanted.price, wanted.side, listing, last))
        or (
            _cost_refusal(wanted.quantity, listing)
            if wanted.quantity_is_cost
            else checks.quantity_refusal(wanted.quantity, listing, is_market=is_market)
        )
        or checks.trigger_refusal(wanted, listing, last)
        or checks.count_refusal(account.active.values(), listing, conditional=wanted.trigger_price is not None)
        or _reduce_only_refusal(wanted, account, listing)
    )


def _is_spent(link_id: str, account: Account, listing: Listing) -> bool:
    named = account.links.get(link_id)
    return named is not None and (not listing.reuses_link_ids or named in account.active)


def _amendment_refusal(change: Amendment, order: Order, last: int | None) -> Refusal | None:
    listing = order.listing
    if change.price is None and change.quantity is None and change.trigger_price is None:
        return Refusal.NOTHING_TO_AMEND
    if change.price is not None and order.type is OrderType.MARKET:
        return Refusal.COMBINATION_NOT_ALLOWED
    if change.trigger_price is not None and not order.is_waiting:
        return Refusal.COMBINATION_NOT_ALLOWED
    if change.price is not None:
        refusal = checks.price_refusal(change.price, order.side, listing, last)
        if refusal is not None:
            return refusal
    if change.trigger_price is not None:
        refusal = checks.trigger_price_refusal(change.trigger_price, order.trigger_direction, listing, last)
        if refusal is not None:
            return refusal
    return None if change.quantity is None else _new_quantity_refusal(change.quantity, order)


def _new_quantity_refusal(quantity: Decimal, order: Order) -> Refusal | None:
    listing = order.listing
    refusal = checks.quantity_refusal(quantity, listing, is_market=order.type is OrderType.MARKET)
    if refusal is None and quantity <= listing.quantity(order.filled_lots):
        return Refusal.QUANTITY_BELOW_FILLED
    return refusal


def _cost_refusal(cost: Decimal, listing: Listing) -> Refusal | None:
    if not cost.is_finite() or cost <= 0:
        return Refusal.QUANTITY_NOT_POSITIVE
    try:
        return Refusal.NOTIONAL_BELOW_MINIMUM if units(cost) < listing.min_notional_units else None
    except ValueError:
        return Refusal.QUANTITY_NOT_ON_STEP


def _reduce_only_refusal(wanted: NewOrder, account: Account, listing: Listing) -> Refusal | None:
    """A conditional reduce-only order is judged when it triggers."""
    held = account.position_lots(listing)
    if wanted.reduce_only and wanted.trigger_price is None and held * wanted.side.sign >= 0:
        return Refusal.REDUCE_ONLY_REFUSED
    return None


def _set_quantity(order: Order, wanted: NewOrder) -> None:
    if wanted.quantity_is_cost:
        order.cost_limit_units = units(wanted.quantity)
    else:
        order.lots = order.listing.lots(wanted.quantity) or 0


def _set_trigger(order: Order, wanted: NewOrder, last: int | None) -> None:
    """A spot order is triggered from where the last price stands now, a linear one as it says."""
    if wanted.trigger_price is None:
        return
    order.order_filter = wanted.order_filter or OrderFilter.STOP
    order.trigger_ticks = order.listing.ticks(wanted.trigger_price)
    order.trigger_direction = wanted.trigger_direction
    if order.listing.category is Category.SPOT and order.trigger_ticks is not None and last is not None:
        order.trigger_direction = TriggerDirection.RISE if order.trigger_ticks > last else TriggerDirection.FALL


def _set_price(order: Order, wanted: NewOrder, market: Market) -> Refusal | None:
    if order.type is OrderType.LIMIT and wanted.price is not None:
        order.ticks = order.reserve_ticks = order.listing.ticks(wanted.price) or 0
    else:
        worst = order.trigger_ticks or market.worst_price(order.side, order.lots or 1)
        if worst is None:
            return Refusal.NO_MARKET_DATA
        order.reserve_ticks = worst
    if order.cost_limit_units is not None:
        return None
    return checks.notional_refusal(order.listing, order.reserve_ticks, order.lots, reduce_only=order.reduce_only)

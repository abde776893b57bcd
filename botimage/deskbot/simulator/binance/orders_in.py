"""From the parameters of a new order to what the matching core understands, or to the venue's reason why not.

Checked here is what the core does not know of: which fields a type wants and which it refuses, precision, the
spot price band, position side, and the combinations this simulator does not play.
"""

from __future__ import annotations

import re
from decimal import Decimal

from deskbot.matching import (
    Listing,
    NewOrder,
    OrderFilter,
    OrderType,
    SelfTrade,
    Side,
    TimeInForce,
    TriggerDirection,
)
from deskbot.simulator.binance import codes, wording
from deskbot.simulator.binance.call import Call
from deskbot.simulator.binance.listings import SPOT_PRICE_DOWN, SPOT_PRICE_UP
from deskbot.simulator.binance.texts import PRICE_PLACES, places
from deskbot.simulator.binance.wording import Kind

CLIENT_ID = re.compile(r"[.A-Z:/a-z0-9_-]{1,36}")
SPOT_PLACES = 8
UNSUPPORTED = ("icebergQty", "trailingDelta", "callbackRate", "activatePrice", "activationPrice", "pegPriceType")
SELF_TRADE = {
    "NONE": SelfTrade.ALLOWED,
    "EXPIRE_MAKER": SelfTrade.CANCEL_MAKER,
    "EXPIRE_TAKER": SelfTrade.CANCEL_TAKER,
    "EXPIRE_BOTH": SelfTrade.CANCEL_BOTH,
}


def read_order(call: Call, listing: Listing, *, algo: bool = False) -> NewOrder:
    """The order a request describes. Raises `Refusal` for what cannot be read as one."""
    side, kind = _side(call), _kind(call, algo=algo)
    _refuse_unsupported(call)
    _check_position_side(call)
    price, trigger = _price(call, listing, kind), _trigger(call, kind, algo=algo)
    _check_price_band(call, listing, price)
    time_in_force, expire_ns = _time_in_force(call, kind)
    quantity, is_cost = _quantity(call, listing, kind, side)
    return NewOrder(
        market=listing.key,
        side=side,
        type=kind.type,
        quantity=quantity,
        price=price,
        time_in_force=time_in_force,
        reduce_only=call.flag("reduceOnly"),
        link_id=_client_id(call, "clientAlgoId" if algo else "newClientOrderId"),
        trigger_price=trigger,
        trigger_direction=_direction(call, kind, side),
        order_filter=OrderFilter.TPSL if call.spot and kind.waits else None,
        quantity_is_cost=is_cost,
        expire_ns=expire_ns,
        self_trade=_self_trade(call),
    )


def expected_direction(kind: Kind, side: Side) -> TriggerDirection:
    """A stop waits for a price worse for its owner to come, a take-profit for a better one."""
    rises = (side is Side.BUY) != kind.takes_profit
    return TriggerDirection.RISE if rises else TriggerDirection.FALL


def would_trigger(call: Call, listing: Listing, wanted: NewOrder) -> bool:
    """Spot: whether the stop price lies on the wrong side of the last price already."""
    last = call.exchange.ticker(listing.key).last
    if wanted.trigger_price is None or last is None:
        return False
    kind = wording.SPOT_KINDS[call.text("type")]
    rises = expected_direction(kind, wanted.side) is TriggerDirection.RISE
    return wanted.trigger_price <= listing.price(last) if rises else wanted.trigger_price >= listing.price(last)


def _side(call: Call) -> Side:
    side = wording.SIDES.get(call.required("side"))
    if side is None:
        raise codes.INVALID_SIDE.refusal(call.category)
    return side


def _kind(call: Call, *, algo: bool) -> Kind:
    name = call.required("type")
    known = wording.SPOT_KINDS if call.spot else wording.ALGO_KINDS if algo else wording.LINEAR_KINDS
    kind = known.get(name)
    if kind is not None:
        return kind
    if not call.spot and not algo and (name in wording.ALGO_KINDS or name == "TRAILING_STOP_MARKET"):
        raise codes.USE_ALGO.refusal(call.category)
    raise codes.INVALID_TYPE.refusal(call.category)


def _refuse_unsupported(call: Call) -> None:
    """Better refused than silently ignored: a client would believe it has it."""
    for name in UNSUPPORTED:
        if call.text(name):
            raise codes.UNSUPPORTED.refusal(call.category, name=name)
    for name, harmless in (("closePosition", "false"), ("priceMatch", "NONE"), ("priceProtect", "false")):
        if call.text(name).lower() not in ("", harmless.lower()):
            raise codes.UNSUPPORTED.refusal(call.category, name=name)


def _check_position_side(call: Call) -> None:
    if call.spot or call.account is None:
        return
    hedged = call.text("positionSide") in ("LONG", "SHORT")
    if hedged != call.desk.hedges(call.account):
        raise codes.POSITION_SIDE.refusal(call.category)


def _price(call: Call, listing: Listing, kind: Kind) -> Decimal | None:
    price = call.decimal("price")
    if kind.type is OrderType.MARKET:
        if price is not None:
            raise codes.NOT_REQUIRED.refusal(call.category, name="price")
        return None
    if price is None:
        raise codes.MANDATORY.refusal(call.category, name="price")
    most = SPOT_PLACES if call.spot else max(PRICE_PLACES, places(listing.tick_size))
    _check_precision(call, "price", price, most)
    return price


def _trigger(call: Call, kind: Kind, *, algo: bool) -> Decimal | None:
    name = "triggerPrice" if algo else "stopPrice"
    if kind.waits:
        return call.amount(name)
    if call.text(name):
        raise codes.NOT_REQUIRED.refusal(call.category, name=name)
    return None


def _direction(call: Call, kind: Kind, side: Side) -> TriggerDirection | None:
    """The core takes a spot order's from where the last price stands."""
    return expected_direction(kind, side) if kind.waits and not call.spot else None


def _check_price_band(call: Call, listing: Listing, price: Decimal | None) -> None:
    """PERCENT_PRICE_BY_SIDE of spot: how far from the last price a limit may lie, on either side."""
    last = call.exchange.ticker(listing.key).last
    if not call.spot or price is None or last is None or price <= 0:
        return
    if price > listing.price(last) * SPOT_PRICE_UP:
        raise codes.PRICE_TOO_HIGH.refusal(call.category)
    if price < listing.price(last) * SPOT_PRICE_DOWN:
        raise codes.PRICE_TOO_LOW.refusal(call.category)


def _time_in_force(call: Call, kind: Kind) -> tuple[TimeInForce, int | None]:
    """And when the order expires by itself, for GTD."""
    name = call.text("timeInForce")
    if kind.type is OrderType.MARKET:
        if name and call.spot:
            raise codes.NOT_REQUIRED.refusal(call.category, name="timeInForce")
        return TimeInForce.IMMEDIATE_OR_CANCEL, None
    if kind.post_only:
        if name:
            raise codes.NOT_REQUIRED.refusal(call.category, name="timeInForce")
        return TimeInForce.POST_ONLY, None
    if not name and kind.waits and not call.spot:
        return TimeInForce.GOOD_TILL_CANCELLED, None
    if call.required("timeInForce") == "GTD" and not call.spot:
        return TimeInForce.GOOD_TILL_CANCELLED, int(call.amount("goodTillDate")) * 1_000_000
    chosen = wording.TIMES.get(name)
    if chosen is None or (call.spot and chosen is TimeInForce.POST_ONLY):
        raise codes.INVALID_TIME_IN_FORCE.refusal(call.category)
    return chosen, None


def _quantity(call: Call, listing: Listing, kind: Kind, side: Side) -> tuple[Decimal, bool]:
    """How much, and whether that is a cost in quote coins."""
    cost, quantity = call.decimal("quoteOrderQty"), call.decimal("quantity")
    if call.spot and kind.type is OrderType.MARKET and not kind.waits:
        if quantity is None and cost is None:
            raise codes.NO_QUANTITY.refusal(call.category)
        if quantity is None and cost is not None:
            if side is Side.SELL:
                raise codes.UNSUPPORTED.refusal(call.category, name="quoteOrderQty")
            return cost, True
    if cost is not None:
        raise codes.NOT_REQUIRED.refusal(call.category, name="quoteOrderQty")
    wanted = call.amount("quantity")
    _check_precision(call, "quantity", wanted, SPOT_PLACES if call.spot else places(listing.quantity_step))
    return wanted, False


def _check_precision(call: Call, name: str, value: Decimal, most: int) -> None:
    if places(value) > most:
        raise codes.TOO_PRECISE.refusal(call.category, name=name)


def _client_id(call: Call, name: str) -> str:
    given = call.text(name)
    if given and not CLIENT_ID.fullmatch(given):
        raise codes.INVALID_CLIENT_ID.refusal(call.category)
    return given or call.desk.client_id()


def _self_trade(call: Call) -> SelfTrade:
    chosen = SELF_TRADE.get(call.text("selfTradePreventionMode") or "EXPIRE_MAKER")
    if chosen is None:
        raise codes.INVALID_PARAMETER.refusal(call.category, name="selfTradePreventionMode")
    return chosen

"""Requests that change something: create, amend, cancel, cancel-all and the batches of them.

Every one is an acknowledgement: accepted here means taken in, and what becomes of it is told by the streams and lists.
Refusals come from two places: what cannot be read as an order is refused here, what the exchange does not
want is refused there and worded here.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any, TypeVar

from deskbot.matching import (
    Accepted,
    Amendment,
    CancelFilter,
    Category,
    Listing,
    NewOrder,
    Order,
    OrderFilter,
    OrderType,
    Refusal,
    SelfTrade,
    Side,
    TimeInForce,
    TriggerDirection,
)
from deskbot.simulator.accounts import Trait
from deskbot.simulator.bybit import codes
from deskbot.simulator.bybit.call import Call, Json
from deskbot.simulator.bybit.refusals import refuse
from deskbot.simulator.numbers import milliseconds, plain

LINEAR_CANCEL_ALL_LIMIT = 500
BATCH_LIMIT = {"linear": 20, "spot": 10}
LINK_ID = re.compile(r"[A-Za-z0-9_-]{1,36}")
SIDES = {"Buy": Side.BUY, "Sell": Side.SELL}
TYPES = {"Limit": OrderType.LIMIT, "Market": OrderType.MARKET}
TIMES_IN_FORCE = {value.value: value for value in TimeInForce}
FILTERS = {value.value: value for value in OrderFilter}
DIRECTIONS = {"1": TriggerDirection.RISE, "2": TriggerDirection.FALL}
ALLOWED = SelfTrade.ALLOWED
SELF_TRADE = {
    "None": ALLOWED,
    "CancelMaker": SelfTrade.CANCEL_MAKER,
    "CancelTaker": SelfTrade.CANCEL_TAKER,
    "CancelBoth": SelfTrade.CANCEL_BOTH,
}
Value = TypeVar("Value")
EMPTY_FILTERS = ("OcoOrder", "BidirectionalTpslOrder")
UNSUPPORTED = ("takeProfit", "stopLoss", "slippageTolerance", "bboSideType", "orderIv", "trailingStop")


def create(call: Call) -> Json:
    listing = call.listing()
    wanted = read_order(call, listing)
    answer = call.exchange.create(call.now_ns, call.key, wanted)
    return _acknowledge(call, listing, answer, price=wanted.price)


def read_order(call: Call, listing: Listing) -> NewOrder:
    """The order a create request describes. Raises `Refusal` for what cannot be read as one."""
    _refuse_unsupported(call)
    _check_position_mode(call)
    trigger = call.decimal("triggerPrice")
    order_type = _choice(call, "orderType", TYPES, codes.INVALID_ORDER_TYPE)
    return NewOrder(
        market=listing.key,
        side=_choice(call, "side", SIDES, codes.INVALID_SIDE),
        type=order_type,
        quantity=_required(call, "qty"),
        price=call.decimal("price") if order_type is OrderType.LIMIT else None,
        time_in_force=_time_in_force(call, order_type),
        reduce_only=call.flag("reduceOnly") or call.flag("closeOnTrigger"),
        link_id=_link_id(call),
        trigger_price=trigger,
        trigger_direction=_direction(call) if trigger is not None else None,
        order_filter=_order_filter(call, trigger),
        quantity_is_cost=_is_cost(call, order_type),
        self_trade=_choice(call, "smpType", SELF_TRADE, codes.INVALID_PARAMETER) if call.text("smpType") else ALLOWED,
    )


def _refuse_unsupported(call: Call) -> None:
    """Better refused than silently ignored: a client would believe it has a stop."""
    for name in UNSUPPORTED:
        if call.text(name) not in ("", "0"):
            raise codes.Refusal(10001, f"params error: {name} is not supported by the exchange simulator")


def _check_position_mode(call: Call) -> None:
    hedge = call.account is not None and Trait.HEDGE in call.account.traits
    index = call.integer("positionIdx", 0)
    if call.category == Category.LINEAR.value and hedge != (index in (1, 2)):
        raise codes.POSITION_MODE_MISMATCH.refusal(call.category)


def _choice(call: Call, name: str, choices: dict[str, Value], rule: codes.Rule) -> Value:
    chosen = choices.get(call.text(name))
    if chosen is None:
        raise rule.refusal(call.category, name=name)
    return chosen


def _required(call: Call, name: str) -> Decimal:
    value = call.decimal(name)
    if value is None:
        raise codes.MISSING.refusal(call.category, name=name)
    return value


def _time_in_force(call: Call, order_type: OrderType) -> TimeInForce:
    """Market orders are always immediate-or-cancel, whatever the request says."""
    if order_type is OrderType.MARKET:
        return TimeInForce.IMMEDIATE_OR_CANCEL
    if not call.text("timeInForce"):
        return TimeInForce.GOOD_TILL_CANCELLED
    return _choice(call, "timeInForce", TIMES_IN_FORCE, codes.INVALID_TIME_IN_FORCE)


def _link_id(call: Call) -> str:
    link_id = call.text("orderLinkId")
    if link_id and not LINK_ID.fullmatch(link_id):
        raise codes.INVALID_LINK_ID.refusal(call.category)
    return link_id


def _direction(call: Call) -> TriggerDirection | None:
    """Spot takes the direction from where the last price stands and ignores this parameter."""
    return None if call.category == Category.SPOT.value else DIRECTIONS.get(call.text("triggerDirection"))


def _order_filter(call: Call, trigger: Decimal | None) -> OrderFilter | None:
    """Spot names its kind, `Order` if it does not; linear follows from the trigger price."""
    if call.category != Category.SPOT.value:
        return None
    chosen = FILTERS.get(call.text("orderFilter") or "Order")
    if chosen is None or (chosen is OrderFilter.ORDER) != (trigger is None):
        raise codes.INVALID_ORDER_FILTER.refusal(call.category)
    return chosen


def _is_cost(call: Call, order_type: OrderType) -> bool:
    """A spot market buy spends `qty` quote coins unless `marketUnit` says base coins."""
    if call.category != Category.SPOT.value or order_type is not OrderType.MARKET:
        return False
    if call.text("side") == "Buy":
        return call.text("marketUnit") in ("", "quoteCoin")
    if call.text("marketUnit") == "quoteCoin":
        raise codes.Refusal(10001, "params error: a spot market sell by quoteCoin is not supported by the simulator")
    return False


def amend(call: Call) -> Json:
    listing = call.listing()
    _refuse_unsupported(call)
    change = Amendment(
        market=listing.key,
        order_id=call.text("orderId"),
        link_id="" if call.text("orderId") else call.text("orderLinkId"),
        price=call.decimal("price"),
        quantity=call.decimal("qty"),
        trigger_price=call.decimal("triggerPrice"),
    )
    answer = call.exchange.amend(call.now_ns, call.key, change)
    return _acknowledge(call, listing, answer, verb="replace", price=change.price)


def cancel(call: Call) -> Json:
    listing = call.listing()
    order_id = call.text("orderId")
    link_id = "" if order_id else call.text("orderLinkId")
    if not _in_named_list(call, order_id, link_id):
        raise codes.ORDER_NOT_FOUND.refusal(call.category, verb="cancel")
    answer = call.exchange.cancel(call.now_ns, call.key, listing.key, order_id=order_id, link_id=link_id)
    return _acknowledge(call, listing, answer, verb="cancel")


def _in_named_list(call: Call, order_id: str, link_id: str) -> bool:
    """Spot finds an order only in the list that `orderFilter` names, `Order` by default."""
    if call.category != Category.SPOT.value:
        return True
    found = call.exchange.find_order(call.key, order_id=order_id, link_id=link_id)
    return found is None or found.order_filter.value == (call.text("orderFilter") or "Order")


def cancel_all(call: Call) -> Json:
    """Linear cancels every kind unless a filter is named and stops at 500 orders; spot cancels `Order` by default."""
    if not call.traded:
        return {"list": [], "success": "1"}
    call.require_scope()
    order_filter = call.text("orderFilter") or ("Order" if call.category == Category.SPOT.value else "")
    if order_filter in EMPTY_FILTERS:
        return {"list": [], "success": "1"}
    if order_filter not in ("", *FILTERS):
        raise codes.INVALID_ORDER_FILTER.refusal(call.category)
    cancelled = _cancel_matching(call, FILTERS.get(order_filter))
    return {"list": [{"orderId": one.order_id, "orderLinkId": one.link_id} for one in cancelled], "success": "1"}


def _cancel_matching(call: Call, order_filter: OrderFilter | None) -> list[Accepted]:
    matching = [
        order
        for order in call.exchange.open_orders(call.key)
        if call.in_scope(order.listing) and order_filter in (None, order.order_filter)
    ]
    if call.category == Category.LINEAR.value and len(matching) > LINEAR_CANCEL_ALL_LIMIT:
        return [accepted for order in matching[:LINEAR_CANCEL_ALL_LIMIT] if (accepted := _cancel_one(call, order))]
    symbol = call.text("symbol")
    which = CancelFilter(
        category=Category(call.category),
        market=call.listing().key if symbol else None,
        base=None if symbol else call.text("baseCoin") or None,
        settle=None if symbol or call.text("baseCoin") else call.text("settleCoin") or None,
        order_filter=order_filter,
    )
    return call.exchange.cancel_all(call.now_ns, call.key, which)


def _cancel_one(call: Call, order: Order) -> Accepted | None:
    answer = call.exchange.cancel(call.now_ns, call.key, order.market, order_id=order.order_id)
    return answer if isinstance(answer, Accepted) else None


def batch(single: Callable[[Call], Json]) -> Callable[[Call], Json]:
    """A handler of many requests of one kind: each stands or falls alone, its code in `retExtInfo`."""

    def handle(call: Call) -> Json:
        requests = call.parameters.get("request")
        if not isinstance(requests, list) or not 0 < len(requests) <= BATCH_LIMIT.get(call.category, 0):
            raise codes.INVALID_PARAMETER.refusal(call.category, name="request")
        results, verdicts = [], []
        for request in requests:
            result, verdict = _part(call, single, request)
            results.append(result)
            verdicts.append(verdict)
        call.extra["list"] = verdicts
        return {"list": results}

    return handle


def _part(call: Call, single: Callable[[Call], Json], request: Any) -> tuple[Json, Json]:
    parameters = (request if isinstance(request, dict) else {}) | {"category": call.category}
    part = Call(call.exchange, call.now_ns, parameters, call.account)
    head = {"category": call.category, "symbol": part.text("symbol")}
    try:
        result = head | single(part) | {"createAt": milliseconds(call.now_ns)}
    except codes.Refusal as refusal:
        failed = head | {"orderId": "", "orderLinkId": part.text("orderLinkId"), "createAt": ""}
        return failed, {"code": refusal.code, "msg": refusal.message}
    return result, {"code": 0, "msg": "OK"}


def _acknowledge(
    call: Call, listing: Listing, answer: Accepted | Refusal, *, verb: str = "cancel", price: Decimal | None = None
) -> Json:
    if isinstance(answer, Refusal):
        last = call.exchange.ticker(listing.key).last
        raise refuse(
            answer,
            listing,
            verb=verb,
            trigger=call.text("triggerPrice"),
            last="" if last is None else plain(listing.price(last)),
            too_high=price is not None and last is not None and price > listing.price(last),
        )
    return {"orderId": answer.order_id, "orderLinkId": answer.link_id}

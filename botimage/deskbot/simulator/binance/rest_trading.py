"""Requests that change something: new orders, cancellations, amendments and the batches of them.

Unlike an acknowledging venue, Binance answers after its matching engine: the answer to a new order holds what already
filled, a post-only order that would take is refused in the answer, and a cancelled order is cancelled.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import msgspec

from deskbot.matching import Accepted, Amendment, CancelFilter, Listing, NewOrder, Order, OrderType, Refusal, Side
from deskbot.simulator.binance import codes, shapes, wording
from deskbot.simulator.binance.call import Call, Json
from deskbot.simulator.binance.orders_in import read_order, would_trigger
from deskbot.simulator.binance.refusals import ENDS, refuse
from deskbot.simulator.binance.texts import order_id_of
from deskbot.simulator.numbers import plain

BATCH_LIMIT = 5
DONE: Json = {"code": 200, "msg": "The operation of cancel all open order is done."}


def create(call: Call) -> Json:
    """The answer is FULL for plain spot orders and ACK for futures unless `newOrderRespType` says otherwise."""
    listing = call.listing()
    wanted = read_order(call, listing)
    if call.spot and would_trigger(call, listing, wanted):
        raise codes.WOULD_TRIGGER.refusal(call.category)
    order = place(call, listing, wanted)
    kind = call.text("newOrderRespType")
    if not call.spot:
        return (shapes.linear_order if kind == "RESULT" else shapes.linear_acknowledged)(listing, order)
    if kind == "ACK" or (not kind and wording.is_conditional(order)):
        return shapes.spot_acknowledged(listing, order)
    fills = [fill for fill in call.exchange.executions(call.key) if fill.order_id == order.order_id]
    shape = shapes.spot_placed(listing, order, fills)
    if kind == "RESULT":
        del shape["fills"]
    return shape


def check_order(call: Call) -> Json:
    """Everything that can be said of an order without the matching engine."""
    listing = call.listing()
    wanted = read_order(call, listing)
    if call.spot and would_trigger(call, listing, wanted):
        raise codes.WOULD_TRIGGER.refusal(call.category)
    return {}


def place(call: Call, listing: Listing, wanted: NewOrder) -> Order:
    """The order as it stands when the engine is done with it. Raises `Refusal` for one that was not taken."""
    answer = call.exchange.create(call.now_ns, call.key, wanted)
    if isinstance(answer, Refusal):
        raise _refused(call, listing, wanted, answer)
    order = call.exchange.active_order(call.key, answer.order_id)
    call.exchange.advance(call.now_ns)
    order = call.exchange.find_order(call.key, order_id=answer.order_id) or order
    if order is None:
        raise codes.UNKNOWN_ORDER.refusal(call.category)
    if wording.was_refused(listing, order):
        raise ENDS[order.end_reason].refusal(call.category)
    return order


def _refused(call: Call, listing: Listing, wanted: NewOrder, reason: Refusal) -> codes.Refusal:
    return refuse(
        reason,
        listing,
        conditional=wanted.trigger_price is not None,
        market=wanted.type is OrderType.MARKET,
        buys=wanted.side is Side.BUY,
        limit=_furthest(call, listing, wanted.side),
    )


def _furthest(call: Call, listing: Listing, side: Side) -> str:
    """The price limit of the side that takes, as the refusal names it."""
    last = call.exchange.ticker(listing.key).last
    if last is None or listing.price_limit is None:
        return ""
    return plain(listing.price(last) * (1 + side.sign * listing.price_limit))


def cancel(call: Call) -> Json:
    listing = call.listing()
    cancel_id = call.text("newClientOrderId") or call.desk.client_id()
    order = end(call, listing, find(call, listing, codes.UNKNOWN_ORDER))
    return shapes.spot_cancelled(listing, order, cancel_id) if call.spot else shapes.linear_cancelled(listing, order)


def end(call: Call, listing: Listing, order: Order) -> Order:
    """Cancel one order. Raises `Refusal` -2011 for one that is over."""
    answer = call.exchange.cancel(call.now_ns, call.key, listing.key, order_id=order.order_id)
    if not isinstance(answer, Accepted):
        raise codes.UNKNOWN_ORDER.refusal(call.category)
    call.exchange.advance(call.now_ns)
    return call.exchange.find_order(call.key, order_id=order.order_id) or order


def find(
    call: Call, listing: Listing, missing: codes.Rule, *, names: tuple[str, str] = ("orderId", "origClientOrderId")
) -> Order:
    """The order a request names by its number or its client id; the number beats the id. Algo orders are apart."""
    number, client_id = call.integer(names[0]), call.text(names[1])
    if number is None and not client_id:
        raise codes.NO_IDENTITY.refusal(call.category)
    order_id = "" if number is None else order_id_of(call.exchange, number)
    order = call.exchange.find_order(call.key, order_id=order_id, link_id="" if order_id else client_id)
    if order is None or order.market != listing.key or hidden(listing, order):
        raise missing.refusal(call.category)
    return order


def hidden(listing: Listing, order: Order) -> bool:
    """Whether the venue's ordinary lists do not know the order: refused at once, or an algo order that waits."""
    return wording.was_refused(listing, order) or wording.is_algo(listing, order)


def cancel_open(call: Call) -> list[Json]:
    """Spot: every open order of a symbol, conditional ones among them; none is an error."""
    listing = call.listing()
    found = [order for order in call.exchange.open_orders(call.key) if order.listing.key == listing.key]
    if not found:
        raise codes.UNKNOWN_ORDER.refusal(call.category)
    ended = [end(call, listing, order) for order in found]
    return [shapes.spot_cancelled(listing, order, call.desk.client_id()) for order in ended]


def cancel_all(call: Call) -> Json:
    """Futures: every ordinary order of a symbol, should there be any; algo orders have a request of their own."""
    listing = call.listing()
    for order in call.exchange.open_orders(call.key):
        if order.listing.key == listing.key and not wording.is_algo(listing, order):
            end(call, listing, order)
    return DONE


def modify(call: Call) -> Json:
    """Futures: new price and quantity for a limit order; both have to be sent."""
    listing = call.listing()
    order = find(call, listing, codes.NO_SUCH_ORDER)
    price, quantity = call.amount("price"), call.amount("quantity")
    change = Amendment(market=listing.key, order_id=order.order_id, price=price, quantity=quantity)
    answer = call.exchange.amend(call.now_ns, call.key, change)
    if isinstance(answer, Refusal):
        limit = _furthest(call, listing, order.side)
        raise refuse(answer, listing, buys=order.side is Side.BUY, limit=limit)
    call.exchange.advance(call.now_ns)
    return shapes.linear_order(listing, call.exchange.find_order(call.key, order_id=order.order_id) or order)


def batch(single: Callable[[Call], Json]) -> Callable[[Call], list[Json]]:
    """Futures: up to five requests of one kind, each of which stands or falls alone."""

    def handle(call: Call) -> list[Json]:
        requests = _decoded(call, "batchOrders")
        if not 0 < len(requests) <= BATCH_LIMIT:
            raise codes.BAD_BATCH.refusal(call.category)
        return [_part(call, single, request if isinstance(request, dict) else {}) for request in requests]

    return handle


def cancel_batch(call: Call) -> list[Json]:
    """Futures: up to ten orders of one symbol by `orderIdList` or `origClientOrderIdList`."""
    symbol = call.required("symbol")
    by_number = call.text("orderIdList") or call.text("orderidlist")
    name = "orderId" if by_number else "origClientOrderId"
    wanted = _list(call, by_number or call.text("origClientOrderIdList") or call.text("origclientorderidlist"))
    return [_part(call, cancel, {"symbol": symbol, name: one}) for one in wanted]


def _part(call: Call, single: Callable[[Call], Json], request: dict[str, Any]) -> Json:
    parameters = {name: as_text(value) for name, value in request.items()}
    part = Call(call.exchange, call.now_ns, call.category, parameters, call.desk, call.account, call.said_ns)
    try:
        return single(part)
    except codes.Refusal as refusal:
        return refusal.payload()


def as_text(value: object) -> str:
    """A JSON value as the text a query would hold."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _decoded(call: Call, name: str) -> list[Any]:
    return _list(call, call.required(name))


def _list(call: Call, text: str) -> list[Any]:
    try:
        decoded = msgspec.json.decode(text)
    except msgspec.DecodeError:
        decoded = None
    if not isinstance(decoded, list):
        raise codes.INVALID_PARAMETER.refusal(call.category, name="batchOrders")
    return decoded


def countdown(call: Call) -> Json:
    """Futures: the dead man's switch of one symbol; 0 disarms it."""
    listing, milliseconds = call.listing(), call.amount("countdownTime")
    which = CancelFilter(market=listing.key)
    if milliseconds > 0:
        call.exchange.arm(call.now_ns, call.key, which, int(milliseconds) * 1_000_000)
    else:
        call.exchange.disarm(call.now_ns, call.key, which)
    return {"symbol": listing.symbol, "countdownTime": plain(Decimal(milliseconds))}


def cancel_replace(call: Call) -> Json:
    """Spot: one order goes, another comes; STOP_ON_FAILURE places nothing unless the cancellation succeeded."""
    mode, listing = call.required("cancelReplaceMode"), call.listing()
    cancelled, gone = _attempt(lambda: _cancel_named(call, listing))
    if not gone and mode == "STOP_ON_FAILURE":
        data = _replaced("FAILURE", "NOT_ATTEMPTED", cancelled, None)
        raise codes.Refusal(-2022, "Order cancel-replace failed.", data=data)
    placed, come = _attempt(lambda: create(call))
    data = _replaced(_word(gone), _word(come), cancelled, placed)
    if gone and come:
        return data
    if gone or come:
        raise codes.Refusal(-2021, "Order cancel-replace partially failed.", 409, data)
    raise codes.Refusal(-2022, "Order cancel-replace failed.", data=data)


def _cancel_named(call: Call, listing: Listing) -> Json:
    order = find(call, listing, codes.UNKNOWN_ORDER, names=("cancelOrderId", "cancelOrigClientOrderId"))
    return shapes.spot_cancelled(listing, end(call, listing, order), call.text("cancelNewClientOrderId"))


def _attempt(work: Callable[[], Json]) -> tuple[Json, bool]:
    try:
        return work(), True
    except codes.Refusal as refusal:
        return refusal.payload(), False


def _word(succeeded: bool) -> str:
    return "SUCCESS" if succeeded else "FAILURE"


def _replaced(cancel_result: str, new_result: str, cancelled: Json, placed: Json | None) -> Json:
    return {
        "cancelResult": cancel_result,
        "newOrderResult": new_result,
        "cancelResponse": cancelled,
        "newOrderResponse": placed,
    }

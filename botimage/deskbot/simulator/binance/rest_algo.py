"""Futures: conditional orders, which live in a list of their own until they trigger.

Once triggered they are ordinary orders; both lists know them by the same number then.
"""

from __future__ import annotations

from deskbot.matching import Listing, Order
from deskbot.simulator.binance import codes, shapes, wording
from deskbot.simulator.binance.call import Call, Json
from deskbot.simulator.binance.orders_in import read_order
from deskbot.simulator.binance.rest_trading import end, place
from deskbot.simulator.binance.texts import number_of, order_id_of


def create(call: Call) -> Json:
    if call.required("algoType") != "CONDITIONAL":
        raise codes.INVALID_PARAMETER.refusal(call.category, name="algoType")
    listing = call.listing()
    return shapes.algo_order(listing, place(call, listing, read_order(call, listing, algo=True)))


def query(call: Call) -> Json:
    order = _find(call, codes.NO_SUCH_ORDER)
    return shapes.algo_order(order.listing, order)


def cancel(call: Call) -> Json:
    order = _find(call, codes.UNKNOWN_ORDER)
    if not wording.is_algo(order.listing, order):
        raise codes.UNKNOWN_ORDER.refusal(call.category)
    end(call, order.listing, order)
    return {"algoId": number_of(order.order_id), "clientAlgoId": order.link_id, "code": "200", "msg": "success"}


def _find(call: Call, missing: codes.Rule) -> Order:
    number, client_id = call.integer("algoId"), call.text("clientAlgoId")
    if number is None and not client_id:
        raise codes.both(-1102, "Param 'algoId' or 'clientAlgoId' must be sent, but both were empty/null!").refusal(
            call.category
        )
    order_id = "" if number is None else order_id_of(call.exchange, number)
    order = call.exchange.find_order(call.key, order_id=order_id, link_id="" if order_id else client_id)
    if order is None or order.listing.category is not call.category or not wording.is_conditional(order):
        raise missing.refusal(call.category)
    return order


def cancel_all(call: Call) -> Json:
    listing = call.listing()
    for order in _waiting(call, listing):
        end(call, listing, order)
    return {"code": 200, "msg": "The operation of cancel all open order is done."}


def open_orders(call: Call) -> list[Json]:
    listings = [call.listing()] if call.text("symbol") else call.listings()
    return [shapes.algo_order(listing, order) for listing in listings for order in _waiting(call, listing)]


def all_orders(call: Call) -> list[Json]:
    """The newest of a symbol, oldest first."""
    listing = call.listing()
    known = [one for one in call.exchange.order_history(call.key) if one.market == listing.key]
    conditional = [one for one in known if wording.is_conditional(one)]
    return [shapes.algo_order(listing, one) for one in conditional[-call.limit(500, 1000) :]]


def _waiting(call: Call, listing: Listing) -> list[Order]:
    opened = [order for order in call.exchange.open_orders(call.key) if order.market == listing.key]
    return [order for order in opened if wording.is_algo(listing, order)]

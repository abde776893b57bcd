"""Orders and fills as Binance's JSON objects, of spot and of futures."""

from __future__ import annotations

from typing import Any

from deskbot.matching import Category, ExecutionReport, Listing, Order
from deskbot.simulator.binance import wording
from deskbot.simulator.binance.texts import average, eight, number_of, price, quantity

Json = dict[str, Any]


def order(listing: Listing, one: Order) -> Json:
    """An order as `GET order`, `openOrders` and `allOrders` list it."""
    if listing.category is Category.LINEAR:
        return linear_order(listing, one) | {"time": one.created_ns // 1_000_000}
    shape = _spot_terms(listing, one)
    del shape["fills"]
    return shape | {
        "stopPrice": price(listing, one.trigger_ticks or 0),
        "icebergQty": eight(0),
        "time": one.created_ns // 1_000_000,
        "updateTime": one.updated_ns // 1_000_000,
        "isWorking": not one.is_waiting,
    }


def spot_placed(listing: Listing, one: Order, fills: list[ExecutionReport]) -> Json:
    """The FULL answer to a new spot order."""
    shape = _spot_terms(listing, one) | {"transactTime": one.updated_ns // 1_000_000}
    shape["fills"] = [
        {
            "price": price(listing, fill.ticks),
            "qty": quantity(listing, fill.lots),
            "commission": eight(fill.fee_units),
            "commissionAsset": fill.fee_asset,
            "tradeId": number_of(fill.execution_id),
        }
        for fill in fills
    ]
    return shape


def spot_acknowledged(listing: Listing, one: Order) -> Json:
    """The ACK answer to a new spot order."""
    full = _spot_terms(listing, one)
    wanted = ("symbol", "orderId", "orderListId", "clientOrderId")
    return {name: full[name] for name in wanted} | {"transactTime": one.updated_ns // 1_000_000}


def spot_cancelled(listing: Listing, one: Order, cancel_id: str) -> Json:
    """The answer to a spot cancellation: `clientOrderId` is that of the request, not of the order."""
    shape = _spot_terms(listing, one)
    del shape["fills"], shape["workingTime"]
    if wording.is_conditional(one):
        shape["stopPrice"] = price(listing, one.trigger_ticks or 0)
    return shape | {
        "origClientOrderId": one.link_id,
        "clientOrderId": cancel_id,
        "transactTime": one.updated_ns // 1_000_000,
        "status": _after_cancel(one),
    }


def _spot_terms(listing: Listing, one: Order) -> Json:
    number = number_of(one.order_id)
    return {
        "symbol": listing.symbol,
        "orderId": number,
        "orderListId": -1,
        "clientOrderId": wording.client_id(one, number),
        "price": price(listing, one.ticks),
        "origQty": quantity(listing, one.lots),
        "executedQty": quantity(listing, one.filled_lots),
        "origQuoteOrderQty": eight(one.cost_limit_units or 0),
        "cummulativeQuoteQty": eight(one.filled_value),
        "status": wording.status(one),
        "timeInForce": wording.time_in_force(listing, one),
        "type": wording.original_type(listing, one),
        "side": wording.side(one),
        "workingTime": -1 if one.is_waiting else one.created_ns // 1_000_000,
        "fills": [],
        "selfTradePreventionMode": "EXPIRE_MAKER",
    }


def linear_order(listing: Listing, one: Order) -> Json:
    """An order of the futures as every answer to a request shows it."""
    number = number_of(one.order_id)
    stop = price(listing, one.trigger_ticks) if one.trigger_ticks is not None else "0"
    return {
        "orderId": number,
        "symbol": listing.symbol,
        "status": wording.status(one),
        "clientOrderId": wording.client_id(one, number),
        "price": price(listing, one.ticks),
        "avgPrice": average(listing, one.filled_value, one.filled_lots),
        "origQty": quantity(listing, one.lots),
        "executedQty": quantity(listing, one.filled_lots),
        "cumQty": quantity(listing, one.filled_lots),
        "cumQuote": eight(one.filled_value),
        "timeInForce": wording.time_in_force(listing, one),
        "type": wording.type_now(listing, one),
        "reduceOnly": one.reduce_only,
        "closePosition": False,
        "side": wording.side(one),
        "positionSide": "BOTH",
        "stopPrice": stop,
        "workingType": "CONTRACT_PRICE",
        "priceProtect": False,
        "origType": wording.original_type(listing, one),
        "priceMatch": "NONE",
        "selfTradePreventionMode": "EXPIRE_MAKER",
        "goodTillDate": 0,
        "updateTime": one.updated_ns // 1_000_000,
    }


def linear_acknowledged(listing: Listing, one: Order) -> Json:
    """The ACK answer to a new futures order: taken in, nothing said of what became of it."""
    nothing = {"executedQty": quantity(listing, 0), "cumQty": quantity(listing, 0), "cumQuote": eight(0)}
    return linear_order(listing, one) | nothing | {"status": "NEW", "avgPrice": "0.00"}


def linear_cancelled(listing: Listing, one: Order) -> Json:
    return linear_order(listing, one) | {"status": _after_cancel(one)}


def _after_cancel(one: Order) -> str:
    """PENDING_CANCEL while the cancellation is on its way through the venue's own latency."""
    return "PENDING_CANCEL" if one.is_open else wording.status(one)


def algo_order(listing: Listing, one: Order) -> Json:
    """A futures algo order as its own endpoints list it."""
    number = number_of(one.order_id)
    return {
        "algoId": number,
        "clientAlgoId": one.link_id,
        "algoType": "CONDITIONAL",
        "orderType": wording.original_type(listing, one),
        "symbol": listing.symbol,
        "side": wording.side(one),
        "positionSide": "BOTH",
        "timeInForce": wording.time_in_force(listing, one),
        "quantity": quantity(listing, one.lots),
        "algoStatus": algo_status(one),
        "actualOrderId": str(number) if one.triggered else "",
        "actualPrice": average(listing, one.filled_value, one.filled_lots),
        "triggerPrice": price(listing, one.trigger_ticks or 0),
        "price": price(listing, one.ticks),
        "icebergQuantity": None,
        "tpTriggerPrice": "0.000",
        "tpPrice": "0.000",
        "slTriggerPrice": "0.000",
        "slPrice": "0.000",
        "tpOrderType": "",
        "selfTradePreventionMode": "EXPIRE_MAKER",
        "workingType": "CONTRACT_PRICE",
        "priceMatch": "NONE",
        "closePosition": False,
        "priceProtect": False,
        "reduceOnly": one.reduce_only,
        "createTime": one.created_ns // 1_000_000,
        "updateTime": one.updated_ns // 1_000_000,
        "triggerTime": one.updated_ns // 1_000_000 if one.triggered else 0,
        "goodTillDate": 0,
    }


def algo_status(one: Order) -> str:
    """NEW while it waits, TRIGGERED while its order is open, FINISHED after; CANCELED or EXPIRED if it never came."""
    if one.triggered:
        return "TRIGGERED" if one.is_open else "FINISHED"
    return wording.status(one)


def trade(listing: Listing, fill: ExecutionReport, realised_units: int) -> Json:
    """A fill as `myTrades` (spot) or `userTrades` (futures) lists it."""
    shape: Json = {
        "symbol": listing.symbol,
        "id": number_of(fill.execution_id),
        "orderId": number_of(fill.order_id),
        "price": price(listing, fill.ticks),
        "qty": quantity(listing, fill.lots),
        "quoteQty": eight(fill.value_units),
        "commission": eight(fill.fee_units),
        "commissionAsset": fill.fee_asset,
        "time": fill.time_ns // 1_000_000,
    }
    if listing.category is Category.SPOT:
        maker = {"isBuyer": fill.side.sign > 0, "isMaker": fill.is_maker, "isBestMatch": True}
        return shape | {"orderListId": -1} | maker
    return shape | {
        "side": "BUY" if fill.side.sign > 0 else "SELL",
        "realizedPnl": eight(realised_units),
        "positionSide": "BOTH",
        "buyer": fill.side.sign > 0,
        "maker": fill.is_maker,
    }


def order_types(category: Category) -> list[str]:
    """`orderTypes` of `exchangeInfo`; the futures' conditional ones are placed as algo orders."""
    if category is Category.SPOT:
        return list(wording.SPOT_KINDS)
    return [*wording.LINEAR_KINDS, *wording.ALGO_KINDS]

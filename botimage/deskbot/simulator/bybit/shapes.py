"""Orders, executions, positions and coins as Bybit's JSON objects, the same for REST lists and private streams."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from deskbot.matching.listing import Category, Listing
from deskbot.matching.orders import (
    EndReason,
    Order,
    OrderFilter,
    OrderStatus,
    OrderType,
    Origin,
    Side,
    TriggerDirection,
)
from deskbot.matching.reports import ExecutionReport, FundingReport, OrderReport
from deskbot.matching.units import decimal
from deskbot.simulator.numbers import milliseconds, money, plain, price, quantity

Json = dict[str, Any]

SIDES = {Side.BUY: "Buy", Side.SELL: "Sell"}
TYPES = {OrderType.LIMIT: "Limit", OrderType.MARKET: "Market"}
DIRECTIONS = {TriggerDirection.RISE: 1, TriggerDirection.FALL: 2}

_REJECT_REASONS = {
    EndReason.BY_USER: "EC_PerCancelRequest",
    EndReason.POST_ONLY_WOULD_TAKE: "EC_PostOnlyWillTakeLiquidity",
    EndReason.NOTHING_TO_TAKE: "EC_NoImmediateQtyToFill",
    EndReason.NOT_WHOLLY_FILLABLE: "EC_NoEnoughQtyToFill",
    EndReason.INSUFFICIENT_BALANCE: "EC_Others",
    EndReason.SELF_TRADE: "EC_BySelfMatch",
}
_CANCEL_TYPES = {
    EndReason.BY_USER: "CancelByUser",
    EndReason.NOTHING_TO_REDUCE: "CancelByReduceOnly",
    EndReason.SELF_TRADE: "CancelBySmp",
    EndReason.COUNTDOWN: "CancelByDCP",
    EndReason.LIQUIDATION: "CancelAllBeforeLiq",
    EndReason.AUTO_DELEVERAGING: "CancelAllBeforeAdl",
    EndReason.DELISTING: "CancelBySettle",
    EndReason.BY_VENUE: "CancelByAdmin",
    EndReason.EXPIRED: "CancelByAdmin",
    EndReason.INSUFFICIENT_BALANCE: "CancelByCannotAffordOrderCost",
}
# Bybit v5 "Enums": execType and createType of what the account did not order itself
EXECUTION_TYPES = {
    Origin.OWNER: "Trade",
    Origin.LIQUIDATION: "BustTrade",
    Origin.AUTO_DELEVERAGING: "AdlTrade",
    Origin.SETTLEMENT: "Settle",
}
_CREATE_TYPES = {
    Origin.OWNER: "CreateByUser",
    Origin.LIQUIDATION: "CreateByTakeOver_PassThrough",
    Origin.AUTO_DELEVERAGING: "CreateByAdl_PassThrough",
    Origin.SETTLEMENT: "CreateBySettle",
}
FUNDING = "Funding"
_ENDED = (
    OrderStatus.CANCELLED,
    OrderStatus.REJECTED,
    OrderStatus.PARTIALLY_FILLED_CANCELLED,
    OrderStatus.DEACTIVATED,
    OrderStatus.FILLED,
)


def fee_coin(listing: Listing, side: Side) -> str:
    """Spot takes the fee from what is received; contracts from the settle coin."""
    if listing.category is Category.LINEAR:
        return listing.settle
    return listing.base if side is Side.BUY else listing.quote


def order(listing: Listing, order: Order | OrderReport, updated_ns: int) -> Json:
    """An element of `order/realtime`, `order/history` and the `order` stream."""
    leaves = 0 if order.status in _ENDED else order.lots - order.filled_lots
    triggered = order.trigger_ticks is not None
    shape: Json = {
        "orderId": order.order_id,
        "orderLinkId": order.link_id,
        "blockTradeId": "",
        "symbol": listing.symbol,
        "price": price(listing, order.ticks),
        "qty": quantity(listing, order.lots),
        "side": SIDES[order.side],
        "isLeverage": "0" if listing.category is Category.SPOT else "",
        "positionIdx": 0,
        "orderStatus": order.status.value,
        "cancelType": _CANCEL_TYPES.get(order.end_reason, "UNKNOWN"),
        "rejectReason": _REJECT_REASONS.get(order.end_reason, "EC_NoError"),
        "avgPrice": _average(listing, order.filled_value, order.filled_lots),
        "leavesQty": quantity(listing, leaves),
        "leavesValue": money(listing.value(order.ticks, leaves)),
        "cumExecQty": quantity(listing, order.filled_lots),
        "cumExecValue": money(order.filled_value),
        "cumExecFee": money(order.fee_units),
        "cumFeeDetail": {fee_coin(listing, order.side): money(order.fee_units)} if order.filled_lots else {},
        "timeInForce": order.time_in_force.value,
        "orderType": TYPES[order.type],
        "stopOrderType": _stop_order_type(listing, order.order_filter),
        "orderIv": "",
        "marketUnit": "baseCoin" if listing.category is Category.SPOT and order.type is OrderType.MARKET else "",
        "triggerPrice": price(listing, order.trigger_ticks) if order.trigger_ticks is not None else "",
        "triggerDirection": DIRECTIONS[order.trigger_direction] if order.trigger_direction is not None else 0,
        "triggerBy": "LastPrice" if triggered else "",
        "takeProfit": "",
        "stopLoss": "",
        "tpTriggerBy": "",
        "slTriggerBy": "",
        "tpLimitPrice": "",
        "slLimitPrice": "",
        "lastPriceOnCreated": "",
        "reduceOnly": order.reduce_only,
        "closeOnTrigger": False,
        "placeType": "",
        "smpType": "None",
        "smpGroup": 0,
        "smpOrderId": "",
        "createdTime": milliseconds(order.created_ns),
        "updatedTime": milliseconds(updated_ns),
    }
    # ccxt tells contract from spot orders on the shared private stream by this key alone
    if listing.category is Category.LINEAR:
        shape |= {"tpslMode": "", "createType": "CreateByStopOrder" if triggered else _CREATE_TYPES[order.origin]}
    return shape


def _average(listing: Listing, value_units: int, lots: int) -> str:
    if lots == 0:
        return ""
    return plain((Decimal(value_units) / Decimal(lots * listing.step_units)).quantize(Decimal("1e-12")))


def _stop_order_type(listing: Listing, order_filter: OrderFilter) -> str:
    match order_filter:
        case OrderFilter.STOP:
            return "Stop"
        case OrderFilter.TPSL:
            return "tpslOrder"
    return "" if listing.category is Category.SPOT else "UNKNOWN"


def execution(listing: Listing, fill: ExecutionReport) -> Json:
    """An element of `execution/list` and the `execution` stream."""
    shape: Json = {
        "symbol": listing.symbol,
        "orderId": fill.order_id,
        "orderLinkId": fill.link_id,
        "side": SIDES[fill.side],
        "orderPrice": price(listing, fill.order_ticks),
        "orderQty": quantity(listing, fill.order_lots),
        "leavesQty": quantity(listing, fill.remaining_lots),
        "orderType": TYPES[fill.type],
        "stopOrderType": "",
        "execId": fill.execution_id,
        "execPrice": price(listing, fill.ticks),
        "execQty": quantity(listing, fill.lots),
        "execType": EXECUTION_TYPES[fill.origin],
        "execValue": money(fill.value_units),
        "execTime": milliseconds(fill.time_ns),
        "execFee": money(fill.fee_units),
        "feeCurrency": fill.fee_asset,
        "feeRate": fee_rate(listing, is_maker=fill.is_maker),
        "isMaker": fill.is_maker,
        "markPrice": price(listing, fill.ticks),
        "indexPrice": "",
        "underlyingPrice": "",
        "tradeIv": "",
        "markIv": "",
        "blockTradeId": "",
        "closedSize": quantity(listing, fill.closed_lots) if listing.category is Category.LINEAR else "",
        "extraFees": "",
        "seq": fill.sequence,
    }
    if listing.category is Category.LINEAR:
        shape["createType"] = _CREATE_TYPES[fill.origin]
    return shape


def funding(listing: Listing, paid: FundingReport) -> Json:
    """Funding as an element of the same lists: the fee is what was paid, the side that of the position."""
    return {
        "symbol": listing.symbol,
        "orderId": paid.execution_id,
        "orderLinkId": "",
        "side": "Buy" if paid.lots > 0 else "Sell",
        "orderPrice": "0",
        "orderQty": "0",
        "leavesQty": "0",
        "orderType": "UNKNOWN",
        "stopOrderType": "UNKNOWN",
        "createType": "",
        "execId": paid.execution_id,
        "execPrice": price(listing, paid.ticks),
        "execQty": quantity(listing, abs(paid.lots)),
        "execType": FUNDING,
        "execValue": money(paid.value_units),
        "execTime": milliseconds(paid.time_ns),
        "execFee": money(paid.paid_units),
        "feeCurrency": paid.asset,
        "feeRate": plain(decimal(paid.rate_units)),
        "isMaker": False,
        "markPrice": price(listing, paid.ticks),
        "indexPrice": "",
        "underlyingPrice": "",
        "tradeIv": "",
        "markIv": "",
        "blockTradeId": "",
        "closedSize": "0",
        "extraFees": "",
        "seq": paid.sequence,
    }


def listed_execution(listing: Listing, report: ExecutionReport | FundingReport) -> Json:
    """An element of `execution/list`, whatever its type."""
    return funding(listing, report) if isinstance(report, FundingReport) else execution(listing, report)


def streamed_execution(listing: Listing, report: ExecutionReport | FundingReport) -> Json:
    """The stream says `feeCoin` where the list says `feeCurrency`, and adds category and leverage."""
    shape = listed_execution(listing, report)
    fee_coin_name = shape.pop("feeCurrency")
    return shape | {"category": listing.category.value, "feeCoin": fee_coin_name, "isLeverage": "0", "execPnl": ""}


def fast_execution(listing: Listing, fill: ExecutionReport) -> Json:
    """An element of the `execution.fast` stream."""
    return {
        "category": listing.category.value,
        "symbol": listing.symbol,
        "execId": fill.execution_id,
        "execPrice": price(listing, fill.ticks),
        "execQty": quantity(listing, fill.lots),
        "orderId": fill.order_id,
        "isMaker": fill.is_maker,
        "orderLinkId": fill.link_id,
        "side": SIDES[fill.side],
        "execTime": milliseconds(fill.time_ns),
        "seq": fill.sequence,
    }


def fee_rate(listing: Listing, *, is_maker: bool) -> str:
    return plain(listing.maker_rate if is_maker else listing.taker_rate)

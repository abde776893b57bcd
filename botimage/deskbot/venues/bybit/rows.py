"""Bybit v5 rows, as REST lists and the private stream carry them alike, read into the engine's words.

Everything is read from the venue's own strings; no float is ever made. A row that cannot be read raises KeyError or
ValueError, and the whole answer counts as failed: an order that cannot be read is not an order that is not there.
"""

from collections.abc import Callable
from decimal import Decimal
from typing import Final

from deskbot.core import orders
from deskbot.core.events import AUTO_DELEVERAGING, LIQUIDATION, SETTLEMENT, Fill, Funding, OrderReport, VenuePosition
from deskbot.core.instrument import BUY, SELL, Instrument
from deskbot.core.money import divide_half_even, to_units
from deskbot.venues.adapter import Print, Row
from deskbot.venues.instruments import units_down

Find = Callable[[str], Instrument | None]  # venue symbol -> instrument

_SIDES: Final = {"Buy": BUY, "Sell": SELL}

# orderStatus, Bybit v5 "Enums Definitions"; a word that is not here is UNKNOWN and will be asked about.
STATES: Final = {
    "Created": orders.OPEN,
    "New": orders.OPEN,
    "Active": orders.OPEN,
    "Untriggered": orders.OPEN,
    "Triggered": orders.OPEN,
    "PartiallyFilled": orders.PARTIALLY_FILLED,
    "PendingCancel": orders.PENDING_CANCEL,
    "Filled": orders.FILLED,
    "Cancelled": orders.CANCELLED,
    "PartiallyFilledCanceled": orders.CANCELLED,  # spot only: cancelled with fills
    "Deactivated": orders.CANCELLED,  # a conditional order cancelled before its trigger
    "Expired": orders.EXPIRED,
    "Rejected": orders.REJECTED,
}
# execType, Bybit v5 "Enums Definitions": a payment, and what the venue itself makes
FUNDING: Final = "Funding"
FORCED: Final = {
    "AdlTrade": AUTO_DELEVERAGING,
    "BustTrade": LIQUIDATION,
    "Settle": SETTLEMENT,
    "Delivery": SETTLEMENT,
}
_NO_REASON: Final = {"", "EC_NoError", "UNKNOWN"}


def order_report(row: Row, find: Find, at: int) -> OrderReport:
    """One row of order/realtime, order/history or the `order` stream."""
    instrument = find(row["symbol"])
    status = row["orderStatus"]
    by_value = row.get("marketUnit") == "quoteCoin"  # a spot market order for an amount of quote: lots unknown
    return OrderReport(
        at=at,
        market=row["symbol"] if instrument is None else instrument.market,
        client_id=row.get("orderLinkId") or "",
        venue_id=row["orderId"],
        side=_SIDES[row["side"]],
        price_ticks=0 if row["orderType"] == "Market" else _whole(row["price"], instrument, "tick"),
        lots=0 if by_value else _whole(row["qty"], instrument, "lot"),
        filled_lots=_whole(row.get("cumExecQty"), instrument, "lot"),
        state=STATES.get(status, orders.UNKNOWN),
        reason=_reason(row, status),
        trigger=status == "Untriggered",
    )


def _reason(row: Row, status: str) -> str:
    if status not in STATES:
        return f"unknown order status {status}"
    for word in (row.get("rejectReason"), row.get("cancelType")):
        if word is not None and word not in _NO_REASON:
            return str(word)
    return ""


def _whole(value: str | None, instrument: Instrument | None, step: str) -> int:
    if instrument is None or value is None or value == "":
        return 0
    return units_down(value) // (instrument.tick if step == "tick" else instrument.lot)


def fill(row: Row, instrument: Instrument, at: int) -> Fill:
    """One row of execution/list or the `execution` stream.

    Liquidations and settlements are priced between two ticks, and after a change of steps amounts may lie off the lots:
    such a fill carries the venue's own figures beside the nearest ones.
    """
    side = _SIDES[row["side"]]
    fee = to_units(row.get("execFee") or "0")
    price, amount = to_units(row["execPrice"]), to_units(row["execQty"])
    return Fill(
        at=at,
        market=instrument.market,
        trade_id=row["execId"],
        client_id=row.get("orderLinkId") or "",
        venue_id=row["orderId"],
        side=side,
        ticks=divide_half_even(price, instrument.tick),
        lots=-(-amount // instrument.lot),
        fee=fee,
        fee_asset=row.get("feeCurrency") or row.get("feeCoin") or _fee_asset(instrument, side, fee),
        maker=bool(row["isMaker"]),
        venue_ms=int(row["execTime"]),
        sequence=int(row.get("seq") or 0),
        kind=FORCED.get(row.get("execType", ""), ""),
        price=price if price % instrument.tick else 0,
        amount=amount if amount % instrument.lot else 0,
    )


def funding(row: Row, instrument: Instrument, at: int) -> Funding:
    """One row of the same lists with the type Funding, whose fee is what was paid."""
    return Funding(
        at=at,
        market=instrument.market,
        funding_id=row["execId"],
        amount=-to_units(row.get("execFee") or "0"),
        asset=row.get("feeCurrency") or row.get("feeCoin") or instrument.settle,
        venue_ms=int(row["execTime"]),
    )


def _fee_asset(instrument: Instrument, side: int, fee: int) -> str:
    """Bybit v5 "Spot Fee Currency Instruction": a fee comes out of what the trade brings, a rebate in the other."""
    if instrument.linear:
        return instrument.settle
    return instrument.base if (side == BUY) == (fee >= 0) else instrument.quote


def position(row: Row, find: Find) -> VenuePosition | None:
    """One row of position/list; None for an empty one, which has no side."""
    size = Decimal(row["size"] or 0)
    if size == 0:
        return None
    instrument = find(row["symbol"])
    return VenuePosition(
        market=row["symbol"] if instrument is None else instrument.market,
        amount=_SIDES[row["side"]] * to_units(size),
        average_price=units_down(row.get("avgPrice") or row.get("entryPrice")),
    )


def balances(account: Row) -> dict[str, tuple[int, int]]:
    """(total, free) by asset of one account of account/wallet-balance; free is what no order or position holds."""
    return {coin["coin"]: _balance(coin) for coin in account["coin"]}


def _balance(coin: Row) -> tuple[int, int]:
    total = units_down(coin["walletBalance"])
    held = sum(units_down(coin.get(name)) for name in ("locked", "totalOrderIM", "totalPositionIM"))
    return total, max(0, total - held)


def equity(account: Row, asset: str) -> int | None:
    """Equity in one asset, None when the account does not state it."""
    for coin in account["coin"]:
        if coin["coin"] == asset and coin.get("equity"):
            return units_down(coin["equity"])
    return None


def tape(row: Row) -> Print:
    """One row of the `publicTrade` stream."""
    return Print(row["p"], row["v"], _SIDES[row["S"]], int(row["T"]))

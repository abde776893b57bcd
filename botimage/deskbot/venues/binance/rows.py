"""Binance's rows, read into the engine's words: REST lists of spot and USD-M alike, and both private streams alike.

Everything is read from the venue's own strings; no float is ever made. A row that cannot be read raises KeyError or
ValueError, and the whole answer counts as failed: an order that cannot be read is not an order that is not there.

    REST lists      orderId clientOrderId status origQty …     `order_report`, `fill`, `funding`
    streams         i c X q …, one row for order and execution `streamed_order`, `streamed_fill`
    USD-M algo      algoId clientAlgoId algoStatus …           `algo_report`: conditional orders, not in the book yet
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

_SIDES: Final = {"BUY": BUY, "SELL": SELL}

# "Order status" of both "ENUM Definitions"; a word that is not here is UNKNOWN and will be asked about.
STATES: Final = {
    "NEW": orders.OPEN,
    "PENDING_NEW": orders.OPEN,  # spot: waits for another order of its list
    "PARTIALLY_FILLED": orders.PARTIALLY_FILLED,
    "PENDING_CANCEL": orders.PENDING_CANCEL,
    "FILLED": orders.FILLED,
    "CANCELED": orders.CANCELLED,
    "REJECTED": orders.REJECTED,
    "EXPIRED": orders.EXPIRED,
    "EXPIRED_IN_MATCH": orders.EXPIRED,  # self-trade prevention
    "NEW_INSURANCE": orders.OPEN,  # USD-M: a liquidation that the insurance fund takes over
    "NEW_ADL": orders.OPEN,
}
# "Event: Algo Order Update" of USD-M: a conditional order ends where the order that it becomes begins.
ALGO_STATES: Final = {
    "NEW": orders.OPEN,
    "TRIGGERING": orders.OPEN,
    "TRIGGERED": orders.CANCELLED,
    "FINISHED": orders.CANCELLED,
    "CANCELED": orders.CANCELLED,
    "REJECTED": orders.REJECTED,
    "EXPIRED": orders.EXPIRED,
}
# spot: types that wait for a price before they rest
_TRIGGERS: Final = {"STOP_LOSS", "STOP_LOSS_LIMIT", "TAKE_PROFIT", "TAKE_PROFIT_LIMIT"}
# beginnings of the client ids that the venue gives to what it makes itself, USD-M "Event: Order Update"
_FORCED: Final = {
    "autoclose-": LIQUIDATION,
    "adl_autoclose": AUTO_DELEVERAGING,
    "settlement_autoclose-": SETTLEMENT,
    "delivery_autoclose-": SETTLEMENT,
}
_EXECUTED: Final = {"TRADE", "CALCULATED"}  # execution types that move a position; the latter is a liquidation's


def order_report(row: Row, find: Find, at: int) -> OrderReport:
    """One row of openOrders, allOrders or order."""
    waits = row["type"] in _TRIGGERS and row.get("isWorking") is False
    return _report(
        row["symbol"],
        row["clientOrderId"],
        row["orderId"],
        (row["side"], row["type"], row["price"], row["origQty"], row["executedQty"], row["status"]),
        find,
        at,
        waits=waits,
    )


def streamed_order(row: Row, find: Find, at: int) -> OrderReport:
    """One `executionReport` (spot) or the `o` of one ORDER_TRADE_UPDATE (USD-M)."""
    return _report(
        row["s"],
        client_id_of(row),
        row["i"],
        (row["S"], row["o"], row["p"], row["q"], row["z"], row["X"]),
        find,
        at,
        reason="" if row.get("r", "NONE") == "NONE" else str(row["r"]),
        waits=row["o"] in _TRIGGERS and row.get("w") is False,
    )


def client_id_of(row: Row) -> str:
    """The order's own client id in a streamed row: spot gives `c` to the cancel, and keeps the order's in `C`."""
    return str(row.get("C") or row["c"])


def _report(
    symbol: str,
    client_id: str,
    venue_id: object,
    facts: tuple[str, str, str, str, str, str],
    find: Find,
    at: int,
    *,
    reason: str = "",
    waits: bool = False,
) -> OrderReport:
    side, kind, price, amount, filled, status = facts
    instrument = find(symbol)
    state = STATES.get(status, orders.UNKNOWN)
    return OrderReport(
        at=at,
        market=symbol if instrument is None else instrument.market,
        client_id=client_id,
        venue_id=str(venue_id),
        side=_SIDES[side],
        price_ticks=0 if kind == "MARKET" else _whole(price, instrument, "tick"),
        lots=_whole(amount, instrument, "lot"),
        filled_lots=_whole(filled, instrument, "lot"),
        state=state,
        reason=reason if status in STATES else f"unknown order status {status}",
        trigger=waits and state == orders.OPEN,
    )


def algo_report(row: Row, find: Find, at: int) -> OrderReport:
    """One row of openAlgoOrders, or the `o` of one ALGO_UPDATE."""
    if "aid" in row:
        names = ("s", "caid", "aid", "S", "p", "q", "X")
    else:
        names = ("symbol", "clientAlgoId", "algoId", "side", "price", "quantity", "algoStatus")
    symbol, client_id, venue_id, side, price, amount, status = (row[name] for name in names)
    instrument = find(symbol)
    return OrderReport(
        at=at,
        market=symbol if instrument is None else instrument.market,
        client_id=client_id,
        venue_id=str(venue_id),
        side=_SIDES[side],
        price_ticks=_whole(price, instrument, "tick"),
        lots=_whole(amount, instrument, "lot"),
        filled_lots=0,
        state=ALGO_STATES.get(status, orders.UNKNOWN),
        reason="" if ALGO_STATES.get(status) == orders.OPEN else f"conditional order {status}",
        trigger=True,
    )


def _whole(value: str | None, instrument: Instrument | None, step: str) -> int:
    if instrument is None or value is None or value == "":
        return 0
    return units_down(value) // (instrument.tick if step == "tick" else instrument.lot)


def fill(row: Row, client_id: str, instrument: Instrument, at: int) -> Fill:
    """One row of myTrades (spot) or userTrades (USD-M), which do not name the client id of their order."""
    side = (BUY if row["isBuyer"] else SELL) if "isBuyer" in row else _SIDES[row["side"]]
    maker = row["isMaker"] if "isMaker" in row else row["maker"]
    fee = (row["commission"], row["commissionAsset"])
    return _fill(
        row["id"], client_id, row["orderId"], side, (row["price"], row["qty"]), fee, maker, row["time"], instrument, at
    )


def executed(row: Row) -> bool:
    """Whether a streamed row is an execution that can be told from every other."""
    return row["x"] in _EXECUTED and int(row["t"]) > 0


def streamed_fill(row: Row, instrument: Instrument, at: int) -> Fill:
    """The execution in one `executionReport` or ORDER_TRADE_UPDATE; the latter leaves out a commission of nothing."""
    fee = (row.get("n") or "0", row.get("N") or instrument.settle)
    side, client_id = _SIDES[row["S"]], client_id_of(row)
    return _fill(row["t"], client_id, row["i"], side, (row["L"], row["l"]), fee, row["m"], row["T"], instrument, at)


def _fill(
    trade_id: object,
    client_id: str,
    venue_id: object,
    side: int,
    traded: tuple[str, str],
    fee: tuple[str, str],
    maker: object,
    venue_ms: object,
    instrument: Instrument,
    at: int,
) -> Fill:
    price, amount = to_units(traded[0]), to_units(traded[1])
    return Fill(
        at=at,
        market=instrument.market,
        trade_id=str(trade_id),
        client_id=client_id,
        venue_id=str(venue_id),
        side=side,
        ticks=divide_half_even(price, instrument.tick),
        lots=-(-amount // instrument.lot),
        fee=to_units(fee[0]),
        fee_asset=fee[1],
        maker=bool(maker),
        venue_ms=int(str(venue_ms)),
        sequence=int(str(trade_id)),
        kind=forced(client_id),
        price=price if price % instrument.tick else 0,
        amount=amount if amount % instrument.lot else 0,
    )


def forced(client_id: str) -> str:
    """What kind of execution the venue itself made under a client id; "" for everybody's."""
    return next((kind for beginning, kind in _FORCED.items() if client_id.startswith(beginning)), "")


def funding(row: Row, instrument: Instrument, at: int) -> Funding:
    """One row of USD-M income of the type FUNDING_FEE; positive is received."""
    return Funding(at, instrument.market, str(row["tranId"]), to_units(row["income"]), row["asset"], int(row["time"]))


def position(row: Row, find: Find) -> VenuePosition | None:
    """One row of positionRisk in one-way mode; None for an empty one."""
    amount = Decimal(row["positionAmt"])
    if amount == 0:
        return None
    instrument = find(row["symbol"])
    market = row["symbol"] if instrument is None else instrument.market
    return VenuePosition(market, to_units(amount), units_down(row["entryPrice"]))


def spot_balances(account: Row) -> dict[str, tuple[int, int]]:
    """(total, free) by asset of one spot account."""
    return {one["asset"]: _both(one["free"], one["locked"]) for one in account["balances"]}


def _both(free: str, locked: str) -> tuple[int, int]:
    return units_down(free) + units_down(locked), units_down(free)


def futures_balances(account: Row) -> dict[str, tuple[int, int]]:
    """(total, free) by asset of one USD-M account; free is what no order or position holds."""
    found = ((one["asset"], units_down(one["walletBalance"]), one["availableBalance"]) for one in account["assets"])
    return {asset: (total, max(0, min(total, units_down(free)))) for asset, total, free in found}


def equity(account: Row, asset: str) -> int | None:
    """Equity of a USD-M account in one asset, None when it does not state it."""
    for one in account["assets"]:
        if one["asset"] == asset:
            return units_down(one["marginBalance"])
    return None


def tape(row: Row) -> Print:
    """One row of the `trade` or `aggTrade` stream; where the buyer was the maker the seller took."""
    return Print(row["p"], row["q"], SELL if row["m"] else BUY, int(row["T"]))

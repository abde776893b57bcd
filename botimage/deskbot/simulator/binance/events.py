"""The events of the user data streams, of spot (`executionReport` …) and of futures (`ORDER_TRADE_UPDATE` …)."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from deskbot.matching import (
    ExecutionReport,
    FundingReport,
    Listing,
    OrderReport,
    OrderStatus,
    Origin,
    PositionReport,
    WalletReport,
)
from deskbot.matching.orders import FINAL
from deskbot.simulator.binance import wording
from deskbot.simulator.binance.texts import average, eight, number_of, price, quantity

Json = dict[str, Any]
REASONS = {Origin.LIQUIDATION: "LIQUIDATION", Origin.AUTO_DELEVERAGING: "AUTO_DELEVERAGING"}


def execution_type(report: OrderReport, fill: ExecutionReport | None, *, known: bool, changed: str) -> str:
    """What just happened: `x` of either side. `changed` is the word for new terms of an order that was known."""
    if fill is not None:
        return "CALCULATED" if fill.origin is Origin.LIQUIDATION else "TRADE"
    if report.status in FINAL:
        status = wording.status(report)
        return "TRADE_PREVENTION" if status == "EXPIRED_IN_MATCH" else status
    return changed if known else "NEW"


def execution_report(
    listing: Listing, report: OrderReport, fill: ExecutionReport | None, *, known: bool, now_ms: int
) -> Json:
    """`executionReport`: a spot order after a change, with the fill that changed it."""
    number = number_of(report.order_id)
    what = execution_type(report, fill, known=known, changed="NEW" if wording.is_conditional(report) else "REPLACED")
    own_id = wording.client_id(report, number)
    cancelled = what == "CANCELED"
    return {
        "e": "executionReport",
        "E": now_ms,
        "s": listing.symbol,
        "c": f"cancel-{number}" if cancelled else own_id,
        "S": wording.side(report),
        "o": wording.original_type(listing, report),
        "f": wording.time_in_force(listing, report),
        "q": quantity(listing, report.lots),
        "p": price(listing, report.ticks),
        "P": price(listing, report.trigger_ticks or 0),
        "F": eight(0),
        "g": -1,
        "C": own_id if cancelled else "",
        "x": what,
        "X": wording.status(report),
        "r": "NONE",
        "i": number,
        "l": quantity(listing, fill.lots if fill else 0),
        "z": quantity(listing, report.filled_lots),
        "L": price(listing, fill.ticks if fill else 0),
        "n": eight(fill.fee_units) if fill else "0",
        "N": fill.fee_asset if fill else None,
        "T": report.time_ns // 1_000_000,
        "t": number_of(fill.execution_id) if fill else -1,
        "I": report.sequence,
        "w": report.status in (OrderStatus.NEW, OrderStatus.PARTIALLY_FILLED),
        "m": bool(fill and fill.is_maker),
        "M": False,
        "O": report.created_ns // 1_000_000,
        "Z": eight(report.filled_value),
        "Y": eight(fill.value_units if fill else 0),
        "Q": eight(0),
        "W": report.created_ns // 1_000_000,
        "V": "EXPIRE_MAKER",
    }


def order_trade_update(
    listing: Listing, report: OrderReport, fill: ExecutionReport | None, realised: int, *, known: bool, now_ms: int
) -> Json:
    """`ORDER_TRADE_UPDATE`: a futures order after a change, with the fill that changed it."""
    number = number_of(report.order_id)
    time_ms = report.time_ns // 1_000_000
    order: Json = {
        "s": listing.symbol,
        "c": wording.client_id(report, number),
        "S": wording.side(report),
        "o": "LIQUIDATION" if report.origin is Origin.LIQUIDATION else wording.type_now(listing, report),
        "f": wording.time_in_force(listing, report),
        "q": quantity(listing, report.lots),
        "p": price(listing, report.ticks),
        "ap": average(listing, report.filled_value, report.filled_lots),
        "sp": price(listing, report.trigger_ticks) if report.trigger_ticks is not None else "0",
        "x": execution_type(report, fill, known=known, changed="AMENDMENT"),
        "X": wording.status(report),
        "i": number,
        "l": quantity(listing, fill.lots if fill else 0),
        "z": quantity(listing, report.filled_lots),
        "L": price(listing, fill.ticks) if fill else "0",
        "T": time_ms,
        "t": number_of(fill.execution_id) if fill else 0,
        "b": "0",
        "a": "0",
        "m": bool(fill and fill.is_maker),
        "R": report.reduce_only,
        "wt": "CONTRACT_PRICE",
        "ot": wording.original_type(listing, report),
        "ps": "BOTH",
        "cp": False,
        "rp": eight(realised) if fill else "0",
        "pP": False,
        "si": 0,
        "ss": 0,
        "V": "EXPIRE_MAKER",
        "pm": "NONE",
        "gtd": 0,
    }
    if fill is not None:
        order |= {"n": eight(fill.fee_units), "N": fill.fee_asset}
    return {"e": "ORDER_TRADE_UPDATE", "E": now_ms, "T": time_ms, "o": order}


def algo_update(listing: Listing, report: OrderReport, status: str, *, now_ms: int) -> Json:
    """`ALGO_UPDATE`: a conditional futures order after a change; `ai` is the order it became."""
    number = number_of(report.order_id)
    became = status in ("TRIGGERED", "FINISHED")
    return {
        "e": "ALGO_UPDATE",
        "E": now_ms,
        "T": report.time_ns // 1_000_000,
        "o": {
            "caid": report.link_id,
            "aid": number,
            "at": "CONDITIONAL",
            "o": wording.original_type(listing, report),
            "s": listing.symbol,
            "S": wording.side(report),
            "ps": "BOTH",
            "f": wording.time_in_force(listing, report),
            "q": quantity(listing, report.lots),
            "X": status,
            "ai": str(number) if became else "",
            "ap": average(listing, report.filled_value, report.filled_lots),
            "aq": quantity(listing, report.filled_lots),
            "act": wording.type_now(listing, report) if became else "0",
            "tp": price(listing, report.trigger_ticks or 0),
            "p": price(listing, report.ticks),
            "V": "EXPIRE_MAKER",
            "wt": "CONTRACT_PRICE",
            "pm": "NONE",
            "cp": False,
            "pP": False,
            "R": report.reduce_only,
            "tt": report.time_ns // 1_000_000 if became else 0,
            "gtd": 0,
            "rm": "Insufficient margin" if report.status is OrderStatus.REJECTED else "",
        },
    }


def balances(reports: Iterable[WalletReport], *, now_ms: int) -> Json:
    """`outboundAccountPosition`: the spot coins that may have changed."""
    coins = [
        {"a": one.asset, "f": eight(one.balance_units - one.locked_units), "l": eight(one.locked_units)}
        for one in reports
    ]
    return {"e": "outboundAccountPosition", "E": now_ms, "u": now_ms, "B": coins}


def account_update(
    reason: str,
    wallets: Iterable[WalletReport],
    positions: Iterable[tuple[Listing, PositionReport, int]],
    *,
    now_ms: int,
) -> Json:
    """`ACCOUNT_UPDATE`: futures coins and positions that changed; with each position goes its unrealised PnL."""
    coins = [
        {"a": one.asset, "wb": eight(one.balance_units), "cw": eight(one.balance_units), "bc": "0"} for one in wallets
    ]
    held = [
        {
            "s": listing.symbol,
            "pa": quantity(listing, one.lots),
            "ep": average(listing, one.cost_units, abs(one.lots)),
            "bep": average(listing, one.cost_units, abs(one.lots)),
            "cr": eight(one.realised_units),
            "up": eight(unrealised),
            "mt": "cross",
            "iw": "0",
            "ps": "BOTH",
            "ma": listing.settle,
        }
        for listing, one, unrealised in positions
    ]
    return {"e": "ACCOUNT_UPDATE", "E": now_ms, "T": now_ms, "a": {"m": reason, "B": coins, "P": held}}


def reason_of(fills: Iterable[ExecutionReport], fundings: Iterable[FundingReport]) -> str:
    """Why balances changed: `m` of `ACCOUNT_UPDATE`."""
    if any(fundings):
        return "FUNDING_FEE"
    return next((REASONS[one.origin] for one in fills if one.origin in REASONS), "ORDER")


def listen_key_expired(listen_key: str, *, now_ms: int) -> Json:
    return {"e": "listenKeyExpired", "E": now_ms, "listenKey": listen_key}

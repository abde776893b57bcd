"""What a bot says it has done, in the fields of the simulator's ground truth: one can be held to the other."""

from typing import Any

from deskbot.core.money import from_units
from deskbot.core.summary import PositionSummary, Summary
from deskbot.runtime.build import is_compiled


def report_of(summary: Summary) -> dict[str, Any]:
    """Which build it runs, counts, and per market what the ledger says; money as decimal text."""
    return {
        "compiled": is_compiled(),
        "state": summary.state,
        "problem": summary.problem[0] if summary.problem is not None else "",
        "closed": summary.closed,
        "doubts": {position.market: position.doubt for position in summary.positions if position.doubt},
        "orders": summary.orders,
        "fills": summary.fills,
        "openOrders": summary.open_orders,
        "ledger": {position.market: ledger_view(position) for position in summary.positions},
        "lastExecutionId": {p.market: p.last_trade_id for p in summary.positions if p.last_trade_id},
        "rejections": dict(sorted(summary.rejections.items())),
    }


def ledger_view(position: PositionSummary) -> dict[str, Any]:
    """One market; `cash` is before fees, `realisedPnl` by average cost before fees."""
    return {
        "position": text(position.amount),
        "cash": text(position.cash),
        "fees": {asset: text(fee) for asset, fee in sorted(position.fees.items())},
        "realisedPnl": text(position.realised),
        "fills": position.fills,
    }


def text(units: int) -> str:
    """Units of 10^-18 as plain decimal text."""
    return format(from_units(units), "f")

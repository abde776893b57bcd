"""`account/transaction-log`: every change of a coin's balance, one row for each coin a fill moved.

`change = cashFlow - fee` and `cashBalance` is the balance right after it, as on the venue. A spot fill moves two
coins; a linear fill moves the settle coin by the PnL it realised. The rows are made from the executions, walked forward
for the PnL and backward from today's balances for `cashBalance`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from deskbot.matching import Category, Exchange, ExecutionReport, Listing
from deskbot.matching.ledger import MarketLedger
from deskbot.simulator.bybit.call import Call, Json
from deskbot.simulator.bybit.numbers import milliseconds, money, price, quantity
from deskbot.simulator.bybit.shapes import SIDES, fee_rate


@dataclass(slots=True)
class Row:
    """One coin moved by one fill, in units of the coin; `balance` is what was left after it."""

    fill: ExecutionReport
    listing: Listing
    asset: str
    cash_flow: int
    fee: int
    size: int
    balance: int = 0

    @property
    def change(self) -> int:
        return self.cash_flow - self.fee


def transaction_log(call: Call) -> Json:
    rows = [row for row in _rows(call.exchange, call.key) if _wanted(call, row)]
    page, cursor = call.page(rows, lambda row: (row.fill.sequence, row.asset), call.limit(20, 50))
    return {"list": [_shape(row) for row in page], "nextPageCursor": cursor}


def _wanted(call: Call, row: Row) -> bool:
    filters = {
        "category": row.listing.category.value,
        "currency": row.asset,
        "baseCoin": row.listing.base,
        "type": "TRADE",
    }
    return all(call.text(name) in ("", value) for name, value in filters.items()) and (
        call.integer("startTime", 0) <= row.fill.time_ns // 1_000_000 <= call.integer("endTime", 2**63)
    )


def _rows(exchange: Exchange, account: str) -> list[Row]:
    """Oldest first."""
    ledgers: dict[str, MarketLedger] = {}
    rows: list[Row] = []
    for fill in exchange.executions(account):
        listing = exchange.listings[fill.market]
        ledger = ledgers.setdefault(fill.market, MarketLedger(listing))
        realised = ledger.fill(fill.side, fill.ticks, fill.lots, fill.fee_units, fill.fee_asset)
        rows += (
            _spot(fill, listing)
            if listing.category is Category.SPOT
            else [_linear(fill, listing, ledger.lots, realised)]
        )
    _fill_balances(rows, {asset: report.balance_units for asset, report in exchange.wallet(account).items()})
    return rows


def _spot(fill: ExecutionReport, listing: Listing) -> Iterator[Row]:
    moved = {
        listing.base: fill.side.sign * fill.lots * listing.step_units,
        listing.quote: -fill.side.sign * fill.value_units,
    }
    for asset, cash_flow in moved.items():
        yield Row(fill, listing, asset, cash_flow, fill.fee_units if asset == fill.fee_asset else 0, 0)


def _linear(fill: ExecutionReport, listing: Listing, position_lots: int, realised: int) -> Row:
    return Row(fill, listing, listing.settle, realised, fill.fee_units, position_lots)


def _fill_balances(rows: list[Row], balances: dict[str, int]) -> None:
    for row in reversed(rows):
        row.balance = balances[row.asset]
        balances[row.asset] -= row.change


def _shape(row: Row) -> Json:
    fill, listing = row.fill, row.listing
    return {
        "id": f"{fill.execution_id}_{row.asset}",
        "symbol": listing.symbol,
        "category": listing.category.value,
        "side": SIDES[fill.side],
        "transactionTime": milliseconds(fill.time_ns),
        "type": "TRADE",
        "transSubType": "",
        "qty": quantity(listing, fill.lots),
        "size": quantity(listing, row.size),
        "currency": row.asset,
        "tradePrice": price(listing, fill.ticks),
        "funding": "",
        "fee": money(row.fee),
        "cashFlow": money(row.cash_flow),
        "change": money(row.change),
        "cashBalance": money(row.balance),
        "feeRate": fee_rate(listing, is_maker=fill.is_maker),
        "bonusChange": "0",
        "tradeId": fill.execution_id,
        "orderId": fill.order_id,
        "orderLinkId": fill.link_id,
        "extraFees": "",
    }

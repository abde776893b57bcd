"""`account/transaction-log`: every change of a coin's balance, one row for each coin a fill moved.

`change = cashFlow + funding - fee` and `cashBalance` is the balance right after it, as on the venue, where `funding` is
positive when it was received. A spot fill moves two coins; a linear fill moves the settle coin by the PnL it realised.
The rows are made from the executions that are still kept, walked forward for the PnL and backward from today's balances
for `cashBalance`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from deskbot.matching import Category, Exchange, ExecutionReport, FundingReport, Listing, Origin, Side
from deskbot.matching.ledger import MarketLedger
from deskbot.matching.units import decimal
from deskbot.simulator.bybit.call import Call, Json
from deskbot.simulator.bybit.shapes import SIDES, fee_rate
from deskbot.simulator.numbers import milliseconds, money, plain, price, quantity

TYPES = {
    Origin.OWNER: "TRADE",
    Origin.LIQUIDATION: "LIQUIDATION",
    Origin.AUTO_DELEVERAGING: "ADL",
    Origin.SETTLEMENT: "DELIVERY",
}


@dataclass(slots=True)
class Row:
    """One coin moved by one fill or funding, in units of the coin; `balance` is what was left after it."""

    fill: ExecutionReport | FundingReport
    listing: Listing
    asset: str
    cash_flow: int
    fee: int
    size: int
    funding: int = 0
    balance: int = 0

    @property
    def change(self) -> int:
        return self.cash_flow + self.funding - self.fee

    @property
    def type(self) -> str:
        """Bybit v5 "Enums", type of the transaction log."""
        return "SETTLEMENT" if isinstance(self.fill, FundingReport) else TYPES[self.fill.origin]


def transaction_log(call: Call) -> Json:
    rows = [row for row in _rows(call.exchange, call.key) if _wanted(call, row)]
    page, cursor = call.page(rows, lambda row: (row.fill.sequence, row.asset), call.limit(20, 50))
    return {"list": [_shape(row) for row in page], "nextPageCursor": cursor}


def _wanted(call: Call, row: Row) -> bool:
    filters = {
        "category": row.listing.category.value,
        "currency": row.asset,
        "baseCoin": row.listing.base,
        "type": row.type,
    }
    return all(call.text(name) in ("", value) for name, value in filters.items()) and (
        call.integer("startTime", 0) <= row.fill.time_ns // 1_000_000 <= call.integer("endTime", 2**63)
    )


def _rows(exchange: Exchange, account: str) -> list[Row]:
    """Oldest first."""
    ledgers = exchange.ledgers_before(account)
    rows: list[Row] = []
    executions: list[ExecutionReport | FundingReport] = [*exchange.executions(account), *exchange.fundings(account)]
    for fill in sorted(executions, key=lambda one: one.sequence):
        listing = exchange.listings[fill.market]
        if isinstance(fill, FundingReport):
            rows.append(Row(fill, listing, listing.settle, 0, 0, fill.lots, -fill.paid_units))
            continue
        ledger = ledgers.setdefault(fill.market, MarketLedger(listing))
        realised = ledger.fill(fill.side, fill.ticks, fill.lots, fill.fee_units, fill.fee_asset, fill.origin)
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
        "transactionTime": milliseconds(fill.time_ns),
        "type": row.type,
        "transSubType": "",
        "qty": quantity(listing, abs(fill.lots)),
        "size": quantity(listing, row.size),
        "currency": row.asset,
        "tradePrice": price(listing, fill.ticks),
        "funding": money(row.funding) if isinstance(fill, FundingReport) else "",
        "fee": money(row.fee),
        "cashFlow": money(row.cash_flow),
        "change": money(row.change),
        "cashBalance": money(row.balance),
        "bonusChange": "0",
        "tradeId": fill.execution_id,
        "extraFees": "",
        **_of_its_order(listing, fill),
    }


def _of_its_order(listing: Listing, fill: ExecutionReport | FundingReport) -> Json:
    if isinstance(fill, FundingReport):
        side = Side.BUY if fill.lots > 0 else Side.SELL
        rate = plain(decimal(fill.rate_units))
        return {"side": SIDES[side], "feeRate": rate, "orderId": fill.execution_id, "orderLinkId": ""}
    rate = fee_rate(listing, is_maker=fill.is_maker)
    return {"side": SIDES[fill.side], "feeRate": rate, "orderId": fill.order_id, "orderLinkId": fill.link_id}

"""The venue's own books on an account: what a client must agree with to the last digit.

The ledger is the exchange's, not the client's and not rebuilt here; only an earlier state ("up to that execution") is
summed again, by the exchange's own ledger over those of its executions that are still kept. `lastOrderGoneAt` is when
the account's list of orders last became empty: the end of a halt as the venue saw it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from deskbot.matching import Exchange, ExecutionReport, MarketTruth, OrderReport, Report
from deskbot.matching.ledger import MarketLedger
from deskbot.matching.orders import FINAL
from deskbot.matching.units import decimal


class UnknownExecution(LookupError):
    """`until` names an execution the account does not have."""


class LastOrderGone:
    """Watches reports for the moment an account's last order ended."""

    def __init__(self) -> None:
        self._live: dict[str, set[str]] = {}
        self._gone_ns: dict[str, int] = {}

    def observe(self, reports: Sequence[Report]) -> None:
        for report in reports:
            if isinstance(report, OrderReport):
                self._observe_order(report)

    def _observe_order(self, report: OrderReport) -> None:
        live = self._live.setdefault(report.account, set())
        if report.status not in FINAL:
            live.add(report.order_id)
        elif report.order_id in live:
            live.remove(report.order_id)
            if not live:
                self._gone_ns[report.account] = report.time_ns

    def stamp_ns(self, account: str) -> int | None:
        """Venue time of the last order's end; None while orders are open, and before there was one."""
        return None if self._live.get(account) else self._gone_ns.get(account)


def ground_truth(
    exchange: Exchange,
    account: str,
    gone: LastOrderGone | None = None,
    until: str = "",
    name: Callable[[str], str] = str,
) -> dict[str, Any]:
    """The view of `GET /ground-truth`; money as decimal strings, markets by their ccxt names.

    With `until` position, cash, fees, realisedPnl, fills, executions and lastExecutionId are those right after that
    execution; orders are always those of now. `name` turns an execution's id into what clients know it by.
    Raises UnknownExecution, and KeyError for an unknown account.
    """
    truth = exchange.ground_truth(account)
    fills = exchange.executions(account)
    markets, later = truth.markets, 0
    if until:
        kept, fills = fills, _up_to(fills, until, name)
        markets, later = _summed(exchange, account, fills), len(kept) - len(fills)
    last = fills[-1] if fills else None
    return {
        "account": account,
        "asOf": truth.time_ns,
        "markets": {exchange.listings[key].unified: _whole_view(market) for key, market in markets.items()},
        "openOrders": truth.open_orders,
        "ordersInFlight": truth.orders_in_flight,
        "executions": truth.executions - later,
        "lastExecutionId": name(last.execution_id) if last is not None else None,
        "lastExecutionSequence": last.sequence if last is not None else None,
        "lastOrderGoneAt": gone.stamp_ns(account) if gone is not None else None,
    }


def books_beside(ledger: Mapping[str, Any], exchange: Exchange, account: str) -> dict[str, Any]:
    """The exchange's books on the markets of a client's ledger, traded or not, and on any other that was traded."""
    traded = exchange.ground_truth(account).markets
    wanted = {key: listing for key, listing in exchange.listings.items() if listing.unified in ledger or key in traded}
    return {
        listing.unified: market_view(traded[key] if key in traded else MarketLedger(listing).truth())
        for key, listing in wanted.items()
    }


def market_view(market: MarketTruth) -> dict[str, Any]:
    """One market; `cash` is before fees, `realisedPnl` by average cost before fees."""
    return {
        "position": _text(market.position_units),
        "cash": _text(market.cash_units),
        "fees": {asset: _text(fee) for asset, fee in sorted(market.fees.items())},
        "realisedPnl": _text(market.realised_units),
        "fills": market.fills,
    }


def _whole_view(market: MarketTruth) -> dict[str, Any]:
    """With what the venue did on its own account: funding paid (received, if negative) and fills it made itself."""
    forced = {origin.value: count for origin, count in sorted(market.forced.items())}
    return market_view(market) | {"funding": _text(market.funding_units), "forced": forced}


def _text(units: int) -> str:
    return format(decimal(units), "f")


def _up_to(fills: list[ExecutionReport], until: str, name: Callable[[str], str]) -> list[ExecutionReport]:
    for index, fill in enumerate(fills):
        if name(fill.execution_id) == until:
            return fills[: index + 1]
    raise UnknownExecution(f"the account has no execution {until!r}, or none that is still kept")


def _summed(exchange: Exchange, account: str, fills: Sequence[ExecutionReport]) -> dict[str, MarketTruth]:
    """The sums right after the last of these fills, funding until then included."""
    ledgers = exchange.ledgers_before(account)
    for fill in fills:
        ledger = ledgers.setdefault(fill.market, MarketLedger(exchange.listings[fill.market]))
        ledger.fill(fill.side, fill.ticks, fill.lots, fill.fee_units, fill.fee_asset, fill.origin)
    for paid in exchange.fundings(account):
        if paid.sequence <= fills[-1].sequence:
            ledgers[paid.market].fund(paid.paid_units)
    return {key: ledger.truth() for key, ledger in ledgers.items()}

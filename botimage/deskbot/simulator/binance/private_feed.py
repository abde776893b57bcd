"""The user data streams: every report of the exchange to the streams of its account, in the order it happened.

Orders and fills are told one by one, a fill together with the order as it stands after it; balances and positions once
per batch of reports. What the venue refuses in its answer it never tells here. Spot and futures have streams apart.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from deskbot.matching import (
    Category,
    Exchange,
    ExecutionReport,
    FundingReport,
    OrderReport,
    PositionReport,
    Report,
    WalletReport,
)
from deskbot.matching.ledger import MarketLedger
from deskbot.matching.orders import FINAL
from deskbot.simulator.binance import events, wording
from deskbot.simulator.binance.rest_orders import booked
from deskbot.simulator.channel import Json
from deskbot.simulator.connection import Connection
from deskbot.simulator.venue import Venue


@dataclass(frozen=True, slots=True)
class Tap:
    """One stream of one account; over the WebSocket API its events are wrapped with the subscription's id."""

    connection: Connection
    account: str
    category: Category
    subscription: int | None = None

    def send(self, event: Json) -> None:
        shape = event if self.subscription is None else {"subscriptionId": self.subscription, "event": event}
        self.connection.send(shape, str(event["e"]))


@dataclass(slots=True)
class _Batch:
    """What the reports of one account told of its money."""

    wallets: dict[str, WalletReport] = field(default_factory=dict)
    positions: dict[str, PositionReport] = field(default_factory=dict)
    fills: list[ExecutionReport] = field(default_factory=list)
    fundings: list[FundingReport] = field(default_factory=list)


class PrivateFeed:
    def __init__(self, venue: Venue) -> None:
        self._exchange: Exchange = venue.exchange
        self._clock = venue.clock
        self._taps: list[Tap] = []
        self._live: set[str] = set()
        self._triggered: set[str] = set()
        self._ledgers: dict[tuple[str, str], MarketLedger] = {}
        venue.on_reports(self._tell)

    def join(self, tap: Tap) -> None:
        self._taps.append(tap)

    def leave(self, connection: Connection, subscription: int | None = None) -> None:
        """End the connection's streams, or one of them."""
        self._taps = [
            tap
            for tap in self._taps
            if tap.connection is not connection or (subscription is not None and tap.subscription != subscription)
        ]

    def subscriptions(self, connection: Connection) -> list[int]:
        """The ids of a connection's streams over the WebSocket API."""
        return [tap.subscription for tap in self._taps if tap.connection is connection and tap.subscription is not None]

    def expire(self, account: str, listen_key: str) -> None:
        """Tell that a listen key is over; its streams stay open and silent."""
        event = events.listen_key_expired(listen_key, now_ms=self._now_ms())
        for tap in self._taps:
            if tap.account == account and tap.category is Category.LINEAR:
                tap.send(event)
        self._taps = [tap for tap in self._taps if tap.account != account or tap.category is Category.SPOT]

    def _now_ms(self) -> int:
        return self._clock.now_ns() // 1_000_000

    def _tell(self, reports: Sequence[Report]) -> None:
        batches: dict[str, _Batch] = {}
        fill: ExecutionReport | None = None
        realised = 0
        for report in reports:
            batch = batches.setdefault(report.account, _Batch())
            match report:
                case ExecutionReport():
                    fill, realised = report, self._book(report)
                    batch.fills.append(report)
                case OrderReport():
                    self._tell_order(report, fill, realised)
                    fill = None
                case PositionReport():
                    batch.positions[report.market] = report
                case WalletReport():
                    batch.wallets[report.asset] = report
                case FundingReport():
                    self._ledger(report).fund(report.paid_units)
                    batch.fundings.append(report)
        for account, batch in batches.items():
            self._tell_money(account, batch)

    def _ledger(self, report: ExecutionReport | FundingReport) -> MarketLedger:
        key = (report.account, report.market)
        if key not in self._ledgers:
            self._ledgers[key] = MarketLedger(self._exchange.listings[report.market])
        return self._ledgers[key]

    def _book(self, fill: ExecutionReport) -> int:
        return booked(self._ledger(fill), fill)

    def _tell_order(self, report: OrderReport, fill: ExecutionReport | None, realised: int) -> None:
        listing = self._exchange.listings[report.market]
        known = report.order_id in self._live
        if report.status in FINAL:
            self._live.discard(report.order_id)
        else:
            self._live.add(report.order_id)
        if wording.was_refused(listing, report):
            return
        if listing.category is Category.SPOT:
            event = events.execution_report(listing, report, fill, known=known, now_ms=self._now_ms())
            self._send(report.account, Category.SPOT, event)
            return
        now_ms = self._now_ms()
        status = self._algo_status(report) if wording.is_conditional(report) else None
        known = known and status != "TRIGGERED"
        told = [] if status is None else [events.algo_update(listing, report, status, now_ms=now_ms)]
        if not wording.is_algo(listing, report):
            event = events.order_trade_update(listing, report, fill, realised, known=known, now_ms=now_ms)
            told = [event, *told] if status == "FINISHED" else [*told, event]
        for event in told:
            self._send(report.account, Category.LINEAR, event)

    def _algo_status(self, report: OrderReport) -> str | None:
        """What became of an algo order as such; None where only the order it became has changed."""
        if wording.is_algo(self._exchange.listings[report.market], report):
            return wording.status(report)
        if report.status in FINAL:
            self._triggered.discard(report.order_id)
            return "FINISHED"
        if report.order_id in self._triggered:
            return None
        self._triggered.add(report.order_id)
        return "TRIGGERED"

    def _tell_money(self, account: str, batch: _Batch) -> None:
        now_ms = self._now_ms()
        if batch.wallets:
            self._send(account, Category.SPOT, events.balances(batch.wallets.values(), now_ms=now_ms))
        if batch.positions or batch.fundings:
            listings, exchange = self._exchange.listings, self._exchange
            positions = [
                (listings[key], one, exchange.unrealised_units(account, key)) for key, one in batch.positions.items()
            ]
            reason = events.reason_of(batch.fills, batch.fundings)
            event = events.account_update(reason, batch.wallets.values(), positions, now_ms=now_ms)
            self._send(account, Category.LINEAR, event)

    def _send(self, account: str, category: Category, event: Json) -> None:
        for tap in tuple(self._taps):
            if tap.account == account and tap.category is category:
                tap.send(event)

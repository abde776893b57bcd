"""The private stream: every report of the exchange to the connections of its account, in the order it happened.

Orders and executions are told one by one; position and wallet once per batch of reports, as they stand after it.
"""

from __future__ import annotations

from collections.abc import Sequence

from deskbot.matching import Exchange, ExecutionReport, FundingReport, OrderReport, PositionReport, Report, WalletReport
from deskbot.simulator.bybit import rest_account, shapes
from deskbot.simulator.bybit.call import Json
from deskbot.simulator.connection import Connection
from deskbot.simulator.venue import Venue

KINDS = ("order", "execution", "execution.fast", "position", "wallet", "dcp")
SUFFIXES = ("", ".spot", ".linear", ".inverse", ".option", ".future")
TOPICS = frozenset(kind + suffix for kind in KINDS for suffix in SUFFIXES)


class PrivateFeed:
    def __init__(self, venue: Venue) -> None:
        self._exchange: Exchange = venue.exchange
        self._clock = venue.clock
        self._connections: dict[str, set[Connection]] = {}
        venue.on_reports(self._tell)

    def join(self, connection: Connection) -> None:
        """From its authentication on a connection hears of its account."""
        self._connections.setdefault(connection.account, set()).add(connection)

    def leave(self, connection: Connection) -> None:
        self._connections.get(connection.account, set()).discard(connection)

    def _tell(self, reports: Sequence[Report]) -> None:
        positions: dict[tuple[str, str], PositionReport] = {}
        wallets: dict[str, None] = {}
        for report in reports:
            if not self._connections.get(report.account):
                continue
            match report:
                case OrderReport():
                    self._tell_order(report)
                case ExecutionReport():
                    self._tell_execution(report)
                case FundingReport():
                    listing = self._exchange.listings[report.market]
                    self._send(report.account, "execution", "linear", shapes.streamed_execution(listing, report))
                case PositionReport():
                    positions[report.account, report.market] = report
                case WalletReport():
                    wallets[report.account] = None
        for position in positions.values():
            shape = rest_account.position(self._exchange, position) | {"category": "linear"}
            self._send(position.account, "position", "linear", shape)
        for account in wallets:
            self._send(account, "wallet", "", rest_account.wallet(self._exchange, account))

    def _tell_order(self, report: OrderReport) -> None:
        listing = self._exchange.listings[report.market]
        category = listing.category.value
        shape = {"category": category} | shapes.order(listing, report, report.time_ns)
        self._send(report.account, "order", category, shape)

    def _tell_execution(self, report: ExecutionReport) -> None:
        listing = self._exchange.listings[report.market]
        category = listing.category.value
        self._send(report.account, "execution", category, shapes.streamed_execution(listing, report))
        self._send(report.account, "execution.fast", category, shapes.fast_execution(listing, report))

    def _send(self, account: str, kind: str, category: str, shape: Json) -> None:
        for connection in self._connections.get(account, ()):
            for topic in (kind, f"{kind}.{category}"):
                if topic in connection.topics:
                    connection.send(self._message(connection, topic, shape), topic)

    def _message(self, connection: Connection, topic: str, shape: Json) -> Json:
        now_ms = self._clock.now_ns() // 1_000_000
        return {"id": f"{connection.name}-{now_ms}", "topic": topic, "creationTime": now_ms, "data": [shape]}

"""The matching core as the engine's venue: commands in, events out, each at the virtual time it would arrive.

A request reaches the exchange after its entry latency (the exchange's own), its answer is back one round trip after it
left; reports of the private stream arrive one stream delay after they happened. Events that are due at the same moment
keep the order in which they were made, so that one seed gives one run.
"""

import heapq
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from deskbot.backtest.translation import NS_PER_MS, STATES, fill_of, instrument_of, new_order, order_report
from deskbot.core.commands import (
    ArmDeadMan,
    Cancel,
    CancelAll,
    CancelForeign,
    Command,
    Place,
    QueryBalances,
    QueryFills,
    QueryOpenOrders,
    QueryOrder,
    QueryPositions,
)
from deskbot.core.events import (
    ACCEPTED,
    NOT_FOUND,
    REJECTED,
    BalancesAnswer,
    CancelAllResult,
    CancelResult,
    DeadManAnswer,
    Event,
    FillsAnswer,
    OpenOrdersAnswer,
    OrderAnswer,
    PlaceResult,
    PositionsAnswer,
    VenuePosition,
    VenueReady,
)
from deskbot.core.money import UNIT, divide_half_even
from deskbot.matching import (
    CancelFilter,
    Category,
    Exchange,
    ExecutionReport,
    Listing,
    OrderFilter,
    Refusal,
)
from deskbot.matching import OrderReport as VenueOrderReport

ACCOUNT = "backtest"


@dataclass(frozen=True)
class Delays:
    """Nanoseconds: from a request to its answer, and from a change at the venue to its report."""

    round_trip: int = 10 * NS_PER_MS
    stream: int = 2 * NS_PER_MS


class VirtualVenue:
    """Carries requests to the exchange and brings back what it says; `due` tells when something arrives next."""

    def __init__(self, exchange: Exchange, listings: list[Listing], delays: Delays) -> None:
        self._exchange = exchange
        self._listings = {listing.unified: listing for listing in listings}
        self._by_key = {listing.key: listing for listing in listings}
        self.instruments = {listing.unified: instrument_of(listing) for listing in listings}
        self._delays = delays
        self._arriving: list[tuple[int, int, Event]] = []
        self._made = 0
        self._answers: dict[type, Callable[[int, Any], Event]] = {
            Place: self._place,
            Cancel: self._cancel,
            CancelForeign: self._cancel_foreign,
            CancelAll: self._cancel_all,
            QueryOrder: self._order,
            QueryOpenOrders: self._open_orders,
            QueryPositions: self._positions,
            QueryBalances: self._balances,
            QueryFills: self._fills,
            ArmDeadMan: self._dead_man,
        }

    def ready(self, at: int) -> VenueReady:
        """The venue is open."""
        return VenueReady(at, ACCOUNT, self.instruments)

    def due(self) -> int | None:
        """When the next event arrives at the engine."""
        return self._arriving[0][0] if self._arriving else None

    def arrive(self) -> Event:
        """The event that is due first."""
        return heapq.heappop(self._arriving)[2]

    def send(self, at: int, command: Command) -> None:
        """Carry one request out; its answer arrives later."""
        self._later(at + self._delays.round_trip, self._answers[type(command)](at, command))

    def collect(self) -> None:
        """Take over what happened at the exchange since the last call."""
        for report in self._exchange.drain_reports():
            if isinstance(report, VenueOrderReport) and report.status in STATES:
                self._later(report.time_ns + self._delays.stream, order_report(report, self._by_key[report.market]))
            elif isinstance(report, ExecutionReport):
                self._later(report.time_ns + self._delays.stream, fill_of(report, self._by_key[report.market]))

    def _later(self, at: int, event: Event) -> None:
        self._made += 1
        event.at = at
        heapq.heappush(self._arriving, (at, self._made, event))

    # requests

    def _place(self, at: int, command: Place) -> Event:
        listing, instrument = self._listings[command.market], self.instruments[command.market]
        answer = self._exchange.create(at, ACCOUNT, new_order(command, listing, instrument))
        if isinstance(answer, Refusal):
            return PlaceResult(at, command.client_id, REJECTED, reason=str(answer))
        return PlaceResult(at, command.client_id, ACCEPTED, answer.order_id)

    def _cancel(self, at: int, command: Cancel) -> Event:
        answer = self._exchange.cancel(at, ACCOUNT, self._listings[command.market].key, link_id=command.client_id)
        refused = isinstance(answer, Refusal)
        return CancelResult(at, command.client_id, NOT_FOUND if refused else ACCEPTED, str(answer) if refused else "")

    def _cancel_foreign(self, at: int, command: CancelForeign) -> Event:
        answer = self._exchange.cancel(at, ACCOUNT, self._listings[command.market].key, order_id=command.venue_id)
        return CancelResult(at, "", NOT_FOUND if isinstance(answer, Refusal) else ACCEPTED)

    def _cancel_all(self, at: int, command: CancelAll) -> Event:
        cancelled = 0
        for market in command.markets:
            for kind in OrderFilter:
                which = CancelFilter(market=self._listings[market].key, order_filter=kind)
                cancelled += len(self._exchange.cancel_all(at, ACCOUNT, which))
        return CancelAllResult(at, command.request, ACCEPTED, cancelled)

    def _dead_man(self, at: int, command: ArmDeadMan) -> Event:
        return DeadManAnswer(at, command.request, REJECTED, "a backtest has no dead man's switch")

    # questions

    def _order(self, at: int, command: QueryOrder) -> Event:
        found = self._exchange.find_order(ACCOUNT, link_id=command.client_id)
        if found is None or found.status not in STATES:
            return OrderAnswer(at, command.client_id, NOT_FOUND)
        return OrderAnswer(at, command.client_id, ACCEPTED, order_report(found, found.listing))

    def _open_orders(self, at: int, command: QueryOpenOrders) -> Event:
        return OpenOrdersAnswer(
            at,
            command.request,
            True,
            [order_report(order, order.listing) for order in self._exchange.open_orders(ACCOUNT)],
        )

    def _positions(self, at: int, command: QueryPositions) -> Event:
        linear = [listing for listing in self._by_key.values() if listing.category is Category.LINEAR]
        return PositionsAnswer(at, command.request, True, [self._position(listing) for listing in linear])

    def _position(self, listing: Listing) -> VenuePosition:
        position = self._exchange.position(ACCOUNT, listing.key)
        amount = position.lots * listing.step_units
        average = divide_half_even(position.cost_units * UNIT, abs(amount)) if amount else 0
        return VenuePosition(listing.unified, amount, average)

    def _balances(self, at: int, command: QueryBalances) -> Event:
        wallet = self._exchange.wallet(ACCOUNT)
        balances = {a: (w.balance_units, w.balance_units - w.locked_units) for a, w in wallet.items()}
        return BalancesAnswer(at, command.request, True, balances, self._equity(balances))

    def _equity(self, balances: dict[str, tuple[int, int]]) -> int | None:
        """The first market's quote coin, with its base coin at the middle of the book or the open position's PnL."""
        listing = next(iter(self._by_key.values()))
        total = balances.get(listing.quote, (0, 0))[0]
        if listing.category is Category.LINEAR:
            return total + self._exchange.unrealised_units(ACCOUNT, listing.key)
        book = self._exchange.book(listing.key, 1)
        if not book.bids:
            return None
        return total + listing.worth(book.bids[0][0], balances.get(listing.base, (0, 0))[0])

    def _fills(self, at: int, command: QueryFills) -> Event:
        key = self._listings[command.market].key
        since = command.since_ms * NS_PER_MS
        fills = [
            fill_of(execution, self._by_key[key])
            for execution in self._exchange.executions(ACCOUNT)
            if execution.market == key and execution.time_ns >= since
        ]
        return FillsAnswer(at, command.request, command.market, True, fills)

"""A whole small exchange in virtual time.

Recorded market events come in through `market_event`, requests of accounts through `create`, `amend`, `cancel` and
`cancel_all`; everything that happens comes out of `drain_reports`, in order. Time is handed in with each call, in
nanoseconds, and never runs back: a call first does all work due until then. The same calls with the same seed give
the same reports, byte for byte.
"""

import heapq
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from random import Random

from deskbot.matching.accounts import DEFAULT_LEVERAGE, Account
from deskbot.matching.clearing import Clearing
from deskbot.matching.countdown import Countdowns
from deskbot.matching.intake import order_from, terms_from
from deskbot.matching.latency import Latency
from deskbot.matching.listing import Category, Listing
from deskbot.matching.market import Market, MarketStatus, Terms
from deskbot.matching.market_data import MarketEvent
from deskbot.matching.orders import (
    FINAL,
    Accepted,
    Amendment,
    CancelFilter,
    EndReason,
    NewOrder,
    Order,
    OrderStatus,
    Refusal,
)
from deskbot.matching.queueing import QueueModel
from deskbot.matching.reports import Report
from deskbot.matching.settlement import IdSource, Settlement
from deskbot.matching.units import units
from deskbot.matching.views import Views

NOT_TRADING = {MarketStatus.HALTED: Refusal.MARKET_HALTED, MarketStatus.CLOSED: Refusal.MARKET_CLOSED}


class Exchange(Views):
    """Markets driven by a recording, accounts that trade on them, and the reports of all that.

    Raises KeyError where a query names an account or market that is not there (`has_account`, `listings` tell).
    """

    def __init__(
        self,
        listings: Iterable[Listing],
        *,
        seed: int,
        latency: Latency | None = None,
        queue_model: QueueModel = QueueModel.PROPORTIONAL,
        start_ns: int = 0,
    ) -> None:
        listed = {listing.key: listing for listing in listings}
        settlement = Settlement(listed.values(), seed, start_ns)
        markets = {key: Market(listing, settlement, queue_model) for key, listing in listed.items()}
        super().__init__(listed, settlement, markets)
        self._latency = latency or Latency()
        self._random = Random(seed)  # noqa: S311 - a simulation, repeatable on purpose
        self._order_ids = IdSource("order", seed, start_ns)
        self._due: list[tuple[int, int, Callable[[], None]]] = []
        self._scheduled = 0
        self.clearing = Clearing(listed, settlement, markets, self._order_ids, self._finish, self._schedule)
        self._countdowns = Countdowns(self._schedule, self._run_out)

    # what time it is and what is due

    def advance(self, to_ns: int) -> None:
        """Do all work due until then (arrivals, expiries), in time order."""
        due, settlement = self._due, self._settlement
        while due and due[0][0] <= to_ns:
            at_ns, _, work = heapq.heappop(due)
            settlement.now_ns = max(settlement.now_ns, at_ns)
            work()
        settlement.now_ns = max(settlement.now_ns, to_ns)

    def next_due(self) -> int | None:
        """When the next internal work is due, or None."""
        return self._due[0][0] if self._due else None

    def drain_reports(self) -> list[Report]:
        """Every report since the last call, oldest first."""
        return self._settlement.drain()

    # the market

    def market_event(self, event: MarketEvent) -> None:
        """Take one event of the recording at its `time_ns`. Raises KeyError for an unlisted market."""
        self.advance(event.time_ns)
        market = self._markets[event.market]
        before = market.tape.last
        market.take(event)
        if market.tape.last != before and market.listing.category is Category.LINEAR:
            self.clearing.check_margins(event.market)

    # accounts

    def open_account(self, account: str, balances: Mapping[str, Decimal]) -> None:
        """Open an account under its API key with these coins. Raises ValueError when it exists."""
        if account in self._settlement.accounts:
            raise ValueError(f"account {account} exists already")
        self._settlement.open(Account(account, {asset: units(amount) for asset, amount in balances.items()}))

    def set_leverage(self, account: str, market: str, leverage: Decimal) -> Refusal | None:
        """Set the leverage of a linear market (10 at first); None when done. At most two decimals."""
        holder, listing = self._settlement.accounts[account], self._listings.get(market)
        if listing is None or listing.category is not Category.LINEAR:
            return Refusal.UNKNOWN_SYMBOL
        if not leverage.is_finite() or not 1 <= leverage <= listing.max_leverage or leverage != round(leverage, 2):
            return Refusal.LEVERAGE_NOT_ALLOWED
        before = holder.leverage.get(market, DEFAULT_LEVERAGE)
        if leverage == before:
            return Refusal.LEVERAGE_UNCHANGED
        holder.leverage[market] = leverage
        if leverage < before and self._settlement.available(holder, listing.settle) < 0:
            holder.leverage[market] = before
            return Refusal.INSUFFICIENT_BALANCE
        self._settlement.report_position(holder, listing)
        return None

    # requests

    def create(self, at_ns: int, account: str, wanted: NewOrder) -> Accepted | Refusal:
        """Take in a new order. Accepted reserves what it needs; the book sees it one latency later."""
        self.advance(at_ns)
        holder, market = self._settlement.accounts.get(account), self._markets.get(wanted.market)
        if holder is None or market is None:
            return Refusal.UNKNOWN_ACCOUNT if holder is None else Refusal.UNKNOWN_SYMBOL
        if market.status is not MarketStatus.TRADING:
            return NOT_TRADING[market.status]
        order = order_from(wanted, holder, market, self._order_ids.next(), self.now_ns)
        if isinstance(order, Refusal):
            return order
        if not self._settlement.can_reserve(order):
            return Refusal.INSUFFICIENT_BALANCE
        self._settlement.reserve(order)
        holder.active[order.order_id] = order
        if order.link_id:
            holder.links[order.link_id] = order.order_id
        self._send(holder, self._latency.entry(self._random), lambda: self._arrive(holder, market, order))
        return Accepted(order.order_id, order.link_id)

    def amend(self, at_ns: int, account: str, change: Amendment) -> Accepted | Refusal:
        """Take in new terms for an order. An order that is final by the time they arrive stays as it is."""
        self.advance(at_ns)
        found = self._find_active(account, change.market, change.order_id, change.link_id)
        if isinstance(found, Refusal):
            return found
        holder, market, order = found
        if market.status is not MarketStatus.TRADING:
            return NOT_TRADING[market.status]
        terms = terms_from(change, order, market.tape.last)
        if isinstance(terms, Refusal):
            return terms
        if not market.affords(order, terms):
            return Refusal.INSUFFICIENT_BALANCE
        self._send(holder, self._latency.entry(self._random), lambda: _amend(market, order, terms))
        return Accepted(order.order_id, order.link_id)

    def cancel(
        self, at_ns: int, account: str, market: str, *, order_id: str = "", link_id: str = ""
    ) -> Accepted | Refusal:
        """Take in a cancellation of one order."""
        self.advance(at_ns)
        found = self._find_active(account, market, order_id, link_id)
        if isinstance(found, Refusal):
            return found
        holder, _, order = found
        self._send(holder, self._latency.cancel(self._random), lambda: self._finish(order, EndReason.BY_USER))
        return Accepted(order.order_id, order.link_id)

    def cancel_all(self, at_ns: int, account: str, which: CancelFilter) -> list[Accepted]:
        """Take in a cancellation of every open order that matches when it arrives.

        Returns those that match now; orders in flight are not among them.
        """
        self.advance(at_ns)
        holder = self._settlement.accounts[account]

        def arrive() -> None:
            for order in holder.open_orders():
                if which.matches(order):
                    self._finish(order, EndReason.BY_USER)

        self._send(holder, self._latency.cancel(self._random), arrive)
        return [Accepted(order.order_id, order.link_id) for order in holder.open_orders() if which.matches(order)]

    def funding_history(self, market: str) -> list[tuple[int, Decimal]]:
        """The rates settled so far as (venue time, rate), oldest first; the newest 200."""
        return list(self.clearing.funding_history.get(market, ()))

    def order_id(self, count: int) -> str:
        """The id of the order taken in as the `count`-th, for venues whose ids are numbers."""
        return self._order_ids.at(count)

    # the dead man's switch

    def arm(self, at_ns: int, account: str, which: CancelFilter, after_ns: int) -> None:
        """Let the account's orders that match end unless this is called again within `after_ns`."""
        self.advance(at_ns)
        self._countdowns.arm(account, which, self.now_ns + after_ns)

    def disarm(self, at_ns: int, account: str, which: CancelFilter) -> bool:
        """Stop the timer of these orders; whether it was running."""
        self.advance(at_ns)
        return self._countdowns.disarm(account, which)

    def countdown(self, account: str, which: CancelFilter) -> int | None:
        """When the timer of these orders runs out, in venue time; None while it is not armed."""
        return self._countdowns.due_ns(account, which)

    def _run_out(self, account: str, which: CancelFilter) -> None:
        for order in self._settlement.accounts[account].open_orders():
            if which.matches(order):
                self._finish(order, EndReason.COUNTDOWN)

    # the way of a request

    def _send(self, holder: Account, delay_ns: int, work: Callable[[], None]) -> None:
        """Let work happen one latency from now, behind everything the account sent before."""
        holder.lane_ns = max(holder.lane_ns, self.now_ns + delay_ns)
        self._schedule(holder.lane_ns, work)

    def at(self, time_ns: int, work: Callable[[], None]) -> None:
        """Let something from outside happen at a venue time, in order with all else."""
        self._schedule(time_ns, work)

    def _schedule(self, at_ns: int, work: Callable[[], None]) -> None:
        self._scheduled += 1
        heapq.heappush(self._due, (at_ns, self._scheduled, work))

    def _arrive(self, holder: Account, market: Market, order: Order) -> None:
        """An order whose market has stopped meanwhile never enters the book."""
        holder.orders[order.order_id] = order
        if market.status is not MarketStatus.TRADING:
            self._finish(order, EndReason.BY_VENUE)
            return
        market.arrive(order)
        if order.expire_ns is not None and order.status not in FINAL:
            self._schedule(order.expire_ns, lambda: self._finish(order, EndReason.EXPIRED))

    def _finish(self, order: Order, reason: EndReason) -> None:
        """End an order for a reason from outside, unless it is final by now."""
        if order.status in FINAL:
            return
        status = OrderStatus.DEACTIVATED if order.is_waiting else OrderStatus.CANCELLED
        self._markets[order.market].finish(order, reason, status)

    def _find_active(
        self, account: str, market: str, order_id: str, link_id: str
    ) -> tuple[Account, Market, Order] | Refusal:
        holder, state = self._settlement.accounts.get(account), self._markets.get(market)
        if holder is None or state is None:
            return Refusal.UNKNOWN_ACCOUNT if holder is None else Refusal.UNKNOWN_SYMBOL
        if not order_id and not link_id:
            return Refusal.ORDER_ID_MISSING
        order = holder.active.get(order_id or holder.links.get(link_id, ""))
        return Refusal.ORDER_NOT_FOUND if order is None or order.market != market else (holder, state, order)


def _amend(market: Market, order: Order, terms: Terms) -> None:
    if order.status not in FINAL:
        market.amend(order, terms)

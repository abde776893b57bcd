"""What can be read of an exchange: by the owner of an account, and by everybody.

An account can also be read as it was up to a minute ago (`seen_as_of`), the way a venue's lagging replicas answer.
The ground truth is always that of now.
"""

from bisect import bisect_right
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from decimal import Decimal

from deskbot.matching import accounts
from deskbot.matching.accounts import Account
from deskbot.matching.ledger import MarketLedger
from deskbot.matching.listing import Listing
from deskbot.matching.market import Market, MarketStatus
from deskbot.matching.orders import Order
from deskbot.matching.past import order_at, position_key, wallet_key
from deskbot.matching.reports import (
    BookView,
    Candle,
    ExecutionReport,
    FundingReport,
    GroundTruth,
    OrderReport,
    PositionReport,
    TickerView,
    TradePrint,
    WalletReport,
)
from deskbot.matching.settlement import Settlement


class Views:
    """The reading half of an exchange; raises KeyError for an account or market that is not there."""

    def __init__(self, listings: dict[str, Listing], settlement: Settlement, markets: dict[str, Market]) -> None:
        self._listings = listings
        self._settlement = settlement
        self._markets = markets
        self._seen_ns: int | None = None

    @property
    def now_ns(self) -> int:
        """The venue time of the last thing that happened."""
        return self._settlement.now_ns

    @property
    def listings(self) -> dict[str, Listing]:
        """Every listed market by its key, in listing order."""
        return dict(self._listings)

    def has_account(self, account: str) -> bool:
        """Whether this API key has an account."""
        return account in self._settlement.accounts

    @contextmanager
    def seen_as_of(self, time_ns: int | None) -> Iterator[None]:
        """Within it, orders, executions, wallet and position are read as they were then; None is now."""
        self._seen_ns = time_ns
        try:
            yield
        finally:
            self._seen_ns = None

    # what accounts see

    def find_order(self, account: str, *, order_id: str = "", link_id: str = "") -> Order | None:
        """The order of that id, open or final; None too while it is in flight."""
        holder = self._settlement.accounts[account]
        order = holder.orders.get(order_id or holder.links.get(link_id, ""))
        return next(iter(self._then(holder, [order])), None) if order is not None else None

    def active_order(self, account: str, order_id: str) -> Order | None:
        """The order of that id that is open or in flight; None once it is final."""
        return self._settlement.accounts[account].active.get(order_id)

    def open_orders(self, account: str) -> list[Order]:
        """Open orders in every list of the venue, oldest first; none that is in flight."""
        holder = self._settlement.accounts[account]
        if self._seen_ns is None:
            return holder.open_orders()
        return [order for order in self.order_history(account) if order.is_open]

    def order_history(self, account: str) -> list[Order]:
        """Every order the book ever saw and that is still kept, open or final, oldest first."""
        holder = self._settlement.accounts[account]
        return self._then(holder, list(holder.orders.values()))

    def executions(self, account: str) -> list[ExecutionReport]:
        """Every execution that is still kept, oldest first."""
        fills = self._settlement.accounts[account].executions
        if self._seen_ns is None:
            return list(fills)
        return fills[: bisect_right(fills, self._seen_ns, key=lambda fill: fill.time_ns)]

    def fundings(self, account: str) -> list[FundingReport]:
        """Every funding payment that is still kept, oldest first."""
        paid = self._settlement.accounts[account].fundings
        return [one for one in paid if self._seen_ns is None or one.time_ns <= self._seen_ns]

    def ledgers_before(self, account: str) -> dict[str, MarketLedger]:
        """The account's ledgers as they were before the first execution that is still kept."""
        return {key: ledger.copy() for key, ledger in self._settlement.accounts[account].opening.items()}

    def wallet(self, account: str) -> dict[str, WalletReport]:
        """Every coin the account ever held, as it stands."""
        holder = self._settlement.accounts[account]
        now = {asset: self._settlement.wallet(holder, asset) for asset in holder.wallets}
        if self._seen_ns is None:
            return now
        then = holder.past.changed_since(self._seen_ns)
        seen = {asset: then.get(wallet_key(asset), report) for asset, report in now.items()}
        return {asset: report for asset, report in seen.items() if isinstance(report, WalletReport)}

    def position(self, account: str, market: str) -> PositionReport:
        """The linear position on a market, flat included."""
        holder = self._settlement.accounts[account]
        now = self._settlement.position(holder, self._listings[market])
        if self._seen_ns is None:
            return now
        then = holder.past.changed_since(self._seen_ns).get(position_key(market), now)
        return then if isinstance(then, PositionReport) else replace(now, lots=0, cost_units=0, realised_units=0)

    def _then(self, holder: Account, orders: list[Order]) -> list[Order]:
        """The orders as they were at the moment seen; those that were not there yet are left out."""
        if self._seen_ns is None:
            return orders
        then = holder.past.changed_since(self._seen_ns)
        pictures = ((order, then.get(order.order_id, order)) for order in orders)
        return [
            order_at(order, picture) if isinstance(picture, OrderReport) else order
            for order, picture in pictures
            if picture is not None
        ]

    def available_units(self, account: str, asset: str) -> int:
        """What a new order may reserve: balance less reservations, margin and unrealised loss."""
        return self._settlement.available(self._settlement.accounts[account], asset)

    def unrealised_units(self, account: str, market: str) -> int:
        """Unrealised PnL of a linear position at the mark price."""
        holder, listing = self._settlement.accounts[account], self._listings[market]
        return accounts.unrealised(holder, listing, self._settlement.mark(market))

    def initial_margin_units(self, account: str, market: str) -> int:
        """Initial margin of a linear market: of the position together with its open orders."""
        return accounts.margin(self._settlement.accounts[account], self._listings[market])

    def ground_truth(self, account: str) -> GroundTruth:
        """The exchange's own ledger of an account: every market it ever traded, counts of its orders."""
        holder = self._settlement.accounts[account]
        open_count = len(holder.open_orders())
        return GroundTruth(
            time_ns=self.now_ns,
            markets={key: ledger.truth() for key, ledger in holder.ledgers.items()},
            open_orders=open_count,
            orders_in_flight=len(holder.active) - open_count,
            executions=holder.executions_dropped + len(holder.executions),
            last_execution_id=holder.executions[-1].execution_id if holder.executions else "",
        )

    # what everybody sees

    def mark(self, market: str) -> int | None:
        """The mark price in ticks: the last trade's, unless the venue set another; None before the first trade."""
        return self._settlement.mark(market)

    def status(self, market: str) -> MarketStatus:
        """Whether a market trades, is halted or closed for ever."""
        return self._markets[market].status

    def funding_rate(self, market: str) -> Decimal:
        """The rate that is settled next."""
        return self._settlement.funding_rates.get(market, Decimal(0))

    def book(self, market: str, depth: int) -> BookView:
        """The best `depth` levels of each side of the recorded book."""
        state = self._markets[market]
        book = state.book
        return BookView(market, state.time_ns, book.sequence, book.bids.levels(depth), book.asks.levels(depth))

    def trades(self, market: str, *, after_id: int = 0, limit: int = 1000) -> list[TradePrint]:
        """The newest public trades with an id above `after_id`, oldest first; at most the last 1 000 are kept."""
        return self._markets[market].tape.trades(after_id, limit)

    def ticker(self, market: str) -> TickerView:
        """Last price, touch and the last 24 hours."""
        return self._markets[market].ticker(self.now_ns)

    def candles(self, market: str, *, limit: int = 200) -> list[Candle]:
        """One-minute candles from the trades, oldest first, the running one last; minutes without trades have none."""
        return self._markets[market].tape.candles(limit)

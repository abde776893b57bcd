"""What the venue does on its own account: funding, liquidation, auto-deleveraging, halts, delistings, new filters.

Everything happens at the exchange's present moment; whoever wants it at a time lets the exchange schedule it. Positions
are closed by orders of the venue's making, filled whole at the mark price, so that they show in lists and streams like
any other and every sum stays the sum of the fills.

Liquidation is a plain model: an account whose balance and unrealised PnL of a coin fall below the maintenance margin of
the positions settled in it (`Listing.maintenance_rate` of their value) loses all orders and positions of these markets
at once. It is judged with every public trade that moves the price of a market it holds a position in.
"""

from collections import deque
from collections.abc import Callable, Iterable
from decimal import Decimal

from deskbot.matching import accounts
from deskbot.matching.accounts import Account
from deskbot.matching.listing import Category, Filters, Listing
from deskbot.matching.market import Market, MarketStatus
from deskbot.matching.orders import EndReason, NewOrder, Order, OrderStatus, OrderType, Origin, Side, TimeInForce
from deskbot.matching.settlement import IdSource, Settlement
from deskbot.matching.units import ONE, half_even

FUNDINGS_KEPT = 200
FUNDING_INTERVAL_NS = 8 * 3_600_000_000_000
Finish = Callable[[Order, EndReason], None]
Schedule = Callable[[int, Callable[[], None]], None]


class Clearing:
    """`finish` ends an order that is not final, whatever market it is on; `schedule` lets work happen at a time."""

    def __init__(
        self,
        listings: dict[str, Listing],
        settlement: Settlement,
        markets: dict[str, Market],
        order_ids: IdSource,
        finish: Finish,
        schedule: Schedule,
    ) -> None:
        self._listings = listings
        self._settlement = settlement
        self._markets = markets
        self._order_ids = order_ids
        self._finish = finish
        self._schedule = schedule
        self._funding_due = False
        self.funding_history: dict[str, deque[tuple[int, Decimal]]] = {}

    # money

    def set_funding_rate(self, market: str, rate: Decimal) -> None:
        """The rate from now on, settled every eight hours of the epoch; a positive one is paid by long positions."""
        self._settlement.funding_rates[market] = rate
        self._await_funding()

    def fund(self, market: str, rate: Decimal | None = None, account: str | None = None) -> int:
        """Settle funding now, at the market's rate if none is given; answers how many positions paid or received."""
        listing = self._listings[market]
        rate = self._settlement.funding_rates.get(market, Decimal(0)) if rate is None else rate
        history = self.funding_history.setdefault(market, deque(maxlen=FUNDINGS_KEPT))
        history.append((self._settlement.now_ns, rate))
        return sum(self._settlement.fund(holder, listing, rate) for holder in self._holders(market, account))

    def _await_funding(self) -> None:
        if self._funding_due or not any(self._settlement.funding_rates.values()):
            return
        now_ns = self._settlement.now_ns
        self._funding_due = True
        self._schedule(now_ns - now_ns % FUNDING_INTERVAL_NS + FUNDING_INTERVAL_NS, self._fund_all)

    def _fund_all(self) -> None:
        self._funding_due = False
        for market, rate in self._settlement.funding_rates.items():
            if rate:
                self.fund(market, rate)
        self._await_funding()

    def set_mark(self, market: str, ticks: int | None) -> None:
        """Let the mark price be another than the last trade's; None gives it back."""
        if ticks is None:
            self._settlement.marks_set.pop(market, None)
        else:
            self._settlement.marks_set[market] = ticks
        self.check_margins(market)

    # positions

    def check_margins(self, market: str) -> int:
        """Liquidate every account that no longer covers its maintenance margin; answers how many."""
        listing = self._listings[market]
        short = [one for one in self._holders(market, None) if self._is_short(one, listing.settle)]
        for holder in short:
            self._liquidate(holder, listing.settle)
        return len(short)

    def liquidate(self, market: str, account: str | None = None) -> int:
        """Close positions of a market as a liquidation, whatever the margin; answers how many."""
        holders = self._holders(market, account)
        for holder in holders:
            self._cancel(holder, market, EndReason.LIQUIDATION)
            self._close(holder, market, Origin.LIQUIDATION, None)
        return len(holders)

    def deleverage(self, market: str, account: str | None = None, quantity: Decimal | None = None) -> int:
        """Reduce positions by auto-deleveraging, whole ones without a quantity; answers how many."""
        listing = self._listings[market]
        lots = None if quantity is None else listing.lots(quantity)
        if quantity is not None and not lots:
            return 0
        holders = self._holders(market, account)
        for holder in holders:
            self._close(holder, market, Origin.AUTO_DELEVERAGING, lots)
        return len(holders)

    # markets

    def halt(self, market: str) -> bool:
        """Stop trading; orders stay. False for a market that does not trade."""
        state = self._markets[market]
        if state.status is not MarketStatus.TRADING:
            return False
        state.status = MarketStatus.HALTED
        return True

    def resume(self, market: str) -> None:
        """Trade again; what the book has come to meanwhile fills."""
        state = self._markets[market]
        if state.status is MarketStatus.HALTED:
            state.status = MarketStatus.TRADING
            state.match()

    def delist(self, market: str) -> bool:
        """Cancel every order, settle every position at the mark price without a fee, and close the market for ever."""
        state = self._markets[market]
        if state.status is MarketStatus.CLOSED:
            return False
        for holder in self._settlement.accounts.values():
            self._cancel(holder, market, EndReason.DELISTING)
        for holder in self._holders(market, None):
            self._close(holder, market, Origin.SETTLEMENT, None)
        state.status = MarketStatus.CLOSED
        return True

    def change_filters(self, market: str, filters: Filters) -> Listing:
        """List a market with other filters; what rests stays as it is. Raises ValueError for filters off the grid."""
        changed = filters.applied_to(self._listings[market])
        self._listings[market] = self._markets[market].listing = changed
        self._settlement.relist(changed)
        for order in (order for holder in self._settlement.accounts.values() for order in holder.active.values()):
            if order.market == market:
                order.listing = changed
        return changed

    def cancel(self, reason: EndReason, market: str | None, account: str | None, most: int | None = None) -> int:
        """Cancel open orders on the venue's account, oldest first; answers how many."""
        holders = [one for one in self._settlement.accounts.values() if account in (None, one.name)]
        orders = [order for one in holders for order in one.open_orders() if market in (None, order.market)][:most]
        for order in orders:
            self._finish(order, reason)
        return len(orders)

    # the way there

    def _holders(self, market: str, account: str | None) -> list[Account]:
        """The accounts with a linear position on a market."""
        listing = self._listings[market]
        if listing.category is not Category.LINEAR:
            return []
        everyone = self._settlement.accounts.values()
        return [one for one in everyone if account in (None, one.name) and one.position_lots(listing)]

    def _settled_in(self, asset: str) -> Iterable[Listing]:
        return [one for one in self._listings.values() if one.category is Category.LINEAR and one.settle == asset]

    def _is_short(self, holder: Account, asset: str) -> bool:
        equity, needed = holder.wallet(asset).balance, 0
        for listing in self._settled_in(asset):
            mark = self._settlement.mark(listing.key)
            held = holder.position_lots(listing)
            if held and mark is not None:
                equity += accounts.unrealised(holder, listing, mark)
                needed += half_even(listing.value(mark, abs(held)) * listing.maintenance_units, ONE)
        return needed > 0 and equity < needed

    def _liquidate(self, holder: Account, asset: str) -> None:
        for listing in self._settled_in(asset):
            self._cancel(holder, listing.key, EndReason.LIQUIDATION)
        for listing in self._settled_in(asset):
            self._close(holder, listing.key, Origin.LIQUIDATION, None)

    def _cancel(self, holder: Account, market: str, reason: EndReason) -> None:
        for order in holder.open_orders():
            if order.market == market:
                self._finish(order, reason)

    def _close(self, holder: Account, market: str, origin: Origin, lots: int | None) -> None:
        """Fill an order of the venue's making at the mark price against the position."""
        listing, settlement = self._listings[market], self._settlement
        held, mark = holder.position_lots(listing), settlement.mark(market)
        if not held or mark is None:
            return
        wanted = NewOrder(
            market=market,
            side=Side.SELL if held > 0 else Side.BUY,
            type=OrderType.MARKET,
            quantity=listing.quantity(min(abs(held), lots or abs(held))),
            time_in_force=TimeInForce.IMMEDIATE_OR_CANCEL,
            reduce_only=True,
        )
        order = Order(holder.name, listing, self._order_ids.next(), wanted, settlement.now_ns)
        order.origin, order.status = origin, OrderStatus.NEW
        order.lots, order.ticks = min(abs(held), lots or abs(held)), mark
        holder.orders[order.order_id] = order
        settlement.fill(order, mark, order.lots, maker=False)
        self._markets[market].end_what_cannot_reduce()

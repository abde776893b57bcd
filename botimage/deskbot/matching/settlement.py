"""Where fills become money: reservations, fees, wallets, ledgers, and the reports of it all.

The markets decide what happens to an order; everything that changes an account or tells about it passes through
here, and every change is reported the moment it is made. Reports are numbered without gaps.
"""

import hashlib
from collections.abc import Iterable
from decimal import Decimal

from deskbot.matching import accounts, retention
from deskbot.matching.accounts import DEFAULT_LEVERAGE, Account
from deskbot.matching.listing import Category, Listing
from deskbot.matching.orders import EndReason, Order, OrderStatus, OrderType, Origin, Side
from deskbot.matching.past import Picture, position_key, wallet_key
from deskbot.matching.reports import (
    ExecutionReport,
    FundingReport,
    OrderReport,
    PositionReport,
    Report,
    WalletReport,
)
from deskbot.matching.units import ONE, half_even, units


class IdSource:
    """Ids that look like a venue's, rise with every call and depend on nothing but the seed words."""

    def __init__(self, *seed_words: object) -> None:
        digest = hashlib.sha256("/".join(map(str, seed_words)).encode()).hexdigest()
        self._prefix = f"{digest[:8]}-{digest[8:12]}-{digest[12:16]}-{digest[16:20]}"
        self._count = 0

    def next(self) -> str:
        """The next id."""
        self._count += 1
        return self.at(self._count)

    def at(self, count: int) -> str:
        """The id of that count, given or yet to be given."""
        return f"{self._prefix}-{count:012x}"


class Settlement:
    """The accounts and the only way to change them. `now_ns` is set by the exchange before anything happens."""

    def __init__(self, listings: Iterable[Listing], seed: int, start_ns: int) -> None:
        self.now_ns = start_ns
        self.accounts: dict[str, Account] = {}
        self.last_price: dict[str, int] = {}
        self.marks_set: dict[str, int] = {}
        self.funding_rates: dict[str, Decimal] = {}
        self._linear = [listing for listing in listings if listing.category is Category.LINEAR]
        self._execution_ids = IdSource("execution", seed, start_ns)
        self._sequence = 0
        self._reports: list[Report] = []

    def drain(self) -> list[Report]:
        """The reports since the last call."""
        reports, self._reports = self._reports, []
        return reports

    def open(self, account: Account) -> None:
        """Take in a new account; its opening balances are the first thing its past knows."""
        self.accounts[account.name] = account
        for asset in account.wallets:
            account.past.note(wallet_key(asset), self.wallet(account, asset))

    # reservations

    def available(self, account: Account, asset: str) -> int:
        """What something new may use of a coin."""
        return accounts.available(account, asset, self._linear, self.mark)

    def mark(self, market: str) -> int | None:
        """The mark price in ticks: the last trade's unless the venue set another."""
        return self.marks_set.get(market, self.last_price.get(market))

    def relist(self, listing: Listing) -> None:
        """Take over changed filters of a market."""
        self._linear = [listing if one.key == listing.key else one for one in self._linear]

    def can_reserve(self, order: Order) -> bool:
        """Whether the account has what the order should hold back, beyond what it holds already."""
        account = self.accounts[order.account]
        more = accounts.wanted_reservation(order) - order.reserved_units
        if more <= 0:
            return True
        asset = accounts.locked_asset(order)
        if asset is not None:
            return more <= self.available(account, asset)
        before = accounts.margin(account, order.listing)
        after = accounts.margin(account, order.listing, [(order.side, more)])
        return after == before or after - before <= self.available(account, order.listing.settle)

    def reserve(self, order: Order) -> None:
        """Make the order hold back what it should, no more and no less."""
        wanted = accounts.wanted_reservation(order)
        more, order.reserved_units = wanted - order.reserved_units, wanted
        asset = accounts.locked_asset(order)
        if asset is not None and more != 0:
            account = self.accounts[order.account]
            account.wallet(asset).locked += more
            self._report_wallet(account, asset)

    def free_for_taking(self, order: Order) -> None:
        """Before a spot market buy takes: what it held back was an estimate, from here on each level is paid for."""
        if order.type is OrderType.MARKET and order.side is Side.BUY and order.cost_limit_units is None:
            order.reserve_ticks = 0
            self.reserve(order)

    def payable_lots(self, order: Order, ticks: int) -> int:
        """How many lots of an order the account can pay for at a price; a limit order's are already held back."""
        listing = order.listing
        if order.type is OrderType.LIMIT or accounts.locked_asset(order) != listing.quote:
            return order.remaining_lots
        funds = order.reserved_units + self.available(self.accounts[order.account], listing.quote)
        return max(0, min(order.remaining_lots, funds // listing.value(ticks, 1)))

    # orders

    def fill(self, order: Order, ticks: int, lots: int, *, maker: bool) -> None:
        """Fill lots of an order at a price: money moves, and the execution is reported."""
        account, listing = self.accounts[order.account], order.listing
        ledger = account.ledger(listing)
        closed = min(lots, max(0, -order.side.sign * ledger.lots)) if listing.category is Category.LINEAR else 0
        value = listing.value(ticks, lots)
        fee_asset, fee = _fee(order, lots, value, maker=maker)
        realised = ledger.fill(order.side, ticks, lots, fee, fee_asset, order.origin)
        order.filled_lots += lots
        order.filled_value += value
        order.fee_units += fee
        order.status = OrderStatus.PARTIALLY_FILLED if order.remaining_lots else OrderStatus.FILLED
        self._report_execution(order, ticks, lots, value, fee, fee_asset, maker, closed)
        self.report_order(order)
        if listing.category is Category.LINEAR:
            account.wallet(listing.settle).balance += realised - fee
            self.report_position(account, listing)
        else:
            account.wallet(listing.base).balance += order.side.sign * lots * listing.step_units
            account.wallet(listing.quote).balance -= order.side.sign * value
            account.wallet(fee_asset).balance -= fee
        self._settle_reservation(order)

    def fund(self, account: Account, listing: Listing, rate: Decimal) -> bool:
        """Settle funding of a position at the mark price: value times rate, rounded half to even. False without one."""
        held, mark = account.position_lots(listing), self.mark(listing.key)
        if not held or mark is None:
            return False
        value = listing.value(mark, abs(held))
        paid = half_even(value * units(rate), ONE) * (1 if held > 0 else -1)
        account.ledger(listing).fund(paid)
        account.wallet(listing.settle).balance -= paid
        report = FundingReport(
            sequence=self._next(),
            time_ns=self.now_ns,
            account=account.name,
            market=listing.key,
            execution_id=self._execution_ids.next(),
            lots=held,
            ticks=mark,
            value_units=value,
            rate_units=units(rate),
            paid_units=paid,
            asset=listing.settle,
        )
        account.fundings.append(report)
        self._reports.append(report)
        self._report_wallet(account, listing.settle)
        retention.trim(account)
        return True

    def end(self, order: Order, status: OrderStatus, reason: EndReason) -> None:
        """Make an order final other than by filling it."""
        if status is OrderStatus.CANCELLED and order.filled_lots and order.listing.category is Category.SPOT:
            status = OrderStatus.PARTIALLY_FILLED_CANCELLED
        order.status = status
        order.end_reason = reason
        self.report_order(order)
        self.reserve(order)
        self.accounts[order.account].active.pop(order.order_id, None)
        retention.trim(self.accounts[order.account])

    def reducible(self, order: Order) -> int:
        """How many lots a reduce-only order may still fill."""
        held = self.accounts[order.account].position_lots(order.listing)
        return max(0, min(order.remaining_lots, -order.side.sign * held))

    # reports

    def report_order(self, order: Order) -> None:
        """Report an order as it stands; this is its latest update."""
        order.updated_ns = self.now_ns
        self._picture(
            order.account,
            order.order_id,
            OrderReport(
                sequence=self._next(),
                time_ns=self.now_ns,
                account=order.account,
                market=order.market,
                order_id=order.order_id,
                link_id=order.link_id,
                side=order.side,
                type=order.type,
                time_in_force=order.time_in_force,
                order_filter=order.order_filter,
                reduce_only=order.reduce_only,
                status=order.status,
                end_reason=order.end_reason,
                ticks=order.ticks,
                lots=order.lots,
                filled_lots=order.filled_lots,
                filled_value=order.filled_value,
                fee_units=order.fee_units,
                trigger_ticks=order.trigger_ticks,
                trigger_direction=order.trigger_direction,
                created_ns=order.created_ns,
                origin=order.origin,
            ),
        )

    def report_position(self, account: Account, listing: Listing) -> None:
        """Report a linear position as it stands."""
        self._picture(account.name, position_key(listing.key), self.position(account, listing, self._next()))

    def position(self, account: Account, listing: Listing, sequence: int = 0) -> PositionReport:
        """A linear position as it stands."""
        ledger = account.ledgers.get(listing.key)
        return PositionReport(
            sequence=sequence,
            time_ns=self.now_ns,
            account=account.name,
            market=listing.key,
            lots=0 if ledger is None else ledger.lots,
            cost_units=0 if ledger is None else ledger.cost_units,
            realised_units=0 if ledger is None else ledger.realised_units,
            leverage=account.leverage.get(listing.key, DEFAULT_LEVERAGE),
        )

    def wallet(self, account: Account, asset: str, sequence: int = 0) -> WalletReport:
        """A coin as it stands."""
        wallet = account.wallet(asset)
        return WalletReport(
            sequence=sequence,
            time_ns=self.now_ns,
            account=account.name,
            asset=asset,
            balance_units=wallet.balance,
            locked_units=wallet.locked,
        )

    def _settle_reservation(self, order: Order) -> None:
        """After a fill: hold back less, and report every coin that moved."""
        account, listing = self.accounts[order.account], order.listing
        locked = accounts.locked_asset(order)
        wanted = accounts.wanted_reservation(order)
        if locked is not None:
            account.wallet(locked).locked += wanted - order.reserved_units
        order.reserved_units = wanted
        if order.status is OrderStatus.FILLED:
            account.active.pop(order.order_id, None)
            retention.trim(account)
        moved = [listing.settle] if locked is None else [listing.base, listing.quote]
        for asset in moved:
            self._report_wallet(account, asset)

    def _report_wallet(self, account: Account, asset: str) -> None:
        self._picture(account.name, wallet_key(asset), self.wallet(account, asset, self._next()))

    def _picture(self, account: str, key: str, report: Picture) -> None:
        self._reports.append(report)
        self.accounts[account].past.note(key, report)

    def _report_execution(
        self, order: Order, ticks: int, lots: int, value: int, fee: int, fee_asset: str, maker: bool, closed: int
    ) -> None:
        report = ExecutionReport(
            sequence=self._next(),
            time_ns=self.now_ns,
            account=order.account,
            market=order.market,
            execution_id=self._execution_ids.next(),
            order_id=order.order_id,
            link_id=order.link_id,
            side=order.side,
            type=order.type,
            ticks=ticks,
            lots=lots,
            value_units=value,
            fee_units=fee,
            fee_asset=fee_asset,
            is_maker=maker,
            order_ticks=order.ticks,
            order_lots=order.lots,
            remaining_lots=order.remaining_lots,
            closed_lots=closed,
            origin=order.origin,
        )
        self.accounts[order.account].executions.append(report)
        self._reports.append(report)

    def _next(self) -> int:
        self._sequence += 1
        return self._sequence


def _fee(order: Order, lots: int, value: int, *, maker: bool) -> tuple[str, int]:
    """Coin and amount: a spot buy pays in the base coin, a spot sell in the quote coin, linear in the settle coin.

    What the venue closes in a settlement or by auto-deleveraging is free; a liquidation pays as a taker.
    """
    listing = order.listing
    if order.origin in (Origin.SETTLEMENT, Origin.AUTO_DELEVERAGING):
        return listing.settle, 0
    if listing.category is Category.SPOT and order.side is Side.BUY:
        return listing.base, listing.fee(lots * listing.step_units, maker=maker)
    asset = listing.settle if listing.category is Category.LINEAR else listing.quote
    return asset, listing.fee(value, maker=maker)

"""Accounts: one wallet of coins each, as in Bybit's unified account, positions, orders and executions.

Spot orders lock what they may spend. Linear positions and orders lock nothing; they need initial margin, and what is
available for anything new is the balance less locks, less margin, less unrealised loss (`available`). Unrealised profit
is not lent out. Liquidation is `clearing`'s; a loss beyond the balance leaves it negative, no insurance fund steps in.

Only the newest orders and executions are kept (`retention`); `opening` holds the ledgers as they were before the first
execution that is still there.
"""

from collections.abc import Callable, Iterable
from decimal import Decimal

from deskbot.matching.ledger import MarketLedger
from deskbot.matching.listing import Category, Listing
from deskbot.matching.orders import FINAL, Order, OrderFilter, Side
from deskbot.matching.past import Past
from deskbot.matching.reports import ExecutionReport, FundingReport
from deskbot.matching.units import ceiling

DEFAULT_LEVERAGE = Decimal(10)

LastPrice = Callable[[str], int | None]


class Wallet:
    """One coin."""

    __slots__ = ("balance", "locked")

    def __init__(self, balance: int) -> None:
        self.balance = balance
        self.locked = 0


class Account:
    """Everything that belongs to one API key. `active` are orders in flight or open, `orders` all the book ever saw."""

    __slots__ = (
        "active",
        "executions",
        "executions_dropped",
        "fundings",
        "lane_ns",
        "ledgers",
        "leverage",
        "links",
        "name",
        "opening",
        "orders",
        "past",
        "wallets",
    )

    def __init__(self, name: str, balances: dict[str, int]) -> None:
        self.name = name
        self.wallets = {asset: Wallet(balance) for asset, balance in balances.items()}
        self.ledgers: dict[str, MarketLedger] = {}
        self.leverage: dict[str, Decimal] = {}
        self.active: dict[str, Order] = {}
        self.orders: dict[str, Order] = {}
        self.links: dict[str, str] = {}
        self.executions: list[ExecutionReport] = []
        self.executions_dropped = 0
        self.fundings: list[FundingReport] = []
        self.opening: dict[str, MarketLedger] = {}
        self.lane_ns = 0
        self.past = Past()

    def wallet(self, asset: str) -> Wallet:
        """The wallet of a coin; an empty one from the moment it is first asked for."""
        if asset not in self.wallets:
            self.wallets[asset] = Wallet(0)
        return self.wallets[asset]

    def ledger(self, listing: Listing) -> MarketLedger:
        """The ledger of a market; an empty one from the moment it is first asked for."""
        if listing.key not in self.ledgers:
            self.ledgers[listing.key] = MarketLedger(listing)
        return self.ledgers[listing.key]

    def opening_ledger(self, market: str) -> MarketLedger:
        """The ledger a market had before the first execution that is still kept."""
        if market not in self.opening:
            self.opening[market] = self.ledgers[market].emptied()
        return self.opening[market]

    def position_lots(self, listing: Listing) -> int:
        """The signed linear position."""
        ledger = self.ledgers.get(listing.key)
        return 0 if ledger is None else ledger.lots

    def open_orders(self) -> list[Order]:
        """Orders in some list of the venue, in order of their ids."""
        return [order for order in self.active.values() if order.is_open]


def margin(account: Account, listing: Listing, extra: Iterable[tuple[Side, int]] = ()) -> int:
    """Initial margin of a linear market: the costlier side of position and opening orders, over leverage.

    Bybit's one-way rule: orders against the position offset it first, so only the larger of both directions counts.
    `extra` are (side, value in units) of orders that might be added.
    """
    ledger = account.ledgers.get(listing.key)
    held = 0 if ledger is None else ledger.cost_units * (1 if ledger.position_units >= 0 else -1)
    ordered = {Side.BUY: 0, Side.SELL: 0}
    for order in account.active.values():
        if order.market == listing.key:
            ordered[order.side] += order.reserved_units
    for side, value in extra:
        ordered[side] += value
    exposure = max(held + ordered[Side.BUY], ordered[Side.SELL] - held, abs(held))
    hundredths = int(account.leverage.get(listing.key, DEFAULT_LEVERAGE) * 100)
    return ceiling(exposure * 100, hundredths)


def unrealised(account: Account, listing: Listing, last: int | None) -> int:
    """Unrealised PnL of a linear position at a price, that of its mark; 0 before there is one."""
    ledger = account.ledgers.get(listing.key)
    if ledger is None or last is None or ledger.position_units == 0:
        return 0
    worth = listing.value(last, abs(ledger.lots))
    return worth - ledger.cost_units if ledger.position_units > 0 else ledger.cost_units - worth


def available(account: Account, asset: str, listings: Iterable[Listing], last_price: LastPrice) -> int:
    """What something new may use of a coin."""
    wallet = account.wallets.get(asset)
    if wallet is None:
        return 0
    settled_here = [listing for listing in listings if listing.category is Category.LINEAR and listing.settle == asset]
    used = sum(margin(account, listing) for listing in settled_here)
    floating = sum(unrealised(account, listing, last_price(listing.key)) for listing in settled_here)
    return wallet.balance - wallet.locked - used + min(0, floating)


def wanted_reservation(order: Order) -> int:
    """What an order should hold back now: coins it may spend (spot), value that needs margin (linear).

    Nothing once it is final, while a stop order waits, and for reduce-only orders.
    """
    if order.status in FINAL or order.reduce_only or (order.is_waiting and order.order_filter is OrderFilter.STOP):
        return 0
    listing = order.listing
    if order.cost_limit_units is not None:
        return order.cost_limit_units - order.filled_value
    if listing.category is Category.SPOT and order.side is Side.SELL:
        return order.remaining_lots * listing.step_units
    return listing.value(order.reserve_ticks, order.remaining_lots)


def locked_asset(order: Order) -> str | None:
    """The coin a spot order locks; None for linear orders, which need margin instead."""
    listing = order.listing
    if listing.category is Category.LINEAR:
        return None
    return listing.quote if order.side is Side.BUY else listing.base

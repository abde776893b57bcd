"""What the exchange tells about its own doing: one report per change, in the order the changes happened.

`sequence` rises strictly over all reports of one exchange; ids derive from the seed. Amounts are integers (ticks, lots,
units of 10^-18); `Listing` and `units.decimal` turn them into decimals.
"""

from dataclasses import dataclass
from decimal import Decimal

from deskbot.matching.listing import Listing
from deskbot.matching.orders import (
    EndReason,
    OrderFilter,
    OrderStatus,
    OrderType,
    Origin,
    Side,
    TimeInForce,
    TriggerDirection,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderReport:
    """An order as it stood right after a change."""

    sequence: int
    time_ns: int
    account: str
    market: str
    order_id: str
    link_id: str
    side: Side
    type: OrderType
    time_in_force: TimeInForce
    order_filter: OrderFilter
    reduce_only: bool
    status: OrderStatus
    end_reason: EndReason
    ticks: int
    lots: int
    filled_lots: int
    filled_value: int
    fee_units: int
    trigger_ticks: int | None
    trigger_direction: TriggerDirection | None
    created_ns: int
    origin: Origin = Origin.OWNER


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecutionReport:
    """One fill of one order. A negative fee is a rebate. `closed_lots` is how much of it reduced a position.

    `origin` tells trades of the account's own orders from those the venue made: liquidation and the like.
    """

    sequence: int
    time_ns: int
    account: str
    market: str
    execution_id: str
    order_id: str
    link_id: str
    side: Side
    type: OrderType
    ticks: int
    lots: int
    value_units: int
    fee_units: int
    fee_asset: str
    is_maker: bool
    order_ticks: int
    order_lots: int
    remaining_lots: int
    closed_lots: int
    origin: Origin = Origin.OWNER


@dataclass(frozen=True, slots=True, kw_only=True)
class FundingReport:
    """Funding of one position: what the account paid (received, if negative) of the settle coin.

    `lots` is the signed position, `ticks` the mark price, `rate_units` the rate in 10^-18.
    """

    sequence: int
    time_ns: int
    account: str
    market: str
    execution_id: str
    lots: int
    ticks: int
    value_units: int
    rate_units: int
    paid_units: int
    asset: str


@dataclass(frozen=True, slots=True, kw_only=True)
class WalletReport:
    """One coin of an account after a change; `locked_units` is what spot orders hold back of the balance."""

    sequence: int
    time_ns: int
    account: str
    asset: str
    balance_units: int
    locked_units: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PositionReport:
    """A one-way linear position after a change; `lots` is signed, `cost_units` is what it cost at entry, unsigned."""

    sequence: int
    time_ns: int
    account: str
    market: str
    lots: int
    cost_units: int
    realised_units: int
    leverage: Decimal


Report = OrderReport | ExecutionReport | FundingReport | WalletReport | PositionReport


@dataclass(frozen=True, slots=True, kw_only=True)
class MarketTruth:
    """The exchange's own books on one market of one account, in units of 10^-18.

    `position_units` counts base coins (spot: own fills less base fees; linear: signed contracts).
    `cash_units` is the quote coin moved by fills, before fees: -value for buys, +value for sells. `cost_units` is what
    the open position cost at entry, unsigned. `realised_units` is the PnL before fees by average cost.
    `funding_units` is what was paid for funding, received if negative. `forced` counts the fills the venue made itself.
    """

    position_units: int
    cost_units: int
    cash_units: int
    realised_units: int
    fees: dict[str, int]
    fills: int
    funding_units: int
    forced: dict[Origin, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class GroundTruth:
    """Everything the exchange knows of an account that a client must agree with.

    `executions` counts all that ever were; the exchange keeps only the newest (`retention`).
    """

    time_ns: int
    markets: dict[str, MarketTruth]
    open_orders: int
    orders_in_flight: int
    executions: int
    last_execution_id: str


@dataclass(frozen=True, slots=True)
class BookView:
    """The best levels of a book as (ticks, lots), best first. `sequence` rises with every change of the book."""

    market: str
    time_ns: int
    sequence: int
    bids: list[tuple[int, int]]
    asks: list[tuple[int, int]]


@dataclass(frozen=True, slots=True)
class TradePrint:
    """A public trade as listed; `trade_id` counts up over all passes of a recording."""

    trade_id: int
    time_ns: int
    ticks: int
    lots: int
    taker_buys: bool


@dataclass(frozen=True, slots=True)
class Candle:
    """Trades of one minute: prices in ticks, volume in lots, turnover in units of the quote coin."""

    start_ns: int
    open: int
    high: int
    low: int
    close: int
    volume: int
    turnover: int


@dataclass(frozen=True, slots=True)
class TickerView:
    """The market at a glance; a missing side or price is None. High, low, volume and turnover: the last 24 hours."""

    listing: Listing
    time_ns: int
    last: int | None
    bid: int | None
    bid_lots: int
    ask: int | None
    ask_lots: int
    high: int | None
    low: int | None
    volume: int
    turnover: int
    previous: int | None

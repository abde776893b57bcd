"""Orders: what a client asks for, what the exchange keeps, and the words for what becomes of it."""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from deskbot.matching.listing import Category, Listing


class Side(StrEnum):
    """Which way an order trades."""

    BUY = "buy"
    SELL = "sell"

    @property
    def sign(self) -> int:
        """+1 for a buy, -1 for a sell."""
        return 1 if self is Side.BUY else -1


class OrderType(StrEnum):
    """Limit orders have a price; market orders take what is there."""

    LIMIT = "limit"
    MARKET = "market"


class TimeInForce(StrEnum):
    """How long a limit order stands. A market order is always immediate-or-cancel."""

    GOOD_TILL_CANCELLED = "GTC"
    IMMEDIATE_OR_CANCEL = "IOC"
    FILL_OR_KILL = "FOK"
    POST_ONLY = "PostOnly"


class OrderFilter(StrEnum):
    """Which list of the venue an order belongs to; cancel-all and queries choose by it.

    STOP orders reserve nothing until they trigger; TPSL orders (spot) reserve at once, as on Bybit.
    """

    ORDER = "Order"
    STOP = "StopOrder"
    TPSL = "tpslOrder"


class TriggerDirection(StrEnum):
    """From which side the last price must reach the trigger price."""

    RISE = "rise"
    FALL = "fall"


class OrderStatus(StrEnum):
    """Where an order stands. IN_FLIGHT is inside the venue's latency: acknowledged, in no list yet."""

    IN_FLIGHT = "InFlight"
    UNTRIGGERED = "Untriggered"
    NEW = "New"
    PARTIALLY_FILLED = "PartiallyFilled"
    FILLED = "Filled"
    CANCELLED = "Cancelled"
    PARTIALLY_FILLED_CANCELLED = "PartiallyFilledCanceled"
    REJECTED = "Rejected"
    DEACTIVATED = "Deactivated"


OPEN = frozenset({OrderStatus.UNTRIGGERED, OrderStatus.NEW, OrderStatus.PARTIALLY_FILLED})
FINAL = frozenset(
    {
        OrderStatus.FILLED,
        OrderStatus.CANCELLED,
        OrderStatus.PARTIALLY_FILLED_CANCELLED,
        OrderStatus.REJECTED,
        OrderStatus.DEACTIVATED,
    }
)


class Origin(StrEnum):
    """Who made an order trade: its owner, or the venue on its own account."""

    OWNER = "owner"
    LIQUIDATION = "liquidation"
    AUTO_DELEVERAGING = "auto-deleveraging"
    SETTLEMENT = "settlement"


class SelfTrade(StrEnum):
    """What happens when an arriving order would meet an own resting order on the other side (`smpType` on Bybit)."""

    ALLOWED = "allowed"
    CANCEL_MAKER = "cancel the resting order"
    CANCEL_TAKER = "cancel the arriving order"
    CANCEL_BOTH = "cancel both"


class EndReason(StrEnum):
    """Why an order ended otherwise than filled."""

    NONE = "none"
    BY_USER = "by user"
    POST_ONLY_WOULD_TAKE = "post-only would take liquidity"
    NOTHING_TO_TAKE = "no immediate quantity to fill"
    NOT_WHOLLY_FILLABLE = "cannot be filled whole"
    NOTHING_TO_REDUCE = "reduce-only without a position to reduce"
    INSUFFICIENT_BALANCE = "insufficient balance"
    EXPIRED = "expired"
    SELF_TRADE = "would trade with an own order"
    COUNTDOWN = "dead man's switch"
    LIQUIDATION = "liquidation"
    AUTO_DELEVERAGING = "auto-deleveraging"
    DELISTING = "delisting"
    BY_VENUE = "by the venue"


class Refusal(StrEnum):
    """Why a request was not accepted. A dialect maps each to the venue's own code."""

    UNKNOWN_ACCOUNT = "unknown account"
    UNKNOWN_SYMBOL = "unknown symbol"
    PRICE_MISSING = "a limit order needs a price above zero"
    PRICE_NOT_ON_TICK = "price is not a multiple of the tick size"
    PRICE_OUTSIDE_LIMIT = "price is outside the price limit"
    QUANTITY_NOT_POSITIVE = "quantity is not above zero"
    QUANTITY_NOT_ON_STEP = "quantity is not a multiple of the quantity step"
    QUANTITY_BELOW_MINIMUM = "quantity is below the minimum"
    QUANTITY_ABOVE_MAXIMUM = "quantity is above the maximum"
    QUANTITY_BELOW_FILLED = "quantity is not above what is already filled"
    NOTIONAL_BELOW_MINIMUM = "order value is below the minimum"
    INSUFFICIENT_BALANCE = "insufficient balance"
    DUPLICATE_LINK_ID = "order link id was used before"
    LINK_ID_TOO_LONG = "order link id is longer than 36 characters"
    ORDER_NOT_FOUND = "order does not exist or is already final"
    ORDER_ID_MISSING = "neither order id nor order link id given"
    NOTHING_TO_AMEND = "nothing to amend"
    REDUCE_ONLY_REFUSED = "reduce-only order would not reduce the position"
    REDUCE_ONLY_ON_SPOT = "spot knows no reduce-only orders"
    COMBINATION_NOT_ALLOWED = "this combination of order fields is not allowed"
    TRIGGER_NOT_ON_TICK = "trigger price is not a multiple of the tick size"
    TRIGGER_DIRECTION_MISSING = "a linear conditional order needs a trigger direction"
    TRIGGER_DIRECTION_ON_SPOT = "a spot conditional order takes no trigger direction"
    TRIGGER_NOT_ABOVE_LAST = "trigger price is not above the last price"
    TRIGGER_NOT_BELOW_LAST = "trigger price is not below the last price"
    TOO_MANY_OPEN_ORDERS = "too many open orders"
    NO_MARKET_DATA = "no market data yet"
    LEVERAGE_NOT_ALLOWED = "leverage is outside the allowed range"
    LEVERAGE_UNCHANGED = "leverage is not modified"
    MARKET_HALTED = "no trading at the moment"
    MARKET_CLOSED = "market is not listed any more"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewOrder:
    """What a client wants to place; decimals as the client wrote them.

    `market` is a `Listing.key`. `quantity` counts base coins; with `quantity_is_cost` (spot market buys) it is the
    amount of quote coin to spend. A `trigger_price` makes it conditional: linear orders name the direction, spot
    orders take it from where the last price stands. `expire_ns` is venue time. `self_trade` is judged when the order
    enters the book; own orders that may meet do not trade with each other, they stand beside the recorded book.
    """

    market: str
    side: Side
    type: OrderType
    quantity: Decimal
    price: Decimal | None = None
    time_in_force: TimeInForce = TimeInForce.GOOD_TILL_CANCELLED
    reduce_only: bool = False
    link_id: str = ""
    trigger_price: Decimal | None = None
    trigger_direction: TriggerDirection | None = None
    order_filter: OrderFilter | None = None
    quantity_is_cost: bool = False
    expire_ns: int | None = None
    self_trade: SelfTrade = SelfTrade.ALLOWED


@dataclass(frozen=True, slots=True, kw_only=True)
class Amendment:
    """New terms for an order named by its id or link id; None leaves a term as it is.

    A changed price, or a larger quantity, puts the order at the end of the queue; a smaller quantity keeps its place.
    `quantity` is the whole order's new quantity, what is filled included.
    """

    market: str
    order_id: str = ""
    link_id: str = ""
    price: Decimal | None = None
    quantity: Decimal | None = None
    trigger_price: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelFilter:
    """Which orders a cancel-all means; None is every one of that kind."""

    category: Category | None = None
    market: str | None = None
    base: str | None = None
    settle: str | None = None
    order_filter: OrderFilter | None = None

    def matches(self, order: "Order") -> bool:
        """Whether an order is meant."""
        return self.covers(order.listing) and self.order_filter in (None, order.order_filter)

    def covers(self, listing: Listing) -> bool:
        """Whether orders of a market can be meant."""
        return all(
            wanted is None or wanted == actual
            for wanted, actual in (
                (self.category, listing.category),
                (self.market, listing.key),
                (self.base, listing.base),
                (self.settle, listing.settle),
            )
        )


@dataclass(frozen=True, slots=True)
class Accepted:
    """An acknowledgement: the request was taken in. Its effect comes later, through the venue's latency, if at all."""

    order_id: str
    link_id: str


class Order:
    """An order as the exchange keeps it. Read it, never write it: only the exchange changes it.

    `ahead` is the displayed size queued before it, while it rests. `filled_value` is units of the quote coin.
    `reserved_units` is what it holds back: locked coins on spot, value that needs margin on linear; `reserve_ticks` is
    the price that is reckoned with (a market order's is where it would have ended when it was taken in).
    """

    __slots__ = (
        "account",
        "ahead",
        "cost_limit_units",
        "created_ns",
        "end_reason",
        "expire_ns",
        "fee_units",
        "filled_lots",
        "filled_value",
        "link_id",
        "listing",
        "lots",
        "order_filter",
        "order_id",
        "origin",
        "reduce_only",
        "reserve_ticks",
        "reserved_units",
        "self_trade",
        "side",
        "status",
        "ticks",
        "time_in_force",
        "trigger_direction",
        "trigger_ticks",
        "triggered",
        "type",
        "updated_ns",
    )

    def __init__(self, account: str, listing: Listing, order_id: str, wanted: NewOrder, created_ns: int) -> None:
        self.account = account
        self.listing = listing
        self.order_id = order_id
        self.link_id = wanted.link_id
        self.side = wanted.side
        self.type = wanted.type
        self.time_in_force = wanted.time_in_force
        self.reduce_only = wanted.reduce_only
        self.expire_ns = wanted.expire_ns
        self.self_trade = wanted.self_trade
        self.origin = Origin.OWNER
        self.created_ns = created_ns
        self.updated_ns = created_ns
        self.status = OrderStatus.IN_FLIGHT
        self.end_reason = EndReason.NONE
        self.order_filter = OrderFilter.ORDER
        self.ticks = 0
        self.lots = 0
        self.cost_limit_units: int | None = None
        self.trigger_ticks: int | None = None
        self.trigger_direction: TriggerDirection | None = None
        self.triggered = False
        self.filled_lots = 0
        self.filled_value = 0
        self.fee_units = 0
        self.reserve_ticks = 0
        self.reserved_units = 0
        self.ahead = 0

    @property
    def market(self) -> str:
        """The key of its listing."""
        return self.listing.key

    @property
    def remaining_lots(self) -> int:
        """Lots not filled yet; also of a final order, where nothing will come of them."""
        return self.lots - self.filled_lots

    @property
    def is_open(self) -> bool:
        """Whether the venue lists it as open."""
        return self.status in OPEN

    @property
    def is_waiting(self) -> bool:
        """Whether it is conditional and has not triggered."""
        return self.trigger_ticks is not None and not self.triggered

    @property
    def average_price(self) -> Decimal | None:
        """The mean price of its executions, or None without any."""
        if self.filled_lots == 0:
            return None
        listing = self.listing
        return Decimal(self.filled_value) / Decimal(self.filled_lots * listing.step_units)

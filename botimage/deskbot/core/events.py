"""What may happen to an engine.

Every event carries `at`: nanoseconds since the Unix epoch, anchored once when the process starts and advanced by the
monotonic clock, so that a stepped wall clock never bends a duration. Events are never changed after they are made, but
for a tape's one `Quote`: the engine keeps no quote, so it can be filled again.

Market events (`Book`, `Quote`, `Trade`) and `Timer` are volatile. The others change what a restart must know; the
engine turns those into journal records (`records.py`) before it acts on them.
"""

from dataclasses import dataclass, field
from typing import ClassVar, Final, final

from mypy_extensions import mypyc_attr

from deskbot.core.candles import Candle
from deskbot.core.instrument import Instrument
from deskbot.core.limits import Limits
from deskbot.core.plain import Plain
from deskbot.core.strategy import Strategy

# outcomes of a request to the venue
ACCEPTED: Final = "accepted"  # the venue answered with proof
REJECTED: Final = "rejected"  # a definite no, from the allow-list of `venues.errors`
UNKNOWN: Final = "unknown"  # anything else
NOT_SENT: Final = "not sent:"  # how the reason of a REJECTED begins that never left this machine
NOT_FOUND: Final = "not_found"  # the venue does not know the order (yet, or any more)

# kinds of executions that nobody ordered: the venue made them; "" is an ordinary trade
LIQUIDATION: Final = "Liquidation"
AUTO_DELEVERAGING: Final = "AutoDeleveraging"
SETTLEMENT: Final = "Settlement"  # delivery, or the end of a contract


@mypyc_attr(acyclic=True)
class Book:
    """The visible book of a market: (ticks, lots), best first. `sequence` is 0 where the venue gives none.

    `previous` is the sequence that this book follows, 0 for a snapshot: nothing before it matters.
    """

    __slots__ = ("asks", "at", "bids", "market", "previous", "sequence", "venue_ms")

    def __init__(
        self,
        at: int,
        market: str,
        bids: list[tuple[int, int]],
        asks: list[tuple[int, int]],
        venue_ms: int = 0,
        sequence: int = 0,
        previous: int = 0,
    ) -> None:
        self.at = at
        self.market = market
        self.bids = bids
        self.asks = asks
        self.venue_ms = venue_ms
        self.sequence = sequence
        self.previous = previous


@final
@mypyc_attr(acyclic=True, free_list_len=1)
class Quote:
    """The touch of a market alone, in ticks and lots, as a ticker or a tape of quotes gives it; otherwise a `Book`."""

    __slots__ = ("ask", "ask_lots", "at", "bid", "bid_lots", "market", "previous", "sequence", "venue_ms")

    def __init__(
        self,
        at: int,
        market: str,
        bid: int,
        bid_lots: int,
        ask: int,
        ask_lots: int,
        venue_ms: int = 0,
        sequence: int = 0,
        previous: int = 0,
    ) -> None:
        self.at = at
        self.market = market
        self.bid = bid
        self.bid_lots = bid_lots
        self.ask = ask
        self.ask_lots = ask_lots
        self.venue_ms = venue_ms
        self.sequence = sequence
        self.previous = previous


@mypyc_attr(acyclic=True)
class Trade:
    """A print on the public tape; `side` is the aggressor's."""

    __slots__ = ("at", "lots", "market", "side", "ticks", "venue_ms")

    def __init__(self, at: int, market: str, ticks: int, lots: int, side: int, venue_ms: int = 0) -> None:
        self.at = at
        self.market = market
        self.ticks = ticks
        self.lots = lots
        self.side = side
        self.venue_ms = venue_ms


@mypyc_attr(acyclic=True, free_list_len=1)
class Timer:
    """Time has passed: the shell sends one every 100 ms, also when nothing else happens."""

    __slots__ = ("at",)

    def __init__(self, at: int) -> None:
        self.at = at


@dataclass
class VenueClock:
    """The venue's clock minus the engine's time, in nanoseconds, as just measured."""

    at: int
    offset: int


@dataclass
class StreamChange:
    """A stream (`market` or `private`) became healthy or not. The shell resyncs, then says True."""

    at: int
    stream: str
    market: str  # "" for the private stream
    healthy: bool
    reason: str = ""


@mypyc_attr(acyclic=True)
class OrderEvent(Plain):
    """What the venue says of one order of ours, by stream or as an answer: most of what is no market data."""

    __slots__ = ()


@final
@mypyc_attr(acyclic=True, free_list_len=1)
class OrderReport(OrderEvent):
    """What the venue says about one order, by stream or as an answer. `state` is a number of `orders`.

    `client_id` is "" for an order placed without one. `price_ticks` is 0 for market orders. `trigger` marks
    conditional orders that do not rest in the book yet. Foreign orders may lie off our grid: then ticks and lots are
    rounded down, they serve only to be shown.
    """

    FIELDS: ClassVar = (
        "at",
        "market",
        "client_id",
        "venue_id",
        "side",
        "price_ticks",
        "lots",
        "filled_lots",
        "state",
        "reason",
        "trigger",
    )
    LATER: ClassVar = 2
    __slots__ = FIELDS

    def __init__(
        self,
        at: int,
        market: str,
        client_id: str,
        venue_id: str,
        side: int,
        price_ticks: int,
        lots: int,
        filled_lots: int,
        state: int,
        reason: str = "",
        trigger: bool = False,
    ) -> None:
        self.at = at
        self.market = market
        self.client_id = client_id
        self.venue_id = venue_id
        self.side = side
        self.price_ticks = price_ticks
        self.lots = lots
        self.filled_lots = filled_lots
        self.state = state
        self.reason = reason
        self.trigger = trigger


@final
@mypyc_attr(acyclic=True, free_list_len=1)
class Fill(OrderEvent):
    """One execution. `fee` is units (10^-18) of `fee_asset`, a rebate is negative; (market, `trade_id`) is unique.

    `sequence` orders executions of one millisecond, 0 where the venue gives nothing. `kind` is "" for a trade. Where
    the venue's price or amount lies off the grid, `price` (units of quote) and `amount` (units of base) are exact,
    `ticks` is the nearest and `lots` the next higher one; 0 says that ticks and lots are exact.
    """

    FIELDS: ClassVar = (
        "at",
        "market",
        "trade_id",
        "client_id",
        "venue_id",
        "side",
        "ticks",
        "lots",
        "fee",
        "fee_asset",
        "maker",
        "venue_ms",
        "sequence",
        "kind",
        "price",
        "amount",
    )
    LATER: ClassVar = 4
    __slots__ = FIELDS

    def __init__(
        self,
        at: int,
        market: str,
        trade_id: str,
        client_id: str,
        venue_id: str,
        side: int,
        ticks: int,
        lots: int,
        fee: int,
        fee_asset: str,
        maker: bool,
        venue_ms: int,
        sequence: int = 0,
        kind: str = "",
        price: int = 0,
        amount: int = 0,
    ) -> None:
        self.at = at
        self.market = market
        self.trade_id = trade_id
        self.client_id = client_id
        self.venue_id = venue_id
        self.side = side
        self.ticks = ticks
        self.lots = lots
        self.fee = fee
        self.fee_asset = fee_asset
        self.maker = maker
        self.venue_ms = venue_ms
        self.sequence = sequence
        self.kind = kind
        self.price = price
        self.amount = amount


@dataclass
class Funding:
    """One funding payment: `amount` is units of `asset`, received if positive; (market, `funding_id`) is unique."""

    at: int
    market: str
    funding_id: str
    amount: int
    asset: str
    venue_ms: int


@final
@mypyc_attr(acyclic=True, free_list_len=1)
class PlaceResult(OrderEvent):
    """The answer to a `Place`: ACCEPTED (with `venue_id`), REJECTED or UNKNOWN."""

    FIELDS: ClassVar = ("at", "client_id", "outcome", "venue_id", "reason")
    LATER: ClassVar = 2
    __slots__ = FIELDS

    def __init__(self, at: int, client_id: str, outcome: str, venue_id: str = "", reason: str = "") -> None:
        self.at = at
        self.client_id = client_id
        self.outcome = outcome
        self.venue_id = venue_id
        self.reason = reason


@final
@mypyc_attr(acyclic=True, free_list_len=1)
class CancelResult(OrderEvent):
    """The answer to a `Cancel`: ACCEPTED (asked for, not yet gone), NOT_FOUND, REJECTED or UNKNOWN."""

    FIELDS: ClassVar = ("at", "client_id", "outcome", "reason")
    LATER: ClassVar = 1
    __slots__ = FIELDS

    def __init__(self, at: int, client_id: str, outcome: str, reason: str = "") -> None:
        self.at = at
        self.client_id = client_id
        self.outcome = outcome
        self.reason = reason


@dataclass
class CancelAllResult:
    """The answer to a `CancelAll`; an acknowledgement, never a proof. `cancelled` is the venue's count."""

    at: int
    request: int
    outcome: str
    cancelled: int = 0
    reason: str = ""


@dataclass
class OrderAnswer:
    """The answer to a `QueryOrder`: ACCEPTED with the report, NOT_FOUND, or UNKNOWN when the question failed."""

    at: int
    client_id: str
    outcome: str
    report: OrderReport | None = None
    reason: str = ""


@dataclass
class OpenOrdersAnswer:
    """Every open order asked for, normal and trigger, to the last page.

    `complete` is False when any part of the query failed.
    """

    at: int
    request: int
    complete: bool
    orders: list[OrderReport] = field(default_factory=list)
    reason: str = ""


@dataclass
class VenuePosition:
    """A position as the venue states it: signed units of base; `average_price` in units of quote per base."""

    market: str
    amount: int
    average_price: int


@dataclass
class PositionsAnswer:
    """Every position of the account. Spot has none: `complete` and empty."""

    at: int
    request: int
    complete: bool
    positions: list[VenuePosition] = field(default_factory=list)
    reason: str = ""


@dataclass
class BalancesAnswer:
    """Balances by asset, (total, free) in units; `equity` of the account in units of the settle asset, if stated."""

    at: int
    request: int
    complete: bool
    balances: dict[str, tuple[int, int]] = field(default_factory=dict)
    equity: int | None = None
    reason: str = ""


@dataclass
class FillsAnswer:
    """Every fill and funding payment of one market since the asked time, to the last page, oldest first."""

    at: int
    request: int
    market: str
    complete: bool
    fills: list[Fill] = field(default_factory=list)
    reason: str = ""
    fundings: list[Funding] = field(default_factory=list)


@dataclass
class DeadManAnswer:
    """The answer to an `ArmDeadMan`: ACCEPTED, REJECTED when the account has no such switch, or UNKNOWN."""

    at: int
    request: int
    outcome: str
    reason: str = ""


@dataclass
class VenueReady:
    """The venue is open: markets loaded, the account looked at and found suitable.

    Executions can be asked for as far back as `fill_history_ms`; 0 for ever. `orders_by_market` says that open orders
    are dear to ask for without a market: each market is asked for by itself, the account less often. `closed` are the
    markets that nobody can trade on now, with the reason; those that are listed at all are among the instruments too.
    `clock_offset` is the venue's clock minus the engine's time, in nanoseconds, as measured while it was opened.
    """

    at: int
    account_id: str
    instruments: dict[str, Instrument]
    fill_history_ms: int = 0
    orders_by_market: bool = False
    closed: dict[str, str] = field(default_factory=dict)
    clock_offset: int = 0


@dataclass
class Relisted:
    """The venue has changed steps or limits of markets while it is open."""

    at: int
    instruments: dict[str, Instrument]


@dataclass
class VenueAskable:
    """The account must not be traded on (a problem says why), but it can be asked, and told to cancel."""

    at: int


@dataclass
class VenueLost:
    """The venue cannot be reached at all; the shell keeps trying and sends `VenueReady` again."""

    at: int
    reason: str


@dataclass
class Control:
    """What the object asks for, already parsed and valid; the engine never sees YAML.

    `latch_id` and `latch_released` mirror `status.killSwitch`: the id it names ("" when there is none) and whether its
    state is Released. `deleted` says that the object is gone or is another one by UID. `strategies` maps markets to
    ready instances; a market without one is only watched.
    """

    at: int
    generation: int
    mode: str
    halted: bool
    paused: bool
    acknowledged_halt: str
    latch_id: str
    latch_released: bool
    markets: tuple[str, ...]
    limits: Limits
    strategies: dict[str, Strategy]
    deleted: bool = False
    dead_man_after: int = 0  # ns; 0 wants no dead man's switch


@dataclass
class Problem:
    """The shell knows of something that forbids trading (`reason` of deskapi.conditions); "" clears what `key` said.

    MarketClosed forbids it on the market that is its key, and nowhere else.
    """

    at: int
    key: str
    reason: str
    message: str = ""


@dataclass
class StopRequested:
    """SIGTERM, Ctrl-C or the end of a recording: cancel everything, prove it, say `Stopped`."""

    at: int
    reason: str


Event = (  # the most frequent first: compiled, they are looked through in this order
    Quote
    | OrderReport
    | PlaceResult
    | CancelResult
    | Fill
    | Timer
    | Book
    | Trade
    | Candle
    | VenueClock
    | StreamChange
    | Funding
    | CancelAllResult
    | OrderAnswer
    | OpenOrdersAnswer
    | PositionsAnswer
    | BalancesAnswer
    | FillsAnswer
    | DeadManAnswer
    | VenueReady
    | Relisted
    | VenueAskable
    | VenueLost
    | Control
    | Problem
    | StopRequested
)

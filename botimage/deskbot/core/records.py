"""The words of the journal: every fact that a restart must know, in the order it was learnt or decided.

Durable state is a fold over these records (`durable.py`), live and in replay by the same function; there is no other
way to change it. A record becomes a plain tuple, its name first, which any encoder can write. The four that every
order's life is made of are plain classes (`plain.py`), the others dataclasses.

Said to the shell, a record is a command: append it to the journal (`commands.py`).
"""

from dataclasses import MISSING, dataclass, fields
from typing import Any, ClassVar, cast

from mypy_extensions import mypyc_attr

from deskbot.core.plain import Plain


@mypyc_attr(acyclic=True)
class Record(Plain):
    """One fact. Its first field is `at`, engine time."""

    __slots__ = ()

    def row(self) -> tuple[Any, ...]:
        """(name, field, field, …): strings, integers and booleans only. The busiest spell theirs out: a third of it."""
        name = type(self).__name__
        return (name, *[getattr(self, field) for field in _FIELDS[name]])


@mypyc_attr(acyclic=True, free_list_len=1)
class Intent(Record):
    """An order was decided. `at` is engine time; everything the venue will be asked for is here."""

    FIELDS: ClassVar = ("at", "client_id", "market", "side", "price_ticks", "lots", "post_only", "reduce_only", "level")
    __slots__ = FIELDS

    def __init__(
        self,
        at: int,
        client_id: str,
        market: str,
        side: int,
        price_ticks: int,
        lots: int,
        post_only: bool,
        reduce_only: bool,
        level: int,
    ) -> None:
        self.at = at
        self.client_id = client_id
        self.market = market
        self.side = side
        self.price_ticks = price_ticks
        self.lots = lots
        self.post_only = post_only
        self.reduce_only = reduce_only
        self.level = level

    def row(self) -> tuple[Any, ...]:
        """See `Record`."""
        return (
            "Intent",
            self.at,
            self.client_id,
            self.market,
            self.side,
            self.price_ticks,
            self.lots,
            self.post_only,
            self.reduce_only,
            self.level,
        )


@mypyc_attr(acyclic=True, free_list_len=1)
class CancelAsked(Record):
    """A cancel was decided."""

    FIELDS: ClassVar = ("at", "client_id")
    __slots__ = FIELDS

    def __init__(self, at: int, client_id: str) -> None:
        self.at = at
        self.client_id = client_id

    def row(self) -> tuple[Any, ...]:
        """See `Record`."""
        return ("CancelAsked", self.at, self.client_id)


@mypyc_attr(acyclic=True, free_list_len=1)
class OrderMoved(Record):
    """An order of ours changed its state (a number of `orders`), with the venue's words for it."""

    FIELDS: ClassVar = ("at", "client_id", "state", "venue_id", "filled_lots", "reason")
    __slots__ = FIELDS

    def __init__(self, at: int, client_id: str, state: int, venue_id: str, filled_lots: int, reason: str) -> None:
        self.at = at
        self.client_id = client_id
        self.state = state
        self.venue_id = venue_id
        self.filled_lots = filled_lots
        self.reason = reason

    def row(self) -> tuple[Any, ...]:
        """See `Record`."""
        return ("OrderMoved", self.at, self.client_id, self.state, self.venue_id, self.filled_lots, self.reason)


@mypyc_attr(acyclic=True)
class Filled(Record):
    """One execution of ours, booked exactly once by (market, trade id).

    `price` is units of quote per base and `amount` units of base, so that the ledger needs no market description to
    be replayed; `lots` is the same amount as the order counts it. `sequence` is the venue's own order of the executions
    within one millisecond, 0 where it has none; `kind` is "" for an ordinary trade, else one of `events`.
    """

    FIELDS: ClassVar = (
        "at",
        "market",
        "trade_id",
        "client_id",
        "side",
        "price",
        "amount",
        "lots",
        "fee",
        "fee_asset",
        "fee_in_base",
        "maker",
        "venue_ms",
        "sequence",
        "kind",
    )
    LATER: ClassVar = 2
    __slots__ = FIELDS

    def __init__(
        self,
        at: int,
        market: str,
        trade_id: str,
        client_id: str,
        side: int,
        price: int,
        amount: int,
        lots: int,
        fee: int,
        fee_asset: str,
        fee_in_base: bool,
        maker: bool,
        venue_ms: int,
        sequence: int = 0,
        kind: str = "",
    ) -> None:
        self.at = at
        self.market = market
        self.trade_id = trade_id
        self.client_id = client_id
        self.side = side
        self.price = price
        self.amount = amount
        self.lots = lots
        self.fee = fee
        self.fee_asset = fee_asset
        self.fee_in_base = fee_in_base
        self.maker = maker
        self.venue_ms = venue_ms
        self.sequence = sequence
        self.kind = kind

    def row(self) -> tuple[Any, ...]:
        """See `Record`."""
        return (
            "Filled",
            self.at,
            self.market,
            self.trade_id,
            self.client_id,
            self.side,
            self.price,
            self.amount,
            self.lots,
            self.fee,
            self.fee_asset,
            self.fee_in_base,
            self.maker,
            self.venue_ms,
            self.sequence,
            self.kind,
        )


@dataclass
class FillCorrected(Record):
    """The venue's lists say another price or fee of an execution than was booked: theirs holds (docs/accounting.md)."""

    at: int
    market: str
    trade_id: str
    price: int
    fee: int
    fee_asset: str
    fee_in_base: bool


@dataclass
class Funded(Record):
    """One funding payment, booked once by (market, funding id); `amount` is units of `asset`, received if positive."""

    at: int
    market: str
    funding_id: str
    amount: int
    asset: str
    venue_ms: int


@dataclass
class Listed(Record):
    """The steps of a market, as the venue lists it from now on: what the ticks and lots of later records mean.

    `venue_ms` is now by the venue's clock (0 from before it was noted).
    """

    at: int
    market: str
    tick: int
    lot: int
    venue_ms: int = 0


@dataclass
class FillsRead(Record):
    """Every execution of a market up to this time of the venue was read and booked."""

    at: int
    market: str
    until_ms: int


@dataclass
class Opened(Record):
    """The journal begins with what the venue shows on a market, often 0; amount in units, price in units of quote."""

    at: int
    market: str
    amount: int
    average_price: int


# Reasons of a halt after which earlier journals of this bot are no news.
JOURNAL_LOST, EARLIER_OBJECT = "JournalLost", "EarlierObject"


@dataclass
class Latched(Record):
    """A halt began. A second cause supersedes the id. `evidence` are the facts of one that the engine found itself.

    `used` is a client order id of this journal that the venue knows and the journal does not: it was put back.
    """

    at: int
    id: str
    source: str
    reason: str
    evidence: str = ""
    used: str = ""


@dataclass
class HaltConfirmed(Record):
    """The venue itself showed no order left, with every intent resolved."""

    at: int
    id: str
    cancelled: int


@dataclass
class Released(Record):
    """A person acknowledged this halt's id."""

    at: int
    id: str


@dataclass
class Orphaned(Record):
    """An order with our prefix that this journal does not know was found on the venue and is being cancelled."""

    at: int
    market: str
    client_id: str
    venue_id: str


@dataclass
class DayBegan(Record):
    """A UTC day (counted from 1970-01-01) began with this PnL, and these parts of it, in units of quote."""

    at: int
    day: int
    pnl: int
    fees: int = 0
    funding: int = 0


@dataclass
class Session(Record):
    """A process began to use this journal; `venue_ms` is when, by the venue's clock (0 from before it was noted)."""

    at: int
    version: str
    account_id: str
    venue_ms: int = 0


_KINDS: dict[str, type[Record]] = {
    kind.__name__: kind
    for kind in (
        Intent,
        CancelAsked,
        OrderMoved,
        Filled,
        FillCorrected,
        Funded,
        FillsRead,
        Listed,
        Opened,
        Latched,
        HaltConfirmed,
        Released,
        Orphaned,
        DayBegan,
        Session,
    )
}


class UnknownRecord(ValueError):
    """A record that only a later version of the bot can have written."""


# Fields that were added later stand last and have a value for the records from before them.
_FIELDS: dict[str, tuple[str, ...]] = {}
_LATER: dict[str, int] = {}
for _name, _kind in _KINDS.items():
    if _kind.FIELDS:
        _FIELDS[_name], _LATER[_name] = _kind.FIELDS, _kind.LATER
    else:
        _fields = fields(cast(Any, _kind))
        _FIELDS[_name] = tuple(field.name for field in _fields)
        _LATER[_name] = sum(field.default is not MISSING for field in _fields)


def named(record: Record) -> dict[str, Any]:
    """The fields of a record by their names."""
    return {field: getattr(record, field) for field in _FIELDS[type(record).__name__]}


def from_tuple(row: tuple[Any, ...] | list[Any]) -> Record:
    """The record a tuple was made from.

    Raises UnknownRecord for a name or more fields than this version knows, ValueError for what no version wrote.
    """
    if not row or not isinstance(row[0], str):
        raise ValueError(f"no journal record: {row!r}")
    kind = _KINDS.get(row[0])
    missing = len(_FIELDS[row[0]]) + 1 - len(row) if kind is not None else -1
    if kind is None or missing < 0:
        raise UnknownRecord(f"no journal record of this version: {row!r}")
    if missing > _LATER[row[0]]:
        raise ValueError(f"no journal record: {row!r}")
    return kind(*row[1:])

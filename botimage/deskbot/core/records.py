"""The words of the journal: every fact that a restart must know, in the order it was learnt or decided.

Durable state is a fold over these records (`durable.py`), live and in replay by the same function; there is no other
way to change it. A record becomes a plain tuple, its name first, which any encoder can write.
"""

from dataclasses import MISSING, dataclass, fields
from typing import Any


@dataclass
class Intent:
    """An order was decided. `at` is engine time; everything the venue will be asked for is here."""

    at: int
    client_id: str
    market: str
    side: int
    price_ticks: int
    lots: int
    post_only: bool
    reduce_only: bool
    level: int


@dataclass
class CancelAsked:
    """A cancel was decided."""

    at: int
    client_id: str


@dataclass
class OrderMoved:
    """An order of ours changed its state (a number of `orders`), with the venue's words for it."""

    at: int
    client_id: str
    state: int
    venue_id: str
    filled_lots: int
    reason: str


@dataclass
class Filled:
    """One execution of ours, booked exactly once by (market, trade id).

    `price` is units of quote per base and `amount` units of base, so that the ledger needs no market description to
    be replayed; `lots` is the same amount as the order counts it. `sequence` is the venue's own order of the executions
    within one millisecond, 0 where it has none; `kind` is "" for an ordinary trade, else one of `events`.
    """

    at: int
    market: str
    trade_id: str
    client_id: str
    side: int
    price: int
    amount: int
    lots: int
    fee: int
    fee_asset: str
    fee_in_base: bool
    maker: bool
    venue_ms: int
    sequence: int = 0
    kind: str = ""


@dataclass
class FillCorrected:
    """The venue's lists say another price or fee of an execution than was booked: theirs holds (docs/accounting.md)."""

    at: int
    market: str
    trade_id: str
    price: int
    fee: int
    fee_asset: str
    fee_in_base: bool


@dataclass
class Funded:
    """One funding payment, booked once by (market, funding id); `amount` is units of `asset`, received if positive."""

    at: int
    market: str
    funding_id: str
    amount: int
    asset: str
    venue_ms: int


@dataclass
class Listed:
    """The steps of a market, as the venue lists it from now on: what the ticks and lots of later records mean."""

    at: int
    market: str
    tick: int
    lot: int


@dataclass
class FillsRead:
    """Every execution of a market up to this time of the venue was read and booked."""

    at: int
    market: str
    until_ms: int


@dataclass
class Opened:
    """The journal begins with what the venue shows on a market, often 0; amount in units, price in units of quote."""

    at: int
    market: str
    amount: int
    average_price: int


@dataclass
class Latched:
    """A halt began. A second cause supersedes the id. `evidence` are the facts of one that the engine found itself."""

    at: int
    id: str
    source: str
    reason: str
    evidence: str = ""


@dataclass
class HaltConfirmed:
    """The venue itself showed no order left, with every intent resolved."""

    at: int
    id: str
    cancelled: int


@dataclass
class Released:
    """A person acknowledged this halt's id."""

    at: int
    id: str


@dataclass
class Orphaned:
    """An order with our prefix that this journal does not know was found on the venue and is being cancelled."""

    at: int
    market: str
    client_id: str
    venue_id: str


@dataclass
class DayBegan:
    """A UTC day (counted from 1970-01-01) began with this PnL, and these parts of it, in units of quote."""

    at: int
    day: int
    pnl: int
    fees: int = 0
    funding: int = 0


@dataclass
class Session:
    """A process began to use this journal."""

    at: int
    version: str
    account_id: str


Record = (
    Intent
    | CancelAsked
    | OrderMoved
    | Filled
    | FillCorrected
    | Funded
    | FillsRead
    | Listed
    | Opened
    | Latched
    | HaltConfirmed
    | Released
    | Orphaned
    | DayBegan
    | Session
)

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
_FIELDS = {name: tuple(f.name for f in fields(kind)) for name, kind in _KINDS.items()}
# Fields that were added later stand last and have a value for the records from before them.
_LATER = {name: sum(f.default is not MISSING for f in fields(kind)) for name, kind in _KINDS.items()}


def to_tuple(record: Record) -> tuple[Any, ...]:
    """(name, field, field, …): strings, integers and booleans only."""
    name = type(record).__name__
    return (name, *[getattr(record, f) for f in _FIELDS[name]])


def from_tuple(row: tuple[Any, ...] | list[Any]) -> Record:
    """The record a tuple was made from. Raises ValueError for a name or a number of fields that no version wrote."""
    kind = _KINDS.get(row[0]) if row else None
    missing = len(_FIELDS[row[0]]) + 1 - len(row) if kind is not None else -1
    if kind is None or not 0 <= missing <= _LATER[row[0]]:
        raise ValueError(f"no journal record: {row!r}")
    return kind(*row[1:])

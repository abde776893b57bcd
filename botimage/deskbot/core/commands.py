"""What an engine asks its shell to do, in order.

A record asks to be appended to the journal, and the one rule the shell must keep is: a `Place` goes out only after
every record before it is durable. Everything else, cancels and questions above all, goes out also when nothing can be
written. Each request is answered by exactly one event (`events.py`), whatever happens to it on the wire; the shell
gives every request a time-out.
"""

from dataclasses import dataclass
from typing import ClassVar

from mypy_extensions import mypyc_attr

from deskbot.core.plain import Plain
from deskbot.core.records import Record


@mypyc_attr(acyclic=True, free_list_len=1)
class Place(Plain):
    """Send the order of an intent. `price_ticks` is 0 for a market order, which never carries a price."""

    FIELDS: ClassVar = ("client_id", "market", "side", "price_ticks", "lots", "post_only", "reduce_only")
    __slots__ = FIELDS

    def __init__(
        self, client_id: str, market: str, side: int, price_ticks: int, lots: int, post_only: bool, reduce_only: bool
    ) -> None:
        self.client_id = client_id
        self.market = market
        self.side = side
        self.price_ticks = price_ticks
        self.lots = lots
        self.post_only = post_only
        self.reduce_only = reduce_only


@mypyc_attr(acyclic=True, free_list_len=1)
class Cancel(Plain):
    """Cancel one order by its client id. `emergency` uses the venue instance that no queue stands in front of."""

    FIELDS: ClassVar = ("client_id", "venue_id", "market", "emergency")
    LATER: ClassVar = 1
    __slots__ = FIELDS

    def __init__(self, client_id: str, venue_id: str, market: str, emergency: bool = False) -> None:
        self.client_id = client_id
        self.venue_id = venue_id
        self.market = market
        self.emergency = emergency


@dataclass
class CancelForeign:
    """Cancel one order that is not ours, by the venue's id (a halt, or an orphan of an earlier journal)."""

    venue_id: str
    market: str
    trigger: bool
    emergency: bool = False


@dataclass
class CancelAll:
    """Cancel every order of the account on the markets, whoever placed it, normal and trigger."""

    request: int
    markets: tuple[str, ...]


@dataclass
class QueryOrder:
    """What became of one intent: open orders, then history, by client id."""

    client_id: str
    market: str
    emergency: bool = False


@dataclass
class QueryOpenOrders:
    """Every open order of the account in the bot's market type, or on one market, normal and trigger, all pages."""

    request: int
    emergency: bool = False
    market: str = ""


@dataclass
class QueryPositions:
    """Every position of the account."""

    request: int


@dataclass
class QueryBalances:
    """Balances of the account."""

    request: int


@dataclass
class QueryFills:
    """Every fill of a market since a venue time in milliseconds, all pages."""

    request: int
    market: str
    since_ms: int


@dataclass
class ArmDeadMan:
    """Have the venue cancel every order unless it hears of us within so many seconds; 0 lets go."""

    request: int
    seconds: int


@dataclass
class Publish:
    """The summary changed in a way people and machines decide on: report it now."""


@dataclass
class Stopped:
    """The engine is done; the shell flushes and leaves. `confirmed` says that the venue showed no order left.

    `unasked` says that it was never reached, and that this journal has sent nothing that could be left.
    """

    confirmed: bool
    message: str
    unasked: bool = False


Command = (
    Record
    | Place
    | Cancel
    | CancelForeign
    | CancelAll
    | QueryOrder
    | QueryOpenOrders
    | QueryPositions
    | QueryBalances
    | QueryFills
    | ArmDeadMan
    | Publish
    | Stopped
)

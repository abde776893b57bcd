"""What differs from exchange to exchange, behind one small protocol.

    ccxt_venue, orders, streams, clients ──▶ Adapter ──▶ bybit/ or binance/ ──▶ the exchange's own requests and rows

An adapter serves one exchange and market type. It asks and reads; it decides nothing. It raises whatever a request
raises (`errors.py` says what that proves) and never asks the same thing twice. Symbols are the venue's own names.
"""

from collections.abc import Awaitable, Callable, Coroutine, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from deskbot.core.events import Event, Fill, Funding, OrderReport, VenuePosition
from deskbot.venues.markets import Markets

Row = dict[str, Any]
CancelRequest = Callable[[], Awaitable[bool]]
CancelAllRequest = Callable[[], Awaitable[tuple[int, bool]]]
Find = Callable[[str], Any]
Now = Callable[[], int]


# The engine decides on the touch; each level more is 0.6 us of every message, several times that where it is cold.
BOOK_DEPTH: Final = 5


class ListFailed(Exception):
    """A list could not be read to its end."""


@dataclass(frozen=True)
class Facts:
    """`book_asked` are the levels a stream is subscribed with, `book_depth` those handed to the engine, `confirm_depth`
    those asked for when the stream is silent.

    `subscriptions` acknowledgements make the private stream whole. `fill_history_ms` is how far back executions reach.
    `options` are ccxt's; `forbidden_in_endpoint` are words that ccxt reads a meaning into, wherever in an address.
    """

    exchange: str
    market_type: str
    book_asked: int
    book_depth: int
    confirm_depth: int
    subscriptions: int
    fill_history_ms: int
    forbidden_in_endpoint: tuple[str, ...]
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Print:
    """One row of the public tape, in the venue's own strings; `side` is the aggressor's."""

    price: str
    amount: str
    side: int
    venue_ms: int


class Adapter(Protocol):
    """One exchange and market type; `serve` gives it the markets before anything else is asked."""

    @property
    def facts(self) -> Facts:
        """What is the same for every request; `subscriptions` may grow while the private stream is down."""
        ...

    def serve(self, markets: Markets) -> None:
        """The markets that rows are read with, from now on."""
        ...

    def exchange(self, config: Row) -> Any:
        """A new ccxt instance (`Paced` and `Guarded`). Importing ccxt costs half a second, so it is imported here."""
        ...

    def use_test_network(self, exchange: Any) -> None:
        """Point an instance at the exchange's own test network."""
        ...

    async def warm(self, exchange: Any) -> None:
        """Ask what ccxt would ask before the first private request."""
        ...

    async def check_account(self, exchange: Any) -> str:
        """The account's id. Raises Blocked for a key or an account that must not be used."""
        ...

    async def account_id(self, exchange: Any) -> str:
        """The account's id alone, whatever else is the matter with it."""
        ...

    async def check_market(self, exchange: Any, market: str, symbol: str) -> None:
        """Raise Blocked for a market whose settings on the account do not suit."""
        ...

    async def fee_rates(self, exchange: Any, symbol: str) -> tuple[str, str]:
        """(maker, taker) of the account on one market."""
        ...

    async def cancel(self, exchange: Any, symbol: str, client_id: str) -> bool:
        """Cancel one order of ours; False where the answer names no order."""
        ...

    def foreign_cancels(self, exchange: Any, symbol: str, venue_id: str, *, trigger: bool) -> Sequence[CancelRequest]:
        """The requests that may cancel an order by the venue's id, to be tried until one finds it."""
        ...

    def cancel_alls(self, exchange: Any, symbol: str) -> Sequence[CancelAllRequest]:
        """The requests that together cancel every order of a market: each says how many, and whether to ask again."""
        ...

    async def open_orders(self, exchange: Any, symbol: str = "") -> list[OrderReport]:
        """Every live order of the account in the market type, or on one market, trigger orders too."""
        ...

    async def order(self, exchange: Any, symbol: str, client_id: str) -> OrderReport | None:
        """One order, live or ended; None when the venue does not know it. Raises ListFailed while that is open."""
        ...

    async def positions(self, exchange: Any) -> list[VenuePosition]:
        """Every position of the account; spot has none."""
        ...

    async def balances(self, exchange: Any, settle: str) -> tuple[dict[str, tuple[int, int]], int | None]:
        """(total, free) by asset, and equity in the settle asset where there is one."""
        ...

    async def fills(self, exchange: Any, symbol: str, since_ms: int) -> tuple[list[Fill], list[Funding]]:
        """Every fill, oldest first, and every funding payment of one market since a venue time."""
        ...

    def tape(self, row: Row) -> Print:
        """One row of the public tape."""
        ...

    def private_events(self, rows: list[Row]) -> Iterator[Event]:
        """What rows of the private stream say of this market type."""
        ...

    def private_work(self, exchange: Any) -> Sequence[Coroutine[Any, Any, None]]:
        """What runs for as long as the private stream does: its subscriptions, and what keeps it open."""
        ...

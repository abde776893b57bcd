"""What the runtime asks of a venue: the engine's commands in, the engine's events out.

The shell opens a venue, runs `stream` in a task of its own, and awaits one method per command. Apart from `open`, no
method raises for trouble with the venue: the outcome is in the event. A question that failed, or was answered only in
part, is `complete=False` or UNKNOWN, never an empty answer. Cancellation of the awaiting task passes through.

    runtime ── Place, Cancel, Query… ──▶ Venue ──▶ results, answers      (each awaited)
    runtime ◀── emit(Book, Trade, OrderReport, Fill, StreamChange) ── Venue.stream

Times (`at`) come from the clock handed in at construction; a venue has no clock of its own.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from deskbot.core.commands import (
    ArmDeadMan,
    Cancel,
    CancelAll,
    CancelForeign,
    Place,
    QueryBalances,
    QueryFills,
    QueryOpenOrders,
    QueryOrder,
    QueryPositions,
)
from deskbot.core.events import (
    BalancesAnswer,
    CancelAllResult,
    CancelResult,
    DeadManAnswer,
    Event,
    FillsAnswer,
    OpenOrdersAnswer,
    OrderAnswer,
    PlaceResult,
    PositionsAnswer,
    VenueReady,
)

Emit = Callable[[Event], None]
Now = Callable[[], int]


@dataclass(frozen=True)
class Credentials:
    """An API key. Never printed: neither part appears in a repr."""

    api_key: str = field(repr=False)
    secret: str = field(repr=False)


@dataclass(frozen=True)
class VenueSettings:
    """What a bot's `spec.venue`, `spec.mode` and `spec.markets` say about its venue.

    `market_type` is Spot or Swap. Without `endpoint` the venue's own sandbox is used. `credentials` is None in DryRun:
    then only the public streams exist, requests are refused and the account is empty. Silence is in seconds without
    a message, the offset in milliseconds between this machine's clock and the venue's. `shared_by` is how many bots
    ask the venue in the name of this account or from this address; each keeps to its part of the venue's limits.
    """

    exchange: str
    market_type: str
    markets: tuple[str, ...]
    credentials: Credentials | None
    endpoint: str | None = None
    market_silence: float = 2.5
    max_clock_offset_ms: int = 150
    request_timeout_ms: int = 5000
    shared_by: int = 1


@dataclass(frozen=True)
class VenueFigures:
    """How it stands between us and a venue. `limits_used` are shares of its rate limits, 1 is all; `clock_skew_ms` is
    this machine's clock minus the venue's; `stream_breaks` counts by market, or `private`.
    """

    limits_used: dict[str, float] = field(default_factory=dict)
    refusals: int = 0
    bans: int = 0
    clock_skew_ms: int = 0
    stream_breaks: dict[str, int] = field(default_factory=dict)


class Venue(Protocol):
    """One account on one venue."""

    async def open(self) -> VenueReady:
        """Load the markets and look at the account; may be called again after it failed.

        Raises Invalid (unknown market, refused key), Blocked (unsuitable account, clock offset) or Transient (the
        venue does not answer), each with one clear line.
        """
        ...

    async def place(self, command: Place) -> PlaceResult:
        """Send one order, once."""
        ...

    async def cancel(self, command: Cancel) -> CancelResult:
        """Ask for one order of ours to be cancelled."""
        ...

    async def cancel_foreign(self, command: CancelForeign) -> CancelResult:
        """Ask for an order that is not ours to be cancelled; the result's `client_id` is the venue's id."""
        ...

    async def cancel_all(self, command: CancelAll) -> CancelAllResult:
        """Ask for every order on the markets to be cancelled, on the emergency instance."""
        ...

    async def query_order(self, command: QueryOrder) -> OrderAnswer:
        """What became of one order: open orders, then history, then executions."""
        ...

    async def query_open_orders(self, command: QueryOpenOrders) -> OpenOrdersAnswer:
        """Every open order of the account in this market type, or on one market, normal and trigger."""
        ...

    async def query_positions(self, command: QueryPositions) -> PositionsAnswer:
        """Every position of the account."""
        ...

    async def query_balances(self, command: QueryBalances) -> BalancesAnswer:
        """Balances of the account."""
        ...

    async def query_fills(self, command: QueryFills) -> FillsAnswer:
        """Every fill of one market since a venue time."""
        ...

    async def arm_dead_man(self, command: ArmDeadMan) -> DeadManAnswer:
        """Wind up the account's dead man's switch, or let it go; REJECTED where the account has none."""
        ...

    def figures(self) -> VenueFigures:
        """How it stands now, for metrics."""
        ...

    async def stream(self, emit: Emit) -> None:
        """Run the market and private streams until cancelled, reconnecting by itself; call after `open`.

        A stream is unhealthy until its first message; after `StreamChange(healthy=True)` of the private stream the
        engine asks for what it may have missed.
        """
        ...

    async def close(self) -> None:
        """Close every connection; harmless when called twice or before `open`."""
        ...

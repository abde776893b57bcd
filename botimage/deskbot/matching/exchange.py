"""A whole small exchange in virtual time.

Recorded market events come in through `market_event`, requests of accounts through `create`, `amend`, `cancel` and
`cancel_all`; everything that happens comes out of `drain_reports`, in order. Time is handed in with each call, in
nanoseconds, and never runs back: a call first does all work due until then. The same calls with the same seed give
the same reports, byte for byte.
"""

from collections.abc import Iterable, Mapping
from decimal import Decimal

from deskbot.matching.latency import Latency
from deskbot.matching.listing import Listing
from deskbot.matching.market_data import MarketEvent
from deskbot.matching.orders import Accepted, Amendment, CancelFilter, NewOrder, Order, Refusal
from deskbot.matching.queueing import QueueModel
from deskbot.matching.reports import (
    BookView,
    Candle,
    ExecutionReport,
    GroundTruth,
    PositionReport,
    Report,
    TickerView,
    TradePrint,
    WalletReport,
)


class Exchange:
    """Markets driven by a recording, accounts that trade on them, and the reports of all that.

    Raises KeyError where a query names an account or market that is not there (`has_account`, `listings` tell).
    """

    def __init__(
        self,
        listings: Iterable[Listing],
        *,
        seed: int,
        latency: Latency | None = None,
        queue_model: QueueModel = QueueModel.PROPORTIONAL,
        start_ns: int = 0,
    ) -> None:
        raise NotImplementedError

    # what time it is and what is due

    @property
    def now_ns(self) -> int:
        """The venue time of the last thing that happened."""
        raise NotImplementedError

    @property
    def listings(self) -> dict[str, Listing]:
        """Every listed market by its key, in listing order."""
        raise NotImplementedError

    def advance(self, to_ns: int) -> None:
        """Do all work due until then (arrivals, expiries), in time order."""
        raise NotImplementedError

    def next_due(self) -> int | None:
        """When the next internal work is due, or None."""
        raise NotImplementedError

    def drain_reports(self) -> list[Report]:
        """Every report since the last call, oldest first."""
        raise NotImplementedError

    # the market

    def market_event(self, event: MarketEvent) -> None:
        """Take one event of the recording at its `time_ns`. Raises KeyError for an unlisted market."""
        raise NotImplementedError

    # accounts

    def open_account(self, account: str, balances: Mapping[str, Decimal]) -> None:
        """Open an account under its API key with these coins. Raises ValueError when it exists."""
        raise NotImplementedError

    def has_account(self, account: str) -> bool:
        """Whether this API key has an account."""
        raise NotImplementedError

    def set_leverage(self, account: str, market: str, leverage: Decimal) -> Refusal | None:
        """Set the leverage of a linear market (10 at first); None when done. At most two decimals."""
        raise NotImplementedError

    # requests

    def create(self, at_ns: int, account: str, wanted: NewOrder) -> Accepted | Refusal:
        """Take in a new order. Accepted reserves what it needs; the book sees it one latency later."""
        raise NotImplementedError

    def amend(self, at_ns: int, account: str, change: Amendment) -> Accepted | Refusal:
        """Take in new terms for an order. An order that is final by the time they arrive stays as it is."""
        raise NotImplementedError

    def cancel(
        self, at_ns: int, account: str, market: str, *, order_id: str = "", link_id: str = ""
    ) -> Accepted | Refusal:
        """Take in a cancellation of one order."""
        raise NotImplementedError

    def cancel_all(self, at_ns: int, account: str, which: CancelFilter) -> list[Accepted]:
        """Take in a cancellation of every open order that matches when it arrives.

        Returns those that match now; orders in flight are not among them.
        """
        raise NotImplementedError

    # what accounts see

    def find_order(self, account: str, *, order_id: str = "", link_id: str = "") -> Order | None:
        """The order of that id, open or final; None too while it is in flight."""
        raise NotImplementedError

    def open_orders(self, account: str) -> list[Order]:
        """Open orders in every list of the venue, oldest first; none that is in flight."""
        raise NotImplementedError

    def order_history(self, account: str) -> list[Order]:
        """Every order the book ever saw, open or final, oldest first."""
        raise NotImplementedError

    def executions(self, account: str) -> list[ExecutionReport]:
        """Every execution, oldest first."""
        raise NotImplementedError

    def wallet(self, account: str) -> dict[str, WalletReport]:
        """Every coin the account ever held, as it stands."""
        raise NotImplementedError

    def available_units(self, account: str, asset: str) -> int:
        """What a new order may reserve: balance less reservations, margin and unrealised loss."""
        raise NotImplementedError

    def position(self, account: str, market: str) -> PositionReport:
        """The linear position on a market, flat included."""
        raise NotImplementedError

    def unrealised_units(self, account: str, market: str) -> int:
        """Unrealised PnL of a linear position at the last price."""
        raise NotImplementedError

    def initial_margin_units(self, account: str, market: str) -> int:
        """Initial margin of a linear market: of the position together with its open orders."""
        raise NotImplementedError

    def ground_truth(self, account: str) -> GroundTruth:
        """The exchange's own ledger of an account: every market it ever traded, counts of its orders."""
        raise NotImplementedError

    # what everybody sees

    def book(self, market: str, depth: int) -> BookView:
        """The best `depth` levels of each side of the recorded book."""
        raise NotImplementedError

    def trades(self, market: str, *, after_id: int = 0, limit: int = 1000) -> list[TradePrint]:
        """The newest public trades with an id above `after_id`, oldest first; at most the last 1 000 are kept."""
        raise NotImplementedError

    def ticker(self, market: str) -> TickerView:
        """Last price, touch and the last 24 hours."""
        raise NotImplementedError

    def candles(self, market: str, *, limit: int = 200) -> list[Candle]:
        """One-minute candles from the trades, oldest first, the running one last; minutes without trades have none."""
        raise NotImplementedError

"""Orders and their states.

An order begins as an intent that is already in the journal. From then on only what the venue says moves it, along
the arrows of `TRANSITIONS`; any other arrow raises. `UNKNOWN` is the state of an order whose request got no
definite answer: it counts as live in every limit, blocks new risk on its market, and is resolved by asking.
"""

from typing import Final

from mypy_extensions import mypyc_attr

from deskbot.core.errors import InvariantViolated

NEW: Final = 0
SENT: Final = 1
OPEN: Final = 2
PARTIALLY_FILLED: Final = 3
PENDING_CANCEL: Final = 4
UNKNOWN: Final = 5
FILLED: Final = 6
CANCELLED: Final = 7
EXPIRED: Final = 8
REJECTED: Final = 9

STATE_NAMES: Final = (
    "New",
    "Sent",
    "Open",
    "PartiallyFilled",
    "PendingCancel",
    "Unknown",
    "Filled",
    "Cancelled",
    "Expired",
    "Rejected",
)

_ENDED: Final = (FILLED, CANCELLED, EXPIRED, REJECTED)
_LIVE_ANSWERS: Final = (OPEN, PARTIALLY_FILLED, PENDING_CANCEL, UNKNOWN, *_ENDED)

TRANSITIONS: Final[tuple[tuple[int, ...], ...]] = (
    (SENT, REJECTED),  # NEW
    _LIVE_ANSWERS,  # SENT: a stream may report any later state before the answer arrives
    (PARTIALLY_FILLED, PENDING_CANCEL, UNKNOWN, *_ENDED),  # OPEN: post-only refusals come after the acknowledgement
    (PENDING_CANCEL, UNKNOWN, FILLED, CANCELLED, EXPIRED),  # PARTIALLY_FILLED
    (OPEN, PARTIALLY_FILLED, UNKNOWN, *_ENDED),  # PENDING_CANCEL: a refused cancel leaves the order where it was
    (OPEN, PARTIALLY_FILLED, PENDING_CANCEL, *_ENDED),  # UNKNOWN
    (),  # FILLED
    (),  # CANCELLED
    (),  # EXPIRED
    (),  # REJECTED
)

# The same arrows as a table, from and to: looked up for every word on an order, and twice as fast as searched.
MAY_BECOME: Final[tuple[tuple[bool, ...], ...]] = tuple(
    tuple(to in arrows for to in range(len(TRANSITIONS))) for arrows in TRANSITIONS
)


class IllegalTransition(InvariantViolated):
    """A transition the venue cannot have meant: a bug of ours, never input."""


@mypyc_attr(acyclic=True, free_list_len=1)
class Order:
    """One order of ours, from intent to end. Times are engine nanoseconds; `price_ticks` is 0 for a market order.

    `filled_lots` is what the venue says has filled, `booked_lots` what the ledger has: they meet when every execution
    has arrived. `sent_at` is when it was decided. Volatile, not in the journal: `signed_by`, the latest moment at which
    its request can have been signed (a request may wait in the shell); `updated_at`, when we last heard of it; and the
    three fields about questions, which steer what is asked of the venue. The `counted_…` fields are what the sums of
    `working.py` hold of this order.
    """

    __slots__ = (
        "asked_at",
        "booked_lots",
        "cancel_asked_at",
        "client_id",
        "counted_live",
        "counted_lots",
        "counted_unknown",
        "filled_lots",
        "level",
        "lots",
        "market",
        "missing_since",
        "price_ticks",
        "query_in_flight",
        "reason",
        "reduce_only",
        "sent_at",
        "side",
        "signed_by",
        "state",
        "updated_at",
        "venue_id",
    )

    def __init__(
        self,
        client_id: str,
        market: str,
        side: int,
        price_ticks: int,
        lots: int,
        reduce_only: bool,
        level: int,
        at: int,
    ) -> None:
        self.client_id = client_id
        self.market = market
        self.side = side
        self.price_ticks = price_ticks
        self.lots = lots
        self.reduce_only = reduce_only
        self.level = level
        self.state = NEW
        self.venue_id = ""
        self.filled_lots = 0
        self.booked_lots = 0
        self.sent_at = at
        self.signed_by = at
        self.updated_at = at
        self.cancel_asked_at = 0
        self.reason = ""
        self.missing_since = 0
        self.query_in_flight = False
        self.asked_at = 0
        self.counted_lots = 0
        self.counted_live = 0
        self.counted_unknown = 0

    def move(self, state: int, at: int, reason: str = "") -> None:
        """Follow one arrow of `TRANSITIONS`; staying where it is only refreshes the time. Raises IllegalTransition."""
        if state != self.state:
            if not MAY_BECOME[self.state][state]:
                raise IllegalTransition(f"{self.client_id}: {STATE_NAMES[self.state]} -> {STATE_NAMES[state]}")
            self.state = state
        self.updated_at = at
        if reason:
            self.reason = reason

    def regrid(self, old_tick: int, old_lot: int, tick: int, lot: int) -> None:
        """The venue changed the steps of the market: the same order in the new ones, never smaller than it is."""
        self.price_ticks = self.price_ticks * old_tick // tick
        self.lots = -(-self.lots * old_lot // lot)
        self.filled_lots = self.filled_lots * old_lot // lot
        self.booked_lots = self.booked_lots * old_lot // lot

    @property
    def at_risk_lots(self) -> int:
        """Lots that are not in the ledger and are, or may still be, in the position."""
        lots = (self.lots if self.state < FILLED else self.filled_lots) - self.booked_lots
        return lots if lots > 0 else 0

    @property
    def unbooked_lots(self) -> int:
        """Lots that filled and whose executions have not arrived yet."""
        return self.filled_lots - self.booked_lots

    @property
    def live(self) -> bool:
        """Whether the order may rest on the venue now or later."""
        return self.state < FILLED

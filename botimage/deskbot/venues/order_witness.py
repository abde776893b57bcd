"""Whether the private stream says all that it should, judged by what the venue says elsewhere. Pure.

A stream can die without a word while its connection answers every ping. So what the venue acknowledges to a request,
and what its lists of open orders show, is held against what the stream has told:

* an acknowledged create must be told of at all, an acknowledged cancel must be told to its end;
* an order that the stream left open and a later complete list does not show must be told to its end;
* an order that a list shows with more filled than the stream told must be told of that.

What is still owed after `GRACE` breaks the stream; the engine then asks for everything it may have missed. An order
that was there before the stream began is known only once the stream tells of it.
"""

from typing import Final

from deskbot.core.events import OrderReport
from deskbot.core.orders import FILLED

GRACE: Final = 2_000_000_000
VISIBLE_AFTER: Final = 3_000_000_000  # a venue's lists may be this much behind its streams
KEPT: Final = 2000
_ENDED: Final = -1  # owed: the order's end; otherwise at least so many lots filled


class OrderWitness:
    """Times are engine nanoseconds; orders go by the venue's id."""

    def __init__(self) -> None:
        self._told: dict[str, OrderReport] = {}  # by venue id, the longest untouched first
        self._owed: dict[str, tuple[int, int]] = {}  # venue id -> (since when, what)

    def reset(self) -> None:
        """A new stream owes nothing yet."""
        self._told.clear()
        self._owed.clear()

    def tell(self, report: OrderReport) -> None:
        """The stream told of an order."""
        before = self._told.pop(report.venue_id, None)
        went_back = before is not None and _ended(before) and not _ended(report)
        self._told[report.venue_id] = before if before is not None and went_back else report
        if len(self._told) > KEPT:
            del self._told[next(iter(self._told))]
        owed = self._owed.get(report.venue_id)
        if owed is not None and self._paid(report.venue_id, owed[1]):
            del self._owed[report.venue_id]

    def created(self, venue_id: str, at: int) -> None:
        """The venue acknowledged an order."""
        self._owe(venue_id, 0, at)

    def cancelled(self, venue_id: str, at: int) -> None:
        """The venue acknowledged a cancel; an order that the stream never told of is not looked for."""
        if venue_id in self._told:
            self._owe(venue_id, _ENDED, at)

    def listed(self, reports: list[OrderReport], asked_at: int, at: int, market: str = "") -> None:
        """A complete list of open orders, of the account or of one market, asked for at `asked_at`.

        What the stream told just before may be newer.
        """
        shown = {report.venue_id: report for report in reports}
        for venue_id, told in list(self._told.items()):
            if (market and told.market != market) or _ended(told) or told.at > asked_at - VISIBLE_AFTER:
                continue
            found = shown.get(venue_id)
            if found is None:
                self._owe(venue_id, _ENDED, at)
            elif found.filled_lots > told.filled_lots:
                self._owe(venue_id, found.filled_lots, at)

    def overdue(self, at: int) -> str:
        """What the stream has owed for too long; "" when nothing."""
        for venue_id, (since, _) in self._owed.items():
            if at - since > GRACE:
                return f"the stream has not told what became of order {venue_id}, which the venue knows elsewhere"
        return ""

    def _owe(self, venue_id: str, what: int, at: int) -> None:
        if venue_id and venue_id not in self._owed and not self._paid(venue_id, what):
            self._owed[venue_id] = (at, what)

    def _paid(self, venue_id: str, what: int) -> bool:
        told = self._told.get(venue_id)
        if told is None:
            return False
        return _ended(told) or (what != _ENDED and told.filled_lots >= what)


def _ended(report: OrderReport) -> bool:
    return report.state >= FILLED

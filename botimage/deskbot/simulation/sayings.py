"""What a venue, or the network in front of it, says to a request that does not simply succeed.

Each saying is what ccxt makes of it: the name of the exception's class and its text, with the venue's own code in the
venue's own form. The outcome is never written down here: the real translation (`deskbot.venues.errors`) decides it.
"""

from dataclasses import dataclass
from typing import Final

from deskbot.core.events import (
    ACCEPTED,
    NOT_FOUND,
    UNKNOWN,
    CancelResult,
    PlaceResult,
)
from deskbot.venues.errors import cancel_outcome, ccxt_errors, place_outcome, says_closed


@dataclass(frozen=True)
class Saying:
    """One exception of ccxt. An empty `kind` is no exception: an answer that was read and has no order id."""

    kind: str
    text: str = ""

    def error(self) -> Exception:
        """The exception itself."""
        made: Exception = getattr(ccxt_errors, self.kind)(self.text)
        return made


NO_ID: Final = Saying("")


@dataclass(frozen=True)
class Sayings:
    """The words of one venue. Tuples are alternatives: the fault draws one."""

    timed_out: Saying
    reset: tuple[Saying, ...]
    unsure: tuple[Saying, ...]  # the request may have been carried out
    duplicate: Saying
    refused: tuple[Saying, ...]  # a definite no to an order
    bad_order: Saying  # a filter of the market refuses it
    post_only: Saying
    not_found: tuple[Saying, ...]  # to a cancel
    limited: Saying
    banned: Saying
    late: Saying  # signed too long ago, or in the future
    maintenance: tuple[Saying, ...]
    revoked: tuple[Saying, ...]
    halted: Saying
    page: Saying  # somebody else's web page in place of JSON


def place_result(saying: Saying, client_id: str) -> PlaceResult:
    """The answer to a create, as `venues.orders` makes it."""
    if not saying.kind:
        return PlaceResult(0, client_id, UNKNOWN, reason="the venue's answer has no order id")
    outcome, reason = place_outcome(saying.error())
    return PlaceResult(0, client_id, outcome, reason=reason)


def closes_market(saying: Saying) -> bool:
    """Whether a create is refused because nobody can trade on its market, as `venues.orders` hears it."""
    return saying.kind != "" and says_closed(saying.error())


def cancel_result(saying: Saying, name: str) -> CancelResult:
    """The answer to a cancel, as `venues.orders` makes it."""
    if not saying.kind:
        return CancelResult(0, name, UNKNOWN, "the venue's answer has no order id")
    outcome, reason = cancel_outcome(saying.error())
    return CancelResult(0, name, outcome, reason)


def cancel_all_outcome(saying: Saying) -> str:
    """The outcome of a cancel-all: nothing found is as good as cancelled."""
    outcome = cancel_outcome(saying.error())[0] if saying.kind else UNKNOWN
    return ACCEPTED if outcome == NOT_FOUND else outcome

"""How the end of a run is told: nothing when all is well, else one line, and the exit status."""

import sys
from typing import TYPE_CHECKING

from deskapi.conditions import Reason

if TYPE_CHECKING:
    from deskbot.cli.notes import Notes
    from deskbot.runtime.session import Ended

_WRONG_INPUT = (
    Reason.SPEC_INVALID,
    Reason.STRATEGY_UNKNOWN,
    Reason.PARAMS_INVALID,
    Reason.MARKET_UNKNOWN,
    Reason.CREDENTIALS_MISSING,
    Reason.CREDENTIALS_REFUSED,
    Reason.ACCOUNT_UNSUITABLE,
)


def status_of(ended: "Ended") -> int:
    """The exit status of a bot's end."""
    if ended.confirmed and not ended.failed:
        return 0
    return complain(ended.message, 1)


def status_of_run(ended: "Ended", problem: tuple[str, str] | None, notes: "Notes") -> int:
    """The exit status of a run from a file; `problem` is what still was wrong at its end."""
    # a person's run that reached no venue is told why, and that is all there is to tell
    status = 0 if ended.unasked and not ended.failed else status_of(ended)
    if status or problem is None:
        return status
    reason, message = problem
    status = 2 if reason in _WRONG_INPUT else 1
    return status if notes.has_said(message) else complain(message, status)


def complain(message: str, status: int) -> int:
    """Say one line on stderr."""
    sys.stderr.write(f"desk run: {' '.join(message.split())}\n")
    return status

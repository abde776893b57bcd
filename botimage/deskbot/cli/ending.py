"""How the end of a run is told: nothing when all is well, else one line, and the exit status."""

import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from deskbot.runtime.session import Ended


def status_of(ended: "Ended") -> int:
    """The exit status of a bot's end."""
    if ended.confirmed and not ended.failed:
        return 0
    return complain(ended.message, 1)


def complain(message: str, status: int) -> int:
    """Say one line on stderr."""
    sys.stderr.write(f"desk run: {' '.join(message.split())}\n")
    return status

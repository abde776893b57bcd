"""Queues that fill up are said before they are full; one that must not grow further stops what makes it grow.

From four fifths on a queue is an alert, one line when it begins. When too many records wait for the disk, no new order
is decided until half of them are written: each would add records of its own. A flood of market data stops nothing, the
newest of it is kept (`lanes.py`).
"""

from collections.abc import Callable
from typing import Final

import structlog

from deskapi.conditions import Reason
from deskbot.core.events import Event, Problem
from deskbot.runtime.clock import Clock

ALERT: Final = 0.8
FULL: Final = 1.0
RELIEVED: Final = 0.5
MOST_RECORDS: Final = 10_000
BACKLOG_PROBLEM: Final = "backlog"

_log = structlog.get_logger("deskbot.overload")


class Overload:
    """Looks at the queues of one engine, ten times a second. `shares` are the last ones seen, 1 is full."""

    def __init__(self, emit: Callable[[Event], None], clock: Clock) -> None:
        self.shares: dict[str, float] = {}
        self._emit = emit
        self._clock = clock
        self._alerted: set[str] = set()
        self._stopped = False

    def look(self, lanes: float, records: int) -> None:
        """Take note of the fullest lane since the last look, and of the records that wait for the disk."""
        self.shares = {"lanes": lanes, "journal": records / MOST_RECORDS}
        for queue, share in self.shares.items():
            self._alert(queue, share)
        self._stop_or_go_on(records)

    def _alert(self, queue: str, share: float) -> None:
        if share >= ALERT and queue not in self._alerted:
            self._alerted.add(queue)
            _log.warning("queue_nearly_full", queue=queue, share=round(share, 2))
        elif share < RELIEVED:
            self._alerted.discard(queue)

    def _stop_or_go_on(self, records: int) -> None:
        share = records / MOST_RECORDS
        if share >= FULL and not self._stopped:
            self._stopped = True
            self._say(Reason.OVERLOADED, f"{records} records wait for the disk: no order is decided until it keeps up")
        elif share < RELIEVED and self._stopped:
            self._stopped = False
            self._say("", "")

    def _say(self, reason: str, message: str) -> None:
        self._emit(Problem(self._clock.now(), BACKLOG_PROBLEM, reason, message))

"""The circuit breaker of a venue's API: when requests fail again and again, no risk is added until one is answered.

    closed ──5 failures in a row, or half of 10 or more in 30 s──▶ open ──time──▶ half open ──an answer──▶ closed
                                                                    ▲                │
                                                                    └──a failure─────┘  and twice the time

What the breaker holds back is new risk alone (the engine is told of a Problem). Questions and cancels go on: they are
what a venue in trouble is left alone with least, and they are the probes. A request that was answered with a refusal
was answered. One that was not sent says nothing. Pure; times are nanoseconds of the engine's clock.
"""

from collections import deque
from typing import Final

SECOND: Final = 1_000_000_000
IN_A_ROW: Final = 5
AT_LEAST: Final = 10
WINDOW: Final = 30 * SECOND
FIRST_HOLD: Final = 5 * SECOND
LONGEST_HOLD: Final = 60 * SECOND


class Breaker:
    """`trouble` says why no risk may be added, "" while all is well."""

    def __init__(self) -> None:
        self.trouble = ""
        self._in_a_row = 0
        self._outcomes: deque[tuple[int, bool]] = deque()
        self._hold = FIRST_HOLD
        self._open_until = 0

    def note(self, answered: bool, at: int, reason: str = "") -> None:
        """How a request ended."""
        self._in_a_row = 0 if answered else self._in_a_row + 1
        self._outcomes.append((at, answered))
        while self._outcomes[0][0] <= at - WINDOW:
            self._outcomes.popleft()
        if self.trouble:
            self._note_while_open(answered, at)
        elif not answered and self._too_many():
            self._open(at, f"{self._failures()} of {len(self._outcomes)} requests to the venue failed: {reason}")

    def _note_while_open(self, answered: bool, at: int) -> None:
        if at < self._open_until:
            return
        if answered:
            self.trouble = ""
            self._hold = FIRST_HOLD
            self._outcomes.clear()
        else:
            self._hold = min(LONGEST_HOLD, 2 * self._hold)
            self._open(at, self.trouble)

    def _open(self, at: int, trouble: str) -> None:
        self.trouble = trouble
        self._open_until = at + self._hold

    def _failures(self) -> int:
        return sum(not answered for _, answered in self._outcomes)

    def _too_many(self) -> bool:
        count = len(self._outcomes)
        return self._in_a_row >= IN_A_ROW or (count >= AT_LEAST and 2 * self._failures() >= count)

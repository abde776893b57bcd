"""Virtual time: what is to happen when, and nothing in between."""

import heapq
from collections.abc import Callable

SECOND = 1_000_000_000
MILLISECOND = 1_000_000


class Schedule:
    """A queue of things to do; what is due at the same moment happens in the order in which it was asked for."""

    __slots__ = ("_made", "_queue", "now", "steps")

    def __init__(self, start: int) -> None:
        self.now = start
        self.steps = 0
        self._queue: list[tuple[int, int, Callable[[], None]]] = []
        self._made = 0

    def at(self, when: int, what: Callable[[], None]) -> None:
        """Do something at a time; what was due in the past is due now."""
        self._made += 1
        heapq.heappush(self._queue, (max(when, self.now), self._made, what))

    def after(self, delay: int, what: Callable[[], None]) -> None:
        """Do something so many nanoseconds from now."""
        self.at(self.now + delay, what)

    def run_until(self, end: int) -> None:
        """Let time pass."""
        queue = self._queue
        while queue and queue[0][0] <= end:
            self.now, _, what = heapq.heappop(queue)
            self.steps += 1
            what()
        self.now = end

"""The work queue: which key is worked on next.

Events come faster than work is done, and most say the same: "look at this bot again". So a key waits at most once, in
one of three lanes (halt before change before resync), and one worker at a time has it. A key that is added while it is
worked on is worked on once more afterwards, because the worker may have looked before the news. A key that failed comes
back later and later, unless there is news about it: halts and changes never wait for a backoff.

Workers (`workers.py`) call `get`, do the work, and call `done`. Nothing here waits except `get`, so every method is one
atomic step of the event loop; time is the loop's.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Collection, Hashable
from enum import IntEnum
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)


class Lane(IntEnum):
    """In order of urgency."""

    HALT = 0
    CHANGE = 1
    RESYNC = 2


ALL_LANES = tuple(Lane)
FIRST_BACKOFF_SECONDS = 0.005
# A halt that cannot be latched is tried again and again, at least once a second.
LONGEST_BACKOFF_SECONDS = {Lane.HALT: 1.0, Lane.CHANGE: 60.0, Lane.RESYNC: 60.0}


class WorkQueue(Generic[Key]):
    """Deduplicating queue with three lanes. `jitter` gives factors up to 1 for backoffs."""

    def __init__(self, jitter: Callable[[], float]) -> None:
        self._jitter = jitter
        self._waiting: dict[Lane, OrderedDict[Key, None]] = {lane: OrderedDict() for lane in Lane}
        self._working: dict[Key, Lane] = {}
        self._again: dict[Key, Lane] = {}
        self._delayed: dict[Key, asyncio.TimerHandle] = {}
        self._failures: dict[Key, int] = {}
        self._news = asyncio.Event()

    def add(self, key: Key, lane: Lane) -> None:
        """There is reason to look at the key. A resync is no reason to cut a backoff short."""
        if key in self._working:
            self._again[key] = min(lane, self._again.get(key, lane))
        elif lane is not Lane.RESYNC or key not in self._delayed:
            self._wait(key, lane)

    def add_after(self, key: Key, lane: Lane, seconds: float) -> None:
        """As `add`, some time from now; the earlier of two such times holds."""
        loop = asyncio.get_running_loop()
        planned = self._delayed.get(key)
        if planned is not None and planned.when() <= loop.time() + seconds:
            return
        self._forget_delay(key)
        self._delayed[key] = loop.call_later(seconds, self._due, key, lane)

    async def get(self, lanes: Collection[Lane] = ALL_LANES) -> tuple[Key, Lane]:
        """The most urgent key of `lanes`, the one that has waited longest first. It is the caller's until `done`."""
        while (found := self._take(lanes)) is None:
            self._news.clear()
            await self._news.wait()
        return found

    def done(self, key: Key, *, failed: bool = False) -> None:
        """The caller has finished with the key; `failed`: it shall come back after a backoff."""
        lane = self._working.pop(key)
        news = self._again.pop(key, None)
        if failed:
            self._back_off(key, lane)
        else:
            self._failures.pop(key, None)
        if news is not None:
            self.add(key, news)

    def depth(self, lane: Lane) -> int:
        """Number of keys waiting in a lane."""
        return len(self._waiting[lane])

    def _take(self, lanes: Collection[Lane]) -> tuple[Key, Lane] | None:
        for lane in sorted(lanes):
            if self._waiting[lane]:
                key, _ = self._waiting[lane].popitem(last=False)
                self._working[key] = lane
                return key, lane
        return None

    def _wait(self, key: Key, lane: Lane) -> None:
        self._forget_delay(key)
        present = next((other for other in Lane if key in self._waiting[other]), None)
        if present is not None and present <= lane:
            return
        if present is not None:
            del self._waiting[present][key]
        self._waiting[lane][key] = None
        self._news.set()

    def _due(self, key: Key, lane: Lane) -> None:
        del self._delayed[key]
        self.add(key, lane)

    def _back_off(self, key: Key, lane: Lane) -> None:
        failures = self._failures[key] = self._failures.get(key, 0) + 1
        growing = FIRST_BACKOFF_SECONDS * 2.0 ** min(failures - 1, 30)
        self.add_after(key, lane, min(growing, LONGEST_BACKOFF_SECONDS[lane]) * self._jitter())

    def _forget_delay(self, key: Key) -> None:
        planned = self._delayed.pop(key, None)
        if planned is not None:
            planned.cancel()

"""The simulator's one seam for time: the venue's clock is wall time, and everything here asks this object for it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Protocol


class Timer(Protocol):
    """A call that is yet to come."""

    def cancel(self) -> None: ...


class Clock(Protocol):
    """What the simulator needs to know of time."""

    def now_ns(self) -> int:
        """Nanoseconds since the Unix epoch: the venue's own time. Runs back only where a fault skews it."""
        ...

    async def sleep(self, seconds: float) -> None: ...

    async def wait(self, event: asyncio.Event, seconds: float) -> None:
        """Returns when the event is set or the time has passed."""
        ...

    def call_later(self, seconds: float, callback: Callable[[], None]) -> Timer: ...


class WallClock:
    """Wall time as it was when the process started, carried on by the monotonic clock."""

    def __init__(self) -> None:
        self._offset_ns = time.time_ns() - time.monotonic_ns()

    def now_ns(self) -> int:
        return self._offset_ns + time.monotonic_ns()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    async def wait(self, event: asyncio.Event, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await event.wait()
        except TimeoutError:
            return

    def call_later(self, seconds: float, callback: Callable[[], None]) -> Timer:
        return asyncio.get_running_loop().call_later(seconds, callback)


class SkewedClock:
    """What the venue's clock says: the true time and an offset, which may step; waiting takes its true time."""

    def __init__(self, clock: Clock, offset_ns: Callable[[], int]) -> None:
        self._clock = clock
        self._offset_ns = offset_ns
        self.sleep = clock.sleep
        self.wait = clock.wait
        self.call_later = clock.call_later

    def now_ns(self) -> int:
        return self._clock.now_ns() + self._offset_ns()

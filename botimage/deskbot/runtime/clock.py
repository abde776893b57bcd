"""The one seam for time and chance: no other module of the bot asks the machine for either.

Engine time is nanoseconds since the Unix epoch, read from the wall clock once and advanced by the monotonic clock, so
that a stepped wall clock bends no duration. Time-outs and pauses are the event loop's, which is monotonic as well; a
test runs its loop on virtual time and fakes both at once.
"""

import asyncio
import random
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final

NANOSECONDS: Final = 1_000_000_000


class Clock:
    """Engine time, pauses and jitter. The parts can be replaced, which is what tests do."""

    def __init__(
        self,
        wall: Callable[[], int] = time.time_ns,
        monotonic: Callable[[], int] = time.monotonic_ns,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._monotonic = monotonic
        self._offset = wall() - monotonic()
        self._jitter = jitter

    def now(self) -> int:
        """Nanoseconds since the Unix epoch."""
        return self._offset + self._monotonic()

    def now_ms(self) -> int:
        """Milliseconds since the Unix epoch."""
        return self.now() // 1_000_000

    async def sleep(self, seconds: float) -> None:
        """Wait without holding up anything else."""
        await asyncio.sleep(seconds)

    def draw(self) -> float:
        """A number from 0 up to 1."""
        return self._jitter()

    def jittered(self, seconds: float) -> float:
        """A pause between half and all of `seconds`, so that many bots do not move in step."""
        return seconds * (0.5 + self._jitter() / 2)


def to_datetime(nanoseconds: int) -> datetime:
    """The UTC time of an engine time, cut to microseconds."""
    seconds, rest = divmod(nanoseconds, NANOSECONDS)
    return datetime.fromtimestamp(seconds, UTC).replace(microsecond=rest // 1000)

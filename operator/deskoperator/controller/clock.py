"""The only place that knows the time, rolls dice or waits."""

import asyncio
import random
from datetime import UTC, datetime

_RANDOM = random.SystemRandom()


def now() -> datetime:
    """UTC, to the millisecond, as it goes into the status."""
    moment = datetime.now(UTC)
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def monotonic() -> float:
    """Seconds of the running event loop."""
    return asyncio.get_running_loop().time()


def jitter() -> float:
    """A factor from 0.5 to 1, so that many waiting at once do not come back at once."""
    return 0.5 + _RANDOM.random() / 2


async def pause(seconds: float) -> None:
    """Waits."""
    await asyncio.sleep(seconds)

"""The venue's clock against ours: measured each minute, and what is made of it.

    fetch_time ──▶ offset (venue minus engine time) ──▶ time of signatures · age of books
                        └ with the wall clock ──▶ skew: alert from 50 ms, no new risk from 150 ms

Requests are signed with the venue's time as measured, on the engine's clock, which no step of the wall clock moves.
A signature then ends to be valid exactly when the engine counts it to: signed by a wall clock that is 30 s ahead, a
delayed request would still be taken long after the engine has found that it never arrived. And cancels keep their
way when the wall clock steps. A wrong wall clock is not adjusted silently for all that: it stops new risk and is said,
because every other time in the desk's records comes from it. Its steps are seen at once, as the difference to the
engine's clock; only the offset itself takes a question.
"""

from collections.abc import Awaitable, Callable
from typing import Final

from deskapi.conditions import Reason
from deskbot.core.errors import Blocked
from deskbot.venues.protocol import Now

ALERT_MS: Final = 50
SAMPLES: Final = 3
FORGET_AFTER: Final = 300_000_000_000  # an offset older than this says nothing any more
MILLISECOND: Final = 1_000_000


class VenueClock:
    """`now` is the engine's clock in nanoseconds, `wall_ms` this machine's wall clock in milliseconds."""

    def __init__(self, now: Now, wall_ms: Callable[[], int]) -> None:
        self._now = now
        self._wall_ms = wall_ms
        self.offset = 0  # the venue's clock minus the engine's, in nanoseconds
        self.error = 0  # half the duration of the question that told it
        self.measured_at = 0

    async def measure(self, fetch_time: Callable[[], Awaitable[int]]) -> None:
        """Ask a few times and keep the answer that took the least. Raises what the last question raised."""
        found: list[tuple[int, int]] = []
        for _ in range(SAMPLES):
            before = self._now()
            venue = int(await fetch_time()) * MILLISECOND
            after = self._now()
            found.append(((after - before) // 2, venue - (before + after) // 2))
        self.error, self.offset = min(found)
        self.measured_at = self._now()

    def milliseconds(self) -> int:
        """The venue's time, for signatures; before the first measurement ours."""
        return (self._now() + self.offset) // MILLISECOND

    def skew_ms(self) -> int:
        """How far this machine's wall clock is ahead of the venue's."""
        return self._wall_ms() - self.milliseconds()

    def surely_beyond(self, bound_ms: int) -> bool:
        """Whether the skew exceeds a bound, with everything in its favour that the measurement leaves open."""
        return abs(self.skew_ms()) - self.error // MILLISECOND > bound_ms

    def trouble(self, bound_ms: int) -> str:
        """Why no risk may be added on this clock; "" when it may."""
        if self._now() - self.measured_at > FORGET_AFTER:
            return f"the venue has not told its time for more than {FORGET_AFTER // 60_000_000_000} minutes"
        if not self.surely_beyond(bound_ms):
            return ""
        side = "ahead of" if self.skew_ms() > 0 else "behind"
        allowed = f"the venue's, at most {bound_ms} ms is allowed: set the clock"
        return f"this machine's clock is {abs(self.skew_ms())} ms {side} {allowed}"

    def check(self, bound_ms: int) -> None:
        """Raise Blocked for a clock on which nothing may be opened."""
        trouble = self.trouble(bound_ms)
        if trouble:
            raise Blocked(Reason.CLOCK_SKEWED, trouble)

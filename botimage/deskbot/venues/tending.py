"""What is looked after beside the streams of an open venue: clock and rate limits, said as they change.

clock        measured each minute on the market instance, so that it never stands before an order
limits       a refusal for our rate, or a ban, is a Problem for as long as it lasts: the gate is shut
both         looked at five times a second; an alert is one line in the log when it begins
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

import structlog

from deskapi.conditions import Reason
from deskbot.core.events import Problem
from deskbot.core.events import VenueClock as ClockMeasured
from deskbot.venues.errors import describe
from deskbot.venues.protocol import Emit, Now
from deskbot.venues.rate_limits import RateLimits
from deskbot.venues.venue_clock import ALERT_MS, VenueClock

CLOCK_PROBLEM: Final = "clock"
RATE_PROBLEM: Final = "rate_limit"
MEASURE_SECONDS: Final = 60.0
AGAIN_SECONDS: Final = 5.0  # after a measurement that failed
LOOK_SECONDS: Final = 0.2

log = structlog.get_logger(__name__)


class Tender:
    """Watches over one venue; `measure` and `watch` run until cancelled."""

    def __init__(
        self,
        clock: VenueClock,
        limits: RateLimits,
        fetch_time: Callable[[], Awaitable[int]],
        bound_ms: int,
        emit: Emit,
        now: Now,
    ) -> None:
        self._clock = clock
        self._limits = limits
        self._fetch_time = fetch_time
        self._bound_ms = bound_ms
        self._emit = emit
        self._now = now
        self._said: dict[str, str] = {}
        self._alerts: set[str] = set()

    async def measure(self) -> None:
        """Keep the offset known."""
        told = True  # when the venue was opened
        while True:
            if told:
                self._emit(ClockMeasured(self._now(), self._clock.offset))
            await asyncio.sleep(MEASURE_SECONDS if told else AGAIN_SECONDS)
            told = await self._measured()

    async def _measured(self) -> bool:
        try:
            await self._clock.measure(self._fetch_time)
        except Exception as error:
            log.warning("the venue's clock was not told", reason=describe(error))
            return False
        return True

    async def watch(self) -> None:
        """Say what stands in the way of trading, and that it no longer does."""
        while True:
            self._say(CLOCK_PROBLEM, Reason.CLOCK_SKEWED, self._clock.trouble(self._bound_ms))
            self._say(RATE_PROBLEM, Reason.RATE_LIMITED, self._held())
            self._alert("clock", self._clock.surely_beyond(ALERT_MS), skew_ms=self._clock.skew_ms())
            tight = self._limits.tight(self._now())
            self._alert("rate limits", bool(tight), limits=tight)
            await asyncio.sleep(LOOK_SECONDS)

    def _held(self) -> str:
        at = self._now()
        until = self._limits.held_until(at)
        if not until:
            return ""
        if at < self._limits.banned_until:
            return "the venue has banned this address: nothing is asked until that has passed, cancels neither"
        return "the venue refuses requests for their rate: only cancels are sent until it has calmed down"

    def _say(self, key: str, reason: Reason, message: str) -> None:
        if self._said.get(key) is None or bool(message) != bool(self._said[key]):
            self._emit(Problem(self._now(), key, reason if message else "", message))
        self._said[key] = message

    def _alert(self, what: str, on: bool, **facts: object) -> None:
        if on and what not in self._alerts:
            log.warning("close to a limit", what=what, **facts)
        (self._alerts.add if on else self._alerts.discard)(what)

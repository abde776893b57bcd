"""Writes `status.engine`: what people and machines decide on at once, the rest at most every 15 seconds."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import structlog
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception_type, wait_random_exponential

from deskapi import EngineStatus
from deskbot.core.errors import Transient
from deskbot.runtime.clock import NANOSECONDS, Clock
from deskbot.runtime.kube_api import WatchExpired
from deskbot.runtime.status import as_plain, decided_on

SUMMARY_SECONDS = 15
SHORTEST_GAP_SECONDS = 0.1
MAX_PAUSE_SECONDS = 10.0
LAST_WORD_SECONDS = 1.0

_log = structlog.get_logger("deskbot.status")

Apply = Callable[[dict[str, Any]], Awaitable[None]]


class StatusReporter:
    """Reports on one engine. `current` says what there is to report, None for nothing; `apply` writes it."""

    def __init__(self, current: Callable[[], EngineStatus | None], apply: Apply, clock: Clock) -> None:
        self._current = current
        self._apply = apply
        self._clock = clock
        self._poked = asyncio.Event()
        self._told: dict[str, Any] = {}
        self._told_at = 0

    def poke(self) -> None:
        """Something may have changed that is to be reported at once."""
        self._poked.set()

    async def run(self) -> None:
        """Report until cancelled."""
        retrying = AsyncRetrying(
            wait=wait_random_exponential(multiplier=0.25, max=MAX_PAUSE_SECONDS),
            retry=retry_if_exception_type((Transient, WatchExpired)),
            sleep=self._clock.sleep,
            before_sleep=_say,
        )
        while True:
            await retrying(self._tell)
            await self._clock.sleep(SHORTEST_GAP_SECONDS)
            await self._pause()

    async def last_word(self) -> None:
        """Report the end, once, if the API server answers soon."""
        try:
            async with asyncio.timeout(LAST_WORD_SECONDS):
                await self._tell()
        except (TimeoutError, Transient, WatchExpired) as error:
            _log.warning("last_report_lost", message=str(error))

    async def _tell(self) -> None:
        status = self._current()
        if status is None:
            return
        words = decided_on(status)
        if words != self._told or self._due_in() <= 0:
            await self._apply(as_plain(status))
            self._told, self._told_at = words, self._clock.now()

    def _due_in(self) -> float:
        return SUMMARY_SECONDS - (self._clock.now() - self._told_at) / NANOSECONDS

    async def _pause(self) -> None:
        """Wait until something is worth a report of its own, or until the next one is due."""
        try:
            async with asyncio.timeout(max(self._due_in(), SHORTEST_GAP_SECONDS)):
                await self._poked.wait()
        except TimeoutError:
            return
        self._poked.clear()


def _say(attempt: RetryCallState) -> None:
    error = attempt.outcome.exception() if attempt.outcome is not None else None
    _log.warning("report_not_written", attempt=attempt.attempt_number, message=str(error))

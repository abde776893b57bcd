"""The bot's own object on the API server: watched for what it asks, told what the engine does.

Always list, then watch for most of a minute, then list again: whatever a watch may miss or however it may break, the
object is read whole and consistently at that rhythm. A failing API server is asked again with growing, jittered pauses.
The object being gone, or being another one under the same name, is said as such: to the engine it is a halt. What of
the object may run is for its judge to say (`admitted.py`).

Beside that it is read whenever somebody asks (`look`): a watch that says nothing may be one that died. Whichever tells
the newer version is believed; what comes late is dropped.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import structlog
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception_type, wait_random_exponential

from deskbot.core.errors import Transient
from deskbot.fencing.durations import SHORTEST_CONTROL_AGE
from deskbot.runtime.admitted import Known, look
from deskbot.runtime.clock import Clock
from deskbot.runtime.kube_api import KubeApi, WatchExpired
from deskbot.runtime.observation import Deliver, Observation, gone

MAX_PAUSE_SECONDS = 10.0
BROKEN_WATCH_PAUSE_SECONDS = 1.0

_log = structlog.get_logger("deskbot.control")


class ControlObject:
    """One TradingBot of a cluster."""

    def __init__(self, api: KubeApi, clock: Clock) -> None:
        self._api = api
        self._clock = clock
        self._seen: Observation | None = None
        self._known: Known | None = None
        self._version = 0
        self._deliver: Deliver = lambda _seen: None

    async def run(self, deliver: Deliver) -> None:
        """Deliver the object now and at every change."""
        self._deliver = deliver
        while True:
            version = await self._list()
            try:
                async for kind, raw in self._api.watch(version):
                    self._take(None if kind == "DELETED" else raw, raw["metadata"]["resourceVersion"])
            except WatchExpired:
                continue
            except Transient as error:
                _log.warning("watch_broke", message=error.message)
                await self._clock.sleep(self._clock.jittered(BROKEN_WATCH_PAUSE_SECONDS))

    async def look(self) -> None:
        """Read the object now, consistently, and deliver what is new. Raises Transient, WatchExpired."""
        self._take(*await self._api.get())

    @property
    def max_control_age(self) -> int:
        """What the spec says of it, in nanoseconds; the shortest there is while there is no spec."""
        if self._seen is None or self._seen.bot is None:
            return SHORTEST_CONTROL_AGE
        return self._seen.bot.spec.envelope.max_control_age // timedelta(microseconds=1) * 1000

    async def report(self, engine: Mapping[str, Any]) -> None:
        """Write `status.engine`, as long as the object is ours. Raises Transient."""
        if self._seen is not None and not self._seen.deleted:
            await self._api.apply_engine_status(engine)

    async def _list(self) -> str:
        retrying = AsyncRetrying(
            wait=wait_random_exponential(multiplier=0.25, max=MAX_PAUSE_SECONDS),
            retry=retry_if_exception_type((Transient, WatchExpired)),
            sleep=self._clock.sleep,
            before_sleep=_say,
        )
        found: tuple[dict[str, Any] | None, str] = await retrying(self._api.get)
        self._take(*found)
        return found[1]

    def _take(self, raw: Mapping[str, Any] | None, version: str) -> None:
        """What the object, or that there is none, means at a version of the API server's."""
        told = int(raw["metadata"]["resourceVersion"] if raw is not None else version)
        if told < self._version:
            return
        self._version = told
        now = self._understand(raw)
        if now is not None and now != self._seen:
            if now.wrong and (self._seen is None or now.wrong != self._seen.wrong):
                _log.warning("spec_refused", message=now.wrong)
            self._say_whether_admitted(now)
            self._seen = now
            self._deliver(now)

    def _understand(self, raw: Mapping[str, Any] | None) -> Observation | None:
        before = self._seen
        if raw is None:
            return gone(before if before is not None else Observation(None, ""))
        metadata = raw["metadata"]
        if before is not None and before.uid and before.uid != metadata["uid"]:
            return gone(before)
        self._known = look(raw, metadata["uid"], metadata.get("generation", 0), self._known)
        return self._known.seen

    def _say_whether_admitted(self, now: Observation) -> None:
        before = self._seen is None or self._seen.admitted
        if before and not now.admitted:
            _log.warning(
                "not_admitted", message="no order is sent until status.admitted names a spec that was seen here"
            )
        elif not before and now.admitted:
            _log.info("admitted", generation=now.generation)


def _say(attempt: RetryCallState) -> None:
    error = attempt.outcome.exception() if attempt.outcome is not None else None
    _log.warning("api_server_away", attempt=attempt.attempt_number, message=str(error))

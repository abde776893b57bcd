"""Events for people, one object per reason and bot (or Lease, or namespace) however often it happens.

Telling must never hold up doing: `tell` only puts the notice into a short queue, a task of its own writes it, and what
does not fit or cannot be written is logged and dropped.
"""

import asyncio
from dataclasses import dataclass
from datetime import datetime

import structlog

from deskapi import ObjectMeta
from deskoperator.controller import clock
from deskoperator.controller.cluster import Cluster
from deskoperator.errors import ApiError
from deskoperator.plan.actions import Notice
from deskoperator.resources.kinds import EVENT, TRADING_BOT, Kind, Object
from deskoperator.resources.labels import child_name

_CONTROLLER = "tradingdesk.io/desk-operator"
_LONGEST_NOTE = 1000  # the API server takes 1 kB
_LONGEST_QUEUE = 10_000

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class About:
    """The object that an Event is about. `namespace` "": it is in none, and its Events are in the one for such."""

    kind: Kind
    namespace: str
    name: str
    uid: str = ""

    @property
    def event_namespace(self) -> str:
        return self.namespace or "default"

    def __str__(self) -> str:
        return f"{self.kind.kind} {'/'.join(filter(None, (self.namespace, self.name)))}"


class Recorder:
    """Writes notices as `events.k8s.io/v1`. `instance` names this process."""

    def __init__(self, cluster: Cluster, instance: str) -> None:
        self._cluster = cluster
        self._instance = instance
        self._queue: asyncio.Queue[tuple[About, Notice]] = asyncio.Queue(_LONGEST_QUEUE)

    def tell(self, bot: ObjectMeta, notices: tuple[Notice, ...]) -> None:
        """Puts notices about a bot on their way, without waiting."""
        self.tell_of(About(TRADING_BOT, bot.namespace, bot.name, bot.uid or ""), notices)

    def tell_of(self, about: About, notices: tuple[Notice, ...]) -> None:
        """The same about any object."""
        for notice in notices:
            log.info("event", of=str(about), reason=notice.happening.value, note=notice.note)
            try:
                self._queue.put_nowait((about, notice))
            except asyncio.QueueFull:
                log.warning("an event was dropped: too many wait to be written")

    async def run(self) -> None:
        """Writes what was told, for ever."""
        while True:
            about, notice = await self._queue.get()
            try:
                await self._write(about, notice)
            except ApiError as error:
                log.warning("an event was dropped", of=str(about), error=str(error))

    async def _write(self, about: About, notice: Notice) -> None:
        event = self._event(about, notice, clock.now())
        name, namespace = event["metadata"]["name"], about.event_namespace
        present = await self._cluster.get(EVENT, namespace, name)
        if present is not None and present.get("note") == event["note"]:
            count = (present.get("series") or {}).get("count", 1)
            series = {"count": count + 1, "lastObservedTime": event["eventTime"]}
            await self._cluster.merge(EVENT, namespace, name, {"series": series})
            return
        if present is not None:
            # The note of an event cannot be changed, so one that says something new takes its place.
            await self._cluster.delete(EVENT, namespace, name, present["metadata"]["uid"])
        await self._cluster.create(EVENT, event)

    def _event(self, about: About, notice: Notice, now: datetime) -> Object:
        name = f"{child_name(about.name)}.{notice.happening.value.lower()}.{about.uid[:8]}"
        return {
            **EVENT.header(about.event_namespace, name),
            "eventTime": now.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
            "type": "Warning" if notice.warning else "Normal",
            "reason": notice.happening.value,
            "action": "Reconcile",
            "note": notice.note[:_LONGEST_NOTE],
            "reportingController": _CONTROLLER,
            "reportingInstance": self._instance,
            "regarding": {
                "apiVersion": about.kind.api_version,
                "kind": about.kind.kind,
                "name": about.name,
                **({"namespace": about.namespace} if about.namespace else {}),
                **({"uid": about.uid} if about.uid else {}),
            },
        }

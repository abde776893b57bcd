"""Events for people, one object per reason and bot however often it happens.

Telling must never hold up doing: `tell` only puts the notice into a short queue, a task of its own writes it, and what
does not fit or cannot be written is logged and dropped.
"""

import asyncio
from datetime import datetime

import structlog

from deskapi import ObjectMeta
from deskoperator.controller import clock
from deskoperator.controller.cluster import Cluster
from deskoperator.errors import ApiError
from deskoperator.plan.actions import Notice
from deskoperator.resources.kinds import EVENT, TRADING_BOT, Object
from deskoperator.resources.labels import child_name

_CONTROLLER = "tradingdesk.io/desk-operator"
_LONGEST_NOTE = 1000  # the API server takes 1 kB
_LONGEST_QUEUE = 10_000

log = structlog.get_logger(__name__)


class Recorder:
    """Writes notices as `events.k8s.io/v1`. `instance` names this process."""

    def __init__(self, cluster: Cluster, instance: str) -> None:
        self._cluster = cluster
        self._instance = instance
        self._queue: asyncio.Queue[tuple[ObjectMeta, Notice]] = asyncio.Queue(_LONGEST_QUEUE)

    def tell(self, bot: ObjectMeta, notices: tuple[Notice, ...]) -> None:
        """Puts notices about a bot on their way, without waiting."""
        for notice in notices:
            log.info("event", bot=f"{bot.namespace}/{bot.name}", reason=notice.happening.value, note=notice.note)
            try:
                self._queue.put_nowait((bot, notice))
            except asyncio.QueueFull:
                log.warning("an event was dropped: too many wait to be written")

    async def run(self) -> None:
        """Writes what was told, for ever."""
        while True:
            bot, notice = await self._queue.get()
            try:
                await self._write(bot, notice)
            except ApiError as error:
                log.warning("an event was dropped", bot=f"{bot.namespace}/{bot.name}", error=str(error))

    async def _write(self, bot: ObjectMeta, notice: Notice) -> None:
        event = self._event(bot, notice, clock.now())
        name = event["metadata"]["name"]
        present = await self._cluster.get(EVENT, bot.namespace, name)
        if present is not None and present.get("note") == event["note"]:
            count = (present.get("series") or {}).get("count", 1)
            series = {"count": count + 1, "lastObservedTime": event["eventTime"]}
            await self._cluster.merge(EVENT, bot.namespace, name, {"series": series})
            return
        if present is not None:
            # The note of an event cannot be changed, so one that says something new takes its place.
            await self._cluster.delete(EVENT, bot.namespace, name, present["metadata"]["uid"])
        await self._cluster.create(EVENT, event)

    def _event(self, bot: ObjectMeta, notice: Notice, now: datetime) -> Object:
        name = f"{child_name(bot.name)}.{notice.happening.value.lower()}.{(bot.uid or '')[:8]}"
        return {
            **EVENT.header(bot.namespace, name),
            "eventTime": now.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
            "type": "Warning" if notice.warning else "Normal",
            "reason": notice.happening.value,
            "action": "Reconcile",
            "note": notice.note[:_LONGEST_NOTE],
            "reportingController": _CONTROLLER,
            "reportingInstance": self._instance,
            "regarding": {
                "apiVersion": TRADING_BOT.api_version,
                "kind": TRADING_BOT.kind,
                "name": bot.name,
                "namespace": bot.namespace,
                "uid": bot.uid,
            },
        }

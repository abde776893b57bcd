"""kopf as the process around the queue: login, signals, watch streams. Its handlers only put keys on the queue.

None of kopf's state-tracking handlers, timers, daemons or indexes is used: they write to the objects, need finalizers
and cost a multiple of a plain event.
"""

from typing import Any

import kopf
import pydantic
import structlog

from deskapi import GROUP, PLURAL, POLICY_PLURAL, VERSION
from deskapi.lease import is_released
from deskoperator.controller import clock
from deskoperator.controller.queue import Lane, WorkQueue
from deskoperator.controller.tasks import Task, Work
from deskoperator.plan.bot import read_bot
from deskoperator.plan.kill import decide_latch
from deskoperator.plan.policies import Scope
from deskoperator.resources.kinds import CHILDREN, JOB, LEASE, POD, Kind, Object
from deskoperator.resources.labels import BOT_LABEL

_WATCHED = (*CHILDREN, POD, JOB, LEASE)

log = structlog.get_logger(__name__)


def registry(queue: WorkQueue[Task]) -> kopf.OperatorRegistry:
    """All handlers, on a registry of their own."""
    handlers = kopf.OperatorRegistry()

    @kopf.on.login(registry=handlers)
    def login(**arguments: Any) -> kopf.ConnectionInfo | None:
        return kopf.login_with_service_account(**arguments) or kopf.login_with_kubeconfig(**arguments)

    @kopf.on.event(GROUP, VERSION, PLURAL, registry=handlers)
    async def bot_seen(event: kopf.RawEvent, **_: Any) -> None:
        bot_event(queue, event)

    seen = SeenPolicies()

    @kopf.on.event(GROUP, VERSION, POLICY_PLURAL, registry=handlers)
    async def policy_seen(event: kopf.RawEvent, **_: Any) -> None:
        policy_event(queue, seen, event)

    async def child_seen(event: kopf.RawEvent, **_: Any) -> None:
        child_event(queue, event)

    for kind in _WATCHED:
        kopf.on.event(*_selector(kind), registry=handlers, id=kind.plural)(child_seen)
    return handlers


def settings() -> kopf.OperatorSettings:
    """kopf with everything switched off that writes, and with time limits on everything that waits."""
    chosen = kopf.OperatorSettings()
    chosen.posting.enabled = False
    chosen.peering.standalone = True
    chosen.scanning.disabled = True
    chosen.watching.server_timeout = 300
    for kind in _WATCHED:
        chosen.watching.label_selectors[_selector(kind)] = BOT_LABEL
    chosen.networking.request_timeout = 30
    chosen.networking.connect_timeout = 5
    chosen.networking.error_backoffs = _backoffs()
    chosen.process.ultimate_exiting_timeout = 20
    chosen.persistence.finalizer = f"{GROUP}/never-used"
    return chosen


def _backoffs() -> list[float]:
    """Short and for hours: an operator that waits long after the API server is back would see a halt as late."""
    return [seconds * clock.jitter() for seconds in (0.2, 0.5, 1.0, *[2.0] * 5000)]


def bot_event(queue: WorkQueue[Task], event: kopf.RawEvent) -> None:
    """A TradingBot was listed or has changed. Whether its latch is due is seen at once, by the plan's own rule."""
    obj: Object = dict(event["object"])
    task = Task(Work.BOT, obj["metadata"]["namespace"], obj["metadata"]["name"])
    if event["type"] != "DELETED" and _latch_is_due(obj):
        queue.add(Task(Work.LATCH, task.namespace, task.name), Lane.HALT)
    if event["type"] == "DELETED":
        for policy in (obj.get("status") or {}).get("policies") or ():
            queue.add(Task(Work.POLICY, task.namespace, policy["name"]), Lane.CHANGE)
    queue.add(task, _lane(event))


class SeenPolicies:
    """The specs of policies whose bots were put on the queue: a new count in a policy's status is no news to them."""

    def __init__(self) -> None:
        self._generations: dict[tuple[str, str], tuple[str, int]] = {}

    def is_news(self, obj: Object, *, deleted: bool) -> bool:
        """Whether the policy's spec is another one than when this was last asked."""
        metadata = obj["metadata"]
        place, spec = (metadata["namespace"], metadata["name"]), (metadata["uid"], metadata["generation"])
        if deleted:
            self._generations.pop(place, None)
            return True
        news = self._generations.get(place) != spec
        self._generations[place] = spec
        return news


def policy_event(queue: WorkQueue[Task], seen: SeenPolicies, event: kopf.RawEvent) -> None:
    """A RiskPolicy was listed, or has changed, or is gone: the bots that it concerns are looked at."""
    obj: Object = dict(event["object"])
    namespace, name = obj["metadata"]["namespace"], obj["metadata"]["name"]
    deleted = event["type"] == "DELETED"
    if seen.is_news(obj, deleted=deleted):
        halts = not deleted and (obj.get("spec") or {}).get("halted") is True
        queue.add(Task(Work.SCOPE, namespace, name), Lane.HALT if halts else Lane.CHANGE)
    queue.add(Task(Work.POLICY, namespace, name), _lane(event))


def child_event(queue: WorkQueue[Task], event: kopf.RawEvent) -> None:
    """A child was listed, or has changed, or is gone: its bot is looked at. Renewals of a Lease, six a minute of every
    bot, are no reason to."""
    metadata = event["object"]["metadata"]
    bot = metadata.get("labels", {}).get(BOT_LABEL)
    if bot and not _is_renewal(event):
        queue.add(Task(Work.BOT, metadata["namespace"], bot), _lane(event))


def _is_renewal(event: kopf.RawEvent) -> bool:
    obj: Object = dict(event["object"])
    return event["type"] == "MODIFIED" and obj.get("kind") == LEASE.kind and not is_released(obj)


def _lane(event: kopf.RawEvent) -> Lane:
    """The objects of a list have no event type: what is only listed is less urgent than what has just changed."""
    return Lane.RESYNC if event["type"] is None else Lane.CHANGE


def _latch_is_due(obj: Object) -> bool:
    try:
        return decide_latch(read_bot(obj), Scope(), clock.now()).write is not None
    except pydantic.ValidationError as error:
        log.warning("a TradingBot cannot be read", bot=obj["metadata"].get("name"), error=str(error).splitlines()[0])
        return False


def _selector(kind: Kind) -> tuple[str, str, str]:
    group, _, version = kind.api_version.rpartition("/")
    return group, version, kind.plural

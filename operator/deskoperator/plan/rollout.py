"""When a pod of an earlier template is replaced: only where no engine runs in it, so never with orders in its hands.

A pod that runs keeps its image until somebody deletes it; the Ready condition says so. A pod that cannot start (wrong
image, no node for it) is replaced as soon as the spec says something else, or nothing but a person's hand would help.
"""

from deskoperator.plan.actions import Delete
from deskoperator.plan.bot import Bot
from deskoperator.plan.world import World
from deskoperator.resources.kinds import POD, STATEFUL_SET


def outdated(world: World) -> bool:
    """Whether the pod is of an earlier template than the StatefulSet's; False while the StatefulSet catches up."""
    live = world.children.get(STATEFUL_SET)
    if world.pod is None or live is None:
        return False
    status = live.get("status") or {}
    current = status.get("updateRevision", "")
    settled = status.get("observedGeneration") == live["metadata"].get("generation")
    return bool(settled and current and world.pod.revision and world.pod.revision != current)


def pods_to_replace(bot: Bot, world: World) -> list[Delete]:
    """The bot's pod, or nothing."""
    pod = world.pod
    if pod is None or pod.terminating or pod.running or not outdated(world):
        return []
    because = "Pod could not start and its template has changed"
    return [Delete(POD, bot.metadata.namespace, pod.name, pod.uid, because)]

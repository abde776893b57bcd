"""Carries a plan out. All writes to bots and their children happen here, each part under a field manager of its own.

A manager that leaves out a field it once applied deletes it; so the latch, the rest of the status and the children have
three managers, and whoever writes one of them can take nothing from the others. Every write to a bot names its UID, so
it cannot hit another object of the same name; the latch also carries the resourceVersion that was read, so it cannot be
written over news that were not seen.
"""

import asyncio
from collections.abc import Iterable
from dataclasses import replace

from deskapi import KillSwitch, ObjectMeta, dump
from deskoperator.controller.cluster import Cluster
from deskoperator.errors import Refused
from deskoperator.plan.actions import Apply, Delete
from deskoperator.plan.world import World
from deskoperator.resources.kinds import TRADING_BOT, Kind, Object

CHILD_MANAGER = "desk-operator"
LATCH_MANAGER = "desk-operator-latch"
STATUS_MANAGER = "desk-operator-status"


async def write_latch(cluster: Cluster, bot: ObjectMeta, latch: KillSwitch) -> None:
    """Writes `status.killSwitch`. Raises `Conflict` when the bot has changed since it was read."""
    manifest = _status_of(bot, {"killSwitch": dump(latch)})
    manifest["metadata"]["resourceVersion"] = bot.resource_version
    await cluster.apply(TRADING_BOT, manifest, LATCH_MANAGER, "/status")


async def write_status(cluster: Cluster, bot: ObjectMeta, status: Object) -> None:
    """Writes generation, phase and conditions. Raises `Conflict` when there is another bot of that name."""
    await cluster.apply(TRADING_BOT, _status_of(bot, status), STATUS_MANAGER, "/status")


async def apply_children(cluster: Cluster, applies: Iterable[Apply], world: World) -> World:
    """Applies children one after the other; returns the world as it then is, with what the API server refused."""
    children, refusals = dict(world.children), dict(world.refusals)
    for apply in applies:
        try:
            children[apply.kind] = await cluster.apply(apply.kind, apply.manifest, CHILD_MANAGER)
        except Refused as refusal:
            refusals[apply.kind] = str(refusal)
    return replace(world, children=children, refusals=refusals)


async def remove(cluster: Cluster, deletes: Iterable[Delete]) -> None:
    """Removes objects, each only if it still is the one that was seen."""
    await asyncio.gather(
        *(cluster.delete(delete.kind, delete.namespace, delete.name, delete.uid) for delete in deletes)
    )


def _status_of(bot: ObjectMeta, status: Object) -> Object:
    kind: Kind = TRADING_BOT
    manifest = {**kind.header(bot.namespace, bot.name), "status": status}
    manifest["metadata"]["uid"] = bot.uid
    return manifest

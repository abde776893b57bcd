"""Carries a plan out. All writes to bots and their children happen here, each part under a field manager of its own.

A manager that leaves out a field it once applied deletes it; so the latch, what was judged, the rest of the status and
the children have four managers, and whoever writes one of them can take nothing from the others. Every write to a bot
names its UID, so it cannot hit another object of the same name; the latch and what was judged also carry the
resourceVersion that was read, so they cannot be written over news that were not seen. A judgement rests on policies
that were listed after that read: a second operator that saw older ones has read an older bot, and its write is refused.
"""

import asyncio
from collections.abc import Iterable
from dataclasses import replace

from deskapi import KillSwitch, ObjectMeta, dump
from deskoperator.controller.cluster import Cluster
from deskoperator.errors import Conflict, Refused
from deskoperator.plan.actions import Annotate, Apply, Create, Delete
from deskoperator.plan.world import World
from deskoperator.resources.kinds import LEASE, RISK_POLICY, TRADING_BOT, Kind, Object

ADMISSION_MANAGER = "desk-operator-admission"
CHILD_MANAGER = "desk-operator"
LATCH_MANAGER = "desk-operator-latch"
STATUS_MANAGER = "desk-operator-status"


async def write_latch(cluster: Cluster, bot: ObjectMeta, latch: KillSwitch) -> None:
    """Writes `status.killSwitch`. Raises `Conflict` when the bot has changed since it was read."""
    await _write_guarded(cluster, bot, {"killSwitch": dump(latch)}, LATCH_MANAGER)


async def write_admission(cluster: Cluster, bot: ObjectMeta, judged: Object) -> None:
    """Writes what was judged. Raises `Conflict` when the bot has changed since it was read."""
    await _write_guarded(cluster, bot, judged, ADMISSION_MANAGER)


async def write_status(cluster: Cluster, bot: ObjectMeta, status: Object) -> None:
    """Writes generation, phase and conditions. Raises `Conflict` when there is another bot of that name."""
    await cluster.apply(TRADING_BOT, _status_of(TRADING_BOT, bot, status), STATUS_MANAGER, "/status")


async def write_policy_status(cluster: Cluster, policy: ObjectMeta, status: Object) -> None:
    """Writes the status of a RiskPolicy. Raises `Conflict` when there is another one of that name."""
    await cluster.apply(RISK_POLICY, _status_of(RISK_POLICY, policy, status), STATUS_MANAGER, "/status")


async def apply_children(cluster: Cluster, applies: Iterable[Apply], world: World) -> World:
    """Applies children one after the other; returns the world as it then is, with what the API server refused."""
    children, refusals = dict(world.children), dict(world.refusals)
    for apply in applies:
        try:
            children[apply.kind] = await cluster.apply(apply.kind, apply.manifest, CHILD_MANAGER)
        except Refused as refusal:
            refusals[apply.kind] = str(refusal)
    return replace(world, children=children, refusals=refusals)


async def create(cluster: Cluster, creates: Iterable[Create]) -> str:
    """Makes objects, each unless it is there already; returns what the API server refused, in its words, or ""."""
    refusals = []
    for one in creates:
        try:
            await cluster.create(one.kind, one.manifest)
        except Conflict:
            continue
        except Refused as refusal:
            refusals.append(f"the API server refuses the {one.kind.kind}: {refusal}")
    return "; ".join(refusals)


async def create_lease(cluster: Cluster, lease: Object, world: World) -> World:
    """Creates the Lease, unless there is one by now, in which case the work comes back. Raises `Conflict`."""
    try:
        return replace(world, lease=await cluster.create(LEASE, lease))
    except Refused as refusal:
        return replace(world, refusals={**world.refusals, LEASE: str(refusal)})


async def annotate(cluster: Cluster, note: Annotate) -> None:
    """Writes annotations. Raises `Conflict` when the object has changed since it was read, `Absent` when it is gone."""
    metadata = {"uid": note.uid, "resourceVersion": note.version, "annotations": dict(note.annotations)}
    await cluster.merge(note.kind, note.namespace, note.name, {"metadata": metadata})


async def remove(cluster: Cluster, deletes: Iterable[Delete]) -> None:
    """Removes objects, each only if it still is the one that was seen."""
    await asyncio.gather(
        *(
            cluster.delete(delete.kind, delete.namespace, delete.name, delete.uid, delete.grace_seconds, delete.version)
            for delete in deletes
        )
    )


async def _write_guarded(cluster: Cluster, bot: ObjectMeta, status: Object, manager: str) -> None:
    manifest = _status_of(TRADING_BOT, bot, status)
    manifest["metadata"]["resourceVersion"] = bot.resource_version
    await cluster.apply(TRADING_BOT, manifest, manager, "/status")


def _status_of(kind: Kind, of: ObjectMeta, status: Object) -> Object:
    manifest = {**kind.header(of.namespace, of.name), "status": status}
    manifest["metadata"]["uid"] = of.uid
    return manifest

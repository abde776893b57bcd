"""Which children to apply and which to remove.

A bot that never ran and may not run gets none. One that did keeps them, with its pod as it was: a template of a spec
that nobody admitted is not written, or the next restart would run its image.
"""

from dataclasses import dataclass

from deskoperator.plan.actions import Apply, Delete
from deskoperator.plan.admission import Judgement
from deskoperator.plan.bot import Bot
from deskoperator.plan.drift import contains
from deskoperator.plan.lease import foreign_lease, of_another_bot
from deskoperator.plan.rollout import pods_to_replace
from deskoperator.plan.world import World
from deskoperator.resources.children import children
from deskoperator.resources.kinds import STATEFUL_SET, Kind, Object
from deskoperator.resources.labels import DESIRED_HASH, owning_bot_uid


@dataclass(frozen=True)
class ChildrenDecision:
    applies: tuple[Apply, ...] = ()
    deletes: tuple[Delete, ...] = ()


def decide_children(bot: Bot, world: World, judgement: Judgement) -> ChildrenDecision:
    """All children as they should be, minus those that are. Nothing for a bot that goes or cannot be read, nor beside
    the Lease of another program or of an earlier bot, which its Role would let it write."""
    if bot.spec is None or bot.deleting or bot.metadata.uid is None:
        return ChildrenDecision()
    if foreign_lease(bot, world) or of_another_bot(bot, world.lease):
        return ChildrenDecision()
    if not judgement.allowed and not _ran(bot, world):
        return ChildrenDecision()
    applies, deletes = [], []
    for kind, manifest in children(bot.metadata, bot.spec, world.default_image, world.lease).items():
        live = world.children.get(kind)
        if kind == STATEFUL_SET and live is not None and _owned(bot, live) and not judgement.allowed:
            continue
        if live is None or _owned(bot, live):
            applies += _apply(bot, kind, manifest, live)
        else:
            deletes += _remove_foreign(bot, kind, live)
    return ChildrenDecision(tuple(applies), (*deletes, *pods_to_replace(bot, world)))


def _ran(bot: Bot, world: World) -> bool:
    """Whether a pod of this bot has been there: its StatefulSet is, or its engine has reported."""
    live = world.children.get(STATEFUL_SET)
    return bool(bot.written_status.get("engine")) or (live is not None and owning_bot_uid(live) == bot.metadata.uid)


def _owned(bot: Bot, live: Object) -> bool:
    """A child without an owner is taken over; one of an earlier bot of this name is not."""
    return owning_bot_uid(live) in {None, bot.metadata.uid}


def _apply(bot: Bot, kind: Kind, manifest: Object, live: Object | None) -> list[Apply]:
    if live is None:
        # Once the status has been written, all children were there.
        known = bot.written_status.get("observedGeneration") is not None
        return [Apply(kind, manifest, f"{kind.kind} was gone" if known else "")]
    if "deletionTimestamp" in live["metadata"]:
        return []  # its DELETED event brings us back
    if contains(live, manifest):
        return []
    wanted, applied = (obj["metadata"].get("annotations", {}).get(DESIRED_HASH) for obj in (manifest, live))
    return [Apply(kind, manifest, f"{kind.kind} had been edited" if wanted == applied else "")]


def _remove_foreign(bot: Bot, kind: Kind, live: Object) -> list[Delete]:
    metadata = live["metadata"]
    if "deletionTimestamp" in metadata:
        return []
    because = f"{kind.kind} belonged to an earlier TradingBot of this name"
    return [Delete(kind, bot.metadata.namespace, metadata["name"], metadata["uid"], because)]

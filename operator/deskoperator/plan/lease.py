"""A bot's Lease: when it is made, what it is to remember of the bot, and whose it is.

What it remembers is written before anything that the bot may act on: market and account are noted before a spec that
names the one is admitted on the other. So a bot that is deleted at any moment leaves a Lease that names every place
its orders may be.
"""

from collections.abc import Mapping

from deskapi.lease import is_released
from deskoperator.plan.actions import Annotate
from deskoperator.plan.bot import Bot
from deskoperator.plan.kill_target import own_scope, venue_scope
from deskoperator.plan.world import World
from deskoperator.resources.kill_job import LEASE_SECONDS
from deskoperator.resources.kinds import LEASE, STATEFUL_SET, Object
from deskoperator.resources.labels import owning_bot_uid
from deskoperator.resources.lease import is_ours, new_lease
from deskoperator.resources.venue_scope import annotations, notes, scope_on


def lease_to_make(bot: Bot, world: World, admitted_on: str) -> Object | None:
    """The Lease of a bot that has none; None where there is one, or the bot goes.

    It is marked as released only where nothing of the bot was ever there: one that was deleted may have had a holder.
    A bot that was never judged never had a pod, whatever else its status says (it may have waited for a tombstone).
    """
    if world.lease is not None or bot.spec is None or bot.deleting or bot.metadata.uid is None:
        return None
    return new_lease(bot.metadata, _notes(bot, None, admitted_on), never_ran=not _ran(bot, world))


def _ran(bot: Bot, world: World) -> bool:
    """Whether a pod may have been there. The rights of an earlier bot go later than its Lease, and mean nothing."""
    own = any(
        kind == STATEFUL_SET or owning_bot_uid(child) in {None, bot.metadata.uid}
        for kind, child in world.children.items()
    )
    return bot.may_have_run or own or world.pod_object is not None


def lease_notes(bot: Bot, world: World, admitted_on: str) -> Annotate | None:
    """What the bot's own Lease does not say yet; None: it says all."""
    lease = world.lease
    if lease is None or bot.metadata.uid is None or bot.deleting or of_another_bot(bot, lease):
        return None
    if not is_ours(lease, bot.metadata.name):
        return None
    wanted, written = _notes(bot, lease, admitted_on), annotations(lease)
    if all(written.get(name) == note for name, note in wanted.items()):
        return None
    metadata = lease["metadata"]
    place = (bot.metadata.namespace, bot.metadata.name)
    return Annotate(LEASE, *place, metadata["uid"], metadata["resourceVersion"], wanted)


def _notes(bot: Bot, lease: Object | None, admitted_on: str) -> Mapping[str, str | None]:
    return notes(venue_scope(bot, own_scope(bot, lease), admitted_on), bot.written_status.get("killSwitch"))


def of_another_bot(bot: Bot, lease: Object | None) -> bool:
    """Whether it is what an earlier bot of this name has left."""
    scope = scope_on(lease) if lease is not None and is_ours(lease, bot.metadata.name) else None
    return scope is not None and scope.uid != bot.metadata.uid


def may_send_seconds(world: World) -> int:
    """How long from now a process of the bot may still send, by its Lease.

    Released, and no pod there that may take it on what it knew before: nobody. Whoever comes later reads its object
    first, and learns that it is halted or gone.
    """
    free = world.lease is not None and is_released(world.lease) and world.pod_object is None
    return 0 if free else LEASE_SECONDS


def foreign_lease(bot: Bot, world: World) -> str:
    """Why the Lease of the bot's name cannot be used; "" when it can."""
    name = bot.metadata.name
    if world.lease is None or is_ours(world.lease, name):
        return ""
    return f"Lease {name} belongs to another program: it lacks the desk's labels; give the TradingBot another name"

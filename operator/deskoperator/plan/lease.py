"""When a bot's Lease is made, and when it is removed: never while an order of whoever held it may still come."""

from deskapi.lease import is_released
from deskoperator.plan.actions import Delete
from deskoperator.plan.bot import Bot
from deskoperator.plan.world import World
from deskoperator.resources.kinds import LEASE, STATEFUL_SET, Object
from deskoperator.resources.lease import is_ours, new_lease


def lease_to_make(bot: Bot, world: World) -> Object | None:
    """The Lease of a bot that has none; None where there is one, or the bot goes.

    It is marked as released only where nothing of the bot was ever there: one that was deleted may have had a holder.
    """
    if world.lease is not None or bot.spec is None or bot.deleting or bot.metadata.uid is None:
        return None
    never_ran = not bot.written_status and not world.children and world.pod_object is None
    return new_lease(bot.metadata, never_ran=never_ran)


def tombstone_to_remove(name: str, world: World) -> Delete | None:
    """The Lease of a bot that is gone, once its holder has released it; None: it stays, or is not the desk's.

    It goes last: a bot that is made anew under the name beside the rest of the old one still meets it.
    """
    lease = world.lease
    if lease is None or not is_ours(lease, name) or not is_released(lease):
        return None
    if world.pod_object is not None or STATEFUL_SET in world.children:
        return None
    metadata = lease["metadata"]
    because = "Lease of a TradingBot that is gone was released"
    return Delete(LEASE, metadata["namespace"], name, metadata["uid"], because, version=metadata["resourceVersion"])


def foreign_lease(bot: Bot, world: World) -> str:
    """Why the Lease of the bot's name cannot be used; "" when it can."""
    name = bot.metadata.name
    if world.lease is None or is_ours(world.lease, name):
        return ""
    return f"Lease {name} belongs to another program: it lacks the desk's labels; give the TradingBot another name"

"""The observed world of one bot: its object, its children, its pod, read now."""

import asyncio

from deskoperator.controller.cluster import Cluster
from deskoperator.plan.bot import Bot, read_bot
from deskoperator.plan.world import World
from deskoperator.resources.kinds import CHILDREN, POD, TRADING_BOT
from deskoperator.resources.labels import child_name, pod_name


async def observe_bot(cluster: Cluster, namespace: str, name: str) -> Bot | None:
    """The bot alone, which is all that the latch needs; None: it is gone, and the cluster removes what it owned."""
    found = await cluster.get(TRADING_BOT, namespace, name)
    return None if found is None else read_bot(found)


async def observe_world(cluster: Cluster, namespace: str, name: str, default_image: str) -> World:
    """Everything else, read at once. Any failed read fails the whole: what was not seen is not known to be absent."""
    child = child_name(name)
    *children, pod = await asyncio.gather(
        *(cluster.get(kind, namespace, child) for kind in CHILDREN), cluster.get(POD, namespace, pod_name(name))
    )
    present = {kind: live for kind, live in zip(CHILDREN, children, strict=True) if live is not None}
    return World(default_image=default_image, children=present, pod_object=pod)

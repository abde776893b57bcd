"""The observed world of one bot: its object, its children, its pod, the policies of its namespace, read now.

The bot is read first and the policies after it, each straight from the API server: so a judgement never rests on
policies that are older than what was in force when it began.
"""

import asyncio
from dataclasses import replace

import structlog
from pydantic import ValidationError

from deskapi import LatchState
from deskoperator.controller.cluster import Cluster
from deskoperator.errors import ApiError
from deskoperator.plan.bot import Bot, read_bot
from deskoperator.plan.policies import Policy, read_policy
from deskoperator.plan.world import World
from deskoperator.resources.kill_job import job_name
from deskoperator.resources.kinds import CHILDREN, JOB, LEASE, POD, RISK_POLICY, TRADING_BOT, Kind, Object
from deskoperator.resources.labels import child_name, pod_name

log = structlog.get_logger(__name__)


async def observe_bot(cluster: Cluster, namespace: str, name: str) -> Bot | None:
    """The bot alone, which is all that the latch needs; None: it is gone, and the cluster removes what it owned."""
    found = await cluster.get(TRADING_BOT, namespace, name)
    return None if found is None else read_bot(found)


async def observe_kill(cluster: Cluster, bot: Bot, world: World) -> World:
    """The world with the kill Job of a halt that is not confirmed, and its pods."""
    if bot.latch is None or bot.latch.state is not LatchState.LATCHED:
        return world
    return await observe_job(cluster, bot.metadata.namespace, job_name(bot.metadata.name, bot.latch.id), world)


async def observe_job(cluster: Cluster, namespace: str, name: str, world: World) -> World:
    """The world with the kill Job of that name, and the pods that are named after it."""
    job = await cluster.get(JOB, namespace, name)
    pods = [] if job is None else await cluster.list(POD, namespace, f"batch.kubernetes.io/job-name={name}")
    return replace(world, kill_job=job, kill_pods=tuple(pods))


async def observe_world(cluster: Cluster, namespace: str, name: str, default_image: str) -> World:
    """Everything else, read at once. Any failed read of a child fails the whole: what was not seen is not known to be
    absent. Policies that cannot be listed are unknown, which the plan has an answer to."""
    children, pod, lease, policies = await asyncio.gather(
        _observe_children(cluster, namespace, child_name(name)),
        cluster.get(POD, namespace, pod_name(name)),
        cluster.get(LEASE, namespace, name),
        observe_policies(cluster, namespace),
    )
    return World(default_image=default_image, children=children, pod_object=pod, policies=policies, lease=lease)


async def _observe_children(cluster: Cluster, namespace: str, name: str) -> dict[Kind, Object]:
    found = await asyncio.gather(*(cluster.get(kind, namespace, name) for kind in CHILDREN))
    return {kind: live for kind, live in zip(CHILDREN, found, strict=True) if live is not None}


async def observe_policies(cluster: Cluster, namespace: str) -> tuple[Policy, ...] | None:
    """Every RiskPolicy of a namespace; None: they could not be listed, or one has no usable name."""
    try:
        return tuple(map(read_policy, await cluster.list(RISK_POLICY, namespace)))
    except (ApiError, ValidationError) as error:
        log.warning("the RiskPolicies cannot be listed", namespace=namespace, error=str(error).splitlines()[0])
        return None


async def observe_policy(cluster: Cluster, namespace: str, name: str) -> Policy | None:
    """One RiskPolicy; None: it is gone."""
    found = await cluster.get(RISK_POLICY, namespace, name)
    return None if found is None else read_policy(found)


async def observe_bots(cluster: Cluster, namespace: str) -> list[Bot]:
    """Every bot of a namespace that can be read."""
    return [bot for each in await cluster.list(TRADING_BOT, namespace) if (bot := _readable(each)) is not None]


def _readable(obj: Object) -> Bot | None:
    try:
        return read_bot(obj)
    except ValidationError as error:
        log.warning("a TradingBot cannot be read", bot=obj["metadata"].get("name"), error=str(error).splitlines()[0])
        return None

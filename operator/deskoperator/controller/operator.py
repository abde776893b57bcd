"""The operator as one process: kopf's watches, the queue, the workers, the resync, the recorder, the web server.

Watches put keys on the queue (`wiring.py`), workers take them off (`workers.py`) and do the work (`reconcile.py`). All
run in one event loop and one task group: if any of them dies, the process ends and is started again, which is always
safe, because nothing is remembered that is not in the cluster.
"""

import asyncio
import os
import socket
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import partial

import kopf
import structlog
from kubernetes.aio.client import ApiClient

from deskoperator.controller import clock
from deskoperator.controller.cluster import Cluster
from deskoperator.controller.login import client_configuration
from deskoperator.controller.metrics import Metrics
from deskoperator.controller.queue import Lane, WorkQueue
from deskoperator.controller.reconcile import Reconciler
from deskoperator.controller.recorder import Recorder
from deskoperator.controller.tasks import Task, Work
from deskoperator.controller.web import serving
from deskoperator.controller.wiring import registry, settings
from deskoperator.controller.workers import start_workers
from deskoperator.errors import Absent, ApiError, CannotStart
from deskoperator.plan.tombstone import WaitsFor
from deskoperator.resources.kinds import LEASE, RISK_POLICY, TRADING_BOT
from deskoperator.resources.labels import BOT_LABEL

_REQUEST_SECONDS = 30.0
_HALT_REQUEST_SECONDS = 5.0

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Options:
    """`namespace` None: all of them."""

    bot_image: str
    namespace: str | None
    host: str
    port: int
    resync_seconds: float
    kill_priority_class: str = ""


async def run(options: Options) -> None:
    """Runs until a signal ends it. Raises `CannotStart` when it cannot begin."""
    metrics, started = Metrics(), asyncio.Event()
    queue: WorkQueue[Task] = WorkQueue(clock.jitter)
    for lane in Lane:
        metrics.watch_depth(lane.name.lower(), partial(queue.depth, lane))
    async with AsyncExitStack() as stack:
        cluster = await _connect(stack, metrics, _REQUEST_SECONDS)
        halting = await _connect(stack, metrics, _HALT_REQUEST_SECONDS)
        await _check(cluster, options.namespace)
        await stack.enter_async_context(serving(options.host, options.port, metrics, started))
        recorder = Recorder(cluster, os.environ.get("POD_NAME") or socket.gethostname())
        reconciler = Reconciler(
            cluster,
            halting,
            queue,
            recorder,
            options.bot_image,
            options.kill_priority_class,
            metrics,
            options.namespace or os.environ.get("POD_NAMESPACE") or "default",
            options.namespace,
        )
        for waits_for in WaitsFor:
            metrics.watch_tombstones(waits_for.value, partial(reconciler.undertaker.tombstones.count, waits_for))
        async with asyncio.TaskGroup() as tasks:
            background = [
                *start_workers(tasks, queue, reconciler.work, metrics),
                tasks.create_task(recorder.run()),
                tasks.create_task(_resync(cluster, queue, options)),
            ]
            await _watch(queue, options.namespace, started)
            for task in background:
                task.cancel()


async def _connect(stack: AsyncExitStack, metrics: Metrics, timeout_seconds: float) -> Cluster:
    api = await stack.enter_async_context(ApiClient(await client_configuration()))
    return Cluster(api, metrics, timeout_seconds=timeout_seconds)


async def _check(cluster: Cluster, namespace: str | None) -> None:
    for kind in (TRADING_BOT, RISK_POLICY):
        try:
            await cluster.list(kind, namespace)
        except Absent as error:
            raise CannotStart(
                f"the cluster does not know {kind.plural} of {kind.api_version}: install the CRDs first, as the chart "
                "does"
            ) from error
        except ApiError as error:
            raise CannotStart(str(error)) from error


async def _watch(queue: WorkQueue[Task], namespace: str | None, started: asyncio.Event) -> None:
    """kopf, until a signal ends it."""
    log.info("operator started", namespace=namespace or "all namespaces")
    await kopf.operator(
        registry=registry(queue),
        settings=settings(),
        clusterwide=namespace is None,
        namespaces=[] if namespace is None else [namespace],
        standalone=True,
        ready_flag=started,
    )


async def _resync(cluster: Cluster, queue: WorkQueue[Task], options: Options) -> None:
    """Looks at every bot, Lease and policy from time to time: a deletion that no watch told of is found here."""
    while True:
        await clock.pause(options.resync_seconds)
        for kind, selector, work in (
            (TRADING_BOT, "", Work.BOT),
            (LEASE, BOT_LABEL, Work.BOT),
            (RISK_POLICY, "", Work.POLICY),
        ):
            try:
                found = await cluster.list(kind, options.namespace, selector)
            except ApiError as error:
                log.warning("resync failed", kind=kind.kind, error=str(error))
                continue
            for each in found:
                queue.add(Task(work, each["metadata"]["namespace"], each["metadata"]["name"]), Lane.RESYNC)

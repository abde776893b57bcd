"""The work on a tombstone, carried out: what this operator remembers, what it tells, and when it comes back."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from deskoperator.controller.metrics import Metrics
from deskoperator.controller.queue import WorkQueue
from deskoperator.controller.reconcile import Reconciler
from deskoperator.controller.recorder import About, Recorder
from deskoperator.controller.tasks import Task, Work
from deskoperator.errors import ApiError, Refused, Terminating
from deskoperator.plan.actions import Notice
from deskoperator.resources.kinds import JOB, LEASE, NAMESPACE, TRADING_BOT, Kind, Object
from tests.operator import virtual_time
from tests.operator.simulated_api import SimulatedApi, SimulatedCluster
from tests.operator.test_policy_work import answered
from tests.operator.worlds import IMAGE, bot_object, live_lease

TASK = Task(Work.BOT, "desk", "bot1")


class Told(Recorder):
    """Keeps what was told."""

    def __init__(self) -> None:
        self.notices: list[tuple[str, str]] = []

    def tell_of(self, about: About, notices: tuple[Notice, ...]) -> None:
        self.notices += [(about.kind.kind, notice.happening.value) for notice in notices]


class Refusing(SimulatedCluster):
    """An API server that refuses to make Jobs."""

    refusal: ApiError | None = None

    async def create(self, kind: Kind, manifest: Object) -> Object:
        if kind == JOB and self.refusal is not None:
            raise self.refusal
        return await super().create(kind, manifest)


class Graveyard:
    """A Lease without its bot, and one operator."""

    def __init__(self, *, refusal: ApiError | None = None, **lease: Any) -> None:
        self.api = SimulatedApi(bot_object())
        self.api.remove(TRADING_BOT, "bot1")
        self.api.put(LEASE, live_lease(bot_object(**lease.pop("spec", {})), **lease))
        self.told, self.queue = Told(), WorkQueue[Task](lambda: 1.0)
        self.cluster = Refusing(self.api, "operator")
        self.cluster.refusal = refusal
        self.metrics = Metrics()
        self.restart()

    def restart(self) -> None:
        self.reconciler = Reconciler(self.cluster, self.cluster, self.queue, self.told, IMAGE, metrics=self.metrics)

    async def look(self) -> None:
        await answered(self.api, self.reconciler.work(TASK))

    @property
    def lease(self) -> Object | None:
        return self.api.objects.get((LEASE, "bot1"))

    @property
    def jobs(self) -> list[str]:
        return [name for kind, name in self.api.objects if kind == JOB]

    @property
    def comes_back(self) -> bool:
        return TASK in self.queue._delayed


def buried(main: Callable[[], Coroutine[Any, Any, None]]) -> None:
    virtual_time.run(main())


def test_s6_a_lease_that_was_never_released_goes_once_this_operator_saw_it_unchanged_for_its_whole_time() -> None:
    async def main() -> None:
        yard = Graveyard(holder="pod-1", spec={"mode": "DryRun"})
        await yard.look()
        await asyncio.sleep(74)
        yard.restart()  # what it has seen is lost with it: it counts anew
        await yard.look()
        await asyncio.sleep(74)
        await yard.look()
        assert yard.lease is not None
        assert yard.comes_back
        await asyncio.sleep(1)
        await yard.look()
        assert yard.lease is None

    buried(main)


def test_s6_a_renewal_begins_the_time_of_a_lease_anew() -> None:
    async def main() -> None:
        yard = Graveyard(holder="pod-1", spec={"mode": "DryRun"})
        await yard.look()
        await asyncio.sleep(60)
        assert yard.lease is not None
        yard.api.put(LEASE, yard.lease)  # another resourceVersion
        await yard.look()
        await asyncio.sleep(60)
        await yard.look()
        assert yard.lease is not None
        await asyncio.sleep(15)
        await yard.look()
        assert yard.lease is None

    buried(main)


def test_s6_a_restarted_operator_comes_to_the_same_job_and_makes_no_second() -> None:
    async def main() -> None:
        yard = Graveyard(released=True)
        await yard.look()
        yard.restart()
        await yard.look()
        assert yard.jobs == ["bot1-kill-4edcb75a-deleted-Lease-ui"]
        yard.api.remove(JOB, yard.jobs[0])
        await yard.look()
        assert len(yard.jobs) == 1
        assert yard.comes_back

    buried(main)


def test_s6_in_a_namespace_that_is_being_deleted_no_job_can_start_which_is_said_and_not_retried() -> None:
    async def main() -> None:
        yard = Graveyard(released=True, refusal=Terminating(403, "because it is being terminated"))
        await yard.look()
        assert yard.told.notices == [(NAMESPACE.kind, "NamespaceTerminating")]
        assert not yard.comes_back
        assert yard.lease is not None

    buried(main)


def test_s6_a_job_that_the_api_server_refuses_is_told_at_the_lease_and_tried_again() -> None:
    async def main() -> None:
        yard = Graveyard(released=True, refusal=Refused(403, "no quota is left"))
        await yard.look()
        assert yard.told.notices == [(LEASE.kind, "KillJobStuck")]
        assert yard.comes_back
        assert b'desk_operator_kill_jobs_total{reason="KillJobStuck"} 1.0' in yard.metrics.exposition()
        yard.cluster.refusal = None
        await yard.look()
        assert len(yard.jobs) == 1

    buried(main)


@pytest.mark.control("S6.2")
def test_s6_the_scope_is_on_the_lease_before_a_spec_that_widens_it_is_admitted() -> None:
    async def main() -> None:
        yard = Graveyard()
        yard.api.put(TRADING_BOT, bot_object(markets=["ETH/USDT:USDT"]))
        orders: list[str] = []

        async def step() -> None:
            task = asyncio.ensure_future(yard.reconciler.work(TASK))
            while not task.done():
                await asyncio.sleep(0)
                for request in yard.api.waiting[:]:
                    if not request.go.done():
                        note = str(yard.api.objects[LEASE, "bot1"]["metadata"]["annotations"])
                        orders.append(f"{request.words} {'ETH' in note}")
                        request.go.set_result(None)
            await task

        await step()
        assert "apply True" in orders
        assert "apply False" not in orders

    buried(main)

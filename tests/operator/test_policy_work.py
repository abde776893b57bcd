"""From a policy's event to the bots that it concerns, in the lane that it deserves."""

import asyncio
from collections.abc import Coroutine
from typing import Any

from deskoperator.controller.queue import Lane, WorkQueue
from deskoperator.controller.reconcile import Reconciler
from deskoperator.controller.recorder import Recorder
from deskoperator.controller.tasks import Task, Work
from deskoperator.controller.wiring import SeenPolicies, bot_event, policy_event
from deskoperator.resources.kinds import RISK_POLICY, TRADING_BOT, Object
from tests.operator.simulated_api import SimulatedApi, SimulatedCluster
from tests.operator.worlds import IMAGE, bot_object, engine, policy_object, with_status

ALPHA = {"matchLabels": {"desk": "alpha"}}
SCOPE, COUNT = Task(Work.SCOPE, "desk", "alpha"), Task(Work.POLICY, "desk", "alpha")


def named(name: str, *judged_by: str, desk: str = "") -> Object:
    obj = bot_object()
    obj["metadata"] |= {"name": name, "labels": {"desk": desk}}
    return with_status(obj, policies=[{"name": each, "generation": 1, "sets": []} for each in judged_by])


def waiting(queue: WorkQueue[Task]) -> dict[Lane, list[str]]:
    """Everything that is on a queue, by lane, as `work name`."""
    return {lane: sorted(f"{task.work} {task.name}" for task in queue._waiting[lane]) for lane in Lane}


async def answered(api: SimulatedApi, work: Coroutine[Any, Any, None]) -> None:
    """Does a piece of work, each of its requests answered at once."""
    task = asyncio.ensure_future(work)
    while not task.done():
        await asyncio.sleep(0)
        for request in api.waiting[:]:
            if not request.go.done():
                request.go.set_result(None)
    await task


def after(task: Task, *objects: Object) -> tuple[SimulatedApi, WorkQueue[Task]]:
    """What a piece of work leaves on the API server and on the queue."""
    api = SimulatedApi(objects[0])
    for obj in objects[1:]:
        api.put(TRADING_BOT if obj["kind"] == TRADING_BOT.kind else RISK_POLICY, obj)

    async def work() -> WorkQueue[Task]:
        queue: WorkQueue[Task] = WorkQueue(lambda: 1.0)
        cluster = SimulatedCluster(api, "operator")
        reconciler = Reconciler(cluster, cluster, queue, Recorder(cluster, "operator"), IMAGE)
        await answered(api, reconciler.work(task))
        return queue

    return api, asyncio.run(work())


BOTS = (
    named("in-scope", desk="alpha"),
    named("left", "alpha", desk="beta"),
    named("elsewhere", "beta", desk="beta"),
)


def test_s7_a_policys_event_brings_every_bot_that_it_selects_or_selected() -> None:
    _, queue = after(SCOPE, *BOTS, policy_object(selector=ALPHA))
    assert waiting(queue) == {Lane.HALT: [], Lane.CHANGE: ["bot in-scope", "bot left"], Lane.RESYNC: []}


def test_s4_a_policy_that_halts_brings_the_latches_of_its_bots_before_everything_else() -> None:
    _, queue = after(SCOPE, *BOTS, policy_object(selector=ALPHA, halted=True))
    assert waiting(queue)[Lane.HALT] == ["latch in-scope"]
    assert waiting(queue)[Lane.CHANGE] == ["bot in-scope", "bot left"]


def test_s7_a_policy_that_is_gone_brings_the_bots_that_were_judged_by_it() -> None:
    _, queue = after(SCOPE, *BOTS)
    assert waiting(queue) == {Lane.HALT: [], Lane.CHANGE: ["bot left"], Lane.RESYNC: []}


def test_s4_the_latch_of_a_bot_in_scope_needs_one_piece_of_work() -> None:
    api, _ = after(Task(Work.LATCH, "desk", "bot1"), bot_object(), policy_object(halted=True))
    assert (api.bot["status"]["killSwitch"]["state"], api.bot["status"]["killSwitch"]["policies"]) == (
        "Latched",
        ["alpha"],
    )


def test_a_policys_bots_are_counted() -> None:
    api, _ = after(COUNT, *BOTS, policy_object(selector=ALPHA))
    assert api.objects[RISK_POLICY, "alpha"]["status"]["bots"] == {"inScope": 1, "trading": 0, "halted": 0}


def test_what_is_gone_is_not_counted() -> None:
    api, _ = after(COUNT, *BOTS)
    assert api.written == []


def test_a_bot_whose_status_changes_has_its_policies_counted_a_second_later() -> None:
    api = SimulatedApi(with_status(bot_object(), engine=engine()))
    api.put(RISK_POLICY, policy_object())

    async def work() -> list[str]:
        queue: WorkQueue[Task] = WorkQueue(lambda: 1.0)
        cluster = SimulatedCluster(api, "operator")
        reconciler = Reconciler(cluster, cluster, queue, Recorder(cluster, "operator"), IMAGE)
        await answered(api, reconciler.work(Task(Work.BOT, "desk", "bot1")))
        return [str(task) for task in queue._delayed if task.work is Work.POLICY]

    assert asyncio.run(work()) == ["desk/alpha"]


def told(*events: tuple[str | None, Object]) -> WorkQueue[Task]:
    queue: WorkQueue[Task] = WorkQueue(lambda: 1.0)
    seen = SeenPolicies()
    for kind, obj in events:
        policy_event(queue, seen, {"type": kind, "object": obj})  # type: ignore[typeddict-item]
    return queue


def test_s4_a_policy_that_halts_is_looked_at_in_the_lane_of_halts() -> None:
    assert waiting(told(("MODIFIED", policy_object(halted=True))))[Lane.HALT] == ["scope alpha"]
    assert waiting(told((None, policy_object(halted=True))))[Lane.HALT] == ["scope alpha"]
    assert waiting(told(("ADDED", policy_object())))[Lane.CHANGE] == ["policy alpha", "scope alpha"]
    assert waiting(told(("DELETED", policy_object(halted=True))))[Lane.HALT] == []


def test_a_policys_own_count_brings_no_bot() -> None:
    counted = {**policy_object(), "status": {"bots": {"inScope": 3}}}

    async def events() -> dict[Lane, list[str]]:
        queue: WorkQueue[Task] = WorkQueue(lambda: 1.0)
        seen = SeenPolicies()
        for each in (policy_object(), counted):
            policy_event(queue, seen, {"type": "MODIFIED", "object": each})  # type: ignore[typeddict-item]
            while queue.depth(Lane.CHANGE):
                task, _ = await queue.get()
                queue.done(task)
                last = task
        assert last == COUNT
        policy_event(queue, seen, {"type": "MODIFIED", "object": policy_object(generation=2)})  # type: ignore[typeddict-item]
        return waiting(queue)

    assert asyncio.run(events())[Lane.CHANGE] == ["policy alpha", "scope alpha"]


def test_a_bot_that_is_gone_is_no_longer_counted() -> None:
    queue: WorkQueue[Task] = WorkQueue(lambda: 1.0)
    bot_event(queue, {"type": "DELETED", "object": named("bot1", "alpha", "beta")})  # type: ignore[typeddict-item]
    assert waiting(queue)[Lane.CHANGE] == ["bot bot1", "policy alpha", "policy beta"]

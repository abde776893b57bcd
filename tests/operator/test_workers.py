"""The workers around the queue, and the watch events before it."""

import asyncio
from typing import Any

import pytest

from deskoperator.controller.metrics import Metrics
from deskoperator.controller.queue import Lane, WorkQueue
from deskoperator.controller.tasks import Task, Work
from deskoperator.controller.wiring import bot_event, child_event
from deskoperator.controller.workers import WORKERS, start_workers
from deskoperator.errors import Conflict, Transient
from tests.operator.virtual_time import run
from tests.operator.worlds import NOW, bot_object, engine, halt, pod_object, text, with_status

BOT = Task(Work.BOT, "desk", "bot1")
LATCH = Task(Work.LATCH, "desk", "bot1")


def bot(number: int) -> Task:
    return Task(Work.BOT, "desk", f"bot{number}")


def metric(metrics: Metrics, line: str) -> str:
    [found] = [each for each in metrics.exposition().decode().splitlines() if each.startswith(f"{line} ")]
    return found.removeprefix(f"{line} ")


def test_a_halt_is_latched_while_every_other_worker_hangs() -> None:
    async def work() -> float:
        queue: WorkQueue[Task] = WorkQueue(lambda: 1.0)
        latched = asyncio.Event()

        async def handle(task: Task) -> None:
            if task.work is Work.LATCH:
                latched.set()
            else:
                await asyncio.sleep(1e6)

        async with asyncio.TaskGroup() as tasks:
            workers = start_workers(tasks, queue, handle, Metrics())
            for number in range(2 * WORKERS):
                queue.add(bot(number), Lane.CHANGE)
            await asyncio.sleep(1)
            queue.add(LATCH, Lane.HALT)
            await latched.wait()
            when = asyncio.get_running_loop().time()
            for worker in workers:
                worker.cancel()
        return when

    assert run(work()) == pytest.approx(1)


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (Transient(500, "etcd is away"), "Transient"),
        (Conflict(409, "modified"), "Conflict"),
        (KeyError("bug"), "Unexpected"),
    ],
)
def test_work_that_fails_is_counted_and_tried_again(error: Exception, reason: str) -> None:
    async def work() -> tuple[int, Metrics]:
        queue: WorkQueue[Task] = WorkQueue(lambda: 1.0)
        metrics, attempts = Metrics(), []

        async def handle(task: Task) -> None:
            attempts.append(task)
            if len(attempts) < 3:
                raise error

        async with asyncio.TaskGroup() as tasks:
            workers = start_workers(tasks, queue, handle, metrics)
            queue.add(BOT, Lane.CHANGE)
            await asyncio.sleep(10)
            for worker in workers:
                worker.cancel()
        return len(attempts), metrics

    attempts, metrics = run(work())
    assert attempts == 3
    assert metric(metrics, f'desk_operator_errors_total{{reason="{reason}",work="bot"}}') == "2.0"
    assert metric(metrics, 'desk_operator_reconcile_seconds_count{work="bot"}') == "3.0"


def queued(*events: Any) -> list[list[Task]]:
    """What waits in each lane after events."""

    async def work() -> list[list[Task]]:
        queue: WorkQueue[Task] = WorkQueue(lambda: 1.0)
        for event in events:
            is_bot = event["object"].get("kind") == "TradingBot"
            (bot_event if is_bot else child_event)(queue, event)
        return [[(await queue.get((lane,)))[0] for _ in range(queue.depth(lane))] for lane in Lane]

    return run(work())


def test_what_is_listed_is_less_urgent_than_what_changes() -> None:
    assert queued({"type": None, "object": bot_object()}) == [[], [], [BOT]]
    assert queued({"type": "MODIFIED", "object": bot_object()}) == [[], [BOT], []]


def test_a_bot_whose_latch_is_due_goes_into_the_halt_lane_as_well() -> None:
    for event_type in (None, "ADDED", "MODIFIED"):
        assert queued({"type": event_type, "object": bot_object(halted=True)})[0] == [LATCH]
    of_the_engine = with_status(bot_object(), engine=engine("Halting", halt=halt("aaaa-1")))
    assert queued({"type": "MODIFIED", "object": of_the_engine})[0] == [LATCH]


def test_a_bot_that_is_latched_already_does_not() -> None:
    latch = {"state": "Latched", "id": "oooo-1", "reason": "SpecHalted", "triggeredAt": text(NOW)}
    assert queued({"type": "MODIFIED", "object": with_status(bot_object(halted=True), killSwitch=latch)})[0] == []


def test_a_child_brings_its_bot_and_a_stranger_nobody() -> None:
    pod = pod_object(namespace="desk", labels={"tradingdesk.io/bot": "bot1"})
    assert queued({"type": "DELETED", "object": pod}) == [[], [BOT], []]
    assert queued({"type": "MODIFIED", "object": pod_object(namespace="desk")}) == [[], [], []]

"""The workers: take a task from the queue, have it done, give it back.

Most take from every lane, the most urgent first. A few take halts alone, so that a halt finds a free worker even while
all the others wait for an API server that has grown slow.
"""

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from deskoperator.controller.metrics import Metrics
from deskoperator.controller.queue import ALL_LANES, Lane, WorkQueue
from deskoperator.controller.tasks import Task
from deskoperator.errors import ApiError, Conflict

WORKERS = 8
HALT_WORKERS = 2

log = structlog.get_logger(__name__)


def start_workers(
    tasks: asyncio.TaskGroup, queue: WorkQueue[Task], work: Callable[[Task], Awaitable[None]], metrics: Metrics
) -> list[asyncio.Task[None]]:
    """Starts all workers; they run until cancelled."""
    lanes = [ALL_LANES] * WORKERS + [(Lane.HALT,)] * HALT_WORKERS
    return [tasks.create_task(_work(queue, taken, work, metrics)) for taken in lanes]


async def _work(
    queue: WorkQueue[Task], lanes: tuple[Lane, ...], work: Callable[[Task], Awaitable[None]], metrics: Metrics
) -> None:
    while True:
        task, _ = await queue.get(lanes)
        succeeded = False
        try:
            with metrics.seconds.labels(task.work).time():
                succeeded = await _attempt(task, work, metrics)
        finally:
            queue.done(task, failed=not succeeded)


async def _attempt(task: Task, work: Callable[[Task], Awaitable[None]], metrics: Metrics) -> bool:
    try:
        await work(task)
    except Conflict as conflict:
        metrics.failed(task.work, "Conflict")
        log.info("somebody else wrote first; looking again", work=task.work, bot=str(task), answer=str(conflict))
    except ApiError as error:
        metrics.failed(task.work, type(error).__name__)
        log.warning("the API server did not do it", work=task.work, bot=str(task), error=str(error))
    except Exception:
        # One bot that this code cannot handle must not take the others' operator away.
        metrics.failed(task.work, "Unexpected")
        log.exception("unexpected error", work=task.work, bot=str(task))
    else:
        return True
    return False

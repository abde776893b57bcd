"""The process around a bot: its HTTP server, its signals, its last second, and (in a cluster) its reports.

SIGTERM, SIGINT, the end of the time given ──▶ Bot.stop ──▶ orders cancelled and proven ──▶ Ended
"""

import asyncio
import signal
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import structlog
from prometheus_client.registry import Collector

from deskapi import EngineStatus
from deskbot.core.summary import Summary
from deskbot.fencing.durations import LEASE_DURATION
from deskbot.runtime.bot import Bot
from deskbot.runtime.clock import Clock
from deskbot.runtime.control_object import ControlObject
from deskbot.runtime.health import Answers, HealthServer
from deskbot.runtime.kube_api import KubeApi, Pod
from deskbot.runtime.lease_api import LeaseApi
from deskbot.runtime.lease_keeper import LeaseKeeper
from deskbot.runtime.lease_metrics import LeaseMetrics
from deskbot.runtime.metrics import Metrics
from deskbot.runtime.observation import ControlSource
from deskbot.runtime.report import report_of
from deskbot.runtime.session import Ended, Surroundings
from deskbot.runtime.status_reporter import StatusReporter
from deskbot.runtime.venue_metrics import VenueMetrics
from deskbot.venues.protocol import VenueFigures

_log = structlog.get_logger("deskbot.process")


class Process:
    """A bot and its HTTP server. `bot` and `address` can be looked at while `run` is under way."""

    def __init__(
        self, source: ControlSource, surroundings: Surroundings, clock: Clock, pod_uid: str | None = None
    ) -> None:
        self._clock = clock
        self._metrics = Metrics(self.summary, clock, surroundings.version)
        self._metrics.add(VenueMetrics(self._venue_figures, self._queues))
        heard = replace(surroundings, on_commit=self._metrics.commit_seconds.observe)
        self.bot = Bot(source, heard, clock, pod_uid)
        self.address: tuple[str, int] | None = None

    def show(self, collector: Collector) -> None:
        """Serve the metrics of another part as well."""
        self._metrics.add(collector)

    def summary(self) -> Summary | None:
        """The engine's summary; None before there is an engine."""
        return self.bot.session.summary() if self.bot.session is not None else None

    def _venue_figures(self) -> VenueFigures | None:
        return self.bot.session.venue_figures() if self.bot.session is not None else None

    def _queues(self) -> dict[str, float] | None:
        return self.bot.session.loop.overload.shares if self.bot.session is not None else None

    async def run(self, listen: str, seconds: float | None = None) -> Ended:
        """Serve until the bot has ended, at most so many seconds. Raises Invalid for an address in use."""
        server = HealthServer(Answers(self.bot.alive, self.bot.ready, self._metrics.render, self._report))
        try:
            self.address = await server.start(listen)
            _log.info("listening", host=self.address[0], port=self.address[1])
            with_signals(self.bot.stop)
            async with background(self._stop_after(seconds)):
                ended = await self.bot.run()
            _log.info("ended", confirmed=ended.confirmed, failed=ended.failed, message=ended.message)
            return ended
        finally:
            await server.close()

    def _report(self) -> dict[str, Any] | None:
        summary = self.summary()
        return report_of(summary) if summary is not None else None

    async def _stop_after(self, seconds: float | None) -> None:
        if seconds is not None:
            await self._clock.sleep(seconds)
            self.bot.stop("the time given is over")


async def serve_object(
    api: KubeApi, surroundings: Surroundings, clock: Clock, listen: str, pod: Pod, lease_duration: int = LEASE_DURATION
) -> Ended:
    """Serve the object of an API server, from a pod, and report on it there."""

    def current() -> EngineStatus | None:
        return process.bot.status()

    control = ControlObject(api, clock)
    reporter = StatusReporter(current, control.report, clock)
    keeper = LeaseKeeper(LeaseApi(api, clock), control, clock, pod.uid, pod.ordinal, lease_duration)
    heard = replace(surroundings, on_publish=reporter.poke, fence=keeper)
    process = Process(control, heard, clock, pod.uid)
    process.show(LeaseMetrics(keeper.holder, clock.now))
    try:
        async with background(reporter.run()), background(keeper.run()):
            ended = await process.run(listen)
        await asyncio.gather(reporter.last_word(), keeper.release(proven=ended.proven))
        return ended
    finally:
        await api.close()


def with_signals(stop: Callable[[str], None]) -> None:
    """Let SIGTERM and Ctrl-C end the bot gracefully."""
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop, number.name)


@asynccontextmanager
async def background(work: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """Run something beside the block and end it with it; its failure is logged, it ends nothing else."""
    task = asyncio.get_running_loop().create_task(work)
    task.add_done_callback(_log_failure)
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def _log_failure(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        _log.error("task_failed", error=f"{type(error).__name__}: {error}", exc_info=error)

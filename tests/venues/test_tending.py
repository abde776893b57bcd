"""What stands between an open venue and trading is said while it lasts, and once."""

import asyncio
from typing import Any

import pytest
from structlog.testing import capture_logs

from deskbot.core.events import Problem
from deskbot.core.events import VenueClock as ClockMeasured
from deskbot.venues import tending
from deskbot.venues.rate_limits import SECOND, Ask, Limit, RateLimits
from deskbot.venues.tending import Tender
from deskbot.venues.venue_clock import FORGET_AFTER, MILLISECOND, VenueClock

T0 = 1_790_000_000 * SECOND
ASK = Ask("GET list")


class Scene:
    """A venue whose clock, wall clock and limits are set by hand."""

    def __init__(self) -> None:
        self.now = T0
        self.wall_step_ms = 0
        self.venue_ahead_ms = 0
        self.away = False
        self.said: list[Any] = []
        self.limits = RateLimits([Limit("orders", 10, 1, ("*",))])
        self.clock = VenueClock(lambda: self.now, lambda: self.now // MILLISECOND + self.wall_step_ms)
        self.tender = Tender(self.clock, self.limits, self.fetch_time, 150, self.said.append, lambda: self.now)

    async def fetch_time(self) -> int:
        if self.away:
            raise OSError("away")
        return self.now // MILLISECOND + self.venue_ahead_ms

    async def look(self) -> list[tuple[str, str]]:
        """The problems that one look says: (key, reason)."""
        self.said.clear()
        task = asyncio.ensure_future(self.tender.watch())
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        return [(one.key, one.reason) for one in self.said if isinstance(one, Problem)]


@pytest.fixture
async def scene() -> Scene:
    made = Scene()
    await made.clock.measure(made.fetch_time)
    assert await made.look() == [("clock", ""), ("rate_limit", "")], "what an earlier venue said is over"
    return made


async def test_a_refusal_and_a_ban_are_problems_for_as_long_as_they_last(scene: Scene) -> None:
    scene.limits.refused(ASK, T0, T0, 2 * SECOND, 0.0)
    assert await scene.look() == [("rate_limit", "RateLimited")]
    assert await scene.look() == []
    scene.now += 3 * SECOND
    assert await scene.look() == [("rate_limit", "")]
    scene.limits.banned(scene.now, 5 * SECOND)
    assert await scene.look() == [("rate_limit", "RateLimited")]
    assert "banned" in scene.said[-1].message
    scene.now += 5 * SECOND
    assert await scene.look() == [("rate_limit", "")]


async def test_a_wall_clock_that_is_off_is_an_alert_and_then_a_problem(scene: Scene) -> None:
    with capture_logs() as logs:
        for step, problems in ((49, []), (51, []), (60, []), (151, [("clock", "ClockSkewed")]), (0, [("clock", "")])):
            scene.wall_step_ms = step
            assert await scene.look() == problems
    assert [(line["what"], line["skew_ms"]) for line in logs if line["event"] == "close to a limit"] == [("clock", 51)]


async def test_a_limit_of_which_most_is_used_is_an_alert(scene: Scene) -> None:
    for _ in range(8):
        scene.limits.take(ASK, scene.now)
    with capture_logs() as logs:
        await scene.look()
        await scene.look()
    assert [line["limits"] for line in logs] == [["orders"]]


async def test_the_clock_is_measured_again_and_the_engine_told(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tending, "MEASURE_SECONDS", 0.01)
    monkeypatch.setattr(tending, "AGAIN_SECONDS", 0.01)
    scene.away = True
    task = asyncio.ensure_future(scene.tender.measure())
    await asyncio.sleep(0.05)
    measured = [one for one in scene.said if isinstance(one, ClockMeasured)]
    assert [one.offset for one in measured] == [0], "only what was measured is told"
    scene.away, scene.venue_ahead_ms = False, 40
    await asyncio.sleep(0.05)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert scene.said[-1].offset == 40 * MILLISECOND


async def test_a_venue_that_does_not_tell_its_time_for_minutes_shuts_the_gate(scene: Scene) -> None:
    scene.now += FORGET_AFTER + 1
    assert await scene.look() == [("clock", "ClockSkewed")]

"""The venue's clock is measured, its difference to ours is said, and no step of the wall clock bends anything."""

import asyncio
from collections.abc import Iterator
from itertools import chain, repeat
from typing import Any
from unittest.mock import patch

import pytest

from deskbot.core.commands import Cancel, Place
from deskbot.core.errors import Blocked
from deskbot.core.events import ACCEPTED, Problem
from deskbot.core.events import VenueClock as ClockMeasured
from deskbot.core.instrument import BUY
from deskbot.venues.venue_clock import FORGET_AFTER, MILLISECOND, VenueClock
from tests.venues.conftest import SWAP, MakeVenue
from tests.venues.test_streams import opened, streaming

T0_MS = 1_790_000_000_000


class Machine:
    """A machine's two clocks, and a venue that is `ahead` and takes `trip` to answer."""

    def __init__(self, ahead: int = 0, trips: tuple[int, ...] = (10,)) -> None:
        self.engine = T0_MS
        self.step = 0  # of the wall clock
        self.ahead = ahead
        self.trips: Iterator[int] = chain(trips, repeat(trips[-1]))
        self.clock = VenueClock(lambda: self.engine * MILLISECOND, lambda: self.engine + self.step)

    async def fetch_time(self) -> int:
        trip = next(self.trips)
        self.engine += trip // 2
        told = self.engine + self.ahead
        self.engine += trip - trip // 2
        return told

    async def measured(self) -> VenueClock:
        await self.clock.measure(self.fetch_time)
        return self.clock


async def test_the_offset_is_taken_in_the_middle_of_the_quickest_question() -> None:
    machine = Machine(ahead=40, trips=(900, 20, 300))
    clock = await machine.measured()
    assert (clock.offset, clock.error) == (40 * MILLISECOND, 10 * MILLISECOND)
    assert clock.milliseconds() == machine.engine + 40
    assert clock.skew_ms() == -40


@pytest.mark.parametrize(("step", "side"), [(30_000, "30000 ms ahead of"), (-30_000, "30000 ms behind")])
async def test_a_step_of_the_wall_clock_is_seen_at_once_and_bends_no_signature(step: int, side: str) -> None:
    machine = Machine()
    clock = await machine.measured()
    before = clock.milliseconds()
    machine.step = step
    assert clock.milliseconds() == before
    assert clock.trouble(150) == f"this machine's clock is {side} the venue's, at most 150 ms is allowed: set the clock"
    with pytest.raises(Blocked, match="set the clock") as refusal:
        clock.check(150)
    assert refusal.value.reason == "ClockSkewed"
    machine.step = 0
    assert clock.trouble(150) == ""


async def test_the_bound_is_held_against_what_is_sure() -> None:
    machine = Machine(ahead=160, trips=(40,))
    clock = await machine.measured()
    assert clock.trouble(150) == "", "it may be 140 ms as well"
    machine.ahead = 171
    assert (await machine.measured()).trouble(150) != ""
    assert clock.surely_beyond(50)


async def test_an_offset_that_nobody_has_confirmed_for_minutes_is_none() -> None:
    machine = Machine()
    clock = await machine.measured()
    machine.engine += FORGET_AFTER // MILLISECOND
    assert clock.trouble(150) == ""
    machine.engine += 1
    assert clock.trouble(150) == "the venue has not told its time for more than 5 minutes"


@pytest.mark.component
@pytest.mark.parametrize("step", [-30.0, 30.0])
async def test_when_the_wall_clock_steps_the_gate_is_shut_and_orders_can_still_be_cancelled(
    make_venue: MakeVenue, step: float
) -> None:
    from ccxt.base import exchange as base  # noqa: PLC0415  # costs half a second

    venue, instrument = await opened(make_venue, *SWAP)
    async with streaming(venue) as heard:
        await heard.until(lambda: heard.of(ClockMeasured))
        await venue.place(Place("d1", SWAP[1], BUY, instrument.ticks("58000"), 10, True, False))
        start = len(heard.events)
        with patch.object(base, "time", _Stepped(base.time, step)):
            await heard.until(lambda: heard.of(Problem, start))
            assert heard.of(Problem, start)[0].reason == "ClockSkewed"
            answer = await venue.cancel(Cancel("d1", "", SWAP[1]))
            assert (answer.outcome, answer.reason) == (ACCEPTED, "")
            await asyncio.sleep(0.5)
        await heard.until(lambda: heard.of(Problem, start)[-1].reason == "")
        assert heard.health("private", start) == heard.health("market", start) == []


class _Stepped:
    """The module `time` with a wall clock that has stepped."""

    def __init__(self, real: Any, step: float) -> None:
        self._real = real
        self._step = step

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)

    def time(self) -> float:
        return float(self._real.time()) + self._step

    def time_ns(self) -> int:
        return int(self._real.time_ns()) + int(self._step * 1_000_000_000)

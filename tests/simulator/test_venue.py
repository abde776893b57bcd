"""The exchange on a clock that tests turn by hand."""

import asyncio
from collections.abc import Callable

from deskbot.matching import Exchange, MarketEvent, Report
from deskbot.simulator.clock import Timer
from deskbot.simulator.replay import paced
from deskbot.simulator.venue import BATCH, Venue
from tests.simulator.markets import LINEAR, STEP_NS, BreathingMarket

SECOND_NS = 1_000_000_000


class HandClock:
    """Time moves when it is told to, or when somebody sleeps."""

    def __init__(self) -> None:
        self.time_ns = 1_700_000_000 * SECOND_NS

    def now_ns(self) -> int:
        return self.time_ns

    async def sleep(self, seconds: float) -> None:
        self.time_ns += int(seconds * SECOND_NS)
        await asyncio.sleep(0)

    async def wait(self, _event: asyncio.Event, seconds: float) -> None:
        await self.sleep(seconds)

    def call_later(self, seconds: float, callback: Callable[[], None]) -> Timer:
        raise NotImplementedError


class Watched(Exchange):
    """Notes the time of every market event it is given."""

    def market_event(self, event: MarketEvent) -> None:
        fed.append(event.time_ns)
        super().market_event(event)


fed: list[int] = []


def _venue(clock: HandClock, speed: float = 1.0) -> Venue:
    fed.clear()
    exchange = Watched(BreathingMarket.listings, seed=1, start_ns=clock.now_ns())
    return Venue(exchange, paced(BreathingMarket().events(), clock.now_ns(), speed), clock)


def test_a_step_feeds_what_is_due_by_now_and_nothing_later() -> None:
    clock = HandClock()
    venue = _venue(clock)
    venue.step()
    opening = len(fed)
    clock.time_ns += 3 * STEP_NS
    venue.step()
    assert opening == 4
    assert len(fed) == opening + 6
    assert max(fed) <= clock.time_ns == venue.exchange.now_ns


def test_time_never_runs_back_however_late_a_step_comes() -> None:
    clock = HandClock()
    venue = _venue(clock)
    told: list[Report] = []
    venue.on_reports(told.extend)
    times = []
    for pause_ns in (0, 7 * STEP_NS, 1, 400 * STEP_NS, 0, 0, 3):
        clock.time_ns += pause_ns
        times.append(venue.step())
    assert times == sorted(times)
    assert fed == sorted(fed)


def test_a_venue_far_behind_catches_up_in_batches_and_its_time_waits_with_it() -> None:
    clock = HandClock()
    venue = _venue(clock)
    venue.step()
    clock.time_ns += 2 * BATCH * STEP_NS
    reached = venue.step()
    assert reached < clock.time_ns
    while venue.step() < clock.time_ns:
        pass
    assert len(fed) > 4 * BATCH


def test_only_markets_that_moved_are_told() -> None:
    clock = HandClock()
    venue = _venue(clock)
    moved: list[set[str]] = []
    venue.on_market(moved.append)
    venue.step()
    clock.time_ns += 1
    venue.step()
    assert moved == [{listing.key for listing in BreathingMarket.listings}]
    assert LINEAR.key in moved[0]


async def test_the_task_sleeps_until_the_next_event_and_speed_divides_the_gaps() -> None:
    counts = []
    for speed in (1.0, 10.0):
        clock = HandClock()
        venue = _venue(clock, speed)
        task = asyncio.create_task(venue.run())
        end_ns = clock.time_ns + SECOND_NS
        while clock.time_ns < end_ns:  # noqa: ASYNC110 - every turn of the loop moves the clock
            await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        counts.append(len(fed))
    steps_in_a_second = SECOND_NS // STEP_NS
    assert abs(counts[0] - 2 * steps_in_a_second) < 40
    assert abs(counts[1] - 20 * steps_in_a_second) < 400

"""The work queue: lanes, deduplication, one worker per key, backoff. In virtual time."""

import asyncio
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deskoperator.controller.queue import ALL_LANES, LONGEST_BACKOFF_SECONDS, Lane, WorkQueue
from tests.operator.virtual_time import run


def queue(jitter: Callable[[], float] = lambda: 1.0) -> WorkQueue[str]:
    return WorkQueue(jitter)


async def taken(found: WorkQueue[str], count: int) -> list[str]:
    return [(await found.get())[0] for _ in range(count)]


def time() -> float:
    return asyncio.get_running_loop().time()


def test_the_most_urgent_lane_is_served_first_and_within_it_who_waited_longest() -> None:
    async def work() -> list[str]:
        found = queue()
        for key, lane in [("a", Lane.RESYNC), ("b", Lane.CHANGE), ("c", Lane.CHANGE), ("d", Lane.HALT)]:
            found.add(key, lane)
        return await taken(found, 4)

    assert run(work()) == ["d", "b", "c", "a"]


def test_a_key_waits_once_however_often_it_is_added() -> None:
    async def work() -> list[int]:
        found = queue()
        for _ in range(5):
            found.add("a", Lane.CHANGE)
        return [found.depth(lane) for lane in Lane]

    assert run(work()) == [0, 1, 0]


def test_a_waiting_key_moves_to_a_more_urgent_lane_and_never_back() -> None:
    async def work() -> list[int]:
        found = queue()
        for lane in (Lane.RESYNC, Lane.HALT, Lane.CHANGE):
            found.add("a", lane)
        return [found.depth(lane) for lane in Lane]

    assert run(work()) == [1, 0, 0]


def test_a_key_added_while_it_is_worked_on_is_worked_on_once_more_afterwards() -> None:
    async def work() -> tuple[list[int], list[int], str]:
        found = queue()
        found.add("a", Lane.CHANGE)
        key, _ = await found.get()
        for lane in (Lane.RESYNC, Lane.CHANGE, Lane.CHANGE):
            found.add("a", lane)
        during = [found.depth(lane) for lane in Lane]
        found.done(key)
        after = [found.depth(lane) for lane in Lane]
        return during, after, (await found.get())[0]

    assert run(work()) == ([0, 0, 0], [0, 1, 0], "a")


def test_a_worker_of_one_lane_leaves_the_others_alone() -> None:
    async def work() -> tuple[str, Lane]:
        found = queue()
        found.add("a", Lane.CHANGE)
        halts = asyncio.create_task(found.get((Lane.HALT,)))
        await asyncio.sleep(1)
        assert not halts.done()
        found.add("b", Lane.HALT)
        return await halts

    assert run(work()) == ("b", Lane.HALT)


def test_an_idle_worker_wakes_when_a_key_comes() -> None:
    async def work() -> tuple[str, float]:
        found = queue()
        asyncio.get_running_loop().call_later(3, found.add, "a", Lane.CHANGE)
        key, _ = await found.get()
        return key, time()

    key, woken = run(work())
    assert key == "a"
    assert woken == pytest.approx(3)


def test_a_failing_key_comes_back_later_and_later_up_to_a_limit() -> None:
    async def work(lane: Lane) -> list[float]:
        found, waits = queue(), []
        found.add("a", lane)
        for _ in range(20):
            before = time()
            key, _ = await found.get()
            waits.append(time() - before)
            found.done(key, failed=True)
        return waits

    for lane in ALL_LANES:
        waits = run(work(lane))
        assert waits[:4] == pytest.approx([0, 0.005, 0.01, 0.02])
        assert waits == pytest.approx(sorted(waits))
        assert max(waits) == pytest.approx(LONGEST_BACKOFF_SECONDS[lane])


def test_success_forgets_the_failures() -> None:
    async def work() -> float:
        found = queue()
        for failed in (True, True, True, False, True):
            found.add("a", Lane.CHANGE)
            found.done((await found.get())[0], failed=failed)
        before = time()
        await found.get()
        return time() - before

    assert run(work()) == pytest.approx(0.005)


def test_jitter_shortens_the_backoff() -> None:
    async def work() -> float:
        found = queue(lambda: 0.5)
        found.add("a", Lane.CHANGE)
        found.done((await found.get())[0], failed=True)
        await found.get()
        return time()

    assert run(work()) == pytest.approx(0.0025)


def test_news_cut_a_backoff_short_and_a_resync_does_not() -> None:
    async def work(lane: Lane) -> float:
        found = queue()
        for _ in range(12):
            found.add("a", Lane.CHANGE)
            found.done((await found.get())[0], failed=True)
        before = time()
        found.add("a", lane)
        await found.get()
        return time() - before

    assert run(work(Lane.CHANGE)) == run(work(Lane.HALT)) == 0
    assert run(work(Lane.RESYNC)) > 5


def test_of_two_later_times_the_earlier_holds() -> None:
    async def work() -> tuple[float, int]:
        found = queue()
        for seconds in (30.0, 10.0, 20.0):
            found.add_after("a", Lane.CHANGE, seconds)
        await found.get()
        when = time()
        found.done("a")
        await asyncio.sleep(60)
        return when, found.depth(Lane.CHANGE)

    when, left = run(work())
    assert when == pytest.approx(10)
    assert left == 0


KEYS = st.sampled_from("abc")
STEPS = st.lists(
    st.tuples(KEYS, st.sampled_from(list(Lane)), st.sampled_from([0.0, 0.001, 0.1, 5.0])), min_size=1, max_size=40
)


@settings(max_examples=60, deadline=None)
@given(STEPS, st.lists(st.tuples(st.sampled_from([0.0, 0.01, 1.0]), st.booleans()), min_size=40, max_size=40))
def test_no_key_has_two_workers_and_no_news_are_lost(
    steps: list[tuple[str, Lane, float]], efforts: list[tuple[float, bool]]
) -> None:
    """Each add is followed by a look at its key that begins after it, by one worker at a time."""
    added: dict[str, float] = {}
    begun: dict[str, float] = {}

    async def worker(found: WorkQueue[str], working: set[str], left: list[tuple[float, bool]]) -> None:
        while True:
            key, _ = await found.get()
            assert key not in working
            working.add(key)
            begun[key] = time()
            duration, failed = left.pop() if left else (0.0, False)
            await asyncio.sleep(duration)
            working.remove(key)
            found.done(key, failed=failed)

    async def work() -> None:
        found, working, left = queue(), set[str](), list(efforts)
        workers = [asyncio.create_task(worker(found, working, left)) for _ in range(3)]
        for key, lane, pause in steps:
            found.add(key, lane)
            added[key] = time()
            await asyncio.sleep(pause)
        await asyncio.sleep(1000)
        assert not any(each.done() for each in workers)
        assert [found.depth(lane) for lane in Lane] == [0, 0, 0]
        for each in workers:
            each.cancel()
        await asyncio.gather(*workers, return_exceptions=True)

    run(work())
    assert all(begun[key] >= moment for key, moment in added.items())

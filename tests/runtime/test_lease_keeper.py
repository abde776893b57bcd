"""The requests that hold a Lease, over sockets, against what the API server does with one. Ten seconds take one."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from deskapi.lease import is_proven, is_released
from deskbot.fencing.durations import SECOND
from deskbot.runtime.clock import Clock
from deskbot.runtime.control_object import ControlObject
from deskbot.runtime.lease_api import LeaseApi
from deskbot.runtime.lease_keeper import LeaseKeeper
from deskbot.runtime.lease_metrics import LeaseMetrics
from tests.runtime.api_server import FakeApiServer, serving
from tests.runtime.lease_server import FakeLease
from tests.runtime.test_control_object import bot

pytestmark = pytest.mark.component
FASTER = 10
DURATION = 25 * SECOND
AGE_SECONDS = 10


class FastClock(Clock):
    """Ten seconds on it are one of the machine's."""

    def __init__(self) -> None:
        super().__init__(monotonic=lambda: FASTER * time.monotonic_ns(), jitter=lambda: 0.0)

    async def sleep(self, seconds: float) -> None:
        await super().sleep(seconds / FASTER)


class Cluster(FakeApiServer):
    """One bot whose control may be ten seconds old, and its Lease; `hang` keeps every answer back."""

    def __init__(self, *, released: bool = True) -> None:
        super().__init__(bot(envelope=self.envelope()))
        self.lease = FakeLease(released=released)
        self.hang = asyncio.Event()
        self.hang.set()

    @staticmethod
    def envelope() -> dict[str, str]:
        return {"maxOrderNotional": "500", "maxPositionNotional": "5000", "maxControlAge": f"{AGE_SECONDS}s"}

    def routes(self) -> list[web.RouteDef]:
        return [self._held_back(route) for route in (*super().routes(), *self.lease.routes())]

    def _held_back(self, route: web.RouteDef) -> web.RouteDef:
        async def answer(request: web.Request) -> web.StreamResponse:
            await self.hang.wait()
            response: web.StreamResponse = await route.handler(request)
            await self.hang.wait()
            return response

        return web.route(route.method, route.path, answer)


class Pod:
    """One pod's keeper, its clock, and how often its listener was told."""

    def __init__(self, keeper: LeaseKeeper, control: ControlObject, clock: Clock) -> None:
        self.keeper = keeper
        self.control = control
        self.clock = clock
        self.told: list[str] = []
        keeper.listen(lambda: self.told.append(self.reason()))

    def reason(self) -> str:
        error = self.keeper.why_not()
        return "" if error is None else error.reason

    async def comes_to(self, reason: str, seconds: float) -> float:
        """Wait for an answer; how many seconds of the pod's clock that took."""
        began = self.clock.now()
        async with asyncio.timeout(seconds / FASTER + 2):
            while self.reason() != reason:  # noqa: ASYNC110 what is waited for is whatever the test says
                await asyncio.sleep(0.005)
        return (self.clock.now() - began) / SECOND


@asynccontextmanager
async def pod(cluster: Cluster, folder: Path, uid: str = "pod-a", ordinal: int = 0) -> AsyncIterator[Pod]:
    async with serving(cluster, folder) as api:
        clock = FastClock()
        control = ControlObject(api, clock)
        made = Pod(LeaseKeeper(LeaseApi(api, clock), control, clock, uid, ordinal, DURATION), control, clock)
        seen: list[Any] = []
        tasks = [asyncio.ensure_future(control.run(seen.append)), asyncio.ensure_future(made.keeper.run())]
        try:
            yield made
        finally:
            cluster.hang.set()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


async def until(condition: Callable[[], bool], seconds: float = 5) -> None:
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 what is waited for is whatever the test says
            await asyncio.sleep(0.005)


async def test_s1_the_first_pod_takes_a_released_lease_at_once_and_renews_it(tmp_path: Path) -> None:
    cluster = Cluster()
    async with pod(cluster, tmp_path) as one:
        assert await one.comes_to("", 3) < 3
        await until(lambda: len(cluster.lease.writes) >= 4)
        assert cluster.lease.holder == "pod-a"
        assert cluster.lease.object is not None
        assert not is_released(cluster.lease.object)
        assert [("acquireTime" in write["spec"]) for write in cluster.lease.writes[:2]] == [True, False]
        assert one.told == [""]


@pytest.mark.control("S1.6")
async def test_s1_the_second_waits_and_takes_it_one_duration_after_the_last_renewal(tmp_path: Path) -> None:
    cluster = Cluster()
    async with pod(cluster, tmp_path, "pod-b") as other:
        async with pod(cluster, tmp_path) as one:
            cluster.lease.put({"metadata": {"annotations": {}}, "spec": {"holderIdentity": "pod-a"}})
            await one.comes_to("", 3)
            assert await other.comes_to("LeaseWaiting", 3) < 3
            await asyncio.sleep(2 * DURATION / SECOND / FASTER)
            assert other.reason() == "LeaseWaiting"
        waited = await other.comes_to("", 40)
        assert DURATION / SECOND - AGE_SECONDS <= waited <= DURATION / SECOND + 3
        assert cluster.lease.holder == "pod-b"


@pytest.mark.control("S1.8")
@pytest.mark.parametrize("proven", [True, False])
async def test_s1_a_stop_that_the_venue_proved_releases_and_no_other_does(tmp_path: Path, proven: bool) -> None:
    cluster = Cluster()
    async with pod(cluster, tmp_path, "pod-a") as one:
        await one.comes_to("", 3)
        assert one.keeper.refusal() == ""  # an order leaves
        await one.keeper.release(proven=proven)
        assert one.reason() == "LeaseWaiting"
        assert cluster.lease.object is not None
        assert is_released(cluster.lease.object) == proven
        assert is_proven(cluster.lease.object) == proven
    async with pod(cluster, tmp_path, "pod-b") as other:
        waited = await other.comes_to("", 40)
        assert not is_proven(cluster.lease.object)
    assert (waited < 3) == proven


async def test_s1_a_pod_that_never_sent_an_order_releases_however_it_ends(tmp_path: Path) -> None:
    cluster = Cluster()
    async with pod(cluster, tmp_path) as one:
        await one.comes_to("", 3)
        await one.keeper.release(proven=False)
    assert cluster.lease.object is not None
    assert is_released(cluster.lease.object)
    assert not is_proven(cluster.lease.object)  # what an earlier pod has left, nobody has looked at


async def test_s1_what_the_operator_noted_on_the_lease_since_it_was_seen_keeps_no_stop_from_releasing_it(
    tmp_path: Path,
) -> None:
    cluster = Cluster()
    async with pod(cluster, tmp_path) as one:
        await one.comes_to("", 3)
        assert cluster.lease.object is not None
        cluster.lease.put({**cluster.lease.object, "metadata": {"annotations": {"tradingdesk.io/venue-scope": "{}"}}})
        await one.keeper.release(proven=True)
        assert is_proven(cluster.lease.object)
        assert cluster.lease.object["metadata"]["annotations"]["tradingdesk.io/venue-scope"] == "{}"


async def test_s1_a_lease_that_another_has_taken_since_it_was_seen_is_left_to_that_one(tmp_path: Path) -> None:
    cluster = Cluster()
    async with pod(cluster, tmp_path) as one:
        await one.comes_to("", 3)
        cluster.lease.put({"metadata": {"annotations": {}}, "spec": {"holderIdentity": "pod-b"}})
        await one.keeper.release(proven=True)
    assert cluster.lease.object is not None
    assert (cluster.lease.holder, is_released(cluster.lease.object)) == ("pod-b", False)


async def test_s1_the_second_process_of_a_pod_cannot_say_that_the_first_sent_nothing(tmp_path: Path) -> None:
    cluster = Cluster()
    cluster.lease.put({"metadata": {"annotations": {}}, "spec": {"holderIdentity": "pod-a"}})
    async with pod(cluster, tmp_path) as one:
        assert await one.comes_to("", 3) < 3
        await one.keeper.release(proven=False)
    assert cluster.lease.holder == "pod-a"


@pytest.mark.control("S1.7")
async def test_s1_a_lease_deleted_or_emptied_by_hand_stops_the_trader_and_counts_as_held(tmp_path: Path) -> None:
    cluster = Cluster()
    async with pod(cluster, tmp_path) as one:
        await one.comes_to("", 3)
        cluster.lease.put(None)
        assert await one.comes_to("LeaseWaiting", AGE_SECONDS) < AGE_SECONDS
        cluster.lease.put({"metadata": {"annotations": {}}})
        assert await one.comes_to("", 40) >= DURATION / SECOND - 1
        cluster.lease.put({"metadata": {"annotations": {}}, "spec": {}})
        assert await one.comes_to("LeaseWaiting", AGE_SECONDS) < AGE_SECONDS


@pytest.mark.control("R6-14")
async def test_s2_an_api_server_that_answers_no_more_pauses_within_the_age_of_control(tmp_path: Path) -> None:
    cluster = Cluster()
    async with pod(cluster, tmp_path) as one:
        await one.comes_to("", 3)
        cluster.hang.clear()
        assert await one.comes_to("ControlLost", 20) <= AGE_SECONDS + 1
        assert cluster.lease.holder == "pod-a"
        cluster.hang.set()
        await one.comes_to("", 40)
        assert (one.told[0], *dict.fromkeys(one.told[1:-1]), one.told[-1]) == ("", "ControlLost", "")


@pytest.mark.control("S2.1")
async def test_s2_a_lease_that_is_renewed_is_not_enough_without_the_own_object(tmp_path: Path) -> None:
    cluster = Cluster()
    async with pod(cluster, tmp_path) as one:
        await one.comes_to("", 3)
        cluster.refusals = [500] * 10_000
        assert await one.comes_to("ControlLost", 20) <= AGE_SECONDS + 1
        renewed = len(cluster.lease.writes)
        await until(lambda: len(cluster.lease.writes) > renewed)
        assert one.reason() == "ControlLost"
        cluster.refusals = []
        await one.comes_to("", 20)


@pytest.mark.control("S2.3")
async def test_s2_a_halt_is_heard_though_the_watch_has_died_without_a_word(tmp_path: Path) -> None:
    cluster = Cluster()
    async with pod(cluster, tmp_path) as one:
        await one.comes_to("", 3)
        cluster.version += 1
        cluster.object = bot(2, halted=True, envelope=Cluster.envelope())  # no watch tells it
        await until(lambda: one.control._seen is not None and one.control._seen.halted, AGE_SECONDS / FASTER)


@pytest.mark.control("S1.4")
async def test_s1_only_ordinal_0_asks_for_the_lease(tmp_path: Path) -> None:
    cluster = Cluster()
    async with pod(cluster, tmp_path, ordinal=1) as one:
        await asyncio.sleep(0.3)
        assert one.reason() == "LeaseWaiting"
        assert cluster.lease.writes == []


async def test_s2_the_metrics_say_how_old_control_is(tmp_path: Path) -> None:
    cluster = Cluster()
    async with pod(cluster, tmp_path) as one:
        families = {each.name: each for each in LeaseMetrics(one.keeper.holder, one.clock.now).collect()}
        assert [sample.value for sample in families["desk_may_add_risk"].samples] == [0.0]
        await one.comes_to("", 3)
        families = {each.name: each for each in LeaseMetrics(one.keeper.holder, one.clock.now).collect()}
        assert [sample.value for sample in families["desk_may_add_risk"].samples] == [1.0]
        ages = {sample.labels["of"]: sample.value for sample in families["desk_control_age_seconds"].samples}
        assert all(0 <= ages[name] < AGE_SECONDS for name in ("lease", "object"))

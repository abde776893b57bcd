"""The bot's three requests against a real API server, with the rights its pod has and no others."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest

from deskapi import EngineState, EngineStatus
from deskbot.core.errors import Transient
from deskbot.runtime.clock import Clock
from deskbot.runtime.control_object import ControlObject
from deskbot.runtime.kube_api import KubeApi
from deskbot.runtime.observation import Observation
from deskbot.runtime.status import as_plain
from tests.cluster.control_plane import ControlPlane
from tests.runtime.rights import Pod, rights_of_a_pod

pytestmark = pytest.mark.apiserver
NAMESPACE = "runtime"


@pytest.fixture(scope="module")
def rights(control_plane: ControlPlane, tmp_path_factory: pytest.TempPathFactory) -> Pod:
    return rights_of_a_pod(control_plane, tmp_path_factory.mktemp("pod"), NAMESPACE)


@pytest.fixture
def pod(rights: Pod) -> Pod:
    rights("delete", "tradingbots", "--all", "--wait=true")
    rights("apply", "-f", "-", given=rights.bot())
    rights("apply", "-f", "-", given=rights.bot("bot2"))
    return rights


@asynccontextmanager
async def api(pod: Pod, name: str = "bot1") -> AsyncIterator[KubeApi]:
    made = KubeApi(pod.server, NAMESPACE, name)
    try:
        yield made
    finally:
        await made.close()


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not condition():  # noqa: ASYNC110 what is waited for is whatever the test says
            await asyncio.sleep(0.02)


async def test_a_patch_is_seen_and_so_are_deletion_and_a_namesake(pod: Pod) -> None:
    async with api(pod) as client:
        seen: list[Observation] = []
        watching = asyncio.ensure_future(ControlObject(client, Clock()).run(seen.append))
        await until(lambda: bool(seen))
        patch = ("patch", "tradingbot", "bot1", "--type=merge", "-p", '{"spec":{"halted":true}}')
        await asyncio.to_thread(pod, *patch)
        await until(lambda: seen[-1].halted)
        assert seen[-1].generation == pod.stored["metadata"]["generation"] == 2
        await asyncio.to_thread(pod, "delete", "tradingbot", "bot1")
        await until(lambda: seen[-1].deleted)
        await asyncio.to_thread(lambda: pod("apply", "-f", "-", given=pod.bot()))
        await asyncio.sleep(0.5)
        assert seen[-1].deleted
        watching.cancel()


async def test_a_report_lands_in_the_status_and_another_writers_part_stays(pod: Pod) -> None:
    halt = '{"status":{"killSwitch":{"id":"h-1","state":"Latched"}}}'
    pod("patch", "tradingbot", "bot1", "--subresource=status", "--type=merge", "-p", halt)
    async with api(pod) as client:
        engine = EngineStatus(state=EngineState.RUNNING, orders=3, equity=None)
        await client.apply_engine_status(as_plain(engine))
        first = pod.stored
        await client.apply_engine_status(as_plain(engine))
    assert first["status"]["engine"] == {"state": "Running", "orders": 3, "positions": [], "closedMarkets": []}
    assert first["status"]["killSwitch"] == {"id": "h-1", "state": "Latched"}
    assert pod.stored["metadata"]["resourceVersion"] == first["metadata"]["resourceVersion"]


async def test_another_bot_can_be_neither_read_nor_reported_on(pod: Pod) -> None:
    async with api(pod, "bot2") as client:
        with pytest.raises(Transient, match="403"):
            await client.apply_engine_status(as_plain(EngineStatus(state=EngineState.RUNNING)))
        with pytest.raises(Transient, match="403"):
            await client.get()

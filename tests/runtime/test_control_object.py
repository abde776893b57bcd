"""The object on an API server: what is seen of it, and what is written to it."""

import asyncio
import copy
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from deskapi import EngineState, EngineStatus
from deskbot.core.errors import Transient
from deskbot.runtime.clock import Clock
from deskbot.runtime.control_object import ControlObject
from deskbot.runtime.kube_api import ApiServer, KubeApi
from deskbot.runtime.observation import Observation
from deskbot.runtime.status_reporter import StatusReporter
from tests.runtime import virtual_time
from tests.runtime.api_server import FakeApiServer, serving
from tests.runtime.virtual_time import run
from tests.runtime.world import manifest


def bot(generation: int = 1, uid: str = "uid-1", status: dict[str, Any] | None = None, **spec: Any) -> dict[str, Any]:
    """The object as an API server tells it."""
    obj = copy.deepcopy(manifest(**spec))
    obj["metadata"] |= {"namespace": "desk", "uid": uid, "generation": generation, "managedFields": [{"manager": "x"}]}
    return obj | ({"status": status} if status is not None else {})


@asynccontextmanager
async def watching(server: FakeApiServer, folder: Path) -> AsyncIterator[list[Observation]]:
    async with serving(server, folder) as api:
        seen: list[Observation] = []
        task = asyncio.ensure_future(ControlObject(api, Clock(jitter=lambda: 0.0)).run(seen.append))
        try:
            await until(lambda: bool(seen))
            yield seen
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not condition():  # noqa: ASYNC110 what is waited for is whatever the test says
            await asyncio.sleep(0.01)


@pytest.mark.component
async def test_a_change_is_seen_at_once_with_its_generation(tmp_path: Path) -> None:
    server = FakeApiServer(bot())
    async with watching(server, tmp_path) as seen:
        await server.change("MODIFIED", bot(2, halted=True))
        await until(lambda: seen[-1].generation == 2)
        assert seen[-1].halted
        assert seen[0].uid == "uid-1"


@pytest.mark.component
async def test_the_latch_of_the_status_is_seen_whatever_else_the_status_holds(tmp_path: Path) -> None:
    latched = {"killSwitch": {"id": "h-1", "state": "Latched", "newer": 1}, "phase": "Unheard", "engine": {"odd": 1}}
    server = FakeApiServer(bot(status=latched))
    async with watching(server, tmp_path) as seen:
        assert (seen[-1].latch_id, seen[-1].latch_released) == ("h-1", False)
        await server.change("MODIFIED", bot(status={"killSwitch": {"id": "h-1", "state": "Released"}}))
        await until(lambda: seen[-1].latch_released)


@pytest.mark.component
async def test_our_own_report_coming_back_is_no_change(tmp_path: Path) -> None:
    server = FakeApiServer(bot())
    async with watching(server, tmp_path) as seen:
        await server.change("MODIFIED", bot(status={"engine": {"state": "Running"}}))
        await server.change("MODIFIED", bot(2))
        await until(lambda: seen[-1].generation == 2)
        assert len(seen) == 2


@pytest.mark.control("S6.1")
@pytest.mark.component
@pytest.mark.parametrize("how", ["deleted", "replaced", "gone at the next list"])
async def test_an_object_that_is_gone_or_another_one_is_deleted(tmp_path: Path, how: str) -> None:
    server = FakeApiServer(bot())
    async with watching(server, tmp_path) as seen:
        if how == "deleted":
            await server.change("DELETED")
        elif how == "replaced":
            await server.change("ADDED", bot(uid="uid-2"))
        else:
            server.object = None
            await server.drop_watchers()
        await until(lambda: seen[-1].deleted)
        assert seen[-1].uid == "uid-1"
        assert seen[-1].bot is not None


@pytest.mark.component
async def test_an_expired_watch_lists_again(tmp_path: Path) -> None:
    server = FakeApiServer(bot())
    server.expired = True
    async with watching(server, tmp_path) as seen:
        await until(lambda: server.lists == 2)
        await server.change("MODIFIED", bot(2))
        await until(lambda: seen[-1].generation == 2)


@pytest.mark.component
async def test_an_api_server_that_is_away_is_asked_again(tmp_path: Path) -> None:
    server = FakeApiServer(bot())
    server.refusals = [500, 429, 503]
    async with watching(server, tmp_path) as seen:
        assert seen[-1].bot is not None
        server.refusals = [500]
        server.object = bot(2)
        await server.drop_watchers()
        await until(lambda: seen[-1].generation == 2)


@pytest.mark.component
async def test_a_new_token_in_the_file_is_used(tmp_path: Path) -> None:
    server = FakeApiServer(bot())
    async with watching(server, tmp_path) as seen:
        server.token = "second"
        (tmp_path / "token").write_text("second")
        server.object = bot(2)
        await server.drop_watchers()
        await until(lambda: seen[-1].generation == 2)


@pytest.mark.component
async def test_a_spec_that_this_version_cannot_read_stops_nothing_and_may_halt(tmp_path: Path) -> None:
    server = FakeApiServer(bot())
    async with watching(server, tmp_path) as seen:
        await server.change("MODIFIED", bot(2, halted=True, fromTheFuture=1))
        await until(lambda: bool(seen[-1].wrong))
        assert seen[-1].halted
        assert seen[-1].bot == seen[0].bot


@pytest.mark.component
async def test_a_report_is_an_apply_of_the_engine_alone_by_the_manager_bot(tmp_path: Path) -> None:
    server = FakeApiServer(bot())
    async with serving(server, tmp_path) as api:
        await api.apply_engine_status({"state": "Running"})
    (applied,) = server.applied
    assert applied["query"] == {"fieldManager": "bot", "force": "true"}
    assert applied["body"]["status"] == {"engine": {"state": "Running"}}
    assert set(applied["body"]) == {"apiVersion", "kind", "metadata", "status"}


@pytest.mark.component
async def test_nothing_is_reported_to_another_object_under_the_name(tmp_path: Path) -> None:
    server = FakeApiServer(bot())
    async with serving(server, tmp_path) as api:
        control = ControlObject(api, Clock())
        await control.report({"state": "Starting"})
        seen: list[Observation] = []
        watching_it = asyncio.ensure_future(control.run(seen.append))
        await until(lambda: bool(seen))
        await control.report({"state": "Running"})
        await server.change("ADDED", bot(uid="uid-2"))
        await until(lambda: seen[-1].deleted)
        await control.report({"state": "Stopped"})
        watching_it.cancel()
    assert [applied["body"]["status"]["engine"]["state"] for applied in server.applied] == ["Running"]


@pytest.mark.component
async def test_a_page_that_is_no_answer_of_an_api_server_is_trouble_and_no_traceback() -> None:
    async def portal(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readline()
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 13\r\n\r\n<html></html>")
        writer.close()

    listener = await asyncio.start_server(portal, "127.0.0.1", 0)
    port = listener.sockets[0].getsockname()[1]
    api = KubeApi(ApiServer(f"http://127.0.0.1:{port}", None, None), "desk", "bot1")
    with pytest.raises(Transient):
        await api.get()
    await api.close()
    listener.close()


def reports(*states: tuple[float, EngineState, int], seconds: float, fail: int = 0) -> list[tuple[float, str, int]]:
    """When a reporter writes what, given (from second, state, orders), while the first `fail` writes do not succeed."""
    written: list[tuple[float, str, int]] = []

    async def main() -> None:
        loop, left = asyncio.get_running_loop(), [fail]

        def current() -> EngineStatus:
            _, state, orders = [each for each in states if each[0] <= loop.time()][-1]
            return EngineStatus(state=state, orders=orders)

        async def apply(engine: dict[str, Any]) -> None:
            if left[0]:
                left[0] -= 1
                raise Transient("EngineSilent", "away")
            written.append((round(loop.time(), 1), engine["state"], engine["orders"]))

        reporter = StatusReporter(current, apply, virtual_time.clock())
        task = asyncio.ensure_future(reporter.run())
        for begins, *_ in states:
            await asyncio.sleep(begins - loop.time())
            reporter.poke()
        await asyncio.sleep(seconds - loop.time())
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    run(main())
    return written


RUNNING, HALTED = EngineState.RUNNING, EngineState.HALTED


def test_counts_are_reported_every_fifteen_seconds_and_states_at_once() -> None:
    written = reports((0, RUNNING, 1), (2, RUNNING, 2), (5, HALTED, 3), (6, HALTED, 4), seconds=24)
    assert [(state, orders) for _, state, orders in written] == [("Running", 1), ("Halted", 3), ("Halted", 4)]
    assert written[1][0] == 5
    assert written[2][0] == pytest.approx(20, abs=1)


def test_a_report_that_fails_is_written_later_with_what_is_true_then() -> None:
    written = reports((0, RUNNING, 1), (0.01, HALTED, 2), seconds=14, fail=3)
    assert written[0][1:] == ("Halted", 2)

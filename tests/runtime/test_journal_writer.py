"""Group commit: who waits for what, what a disk that hangs or is full holds up, and when snapshots are written."""

import asyncio
import threading
from collections.abc import Callable, Iterator

import pytest

from deskbot.core.durable import Durable
from deskbot.core.errors import DeskError, Transient
from deskbot.core.records import Record
from deskbot.core.snapshot import Snapshot, take
from deskbot.runtime import journal_writer
from deskbot.runtime.clock import Clock
from deskbot.runtime.journal_writer import JournalWriter
from tests.runtime import virtual_time
from tests.runtime.records import intent
from tests.runtime.virtual_time import run

STATE = take(Durable())


def no_steps(_count: int, _taken: Snapshot) -> Iterator[None]:
    return iter(())


def writer_of(
    write: Callable[[list[Record]], None],
    clock: Clock,
    save: Callable[[int, Snapshot], Iterator[None]] = no_steps,
    on_trouble: Callable[[DeskError | None], None] = lambda _error: None,
    unsaved: int = 0,
) -> JournalWriter:
    return JournalWriter(write, save, clock, on_trouble, unsaved=unsaved)


async def test_a_hanging_disk_holds_up_whoever_waits_for_it_and_nobody_else() -> None:
    disk = threading.Event()
    durable: list[bool] = []

    def write(_records: list[Record]) -> None:
        disk.wait(10)

    writer = writer_of(write, Clock())
    writing = asyncio.ensure_future(writer.run())
    writer.append([intent(1)], durable.append)
    for _ in range(20):
        await asyncio.sleep(0)
    assert durable == []
    assert writer.pending
    disk.set()
    assert await writer.flush(5)
    assert durable == [True]
    writing.cancel()


def test_records_that_gather_behind_a_write_go_to_the_disk_together() -> None:
    async def main() -> list[int]:
        batches: list[int] = []
        writer = writer_of(lambda records: batches.append(len(records)), virtual_time.clock())
        writing = asyncio.ensure_future(writer.run())
        for number in range(50):
            writer.append([intent(number)])
        await writer.flush(1)
        writing.cancel()
        return batches

    assert run(main()) == [50]


def test_a_failed_write_says_no_at_once_and_loses_no_record() -> None:
    written: list[Record] = []
    troubles: list[DeskError | None] = []
    answered: list[bool] = []
    full = True

    def write(records: list[Record]) -> None:
        if full:
            raise Transient("DiskFull", "no room")
        written.extend(records)

    async def main() -> None:
        nonlocal full
        writer = writer_of(write, virtual_time.clock(), on_trouble=troubles.append)
        writing = asyncio.ensure_future(writer.run())
        writer.append([intent(1)], answered.append)
        await asyncio.sleep(0.1)
        writer.append([intent(2)], answered.append)
        assert answered == [False, False]
        assert written == []
        full = False
        assert await writer.flush(5)
        writer.append([intent(3)], answered.append)
        await writer.flush(5)
        writing.cancel()

    run(main())
    assert written == [intent(1), intent(2), intent(3)]
    assert answered == [False, False, True]
    assert [trouble is None for trouble in troubles] == [False, True]


async def test_nobody_waits_longer_than_a_moment_for_a_disk_that_hangs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(journal_writer, "HANGING_SECONDS", 0.02)
    disk = threading.Event()
    said = asyncio.Event()
    durable: list[bool] = []
    troubles: list[str] = []

    def write(_records: list[Record]) -> None:
        disk.wait(10)

    def on_trouble(error: DeskError | None) -> None:
        troubles.append(error.reason if error is not None else "")
        said.set()

    writer = writer_of(write, Clock(), on_trouble=on_trouble)
    writing = asyncio.ensure_future(writer.run())
    writer.append([intent(1)], durable.append)
    await said.wait()
    writer.append([intent(2)], durable.append)
    assert durable == [False, False]
    assert troubles == ["DiskFailing"]
    disk.set()
    assert await writer.flush(5)
    writer.append([intent(3)], durable.append)
    assert await writer.flush(5)
    assert durable == [False, False, True]
    assert troubles == ["DiskFailing", ""]
    writing.cancel()


def test_a_snapshot_begins_after_the_records_before_it_and_gives_way_to_those_that_come(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(journal_writer, "SNAPSHOT_EVERY", 3)
    done: list[str] = []
    writer: JournalWriter

    def save(count: int, _taken: Snapshot) -> Iterator[None]:
        for step in range(3):
            done.append(f"step {step} of {count}")
            if step == 0:
                writer.append([intent(5)])
            yield

    async def main() -> None:
        nonlocal writer
        writer = writer_of(lambda records: done.append(f"{len(records)} records"), virtual_time.clock(), save)
        writing = asyncio.ensure_future(writer.run())
        wants = []
        for number in (1, 2, 3):
            writer.append([intent(number)])
            wants.append(writer.wants_snapshot)
        assert wants == [False, False, True]
        writer.snapshot(STATE)
        writer.append([intent(4)])
        assert await writer.flush(1)
        writing.cancel()

    run(main())
    assert done == ["4 records", "step 0 of 3", "1 records", "step 1 of 3", "step 2 of 3"]


def test_records_that_no_snapshot_contains_count_from_the_start() -> None:
    async def main() -> None:
        writer = writer_of(lambda _records: None, virtual_time.clock(), unsaved=journal_writer.SNAPSHOT_EVERY - 1)
        wants.append(writer.wants_snapshot)
        writer.append([intent(1)])
        wants.append(writer.wants_snapshot)

    wants: list[bool] = []
    run(main())
    assert wants == [False, True]


def test_a_snapshot_that_cannot_be_written_is_given_up_and_holds_up_nothing() -> None:
    written: list[Record] = []

    def save(_count: int, _taken: Snapshot) -> Iterator[None]:
        yield
        raise Transient("DiskFull", "no room")

    async def main() -> None:
        writer = writer_of(written.extend, virtual_time.clock(), save)
        writing = asyncio.ensure_future(writer.run())
        writer.append([intent(1)])
        writer.snapshot(STATE)
        assert await writer.flush(1)
        writer.append([intent(2)])
        assert await writer.flush(1)
        writing.cancel()

    run(main())
    assert written == [intent(1), intent(2)]

"""A disk that fails (EIO): what was not synced counts as lost, no order leaves, cancels do, and it is said."""

import os
import shutil
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from deskbot.core.errors import Transient
from deskbot.core.records import Record
from deskbot.runtime.journal import Journal, open_journal
from tests.runtime.failing_disk import needs_filters, without_fsync
from tests.runtime.lives import some
from tests.runtime.test_bot import QUOTES, journal_of, move, on_disk, trading
from tests.runtime.test_journal import HEADER
from tests.runtime.virtual_time import run
from tests.runtime.world import manifest, world

pytestmark = [pytest.mark.component, needs_filters]


def failed(journal: Journal, records: list[Record]) -> Transient:
    with pytest.raises(Transient) as caught:
        without_fsync(journal.write, records)
    return caught.value


def after_a_power_failure(path: Path, folder: Path) -> list[Record]:
    """What another machine reads from what is in the files now."""
    folder.mkdir()
    for suffix in ("", "-wal"):
        shutil.copy(f"{path}{suffix}", folder / f"journal.sqlite{suffix}")
    with closing(open_journal(folder / "journal.sqlite", HEADER)) as journal:
        return list(journal.records())


def test_a_batch_that_was_not_synced_is_written_again_not_only_synced_again(tmp_path: Path) -> None:
    """After a failed fsync the kernel takes the pages for clean and may drop them: the next fsync proves nothing."""
    path = tmp_path / "journal.sqlite"
    with closing(open_journal(path, HEADER)) as journal:
        records = some(journal, 30)
        journal.write(records[:10])
        log = Path(f"{path}-wal").stat().st_size
        error = failed(journal, records[10:20])
        assert error.reason == "DiskFailing"
        assert journal.last == 10
        assert list(journal.records()) == records[:10]
        os.truncate(f"{path}-wal", log)
        journal.write(records[10:20])
        assert after_a_power_failure(path, tmp_path / "later") == records[:20]
        journal.write(records[20:])
        assert list(journal.records()) == records


def test_a_journal_that_cannot_be_synced_ever_again_keeps_what_it_had(tmp_path: Path) -> None:
    path = tmp_path / "journal.sqlite"
    with closing(open_journal(path, HEADER)) as journal:
        records = some(journal, 20)
        journal.write(records[:10])
        for _ in range(3):
            failed(journal, records[10:])
        left = after_a_power_failure(path, tmp_path / "later")
        assert left in (records[:10], records), "all of a batch or nothing"


def test_a_disk_that_fails_stops_orders_and_no_cancel_and_is_said_until_it_is_mended(tmp_path: Path) -> None:
    async def main() -> None:
        async with world(tmp_path) as one:
            await one.until(lambda: bool(one.venues) and trading(one), "quotes")
            mend = break_disk(journal_of(one))
            await one.until(lambda: move(one) == "Stalled", "the failing disk is noticed", 120)
            problem = one.summary().problem
            assert problem is not None
            assert problem[0] == "DiskFailing"
            assert "look after the volume" in problem[1]
            await one.until(lambda: not one.venue.open_orders, "quotes are pulled")
            before = len(one.venue.placed)
            one.write(manifest(halted=True))
            halted = await one.state("Halted")
            assert len(one.venue.placed) == before
            mend()
            await one.until(lambda: one.summary().problem is None, "the mended disk is noticed")
            assert halted.halt is not None
            one.write(manifest(acknowledgedHalt=halted.halt.id))
            await one.until(lambda: trading(one), "quotes again")
            assert {place.client_id for place in one.venue.placed[before:]} <= on_disk(one.journal)
            assert len(one.venue.placed) >= before + QUOTES

    run(main())


def break_disk(journal: Journal) -> Callable[[], None]:
    """Every transaction of a running bot meets a disk that fails, until what is returned is called."""
    sound = journal._connection

    class Failing:
        def __getattr__(self, name: str) -> object:
            asked = getattr(sound, name)
            if name not in {"execute", "executemany"}:
                return asked
            return lambda *args: without_fsync(asked, *args)

    journal._connection = Failing()  # type: ignore[assignment]

    def mend() -> None:
        journal._connection = sound

    return mend

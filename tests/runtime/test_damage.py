"""Damage to the journal's file: what was torn off at the end is cut, what was changed within stops the bot."""

import random
import shutil
from contextlib import closing
from pathlib import Path

import pytest

from deskbot.core.errors import Blocked
from deskbot.core.records import Record
from deskbot.core.snapshot import take
from deskbot.runtime.journal import open_journal
from tests.core.state_of import state_of
from tests.runtime.lives import fold, some
from tests.runtime.test_journal import HEADER

pytestmark = pytest.mark.component
BATCH = 7


def crashed(folder: Path, batches: int) -> tuple[Path, list[Record]]:
    """A journal as SIGKILL leaves it: the newest batches are in the write-ahead log alone."""
    path = folder / "journal.sqlite"
    with closing(open_journal(path, HEADER)) as journal:
        records = some(journal, BATCH * batches)
        for begin in range(0, len(records), BATCH):
            journal.write(records[begin : begin + BATCH])
        copy = folder / "crashed.sqlite"
        for suffix in ("", "-wal"):
            shutil.copy(f"{path}{suffix}", f"{copy}{suffix}")
    return copy, records


def stopped(folder: Path) -> tuple[Path, list[Record]]:
    """A journal as a clean stop leaves it: no log, and a snapshot after the last record."""
    path = folder / "journal.sqlite"
    with closing(open_journal(path, HEADER)) as journal:
        records = some(journal, 300)
        for begin, end in ((0, 200), (200, 300)):
            journal.write(records[begin:end])
            for _step in journal.save(end, take(fold(records[:end]))):
                pass
    return path, records


def read(path: Path) -> list[Record]:
    with closing(open_journal(path, HEADER)) as journal:
        records = list(journal.records())
        assert state_of(journal.replay().durable) == state_of(fold(records))
        journal.write(some(journal, 3))
        return records


def damaged_copy(path: Path, folder: Path, part: str, content: bytes) -> Path:
    folder.mkdir()
    copy = folder / "journal.sqlite"
    for suffix in ("", "-wal"):
        if Path(f"{path}{suffix}").exists():
            shutil.copy(f"{path}{suffix}", f"{copy}{suffix}")
    Path(f"{copy}{part}").write_bytes(content)
    return copy


def test_a_log_torn_anywhere_gives_whole_batches_from_the_beginning(tmp_path: Path) -> None:
    chance = random.Random(4)
    path, records = crashed(tmp_path, 12)
    log = Path(f"{path}-wal").read_bytes()
    kept = set()
    for number in range(40):
        cut = chance.randrange(len(log))
        found = survivors(damaged_copy(path, tmp_path / str(number), "-wal", log[:cut]), records)
        kept.add(found)
    assert len(kept) > 5, "the cuts were all alike"


def test_a_log_garbled_anywhere_gives_whole_batches_from_the_beginning(tmp_path: Path) -> None:
    chance = random.Random(5)
    path, records = crashed(tmp_path, 12)
    log = Path(f"{path}-wal").read_bytes()
    for number in range(40):
        garbled = bytearray(log)
        begin = chance.randrange(len(log))
        end = min(len(log), begin + chance.choice((1, 40, 5000)))
        garbled[begin:end] = chance.randbytes(end - begin)
        survivors(damaged_copy(path, tmp_path / str(number), "-wal", bytes(garbled)), records)


def survivors(path: Path, records: list[Record]) -> int:
    """How many records are left, which are the first ones and whole batches."""
    with closing(open_journal(path, HEADER)) as journal:
        left = list(journal.records())
        assert left == records[: len(left)]
        assert len(left) % BATCH == 0
        journal.write(records[len(left) :])
        assert list(journal.records()) == records
        return len(left)


def test_no_changed_bit_of_the_file_leads_to_another_state(tmp_path: Path) -> None:
    chance = random.Random(6)
    path, records = stopped(tmp_path)
    content = path.read_bytes()
    outcomes = {"the same": 0, "JournalCorrupt": 0, "another": 0}
    for number in range(250):
        changed = bytearray(content)
        changed[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
        outcomes[outcome(damaged_copy(path, tmp_path / str(number), "", bytes(changed)), records)] += 1
    assert outcomes["JournalCorrupt"] > 50, outcomes
    assert outcomes["the same"] > 10, outcomes


def outcome(path: Path, records: list[Record]) -> str:
    """What a bot makes of a file: the state it should, a refusal, or (another object's, newer, unknown) no start."""
    before = path.read_bytes()
    try:
        with closing(open_journal(path, HEADER)) as journal:
            if journal.last == 0:
                assert Path(f"{path}.{HEADER.object_uid}").exists() or list(path.parent.glob(f"{path.name}.*"))
                return "another"
            assert state_of(journal.replay().durable) == state_of(fold(records))
            assert list(journal.records()) == records
            return "the same"
    except Blocked as error:
        assert path.read_bytes() == before
        return "JournalCorrupt" if error.reason == "JournalCorrupt" else "another"


def test_a_changed_byte_within_a_record_is_named_by_its_number(tmp_path: Path) -> None:
    path, _records = crashed(tmp_path, 12)
    with closing(open_journal(path, HEADER)) as journal:
        journal._connection.execute("UPDATE record SET body = CAST(body || x'20' AS BLOB) WHERE sequence = 24")
        with pytest.raises(Blocked, match="record 24 is not what was written"):
            journal.replay()


def test_a_record_that_is_gone_is_missed(tmp_path: Path) -> None:
    path, _records = crashed(tmp_path, 12)
    with closing(open_journal(path, HEADER)) as journal:
        journal._connection.execute("DELETE FROM record WHERE sequence = 40")
        with pytest.raises(Blocked, match="record 40 is missing"):
            journal.replay()


def test_records_missing_at_the_end_of_a_stopped_journal_are_missed(tmp_path: Path) -> None:
    path, _records = stopped(tmp_path)
    with closing(open_journal(path, HEADER)) as journal:
        journal._connection.execute("DELETE FROM record WHERE sequence > 290")
        with pytest.raises(Blocked, match="record 300 is missing or was changed") as caught:
            journal.replay()
    assert caught.value.reason == "JournalCorrupt"

"""The journal: everything committed survives, and it is never used for another bot, venue or account."""

import os
import signal
import sqlite3
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from deskbot.core.errors import Blocked, Transient
from deskbot.core.records import Record
from deskbot.runtime.encoding import decode, digest, encode
from deskbot.runtime.journal import Header, Journal, open_journal
from tests.runtime.records import any_record, filled, intent, unique_fills

HEADER = Header("uid-1", "bybit", "Swap", "Testnet", epoch_ms=1_790_000_000_000)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.sqlite"


def reopened(journal: Journal) -> list[Record]:
    journal.close()
    return read_all(journal.path)


@given(any_record)
def test_any_record_is_read_back_as_it_was_written(record: Record) -> None:
    assert decode(encode(record)) == record


@given(st.lists(any_record), st.lists(any_record))
def test_different_streams_have_different_digests(one: list[Record], other: list[Record]) -> None:
    assert (digest(one) == digest(other)) == (one == other)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(batches=st.lists(st.lists(any_record, max_size=5), max_size=4))
def test_batches_are_read_back_in_order(batches: list[list[Record]]) -> None:
    wanted = unique_fills([record for batch in batches for record in batch])
    with tempfile.TemporaryDirectory() as folder:
        journal = open_journal(Path(folder) / "journal.sqlite", HEADER)
        left = list(wanted)
        while left:
            journal.write(left[:3])
            left = left[3:]
        assert reopened(journal) == wanted


def test_a_journal_keeps_its_epoch(path: Path) -> None:
    open_journal(path, HEADER).close()
    journal = open_journal(path, replace(HEADER, epoch_ms=HEADER.epoch_ms + 5))
    assert journal.header.epoch_ms == HEADER.epoch_ms
    journal.close()


def test_a_second_process_cannot_open_it(path: Path) -> None:
    journal = open_journal(path, HEADER)
    with pytest.raises(Transient, match="another process uses this journal") as caught:
        open_journal(path, HEADER)
    assert caught.value.reason == "JournalLocked"
    journal.close()
    open_journal(path, HEADER).close()


def test_the_journal_of_another_object_is_set_aside_and_a_new_one_begins(path: Path) -> None:
    journal = open_journal(path, HEADER)
    journal.write([intent(1)])
    journal.close()
    fresh = open_journal(path, replace(HEADER, object_uid="uid-2", epoch_ms=HEADER.epoch_ms + 1))
    assert list(fresh.records()) == []
    assert fresh.header.epoch_ms == HEADER.epoch_ms + 1
    fresh.close()
    aside = open_journal(Path(f"{path}.uid-1"), HEADER)
    assert list(aside.records()) == [intent(1)]
    aside.close()


@pytest.mark.control("S3.4")
@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"exchange": "binance"}, "belongs to exchange bybit, the spec says binance"),
        ({"market_type": "Spot"}, "belongs to market type Swap, the spec says Spot"),
        ({"mode_class": "Simulated"}, "belongs to class of modes Testnet, the spec says Simulated"),
    ],
)
def test_the_journal_of_another_venue_is_refused(path: Path, change: dict[str, str], words: str) -> None:
    open_journal(path, HEADER).close()
    with pytest.raises(Blocked, match=words) as caught:
        open_journal(path, replace(HEADER, **change))  # type: ignore[arg-type]
    assert caught.value.reason == "JournalForeign"
    open_journal(path, HEADER).close()


@pytest.mark.control("S3.4")
def test_the_first_account_is_noted_and_another_one_refused(path: Path) -> None:
    journal = open_journal(path, HEADER)
    journal.bind_account("1001")
    journal.close()
    journal = open_journal(path, HEADER)
    journal.bind_account("1001")
    with pytest.raises(Blocked, match="belongs to account 1001, the key answers for account 1002"):
        journal.bind_account("1002")
    journal.close()


def test_the_same_execution_cannot_be_written_twice(path: Path) -> None:
    journal = open_journal(path, HEADER)
    journal.write([filled("t1")])
    with pytest.raises(sqlite3.IntegrityError):
        journal.write([intent(1), filled("t1")])
    assert reopened(journal) == [filled("t1")]


@pytest.mark.parametrize("kind", ["no database", "damaged page", "unknown record", "no header"])
def test_a_corrupt_journal_is_refused_in_one_line_and_left_as_it_is(path: Path, kind: str) -> None:
    journal = open_journal(path, HEADER)
    journal.write([intent(number) for number in range(200)])
    journal.close()
    damage(path, kind)
    before = path.read_bytes()
    with pytest.raises(Blocked) as caught:
        read_all(path)
    assert caught.value.reason == "JournalCorrupt"
    assert str(path) in caught.value.message
    assert "\n" not in caught.value.message
    assert path.read_bytes() == before


def read_all(path: Path) -> list[Record]:
    journal = open_journal(path, HEADER)
    try:
        return list(journal.records())
    finally:
        journal.close()


def damage(path: Path, kind: str) -> None:
    if kind == "no database":
        path.write_bytes(b"this is no database, " * 500)
    elif kind == "damaged page":
        content = bytearray(path.read_bytes())
        content[-4096:] = os.urandom(4096)
        path.write_bytes(content)
    else:
        with sqlite3.connect(path) as connection:
            statement = {
                "unknown record": """UPDATE record SET body = CAST('["Dreamt",1]' AS BLOB) WHERE sequence = 7""",
                "no header": "DELETE FROM header",
            }[kind]
            connection.execute(statement)
        connection.close()


def test_a_torn_tail_costs_nothing_that_was_committed(path: Path) -> None:
    journal = open_journal(path, HEADER)
    journal.write([intent(1)])
    with path.with_name("journal.sqlite-wal").open("ab") as wal:
        wal.write(os.urandom(3000))
    copy = path.with_name("copy.sqlite")
    copy.write_bytes(path.read_bytes())
    copy.with_name("copy.sqlite-wal").write_bytes(path.with_name("journal.sqlite-wal").read_bytes())
    journal.close()
    survivor = open_journal(copy, HEADER)
    assert list(survivor.records()) == [intent(1)]
    survivor.close()


def test_a_full_disk_refuses_the_whole_batch_and_keeps_what_was_there(path: Path) -> None:
    journal = open_journal(path, HEADER)
    journal.write([intent(1)])
    pages = journal._connection.execute("PRAGMA page_count").fetchone()[0]
    journal._connection.execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(Transient, match="make room on its volume") as caught:
        journal.write([intent(number) for number in range(2, 500)])
    assert caught.value.reason == "DiskFull"
    journal._connection.execute("PRAGMA max_page_count = 100000")
    journal.write([intent(2)])
    assert reopened(journal) == [intent(1), intent(2)]


def test_a_volume_that_cannot_be_written_is_a_full_disk_and_no_traceback(tmp_path: Path) -> None:
    with pytest.raises(Transient) as caught:
        open_journal(tmp_path / "missing" / "journal.sqlite", HEADER)
    assert caught.value.reason == "DiskFull"


_WRITER = """
import sys
from pathlib import Path
from deskbot.runtime.journal import open_journal
from tests.runtime.records import intent
from tests.runtime.test_journal import HEADER
journal = open_journal(Path(sys.argv[1]), HEADER)
first = number = sum(1 for _ in journal.records())
while True:
    journal.write([intent(n) for n in range(number, number + 3)])
    number += 3
    print(number, flush=True)
"""


@pytest.mark.component
def test_every_committed_record_survives_sigkill_in_the_middle_of_writing(path: Path) -> None:
    known = 0
    for kill in range(8):
        writer = subprocess.Popen([sys.executable, "-c", _WRITER, str(path)], stdout=subprocess.PIPE, text=True)
        assert writer.stdout is not None
        for _ in range(3 + 7 * kill):
            known = int(writer.stdout.readline())
        writer.send_signal(signal.SIGKILL)
        rest = writer.stdout.read().split()
        known = int(rest[-1]) if rest and len(rest) > 1 else known
        writer.stdout.close()
        writer.wait()
        journal = open_journal(path, HEADER)
        records = list(journal.records())
        journal.close()
        assert records == [intent(number) for number in range(len(records))]
        assert known <= len(records)
        assert len(records) % 3 == 0

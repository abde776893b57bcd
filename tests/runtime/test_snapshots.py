"""Snapshots in the journal's file: a start reads the newest that can be proven, and never less than the whole truth."""

import json
import random
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
import structlog

from deskbot.core.errors import Blocked
from deskbot.core.records import Record
from deskbot.core.snapshot import take
from deskbot.runtime import retention, snapshots
from deskbot.runtime.journal import Journal, open_journal
from tests.core.state_of import state_of
from tests.runtime.lives import fold, some
from tests.runtime.test_journal import HEADER

Damage = Callable[[sqlite3.Connection], object]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.sqlite"


@contextmanager
def opened(path: Path) -> Iterator[Journal]:
    with closing(open_journal(path, HEADER)) as journal:
        yield journal


def save(journal: Journal, records: list[Record]) -> None:
    for _step in journal.save(journal.last, take(fold(records))):
        pass


def filled_with_snapshots(path: Path, after: tuple[int, ...], count: int) -> list[Record]:
    """A journal of so many records, with snapshots after some of them."""
    with opened(path) as journal:
        records = some(journal, count)
        for begin, end in zip((0, *after), (*after, count), strict=True):
            journal.write(records[begin:end])
            if end in after:
                save(journal, records[:end])
    return records


def damaged(path: Path, damage: Damage) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        damage(connection)


def test_a_start_folds_only_what_came_after_the_newest_snapshot(path: Path) -> None:
    records = filled_with_snapshots(path, (1000, 2000, 3000), 3100)
    with opened(path) as journal:
        found = journal.replay()
        assert (found.last, found.folded) == (3100, 100)
        assert state_of(found.durable) == state_of(fold(records))
        assert list(journal.records()) == records


def test_two_snapshots_are_kept(path: Path) -> None:
    filled_with_snapshots(path, (100, 200, 300, 400), 450)
    with closing(sqlite3.connect(path)) as connection:
        rows = connection.execute("SELECT DISTINCT sequence FROM snapshot ORDER BY sequence").fetchall()
    assert rows == [(300,), (400,)]


DAMAGES: dict[str, Damage] = {
    "a changed byte": lambda c: c.execute(
        "UPDATE snapshot SET body = CAST(replace(CAST(body AS TEXT), '1001', '1002') AS BLOB) WHERE sequence = 400"
    ),
    "a lost piece": lambda c: c.execute("DELETE FROM snapshot WHERE sequence = 400 AND piece = 0"),
    "no seal": lambda c: c.execute("DELETE FROM snapshot WHERE sequence = 400 AND piece = 1"),
    "garbage": lambda c: c.execute("UPDATE snapshot SET body = x'00ff' WHERE sequence = 400"),
    "of another record": lambda c: c.execute("UPDATE snapshot SET sequence = 401 WHERE sequence = 400"),
    "beyond the end": lambda c: c.execute("UPDATE snapshot SET sequence = 9000 WHERE sequence = 400"),
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES.keys())
def test_a_snapshot_that_cannot_be_proven_is_passed_over_for_the_one_before(path: Path, damage: Damage) -> None:
    records = filled_with_snapshots(path, (200, 400), 450)
    damaged(path, damage)
    with opened(path) as journal, structlog.testing.capture_logs() as logs:
        found = journal.replay()
        assert found.folded == 250
        assert state_of(found.durable) == state_of(fold(records))
    assert [entry["event"] for entry in logs] == ["snapshot_unusable"]


def test_without_any_snapshot_that_can_be_proven_the_whole_journal_is_folded(path: Path) -> None:
    records = filled_with_snapshots(path, (200, 400), 450)
    damaged(path, lambda c: c.execute("UPDATE snapshot SET body = x'5b5d'"))
    with opened(path) as journal:
        assert journal.replay().folded == 450
        assert state_of(journal.replay().durable) == state_of(fold(records))


def test_an_interrupted_snapshot_is_none_and_the_next_one_replaces_it(path: Path) -> None:
    records = filled_with_snapshots(path, (200,), 400)
    with opened(path) as journal:
        steps = journal.save(400, take(fold(records)))
        next(steps)
        next(steps)
        assert journal.replay().folded == 200
        save(journal, records)
        assert journal.replay().folded == 0


def test_a_file_beyond_its_budget_loses_its_oldest_records_and_never_what_a_start_needs(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "BUDGET_BYTES", 150_000)
    records = filled_with_snapshots(path, (1000, 2000, 3000), 3100)
    with opened(path) as journal:
        left = list(journal.records())
        assert 1000 < len(left) < 2100
        assert left == records[-len(left) :]
        assert state_of(journal.replay().durable) == state_of(fold(records))
        journal.write(some(journal, 10))
        assert journal.last == 3110
    damaged(path, lambda c: c.execute("DELETE FROM snapshot WHERE sequence = 3000"))
    with opened(path) as journal:
        assert journal.replay().folded == 1110
    damaged(path, lambda c: c.execute("DELETE FROM snapshot"))
    with opened(path) as journal, pytest.raises(Blocked, match="no snapshot can be proven") as caught:
        journal.replay()
    assert caught.value.reason == "JournalCorrupt"


def test_a_journal_within_its_budget_keeps_everything(path: Path) -> None:
    records = filled_with_snapshots(path, (1000, 2000, 3000), 3100)
    with opened(path) as journal:
        assert list(journal.records()) == records


SCHEMA_1 = Path(__file__).parent / "journals"


def test_a_journal_of_schema_1_is_read_exactly_and_goes_on_as_one_of_this_schema(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript((SCHEMA_1 / "schema-1.sql").read_text())
        bodies = [json.loads(body) for (body,) in connection.execute("SELECT body FROM record ORDER BY sequence")]
    wanted = json.loads((SCHEMA_1 / "schema-1.json").read_text())
    header = replace(HEADER, object_uid=wanted["objectUid"])
    with closing(open_journal(path, header)) as journal:
        assert journal.header.epoch_ms == wanted["epochMs"]
        assert journal.header.account_id == wanted["accountId"]
        records = list(journal.records())
        assert [list(one.row())[: len(body)] for one, body in zip(records, bodies, strict=True)] == bodies
        durable = journal.replay().durable
        assert {market: ledger.position for market, ledger in durable.ledgers.items()} == wanted["positions"]
        assert {market: ledger.realised for market, ledger in durable.ledgers.items()} == wanted["realised"]
        counts = [durable.intents, durable.fills, durable.sessions, len(durable.orders), len(durable.orphaned)]
        assert counts == wanted["counts"]
        assert [durable.released, durable.last_client_id] == [wanted["released"], wanted["lastClientId"]]
        journal.write(some(journal, 5)[2:])
        added = journal.last - len(records)
    with closing(open_journal(path, header)) as again:
        assert len(list(again.records())) == len(records) + added


_WRITER = """
import sys
from pathlib import Path
from deskbot.core.snapshot import take
from deskbot.runtime.journal import open_journal
from tests.runtime.lives import some
from tests.runtime.test_journal import HEADER
journal = open_journal(Path(sys.argv[1]), HEADER)
state = journal.replay().durable
print("replayed", flush=True)
while True:
    for _ in range(10):
        batch = some(journal, 20)
        journal.write(batch)
        for record in batch:
            state.apply(record)
    for step in journal.save(journal.last, take(state)):
        print(journal.last, flush=True)
"""


@pytest.mark.component
@pytest.mark.timeout(240)
def test_a_kill_in_the_middle_of_replaying_or_of_a_snapshot_costs_nothing(path: Path) -> None:
    chance = random.Random(8)
    interrupted = 0
    for kill in range(12):
        writer = subprocess.Popen([sys.executable, "-c", _WRITER, str(path)], stdout=subprocess.PIPE, text=True)
        assert writer.stdout is not None
        if kill % 4:
            for _ in range(chance.randrange(2, 40)):
                writer.stdout.readline()
        else:
            time.sleep(0.1 + 0.5 * chance.random())
        writer.send_signal(signal.SIGKILL)
        writer.stdout.close()
        writer.wait()
        with opened(path) as journal:
            records = list(journal.records())
            assert state_of(journal.replay().durable) == state_of(fold(records))
            sealed = snapshots.sealed(journal._connection)
            interrupted += snapshots.known(journal._connection) != sealed
    assert len(records) > 1000
    assert interrupted, "no kill has met a snapshot half-way"

"""`desk journal show`: records as they are, by number, while the bot writes, and never past a gap in silence."""

import json
from contextlib import closing
from pathlib import Path

import pytest

from deskbot.cli import main
from deskbot.core.snapshot import take
from deskbot.runtime import retention
from deskbot.runtime.journal import open_journal
from tests.runtime.lives import fold, some
from tests.runtime.test_journal import HEADER


@pytest.fixture
def path(tmp_path: Path) -> Path:
    journal = tmp_path / "journal.sqlite"
    with closing(open_journal(journal, HEADER)) as one:
        one.write(some(one, 2500))
    return journal


def shown(capsys: pytest.CaptureFixture[str], *arguments: object) -> list[dict[str, object]]:
    assert main(["journal", "show", *map(str, arguments), "--output", "json"]) == 0
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_every_record_is_shown_once_and_in_order(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    records = shown(capsys, path)
    assert [record["number"] for record in records] == list(range(1, 2501))
    assert records[0]["record"] == "Session"
    assert records[0]["time"] == "2026-09-21T14:13:20.000000000Z"


def test_money_is_decimal_text(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    fill = next(record for record in shown(capsys, path) if record["record"] == "Filled")
    assert {name: fill[name] for name in ("price", "amount", "fee", "lots")} == {
        "price": "60000",
        "amount": "0.002",
        "fee": "0.024",
        "lots": 2,
    }


def test_a_reader_that_remembers_the_last_number_misses_nothing_while_the_bot_writes(
    path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    seen: list[object] = []
    with closing(open_journal(path, HEADER)) as journal:
        for _ in range(4):
            journal.write(some(journal, 700))
            seen += [one["number"] for one in shown(capsys, path, "--since", len(seen), "--limit", 1500)]
    assert seen == list(range(1, 5301))


def test_a_table_for_people(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["journal", "show", str(path), "--limit", "3"]) == 0
    out = capsys.readouterr().out
    assert "Session" in out
    assert "Intent" in out


def test_records_that_were_dropped_are_not_passed_over_in_silence(
    path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "BUDGET_BYTES", 100_000)
    with closing(open_journal(path, HEADER)) as journal:
        state = fold(list(journal.records()))
        for sequence in (2400, 2500):
            for _step in journal.save(sequence, take(state)):
                pass
    oldest = shown(capsys, path)[0]["number"]
    assert isinstance(oldest, int)
    assert oldest > 100
    assert shown(capsys, path, "--since", oldest - 1)[0]["number"] == oldest
    assert main(["journal", "show", str(path), "--since", "7"]) == 2
    assert f"the oldest to ask for is --since {oldest - 1}" in capsys.readouterr().err


def test_a_changed_record_ends_the_list_with_its_number(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with closing(open_journal(path, HEADER)) as journal:
        journal._connection.execute("UPDATE record SET body = CAST(body || x'20' AS BLOB) WHERE sequence = 1200")
    assert main(["journal", "show", str(path), "--output", "json"]) == 1
    assert "record 1200 is not what was written" in capsys.readouterr().err


def test_what_is_no_journal_is_said_in_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["journal", "show", str(tmp_path / "none")]) == 2
    assert capsys.readouterr().err == f"desk journal: {tmp_path}/none: there is no such file; name a bot's journal\n"

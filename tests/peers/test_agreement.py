"""When engines agree, what is told of several rounds, and that an environment is made once, for its lock."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.peers import __main__ as peers
from tests.peers.quoting import ask_price, bid_price, stays

OURS: dict[str, Any] = {"quotes": 10, "orders": 4, "fills": 2, "pnl": -1.5, "quotesPerSecond": 100, "seconds": 0.1}


@pytest.mark.parametrize(
    ("theirs", "agreed"),
    [({}, True), ({"pnl": -1.50005}, True), ({"pnl": -1.5002}, False), ({"orders": 5}, False), ({"fills": 1}, False)],
)
def test_engines_agree_on_counts_exactly_and_on_pnl_to_four_decimals(theirs: dict[str, Any], agreed: bool) -> None:
    assert peers.agree(OURS, OURS | theirs) is agreed


def test_an_engine_that_differs_in_one_round_does_not_agree() -> None:
    rounds = iter([OURS, OURS | {"fills": 3}, OURS])
    engines: dict[str, peers.Run] = {"pure": lambda *_: OURS, "peer": lambda *_: next(rounds)}
    found = peers._measure(engines, Path("tape"), "0.5", 3)
    assert {name: one["agrees"] for name, one in found.items()} == {"pure": True, "peer": False}


def test_the_median_of_the_rounds_is_told() -> None:
    rounds = [OURS | {"seconds": seconds} for seconds in (0.3, 0.1, 0.2)]
    assert peers._median(rounds)["seconds"] == 0.2


@pytest.fixture
def made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """The commands that were run; `venv` and pip stand for themselves by name only."""
    commands: list[list[str]] = []
    monkeypatch.setenv("DESK_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(peers, "PROJECT", tmp_path)
    (tmp_path / "requirements").mkdir()
    (tmp_path / "requirements" / "peers-one.txt").write_text("one==1\n")

    def run(command: list[Any], **_: Any) -> None:
        commands.append([str(part) for part in command])
        Path(commands[0][-1]).mkdir(parents=True, exist_ok=True)

    monkeypatch.setattr(subprocess, "run", run)
    return commands


def test_an_environment_is_made_once_from_its_hashes(made: list[list[str]]) -> None:
    first = peers.ensure_environment("one")
    assert made[0] == [sys.executable, "-m", "venv", str(first)]
    assert "--require-hashes" in made[1]
    assert peers.ensure_environment("one") == first
    assert len(made) == 2


def test_an_environment_that_was_not_finished_is_made_again(made: list[list[str]]) -> None:
    first = peers.ensure_environment("one")
    (first / ".complete").unlink()
    (first / "left over").touch()
    peers.ensure_environment("one")
    assert len(made) == 4
    assert not (first / "left over").exists()


def test_a_changed_lock_gives_another_environment_and_forgets_the_first(made: list[list[str]], tmp_path: Path) -> None:
    first = peers.ensure_environment("one")
    (tmp_path / "requirements" / "peers-one.txt").write_text("one==2\n")
    made.clear()
    assert peers.ensure_environment("one") != first
    assert not first.exists()


def test_the_makers_arithmetic_is_whole_and_rounds_away_from_the_middle() -> None:
    assert (bid_price(1_200_001, 3, 100_000), ask_price(1_200_001, 3, 100_000)) == (599_982, 600_019)
    assert stays(1_200_060, 1_200_000, 5, 100_000)
    assert not stays(1_200_061, 1_200_000, 5, 100_000)

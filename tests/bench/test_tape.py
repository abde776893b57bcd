"""Tapes: the synthetic one is the same everywhere, and what is no tape is refused in one line."""

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from deskbot.bench.tape import ARRAYS, CHUNK, Tape, make
from deskbot.cli import main


def write(path: Path, **changes: Any) -> Path:
    """A sound tape of three quotes, with changes; None leaves an array out."""
    arrays: dict[str, Any] = {
        "time_ns": np.array([1, 2, 2], "i8"),
        "bid": np.array([100, 101, 102], "i8"),
        "ask": np.array([101, 102, 103], "i8"),
        "bid_size": np.array([1.0, 0.5, 0.001]),
        "ask_size": np.array([1.0, 0.5, 0.0]),
    }
    arrays.update(changes)
    np.savez(path, allow_pickle=False, **{name: value for name, value in arrays.items() if value is not None})
    return path


def test_the_synthetic_tape_is_the_same_for_a_seed_everywhere() -> None:
    digest = hashlib.sha256()
    for array in make(1000, 42).values():
        digest.update(array.tobytes())
    assert digest.hexdigest() == "cf59e1c16bf8d057539d5765ebce45f382a992e066011ba874e14b094e88649a"


def test_a_tape_is_read_in_pieces_and_a_jump_begins_one(tmp_path: Path) -> None:
    count = CHUNK + 10
    bid = np.full(count, 1000, "i8")
    bid[5:] = 1200
    ones = np.ones(count)
    path = write(
        tmp_path / "t.npz", time_ns=np.arange(1, count + 1), bid=bid, ask=bid + 1, bid_size=ones, ask_size=ones
    )
    with Tape(path) as tape:
        assert [len(times) for times, *_ in tape.pieces()] == [5, CHUNK - 5, 10]


def test_sizes_become_lots(tmp_path: Path) -> None:
    with Tape(write(tmp_path / "t.npz")) as tape:
        assert [(bid, ask) for *_, bid, ask in tape.pieces()] == [([1000, 500, 1], [1000, 500, 0])]


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"bid": None}, "the array bid is missing"),
    ({"bid": np.array([10, 11], "i8")}, "the arrays differ in length"),
    ({"bid": np.array([10.0, 11.0, 12.0])}, "bid is float64"),
    ({"bid": np.array([[10, 11, 12]], "i8")}, "one dimension"),
    ({"bid": np.array([100, 102, 102], "i8")}, "quote 2: the bid is not below the ask"),
    ({"bid": np.array([100, 0, 102], "i8")}, "quote 2: prices are ticks from 1"),
    ({"ask": np.array([101, 102, 2**41], "i8")}, "quote 3: prices are ticks from 1"),
    ({"time_ns": np.array([1, 3, 2], "i8")}, "quote 3: time_ns goes back"),
    ({"bid_size": np.array([1.0, float("nan"), 1.0])}, "quote 2: bid_size is no size"),
    ({"ask_size": np.array([-1.0, 1.0, 1.0])}, "quote 1: ask_size is no size"),
    ({name: np.array([], kind) for name, kind in ARRAYS.items()}, "there are no quotes"),
]


@pytest.mark.parametrize(("changes", "words"), WRONG, ids=[words for _, words in WRONG])
def test_a_malformed_tape_is_refused_in_one_line(tmp_path: Path, changes: dict[str, Any], words: str) -> None:
    path = write(tmp_path / "t.npz", **changes)
    with pytest.raises(ValueError, match=words) as caught, Tape(path) as tape:
        list(tape.pieces())
    assert "\n" not in str(caught.value)


def test_a_file_that_is_no_tape_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "t.npz"
    path.write_text("not a tape")
    assert main(["bench", "engine", "--quotes", str(path)]) == 2
    assert capsys.readouterr().err.count("\n") == 1
    assert main(["bench", "engine", "--quotes", str(tmp_path / "none.npz")]) == 2


@pytest.mark.parametrize("value", ["-1", "10000", "much", "nan", "1e-12"])
def test_absurd_basis_points_are_refused(value: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["bench", "engine", "--quotes", "t.npz", f"--requote={value}"])
    assert caught.value.code == 2
    assert "is no number of basis points" in capsys.readouterr().err


def test_the_command_prints_what_it_measured(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "t.npz"
    assert main(["bench", "tape", str(path), "--count", "500"]) == 0
    assert main(["bench", "engine", "--quotes", str(path), "--digest", "--output", "json"]) == 0
    first = json.loads(capsys.readouterr().out)
    assert first["quotes"] == 500
    assert {"orders", "fills", "pnl", "position", "seconds", "quotesPerSecond", "peakMegabytes"} <= set(first)
    main(["bench", "engine", "--quotes", str(path), "--digest", "--output", "json"])
    assert json.loads(capsys.readouterr().out)["digest"] == first["digest"]

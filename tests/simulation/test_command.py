"""`desk simulate` as people and scripts use it."""

import json
from pathlib import Path

import pytest

from deskbot.cli import main
from deskbot.simulation.faults import draw
from deskbot.simulation.script import read_script
from tests.simulation.broken import BROKEN


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str]:
    code = main(["simulate", *arguments])
    return code, capsys.readouterr().out


def broken(name: str, patch: pytest.MonkeyPatch) -> None:
    next(one for one in BROKEN if one.name == name).breaks(patch)


def test_the_result_says_what_was_lived_and_what_came_of_every_fault(capsys: pytest.CaptureFixture[str]) -> None:
    code, text = run(capsys, "--seeds", "6", "--processes", "1", "--output", "json")
    result = json.loads(text)
    assert code == 0
    assert (result["seeds"], result["violations"], result["duplicated"], result["lost"]) == (6, [], 0, 0)
    assert 0 < result["gateOpenShare"] < 1
    assert min(result[name] for name in ("steps", "simulatedSeconds", "secondsPerSecond", "orders", "fills")) > 0
    assert result["ambiguousCreates"] > 0
    assert {row["dialect"] for row in result["faults"]} == {"bybit", "binance", "binanceusdm"}
    lost = [row for row in result["faults"] if row["id"] == "F02"]
    assert sum(row["injected"] for row in lost) == sum(sum(row["outcomes"].values()) for row in lost) > 0


def test_two_processes_come_to_what_one_comes_to(capsys: pytest.CaptureFixture[str]) -> None:
    results = []
    for processes in ("1", "2"):
        _, text = run(capsys, "--seeds", "3", "--first", "40", "--processes", processes, "--output", "json")
        results.append({k: v for k, v in json.loads(text).items() if k not in ("seconds", "secondsPerSecond")})
    assert results[0] == results[1]


def test_a_failing_seed_is_told_with_the_command_that_lives_it_again(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    broken("doubt-is-a-no", monkeypatch)
    arguments = ("--seeds", "2", "--processes", "1", "--output", "json", "--no-shrink", "--dialect", "bybit")
    code = main(["simulate", *arguments])
    told = capsys.readouterr()
    violation = json.loads(told.out)["violations"][0]
    assert code == 1
    assert f"{violation['invariant']}: {violation['reason']}\n  again: {violation['replay']}\n" in told.err
    assert violation["replay"].startswith("desk simulate --first ")
    _, again = run(capsys, *violation["replay"].split()[2:], "--processes", "1", "--output", "json", "--no-shrink")
    assert json.loads(again)["violations"] == [violation]


@pytest.mark.component
def test_the_first_failing_seed_is_shrunk_to_a_script_that_fails_again(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    broken("doubt-is-a-no", monkeypatch)
    arguments = ("--seeds", "1", "--dialect", "bybit", "--processes", "1", "--output", "json")
    code, text = run(capsys, *arguments, "--scripts", str(tmp_path))
    result = json.loads(text)
    script = read_script(Path(result["script"]))
    assert code == 1
    assert len(script.injections) < len(draw(0, "bybit").injections)
    code, text = run(capsys, "--script", result["script"], "--output", "json")
    assert code == 1
    assert json.loads(text)["violations"][0]["invariant"] == result["violations"][0]["invariant"]


def test_the_table_for_people_names_faults_and_violations(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    broken("rounded-after-check", monkeypatch)
    code, text = run(capsys, "--seeds", "1", "--processes", "1", "--no-shrink")
    assert code == 1
    assert "create-reply-lost" in text
    assert " bybit seed 0 step " in text


def test_an_engine_that_never_trades_fails(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("deskbot.core.engine.why_not", lambda *_arguments: "")
    monkeypatch.setattr("deskbot.core.quoting.make_so", lambda *_arguments: None)
    code, text = run(capsys, "--seeds", "2", "--processes", "1", "--output", "json", "--no-shrink")
    assert code == 1
    assert not json.loads(text)["enoughTraded"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--seeds", "0"), '"0" is too few'),
        (("--seeds", "many"), '"many" is no whole number'),
        (("--first", "-1"), "--first"),
        (("--faults", "F99"), 'there is no fault "F99"'),
        (("--dialect", "kraken"), 'there is no dialect "kraken"; write all or bybit, binance, binanceusdm'),
    ],
)
def test_a_wrong_argument_is_one_clear_line(
    capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], words: str
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["simulate", *arguments])
    error = capsys.readouterr().err
    assert ended.value.code == 2
    assert words in error
    assert error.count("\n") == 1


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (None, "No such file"),
        ("{}", "this is no script of a simulated life"),
        ('{"venue": "mars", "seed": 1, "trouble_ms": 1, "injections": []}', 'there is no venue "mars"'),
        (
            '{"venue": "bybit", "seed": 1, "trouble_ms": 1, "injections": [{"at_ms": 1, "fault": "rain"}]}',
            'there is no fault "rain"',
        ),
    ],
)
def test_a_script_that_cannot_be_used_is_one_clear_line(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, text: str | None, words: str
) -> None:
    path = tmp_path / "script.json"
    if text is not None:
        path.write_text(text)
    assert main(["simulate", "--script", str(path)]) == 2
    error = capsys.readouterr().err
    assert words in error
    assert error.count("\n") == 1

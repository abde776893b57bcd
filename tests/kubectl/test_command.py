"""The arguments of `kubectl desk`, what it prints, and how it ends."""

import json
from pathlib import Path

import pytest

from deskoperator.kubectl import main
from deskoperator.kubectl.halt import Outcome
from deskoperator.kubectl.resume import Resumed
from deskoperator.kubectl.seen import Seen
from deskoperator.kubectl.shown import show_halts, show_resumed

CONFIRMED = Outcome(
    "desk", "bot1", Seen("o-1", "Spec", "SpecHalted", None, "Engine", 40, 0, "1 BTC/USDT:USDT"), 1.25, job=""
)
FAILED = Outcome("desk", "bot2", Seen("o-2", "Spec", "SpecHalted"), 300.0, "the venue has not confirmed yet", job="j")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["halt"], "one of the arguments"),
        (["halt", "bot1", "--all"], "not allowed with"),
        (["halt", "bot1", "--timeout", "soon"], "--timeout"),
        (["resume"], "BOT"),
        (["melt", "bot1"], "COMMAND"),
    ],
)
def test_wrong_arguments_end_with_one_line(
    arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    said = capsys.readouterr().err
    assert (ended.value.code, said.count("\n"), words in said) == (2, 1, True), said


def test_without_a_cluster_it_says_so_in_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["halt", "bot1", "--kubeconfig", str(tmp_path / "none")]) == 3
    said = capsys.readouterr().err
    assert (said.count("\n"), "no way to a cluster" in said) == (1, True)


def test_the_table_says_per_bot_who_what_how_long_and_what_is_left(capsys: pytest.CaptureFixture[str]) -> None:
    show_halts([CONFIRMED, FAILED], "table")
    said = capsys.readouterr().out.replace("\n", " ")
    for words in ("desk/bot1", "Engine", "1.2 s", "40", "NOT"):
        assert words in said


def test_the_json_has_every_bot_with_its_evidence(capsys: pytest.CaptureFixture[str]) -> None:
    show_halts([CONFIRMED, FAILED], "json")
    first, second = json.loads(capsys.readouterr().out)["bots"]
    assert (first["confirmed"], first["confirmedBy"], first["elapsedMs"], first["ordersCancelled"]) == (
        True,
        "Engine",
        1250,
        40,
    )
    assert (second["confirmed"], second["message"], second["job"]) == (False, "the venue has not confirmed yet", "j")
    assert (CONFIRMED.done, FAILED.done) == (True, False)


def test_a_release_is_one_line_or_one_object(capsys: pytest.CaptureFixture[str]) -> None:
    show_resumed(Resumed("desk", "bot1", "o-1"), "table")
    show_resumed(Resumed("desk", "bot1", "o-1", "it is not halted"), "json")
    line, plain = capsys.readouterr().out.splitlines()
    assert line == "desk/bot1: halt o-1 is released"
    assert json.loads(plain)["released"] is False

"""`desk kill` as a process: arguments, the outcome in both places, exit statuses, signals."""

import json
from pathlib import Path
from typing import Any

import pytest

from deskbot.cli import main
from tests.runtime.processes import KEY, Desk, simulator, until

MARKET = "BTC/USDT:USDT"


def _secret(folder: Path) -> Path:
    (folder / "apiKey").write_text(KEY)
    (folder / "secret").write_text("bot-secret")
    return folder


def _arguments(folder: Path, *more: str, exchange: str = "bybit") -> list[str]:
    venue = ["--exchange", exchange, "--market-type", "Swap", "--market", MARKET, "--credentials", str(folder)]
    return ["kill", *venue, "--result", str(folder / "result"), *more]


def _ended(desk: Desk) -> tuple[int, dict[str, Any]]:
    said, _ = desk.process.communicate(timeout=40)
    outcome: dict[str, Any] = json.loads(said)
    return desk.process.returncode, outcome


@pytest.mark.component
def test_s5_the_process_leaves_its_outcome_on_stdout_and_in_the_file_and_confirmed_is_status_0(tmp_path: Path) -> None:
    with simulator(tmp_path) as venue:
        more = ("--endpoint", venue, "--lease", "0s", "--halt-id", "h-1", "--bot", "default/bot1")
        status, outcome = _ended(Desk(_arguments(_secret(tmp_path), *more), tmp_path / "kill.log"))
    assert (status, outcome["confirmed"], outcome["haltId"], outcome["bot"]) == (0, True, "h-1", "default/bot1")
    assert json.loads((tmp_path / "result").read_text()) == outcome
    assert "bot-secret" not in (tmp_path / "kill.log").read_text()


@pytest.mark.component
def test_s5_a_process_that_is_told_to_stop_says_that_nothing_is_confirmed(tmp_path: Path) -> None:
    with simulator(tmp_path) as venue:
        desk = Desk(_arguments(_secret(tmp_path), "--endpoint", venue, "--lease", "60s"), tmp_path / "kill.log")
        until(lambda: (tmp_path / "result").exists() and "BotMayLive" in (tmp_path / "result").read_text(), 20, "walks")
        desk.process.terminate()
        status, outcome = _ended(desk)
    assert (status, outcome["confirmed"], outcome["reason"]) == (1, False, "BotMayLive")
    assert outcome["message"].startswith("stopped, by SIGTERM: the bot's process may still send")


def test_s5_a_missing_key_is_wrong_input_and_told_in_both_places(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(_arguments(tmp_path)) == 2
    outcome = json.loads(capsys.readouterr().out)
    assert (outcome["reason"], outcome["confirmed"]) == ("CredentialsMissing", False)
    assert json.loads((tmp_path / "result").read_text()) == outcome


def test_s5_an_exchange_that_the_desk_does_not_know_is_wrong_input(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(_arguments(_secret(tmp_path), exchange="mtgox")) == 2
    assert "mtgox" in json.loads(capsys.readouterr().out)["message"]


def test_s5_a_mode_that_this_version_does_not_know_is_not_looked_for_on_the_test_network(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(_arguments(_secret(tmp_path), "--mode", "Live")) == 2
    outcome = json.loads(capsys.readouterr().out)
    assert (outcome["confirmed"], outcome["reason"], "Testnet alone" in outcome["message"]) == (
        False,
        "SpecInvalid",
        True,
    )


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (["--lease", "soon"], "--lease"),
        (["--market-type", "Future"], "--market-type"),
        (["--scope", "all"], "--scope"),
    ],
)
def test_wrong_arguments_end_with_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], more: list[str], words: str
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(_arguments(tmp_path, *more))
    said = capsys.readouterr().err
    assert (ended.value.code, said.count("\n"), words in said) == (2, 1, True)

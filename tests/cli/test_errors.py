"""Wrong input to `desk`: one line that says what is wrong, where, and what would be right; status 2; no traceback."""

import gzip
from pathlib import Path
from typing import Any

import pytest
import yaml

from deskbot.cli import main
from tests.runtime.world import SECRET, manifest


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    write(tmp_path / "good.yaml")
    return tmp_path


def write(file: Path, *others: Any, **changes: Any) -> None:
    file.write_text(yaml.safe_dump_all([manifest(**changes), *(others or (SECRET,))]))


def complaint(capsys: pytest.CaptureFixture[str], arguments: str) -> str:
    """The last line on stderr; there may be usage lines above it."""
    try:
        status = main(arguments.split())
    except SystemExit as exit_:
        status = int(exit_.code or 0)
    captured = capsys.readouterr()
    assert status == 2, captured
    assert captured.out == ""
    assert "Traceback" not in captured.err
    return captured.err.splitlines()[-1]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ("", "COMMAND"),
        ("fly", "invalid choice: 'fly'"),
        ("run", "name either a FILE or --object NAMESPACE/NAME"),
        ("run good.yaml --object a/b", "name either a FILE or --object NAMESPACE/NAME"),
        ("run --object bot1 --journal j --credentials c", "write NAMESPACE/NAME, for example default/bot1"),
        ("run --object default/bot1", "--object needs --journal PATH and --credentials DIR"),
        ("run --object default/bot1 --journal j --credentials c", "--object works inside a cluster only"),
        ("run good.yaml --venue endpoint --recording r.gz", "--recording is for the simulator within"),
        ("run good.yaml --venue endpoint --speed max", "--speed max is virtual time"),
        ("run good.yaml --speed fast", '"fast" is no speed; write a number above 0, such as 10, or max'),
        ("run good.yaml --speed 0", '"0" is no speed'),
        ("run good.yaml --for 30", '"30" is not a duration'),
        ("run good.yaml --for 0s", '"0s" is not a duration'),
        ("run good.yaml --seed x", "invalid int value: 'x'"),
        ("run good.yaml --output xml", "invalid choice: 'xml'"),
        ("run good.yaml --listen 8080 --for 1s", 'not HOST:PORT; write for example "127.0.0.1:8080"'),
        ("run good.yaml --speed max", "say --for how long"),
        ("run missing.yaml", "missing.yaml: No such file or directory"),
        ("run good.yaml --recording missing.gz", "missing.gz"),
        ("run good.yaml --recording missing.gz --speed max", "missing.gz"),
        ("simulator --listen nowhere", "no address; write HOST:PORT"),
    ],
)
def test_wrong_arguments(folder: Path, capsys: pytest.CaptureFixture[str], arguments: str, words: str) -> None:
    assert words in complaint(capsys, arguments)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"market": "BTC/USDT:USDT"}, "spec.market: unknown field; did you mean markets"),
        ({"envelope": {"maxOrderNotional": 250, "maxPositionNotional": "1"}}, "spec.envelope.maxOrderNotional"),
        ({"envelope": {"maxPositionNotional": "1"}}, "maxOrderNotional"),
        ({"mode": "Live"}, "spec.mode"),
        ({"markets": ["BTC/USDT"]}, "spec.markets"),
        ({"markets": ["DOGE/USDT:USDT"]}, "spec.markets: the simulator has BTC/USDT, BTC/USDT:USDT, not DOGE"),
        ({"strategies": [{"name": "simple-maler", "enabled": True}]}, 'did you mean "simple-maker"?'),
        ({"strategies": [{"name": "simple-maker", "version": "9"}]}, '"simple-maker" is here in version'),
        ({"strategies": [{"name": "simple-maker", "params": {"size": "many"}}]}, "params: size"),
    ],
)
def test_wrong_specs(folder: Path, capsys: pytest.CaptureFixture[str], changes: dict[str, Any], words: str) -> None:
    write(folder / "bad.yaml", **changes)
    line = complaint(capsys, "run bad.yaml --for 1s")
    assert words in line
    assert line.startswith("desk run: ")


def test_a_secret_that_the_file_does_not_hold(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    venue = {**manifest()["spec"]["venue"], "endpoint": "http://127.0.0.1:1"}
    write(folder / "bad.yaml", {**SECRET, "metadata": {"name": "other"}}, venue=venue)
    line = complaint(capsys, "run bad.yaml --venue endpoint --for 1s")
    assert line == (
        "desk run: Secret keys: apiKey is not in the same file; create the Secret with the keys apiKey and secret"
    )


def test_a_recording_that_is_none(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "usdm_btcusdt_20240808.gz").write_bytes(gzip.compress(b"not a recording\n"))
    line = complaint(capsys, "run good.yaml --recording usdm_btcusdt_20240808.gz --speed max")
    assert "usdm_btcusdt_20240808.gz" in line

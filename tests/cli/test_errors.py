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
    """The only line on stderr."""
    try:
        status = main(arguments.split())
    except SystemExit as exit_:
        status = int(exit_.code or 0)
    captured = capsys.readouterr()
    assert status == 2, captured
    assert captured.out in ("", "starting\n")
    (line,) = captured.err.splitlines()
    return line


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
        ("run good.yaml --venue endpoint --speed max", "--speed is for the simulator within"),
        ("run good.yaml --speed fast", '"fast" is no speed; write a number above 0, such as 10, or max'),
        ("run good.yaml --speed 0", '"0" is no speed'),
        ("run good.yaml --for 30", '"30" is not a duration'),
        ("run good.yaml --for 0s", '"0s" is not a duration'),
        ("run good.yaml --seed x", '"x" is no seed; write a whole number, such as 7'),
        ("run good.yaml --speed -1", 'speed: "-1" is no speed'),
        ("run good.yaml --speed nan", '"nan" is no speed'),
        ("run good.yaml --speed max --journal j --for 1s", "--speed max has nothing to do with --journal"),
        ("run good.yaml --speed 2 --venue endpoint", "--speed is for the simulator within"),
        ("run good.yaml --log no/where --for 1s", "--log no/where: No such file or directory"),
        ("run good.yaml --journal no/where --for 1s", "--journal no/where: there is no folder no; make it first"),
        ("run good.yaml --listen 192.0.2.1:80 --for 1s", "address; name a free port on an address of this machine"),
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
        (
            {"markets": ["LTC/USDT:USDT"]},
            "BTC/USDT, BTC/USDT:USDT, DOGE/USDT, DOGE/USDT:USDT, ETH/USDT, ETH/USDT:USDT, not of LTC/USDT:USDT",
        ),
        ({"strategies": [{"name": "simple-maler", "enabled": True}]}, 'did you mean "simple-maker"?'),
        ({"strategies": [{"name": "simple-maker", "version": "9"}]}, '"simple-maker" is here in version'),
        ({"strategies": [{"name": "simple-maker", "params": {"size": "many"}}]}, "params: size"),
        ({"strategies": [{"name": "simple-maker", "params": {"size": "1", "level": 3}}]}, "did you mean levels?"),
        (
            {"strategies": [{"name": "simple-maker", "enabled": True, "params": {"size": "0.0002"}}]},
            "amount 0.0002 is not a multiple of the lot 0.001",
        ),
        (
            {"venue": {**manifest()["spec"]["venue"], "exchange": "bybitt"}},
            '"bybitt" is not one of binance, binanceusdm or bybit',
        ),
        (
            {"envelope": {**manifest()["spec"]["envelope"], "maxDataAge": 5}},
            '"5" is not a duration from 100ms to 60s; write for example "5s"',
        ),
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


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a: [b", "not YAML: expected ',' or ']', but got '<stream end>' (line 1, column 6)"),
        ("hello", "document 1: no Kubernetes object (apiVersion, kind, metadata)"),
        ("", "0 objects of kind TradingBot; exactly one is needed"),
        (yaml.safe_dump_all([manifest(), manifest()]), "2 objects of kind TradingBot; exactly one is needed"),
        (
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}",
            "document 1: v1 ConfigMap; only TradingBot and Secret",
        ),
    ],
)
def test_a_file_that_holds_no_bot(folder: Path, capsys: pytest.CaptureFixture[str], text: str, words: str) -> None:
    (folder / "bad.yaml").write_text(text)
    assert complaint(capsys, "run bad.yaml --for 1s").startswith(f"desk run: bad.yaml: {words}")


def test_a_recording_that_is_none(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "usdm_btcusdt_20240808.gz").write_bytes(gzip.compress(b"not a recording\n"))
    line = complaint(capsys, "run good.yaml --recording usdm_btcusdt_20240808.gz --speed max")
    assert "usdm_btcusdt_20240808.gz" in line

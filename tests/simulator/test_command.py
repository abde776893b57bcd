"""`desk simulator`: bad input is one clear line, and it ends as asked."""

import argparse
import json
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from deskbot.simulator import command

MAIN = (
    "import argparse, sys; from deskbot.simulator import command; parser = argparse.ArgumentParser('desk simulator'); "
    "command.add_arguments(parser); sys.exit(command.run(parser.parse_args()))"
)


def _parse(*words: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    command.add_arguments(parser)
    return parser.parse_args(words)


def test_options_come_from_words_and_accounts_also_from_the_environment() -> None:
    arguments = _parse("--listen", "[::1]:9000", "--speed", "10", "--account", "a:s:USDT=1", "--latency", "5")
    options = command.read_options(arguments, "b:t:USDT=2 c:u:BTC=3")
    assert (options.host, options.port, options.speed) == ("::1", 9000, 10.0)
    assert [account.key for account in options.accounts] == ["a", "b", "c"]
    assert options.latency is not None
    assert options.latency.entry_ns == 5_000_000


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["--listen", "8080"], "write HOST:PORT"),
        (["--speed", "0"], "no speed"),
        (["--speed", "fast"], "no speed"),
        (["--account", "key"], "KEY:SECRET"),
        (["--latency", "1.5"], "whole milliseconds"),
        (["--dialect", "other"], "invalid choice"),
        (["--requests-per-address", "0"], "whole number above 0"),
        (["--faults", "/none.yaml"], "/none.yaml: cannot be read"),
    ],
)
def test_a_word_that_makes_no_sense_is_named_with_what_would_be_right(
    words: list[str], complaint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        _parse(*words)
    assert complaint in capsys.readouterr().err.splitlines()[-1]


def test_one_key_for_two_accounts_is_refused() -> None:
    with pytest.raises(ValueError, match="twice"):
        command.read_options(_parse("--account", "a:s:USDT=1"), "a:t:USDT=1")


@pytest.mark.component
class TestProcess:
    def test_an_unreadable_recording_is_one_line(self, tmp_path: Path) -> None:
        broken = tmp_path / "broken.gz"
        broken.write_bytes(b"this is no recording")
        ended = _run("--listen", "127.0.0.1:0", "--recording", str(broken))
        assert ended.returncode == 2
        assert len(ended.stderr.splitlines()) == 1
        assert str(broken) in ended.stderr

    def test_an_address_in_use_is_one_line(self) -> None:
        with _started() as running:
            assert running.stdout is not None
            taken = running.stdout.readline().split("http://")[1].split(":")[1]
            ended = _run("--listen", f"127.0.0.1:{taken}")
            _stop(running)
        assert ended.returncode == 2
        assert len(ended.stderr.splitlines()) == 1
        assert taken in ended.stderr

    def test_a_script_of_faults_counts_from_the_start(self, tmp_path: Path) -> None:
        script = tmp_path / "script.json"
        script.write_text('[{"action": "refuse", "endpoint": "/v5/market/time", "status": 503}]')
        with _started("--faults", str(script)) as running:
            assert running.stdout is not None
            base = running.stdout.readline().split()[3].rstrip(":")
            with pytest.raises(urllib.error.HTTPError, match="503"):
                urllib.request.urlopen(f"{base}/api.bybit.com/v5/market/time", timeout=10)  # noqa: S310 - loopback
            with urllib.request.urlopen(f"{base}/faults", timeout=10) as answer:  # noqa: S310
                assert json.load(answer)["injectionsByAction"] == {"refuse": 1}
            _stop(running)

    def test_a_script_for_a_market_that_is_not_there_is_one_line(self, tmp_path: Path) -> None:
        script = tmp_path / "script.yaml"
        script.write_text("- {action: halt, market: LTC/USDT}\n")
        ended = _run("--listen", "127.0.0.1:0", "--faults", str(script))
        assert ended.returncode == 2
        assert len(ended.stderr.splitlines()) == 1
        assert "'LTC/USDT' is not listed; one of ADA/USDT" in ended.stderr

    @pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
    def test_a_signal_ends_it_quietly(self, number: signal.Signals) -> None:
        with _started() as running:
            assert running.stdout is not None
            assert "BTC/USDT:USDT" in running.stdout.readline()
            assert _stop(running, number) == (0, "")


def _run(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", MAIN, *words], capture_output=True, text=True, timeout=30, check=False
    )


def _started(*words: str) -> subprocess.Popen[str]:
    arguments = [sys.executable, "-W", "error", "-c", MAIN, "--listen", "127.0.0.1:0", *words]
    return subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def _stop(running: subprocess.Popen[str], number: signal.Signals = signal.SIGTERM) -> tuple[int, str]:
    running.send_signal(number)
    _, errors = running.communicate(timeout=20)
    return running.returncode, errors

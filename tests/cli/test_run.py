"""`desk run` as a process: with the simulator within, halted by an edit, and stopped by signals."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.runtime.processes import DESK, answers, free_port, get, until
from tests.runtime.world import SECRET, manifest
from tests.simulator.tapes import delta, lines, snapshot, write_raw

pytestmark = pytest.mark.component

QUICK = {"name": "simple-maker", "enabled": True, "params": {"size": "0.001", "spread": "0.0003%", "requote": "0%"}}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    write(tmp_path / "bot.yaml")
    return tmp_path / "bot.yaml"


def write(file: Path, **changes: Any) -> None:
    file.write_text(yaml.safe_dump_all([manifest(**{"strategies": [QUICK], **changes}), SECRET]))


@contextmanager
def running(file: Path, *arguments: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A bot on the simulator within, ready; and where its report is."""
    port = free_port()
    command = [*DESK, "run", str(file), "--listen", f"127.0.0.1:{port}", *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            address = f"http://127.0.0.1:{port}"
            until(lambda: answers(f"{address}/readyz") == 200, 40, "the bot is not ready")
            yield process, address
        finally:
            if process.poll() is None:
                process.kill()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_gracefully_and_both_ledgers_are_equal(file: Path, number: signal.Signals) -> None:
    with running(file, "--output", "json", "--seed", "3") as (process, address):
        until(lambda: get(f"{address}/report")["fills"] > 2, 60, "no fills")
        began = time.monotonic()
        process.send_signal(number)
        out, err = process.communicate(timeout=15)
    assert time.monotonic() - began < 10
    assert process.returncode == 0, err
    result = json.loads(out)
    assert result["ledger"] == result["groundTruth"]
    assert result["openOrders"] == 0
    assert result["stopConfirmed"]
    assert result["fills"] == sum(result["fillsBySide"].values()) > 2
    assert re.fullmatch("[0-9a-f]{64}", result["digest"])


BINANCE = {"binance": ("Spot", "BTC/USDT"), "binanceusdm": ("Swap", "BTC/USDT:USDT")}


def write_binance(file: Path, exchange: str) -> None:
    market_type, market = BINANCE[exchange]
    venue = {**manifest()["spec"]["venue"], "exchange": exchange, "marketType": market_type}
    params = {"size": "0.002", "spread": "0.0003%", "requote": "0%"}  # the least that Binance's futures take
    write(file, venue=venue, markets=[market], strategies=[{**QUICK, "params": params}])


@pytest.mark.parametrize("exchange", BINANCE)
def test_a_bot_on_binance_trades_and_stops_with_both_ledgers_equal(file: Path, exchange: str) -> None:
    write_binance(file, exchange)
    with running(file, "--output", "json", "--seed", "3") as (process, address):
        until(lambda: get(f"{address}/report")["fills"] > 2, 60, "no fills")
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=15)
    assert process.returncode == 0, err
    result = json.loads(out)
    assert result["ledger"] == result["groundTruth"]
    assert (result["openOrders"], result["stopConfirmed"], result["fills"] > 2) == (0, True, True)


@pytest.mark.parametrize("exchange", BINANCE)
def test_a_bot_on_binance_runs_in_virtual_time_too(file: Path, exchange: str) -> None:
    write_binance(file, exchange)
    done = run(file, "--for", "60s", "--speed", "max", "--seed", "3", "--output", "json")
    result = json.loads(done.stdout)
    assert result["ledger"] == result["groundTruth"]
    assert (result["openOrders"], result["fills"] > 2) == (0, True)


def test_a_halt_written_into_the_file_halts_and_an_acknowledgement_resumes(file: Path) -> None:
    with running(file, "--seed", "3") as (process, address):
        write(file, halted=True)
        until(lambda: get(f"{address}/report")["state"] == "Halted", 20, "the halt is not confirmed")
        assert get(f"{address}/report")["openOrders"] == 0
        halt = until(lambda: _halt(process), 20, "no line names the halt")
        write(file, acknowledgedHalt=halt)
        until(lambda: get(f"{address}/report")["state"] == "Running", 20, "the bot does not resume")
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=15)
    assert process.returncode == 0


def _halt(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    found = re.search(r'acknowledgedHalt: "([a-z0-9-]+)"', process.stdout.readline())
    return found[1] if found else ""


@pytest.mark.parametrize("speed", ["1", "max"])
def test_without_a_fill_both_ledgers_name_the_same_markets(file: Path, speed: str) -> None:
    write(file, strategies=[{**QUICK, "enabled": False}])
    done = run(file, "--for", "4s", "--speed", speed, "--output", "json")
    result = json.loads(done.stdout)
    assert result["ledger"] == result["groundTruth"]
    assert list(result["ledger"]) == ["BTC/USDT:USDT"]


@pytest.mark.parametrize("speed", ["1", "max"])
def test_a_recording_that_breaks_further_in_ends_the_run_with_one_line(file: Path, speed: str) -> None:
    recording = file.with_name("usdm_btcusdt.gz")
    good = [snapshot(100), *(delta(n, n, n - 1) for n in range(101, 1200))]
    write_raw(recording, b"".join(lines(*good, gap_ms=2)) + b"not a recorded message\n")
    done = run(file, "--recording", str(recording), "--speed", speed)
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert line.startswith(f"desk run: {recording}, line 1101: not a recorded message")


def run(file: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [*DESK, "run", str(file), *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def test_the_time_given_ends_the_run_and_the_result_is_told_for_people(file: Path) -> None:
    done = run(file, "--for", "3s")
    assert done.returncode == 0, done.stderr
    assert "the venue's books" in done.stdout
    assert "Running: " in done.stdout or "Stopped: " in done.stdout


def test_a_terminal_of_eighty_columns_gets_a_live_table_with_whole_numbers(file: Path) -> None:
    primary, secondary = os.openpty()
    command = [*DESK, "run", str(file), "--for", "4s"]
    environment = {**os.environ, "TERM": "xterm-256color", "COLUMNS": "80", "LINES": "40"}
    with subprocess.Popen(command, stdout=secondary, stderr=subprocess.PIPE, env=environment) as process:
        os.close(secondary)
        shown = b""
        while chunk := _read(primary):
            shown += chunk
        process.wait(30)
    os.close(primary)
    text = shown.decode(errors="replace")
    for word in ("Running: ", "position", "realised", "BTC/USDT:USDT", "the venue's books"):
        assert word in text
    assert "…" not in text
    assert process.returncode == 0


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65536)
    except OSError:  # the other end is closed
        return b""


def test_a_venue_that_is_away_is_said_and_the_bot_still_stops(file: Path) -> None:
    venue = {**manifest()["spec"]["venue"], "endpoint": f"http://127.0.0.1:{free_port()}"}
    write(file, venue=venue)
    journal = file.with_name("journal.sqlite")
    done = run(file, "--venue", "endpoint", "--journal", str(journal), "--for", "6s")
    assert "VenueUnreachable" in done.stdout
    assert "Traceback" not in done.stderr
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert "does not answer" in line


def test_an_address_in_use_is_said_before_anything_is_sent(file: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        done = run(file, "--listen", address, "--for", "5s")
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert line.startswith(f"desk run: --listen {address}: Address already in use; name a free port")


def test_a_journal_in_use_is_said_and_nothing_is_done(file: Path) -> None:
    journal = file.with_name("journal.sqlite")
    with running(file, "--journal", str(journal)):
        done = run(file, "--journal", str(journal), "--for", "3s")
    assert done.returncode == 1
    first, last = done.stderr.splitlines()
    assert first == f"desk run: {journal}: another process uses this journal; stop it first"
    assert last == "desk run: the time given is over: the engine had not started"


def test_importing_the_pods_path_brings_neither_simulator_nor_console() -> None:
    code = "import sys; sys.modules['rich'] = None; import deskbot.cli.run_object; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    unwanted = ("deskbot.simulator", "deskbot.matching", "deskbot.backtest", "rich.", "kubernetes", "hypothesis")
    assert [module for module in loaded if module.startswith(unwanted)] == []

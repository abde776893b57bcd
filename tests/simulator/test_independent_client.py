"""A client that knows only ccxt against the simulator as a process of its own."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

SCRIPT = Path(__file__).parent / "independent_client.py"
ACCOUNT = "independent:secret-of-it:USDT=100000,BTC=1"

pytestmark = pytest.mark.component


@pytest.fixture(scope="module")
def base_url() -> Iterator[str]:
    words = ["simulator", "--dialect", "bybit", "--listen", "127.0.0.1:0", "--account", ACCOUNT, "--seed", "5"]
    with subprocess.Popen(
        [sys.executable, "-W", "error", "-m", "deskbot.cli", *words], stdout=subprocess.PIPE, text=True
    ) as running:
        assert running.stdout is not None
        yield running.stdout.readline().split()[3].rstrip(":")
        running.terminate()
    assert running.returncode == 0


@pytest.mark.parametrize("symbol", ["BTC/USDT:USDT", "BTC/USDT"])
def test_an_independent_ccxt_script_trades_on_it(base_url: str, symbol: str) -> None:
    seen = _run(base_url, symbol)
    assert seen["markets"] == ["BTC/USDT", "BTC/USDT:USDT"]
    assert (seen["firstPage"], seen["allPages"]) == (20, 41)
    assert seen["depth"] == 50
    assert seen["fills"] >= 2
    assert seen["streamedOrder"] == "open"
    assert seen["streamedFillFee"] == ("USDT" if symbol.endswith(":USDT") else "BTC")


def _run(base_url: str, symbol: str) -> dict[str, Any]:
    words = [sys.executable, str(SCRIPT), base_url, "independent", "secret-of-it", symbol]
    ended = subprocess.run(words, capture_output=True, text=True, timeout=90, check=False)
    assert ended.returncode == 0, ended.stderr[-2000:]
    seen: dict[str, Any] = json.loads(ended.stdout)
    return seen

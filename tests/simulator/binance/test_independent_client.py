"""A client that knows only ccxt against the simulator as a process of its own."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parent / "independent_client.py"
MARKETS = {"BTC/USDT:USDT": "USDT", "BTC/USDT": "BTC"}  # and the coin a buy pays its fee in
ACCOUNT = "independent:secret-of-it:USDT=100000,BTC=1"

pytestmark = pytest.mark.component


@pytest.fixture(scope="module")
def base_url() -> Iterator[str]:
    words = ["simulator", "--dialect", "binance", "--listen", "127.0.0.1:0", "--account", ACCOUNT, "--seed", "5"]
    with subprocess.Popen(
        [sys.executable, "-W", "error", "-m", "deskbot.cli", *words], stdout=subprocess.PIPE, text=True
    ) as running:
        assert running.stdout is not None
        yield running.stdout.readline().split()[3].rstrip(":")
        running.terminate()
    assert running.returncode == 0


def test_an_independent_ccxt_script_trades_spot_and_futures_at_once(base_url: str) -> None:
    scripts = {symbol: _start(base_url, symbol) for symbol in MARKETS}
    for symbol, script in scripts.items():
        answer, complaint = script.communicate(timeout=100)
        assert script.returncode == 0, complaint[-2000:]
        seen = json.loads(answer)
        assert symbol in seen["markets"]
        assert seen["open"] == 41
        assert seen["depth"] == 50
        assert seen["fills"] >= 2
        assert seen["streamedOrder"] == "open"
        assert seen["streamedFillFee"] == MARKETS[symbol]


def _start(base_url: str, symbol: str) -> subprocess.Popen[str]:
    words = [sys.executable, str(SCRIPT), base_url, "independent", "secret-of-it", symbol]
    return subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

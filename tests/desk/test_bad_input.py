"""What only the running bot can find wrong: it stays up, says so in one line, and goes on when it is mended."""

import json
from typing import Any

import pytest

from tests.demo.desk import Desk, eventually
from tests.desk import bots

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(600)]

CASES: dict[str, tuple[str | None, dict[str, Any], str, str]] = {
    "a strategy that the image does not have": (
        "repair-key",
        {"strategies": [{"name": "simple-taker", "enabled": True, "params": {}}]},
        "StrategyUnknown",
        "simple-maker",
    ),
    "params that the strategy refuses": (
        "repair-key",
        {"strategies": [{"name": "simple-maker", "enabled": True, "params": {"size": "0.001", "levels": 0}}]},
        "ParamsInvalid",
        "levels",
    ),
    "a market that the venue does not list": ("repair-key", {"markets": ["BTX/USDT:USDT"]}, "MarketUnknown", "BTX"),
    "a Secret that is not there": (None, {}, "CredentialsMissing", "bad-keys"),
    "a key the venue does not know": ("nobodys-key", {}, "CredentialsRefused", "key"),
    "a key that may withdraw": ("withdraw-key", {}, "AccountUnsuitable", "Withdraw"),
    "an account in hedge mode": ("hedge-key", {}, "AccountUnsuitable", "hedge"),
}


@pytest.mark.parametrize("case", CASES)
def test_a_bot_with_bad_input_stays_up_and_says_what_is_wrong(desk: Desk, case: str) -> None:
    key, spec, reason, words = CASES[case]
    with bots.applied(desk, "bad", key, **spec):
        stalled = eventually(f"{case} is reported", lambda: _stalled(desk, reason), seconds=60)
        assert words in stalled["message"]
        assert "Traceback" not in stalled["message"]
        assert "\n" not in stalled["message"]
        assert _restarts(desk) == 0


def test_a_bot_without_its_secret_goes_on_when_the_secret_appears(desk: Desk) -> None:
    with bots.applied(desk, "bad", None):
        eventually("the missing Secret is reported", lambda: _stalled(desk, "CredentialsMissing"), seconds=60)
        secret, _ = bots.manifest("bad", "mended-key")
        desk.kubectl("apply", "--filename", "-", given=json.dumps(secret))
        bots.ready(desk, "bad", seconds=150)  # the kubelet looks for a Secret that was missing about once a minute
        assert _restarts(desk) == 0


def _stalled(desk: Desk, reason: str) -> dict[str, str] | None:
    found: dict[str, str] = bots.condition(desk, "bad", "Stalled")
    return found if found.get("status") == "True" and found.get("reason") == reason else None


def _restarts(desk: Desk) -> int:
    path = "jsonpath={.status.containerStatuses[0].restartCount}"
    return int(desk.kubectl("get", "pod", "bot-bad-0", "--output", path))

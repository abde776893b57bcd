"""What a real API server makes of a RiskPolicy, and of what was judged in the status of a bot."""

import json
from typing import Any

import pytest

from tests.api.bots import changed as changed_bot
from tests.api.cases import Refused
from tests.api.conftest import BotServer
from tests.api.policies import ACCEPTED, REFUSED, changed
from tests.api.test_api_server import _says

pytestmark = pytest.mark.apiserver


@pytest.mark.parametrize("changes", ACCEPTED.values(), ids=list(ACCEPTED))
def test_a_valid_policy_is_accepted_and_nothing_is_written_into_it(
    bot_server: BotServer, changes: dict[str, Any]
) -> None:
    given = changed({"metadata.name": "accepted", **changes})
    stored = bot_server.apply(given, "--dry-run=server")
    assert stored["spec"] == {name: part for name, part in given["spec"].items() if part is not None}


@pytest.mark.parametrize("case", REFUSED.values(), ids=list(REFUSED))
def test_a_mistake_in_a_policy_is_refused_with_its_place_and_what_would_be_right(
    bot_server: BotServer, case: Refused
) -> None:
    refusal = bot_server.refusal(changed({"metadata.name": "refused", **case.changes}))
    assert _says(refusal, *case.of_server()), refusal


def test_what_was_judged_is_kept_as_it_was_written_and_gets_no_defaults(bot_server: BotServer) -> None:
    """A default that the server wrote into an envelope in force would be a limit that nobody has judged."""
    bot_server.apply(changed_bot({}, name="judged"))
    judged = {
        "admitted": {"uid": "u", "generation": 1, "specHash": "0" * 64},
        "effectiveEnvelope": {"maxOrderNotional": "10"},
        "policies": [{"name": "alpha", "generation": 2, "sets": ["maxOrderNotional"]}, {"name": "beta", "sets": []}],
    }
    bot_server.apply_status("judged", judged, manager="judge")
    assert bot_server.get("judged")["status"] == judged
    without = {name: part for name, part in judged.items() if name != "admitted"}
    bot_server.apply_status("judged", {**without, "policies": []}, manager="judge")
    assert bot_server.get("judged")["status"] == {**without, "policies": []}
    bot_server.kubectl("delete", "tradingbot", "judged")


def test_kubectl_get_shows_what_a_policy_is_about(bot_server: BotServer) -> None:
    bot_server.apply(changed({"spec.halted": True}, name="shown"))
    ready = {"type": "Ready", "status": "True", "reason": "Enforced", "lastTransitionTime": "2026-11-21T09:00:00Z"}
    status = {"conditions": [ready], "bots": {"inScope": 3, "trading": 1, "halted": 2}}
    bot_server.kubectl(
        "patch", "rp", "shown", "--subresource=status", "--type=merge", "-p", json.dumps({"status": status})
    )
    header, row = bot_server.kubectl("get", "rp", "shown").strip().splitlines()
    assert header.split() == ["NAME", "HALT", "BOTS", "TRADING", "HALTED", "READY", "AGE"]
    assert row.split()[:-1] == ["shown", "true", "3", "1", "2", "True"]
    bot_server.kubectl("wait", "--for=condition=Ready", "rp/shown", "--timeout=5s")
    bot_server.kubectl("delete", "rp", "shown")


def test_kubectl_explain_tells_what_a_policy_can_do(bot_server: BotServer) -> None:
    explained = bot_server.kubectl("explain", "riskpolicy.spec.halted", "--api-version=tradingdesk.io/v1alpha1")
    assert "Setting it back releases nothing" in " ".join(explained.split())

"""What a real API server makes of a TradingBot: the table of cases, the latch, and what people see."""

import re
from collections.abc import Iterator
from typing import Any

import pytest

from tests.api.bots import changed
from tests.api.cases import ACCEPTED, ACCEPTED_EDITS, REFUSED, REFUSED_EDITS, Refused
from tests.api.conftest import BotServer
from tests.cluster.errors import ClusterError

pytestmark = pytest.mark.apiserver

HALT = "89e5efad-1763718000123"
HALT_BY_SPEC = {"state": "Latched", "id": HALT, "reason": "SpecHalted"}
LATCHED = "the kill switch is latched: only spec.acknowledgedHalt = status.killSwitch.id releases it"


def _says(refusal: str, place: str, words: str) -> bool:
    """Whether one line of the refusal has the place and then the words."""
    return any(
        (f"{place}" in line and words in line.partition(place)[2]) or (place == " " and words in line)
        for line in re.split(r" \| |: \* ", refusal)
    )


@pytest.fixture(scope="module")
def running(bot_server: BotServer) -> Iterator[BotServer]:
    bot_server.apply(changed({}, name="running"))
    yield bot_server
    bot_server.kubectl("delete", "tradingbot", "running")


@pytest.fixture
def latched(bot_server: BotServer) -> Iterator[BotServer]:
    """A bot `latched` whose operator has latched the kill switch."""
    bot_server.apply(changed({}, name="latched"))
    bot_server.apply_status("latched", {"killSwitch": HALT_BY_SPEC}, manager="latch")
    yield bot_server
    bot_server.kubectl("delete", "tradingbot", "latched")


@pytest.mark.parametrize("changes", ACCEPTED.values(), ids=list(ACCEPTED))
def test_a_valid_bot_is_accepted_and_no_switch_is_written_into_it(
    bot_server: BotServer, changes: dict[str, Any]
) -> None:
    stored = bot_server.apply(changed({"metadata.name": "accepted", **changes}), "--dry-run=server")
    asked = {path.removeprefix("spec.") for path, value in changes.items() if value is not None}
    assert {"halted", "paused", "acknowledgedHalt"} & (stored["spec"].keys() - asked) == set()


@pytest.mark.control("K-dead")
@pytest.mark.parametrize("case", REFUSED.values(), ids=list(REFUSED))
def test_a_mistake_is_refused_with_its_place_and_what_would_be_right(bot_server: BotServer, case: Refused) -> None:
    refusal = bot_server.refusal(changed({"metadata.name": "refused", **case.changes}))
    place, words = case.of_server()
    assert _says(refusal, place.replace(".0.", "[0]."), words), refusal


@pytest.mark.parametrize("changes", ACCEPTED_EDITS.values(), ids=list(ACCEPTED_EDITS))
def test_an_edit_of_what_may_change_is_taken(running: BotServer, changes: dict[str, Any]) -> None:
    running.apply(changed(changes, name="running"), "--dry-run=server")


@pytest.mark.control("S3.3")
@pytest.mark.parametrize("case", REFUSED_EDITS.values(), ids=list(REFUSED_EDITS))
def test_an_edit_of_what_never_changes_is_refused(running: BotServer, case: Refused) -> None:
    refusal = running.refusal(changed(case.changes, name="running"))
    assert _says(refusal, *case.of_server()), refusal


@pytest.mark.control("S4.3")
@pytest.mark.parametrize(
    "status",
    [
        {"killSwitch": {"state": "Released"}},
        {"killSwitch": {"state": "Released", "id": "another"}},
        {"killSwitch": None},
        None,
    ],
    ids=["released", "released under another id", "no kill switch", "no status"],
)
def test_a_latch_is_not_cleared_even_by_an_administrator(latched: BotServer, status: dict[str, Any] | None) -> None:
    with pytest.raises(ClusterError, match=LATCHED):
        latched.patch_status("latched", status)
    assert latched.get("latched")["status"]["killSwitch"]["state"] == "Latched"


@pytest.mark.control("S4.3")
def test_a_latch_that_its_own_writer_leaves_out_is_not_dropped(latched: BotServer) -> None:
    latched.apply_status("latched", {"engine": {"state": "Halting"}}, manager="bot")
    with pytest.raises(ClusterError, match=LATCHED):
        latched.apply_status("latched", {}, manager="latch")


def test_a_report_of_the_engine_leaves_the_latch_alone(latched: BotServer) -> None:
    latched.apply_status("latched", {"engine": {"state": "Halting"}}, manager="bot")
    assert latched.get("latched")["status"] == {"engine": {"state": "Halting"}, "killSwitch": HALT_BY_SPEC}


def test_a_latch_is_confirmed_and_superseded_without_being_released(latched: BotServer) -> None:
    latched.patch_status("latched", {"killSwitch": {"state": "Confirmed"}})
    latched.patch_status("latched", {"killSwitch": {"state": "Latched", "id": "89e5efad-1763718999999"}})
    latched.patch("latched", {"spec": {"acknowledgedHalt": HALT}})
    with pytest.raises(ClusterError, match=LATCHED):
        latched.patch_status("latched", {"killSwitch": {"state": "Released"}})


def test_a_latch_is_not_released_by_the_acknowledgement_of_another_halt(latched: BotServer) -> None:
    latched.patch("latched", {"spec": {"acknowledgedHalt": "89e5efad-1763718000124"}})
    with pytest.raises(ClusterError, match=LATCHED):
        latched.patch_status("latched", {"killSwitch": {"state": "Released"}})


@pytest.mark.control("S4.4")
def test_a_latch_is_not_released_while_the_spec_asks_for_a_halt(latched: BotServer) -> None:
    latched.patch("latched", {"spec": {"acknowledgedHalt": HALT, "halted": True}})
    with pytest.raises(ClusterError, match=LATCHED):
        latched.patch_status("latched", {"killSwitch": {"state": "Released"}})


def test_a_latch_is_released_by_the_acknowledgement_of_its_id(latched: BotServer) -> None:
    latched.patch("latched", {"spec": {"acknowledgedHalt": HALT, "halted": False}})
    assert latched.get("latched")["status"]["killSwitch"]["state"] == "Latched"
    latched.patch_status("latched", {"killSwitch": {"state": "Released"}})
    assert latched.get("latched")["status"]["killSwitch"]["state"] == "Released"


@pytest.mark.control("K-rollback")
def test_an_edit_of_the_spec_does_not_touch_the_latch(latched: BotServer) -> None:
    latched.patch("latched", {"spec": {"paused": True}, "status": {"killSwitch": None}})
    assert latched.get("latched")["status"]["killSwitch"]["id"] == HALT


def test_a_latch_without_an_id_is_refused(running: BotServer) -> None:
    with pytest.raises(ClusterError, match=r"status\.killSwitch\.id: Required value"):
        running.patch_status("running", {"killSwitch": {"state": "Latched"}})


def test_kubectl_get_shows_what_the_bot_does(bot_server: BotServer) -> None:
    bot_server.apply(changed({}, name="shown"))
    now = "2026-11-21T09:00:00Z"
    ready = {"type": "Ready", "status": "True", "reason": "Running", "message": "", "lastTransitionTime": now}
    positions = [{"market": "BTC/USDT:USDT", "amount": "-0.012", "averagePrice": "62000.5", "notional": "-744.01"}]
    engine = {"state": "Running", "equity": "10012.55", "dayPnl": "-3.2", "openOrders": 6, "positions": positions}
    bot_server.patch_status("shown", {"phase": "Running", "conditions": [ready], "engine": engine})
    table = bot_server.kubectl("get", "bots", "shown", "-o", "wide")
    bot_server.kubectl("delete", "bot", "shown")
    assert [re.sub(r" +", " ", line.strip()) for line in re.sub(r"\b\d+s\b", "1s", table).splitlines()] == [
        "NAME MODE STATE POSITION EQUITY ORDERS PNL AGE MARKET REASON",
        "shown Testnet Running -0.012 10012.55 6 -3.2 1s BTC/USDT:USDT Running",
    ]


def test_the_category_and_both_short_names_find_the_bot(running: BotServer) -> None:
    for word in ("desk", "bot", "bots", "tradingbots"):
        assert "tradingbot.tradingdesk.io/running" in running.kubectl("get", word, "-o", "name")


@pytest.mark.parametrize(
    ("field", "words"),
    [
        ("tradingbot", "hard limits, and a kill switch that proves itself"),
        ("tradingbot.spec.envelope", "An order that would break one is not sent"),
        ("tradingbot.spec.halted", "Setting it back releases nothing"),
        ("tradingbot.status.conditions.type", "the venue confirmed that no order is left"),
    ],
)
def test_kubectl_explain_tells_what_a_field_means(bot_server: BotServer, field: str, words: str) -> None:
    explained = " ".join(bot_server.kubectl("explain", field, "--api-version=tradingdesk.io/v1alpha1").split())
    assert words in explained

"""A bot that hangs: its orders go all the same, and the kill Job says so in its own words (safety.md 5)."""

import json
from typing import Any

import pytest

from tests.demo.desk import Desk, eventually
from tests.desk import bots

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(600)]

BOT, KEY = "hung", "kill-key"


def _outcome(desk: Desk, job: str) -> dict[str, Any] | None:
    text = desk.kubectl("get", "pods", "--selector", f"batch.kubernetes.io/job-name={job}", "--output", "json")
    for pod in json.loads(text)["items"]:
        for container in pod["status"].get("containerStatuses", ()):
            message = container["state"].get("terminated", {}).get("message")
            if message:
                found: dict[str, Any] = json.loads(message)
                return found
    return None


@pytest.mark.control("S5.3", "FIA-KS")
def test_s5_a_bot_that_hangs_is_emptied_by_the_operators_job(desk: Desk) -> None:
    if desk.cluster.engine is None:
        pytest.skip("only on a node of our own can a process be stopped from outside its pod")
    with bots.applied(desk, BOT, KEY, **bots.wide_ladder(5)):
        bots.ready(desk, BOT)
        eventually("orders rest", lambda: desk.truth(KEY)["openOrders"] >= 10, seconds=60)
        stop = ("pkill", "-STOP", "-f", f"desk run --object default/{BOT}")
        desk.cluster.engine.run("exec", desk.cluster.node, *stop)
        desk.kubectl("patch", "tradingbot", BOT, "--type", "merge", "-p", '{"spec":{"halted":true}}')
        switch = eventually("it is latched", lambda: desk.bot(BOT)["status"].get("killSwitch"), seconds=10)
        job = f"{BOT}-kill-{switch['id']}"
        eventually("the kill Job is there", lambda: desk.kubectl("get", "job", job, "--output", "name"), seconds=30)
        eventually("the venue is empty", lambda: desk.truth(KEY)["openOrders"] == 0, seconds=30)
        done = eventually("the Job says what it did", lambda: _outcome(desk, job), seconds=180)
        assert (done["confirmed"], done["residualOrders"], done["haltId"]) == (True, 0, switch["id"])
        switch = desk.bot(BOT)["status"]["killSwitch"]
        assert (switch["state"], switch["confirmedBy"] in ("KillJob", "Engine")) == ("Confirmed", True)
        assert desk.truth(KEY)["openOrders"] == 0

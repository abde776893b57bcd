"""`kubectl desk` as a process against a real API server, with the operator gone and with it there.

No kubelet is played for a Job: what its pod says at its end is tests/desk's on a real node.
"""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from deskoperator.resources.kinds import JOB, POD, TRADING_BOT, Object
from tests.cluster.control_plane import ControlPlane
from tests.operator.desk import Api, Operator, allow_operator, eventually, running
from tests.operator.played import SPACE, Bot, Engine, ready_api
from tests.operator.worlds import halt

pytestmark = [pytest.mark.apiserver, pytest.mark.timeout(1200)]

PROGRAM = "from deskoperator.kubectl import main; raise SystemExit(main())"


@pytest.fixture(scope="module")
def api(control_plane: ControlPlane) -> Api:
    return ready_api(control_plane)


class Person:
    """Somebody with a kubeconfig."""

    def __init__(self, control_plane: ControlPlane) -> None:
        self._environment = {**os.environ, "KUBECONFIG": str(control_plane.kubeconfig)}

    def starts(self, *arguments: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-W", "error", "-c", PROGRAM, *arguments, "-n", SPACE]
        pipe = subprocess.PIPE
        return subprocess.Popen(command, env=self._environment, stdin=pipe, stdout=pipe, stderr=pipe, text=True)

    def does(self, *arguments: str, says: str = "") -> tuple[int, str, str]:
        """Exit status, stdout, stderr."""
        process = self.starts(*arguments)
        out, err = process.communicate(says, timeout=120)
        return process.returncode, out, err


@pytest.fixture
def person(control_plane: ControlPlane) -> Person:
    return Person(control_plane)


def _outcomes(text: str) -> list[Any]:
    found: list[Any] = json.loads(text)["bots"]
    return found


def _jobs(api: Api, bot: Bot) -> list[Object]:
    return [job for job in api.list(JOB, SPACE) if job["metadata"]["name"].startswith(f"{bot.name}-")]


def _served_once(control_plane: ControlPlane, folder: Path, *bots: Bot) -> None:
    """The operator makes the bots' children, admits them on their accounts, and is gone."""
    with running(Operator(allow_operator(control_plane), folder / "log", "--all-namespaces")):
        for bot in bots:
            bot.settled()
            Engine(control_plane, bot).trades()


@pytest.mark.control("S5.6")
def test_s5_with_the_operator_gone_the_engines_proof_is_waited_for_and_told(
    api: Api, control_plane: ControlPlane, person: Person, tmp_path: Path
) -> None:
    bot = Bot(api)
    _served_once(control_plane, tmp_path, bot)
    engine = Engine(control_plane, bot)
    engine.report("Running")
    process = person.starts("halt", bot.name, "--output", "json")
    eventually(lambda: bot.object()["spec"].get("halted") is True)
    engine.report("Halted", halt=halt("own-1", reason="SpecHalted", confirmed=True))
    out, err = process.communicate(timeout=60)
    [outcome] = _outcomes(out)
    assert (process.returncode, outcome["confirmedBy"], outcome["haltId"], err) == (0, "Engine", "own-1", "")
    assert _jobs(api, bot) == []


@pytest.mark.control("S5.6", "R6-14")
def test_s5_unconfirmed_with_the_operator_gone_the_pod_is_stopped_and_the_same_job_is_made_once(
    api: Api, control_plane: ControlPlane, person: Person, tmp_path: Path
) -> None:
    bot = Bot(api, killSwitch={"confirmWithin": "1s"})
    _served_once(control_plane, tmp_path, bot)
    before = Engine(control_plane, bot).pod
    status, out, _ = person.does("halt", bot.name, "--bot-image", "desk-bot:test", "--timeout", "15s", "-o", "json")
    [outcome] = _outcomes(out)
    [job] = _jobs(api, bot)
    assert (status, outcome["confirmed"], outcome["job"]) == (1, False, job["metadata"]["name"])
    assert job["metadata"]["name"].startswith(f"{bot.name}-kill-{bot.object()['metadata']['uid'][:8]}-")
    assert job["spec"]["template"]["spec"]["containers"][0]["image"] == "desk-bot:test"
    eventually(lambda: api.get(POD, SPACE, f"bot-{bot.name}-0")["metadata"]["uid"] != before)


def test_s5_without_an_image_to_run_it_says_what_is_missing(
    api: Api, control_plane: ControlPlane, person: Person, tmp_path: Path
) -> None:
    bot = Bot(api, killSwitch={"confirmWithin": "1s"})
    _served_once(control_plane, tmp_path, bot)
    status, out, _ = person.does("halt", bot.name, "--timeout", "20s", "-o", "json")
    [outcome] = _outcomes(out)
    assert (status, "--bot-image" in outcome["message"], _jobs(api, bot)) == (1, True, [])
    assert bot.object()["spec"]["halted"] is True


@pytest.mark.control("S5.7")
def test_s5_a_dry_run_asks_for_nothing_of_the_bot_and_starts_a_job_that_cancels_nothing(
    api: Api, person: Person
) -> None:
    bot = Bot(api)
    status, _, _ = person.does("halt", bot.name, "--dry-run", "--bot-image", "desk-bot:test", "--timeout", "2s")
    [job] = _jobs(api, bot)
    assert "--dry-run" in job["spec"]["template"]["spec"]["containers"][0]["args"]
    assert (status, "halted" in bot.object()["spec"]) == (1, False)


@pytest.mark.control("R6-12b")
def test_a_selector_means_its_bots_and_no_others(api: Api, person: Person) -> None:
    meant, other = Bot(api, mode="DryRun"), Bot(api, mode="DryRun")
    api.merge(TRADING_BOT, SPACE, meant.name, _labelled("alpha"))
    status, out, _ = person.does("halt", "-l", "desk=alpha", "--timeout", "1s", "-o", "json")
    assert (status, [one["bot"] for one in _outcomes(out)]) == (1, [meant.name])
    assert (meant.object()["spec"].get("halted"), other.object()["spec"].get("halted")) == (True, None)
    status, _, err = person.does("halt", "-l", "desk=nobody")
    assert (status, err) == (2, "kubectl desk: no TradingBot is meant by that\n")


def _labelled(desk: str) -> Object:
    return {"metadata": {"labels": {"desk": desk}}}


def test_a_bot_that_is_not_there_is_told_and_stops_nobody_else(api: Api, person: Person) -> None:
    bot = Bot(api, mode="DryRun")
    status, out, _ = person.does("halt", "nobody", bot.name, "--timeout", "1s", "-o", "json")
    first, _ = _outcomes(out)
    assert (status, "there is no TradingBot nobody" in first["message"]) == (1, True)
    assert bot.object()["spec"]["halted"] is True


def test_s6_with_the_operator_gone_a_bot_that_is_gone_is_found_by_its_lease_and_gets_the_same_job(
    api: Api, control_plane: ControlPlane, person: Person, tmp_path: Path
) -> None:
    bot = Bot(api)
    _served_once(control_plane, tmp_path, bot)
    api.delete(TRADING_BOT, SPACE, bot.name)
    status, out, _ = person.does("halt", bot.name, "--bot-image", "desk-bot:test", "--timeout", "12s", "-o", "json")
    [outcome] = _outcomes(out)
    [job] = _jobs(api, bot)
    assert (status, outcome["confirmed"], outcome["job"]) == (1, False, job["metadata"]["name"])
    assert job["metadata"]["name"] == f"{bot.name}-kill-{outcome['haltId']}"
    assert f"there is no TradingBot {bot.name}" in outcome["message"]


@pytest.mark.control("FIA-KS")
def test_s5_a_person_resumes_by_the_id_that_was_shown_and_the_operator_releases(
    api: Api, control_plane: ControlPlane, person: Person, tmp_path: Path
) -> None:
    with running(Operator(allow_operator(control_plane), tmp_path / "log", "--all-namespaces")):
        bot = Bot(api)
        bot.settled()
        engine = Engine(control_plane, bot)
        bot.patch(halted=True)
        latch = eventually(lambda: bot.latch() or None)
        engine.report("Halted", halt=halt(latch["id"], reason="SpecHalted", confirmed=True))
        eventually(lambda: bot.latch()["state"] == "Confirmed")
        declined = person.does("resume", bot.name, says="n\n")
        assert (declined[0], latch["id"] in declined[2]) == (1, True)
        assert bot.latch()["state"] == "Confirmed"
        process = person.starts("resume", bot.name, "--yes")
        eventually(lambda: bot.latch()["state"] == "Released")
        engine.report("Running", acknowledgedHalt=latch["id"])
        out, _ = process.communicate(timeout=60)
        assert (process.returncode, out) == (0, f"{SPACE}/{bot.name}: halt {latch['id']} is released\n")
        assert "halted" not in bot.object()["spec"]


def test_a_bot_that_is_not_halted_cannot_be_resumed(api: Api, person: Person) -> None:
    bot = Bot(api)
    status, out, _ = person.does("resume", bot.name, "--yes")
    assert (status, out) == (1, f"{SPACE}/{bot.name}: it is not halted\n")

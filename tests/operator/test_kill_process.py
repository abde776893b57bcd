"""The second path of a halt against a real API server and controller manager: the Job as the cluster takes it.

No kubelet is played for the Job: that its pod runs, and what it says at its end, is tests/desk's on a real node.
"""

import asyncio
from functools import partial

import pytest
from kubernetes.aio.client import ApiClient

from deskoperator.controller.cluster import Cluster
from deskoperator.controller.login import client_configuration
from deskoperator.controller.metrics import Metrics
from deskoperator.errors import Terminating
from deskoperator.resources.kinds import EVENT, JOB, LEASE, NAMESPACE, POD, TRADING_BOT, Kind, Object
from tests.cluster.control_plane import ControlPlane
from tests.operator.desk import Api, Operator, eventually
from tests.operator.played import SPACE, Bot, Engine
from tests.operator.worlds import halt

pytestmark = [pytest.mark.apiserver, pytest.mark.timeout(1200)]

SOON = {"confirmWithin": "1s"}


def _halted(bot: Bot) -> str:
    bot.patch(halted=True)
    return str(eventually(lambda: bot.latch() or None)["id"])


def _job(api: Api, bot: Bot, halt_id: str) -> Object:
    return eventually(partial(api.find, JOB, SPACE, f"{bot.name}-kill-{halt_id}"), what="kill Job")


def _event(api: Api, bot: Bot, reason: str) -> Object:
    uid = bot.object()["metadata"]["uid"]
    return eventually(partial(api.find, EVENT, SPACE, f"bot-{bot.name}.{reason}.{uid[:8]}"), what=reason)


def test_s5_an_unconfirmed_halt_stops_the_pod_and_starts_a_job_that_the_restricted_standard_lets_run(
    operator: Operator, api: Api, control_plane: ControlPlane
) -> None:
    bot = Bot(api, killSwitch=SOON, image="registry.example/own:1")
    bot.settled()
    before = Engine(control_plane, bot).trades().pod
    halt_id = _halted(bot)
    job = _job(api, bot, halt_id)
    assert "ownerReferences" not in job["metadata"]
    [container] = job["spec"]["template"]["spec"]["containers"]
    assert (container["image"], f"--halt-id={halt_id}" in container["args"]) == ("desk-bot:test", True)
    uid = job["metadata"]["uid"]
    pod = eventually(lambda: next((one for one in api.list(POD, SPACE) if _owner(one) == uid), None), what="its pod")
    assert "token" not in str(pod["spec"]["volumes"])
    eventually(lambda: api.get(POD, SPACE, f"bot-{bot.name}-0")["metadata"]["uid"] != before, what="the pod is stopped")
    assert "kill Job" in _event(api, bot, "killjobstarted")["note"]
    _event(api, bot, "podstopped")
    eventually(lambda: "kill Job" in _message(bot, "Halted"))
    assert operator.measured("desk_operator_kill_jobs_total") >= 2


def _owner(pod: Object) -> str:
    return next((owner["uid"] for owner in pod["metadata"].get("ownerReferences", ())), "")


def _message(bot: Bot, kind: str) -> str:
    return next(str(one["message"]) for one in bot.status()["conditions"] if one["type"] == kind)


@pytest.mark.control("S5.5")
def test_s5_a_job_that_is_removed_is_made_again_until_the_halt_is_confirmed(
    operator: Operator, api: Api, control_plane: ControlPlane
) -> None:
    bot = Bot(api, killSwitch=SOON)
    bot.settled()
    Engine(control_plane, bot).trades()
    halt_id = _halted(bot)
    first = _job(api, bot, halt_id)
    api.delete(JOB, SPACE, first["metadata"]["name"], body={"propagationPolicy": "Background"})
    eventually(lambda: _job(api, bot, halt_id)["metadata"]["uid"] != first["metadata"]["uid"])
    engine = Engine(control_plane, bot)
    proof = {**halt(halt_id, reason="SpecHalted", confirmed=True)}
    engine.report("Halted", halt=proof)
    eventually(lambda: bot.latch()["state"] == "Confirmed")
    assert bot.latch()["confirmedBy"] == "Engine"


def test_s5_a_job_that_somebody_else_has_made_already_is_taken_for_what_it_is(
    operator: Operator, api: Api, control_plane: ControlPlane
) -> None:
    bot = Bot(api, killSwitch={"confirmWithin": "3s"})
    bot.settled()
    Engine(control_plane, bot).trades()
    halt_id = _halted(bot)
    name = f"{bot.name}-kill-{halt_id}"
    container = {"name": "kill", "image": "desk-bot:test"}
    template = {"spec": {"restartPolicy": "Never", "containers": [container]}}
    made = api.create(JOB, SPACE, {**JOB.header(SPACE, name), "spec": {"template": template}})
    eventually(lambda: "kill Job" in _message(bot, "Halted"))
    assert api.get(JOB, SPACE, name)["metadata"]["uid"] == made["metadata"]["uid"]


def test_s5_a_bot_that_sends_nothing_has_its_pod_stopped_and_no_job(
    operator: Operator, api: Api, control_plane: ControlPlane
) -> None:
    bot = Bot(api, killSwitch=SOON, mode="DryRun")
    bot.settled()
    before = Engine(control_plane, bot).pod
    halt_id = _halted(bot)
    eventually(lambda: api.get(POD, SPACE, f"bot-{bot.name}-0")["metadata"]["uid"] != before)
    assert api.find(JOB, SPACE, f"{bot.name}-kill-{halt_id}") is None


def test_s5_a_halt_that_the_engine_confirms_in_time_gets_no_job(
    operator: Operator, api: Api, control_plane: ControlPlane
) -> None:
    bot = Bot(api, killSwitch={"confirmWithin": "5s"})
    bot.settled()
    engine = Engine(control_plane, bot)
    engine.report("Running")
    halt_id = _halted(bot)
    engine.report("Halted", halt=halt(halt_id, reason="SpecHalted", confirmed=True))
    eventually(lambda: bot.latch()["state"] == "Confirmed")
    bot.comes_to("Halted", "True", "HaltConfirmed")
    api.merge(TRADING_BOT, SPACE, bot.name, {"metadata": {"labels": {"looked": "at"}}})
    assert api.find(JOB, SPACE, f"{bot.name}-kill-{halt_id}") is None
    assert api.get(POD, SPACE, f"bot-{bot.name}-0")["metadata"]["uid"] == engine.pod


def test_s3_of_two_bots_on_one_account_the_first_stays_and_a_halt_of_the_other_has_no_job(
    operator: Operator, api: Api, control_plane: ControlPlane
) -> None:
    first, second = Bot(api), Bot(api, killSwitch=SOON)
    for bot in (first, second):
        bot.settled()
    Engine(control_plane, first).trades()
    other = Engine(control_plane, second)
    other.report("Stalled", reconciledAt=None, accountId=f"account-of-{first.name}")
    second.comes_to("Admitted", "False", "AccountTaken")
    assert f"TradingBot {SPACE}/{first.name}'s" in _message(second, "Admitted")
    assert "admitted" not in second.status()
    halt_id = _halted(second)
    eventually(lambda: second.latch()["confirmedBy"] == "Operator")
    assert api.find(JOB, SPACE, f"{second.name}-kill-{halt_id}") is None
    api.delete(TRADING_BOT, SPACE, second.name)
    eventually(lambda: api.find(LEASE, SPACE, second.name) is None, what="its Lease goes without a Job", within=90)
    assert first.status()["admitted"]["accountId"] == f"account-of-{first.name}"


def test_s6_in_a_namespace_that_is_being_deleted_the_api_server_says_so_by_a_cause(
    api: Api, control_plane: ControlPlane
) -> None:
    """What the operator takes the answer for is tests/operator/test_burial.py's."""
    space, config = "desk-terminating", Kind("v1", "ConfigMap", "configmaps")
    api.create(NAMESPACE, None, {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": space}})
    held = {**config.header(space, "holds"), "data": {}}
    held["metadata"]["finalizers"] = ["tradingdesk.io/test"]
    api.create(config, space, held)
    api.delete(NAMESPACE, "", space)
    template = {"spec": {"restartPolicy": "Never", "containers": [{"name": "kill", "image": "desk-bot:test"}]}}
    job = {**JOB.header(space, "late"), "spec": {"template": template}}

    async def refused() -> None:
        configuration = await client_configuration(str(control_plane.kubeconfig))
        async with ApiClient(configuration) as client:
            await Cluster(client, Metrics(), timeout_seconds=10).create(JOB, job)

    with pytest.raises(Terminating):
        asyncio.run(refused())
    api.merge(config, space, "holds", {"metadata": {"finalizers": None}})

"""The operator as a process against a real API server and controller manager. The test plays kubelet and bot."""

import json
import statistics
import time
from functools import partial

import pytest
from kubernetes.dynamic.exceptions import ForbiddenError

from deskapi.lease import RELEASED_MARK, is_released
from deskoperator.resources.kinds import (
    CHILDREN,
    EVENT,
    JOB,
    LEASE,
    POD,
    ROLE,
    ROLE_BINDING,
    SERVICE_ACCOUNT,
    STATEFUL_SET,
    TRADING_BOT,
    Kind,
    Object,
)
from deskoperator.resources.labels import owning_bot_uid
from deskoperator.resources.venue_scope import scope_on
from tests.cluster.control_plane import ControlPlane
from tests.operator.desk import Api, Operator, at_rest, eventually
from tests.operator.played import SPACE, Bot, Engine
from tests.operator.worlds import halt

pytestmark = [pytest.mark.apiserver, pytest.mark.timeout(1200)]  # the programs may have to be built first

HELD = {"holderIdentity": "pod-1"}
VOLUME_CLAIM = Kind("v1", "PersistentVolumeClaim", "persistentvolumeclaims")


def latched(bot: Bot) -> Object | None:
    return bot.latch() or None


def gone(api: Api, kind: Kind, name: str) -> bool:
    return api.find(kind, SPACE, name) is None


def test_a_bot_gets_its_children_and_the_status_says_where_it_stands(operator: Operator, api: Api) -> None:
    bot = Bot(api)
    for child in bot.settled().values():
        [owner] = [each for each in child["metadata"]["ownerReferences"] if each.get("controller")]
        assert (owner["kind"], owner["uid"]) == ("TradingBot", bot.object()["metadata"]["uid"])
    assert bot.status()["observedGeneration"] == 1
    assert bot.status()["phase"] == "Pending"


@pytest.mark.parametrize("kind", CHILDREN, ids=lambda kind: kind.kind)
def test_a_deleted_child_comes_back_and_an_event_says_so(operator: Operator, api: Api, kind: Kind) -> None:
    bot = Bot(api)
    before = bot.settled()[kind]["metadata"]["uid"]
    api.delete(kind, SPACE, f"bot-{bot.name}")
    eventually(lambda: bot.child(kind)["metadata"]["uid"] != before)
    uid = bot.object()["metadata"]["uid"]
    event = eventually(lambda: api.find(EVENT, SPACE, f"bot-{bot.name}.childrepaired.{uid[:8]}"))
    assert event["note"] == f"{kind.kind} was gone; applied again"


EDITS: dict[Kind, Object] = {
    SERVICE_ACCOUNT: {"automountServiceAccountToken": True},
    ROLE: {"rules": [{"apiGroups": [""], "resources": ["secrets"], "verbs": ["get"]}]},
    ROLE_BINDING: {"subjects": []},
    STATEFUL_SET: {"spec": {"replicas": 0}},
}


@pytest.mark.parametrize("kind", CHILDREN, ids=lambda kind: kind.kind)
def test_an_edited_child_is_put_back(operator: Operator, api: Api, kind: Kind) -> None:
    bot = Bot(api)
    before = bot.settled()[kind]
    edited = api.merge(kind, SPACE, f"bot-{bot.name}", EDITS[kind])
    assert _owned_part(edited) != _owned_part(before)
    eventually(lambda: _owned_part(bot.child(kind)) == _owned_part(before))


def _owned_part(child: Object) -> Object:
    return {name: value for name, value in child.items() if name not in {"metadata", "status"}}


def test_what_others_add_to_a_child_stays(operator: Operator, api: Api) -> None:
    bot = Bot(api)
    bot.settled()
    api.merge(STATEFUL_SET, SPACE, f"bot-{bot.name}", {"metadata": {"annotations": {"team": "alpha"}}})
    api.delete(ROLE, SPACE, f"bot-{bot.name}")  # something to repair beside it
    eventually(lambda: bot.child(ROLE))
    assert bot.child(STATEFUL_SET)["metadata"]["annotations"]["team"] == "alpha"


def test_looking_again_writes_nothing(operator: Operator, api: Api) -> None:
    bot = Bot(api, resources={"requests": {"cpu": "1000m", "memory": "1024Mi"}}, tolerations=[{"operator": "Exists"}])
    bot.settled()
    at_rest(operator)
    api.merge(TRADING_BOT, SPACE, bot.name, {"metadata": {"labels": {"looked": "at"}}})
    before, writes = bot.versions(), operator.measured("desk_operator_writes_total")
    looked = operator.measured("desk_operator_reconcile_seconds_count")
    api.merge(TRADING_BOT, SPACE, bot.name, {"metadata": {"labels": {"looked": "again"}}})
    before["TradingBot"] = bot.versions()["TradingBot"]
    eventually(lambda: operator.measured("desk_operator_reconcile_seconds_count") > looked)
    at_rest(operator)
    assert bot.versions() == before
    assert operator.measured("desk_operator_writes_total") == writes


def test_a_halt_is_latched_well_under_a_second(operator: Operator, api: Api) -> None:
    bots = [Bot(api) for _ in range(10)]
    for bot in bots:
        bot.settled()
    times = []
    for bot in bots:
        begin = time.perf_counter()
        bot.patch(halted=True)
        eventually(partial(latched, bot))
        times.append(time.perf_counter() - begin)
    print(f"patch to latch seen: median {statistics.median(times) * 1000:.0f} ms, most {max(times) * 1000:.0f} ms")
    for bot in bots:
        assert bot.latch()["state"] != "Released"
        assert bot.latch()["id"].startswith(bot.object()["metadata"]["uid"][:8])
    assert max(times) < 1.0


def test_a_bots_story_from_its_first_report_over_a_halt_to_its_release(
    operator: Operator, api: Api, control_plane: ControlPlane
) -> None:
    bot = Bot(api)
    bot.settled()
    engine = Engine(control_plane, bot)
    engine.report("Starting")
    bot.comes_to("Ready", "False", "StartupReconciliation")
    engine.report("Running")
    bot.comes_to("Ready", "True", "Running")
    bot.comes_to("Trading", "True", "Running")

    bot.patch(halted=True)
    latch = eventually(lambda: bot.latch() or None)
    held = halt(latch["id"], reason="SpecHalted")
    engine.report("Halting", halt=held)
    bot.comes_to("Halted", "True", "HaltUnconfirmed")
    bot.comes_to("Ready", "False", "HaltUnconfirmed")
    engine.report("Halted", halt={**held, "confirmedAt": "2026-11-21T09:00:01Z", "ordersCancelled": 40})
    eventually(lambda: bot.latch()["state"] == "Confirmed")
    bot.comes_to("Ready", "True", "HaltConfirmed")
    assert (bot.status()["phase"], bot.latch()["ordersCancelled"]) == ("Halted", 40)

    bot.patch(halted=False)
    bot.patch(acknowledgedHalt="somebody-elses")
    eventually(lambda: bot.status()["observedGeneration"] == bot.object()["metadata"]["generation"])
    assert bot.latch()["state"] == "Confirmed"
    bot.patch(acknowledgedHalt=latch["id"])
    eventually(lambda: bot.latch()["state"] == "Released")
    bot.comes_to("Ready", "False", "SpecPending")
    engine.report("Running", acknowledgedHalt=latch["id"])
    bot.comes_to("Ready", "True", "Running")
    bot.comes_to("Halted", "False", "NotHalted")
    uid = bot.object()["metadata"]["uid"]
    for reason in ("halted", "haltconfirmed", "released"):
        eventually(partial(api.find, EVENT, SPACE, f"bot-{bot.name}.{reason}.{uid[:8]}"))


def test_a_halt_of_the_engine_is_latched_under_its_id(
    operator: Operator, api: Api, control_plane: ControlPlane
) -> None:
    bot = Bot(api)
    bot.settled()
    Engine(control_plane, bot).report("Halting", halt=halt("aaaa-1"))
    latch = eventually(lambda: bot.latch() or None)
    assert (latch["id"], latch["source"], latch["reason"]) == ("aaaa-1", "Engine", "JournalLost")


def test_a_problem_of_the_engine_stalls_the_bot_and_is_one_event_however_often_it_comes(
    operator: Operator, api: Api, control_plane: ControlPlane
) -> None:
    bot = Bot(api)
    bot.settled()
    engine = Engine(control_plane, bot)
    problem = {"reason": "CredentialsMissing", "message": "Secret bot1-keys does not exist"}
    name = f"bot-{bot.name}.stalled.{bot.object()['metadata']['uid'][:8]}"
    engine.report("Stalled", problem=problem)
    bot.comes_to("Stalled", "True", "CredentialsMissing")
    assert eventually(lambda: api.find(EVENT, SPACE, name))["note"] == f"CredentialsMissing: {problem['message']}"
    engine.report("Running")
    bot.comes_to("Ready", "True", "Running")
    engine.report("Stalled", problem=problem)
    assert eventually(lambda: api.get(EVENT, SPACE, name).get("series"))["count"] == 2
    engine.report("Stalled", problem={**problem, "message": "Secret bot1-keys has no key apiKey"})
    eventually(lambda: api.get(EVENT, SPACE, name)["note"].endswith("has no key apiKey"))


def test_the_bots_account_may_report_and_do_nothing_else(
    operator: Operator, api: Api, control_plane: ControlPlane
) -> None:
    bot, other = Bot(api), Bot(api)
    bot.settled()
    engine = Engine(control_plane, bot)
    engine.report("Running")
    for forbidden in (
        lambda: engine.api.get(TRADING_BOT, SPACE, other.name),
        lambda: engine.api.apply_status(TRADING_BOT, SPACE, other.name, {"engine": {"state": "Running"}}, "desk-bot"),
        lambda: engine.api.merge(TRADING_BOT, SPACE, bot.name, {"spec": {"halted": False}}),
        lambda: engine.api.list(POD, SPACE),
    ):
        with pytest.raises(ForbiddenError):
            forbidden()


def test_s6_a_bot_that_was_deleted_leaves_a_tombstone_which_a_kill_jobs_proof_removes(
    operator: Operator, api: Api, control_plane: ControlPlane
) -> None:
    bot = Bot(api)
    before = bot.settled()
    Engine(control_plane, bot).trades()
    free = api.get(LEASE, SPACE, bot.name)["metadata"]["annotations"][RELEASED_MARK]
    api.merge(LEASE, SPACE, bot.name, {"metadata": {"annotations": {RELEASED_MARK: None}}, "spec": HELD})
    api.delete(TRADING_BOT, SPACE, bot.name)
    job = eventually(lambda: next((one for one in api.list(JOB, SPACE) if _kills(one, bot)), None), what="kill Job")
    bot.create()
    bot.comes_to("Admitted", "Unknown", "EarlierBotRemains")
    eventually(partial(gone, api, STATEFUL_SET, f"bot-{bot.name}"), within=90)
    # The rights are there, so that the pod can still say that it is over.
    assert bot.child(ROLE)["rules"] == before[ROLE]["rules"]
    _says_that_it_is_done(api, job)
    api.merge(LEASE, SPACE, bot.name, {"metadata": {"annotations": {RELEASED_MARK: free}}, "spec": None})
    bot.has_children()
    scope = scope_on(api.get(LEASE, SPACE, bot.name))
    assert scope is not None
    assert scope.uid == bot.object()["metadata"]["uid"]
    assert api.get(JOB, SPACE, job["metadata"]["name"])["metadata"]["uid"] == job["metadata"]["uid"]
    eventually(lambda: _events_of_a_lease(api, bot) >= {"KillJobStarted", "TombstoneRemoved"})


def _kills(job: Object, bot: Bot) -> bool:
    return bool(job["metadata"]["name"].startswith(f"{bot.name}-kill-"))


def _says_that_it_is_done(api: Api, job: Object) -> None:
    """What a kubelet would tell of the Job's pod at its end."""
    [halt_id] = [each for each in job["spec"]["template"]["spec"]["containers"][0]["args"] if "--halt-id=" in each]
    selector = f"batch.kubernetes.io/job-name={job['metadata']['name']}"
    pod = eventually(lambda: next(iter(api.list(POD, SPACE, selector)), None), what="the Job's pod")
    moment = "2026-11-21T09:00:00Z"
    report = {"haltId": halt_id.partition("=")[2], "confirmed": True, "confirmedAt": moment, "residualOrders": 0}
    ended = {"exitCode": 0, "message": json.dumps(report), "finishedAt": moment}
    container = {"name": "kill", "image": "i", "imageID": "i", "ready": False, "restartCount": 0}
    status = {"phase": "Running", "containerStatuses": [{**container, "state": {"terminated": ended}}]}
    api.apply_status(POD, SPACE, pod["metadata"]["name"], status, "kubelet")
    # No event of a Job's pod concerns a bot: what its kubelet tells the Job does.
    api.merge(JOB, SPACE, job["metadata"]["name"], {"metadata": {"labels": {"looked": "at"}}})


def _events_of_a_lease(api: Api, bot: Bot) -> set[str]:
    found = [each for each in api.list(EVENT, SPACE) if each["regarding"]["kind"] == LEASE.kind]
    return {each["reason"] for each in found if each["regarding"]["name"] == bot.name}


def test_s1_a_lease_deleted_by_hand_is_made_anew_as_one_that_may_be_held(operator: Operator, api: Api) -> None:
    bot = Bot(api)
    bot.settled()
    first = api.get(LEASE, SPACE, bot.name)
    assert is_released(first)
    api.delete(LEASE, SPACE, bot.name)
    second = eventually(lambda: api.find(LEASE, SPACE, bot.name))
    assert second["metadata"]["uid"] != first["metadata"]["uid"]
    assert not is_released(second)


def test_a_deleted_bot_leaves_nothing_and_one_of_its_name_starts_afresh(operator: Operator, api: Api) -> None:
    bot = Bot(api, mode="DryRun")
    before = bot.settled()
    bot.patch(halted=True)
    eventually(lambda: bot.latch() or None)
    api.delete(TRADING_BOT, SPACE, bot.name)
    bot.create(mode="DryRun")
    eventually(lambda: api.find(VOLUME_CLAIM, SPACE, f"journal-bot-{bot.name}-0"))
    # Its rights may be those of the old one, which its Lease kept.
    eventually(lambda: bot.child(STATEFUL_SET)["metadata"]["uid"] != before[STATEFUL_SET]["metadata"]["uid"])
    uid = bot.object()["metadata"]["uid"]
    eventually(lambda: all(owning_bot_uid(bot.child(kind)) == uid for kind in CHILDREN))
    assert bot.latch() == {}
    api.delete(TRADING_BOT, SPACE, bot.name)
    # The garbage collector looks for new kinds every 30 s only, and this one may be younger.
    for kind in CHILDREN:
        eventually(partial(gone, api, kind, f"bot-{bot.name}"), within=90)
    eventually(lambda: api.find(VOLUME_CLAIM, SPACE, f"journal-bot-{bot.name}-0") is None)


def test_a_refused_child_is_told_in_the_servers_words(operator: Operator, api: Api) -> None:
    bot = Bot(api)
    bot.settled()
    bot.patch(nodeSelector={"not a label!": "x"})
    bot.comes_to("Stalled", "True", "ChildRefused")
    bot.patch(nodeSelector=None)
    bot.comes_to("Stalled", "False", "Settled")


def test_a_pod_that_cannot_start_is_replaced_when_the_spec_names_another_image(operator: Operator, api: Api) -> None:
    bot = Bot(api, image="desk-bot:typo")
    bot.settled()
    name = f"bot-{bot.name}-0"
    before = api.get(POD, SPACE, name)["metadata"]["uid"]
    bot.patch(image="desk-bot:right")
    after = eventually(lambda: _other(api.find(POD, SPACE, name), before))
    assert after["spec"]["containers"][0]["image"] == "desk-bot:right"


def _other(pod: Object | None, uid: str) -> Object | None:
    return pod if pod is not None and pod["metadata"]["uid"] != uid else None


@pytest.mark.control("K-skew")
def test_a_pod_that_runs_is_left_alone_when_the_image_changes(operator: Operator, api: Api) -> None:
    bot = Bot(api)
    bot.settled()
    before = bot.pod_becomes_ready()
    bot.patch(image="desk-bot:next")
    eventually(lambda: bot.child(STATEFUL_SET)["spec"]["template"]["spec"]["containers"][0]["image"] == "desk-bot:next")
    at_rest(operator)
    assert api.get(POD, SPACE, f"bot-{bot.name}-0")["metadata"]["uid"] == before

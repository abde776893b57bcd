"""The second path of a halt: when the pod is stopped, when a kill Job is made, what is its proof (safety.md 5)."""

import json
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deskapi import LatchState
from deskoperator.plan.actions import Happening
from deskoperator.plan.kill_job import decide_kill
from deskoperator.plan.plan import Plan
from deskoperator.resources.kinds import JOB, POD, Object
from tests.operator.test_kill import latch
from tests.operator.worlds import NOW, UID, Scene, bot_object, engine, halt, pod_object, reported, scene, text
from tests.operator.worlds import with_status as with_status_of

ID = "4edcb75a-1763715600000"
JOB_NAME = f"bot1-kill-{ID}"
JOB_UID = "job-1"


def seconds(number: float) -> datetime:
    return NOW + timedelta(seconds=number)


def halted(*, pod: Object | None = None, more: Object | None = None, **spec: Any) -> Scene:
    """A bot whose halt was latched at NOW and is not confirmed."""
    obj = with_status_of(bot_object(halted=True, **spec), killSwitch=latch(ID), **(more or {}))
    return scene(obj, pod=pod)


def at(seen: Scene, when: float, **world: Any) -> Plan:
    return replace(seen, now=seconds(when), world=replace(seen.world, **world)).plan()


def job(*, made: float = 10, **status: Any) -> Object:
    metadata = {"name": JOB_NAME, "namespace": "desk", "uid": JOB_UID, "creationTimestamp": text(seconds(made))}
    return {**JOB.header("desk", JOB_NAME), "metadata": metadata, "status": status}


def job_pod(message: str | None = None, *, owner: str = JOB_UID, running: bool = False, **more: Any) -> Object:
    terminated = {} if message is None else {"terminated": {"message": message, "exitCode": 0}}
    state = "lastState" if running else "state"
    owners = [{"kind": "Job", "name": JOB_NAME, "uid": owner, "controller": True}]
    status = {"containerStatuses": [{"name": "kill", state: terminated}], **more}
    return {"metadata": {"name": f"{JOB_NAME}-x", "uid": "p", "ownerReferences": owners}, "status": status}


def outcome(**changes: Any) -> str:
    said = {
        "haltId": ID,
        "confirmed": True,
        "dryRun": False,
        "confirmedAt": text(seconds(30)),
        "reason": "HaltConfirmed",
        "message": "the venue has shown twice that no order is left",
        "ordersCancelled": 12,
        "residualOrders": 0,
        "residualPosition": "0.5 BTC/USDT:USDT",
    }
    return json.dumps({**said, **changes})


def made(done: Plan) -> Object:
    [create] = done.creates
    return create.manifest


def happened(done: Plan) -> list[Happening]:
    return [notice.happening for notice in done.kill_events]


# when


def test_s5_before_confirm_within_the_engine_is_left_to_its_work() -> None:
    done = at(halted(pod=pod_object()), 9.9)
    assert (done.creates, done.stops, done.kill_events) == ((), (), ())
    assert done.requeue_after == pytest.approx(0.1)


@pytest.mark.control("S5.3")
def test_s5_after_confirm_within_the_pod_is_stopped_and_the_job_is_made() -> None:
    done = at(halted(pod=pod_object()), 10)
    assert made(done)["metadata"]["name"] == JOB_NAME
    [stop] = done.stops
    assert (stop.kind, stop.name, stop.grace_seconds) == (POD, "bot-bot1-0", 5)
    assert happened(done) == [Happening.POD_STOPPED, Happening.KILL_JOB_STARTED]


def test_s5_confirm_within_is_the_bots_own() -> None:
    seen = halted(killSwitch={"confirmWithin": "30s"})
    assert (at(seen, 29).creates, len(at(seen, 30).creates)) == ((), 1)


@pytest.mark.control("S5.3")
@pytest.mark.parametrize(("report", "job_at"), [(0, 10), (7, 17), (25, 30)])
def test_s5_confirm_within_counts_from_the_engines_last_sign_of_progress_three_times_at_most(
    report: float, job_at: float
) -> None:
    own = engine("Halting", halt=halt(ID, reason="SpecHalted"))
    seen = halted(more={"engine": own})
    seen = replace(seen, obj=reported(seen.obj, seconds(report)))
    assert (at(seen, job_at - 0.1).creates, len(at(seen, job_at).creates)) == ((), 1)


def test_s5_a_report_of_an_engine_that_has_not_taken_over_the_halt_is_no_progress() -> None:
    seen = halted(more={"engine": engine("Running")})
    seen = replace(seen, obj=reported(seen.obj, seconds(9)))
    assert len(at(seen, 10).creates) == 1


def test_s5_a_latch_from_an_engine_with_a_clock_in_the_future_waits_no_longer() -> None:
    obj = with_status_of(bot_object(), killSwitch={**latch(ID), "triggeredAt": text(seconds(86_400))})
    entry = {"subresource": "status", "time": text(NOW), "fieldsV1": {"f:status": {"f:killSwitch": {}}}}
    obj = {**obj, "metadata": {**obj["metadata"], "managedFields": [entry]}}
    assert len(at(scene(obj), 10).creates) == 1


def test_s5_a_latch_without_a_time_has_waited_long_enough() -> None:
    obj = with_status_of(bot_object(), killSwitch={"state": "Latched", "id": ID})
    assert len(at(scene(obj), 0).creates) == 1


@pytest.mark.parametrize("state", ["Released", "Confirmed"])
def test_s5_a_halt_that_is_confirmed_or_released_gets_no_job(state: str) -> None:
    obj = with_status_of(bot_object(), killSwitch=latch(ID, state))
    assert at(scene(obj), 1000).creates == ()


def test_s5_a_pod_that_came_after_the_first_was_stopped_is_left_to_confirm() -> None:
    fresh = pod_object(creationTimestamp=text(seconds(12)))
    assert at(halted(pod=fresh), 60, kill_job=job()).stops == ()


def test_s5_a_pod_that_is_going_is_not_stopped_again() -> None:
    assert at(halted(pod=pod_object(deletionTimestamp=text(NOW))), 60).stops == ()


@pytest.mark.parametrize("mode", ["DryRun", "Paper"])
def test_s5_where_no_venue_can_be_asked_only_the_pod_is_stopped(mode: str) -> None:
    obj = with_status_of(bot_object(halted=True, mode=mode), killSwitch=latch(ID))
    done = at(scene(obj, pod=pod_object()), 60)
    assert (done.creates, [stop.kind for stop in done.stops]) == ((), [POD])


# what is made


@pytest.mark.control("S5.4")
def test_s5_the_job_knows_the_venue_the_secret_and_every_market_and_nothing_of_the_cluster() -> None:
    held = engine("Halting", positions=[{"market": "ETH/USDT:USDT", "amount": "1"}], accountId="1001")
    body = made(at(halted(more={"engine": held}), 10))
    pod = body["spec"]["template"]["spec"]
    assert pod["automountServiceAccountToken"] is False
    assert "ownerReferences" not in body["metadata"]
    [container] = pod["containers"]
    assert container["args"] == [
        "kill",
        "--mode=Testnet",
        "--exchange=bybit",
        "--market-type=Swap",
        "--endpoint=http://exchange-simulator:8080",
        "--credentials=/credentials",
        "--scope=account",
        "--bot=desk/bot1",
        f"--bot-uid={UID}",
        f"--halt-id={ID}",
        "--account-id=1001",
        "--lease=75s",
        "--result=/dev/termination-log",
        "--market=BTC/USDT:USDT",
        "--market=ETH/USDT:USDT",
    ]
    assert pod["volumes"][1] == {"name": "credentials", "secret": {"secretName": "bot1-keys", "optional": True}}


@pytest.mark.control("S5.4")
def test_s5_the_job_runs_the_releases_own_image_never_the_specs() -> None:
    body = made(at(halted(image="registry.example/broken:1"), 10))
    assert body["spec"]["template"]["spec"]["containers"][0]["image"] == "desk-bot:test"


def test_s5_a_secret_of_its_own_takes_the_place_of_the_bots() -> None:
    body = made(at(halted(killSwitch={"killSecretRef": {"name": "kill-keys"}}), 10))
    assert body["spec"]["template"]["spec"]["volumes"][1]["secret"]["secretName"] == "kill-keys"


def test_s5_the_priority_class_is_the_charts() -> None:
    assert "priorityClassName" not in made(at(halted(), 10))["spec"]["template"]["spec"]
    body = made(at(halted(), 10, kill_priority_class="urgent"))
    assert body["spec"]["template"]["spec"]["priorityClassName"] == "urgent"


def test_s5_the_bots_nodes_are_a_wish_and_its_tolerations_hold() -> None:
    tolerations = [{"key": "desk", "operator": "Exists"}]
    pod = made(at(halted(nodeSelector={"pool": "a"}, tolerations=tolerations), 10))["spec"]["template"]["spec"]
    assert (pod["tolerations"], "nodeSelector" in pod) == (tolerations, False)
    assert "preferredDuringSchedulingIgnoredDuringExecution" in pod["affinity"]["nodeAffinity"]


def test_s5_where_other_bots_use_the_account_only_the_bots_markets_and_orders_go() -> None:
    venue = {**bot_object()["spec"]["venue"], "sharedBy": 3}
    assert "--scope=markets" in made(at(halted(venue=venue), 10))["spec"]["template"]["spec"]["containers"][0]["args"]


def test_s5_a_spec_that_this_version_cannot_read_is_no_reason_to_leave_orders() -> None:
    seen = halted(strategies=[], ownBoundaries={"new": 1}, mode="Live")
    assert seen.bot.spec is None
    assert made(at(seen, 10))["metadata"]["name"] == JOB_NAME


def test_s5_a_venue_that_cannot_be_read_is_said_once() -> None:
    seen = replace(halted(venue={"exchange": "bybit"}), now=seconds(10))
    first = seen.plan()
    assert (first.creates, happened(first)) == ((), [Happening.KILL_JOB_STUCK])
    told = seen.after(first).plan()
    assert (happened(told), told.status) == ([], None)


# what becomes of it


def test_s5_the_jobs_proof_confirms_the_halt_with_its_evidence() -> None:
    done = at(halted(), 40, kill_job=job(), kill_pods=(job_pod(outcome()),))
    assert done.confirmation is not None
    found = done.confirmation
    assert (found.state, found.confirmed_by, found.id) == (LatchState.CONFIRMED, "KillJob", ID)
    assert (found.orders_cancelled, found.residual_orders, found.residual_position) == (12, 0, "0.5 BTC/USDT:USDT")
    assert found.confirmed_at == seconds(30)
    assert happened(done) == [Happening.HALT_CONFIRMED]


@pytest.mark.parametrize(
    "changes",
    [
        {"confirmed": False},
        {"dryRun": True},
        {"haltId": "another-1"},
        {"residualOrders": 1},
        {"residualOrders": None},
        {"confirmedAt": None},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_s5_nothing_less_than_the_whole_proof_of_this_halt_confirms(changes: Object) -> None:
    done = at(halted(), 40, kill_job=job(), kill_pods=(job_pod(outcome(**changes)),))
    assert done.confirmation is None


def test_s5_a_pod_that_is_not_the_jobs_own_proves_nothing() -> None:
    done = at(halted(), 40, kill_job=job(), kill_pods=(job_pod(outcome(), owner="somebody"),))
    assert done.confirmation is None


@given(st.text() | st.recursive(st.none() | st.booleans() | st.text(), st.lists).map(json.dumps))
def test_s5_whatever_else_a_pod_says_confirms_nothing_and_breaks_nothing(message: str) -> None:
    done = at(halted(), 40, kill_job=job(), kill_pods=(job_pod(message),))
    assert done.confirmation is None


def test_s5_what_a_job_says_that_is_not_done_yet_is_shown_and_told_once() -> None:
    said = outcome(confirmed=False, reason="OrdersLeft", message="the venue still shows 2 orders")
    pods = (job_pod(said, running=True),)
    seen = halted()
    first = at(seen, 40, kill_job=job(), kill_pods=pods)
    assert happened(first) == [Happening.KILL_JOB_UNCONFIRMED]
    assert first.status is not None
    [message] = [one["message"] for one in first.status["conditions"] if one["type"] == "Halted"]
    assert "OrdersLeft: the venue still shows 2 orders" in message
    later = replace(seen, obj=with_status_of(seen.obj, **first.status))
    assert happened(at(later, 50, kill_job=job(), kill_pods=pods)) == []


@pytest.mark.control("S5.5")
def test_s5_a_job_that_cannot_be_scheduled_for_ten_seconds_is_an_alert() -> None:
    refused = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "0/3 nodes"}
    pods = (job_pod(conditions=[{**refused, "lastTransitionTime": text(seconds(10))}]),)
    early = at(halted(), 19.9, kill_job=job(), kill_pods=pods)
    assert happened(early) == []
    assert early.requeue_after == pytest.approx(0.1)
    done = at(halted(), 20, kill_job=job(), kill_pods=pods)
    assert happened(done) == [Happening.KILL_JOB_STUCK]
    assert "0/3 nodes" in done.kill_events[0].note


def test_s5_a_job_without_a_pod_for_ten_seconds_is_an_alert() -> None:
    assert happened(at(halted(), 20, kill_job=job())) == [Happening.KILL_JOB_STUCK]


@pytest.mark.control("S5.5")
def test_s5_a_job_that_is_over_without_a_proof_is_made_again() -> None:
    over = job(conditions=[{"type": "Failed", "status": "True"}])
    seen = replace(halted(), now=seconds(40))
    done = at(seen, 40, kill_job=over)
    assert [(stop.kind, stop.uid) for stop in done.stops] == [(JOB, JOB_UID)]
    assert happened(done) == [Happening.KILL_JOB_UNCONFIRMED]
    assert made(at(seen, 41))["metadata"]["name"] == JOB_NAME


def test_s5_once_a_job_is_there_looking_again_writes_nothing() -> None:
    seen = replace(halted(pod=pod_object()), now=seconds(10))
    after = seen.after(seen.plan()).settled()
    assert after.world.kill_job is not None
    assert after.plan().writes_nothing


def test_s5_a_further_cause_has_a_job_of_its_own() -> None:
    obj = with_status_of(bot_object(halted=True), killSwitch=latch("next-1"))
    assert made(at(scene(obj), 10))["metadata"]["name"] == "bot1-kill-next-1"


def test_s5_the_engine_that_comes_up_afterwards_does_not_take_the_jobs_evidence_away() -> None:
    confirmed = latch(ID, "Confirmed", confirmedBy="KillJob", confirmedAt=text(NOW), ordersCancelled=12)
    own = engine("Halted", halt=halt(ID, reason="SpecHalted", confirmed=True))
    obj = with_status_of(bot_object(halted=True), killSwitch=confirmed, engine=own)
    assert scene(obj, pod=pod_object()).plan().latch is None


@given(st.integers(0, 3600), st.booleans(), st.booleans(), st.sampled_from(["Testnet", "DryRun"]))
def test_s5_the_second_path_only_ever_stops_and_empties(age: int, with_pod: bool, with_job: bool, mode: str) -> None:
    """Whatever the world: no other object is made, nothing but the pod and the Job is removed, no latch is released."""
    obj = with_status_of(bot_object(halted=True, mode=mode), killSwitch=latch(ID))
    seen = scene(obj, pod=pod_object() if with_pod else None)
    world = replace(seen.world, kill_job=job() if with_job else None)
    done = decide_kill(seen.bot, seen.bot.latch, world, seconds(age))
    assert {one.kind for one in done.creates} <= {JOB}
    assert {one.kind for one in done.deletes} <= {POD, JOB}
    assert done.confirmation is None

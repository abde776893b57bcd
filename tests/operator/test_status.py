"""Conditions and phase."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from deskoperator.plan.actions import Happening
from deskoperator.resources.kinds import STATEFUL_SET, Object
from tests.operator.worlds import (
    NOW,
    Scene,
    bot_object,
    engine,
    halt,
    pod_object,
    reported,
    scene,
    text,
    with_status,
)

SOON, MUCH_LATER = NOW + timedelta(seconds=10), NOW + timedelta(seconds=60)
LATCHED = {"state": "Latched", "id": "oooo-1", "source": "Spec", "reason": "SpecHalted", "triggeredAt": text(NOW)}
CONFIRMED = {**LATCHED, "state": "Confirmed", "confirmedBy": "Engine", "ordersCancelled": 4, "residualOrders": 0}
PROOF = halt("oooo-1", reason="SpecHalted", confirmed=True)


def told(obj: Object, *, pod: Object | None = None, now: datetime = NOW) -> tuple[str, dict[str, tuple[str, str]]]:
    """Phase and conditions once everything is written."""
    settled = scene(obj, pod=pod, now=now).settled()
    return settled.obj["status"]["phase"], settled.conditions()


def message(obj: Object, condition: str, *, pod: Object | None = None, now: datetime = NOW) -> str:
    settled = scene(obj, pod=pod, now=now).settled()
    [found] = [each["message"] for each in settled.obj["status"]["conditions"] if each["type"] == condition]
    return str(found)


def reporting(state: str = "Running", *, spec: dict[str, Any] | None = None, **more: Any) -> Object:
    return with_status(bot_object(**(spec or {})), engine=engine(state, **more))


def test_a_running_bot_is_ready_and_trades() -> None:
    assert told(reporting(), pod=pod_object()) == (
        "Running",
        {
            "Ready": ("True", "Running"),
            "Reconciling": ("False", "Settled"),
            "Stalled": ("False", "Settled"),
            "Admitted": ("True", "Allowed"),
            "Trading": ("True", "Running"),
            "Halted": ("False", "NotHalted"),
        },
    )


def test_a_bot_of_which_one_market_is_closed_is_ready_and_names_it() -> None:
    closed = reporting(closedMarkets=["ETH/USDT:USDT"])
    assert told(closed, pod=pod_object()) == told(reporting(), pod=pod_object())
    assert message(closed, "Ready", pod=pod_object()) == "the engine runs the spec; closed on the venue: ETH/USDT:USDT"


def test_a_dry_run_is_ready_and_does_not_trade() -> None:
    spec = {"mode": "DryRun", "venue": {"exchange": "bybit", "marketType": "Swap"}}
    phase, conditions = told(reporting(spec=spec), pod=pod_object())
    assert (phase, conditions["Ready"], conditions["Trading"]) == ("Running", ("True", "DryRun"), ("False", "DryRun"))


def test_a_bot_whose_pod_is_missing_is_on_its_way() -> None:
    phase, conditions = told(bot_object())
    assert (phase, conditions["Ready"]) == ("Pending", ("False", "PodNotReady"))
    assert (conditions["Reconciling"], conditions["Trading"]) == (("True", "PodNotReady"), ("False", "PodNotReady"))


def test_an_engine_that_has_not_compared_itself_with_the_venue_is_not_ready() -> None:
    for report in (reporting("Starting"), reporting(reconciledAt=None)):
        phase, conditions = told(report, pod=pod_object())
        assert (phase, conditions["Ready"]) == ("Starting", ("False", "StartupReconciliation"))
        assert conditions["Trading"][0] == "False"


def test_the_engines_own_words_explain_a_pod_that_is_not_ready_yet() -> None:
    obj = reported(reporting("Starting"), SOON)
    phase, conditions = told(obj, pod=pod_object(ready=False), now=SOON)
    assert (phase, conditions["Ready"]) == ("Starting", ("False", "StartupReconciliation"))


def test_a_newer_spec_is_pending_until_the_engine_runs_it() -> None:
    obj = reporting()
    obj["metadata"]["generation"] = 2
    _, conditions = told(obj, pod=pod_object())
    assert conditions["Ready"] == ("False", "SpecPending")
    assert conditions["Trading"] == ("True", "Running")


def test_a_paused_bot_is_ready_once_the_engine_has_paused() -> None:
    paused: dict[str, Any] = {"paused": True}
    assert told(reporting("Paused", spec=paused), pod=pod_object())[1]["Ready"] == ("True", "Paused")
    assert told(reporting("Running", spec=paused), pod=pod_object())[1]["Ready"] == ("False", "SpecPending")


def test_an_engine_that_pauses_by_itself_is_not_as_asked() -> None:
    phase, conditions = told(reporting("Paused"), pod=pod_object())
    assert (phase, conditions["Ready"], conditions["Trading"][0]) == ("Paused", ("False", "Paused"), "False")


def test_a_bot_without_an_enabled_strategy_is_ready_and_does_not_trade() -> None:
    _, conditions = told(reporting(spec={"strategies": [{"name": "simple-maker"}]}), pod=pod_object())
    assert (conditions["Ready"], conditions["Trading"]) == (("True", "StrategyDisabled"), ("False", "StrategyDisabled"))


def test_an_unconfirmed_halt_is_under_way() -> None:
    obj = with_status(bot_object(halted=True), killSwitch=LATCHED, engine=engine("Halting"))
    phase, conditions = told(obj, pod=pod_object())
    assert (phase, conditions["Ready"]) == ("Halting", ("False", "HaltUnconfirmed"))
    assert conditions["Halted"] == ("True", "HaltUnconfirmed")


def test_a_confirmed_halt_is_ready_and_halted() -> None:
    obj = with_status(bot_object(halted=True), killSwitch=CONFIRMED, engine=engine("Halted", halt=PROOF))
    phase, conditions = told(obj, pod=pod_object())
    assert (phase, conditions["Ready"], conditions["Halted"]) == (
        "Halted",
        ("True", "HaltConfirmed"),
        ("True", "HaltConfirmed"),
    )
    assert conditions["Trading"][0] == "False"
    assert "set spec.acknowledgedHalt: oooo-1 to release it" in message(obj, "Halted", pod=pod_object())


def test_a_halted_bot_stays_halted_while_its_pod_is_replaced() -> None:
    obj = with_status(bot_object(halted=True), killSwitch=CONFIRMED, engine=engine("Halted", halt=PROOF))
    phase, conditions = told(obj)
    assert (phase, conditions["Ready"]) == ("Halted", ("False", "PodNotReady"))
    assert conditions["Halted"] == ("True", "HaltConfirmed")


def test_a_refused_release_says_why() -> None:
    obj = with_status(bot_object(halted=True, acknowledgedHalt="oooo-1"), killSwitch=CONFIRMED)
    assert "acknowledged, and not released: spec.halted is still true" in message(obj, "Halted")


def test_a_latch_that_cannot_be_read_counts_as_halted() -> None:
    obj = with_status(bot_object(), killSwitch={**LATCHED, "state": "Flattening"}, engine=engine("Halted"))
    phase, conditions = told(obj, pod=pod_object())
    assert (phase, conditions["Halted"], conditions["Ready"][0]) == ("Halting", ("True", "HaltUnconfirmed"), "False")


def test_the_engines_problem_stalls_the_bot_in_the_engines_words() -> None:
    problem = {"reason": "StrategyUnknown", "message": "no strategy simple-taker; there is simple-maker"}
    obj = reporting("Stalled", problem=problem)
    for pod in (pod_object(), pod_object(ready=False)):
        phase, conditions = told(obj, pod=pod)
        assert (phase, conditions["Stalled"]) == ("Stalled", ("True", "StrategyUnknown"))
        assert conditions["Reconciling"] == ("False", "StrategyUnknown")
        assert message(obj, "Stalled", pod=pod) == problem["message"]


def test_old_bad_news_of_a_pod_that_still_runs_are_believed() -> None:
    obj = reported(reporting("Stalled", problem={"reason": "CredentialsMissing", "message": "no Secret"}), SOON)
    _, conditions = told(obj, pod=pod_object(ready=False), now=SOON + timedelta(hours=1))
    assert conditions["Stalled"] == ("True", "CredentialsMissing")


def test_old_good_news_of_a_pod_that_is_not_ready_are_not_believed() -> None:
    obj = reported(reporting(), SOON)
    assert told(obj, pod=pod_object(ready=False), now=SOON)[1]["Trading"] == ("True", "Running")
    _, conditions = told(obj, pod=pod_object(ready=False), now=SOON + timedelta(seconds=45))
    assert (conditions["Ready"], conditions["Trading"]) == (("False", "PodNotReady"), ("Unknown", "PodNotReady"))


def test_the_report_of_an_earlier_pod_is_not_believed() -> None:
    obj = reporting(podUid="pod-0")
    _, conditions = told(obj, pod=pod_object())
    assert conditions["Ready"] == ("False", "StartupReconciliation")
    assert conditions["Trading"][0] == "Unknown"


def test_a_ready_pod_whose_engine_stays_silent_stalls() -> None:
    first = scene(bot_object(), pod=pod_object()).plan()
    assert first.requeue_after == 45
    assert told(bot_object(), pod=pod_object(), now=MUCH_LATER)[1]["Stalled"] == ("True", "EngineSilent")


@pytest.mark.parametrize(
    ("waiting", "reason"),
    [
        ("ImagePullBackOff", "ImageUnavailable"),
        ("InvalidImageName", "ImageUnavailable"),
        ("CrashLoopBackOff", "PodCrashing"),
    ],
)
def test_a_pod_that_cannot_run_stalls_with_the_kubelets_words(waiting: str, reason: str) -> None:
    pod = pod_object(ready=False, running=False, waiting={"reason": waiting, "message": "back-off"})
    assert told(bot_object(), pod=pod)[1]["Stalled"] == ("True", reason)
    assert message(bot_object(), "Stalled", pod=pod) == f"pod bot-bot1-0: {waiting}: back-off"


def test_a_pod_without_a_node_is_waited_for_before_the_bot_stalls() -> None:
    pod = pod_object(ready=False, running=False)
    scheduled = {
        "type": "PodScheduled",
        "status": "False",
        "reason": "Unschedulable",
        "message": "0/3 nodes",
        "lastTransitionTime": text(NOW),
    }
    pod["status"] = {"conditions": [scheduled]}
    assert told(bot_object(), pod=pod)[1]["Ready"] == ("False", "PodNotReady")
    assert scene(bot_object(), pod=pod).plan().requeue_after == 15
    assert told(bot_object(), pod=pod, now=MUCH_LATER)[1]["Stalled"] == ("True", "PodUnschedulable")


def test_a_pod_that_runs_has_no_trouble_with_its_node() -> None:
    pod = pod_object()
    pod["status"]["conditions"].append({"type": "PodScheduled", "status": "False", "reason": "Unschedulable"})
    assert told(reporting(), pod=pod)[1]["Ready"] == ("True", "Running")


def test_a_spec_that_this_version_cannot_read_stalls_and_touches_no_child() -> None:
    found = scene(bot_object(colour="green"), pod=pod_object())
    assert found.plan().applies == ()
    assert told(found.obj, pod=pod_object())[1]["Stalled"] == ("True", "SpecInvalid")
    assert message(found.obj, "Stalled").startswith("spec.colour: unknown field")


def test_a_refused_child_stalls_with_the_servers_words_and_is_tried_again() -> None:
    found = scene(bot_object())
    refused = Scene(found.obj, replace(found.world, refusals={STATEFUL_SET: "quota exceeded"}), NOW)
    assert refused.plan().requeue_after == 30
    after = refused.settled()
    assert after.conditions()["Stalled"] == ("True", "ChildRefused")


def test_a_bot_that_is_being_deleted_is_stopping_and_gets_no_child() -> None:
    obj = reporting()
    obj["metadata"]["deletionTimestamp"] = text(NOW)
    found = Scene(obj)
    assert (found.plan().applies, found.plan().deletes) == ((), ())
    assert found.settled().obj["status"]["phase"] == "Stopping"


def test_a_transition_time_moves_only_with_its_status() -> None:
    before = scene(bot_object(), pod=pod_object(ready=False)).settled()
    after = replace(before, now=MUCH_LATER, obj=with_status(before.obj, engine=engine()))
    after = replace(after, world=replace(after.world, pod_object=pod_object())).settled()
    times = {each["type"]: each["lastTransitionTime"] for each in after.obj["status"]["conditions"]}
    assert times["Ready"] == text(MUCH_LATER)
    assert times["Stalled"] == times["Halted"] == text(NOW)


def test_conditions_of_others_are_left_alone() -> None:
    settled = scene(reporting(), pod=pod_object()).settled()
    foreign = {"type": "Audited", "status": "True", "reason": "Checked", "lastTransitionTime": text(NOW)}
    obj = with_status(settled.obj, conditions=[foreign, *settled.obj["status"]["conditions"]])
    assert replace(settled, obj=obj).plan().writes_nothing


def test_stalling_is_told_once_per_cause() -> None:
    problem = {"reason": "StrategyUnknown", "message": "no strategy simple-taker"}
    found = scene(reporting("Stalled", problem=problem), pod=pod_object())
    [notice] = found.plan().status_events
    assert (notice.happening, notice.warning) == (Happening.STALLED, True)
    after = found.after(found.plan())
    later = reporting("Stalled", problem=problem, openOrders=3)
    assert replace(after, obj=with_status(after.obj, engine=later["status"]["engine"])).plan().status_events == ()


def test_a_pod_of_an_earlier_template_that_runs_is_kept_and_said() -> None:
    pod = pod_object(labels={"controller-revision-hash": "bot-bot1-old"})
    assert scene(reporting(), pod=pod).plan().deletes == ()
    assert "delete pod bot-bot1-0 to renew it" in message(reporting(), "Ready", pod=pod)

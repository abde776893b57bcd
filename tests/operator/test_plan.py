"""The plan as a whole, over random worlds."""

from datetime import datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from deskapi import EngineState
from deskoperator.plan.account import own_claim
from deskoperator.plan.bot import read_bot
from deskoperator.plan.world import World
from deskoperator.resources.kinds import CHILDREN, STATEFUL_SET, Object
from tests.operator.worlds import (
    IMAGE,
    NOW,
    Scene,
    bot_object,
    engine,
    halt,
    live_children,
    live_lease,
    pod_object,
    reported,
    text,
    with_status,
)

IDS = st.sampled_from(["oooo-1", "eeee-2"])
MOMENTS = st.sampled_from([NOW - timedelta(minutes=5), NOW - timedelta(seconds=10), NOW, NOW + timedelta(seconds=3)])
PROBLEMS = st.none() | st.just({"reason": "CredentialsMissing", "message": "Secret bot1-keys does not exist"})


@st.composite
def specs(draw: st.DrawFn) -> dict[str, Any]:
    return {
        "halted": draw(st.sampled_from([None, False, True])),
        "paused": draw(st.sampled_from([None, False, True])),
        "acknowledgedHalt": draw(st.none() | IDS),
        "strategies": [{"name": "simple-maker", "enabled": draw(st.booleans())}],
        "image": draw(st.sampled_from([None, "desk-bot:2"])),
        **draw(st.sampled_from([{}, {}, {"colour": "green"}])),
    }


@st.composite
def reports(draw: st.DrawFn) -> Object:
    held = draw(
        st.none() | st.builds(lambda name, at, done: halt(name, at=at, confirmed=done), IDS, MOMENTS, st.booleans())
    )
    return engine(
        draw(st.sampled_from([*(state.value for state in EngineState), "Levitating"])),
        observedGeneration=draw(st.sampled_from([None, 0, 1])),
        podUid=draw(st.sampled_from([None, "pod-0", "pod-1"])),
        reconciledAt=draw(st.sampled_from([None, text(NOW)])),
        problem=draw(PROBLEMS),
        halt=held,
    )


@st.composite
def objects(draw: st.DrawFn) -> Object:
    obj = bot_object(**draw(specs()))
    if draw(st.booleans()):
        obj = reported(with_status(obj, engine=draw(reports())), draw(MOMENTS))
    if draw(st.booleans()):
        state = draw(st.sampled_from(["Latched", "Confirmed", "Released", "Levitating"]))
        obj = with_status(obj, killSwitch={"state": state, "id": draw(IDS), "triggeredAt": text(draw(MOMENTS))})
    if draw(st.integers(0, 9)) == 0:
        obj["metadata"]["deletionTimestamp"] = text(NOW)
    return obj


@st.composite
def pods(draw: st.DrawFn) -> Object:
    waiting = {"reason": draw(st.sampled_from(["ContainerCreating", "ImagePullBackOff", "CrashLoopBackOff"]))}
    running = draw(st.booleans())
    pod = pod_object(ready=running and draw(st.booleans()), running=running, waiting=waiting)
    if draw(st.booleans()):
        pod["metadata"]["labels"] = {"controller-revision-hash": "bot-bot1-old"}
    if draw(st.integers(0, 4)) == 0:
        pod["metadata"]["deletionTimestamp"] = text(NOW)
    if draw(st.integers(0, 4)) == 0:
        pod["status"] = {"phase": "Pending"}
    return pod


@st.composite
def scenes(draw: st.DrawFn) -> Scene:
    live = {kind: child for kind, child in live_children(bot_object()).items() if draw(st.booleans())}
    for child in live.values():
        match draw(st.sampled_from(["as it was", "as it was", "foreign", "edited", "going"])):
            case "foreign":
                child["metadata"]["ownerReferences"][0]["uid"] = "old"
            case "edited":
                child["metadata"]["labels"] = {}
            case "going":
                child["metadata"]["deletionTimestamp"] = text(NOW)
    refusals = draw(st.sampled_from([{}, {}, {STATEFUL_SET: "quota exceeded"}]))
    pod = draw(st.none() | pods())
    lease = draw(st.none() | st.just(live_lease(bot_object())))
    return Scene(draw(objects()), World(IMAGE, live, pod, refusals, policies=(), lease=lease), draw(MOMENTS))


def rounds_until_nothing_is_written(scene: Scene) -> int:
    """How often a plan has to be carried out, at one moment, until asking again asks for nothing."""
    rounds = 0
    while not (planned := scene.plan()).writes_nothing:
        rounds += 1
        assert rounds <= 4, planned
        scene = scene.after(planned, seconds=0)
    return rounds


@given(scenes())
def test_every_world_has_a_plan_and_comes_to_rest(scene: Scene) -> None:
    """More than one round only where one write makes the next possible: a child after the removal of another bot's, a
    pod after its StatefulSet, a release after a halt that superseded another."""
    assert rounds_until_nothing_is_written(scene) <= 4


@given(objects(), st.none() | pods(), MOMENTS)
def test_with_its_children_there_one_round_is_enough(obj: Object, pod: Object | None, now: datetime) -> None:
    live, lease = live_children(bot_object(image=obj["spec"].get("image"))), live_lease(bot_object())
    own = own_claim(read_bot(obj), lease)
    scene = Scene(obj, World(IMAGE, live, pod, policies=(), lease=lease, claim=own), now)
    planned = scene.plan()
    if planned.latch is None and not planned.deletes and not planned.creates and not planned.stops:
        assert rounds_until_nothing_is_written(scene) <= 1


@given(scenes())
def test_no_plan_releases_a_latch_that_was_not_acknowledged(scene: Scene) -> None:
    before, planned = scene.bot, scene.plan()
    if before.latched and planned.latch is not None and planned.latch.state == "Released":
        assert before.latch is not None
        assert scene.obj["spec"]["acknowledgedHalt"] == before.latch.id == planned.latch.id
        assert scene.obj["spec"].get("halted") is not True


@given(scenes())
def test_ready_needs_a_ready_pod_and_an_engine_that_says_so(scene: Scene) -> None:
    status = scene.plan().status or scene.obj["status"]
    ready = {each["type"]: each["status"] for each in status["conditions"]}
    pod = scene.world.pod
    if ready["Ready"] == "True":
        assert pod is not None
        assert pod.ready
        assert scene.bot.engine is not None
        assert scene.bot.engine.problem is None
    assert [ready["Ready"], ready["Reconciling"], ready["Stalled"]].count("True") == 1


@given(scenes())
def test_a_pod_in_which_an_engine_runs_is_never_removed(scene: Scene) -> None:
    pod = scene.world.pod
    if pod is not None and pod.running:
        assert pod.uid not in {delete.uid for delete in scene.plan().deletes}


def test_the_first_plan_of_a_new_bot_makes_all_children_and_says_so_in_the_status() -> None:
    planned = Scene(bot_object()).plan()
    assert len(planned.applies) == len(CHILDREN)
    assert planned.status is not None
    assert planned.status["observedGeneration"] == 1
    assert planned.latch is None

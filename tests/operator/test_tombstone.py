"""A Lease whose bot is gone: what is done about it, and what proves its venue empty (safety.md 6)."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deskapi.lease import PROVEN_MARK, RELEASED_MARK
from deskoperator.plan.actions import Happening
from deskoperator.plan.bot import read_bot
from deskoperator.plan.tombstone import Burial, Tombstone, WaitsFor, Watched, decide_burial, tombstone
from deskoperator.plan.world import World
from deskoperator.resources.kinds import JOB, LEASE, POD, STATEFUL_SET, Object
from tests.operator.test_kill_job import job, job_pod, outcome
from tests.operator.worlds import (
    IMAGE,
    NOW,
    UID,
    bot_object,
    live_children,
    live_lease,
    pod_object,
    scene,
    text,
    with_status,
)

HALT_ID = "4edcb75a-deleted-Lease-ui"
LONG = Watched(unchanged_seconds=1000, alone_seconds=1000)


def lease(*, proven: bool = False, **spec: Any) -> Object:
    """As a bot left it: released, with the engine's proof or without; a `holder` has not released it."""
    holder = spec.pop("holder", "")
    found = live_lease(bot_object(**spec), holder, released=not holder)
    if proven:
        found["metadata"]["annotations"][PROVEN_MARK] = "true"
    return found


def found_of(left: Object) -> Tombstone:
    found = tombstone("desk", "bot1", left, None)
    assert found is not None
    return found


def bury(left: Object, watched: Watched = LONG, **world: Any) -> Burial:
    return decide_burial(found_of(left), World(IMAGE, lease=left, **world), watched, NOW)


def arguments(done: Burial) -> list[str]:
    [create] = done.creates
    assert create.kind == JOB
    args: list[str] = create.manifest["spec"]["template"]["spec"]["containers"][0]["args"]
    return args


def removed(done: Burial) -> bool:
    """Whether the Lease goes, and nothing is waited for."""
    goes = [delete for delete in done.deletes if delete.kind == LEASE]
    assert bool(goes) == (not done.words)
    assert all((each.uid, each.version) == ("Lease-uid", "5") for each in goes)
    return bool(goes)


def proving(**changes: Any) -> dict[str, Any]:
    return {"kill_job": job(), "kill_pods": (job_pod(outcome(haltId=HALT_ID, **changes)),)}


# whose it is


def test_s6_a_lease_with_its_bot_is_no_tombstone_and_with_another_of_its_name_it_is() -> None:
    left, own = lease(), read_bot(bot_object())
    assert tombstone("desk", "bot1", left, own) is None
    other = bot_object()
    other["metadata"]["uid"] = "another"
    assert tombstone("desk", "bot1", left, read_bot(other)) is not None
    assert tombstone("desk", "bot1", None, None) is None


# the kill Job


@pytest.mark.control("S6.3")
def test_s6_a_lease_without_its_bot_gets_a_kill_job_that_belongs_to_nobody_and_knows_the_venue() -> None:
    done = bury(lease(markets=["BTC/USDT:USDT", "ETH/USDT:USDT"]))
    [create] = done.creates
    assert "ownerReferences" not in create.manifest["metadata"]
    args = arguments(done)
    assert args[0] == "kill"
    assert {f"--halt-id={HALT_ID}", f"--bot-uid={UID}", "--bot=desk/bot1", "--market=ETH/USDT:USDT"} <= set(args)
    assert {"--mode=Testnet", "--exchange=bybit", "--market-type=Swap"} <= set(args)
    assert "--endpoint=http://exchange-simulator:8080" in args
    volumes = create.manifest["spec"]["template"]["spec"]["volumes"]
    assert volumes[1]["secret"]["secretName"] == "bot1-keys"
    assert (done.waits_for, [each.happening for each in done.notices]) == (WaitsFor.PROOF, [Happening.KILL_JOB_STARTED])


def test_s6_where_the_lease_is_released_the_job_is_told_so() -> None:
    assert "--lease=0s" in arguments(bury(lease()))
    assert "--lease=75s" in arguments(bury(lease(holder="pod-1")))
    assert "--lease=75s" in arguments(bury(lease(), pod_object=pod_object()))


def test_s6_the_pod_has_its_own_end_before_the_job_is_made() -> None:
    early = bury(lease(holder="pod-1"), Watched(9, 9), pod_object=pod_object(deletionTimestamp=text(NOW)))
    assert early.creates == ()
    assert early.look_again_seconds == pytest.approx(1)
    late = bury(lease(holder="pod-1"), Watched(10, 10), pod_object=pod_object())
    assert (len(late.creates), [each.kind for each in late.deletes]) == (1, [POD])
    assert len(bury(lease(holder="pod-1"), Watched()).creates) == 1


def test_s6_the_jobs_proof_removes_the_lease_and_leaves_the_job() -> None:
    done = bury(lease(), **proving())
    assert removed(done)
    assert [each.kind for each in done.deletes] == [LEASE]
    [notice] = done.notices
    assert (notice.happening, "12 cancelled" in notice.note) == (Happening.TOMBSTONE_REMOVED, True)
    assert "still held: 0.5 BTC/USDT:USDT" in notice.note


@pytest.mark.parametrize("changes", [{"confirmed": False}, {"residualOrders": 1}, {"dryRun": True}])
def test_s6_nothing_less_than_the_whole_proof_does(changes: Any) -> None:
    assert not removed(bury(lease(), **proving(**changes)))
    assert not removed(bury(lease(), kill_job=job(), kill_pods=(job_pod(outcome()),)))  # of another halt
    assert not removed(bury(lease(), kill_job=job(), kill_pods=(job_pod(outcome(haltId=HALT_ID), owner="other"),)))


def test_s6_a_job_that_is_lost_is_made_again_and_one_without_a_proof_is_replaced() -> None:
    assert len(bury(lease()).creates) == 1
    over = job(conditions=[{"type": "Failed", "status": "True"}])
    done = bury(lease(), kill_job=over)
    assert [(each.kind, each.uid) for each in done.deletes] == [(JOB, "job-1")]
    assert [each.happening for each in done.notices] == [Happening.KILL_JOB_UNCONFIRMED]


def test_s6_what_holds_the_job_up_is_told_once() -> None:
    refused = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "0/3 nodes"}
    pods = (job_pod(conditions=[{**refused, "lastTransitionTime": text(NOW)}]),)
    first = bury(lease(), kill_job=job(made=-60), kill_pods=pods)
    assert [each.happening for each in first.notices] == [Happening.KILL_JOB_STUCK]
    assert "0/3 nodes" in first.words
    again = bury(lease(), replace(LONG, told=first.words), kill_job=job(made=-60), kill_pods=pods)
    assert (again.notices, again.words) == ((), first.words)
    assert again.look_again_seconds is not None


# other proofs


def test_s6_the_engines_own_proof_on_the_lease_needs_no_job() -> None:
    assert removed(bury(lease(proven=True)))
    taken = lease(proven=True)
    taken["spec"] = {"holderIdentity": "pod-2"}
    assert not removed(bury(taken))


@pytest.mark.parametrize("mode", ["DryRun", "Paper"])
def test_s6_a_bot_without_a_venue_waits_for_its_lease_alone(mode: str) -> None:
    assert removed(bury(lease(mode=mode), Watched()))
    held = lease(mode=mode, holder="pod-1")
    done = bury(held, Watched(unchanged_seconds=20, alone_seconds=500))
    assert (removed(done), done.waits_for, done.creates) == (False, WaitsFor.LEASE, ())
    assert done.look_again_seconds == pytest.approx(55)
    assert removed(bury(held, Watched(unchanged_seconds=75, alone_seconds=75)))


def test_s6_the_lease_has_to_be_over_beside_the_proof() -> None:
    held = lease(holder="pod-1")
    assert not removed(bury(held, Watched(74, 500), **proving()))
    assert removed(bury(held, Watched(75, 500), **proving()))


# nothing else is left


@pytest.mark.control("S6.2")
def test_s6_it_goes_after_pod_and_stateful_set_which_are_stopped_where_the_cluster_does_not() -> None:
    left = lease(proven=True)
    children = {STATEFUL_SET: live_children(bot_object())[STATEFUL_SET]}
    done = bury(left, children=children, pod_object=pod_object())
    assert not removed(done)
    assert [(each.kind, each.grace_seconds) for each in done.deletes] == [(STATEFUL_SET, None), (POD, 5)]
    going = pod_object(deletionTimestamp=text(NOW))
    going["spec"] = {"nodeName": "node-7"}
    waiting = bury(left, pod_object=going)
    assert (waiting.deletes, "node-7" in waiting.words, removed(waiting)) == ((), True, False)
    assert [each.happening for each in waiting.notices] == [Happening.TOMBSTONE_WAITS]
    quiet = bury(left, Watched(5, 5), pod_object=going)
    assert quiet.notices == ()


def test_s6_a_lease_that_says_nothing_of_its_venue_is_left_for_a_person_unless_it_was_released() -> None:
    bare = lease(holder="pod-1")
    bare["metadata"]["annotations"] = {}
    done = bury(bare)
    assert (removed(done), done.waits_for, done.creates) == (False, WaitsFor.PERSON, ())
    assert "delete Lease bot1 once you know" in done.words
    freed = lease()
    freed["metadata"]["annotations"] = {RELEASED_MARK: "true"}
    assert removed(bury(freed))


def test_s6_a_venue_that_cannot_be_read_is_a_persons_and_said() -> None:
    done = bury(lease(venue={"exchange": "bybit"}))
    assert (done.creates, done.waits_for) == ((), WaitsFor.PERSON)
    assert [each.happening for each in done.notices] == [Happening.TOMBSTONE_WAITS]


LEFT = st.builds(
    lambda holder, proven, mode, noted: _left(holder, proven=proven, mode=mode, noted=noted),
    st.sampled_from(["", "pod-1"]),
    st.booleans(),
    st.sampled_from(["Testnet", "DryRun", "Live"]),
    st.booleans(),
)


def _left(holder: str, *, proven: bool, mode: str, noted: bool) -> Object:
    found = lease(holder=holder, proven=proven, mode=mode)
    if not noted:
        found["metadata"]["annotations"] = json.loads('{"tradingdesk.io/venue-scope": "{"}')
    return found


@pytest.mark.control("S6.3")
@given(LEFT, st.floats(0, 200), st.floats(0, 200), st.booleans(), st.sampled_from([{}, proving(), {"kill_job": job()}]))
def test_s6_whatever_is_left_no_lease_goes_unproven_held_or_before_its_pod(
    left: Object, unchanged: float, alone: float, with_pod: bool, jobs: dict[str, Any]
) -> None:
    pod = pod_object() if with_pod else None
    done = bury(left, Watched(unchanged, alone), pod_object=pod, **jobs)
    assert {each.kind for each in done.creates} <= {JOB}
    assert {each.kind for each in done.deletes} <= {JOB, POD, STATEFUL_SET, LEASE}
    assert all("killSwitch" not in str(each.manifest.get("status")) for each in done.creates)
    if not removed(done):
        assert done.look_again_seconds is not None
        return
    free = not left["spec"]["holderIdentity"] and RELEASED_MARK in left["metadata"]["annotations"]
    noted = found_of(left).scope
    proven = bool(jobs.get("kill_pods")) or (free and PROVEN_MARK in left["metadata"]["annotations"])
    assert pod is None
    assert free or unchanged >= 75
    assert proven or (noted is not None and noted.mode == "DryRun") or (noted is None and free)


# the bot that comes after it


@pytest.mark.control("S6.3")
def test_s6_a_bot_that_is_made_meanwhile_gets_no_pod_and_is_admitted_to_nothing_until_the_lease_is_gone() -> None:
    after = bot_object()
    after["metadata"]["uid"] = "another"
    found = scene(after)
    words = "pod bot-bot1-0 is still there"
    world = replace(found.world, children={}, lease=lease(), tombstone=words)
    waiting = replace(found, world=world).settled()
    assert waiting.world.children == {}
    assert "admitted" not in waiting.obj["status"]
    assert waiting.conditions()["Admitted"] == ("Unknown", "EarlierBotRemains")
    assert waiting.conditions()["Reconciling"] == ("True", "EarlierBotRemains")
    said = [each["message"] for each in waiting.obj["status"]["conditions"] if each["type"] == "Admitted"]
    assert words in said[0]
    assert waiting.plan().notes is None
    gone = replace(waiting, world=replace(waiting.world, lease=None, tombstone="")).settled()
    assert STATEFUL_SET in gone.world.children
    assert gone.obj["status"]["admitted"]["uid"] == "another"


def test_s6_what_was_admitted_beside_a_tombstone_is_taken_away() -> None:
    judged = scene(bot_object()).settled()
    assert "admitted" in judged.obj["status"]
    other = live_lease({**bot_object(), "metadata": {**bot_object()["metadata"], "uid": "another"}})
    done = replace(judged, world=replace(judged.world, lease=other)).settled()
    assert "admitted" not in done.obj["status"]
    assert "effectiveEnvelope" in done.obj["status"]


def test_s6_the_latch_of_the_bot_that_is_gone_is_not_the_new_ones() -> None:
    left = live_lease(with_status(bot_object(), killSwitch={"state": "Latched", "id": "o-1"}))
    after = bot_object()
    after["metadata"]["uid"] = "another"
    found = scene(after)
    waiting = replace(found, world=replace(found.world, children={}, lease=left)).settled()
    assert "killSwitch" not in waiting.obj["status"]
    assert waiting.now - NOW < timedelta(minutes=1)

"""When the operator makes a bot's Lease, with or without the mark, and when it removes it."""

from dataclasses import replace

import pytest

from deskapi.lease import RELEASED_MARK, is_released
from deskoperator.controller.queue import Lane, WorkQueue
from deskoperator.controller.tasks import Task
from deskoperator.controller.wiring import child_event
from deskoperator.plan.lease import tombstone_to_remove
from deskoperator.plan.world import World
from deskoperator.resources.kinds import LEASE, ROLE, ROLE_BINDING, SERVICE_ACCOUNT, STATEFUL_SET, Object
from tests.operator.worlds import IMAGE, Scene, bot_object, engine, halt, live_lease, pod_object, scene, with_status


def made(found: Scene) -> Object:
    lease = found.plan().lease
    assert lease is not None
    return lease


def without_lease(found: Scene) -> Scene:
    return replace(found, world=replace(found.world, lease=None))


def test_s1_a_bot_that_never_ran_gets_a_lease_that_its_first_pod_may_take_at_once() -> None:
    lease = made(Scene(bot_object()))
    assert lease["metadata"]["name"] == "bot1"
    assert "ownerReferences" not in lease["metadata"]
    assert is_released(lease)


@pytest.mark.parametrize(
    "ran",
    [
        with_status(bot_object(), engine=engine()),
        with_status(bot_object(), observedGeneration=1),
    ],
    ids=["an engine has reported", "the operator has been here"],
)
def test_s1_a_lease_that_is_gone_from_a_bot_that_ran_is_made_without_the_mark(ran: Object) -> None:
    assert not is_released(made(Scene(ran)))


def test_s1_so_is_that_of_a_bot_whose_pod_or_children_are_there() -> None:
    assert not is_released(made(without_lease(scene(bot_object()))))
    alone = replace(scene(bot_object(), pod=pod_object()), obj=bot_object())
    alone = replace(alone, world=replace(alone.world, children={}, lease=None))
    assert not is_released(made(alone))


def test_s1_a_lease_that_is_there_is_never_written_whatever_it_says() -> None:
    for lease in (live_lease(bot_object()), live_lease(bot_object(), "pod-9")):
        found = scene(bot_object()).settled()
        planned = replace(found, world=replace(found.world, lease=lease)).plan()
        assert planned.writes_nothing


def test_s1_the_bot_may_write_its_own_lease_and_no_other() -> None:
    rules = scene(bot_object()).world.children[ROLE]["rules"]
    [rule] = [each for each in rules if each["resources"] == ["leases"]]
    assert (rule["resourceNames"], rule["verbs"]) == (["bot1"], ["get", "update", "patch"])


def test_s6_the_rights_of_a_pod_outlive_its_bot_until_the_lease_is_gone() -> None:
    children = scene(bot_object()).world.children
    for kind in (SERVICE_ACCOUNT, ROLE, ROLE_BINDING):
        owners = {each["kind"]: each for each in children[kind]["metadata"]["ownerReferences"]}
        assert set(owners) == {"TradingBot", "Lease"}
        assert not owners["Lease"].get("controller")
    assert [each["kind"] for each in children[STATEFUL_SET]["metadata"]["ownerReferences"]] == ["TradingBot"]


def test_s6_the_lease_of_a_bot_that_is_gone_is_removed_once_it_is_released() -> None:
    removal = tombstone_to_remove("bot1", World(IMAGE, lease=live_lease(bot_object(), released=True)))
    assert removal is not None
    assert (removal.kind, removal.name, removal.uid, removal.version) == (LEASE, "bot1", "Lease-uid", "5")


def test_s6_it_goes_after_pod_and_stateful_set_so_that_a_bot_made_anew_meets_it() -> None:
    left = replace(scene(bot_object()).world, lease=live_lease(bot_object(), released=True))
    assert tombstone_to_remove("bot1", left) is None
    assert tombstone_to_remove("bot1", replace(left, children={}, pod_object=pod_object())) is None
    assert tombstone_to_remove("bot1", replace(left, children={})) is not None


@pytest.mark.parametrize("holder", ["pod-1", ""])
def test_s6_one_that_was_not_released_stays(holder: str) -> None:
    assert tombstone_to_remove("bot1", World(IMAGE, lease=live_lease(bot_object(), holder))) is None
    marked = live_lease(bot_object(), "pod-1", released=True)
    assert marked["metadata"]["annotations"] == {RELEASED_MARK: "true"}
    assert tombstone_to_remove("bot1", World(IMAGE, lease=marked)) is None
    assert tombstone_to_remove("bot1", World(IMAGE)) is None


def test_s6_a_lease_of_another_program_is_left_alone_and_said() -> None:
    lease = live_lease(bot_object(), released=True)
    lease["metadata"]["labels"] = {}
    assert tombstone_to_remove("bot1", World(IMAGE, lease=lease)) is None
    found = scene(bot_object())
    found = replace(found, world=replace(found.world, lease=lease)).settled()
    assert found.conditions()["Stalled"] == ("True", "ChildRefused")
    bare = Scene(bot_object(), replace(found.world, children={}))
    assert bare.plan().applies == ()


async def test_a_renewal_is_no_reason_to_look_at_the_bot_and_a_release_or_a_removal_is() -> None:
    held, free = live_lease(bot_object(), "pod-1"), live_lease(bot_object(), released=True)
    for kind, lease, looks in (
        ("MODIFIED", held, 0),
        ("MODIFIED", free, 1),
        ("DELETED", held, 1),
        ("ADDED", held, 1),
        (None, held, 1),
    ):
        queue: WorkQueue[Task] = WorkQueue(lambda: 1.0)
        child_event(queue, {"type": kind, "object": lease})  # type: ignore[typeddict-item]
        assert sum(queue.depth(lane) for lane in Lane) == looks


@pytest.mark.parametrize(("reason", "phase"), [("LeaseWaiting", "Pending"), ("ControlLost", "Paused")])
def test_s2_a_pod_that_waits_or_has_lost_control_is_on_its_way_and_not_stalled(reason: str, phase: str) -> None:
    problem = {"reason": reason, "message": "the API server is away"}
    found = scene(with_status(bot_object(), engine=engine("Stalled", problem=problem)), pod=pod_object()).settled()
    assert found.conditions()["Reconciling"] == ("True", reason)
    assert found.conditions()["Stalled"][0] == "False"
    assert found.conditions()["Trading"] == ("False", reason)
    assert found.obj["status"]["phase"] == phase


def test_s2_a_halted_bot_is_ready_whether_it_may_trade_or_not() -> None:
    problem = {"reason": "LeaseWaiting", "message": "another pod holds it"}
    report = engine("Halted", problem=problem, halt=halt("h-1", confirmed=True))
    found = scene(with_status(bot_object(), engine=report), pod=pod_object()).settled()
    assert found.conditions()["Halted"] == ("True", "HaltConfirmed")
    assert found.conditions()["Ready"] == ("True", "HaltConfirmed")

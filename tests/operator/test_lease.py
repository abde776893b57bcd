"""When the operator makes a bot's Lease, with or without the mark, and what the Lease remembers of the bot."""

from dataclasses import replace

import pytest

from deskapi.lease import is_released
from deskoperator.controller.queue import Lane, WorkQueue
from deskoperator.controller.tasks import Task
from deskoperator.controller.wiring import child_event
from deskoperator.plan.tombstone import tombstone
from deskoperator.plan.world import World
from deskoperator.resources.kinds import ROLE, ROLE_BINDING, SERVICE_ACCOUNT, STATEFUL_SET, Object
from deskoperator.resources.venue_scope import LATCH_MARK, SCOPE_MARK, VenueScope, latch_on, scope_on
from tests.operator.test_kill import latch
from tests.operator.worlds import (
    IMAGE,
    UID,
    Scene,
    bot_object,
    engine,
    halt,
    live_children,
    live_lease,
    pod_object,
    scene,
    with_status,
)


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
        with_status(bot_object(), effectiveEnvelope={"maxOrderNotional": "250"}),
    ],
    ids=["an engine has reported", "it was judged"],
)
def test_s1_a_lease_that_is_gone_from_a_bot_that_ran_is_made_without_the_mark(ran: Object) -> None:
    assert not is_released(made(Scene(ran)))


def test_s6_one_that_has_waited_for_a_tombstone_gets_a_lease_that_its_pod_may_take_at_once() -> None:
    waited = with_status(bot_object(), observedGeneration=1, phase="Pending", killSwitch=latch("o-1"))
    assert is_released(made(Scene(waited)))
    rights = {kind: child for kind, child in live_children(bot_object()).items() if kind != STATEFUL_SET}
    after = {**waited, "metadata": {**waited["metadata"], "uid": "another"}}
    assert is_released(made(replace(Scene(after), world=World(IMAGE, children=rights, policies=()))))
    assert not is_released(made(replace(Scene(waited), world=World(IMAGE, children=rights, policies=()))))


def test_s1_so_is_that_of_a_bot_whose_pod_or_children_are_there() -> None:
    assert not is_released(made(without_lease(scene(bot_object()))))
    alone = replace(scene(bot_object(), pod=pod_object()), obj=bot_object())
    alone = replace(alone, world=replace(alone.world, children={}, lease=None))
    assert not is_released(made(alone))


@pytest.mark.control("S1.2")
def test_s1_a_lease_that_is_there_is_never_written_whatever_it_says() -> None:
    for lease in (live_lease(bot_object()), live_lease(bot_object(), "pod-9")):
        found = scene(bot_object()).settled()
        planned = replace(found, world=replace(found.world, lease=lease)).plan()
        assert planned.writes_nothing


def noted(found: Scene) -> VenueScope:
    """What the Lease says of the venue once all is written."""
    scope = scope_on(found.settled().world.lease)
    assert scope is not None
    return scope


def test_s6_a_lease_carries_the_venue_the_secret_and_the_latch_from_its_first_moment() -> None:
    lease = made(Scene(bot_object()))
    scope = scope_on(lease)
    assert scope is not None
    assert (scope.uid, scope.mode, scope.exchange, scope.market_type) == (UID, "Testnet", "bybit", "Swap")
    assert (scope.endpoint, scope.secret) == ("http://exchange-simulator:8080", "bot1-keys")
    latched = with_status(bot_object(halted=True), killSwitch=latch("o-1"))
    found = latch_on(scene(latched).settled().world.lease)
    assert found is not None
    assert found.id == "o-1"


def test_s6_it_remembers_every_market_that_the_bot_ever_had() -> None:
    lease = live_lease(bot_object(markets=["ETH/USDT:USDT", "XRP/USDT:USDT"]))
    held = engine(positions=[{"market": "SOL/USDT:USDT", "amount": "1"}])
    found = scene(with_status(bot_object(), engine=held), pod=pod_object())
    markets = noted(replace(found, world=replace(found.world, lease=lease))).markets
    assert markets == ("BTC/USDT:USDT", "ETH/USDT:USDT", "XRP/USDT:USDT", "SOL/USDT:USDT")


def test_s6_a_spec_that_nobody_can_read_is_remembered_as_it_is_written() -> None:
    found = scene(bot_object(mode="Live", markets=["NEW/USDT:USDT"], strategies=[]))
    found = replace(found, world=replace(found.world, lease=live_lease(bot_object())))
    assert noted(found).markets == ("NEW/USDT:USDT", "BTC/USDT:USDT")


def test_s6_only_notes_are_written_and_only_over_what_was_read() -> None:
    found = scene(bot_object(markets=["ETH/USDT:USDT"]))
    note = replace(found, world=replace(found.world, lease=live_lease(bot_object()))).plan().notes
    assert note is not None
    assert (note.uid, note.version, set(note.annotations)) == ("Lease-uid", "5", {SCOPE_MARK, LATCH_MARK})


@pytest.mark.control("S1.2")
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


def test_s6_a_lease_of_another_program_is_left_alone_and_said() -> None:
    lease = live_lease(bot_object(), released=True)
    lease["metadata"]["labels"] = {}
    assert tombstone("desk", "bot1", lease, None) is None
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

"""Which children are applied and removed, and what counts as a difference."""

import copy
from dataclasses import replace
from typing import Any

import pytest

from deskoperator.plan.actions import Happening
from deskoperator.plan.drift import contains
from deskoperator.resources.kinds import (
    CHILDREN,
    POD,
    ROLE,
    SERVICE_ACCOUNT,
    STATEFUL_SET,
    Kind,
    Object,
)
from tests.operator.worlds import NOW, Scene, bot_object, pod_object, scene, text, with_status


def edited(found: Scene, kind: Kind, change: Any) -> Scene:
    """The scene after somebody has changed a live child in place."""
    children = copy.deepcopy(dict(found.world.children))
    change(children[kind])
    return replace(found, world=replace(found.world, children=children))


def applied(found: Scene) -> list[Kind]:
    return [apply.kind for apply in found.plan().applies]


def test_a_new_bot_gets_every_child_in_order() -> None:
    found = Scene(bot_object())
    assert tuple(applied(found)) == CHILDREN
    assert found.plan().child_events == ()


def test_children_that_are_as_they_should_be_are_left_alone() -> None:
    assert applied(scene(bot_object())) == []


@pytest.mark.parametrize("kind", CHILDREN, ids=lambda kind: kind.kind)
def test_a_missing_child_is_made_again_and_told(kind: Kind) -> None:
    found = scene(bot_object()).settled()
    children = {other: live for other, live in found.world.children.items() if other != kind}
    missing = replace(found, world=replace(found.world, children=children))
    assert applied(missing) == [kind]
    [notice] = missing.plan().child_events
    assert (notice.happening, notice.note) == (Happening.CHILD_REPAIRED, f"{kind.kind} was gone; applied again")


def test_an_edited_child_is_put_back_and_told() -> None:
    found = edited(scene(bot_object()).settled(), STATEFUL_SET, lambda live: live["spec"].update(replicas=3))
    assert applied(found) == [STATEFUL_SET]
    assert "StatefulSet had been edited" in found.plan().child_events[0].note


def test_a_right_added_to_the_role_is_taken_back() -> None:
    extra = {"apiGroups": [""], "resources": ["secrets"], "verbs": ["get"]}
    assert applied(edited(scene(bot_object()), ROLE, lambda live: live["rules"].append(extra))) == [ROLE]


def test_what_others_add_beside_ours_stays() -> None:
    def sidecar(live: Object) -> None:
        live["metadata"]["annotations"]["team"] = "alpha"
        live["spec"]["template"]["spec"]["containers"].insert(0, {"name": "proxy", "image": "proxy"})

    assert applied(edited(scene(bot_object()), STATEFUL_SET, sidecar)) == []


def test_a_field_that_is_no_longer_wanted_is_seen_by_the_hash() -> None:
    with_selector = Scene(bot_object(nodeSelector={"disk": "fast"})).settled()
    assert applied(replace(with_selector, obj=with_status(bot_object(), **with_selector.obj["status"]))) == [
        STATEFUL_SET
    ]


def test_a_child_of_an_earlier_bot_of_the_name_is_removed_and_not_taken_over() -> None:
    found = edited(
        scene(bot_object()), STATEFUL_SET, lambda live: live["metadata"]["ownerReferences"][0].update(uid="old")
    )
    [removal] = found.plan().deletes
    assert (removal.kind, removal.name, removal.uid) == (STATEFUL_SET, "bot-bot1", "StatefulSet-uid")
    assert applied(found) == []
    assert [notice.happening for notice in found.plan().child_events] == [Happening.CHILD_REMOVED]
    assert applied(found.after(found.plan())) == [STATEFUL_SET]


def test_a_child_that_is_going_is_waited_for() -> None:
    for owner in ("old", bot_object()["metadata"]["uid"]):

        def going(live: Object, owner: str = owner) -> None:
            live["metadata"]["ownerReferences"][0]["uid"] = owner
            live["metadata"]["deletionTimestamp"] = text(NOW)

        found = edited(scene(bot_object()), STATEFUL_SET, going)
        assert (applied(found), found.plan().deletes) == ([], ())


def test_a_child_without_an_owner_is_taken_over() -> None:
    found = edited(scene(bot_object()), SERVICE_ACCOUNT, lambda live: live["metadata"].pop("ownerReferences"))
    assert applied(found) == [SERVICE_ACCOUNT]


def test_a_pod_that_cannot_start_is_replaced_once_its_template_has_changed() -> None:
    waiting = {"reason": "ImagePullBackOff"}
    stuck = pod_object(ready=False, running=False, waiting=waiting)
    assert scene(bot_object(), pod=stuck).plan().deletes == ()
    outdated = pod_object(
        ready=False, running=False, waiting=waiting, labels={"controller-revision-hash": "bot-bot1-old"}
    )
    [removal] = scene(bot_object(), pod=outdated).plan().deletes
    assert (removal.kind, removal.name, removal.uid) == (POD, "bot-bot1-0", "pod-1")


def test_no_pod_is_judged_while_the_stateful_set_catches_up() -> None:
    outdated = pod_object(ready=False, running=False, labels={"controller-revision-hash": "bot-bot1-old"})
    found = edited(scene(bot_object(), pod=outdated), STATEFUL_SET, lambda live: live["metadata"].update(generation=2))
    assert found.plan().deletes == ()


@pytest.mark.parametrize(
    ("live", "desired", "same"),
    [
        ({"a": 1, "b": 2}, {"a": 1}, True),
        ({"a": 1}, {"a": 1, "b": 2}, False),
        ("1", "1000m", True),
        ("1Gi", "1024Mi", True),
        ("1", 1, True),
        ("1G", "1Gi", False),
        ("1e3", "1k", True),
        (True, "1", False),
        ([1, 2], [1], False),
        ({"env": [{"name": "B"}, {"name": "A", "value": "1"}]}, {"env": [{"name": "A", "value": "1"}]}, True),
        ({"env": [{"name": "A", "value": "2"}]}, {"env": [{"name": "A", "value": "1"}]}, False),
        ({"args": None}, {"args": []}, False),
    ],
)
def test_a_live_object_contains_what_is_desired(live: Any, desired: Any, same: bool) -> None:
    assert contains(live, desired) is same

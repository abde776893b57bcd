"""The latch of the kill switch."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deskapi import KillSwitch, LatchState
from deskoperator.plan.actions import Happening
from deskoperator.plan.bot import read_bot
from deskoperator.plan.kill import decide_latch
from deskoperator.plan.policies import Scope
from deskoperator.resources.kinds import Object
from tests.operator.worlds import NOW, UID, Scene, bot_object, engine, halt, text, with_status

KNOWN = Scope(known=True)
EARLIER, LATER = NOW - timedelta(seconds=5), NOW + timedelta(seconds=5)


def latch(name: str, state: str = "Latched", *, reason: str = "SpecHalted", **more: Any) -> Object:
    return {"state": state, "id": name, "source": "Spec", "reason": reason, "triggeredAt": text(NOW), **more}


def decided(obj: Object) -> KillSwitch | None:
    """What is written; None: nothing."""
    return decide_latch(read_bot(obj), KNOWN, NOW).write


def happened(obj: Object) -> list[Happening]:
    return [notice.happening for notice in decide_latch(read_bot(obj), KNOWN, NOW).notices]


def test_a_bot_without_cause_has_no_latch() -> None:
    assert decided(bot_object()) is None
    assert decided(with_status(bot_object(), engine=engine())) is None


def test_spec_halted_latches_with_an_id_of_uid_and_milliseconds() -> None:
    written = decided(bot_object(halted=True))
    assert written is not None
    assert written.id == f"{UID[:8]}-{int(NOW.timestamp() * 1000)}"
    assert (written.state, written.source, written.reason) == (LatchState.LATCHED, "Spec", "SpecHalted")
    assert written.triggered_at == NOW
    assert happened(bot_object(halted=True)) == [Happening.HALTED]


def test_a_halt_that_the_engine_reports_is_latched_under_the_engines_id() -> None:
    written = decided(with_status(bot_object(), engine=engine("Halting", halt=halt("aaaa-1"))))
    assert written is not None
    assert (written.state, written.id, written.source, written.reason) == ("Latched", "aaaa-1", "Engine", "JournalLost")


def test_spec_halted_takes_the_id_that_the_engine_has_made_already() -> None:
    written = decided(with_status(bot_object(halted=True), engine=engine("Halting", halt=halt("aaaa-1"))))
    assert written is not None
    assert (written.id, written.reason) == ("aaaa-1", "SpecHalted")


def test_the_operators_id_stands_when_both_latched_at_once_for_the_same_reason() -> None:
    own = halt("eeee-2", reason="SpecHalted", at=LATER)
    obj = with_status(bot_object(halted=True), killSwitch=latch("oooo-1"), engine=engine("Halting", halt=own))
    assert decided(obj) is None


def test_the_operators_id_stands_against_an_earlier_reason_of_the_engine() -> None:
    own = halt("eeee-2", at=EARLIER)
    obj = with_status(bot_object(halted=True), killSwitch=latch("oooo-1"), engine=engine("Halting", halt=own))
    assert decided(obj) is None


@pytest.mark.control("S4.1")
def test_a_later_reason_of_the_engine_supersedes_the_id() -> None:
    own = halt("eeee-2", at=LATER)
    obj = with_status(bot_object(), killSwitch=latch("oooo-1"), engine=engine("Halting", halt=own))
    written = decided(obj)
    assert written is not None
    assert (written.id, written.reason, written.state) == ("eeee-2", "JournalLost", "Latched")
    assert happened(obj) == [Happening.HALTED]


def test_a_later_reason_of_the_engine_under_spec_halted_makes_a_new_id_once() -> None:
    own = halt("eeee-2", at=LATER)
    obj = with_status(bot_object(halted=True), killSwitch=latch("oooo-1"), engine=engine("Halting", halt=own))
    scene = Scene(obj)
    written = scene.plan().latch
    assert written is not None
    assert written.id not in {"oooo-1", "eeee-2"}
    assert scene.after(scene.plan()).plan().latch is None


def test_spec_halted_supersedes_the_engines_halt_so_that_its_acknowledgement_is_stale() -> None:
    engines = latch("eeee-2", "Confirmed", reason="JournalLost")
    obj = with_status(bot_object(halted=True, acknowledgedHalt="eeee-2"), killSwitch=engines)
    superseded = Scene(obj).settled()
    new_id = superseded.obj["status"]["killSwitch"]["id"]
    assert new_id != "eeee-2"
    no_longer_halted = {**superseded.obj, "spec": {**superseded.obj["spec"], "halted": False}}
    assert decided(no_longer_halted) is None  # still latched: nobody has acknowledged the second halt


def test_the_venues_proof_for_this_id_confirms_and_is_copied() -> None:
    proof = halt("oooo-1", reason="SpecHalted", at=LATER, confirmed=True) | {"residualPosition": "0.5 BTC/USDT:USDT"}
    obj = with_status(bot_object(halted=True), killSwitch=latch("oooo-1"), engine=engine("Halted", halt=proof))
    written = decided(obj)
    assert written is not None
    assert (written.state, written.id, written.confirmed_by) == (LatchState.CONFIRMED, "oooo-1", "Engine")
    assert (written.confirmed_at, written.orders_cancelled, written.residual_orders) == (LATER, 4, 0)
    assert written.residual_position == "0.5 BTC/USDT:USDT"
    assert written.triggered_at == NOW
    assert happened(obj) == [Happening.HALT_CONFIRMED]


def test_the_proof_for_another_id_confirms_nothing() -> None:
    proof = halt("eeee-2", reason="SpecHalted", confirmed=True)
    obj = with_status(bot_object(halted=True), killSwitch=latch("oooo-1"), engine=engine("Halted", halt=proof))
    assert decided(obj) is None


def test_the_acknowledged_id_releases() -> None:
    obj = with_status(bot_object(acknowledgedHalt="oooo-1"), killSwitch=latch("oooo-1", "Confirmed"))
    written = decided(obj)
    assert written is not None
    assert (written.state, written.id) == (LatchState.RELEASED, "oooo-1")
    assert happened(obj) == [Happening.RELEASED]


def test_a_halt_that_the_venue_has_not_confirmed_is_not_released() -> None:
    unconfirmed = engine("Halting", halt=halt("oooo-1", reason="SpecHalted"))
    obj = with_status(bot_object(acknowledgedHalt="oooo-1"), killSwitch=latch("oooo-1"), engine=unconfirmed)
    assert decided(obj) is None


def test_the_proof_may_come_after_the_acknowledgement() -> None:
    proof = engine("Halted", halt=halt("oooo-1", reason="StatusHalted", at=LATER, confirmed=True))
    obj = with_status(bot_object(acknowledgedHalt="oooo-1"), killSwitch=latch("oooo-1"), engine=proof)
    written = decided(obj)
    assert written is not None
    assert (written.state, written.orders_cancelled) == (LatchState.RELEASED, 4)


def test_no_other_acknowledgement_releases() -> None:
    for acknowledged in (None, "oooo-2", "oooo"):
        obj = with_status(bot_object(acknowledgedHalt=acknowledged), killSwitch=latch("oooo-1", "Confirmed"))
        assert decided(obj) is None


def test_the_acknowledged_id_does_not_release_while_spec_halted_is_true() -> None:
    obj = with_status(bot_object(halted=True, acknowledgedHalt="oooo-1"), killSwitch=latch("oooo-1", "Confirmed"))
    assert decided(obj) is None


def test_the_acknowledged_id_does_not_release_while_the_engine_halts_for_a_reason_of_its_own() -> None:
    own = engine("Halting", halt=halt("eeee-2", at=EARLIER))
    obj = with_status(bot_object(acknowledgedHalt="oooo-1"), killSwitch=latch("oooo-1", "Confirmed"), engine=own)
    assert decided(obj) is None


def test_a_released_halt_that_the_engine_still_reports_does_not_latch_again() -> None:
    report = engine("Halted", halt=halt("oooo-1", reason="SpecHalted", confirmed=True))
    assert decided(with_status(bot_object(), killSwitch=latch("oooo-1", "Released"), engine=report)) is None


def test_a_new_halt_after_a_release_has_a_new_id() -> None:
    used = f"{UID[:8]}-{int(NOW.timestamp() * 1000)}"
    released = with_status(bot_object(halted=True, acknowledgedHalt=used), killSwitch=latch(used, "Released"))
    written = decided(released)
    assert written is not None
    assert (written.state, written.id == used) == (LatchState.LATCHED, False)


@pytest.mark.control("S4.2")
def test_a_latch_that_vanished_is_restored_from_what_the_engine_reports() -> None:
    report = engine("Halted", halt=halt("oooo-1", reason="SpecHalted", confirmed=True))
    written = decided(with_status(bot_object(), engine=report))
    assert written is not None
    assert (written.state, written.id) == (LatchState.CONFIRMED, "oooo-1")


@pytest.mark.control("K-rollback")
def test_a_latch_of_a_newer_version_is_left_alone_and_holds() -> None:
    unknown = latch("oooo-1", "Flattening")
    obj = with_status(bot_object(acknowledgedHalt="oooo-1"), killSwitch=unknown)
    assert decided(obj) is None
    assert read_bot(obj).latched


def test_a_bot_whose_spec_cannot_be_read_is_halted_all_the_same() -> None:
    obj = bot_object(halted=True, colour="green")
    assert read_bot(obj).spec is None
    assert decided(obj) is not None


IDS = st.sampled_from(["oooo-1", "eeee-2", "cccc-3"])
REASONS = st.sampled_from(["SpecHalted", "JournalLost", "DayLoss"])
TIMES = st.sampled_from([EARLIER, NOW, LATER])
HALTS = st.builds(
    lambda name, reason, at, confirmed: halt(name, reason=reason, at=at, confirmed=confirmed),
    IDS,
    REASONS,
    TIMES,
    st.booleans(),
)
LATCHES = st.builds(
    lambda name, state, reason, at: latch(name, state, reason=reason, triggeredAt=text(at)),
    IDS,
    st.sampled_from(["Latched", "Confirmed", "Released"]),
    REASONS,
    TIMES,
)


@st.composite
def objects(draw: st.DrawFn) -> Object:
    obj = bot_object(halted=draw(st.sampled_from([None, False, True])), acknowledgedHalt=draw(st.none() | IDS))
    parts = {}
    if (switch := draw(st.none() | LATCHES)) is not None:
        parts["killSwitch"] = switch
    if (own := draw(st.none() | HALTS)) is not None:
        parts["engine"] = engine("Halting", halt=own)
    return with_status(obj, **parts)


@pytest.mark.control("S4.4")
@given(objects())
def test_only_the_acknowledgement_of_this_very_id_releases_and_never_under_a_cause(obj: Object) -> None:
    before, written = read_bot(obj), decided(obj)
    if written is not None and written.state is LatchState.RELEASED:
        assert obj["spec"]["acknowledgedHalt"] == written.id
        assert obj["spec"].get("halted") is not True
        assert written.confirmed_by is not None or (before.latch is not None and before.latch.state == "Confirmed")
        # The CRD's own rule, without which the API server would refuse the write.
        assert not before.latched or (before.latch is not None and before.latch.id == written.id)
        own = obj["status"].get("engine", {}).get("halt")
        assert own is None or own["id"] == written.id


@given(objects())
def test_every_cause_ends_latched(obj: Object) -> None:
    written = decided(obj)
    after = written or read_bot(obj).latch
    if obj["spec"].get("halted") is True:
        assert after is not None
        assert after.state is not LatchState.RELEASED


@given(objects())
def test_the_latch_settles_within_two_writes_and_then_stays(obj: Object) -> None:
    scene, writes = Scene(obj), 0
    while (written := decide_latch(scene.bot, KNOWN, scene.now).write) is not None:
        writes += 1
        assert writes <= 2, written
        scene = scene.after(scene.plan())
    assert decide_latch(scene.bot, KNOWN, scene.now + timedelta(hours=1)).write is None


@pytest.mark.control("S4.1")
@given(objects())
def test_a_released_id_is_never_latched_again(obj: Object) -> None:
    written, before = decided(obj), read_bot(obj).latch
    if before is not None and before.state is LatchState.RELEASED and written is not None:
        assert written.id != before.id

"""The latch: when a halt begins, under which id, and when it ends.

Either latched is halted: the journal's own latch, or `status.killSwitch` as the object shows it. Whoever latches first
makes the id, the other adopts it; an id that a person has acknowledged is never adopted again. The engine drops its
latch only for `spec.acknowledgedHalt` with that very id, while nobody asks for a halt, after the venue was proven
empty; and it stays still until the object's latch is released as well.
"""

from deskbot.core.events import Control
from deskbot.core.records import HaltConfirmed, Latched, Released
from deskbot.core.state import State

MILLISECOND = 1_000_000


def consider(state: State) -> None:
    """Latch, adopt or release, as the object asks. Called on every `Control` and when a sweep is confirmed."""
    control = state.control
    if control is None:
        return
    latch = state.durable.latch
    if latch is None:
        _latch_if_asked(state, control)
    elif _foreign_id(state, control):
        state.record(Latched(state.at, control.latch_id, "Operator", "StatusHalted"))
    elif latch.confirmed_at and _acknowledged(control, latch.id):
        state.record(Released(state.at, latch.id))
        _latch_if_asked(state, control)


def fail(state: State, reason: str, evidence: str) -> bool:
    """The engine cannot trust itself: halt, or have a halt in force proven anew. False when that is known already."""
    latch = state.durable.latch
    if latch is None:
        state.record(Latched(state.at, new_id(state), "Engine", reason, evidence))
    elif not latch.evidence:
        state.record(Latched(state.at, latch.id, latch.source, reason, evidence))
    else:
        return False
    return True


def _latch_if_asked(state: State, control: Control) -> None:
    if control.deleted:
        state.record(Latched(state.at, new_id(state), "Engine", "ObjectDeleted"))
    elif _foreign_id(state, control):
        source, reason = ("Spec", "SpecHalted") if control.halted else ("Operator", "StatusHalted")
        state.record(Latched(state.at, control.latch_id, source, reason))
    elif control.halted:
        state.record(Latched(state.at, new_id(state), "Spec", "SpecHalted"))


def _foreign_id(state: State, control: Control) -> bool:
    """Whether the object's latch names a halt that this journal neither holds nor has released."""
    if not control.latch_id or control.latch_released or control.latch_id in state.durable.released:
        return False
    return state.durable.latch is None or control.latch_id != state.durable.latch.id


def _acknowledged(control: Control, latch_id: str) -> bool:
    return control.acknowledged_halt == latch_id and not control.halted and not control.deleted


def born_latched(object_uid: str, at: int, reason: str) -> Latched:
    """The halt that a journal begins with when it is not the first one."""
    return Latched(at, _id(object_uid, at // MILLISECOND), "Engine", reason)


def new_id(state: State) -> str:
    """An id for a halt: object UID prefix and milliseconds; the next millisecond if that one is taken."""
    made_at = state.at // MILLISECOND
    while (made := _id(state.object_uid, made_at)) in state.durable.released:
        made_at += 1
    return made


def _id(object_uid: str, milliseconds: int) -> str:
    return f"{object_uid[:8].lower()}-{milliseconds}"


def held(state: State) -> bool:
    """Whether a halt is in force, by the journal or by the object."""
    if state.durable.latch is not None:
        return True
    control = state.control
    if control is None:
        return False
    return control.halted or control.deleted or (control.latch_id != "" and not control.latch_released)


def confirm(state: State, cancelled: int) -> None:
    """The venue has shown that no order is left."""
    latch = state.durable.latch
    if latch is not None and not latch.confirmed_at:
        state.record(HaltConfirmed(state.at, latch.id, cancelled))

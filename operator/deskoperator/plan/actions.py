"""What a plan asks for: writes and removals, as data."""

from dataclasses import dataclass
from enum import StrEnum

from deskoperator.resources.kinds import Kind, Object


@dataclass(frozen=True)
class Apply:
    """A child to be applied, whole. `repairs` says in words what was found wrong, or is empty."""

    kind: Kind
    manifest: Object
    repairs: str = ""


@dataclass(frozen=True)
class Delete:
    """An object to be removed, if it still is the one that was seen, and unchanged where `version` names one; with its
    own grace where none is given.
    """

    kind: Kind
    namespace: str
    name: str
    uid: str
    because: str
    grace_seconds: int | None = None
    version: str = ""


@dataclass(frozen=True)
class Create:
    """An object to be made, unless there is one of its name."""

    kind: Kind
    manifest: Object


class Happening(StrEnum):
    """Reasons of the Events that the operator writes, in their stable words."""

    HALTED = "Halted"
    HALT_CONFIRMED = "HaltConfirmed"
    RELEASED = "Released"
    STALLED = "Stalled"
    ENVELOPE_CHANGED = "EnvelopeChanged"
    CHILD_REPAIRED = "ChildRepaired"
    CHILD_REMOVED = "ChildRemoved"
    KILL_JOB_STARTED = "KillJobStarted"
    KILL_JOB_STUCK = "KillJobStuck"
    KILL_JOB_UNCONFIRMED = "KillJobUnconfirmed"
    POD_STOPPED = "PodStopped"


@dataclass(frozen=True)
class Notice:
    """One Event to be told to people."""

    happening: Happening
    note: str
    warning: bool = False

"""What a plan asks for: writes and removals, as data."""

from collections.abc import Mapping
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


@dataclass(frozen=True)
class Annotate:
    """Annotations to be written on an object that is still as it was seen; None takes one away."""

    kind: Kind
    namespace: str
    name: str
    uid: str
    version: str
    annotations: Mapping[str, str | None]


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
    NAMESPACE_TERMINATING = "NamespaceTerminating"
    TOMBSTONE_WAITS = "TombstoneWaits"
    TOMBSTONE_REMOVED = "TombstoneRemoved"


@dataclass(frozen=True)
class Notice:
    """One Event to be told to people."""

    happening: Happening
    note: str
    warning: bool = False

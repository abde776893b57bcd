"""What the bot's pod says about itself."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic import TypeAdapter

from deskapi import Reason
from deskoperator.resources.kinds import Object

_TIME: TypeAdapter[datetime | None] = TypeAdapter(datetime | None)

# Waiting reasons of the kubelet that do not pass by themselves.
_TROUBLES = {
    "ImagePullBackOff": Reason.IMAGE_UNAVAILABLE,
    "ErrImagePull": Reason.IMAGE_UNAVAILABLE,
    "ErrImageNeverPull": Reason.IMAGE_UNAVAILABLE,
    "InvalidImageName": Reason.IMAGE_UNAVAILABLE,
    "CrashLoopBackOff": Reason.POD_CRASHING,
    "CreateContainerError": Reason.POD_CRASHING,
    "CreateContainerConfigError": Reason.POD_CRASHING,
    "RunContainerError": Reason.POD_CRASHING,
}


@dataclass(frozen=True)
class Pod:
    """`running`: the container's process lives. `trouble`: why it never will without help. `words`: the kubelet's."""

    name: str
    uid: str
    revision: str
    terminating: bool
    ready: bool
    ready_since: datetime | None
    running: bool
    running_since: datetime | None
    trouble: Reason | None
    words: str


def read_pod(obj: Object) -> Pod:
    """The view of a pod with one container."""
    metadata, status = obj["metadata"], obj.get("status") or {}
    conditions = {condition["type"]: condition for condition in status.get("conditions") or ()}
    container: Object = next(iter(status.get("containerStatuses") or ()), {})
    state = container.get("state") or {}
    trouble, words = _trouble(state.get("waiting") or {}, conditions.get("PodScheduled", {}))
    ready = conditions.get("Ready", {})
    return Pod(
        name=metadata["name"],
        uid=metadata.get("uid", ""),
        revision=metadata.get("labels", {}).get("controller-revision-hash", ""),
        terminating="deletionTimestamp" in metadata,
        ready=ready.get("status") == "True" and "deletionTimestamp" not in metadata,
        ready_since=_TIME.validate_python(ready.get("lastTransitionTime")),
        running="running" in state,
        running_since=_TIME.validate_python((state.get("running") or {}).get("startedAt")),
        trouble=trouble,
        words=words,
    )


def _trouble(waiting: dict[str, Any], scheduled: dict[str, Any]) -> tuple[Reason | None, str]:
    if scheduled.get("reason") == "Unschedulable":
        return Reason.POD_UNSCHEDULABLE, scheduled.get("message", "")
    reason = waiting.get("reason", "")
    words = ": ".join(part for part in (reason, waiting.get("message", "")) if part)
    return _TROUBLES.get(reason), words

"""What the bot's pod says about itself."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from pydantic import TypeAdapter

from deskapi import Reason
from deskoperator.resources.kinds import Object

_TIME: TypeAdapter[datetime | None] = TypeAdapter(datetime | None)

# Waiting reasons of the kubelet that do not pass by themselves.
_TROUBLES = {
    "ImagePullBackOff": Reason.IMAGE_UNAVAILABLE,
    "ErrImageNeverPull": Reason.IMAGE_UNAVAILABLE,
    "InvalidImageName": Reason.IMAGE_UNAVAILABLE,
    "CrashLoopBackOff": Reason.POD_CRASHING,
    "CreateContainerError": Reason.POD_CRASHING,
    "CreateContainerConfigError": Reason.POD_CRASHING,
    "RunContainerError": Reason.POD_CRASHING,
}


# A scheduler often says no before the pod's volume is bound or a node has joined.
_SCHEDULING_PATIENCE = timedelta(seconds=15)


@dataclass(frozen=True)
class Pod:
    """`running`: the container's process lives. `trouble`: why it may never run, since when. `words`: the cluster's."""

    name: str
    uid: str
    revision: str
    terminating: bool
    ready: bool
    ready_since: datetime | None
    running: bool
    running_since: datetime | None
    trouble: Reason | None
    trouble_since: datetime | None
    words: str

    def stuck(self, now: datetime) -> bool:
        """Whether only a change of spec or cluster will let it run."""
        if self.trouble is not Reason.POD_UNSCHEDULABLE or self.trouble_since is None:
            return self.trouble is not None
        return now - self.trouble_since >= _SCHEDULING_PATIENCE

    def stuck_at(self) -> datetime | None:
        """When waiting for a node has taken too long."""
        if self.trouble is not Reason.POD_UNSCHEDULABLE or self.trouble_since is None:
            return None
        return self.trouble_since + _SCHEDULING_PATIENCE


def read_pod(obj: Object) -> Pod:
    """The view of a pod with one container."""
    metadata, status = obj["metadata"], obj.get("status") or {}
    conditions = {condition["type"]: condition for condition in status.get("conditions") or ()}
    container: Object = next(iter(status.get("containerStatuses") or ()), {})
    state = container.get("state") or {}
    scheduled = conditions.get("PodScheduled", {})
    trouble, words = (None, "") if "running" in state else _trouble(state.get("waiting") or {}, scheduled)
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
        trouble_since=_TIME.validate_python(scheduled.get("lastTransitionTime")),
        words=words,
    )


def _trouble(waiting: dict[str, Any], scheduled: dict[str, Any]) -> tuple[Reason | None, str]:
    if scheduled.get("reason") == "Unschedulable":
        return Reason.POD_UNSCHEDULABLE, scheduled.get("message", "")
    reason = waiting.get("reason", "")
    words = ": ".join(part for part in (reason, waiting.get("message", "")) if part)
    return _TROUBLES.get(reason), words

"""What a kill Job's pods say: the outcome in a termination message, or why no pod gets so far."""

from collections.abc import Iterator
from datetime import datetime

from pydantic import AwareDatetime, TypeAdapter, ValidationError

from deskapi.base import StatusModel
from deskoperator.plan.pod import read_pod
from deskoperator.resources.kinds import JOB, Object

_TIME = TypeAdapter(datetime)


class KillReport(StatusModel):
    """The outcome that `desk kill` leaves (docs/halting.md)."""

    halt_id: str = ""
    dry_run: bool = False
    confirmed: bool = False
    confirmed_at: AwareDatetime | None = None
    reason: str = ""
    message: str = ""
    orders_cancelled: int | None = None
    residual_orders: int | None = None
    residual_position: str | None = None

    def proves(self, halt_id: str) -> bool:
        """Whether this confirms that very halt."""
        complete = self.confirmed and self.confirmed_at is not None and self.residual_orders == 0
        return complete and not self.dry_run and self.halt_id == halt_id


def reports(job: Object, pods: tuple[Object, ...]) -> list[KillReport]:
    """Every outcome that the Job's own pods have left; pods that others named like it are none of them."""
    return [report for pod in own_pods(job, pods) for text in _messages(pod) if (report := _read(text)) is not None]


def own_pods(job: Object, pods: tuple[Object, ...]) -> list[Object]:
    """The pods that this very Job has made."""
    uid = job["metadata"].get("uid")
    return [pod for pod in pods if any(_controls(owner, uid) for owner in pod["metadata"].get("ownerReferences", ()))]


def unscheduled(pods: list[Object]) -> str:
    """Why none of the pods has a node, in the scheduler's words; "" where one has, or none was refused yet."""
    seen = [read_pod(pod) for pod in pods]
    troubles = [pod.words or str(pod.trouble) for pod in seen if pod.trouble is not None]
    return troubles[0] if seen and len(troubles) == len(seen) else ""


def created_at(obj: Object) -> datetime | None:
    """When the API server took the object."""
    text = obj["metadata"].get("creationTimestamp")
    return None if text is None else _TIME.validate_python(text)


def finished(job: Object) -> bool:
    """Whether the Job starts no more pods."""
    conditions = (job.get("status") or {}).get("conditions") or ()
    return any(one.get("type") in ("Complete", "Failed") and one.get("status") == "True" for one in conditions)


def _controls(owner: Object, uid: str | None) -> bool:
    return bool(owner.get("controller")) and owner.get("kind") == JOB.kind and owner.get("uid") == uid


def _messages(pod: Object) -> Iterator[str]:
    for container in (pod.get("status") or {}).get("containerStatuses") or ():
        for place in ("state", "lastState"):
            message = ((container.get(place) or {}).get("terminated") or {}).get("message")
            if message:
                yield message


def _read(text: str) -> KillReport | None:
    try:
        return KillReport.model_validate_json(text)
    except ValidationError:
        return None

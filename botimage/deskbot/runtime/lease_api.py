"""The Lease of a bot on the API server: read, and written over the version that was read.

A merge patch that names the resourceVersion is refused once anything has changed, and leaves what others put into the
object alone.
"""

from typing import Any, Final

from deskapi.lease import LEASE_API_VERSION, LEASE_PLURAL, PROVEN_MARK, RELEASED_MARK, is_released, lease_holder
from deskbot.core.errors import Transient
from deskbot.fencing.durations import SECOND
from deskbot.fencing.holder import Lease
from deskbot.runtime.clock import Clock, to_datetime
from deskbot.runtime.kube_api import KubeApi

_NOT_THERE: Final = 404
_CHANGED: Final = 409


class LeaseApi:
    """One Lease, named after the bot."""

    def __init__(self, api: KubeApi, clock: Clock) -> None:
        self._api = api
        self._clock = clock
        self._path = f"/apis/{LEASE_API_VERSION}/namespaces/{api.namespace}/{LEASE_PLURAL}/{api.name}"
        self._transitions = 0

    async def read(self) -> Lease | None:
        """The Lease as the API server has it now; None: there is none. Raises Transient."""
        status, body = await self._api.ask("GET", self._path)
        if status == _NOT_THERE:
            return None
        self._transitions = int((body.get("spec") or {}).get("leaseTransitions") or 0)
        return Lease(_version(status, body), lease_holder(body), is_released(body))

    async def write(self, wanted: Lease, duration: int, *, takes: bool, proven: bool = False) -> str:
        """Write over the version that `wanted` names; the new one, or "" where it is not there any more. Raises
        Transient. `proven`: the venue has shown that no order is left."""
        changes = self._changes(wanted, duration, takes, proven)
        status, body = await self._api.ask("PATCH", self._path, changes)
        return "" if status in (_NOT_THERE, _CHANGED) else _version(status, body)

    def _changes(self, wanted: Lease, duration: int, takes: bool, proven: bool) -> dict[str, Any]:
        now = to_datetime(self._clock.now()).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        marks = {
            RELEASED_MARK: "true" if wanted.released else None,
            PROVEN_MARK: "true" if wanted.released and proven else None,
        }
        spec = {"holderIdentity": wanted.holder, "leaseDurationSeconds": duration // SECOND, "renewTime": now}
        taken = {"acquireTime": now, "leaseTransitions": self._transitions + 1} if takes else {}
        return {
            "metadata": {"resourceVersion": wanted.version, "annotations": marks},
            "spec": {**spec, **taken},
        }


def _version(status: int, body: dict[str, Any]) -> str:
    if status >= 300:
        raise Transient("ControlLost", f"the API server answers {status} for the Lease: {body.get('message', '')}")
    return str(body["metadata"]["resourceVersion"])

"""`kubectl desk halt` of a bot that is gone: its Lease says where its orders may be, and the same Job empties that.

Lease without its bot ──▶ the operator's Job, or after 10 s our own ──▶ its proof
                      └─▶ the engine's own proof, or no venue, or the Lease gone: nothing is left to do
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta

from deskapi import Confirmer
from deskapi.lease import is_proven
from deskoperator.controller import clock
from deskoperator.controller.cluster import Cluster
from deskoperator.errors import CannotKill
from deskoperator.kubectl.job import LOOK_SECONDS, heard, make_job
from deskoperator.kubectl.seen import Seen
from deskoperator.plan.tombstone import OWN_END_SECONDS, Tombstone, tombstone
from deskoperator.resources.kinds import JOB, LEASE


@dataclass(frozen=True)
class Leftover:
    """What is left of one bot. `image` finds the release's own bot image; it raises `CannotKill`."""

    cluster: Cluster
    image: Callable[[str], Awaitable[str]]
    timeout: timedelta
    namespace: str
    name: str

    async def proven(self) -> tuple[Seen, str, str]:
        """What was found, the Job's name, and what is wrong. Raises `ApiError`, `CannotKill`."""
        began, words = clock.monotonic(), f"there is no TradingBot {self.name} in {self.namespace}"
        found = await self._look()
        if found is None:
            return Seen(), "", words
        seen, job = Seen(halt_id=found.halt_id), ""
        while clock.monotonic() - began < self.timeout.total_seconds():
            left = await self._look()
            seen, job = await self._step(found, clock.monotonic() - began, gone=left is None)
            if seen.confirmed:
                return seen, job, ""
            if left is None:
                return seen, job, f"{words} any more, nor its Lease: nothing is left of it"
            await clock.pause(LOOK_SECONDS)
        return seen, job, f"{words} any more, and its venue is not shown empty yet: {seen.note or 'nobody asks it'}"

    async def _look(self) -> Tombstone | None:
        lease = await self.cluster.get(LEASE, self.namespace, self.name)
        return tombstone(self.namespace, self.name, lease, None)

    async def _step(self, found: Tombstone, waited: float, *, gone: bool) -> tuple[Seen, str]:
        seen = Seen(halt_id=found.halt_id, reason="ObjectDeleted")
        if found.scope is None:
            raise CannotKill(f"the TradingBot is gone and Lease {self.name} does not say where its orders may be")
        if not found.scope.has_venue:
            raise CannotKill(f"the TradingBot is gone, and as {found.scope.mode} it had no venue to ask")
        if not found.scope.account_id:  # it was never admitted on one
            return Seen(halt_id=found.halt_id, reason="ObjectDeleted", by=Confirmer.OPERATOR.value), ""
        if is_proven(found.lease):
            return Seen(halt_id=found.halt_id, reason="ObjectDeleted", by=Confirmer.ENGINE.value), ""
        job = await self.cluster.get(JOB, self.namespace, found.job_name)
        if job is not None:
            return await heard(self.cluster, job, seen), found.job_name
        if waited >= OWN_END_SECONDS and not gone:
            target = found.scope.target(self.namespace, self.name, found.halt_id)
            await make_job(self.cluster, target, found.lease, self.image)
        return seen, found.job_name

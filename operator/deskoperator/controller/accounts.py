"""Claims on accounts, carried out: who has an account, and making the claim on one that is free (`plan/account.py`).

Every answer is read from the API server at that moment, and a read that fails fails the whole: who has an account is
then not known, and nobody is admitted on it.
"""

from dataclasses import dataclass, replace

import structlog

from deskoperator.controller.cluster import Cluster
from deskoperator.plan.account import incumbent
from deskoperator.plan.world import World
from deskoperator.resources.account_claim import Claim, claim_name, claim_object, read_claim
from deskoperator.resources.kinds import LEASE, TRADING_BOT, Object
from deskoperator.resources.labels import BOT_LABEL
from deskoperator.resources.lease import is_ours
from deskoperator.resources.venue_scope import scope_on

_UNKNOWN = "unknown"

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Accounts:
    """`home` is the namespace of the claims; bots are looked for in `namespace`, None: in all of them."""

    cluster: Cluster
    home: str = "default"
    namespace: str | None = None

    async def observe(self, own: Claim | None, world: World) -> World:
        """The world with who has that account."""
        found = None if own is None else await self._find(own)
        if own is None or found is None:
            return world
        return replace(world, claim=await self._standing(found, own))

    async def claim(self, own: Claim, world: World) -> World:
        """The world with the account claimed, or with who has it. Raises `Conflict` when somebody was faster."""
        found = await self._find(own)
        if found is not None:
            if holder := await self._standing(found, own):
                return replace(world, claim=holder)
            await self._remove(found)
        other = incumbent(own, await self.cluster.list(LEASE, self.namespace, BOT_LABEL))
        if other is not None:
            return replace(world, claim=replace(own, namespace=other[0], bot=other[1], uid=""))
        await self.cluster.create(LEASE, claim_object(own, self.home))
        log.info("account claimed", bot=f"{own.namespace}/{own.bot}", account=own.account_id)
        return replace(world, claim=own)

    async def release(self, own: Claim) -> None:
        """The bot is buried: its account is free."""
        found = await self._find(own)
        if found is not None and read_claim(found) == own:
            await self._remove(found)

    async def _find(self, own: Claim) -> Object | None:
        return await self.cluster.get(LEASE, self.home, claim_name(own.exchange, own.account_id))

    async def _remove(self, found: Object) -> None:
        """That very object, as it was read. Raises `Conflict`."""
        metadata = found["metadata"]
        version = metadata["resourceVersion"]
        await self.cluster.delete(LEASE, self.home, metadata["name"], metadata["uid"], version=version)

    async def _standing(self, found: Object, own: Claim) -> Claim | None:
        """Whose claim it is; None: whoever had it is gone, and buried. One that cannot be read is somebody's."""
        holder = read_claim(found)
        if holder is None:
            return replace(own, namespace=_UNKNOWN, bot=_UNKNOWN, uid="")
        return holder if holder.uid == own.uid or await self._stands(holder) else None

    async def _stands(self, claim: Claim) -> bool:
        """Whether the bot lives, or what it left is not buried. It is looked for first: its Lease outlives it."""
        bot = await self.cluster.get(TRADING_BOT, claim.namespace, claim.bot)
        if bot is not None and bot["metadata"]["uid"] == claim.uid:
            return True
        lease = await self.cluster.get(LEASE, claim.namespace, claim.bot)
        if lease is None or not is_ours(lease, claim.bot):
            return False
        scope = scope_on(lease)
        return scope is None or scope.uid == claim.uid

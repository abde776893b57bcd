"""`kubectl desk halt`: ask, wait, and finish it oneself where nobody else does.

    patch spec.halted ──▶ engine and operator do their part ──▶ confirmed
          └ confirmWithin + 10 s later, unconfirmed, and no kill Job there ──▶ stop the pod, create the same Job, wait

The Job is the operator's, name and all: whoever comes second finds it there. Every bot is halted beside the others; one
that cannot be halted stops nobody else.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from deskapi import Confirmer
from deskoperator.controller import clock
from deskoperator.controller.cluster import Cluster
from deskoperator.errors import Absent, ApiError, CannotKill
from deskoperator.kubectl.job import LOOK_SECONDS, heard, make_job
from deskoperator.kubectl.leftover import Leftover
from deskoperator.kubectl.seen import Seen, see
from deskoperator.plan.account import never_traded
from deskoperator.plan.bot import Bot, read_bot
from deskoperator.plan.kill_job import POD_GRACE_SECONDS, confirm_within
from deskoperator.plan.kill_target import has_venue, kill_target
from deskoperator.resources.kill_job import job_name
from deskoperator.resources.kinds import JOB, LEASE, POD, TRADING_BOT
from deskoperator.resources.labels import pod_name

GRACE = timedelta(seconds=10)


@dataclass(frozen=True)
class Outcome:
    """One bot's end. `seconds` until it was confirmed, or until the waiting ended; `problem` "": none."""

    namespace: str
    bot: str
    seen: Seen
    seconds: float
    problem: str = ""
    dry_run: bool = False
    job: str = ""

    @property
    def done(self) -> bool:
        """Confirmed; in a dry run, walked through."""
        return not self.problem and (self.seen.confirmed or self.dry_run)


@dataclass(frozen=True)
class Halting:
    """`image` finds the release's own bot image, and is asked only when it is needed; it raises `CannotKill`."""

    cluster: Cluster
    image: Callable[[str], Awaitable[str]]
    timeout: timedelta

    async def halt(self, namespace: str, name: str) -> Outcome:
        """One bot, whatever comes of it."""
        began = clock.monotonic()
        try:
            asked = await self._ask(namespace, name)
            seen, job, problem = await self._wait(asked)
        except Absent:
            seen, job, problem = await self._what_is_left(namespace, name)
        except (ApiError, CannotKill) as error:
            seen, job, problem = Seen(), "", str(error)
        return Outcome(namespace, name, seen, clock.monotonic() - began, problem, job=job)

    async def rehearse(self, namespace: str, name: str) -> Outcome:
        """A dry run: the kill Job asks the venue everything, cancels nothing and confirms nothing."""
        began = clock.monotonic()
        job, seen, problem = "", Seen(), ""
        try:
            bot = await self._read(namespace, name)
            seen = see(bot, 0)
            if has_venue(bot):
                job, seen = await self._rehearse(bot, clock.now())
            else:
                seen = replace(seen, note="it sends nothing: there is no venue to ask")
        except (ApiError, CannotKill, TimeoutError) as error:
            problem = str(error) or "the dry run did not end in time"
        return Outcome(namespace, name, replace(seen, by=""), clock.monotonic() - began, problem, dry_run=True, job=job)

    async def _what_is_left(self, namespace: str, name: str) -> tuple[Seen, str, str]:
        try:
            return await Leftover(self.cluster, self.image, self.timeout, namespace, name).proven()
        except (ApiError, CannotKill) as error:
            return Seen(), "", str(error)

    async def _ask(self, namespace: str, name: str) -> Bot:
        await self.cluster.merge(TRADING_BOT, namespace, name, {"spec": {"halted": True}})
        return await self._read(namespace, name)

    async def _read(self, namespace: str, name: str) -> Bot:
        found = await self.cluster.get(TRADING_BOT, namespace, name)
        if found is None:
            raise Absent(404, f"there is no TradingBot {name} in {namespace}")
        return read_bot(found)

    async def _wait(self, asked: Bot) -> tuple[Seen, str, str]:
        namespace, name = asked.metadata.namespace, asked.metadata.name
        generation, began = asked.metadata.generation or 0, clock.monotonic()
        late = (confirm_within(asked) + GRACE).total_seconds()
        job, seen, trouble = "", see(asked, generation), ""
        while not seen.confirmed and clock.monotonic() - began < self.timeout.total_seconds():
            await clock.pause(LOOK_SECONDS)
            try:
                bot = await self._read(namespace, name)
                seen = see(bot, generation)
                if not seen.confirmed and clock.monotonic() - began >= late:
                    job, seen = await self._by_job(bot, seen, job)
                trouble = ""
            except Absent:
                raise
            except ApiError as error:  # an API server that comes and goes is asked again
                trouble = str(error)
        words = "" if seen.confirmed else trouble or seen.note or "the venue has not confirmed yet"
        return seen, job, words

    async def _by_job(self, bot: Bot, seen: Seen, known: str) -> tuple[str, Seen]:
        """The Job of this halt, made if nobody has; and what it says."""
        if not has_venue(bot):
            await self._stop_pod(bot)
            return "", seen
        lease = await self.cluster.get(LEASE, bot.metadata.namespace, bot.metadata.name)
        if never_traded(bot, lease):  # a Job would take the orders of whoever has the account
            return "", replace(seen, by=Confirmer.OPERATOR.value, orders_cancelled=0, residual_orders=0)
        halt_id = seen.halt_id or known.rpartition("-kill-")[2] or _own_id(bot, clock.now())
        name = job_name(bot.metadata.name, halt_id)
        job = await self.cluster.get(JOB, bot.metadata.namespace, name)
        if job is None:
            await self._make(bot, halt_id, dry_run=False)
            await self._stop_pod(bot)
            return name, seen
        return name, await heard(self.cluster, job, replace(seen, halt_id=halt_id))

    async def _make(self, bot: Bot, halt_id: str, *, dry_run: bool) -> None:
        namespace, name = bot.metadata.namespace, bot.metadata.name
        lease = await self.cluster.get(LEASE, namespace, name)
        await make_job(self.cluster, kill_target(bot, halt_id, lease), lease, self.image, dry_run=dry_run)

    async def _stop_pod(self, bot: Bot) -> None:
        """As the operator does it: an engine that has had its time sends nothing while the Job empties the account."""
        namespace = bot.metadata.namespace
        pod = await self.cluster.get(POD, namespace, pod_name(bot.metadata.name))
        if pod is not None and "deletionTimestamp" not in pod["metadata"]:
            uid = pod["metadata"]["uid"]
            await self.cluster.delete(POD, namespace, pod["metadata"]["name"], uid, POD_GRACE_SECONDS)

    async def _rehearse(self, bot: Bot, now: datetime) -> tuple[str, Seen]:
        halt_id = _own_id(bot, now)
        name, namespace = job_name(bot.metadata.name, halt_id, dry_run=True), bot.metadata.namespace
        await self._make(bot, halt_id, dry_run=True)
        seen = Seen(halt_id=halt_id)
        async with asyncio.timeout(self.timeout.total_seconds()):
            while seen.residual_orders is None:
                await clock.pause(LOOK_SECONDS)
                job = await self.cluster.get(JOB, namespace, name)
                if job is not None:
                    seen = await heard(self.cluster, job, seen)
        return name, seen


def _own_id(bot: Bot, now: datetime) -> str:
    """An id as every side makes it: UID prefix and milliseconds."""
    return f"{(bot.metadata.uid or 'bot')[:8]}-{int(now.timestamp() * 1000)}"

"""The kinds of work on a bot: its latch, and everything else about it. Those on a policy are in `scope.py`.

Both start from what the API server says now, ask the plan, and write what differs. The latch needs one read and one
write, on connections of its own, and waits for nothing else: what the bot's own object asks for is latched before the
policies are even read. The rest leaves the latch to it and comes back afterwards, so that no condition speaks of a halt
that is not latched yet; what was judged is written before the children, so that an engine finds it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import structlog

from deskoperator.controller import clock
from deskoperator.controller.accounts import Accounts
from deskoperator.controller.burial import Undertaker
from deskoperator.controller.cluster import Cluster
from deskoperator.controller.execute import (
    annotate,
    apply_children,
    create,
    create_lease,
    remove,
    write_admission,
    write_latch,
    write_status,
)
from deskoperator.controller.metrics import Metrics
from deskoperator.controller.observe import observe_bot, observe_kill, observe_policies, observe_world
from deskoperator.controller.queue import Lane, WorkQueue
from deskoperator.controller.recorder import Recorder
from deskoperator.controller.scope import COUNT_AFTER_SECONDS, PolicyWork
from deskoperator.controller.tasks import Task, Work
from deskoperator.plan.account import own_claim
from deskoperator.plan.actions import Happening, Notice
from deskoperator.plan.bot import Bot
from deskoperator.plan.kill import decide_latch
from deskoperator.plan.plan import Plan, plan
from deskoperator.plan.policies import Scope, scope_of
from deskoperator.plan.tombstone import tombstone
from deskoperator.plan.world import World

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Reconciler:
    """`halting` is a connection pool that nothing but the latch uses. `claims_in`: where claims on accounts are;
    `namespace` None: bots of all namespaces.
    """

    cluster: Cluster
    halting: Cluster
    queue: WorkQueue[Task]
    recorder: Recorder
    default_image: str
    kill_priority_class: str = ""
    metrics: Metrics = field(default_factory=Metrics)
    claims_in: str = "default"
    namespace: str | None = None

    @cached_property
    def accounts(self) -> Accounts:
        """Who has which account."""
        return Accounts(self.cluster, self.claims_in, self.namespace)

    @cached_property
    def undertaker(self) -> Undertaker:
        """Deals with the Leases of bots that are gone."""
        return Undertaker(self.cluster, self.queue, self.recorder, self.metrics, self.accounts)

    async def work(self, task: Task) -> None:
        """Does one piece of work. Raises `ApiError`; the queue then brings the task back."""
        policies = PolicyWork(self.cluster, self.halting, self.queue)
        work = {
            Work.LATCH: self._latch,
            Work.BOT: self._bot,
            Work.SCOPE: policies.queue_bots,
            Work.POLICY: policies.write_status,
        }
        await work[task.work](task)

    async def _latch(self, task: Task) -> None:
        bot = await observe_bot(self.halting, task.namespace, task.name)
        if bot is None:
            return
        decision = decide_latch(bot, Scope(), clock.now())
        if decision.write is None:
            policies = await observe_policies(self.halting, task.namespace)
            decision = decide_latch(bot, scope_of(bot.metadata.labels, policies), clock.now())
        if decision.write is not None:
            await write_latch(self.halting, bot.metadata, decision.write)
            self.recorder.tell(bot.metadata, decision.notices)

    async def _bot(self, task: Task) -> None:
        bot = await observe_bot(self.cluster, task.namespace, task.name)
        world = await observe_world(self.cluster, task.namespace, task.name, self.default_image)
        world = replace(world, kill_priority_class=self.kill_priority_class)
        world = await self._tombstone(task, bot, world)
        if bot is None:
            return
        world = await self.accounts.observe(own_claim(bot, world.lease), world)
        world = await observe_kill(self.cluster, bot, world)
        wanted = plan(bot, world, clock.now())
        if wanted.confirmation is not None:
            await write_latch(self.cluster, bot.metadata, wanted.confirmation)
        await self._second_path(bot, wanted)
        if wanted.confirmation is not None:
            return  # its own event brings the bot back
        world, wanted = await self._ground(bot, world, wanted)
        if wanted.latch is not None:
            self.queue.add(Task(Work.LATCH, task.namespace, task.name), Lane.HALT)
        if wanted.notes is not None:
            await annotate(self.cluster, wanted.notes)
        if wanted.admission is not None:
            await write_admission(self.cluster, bot.metadata, wanted.admission)
            self.recorder.tell(bot.metadata, wanted.admission_events)
            self._count(task.namespace, wanted.admission)
        if wanted.applies or wanted.deletes:
            world = await self._children(bot, world, wanted)
        if wanted.latch is None:
            await self._status(bot, world, task)

    async def _ground(self, bot: Bot, world: World, wanted: Plan) -> tuple[World, Plan]:
        """What everything else rests on: the bot's account, and its Lease; the plan is asked anew after each."""
        if wanted.claim is not None:
            world = await self.accounts.claim(wanted.claim, world)
            wanted = plan(bot, world, clock.now())
        if wanted.lease is not None:
            world = await create_lease(self.cluster, wanted.lease, world)
            wanted = plan(bot, world, clock.now())
        return world, wanted

    async def _tombstone(self, task: Task, bot: Bot | None, world: World) -> World:
        """What an earlier bot of this name has left is dealt with first, and the new one is told what it waits for."""
        found = tombstone(task.namespace, task.name, world.lease, bot)
        if found is None:
            self.undertaker.tombstones.forget(task)
            return world
        return replace(world, tombstone=await self.undertaker.bury(task, found, world))

    async def _second_path(self, bot: Bot, wanted: Plan) -> None:
        """The Job before the pod: what is left on the venue matters more than who left it."""
        refused = await create(self.cluster, wanted.creates)
        await remove(self.cluster, wanted.stops)
        notices = wanted.kill_events
        if refused:
            notices = (Notice(Happening.KILL_JOB_STUCK, refused, warning=True),)
        for notice in notices:
            self.metrics.kill(notice.happening.value)
        self.recorder.tell(bot.metadata, notices)

    async def _children(self, bot: Bot, world: World, wanted: Plan) -> World:
        await remove(self.cluster, wanted.deletes)
        after = await apply_children(self.cluster, wanted.applies, world)
        self.recorder.tell(bot.metadata, wanted.child_events)
        log.info(
            "children applied",
            bot=f"{bot.metadata.namespace}/{bot.metadata.name}",
            applied=[apply.kind.kind for apply in wanted.applies],
            removed=[delete.kind.kind for delete in wanted.deletes],
        )
        return after

    async def _status(self, bot: Bot, world: World, task: Task) -> None:
        """Asks once more: what was applied or refused a moment ago belongs into the status."""
        wanted = plan(bot, world, clock.now())
        if wanted.status is not None:
            await write_status(self.cluster, bot.metadata, wanted.status)
            self.recorder.tell(bot.metadata, wanted.status_events)
            self._count(task.namespace, wanted.admission or bot.written_status)
        if wanted.requeue_after is not None:
            self.queue.add_after(task, Lane.CHANGE, wanted.requeue_after)

    def _count(self, namespace: str, judged: Mapping[str, Any]) -> None:
        """Something about a bot has changed that its policies count, together with what changes in the next second."""
        for policy in judged.get("policies") or ():
            self.queue.add_after(Task(Work.POLICY, namespace, policy["name"]), Lane.CHANGE, COUNT_AFTER_SECONDS)

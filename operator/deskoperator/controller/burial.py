"""The work on a tombstone: a Lease whose bot is gone (`plan/tombstone.py` decides, this carries it out).

What this operator has seen itself, since when a Lease is unchanged and alone, is kept here and lost with the process: a
new one starts counting, so that what it does not know only ever makes it wait longer.
"""

from dataclasses import dataclass, field, replace

import structlog

from deskoperator.controller import clock
from deskoperator.controller.accounts import Accounts
from deskoperator.controller.cluster import Cluster
from deskoperator.controller.execute import remove
from deskoperator.controller.metrics import Metrics
from deskoperator.controller.observe import observe_job
from deskoperator.controller.queue import Lane, WorkQueue
from deskoperator.controller.recorder import About, Recorder
from deskoperator.controller.tasks import Task
from deskoperator.errors import Conflict, Refused, Terminating
from deskoperator.plan.actions import Create, Happening, Notice
from deskoperator.plan.tombstone import LOOK_AGAIN_SECONDS, Burial, Tombstone, WaitsFor, Watched, decide_burial
from deskoperator.plan.world import World
from deskoperator.resources.kinds import LEASE, NAMESPACE

log = structlog.get_logger(__name__)


@dataclass
class _Seen:
    """One tombstone as this operator knows it; times are its event loop's."""

    uid: str
    version: str
    since: float
    alone_since: float
    told: str = ""
    waits_for: WaitsFor | None = None


class Tombstones:
    """What this operator has seen of every tombstone."""

    def __init__(self) -> None:
        self._seen: dict[Task, _Seen] = {}

    def look(self, task: Task, found: Tombstone, now: float) -> Watched:
        """The tombstone was read at `now`."""
        metadata = found.lease["metadata"]
        seen = self._seen.get(task)
        if seen is None or seen.uid != metadata["uid"]:
            seen = self._seen[task] = _Seen(metadata["uid"], metadata["resourceVersion"], now, now)
        if seen.version != metadata["resourceVersion"]:
            seen.version, seen.since = metadata["resourceVersion"], now
        return Watched(now - seen.since, now - seen.alone_since, seen.told)

    def note(self, task: Task, done: Burial) -> None:
        """This was done about it."""
        seen = self._seen.get(task)
        if seen is None:
            return
        seen.waits_for = done.waits_for
        if done.notices:
            seen.told = done.words

    def forget(self, task: Task) -> None:
        """There is none of that name."""
        self._seen.pop(task, None)

    def count(self, waits_for: WaitsFor) -> int:
        """How many of them wait for that."""
        return sum(seen.waits_for is waits_for for seen in self._seen.values())


@dataclass(frozen=True)
class Undertaker:
    """Does what the plan says about tombstones."""

    cluster: Cluster
    queue: WorkQueue[Task]
    recorder: Recorder
    metrics: Metrics
    accounts: Accounts
    tombstones: Tombstones = field(default_factory=Tombstones)

    async def bury(self, task: Task, found: Tombstone, world: World) -> str:
        """One step; returns what it waits for, in words, "" when the Lease is removed."""
        watched = self.tombstones.look(task, found, clock.monotonic())
        world = await observe_job(self.cluster, found.namespace, found.job_name, world)
        world = await self.accounts.observe(found.claim, world)
        done = decide_burial(found, world, watched, clock.now())
        done = await self._make(found, done)
        await remove(self.cluster, done.deletes)
        if not done.words and found.claim is not None:
            await self.accounts.release(found.claim)
        self._tell(task, found, done)
        if done.look_again_seconds is not None:
            self.queue.add_after(task, Lane.CHANGE, done.look_again_seconds)
        return done.words

    async def _make(self, found: Tombstone, done: Burial) -> Burial:
        """The Job; or what was wanted without it, and why there is none."""
        try:
            for one in done.creates:
                await self._create(one)
        except Terminating:
            words = "no kill Job can start in a namespace that is being deleted: whether orders are left is not proven"
            notice = Notice(Happening.NAMESPACE_TERMINATING, f"TradingBot {found.name} is gone: {words}", warning=True)
            self.recorder.tell_of(About(NAMESPACE, "", found.namespace), (notice,))
            # The namespace takes the Lease with it: there is nothing to come back for.
            return Burial(deletes=done.deletes, words=words, waits_for=WaitsFor.PERSON)
        except Refused as refusal:
            words = f"the API server refuses the kill Job: {refusal}"
            notice = Notice(Happening.KILL_JOB_STUCK, words, warning=True)
            return replace(done, notices=(notice,), words=words, look_again_seconds=LOOK_AGAIN_SECONDS)
        return done

    async def _create(self, one: Create) -> None:
        try:
            await self.cluster.create(one.kind, one.manifest)
        except Conflict:
            return  # somebody was faster

    def _tell(self, task: Task, found: Tombstone, done: Burial) -> None:
        metadata = found.lease["metadata"]
        for notice in done.notices:
            self.metrics.kill(notice.happening.value)
        self.recorder.tell_of(About(LEASE, found.namespace, found.name, metadata["uid"]), done.notices)
        self.tombstones.note(task, done)
        if not done.words:
            self.tombstones.forget(task)
            log.info("tombstone removed", bot=str(task))

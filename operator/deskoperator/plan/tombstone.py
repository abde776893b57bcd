"""What is done about a Lease whose bot is gone: the tombstone, until its venue is shown empty (docs/deletion.md).

    Lease without its bot ──▶ nothing that could send is left ──▶ the venue is empty ──▶ Lease removed
                               StatefulSet and pod are stopped      │
                               Lease released, or its time over     ├ it never had a venue
                                                                    ├ its engine's own proof, marked on the Lease
                                                                    └ a kill Job's proof, after 10 s or the pod's end

A bot that is made meanwhile under the name has another UID: it gets no pod, and is admitted to nothing, while the Lease
lies there. The Job belongs to nobody and is named after the Lease, so that every operator, and a person without one,
comes to the same Job. What is here rests on nothing remembered but times that this operator saw pass itself; one that
has just started counts them from zero.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from deskapi.lease import is_proven, is_released, lease_holder
from deskoperator.plan.actions import Create, Delete, Happening, Notice
from deskoperator.plan.bot import Bot
from deskoperator.plan.kill_course import Step, course, name_of
from deskoperator.plan.lease import may_send_seconds
from deskoperator.plan.world import World
from deskoperator.resources.account_claim import Claim
from deskoperator.resources.kill_job import LEASE_SECONDS, job_name, kill_job
from deskoperator.resources.kinds import JOB, LEASE, POD, STATEFUL_SET, Object
from deskoperator.resources.lease import is_ours
from deskoperator.resources.venue_scope import VenueScope, scope_on

# The pod of a bot that goes has this long to empty the account itself.
OWN_END_SECONDS = 10.0
POD_GRACE_SECONDS = 5
QUIET_SECONDS = 20.0  # an ordinary end is over by then, and is no news
LOOK_AGAIN_SECONDS = 30.0


class WaitsFor(StrEnum):
    """What a tombstone waits for, as a label of a metric."""

    PROOF = "proof"
    PROCESS = "process"
    LEASE = "lease"
    PERSON = "person"


@dataclass(frozen=True)
class Tombstone:
    """A Lease whose bot is gone. `scope` None: it says nothing of the venue that this version can read."""

    namespace: str
    name: str
    lease: Object
    scope: VenueScope | None

    @property
    def halt_id(self) -> str:
        """In the place of a halt's id: of this bot and this Lease, so never used again."""
        uid = self.scope.uid if self.scope is not None else ""
        return f"{uid[:8]}-deleted-{str(self.lease['metadata']['uid'])[:8]}"

    @property
    def claim(self) -> Claim | None:
        """What it has of its account; None: none."""
        scope = self.scope
        if scope is None or not scope.account_id:
            return None
        return Claim(scope.exchange, scope.account_id, self.namespace, self.name, scope.uid)

    @property
    def job_name(self) -> str:
        return job_name(self.name, self.halt_id)


@dataclass(frozen=True)
class Watched:
    """What the operator has seen itself, by its own monotonic clock: since when the Lease is unchanged, and without its
    bot. `told` are the words that were told last.
    """

    unchanged_seconds: float = 0.0
    alone_seconds: float = 0.0
    told: str = ""


@dataclass(frozen=True)
class Burial:
    """What to do now. `words` say what it waits for; "": nothing, the Lease is among `deletes`."""

    creates: tuple[Create, ...] = ()
    deletes: tuple[Delete, ...] = ()
    notices: tuple[Notice, ...] = ()
    words: str = ""
    waits_for: WaitsFor | None = None
    look_again_seconds: float | None = None


def tombstone(namespace: str, name: str, lease: Object | None, bot: Bot | None) -> Tombstone | None:
    """The tombstone of that name; None: there is no Lease of the desk's, or it is `bot`'s own."""
    if lease is None or not is_ours(lease, name):
        return None
    scope = scope_on(lease)
    if bot is not None and (scope is None or scope.uid == bot.metadata.uid):
        return None
    return Tombstone(namespace, name, lease, scope)


def decide_burial(found: Tombstone, world: World, watched: Watched, now: datetime) -> Burial:
    """What is done about a tombstone. Total: it has an answer to every world."""
    stops = _stops(found, world, watched)
    proof = _proof(found, world, now)
    step = _once_proven(found, world, watched, proof) if proof else _toward_a_proof(found, world, watched, now)
    notices = (*step.notices, *_still_waiting(step, watched))
    return Burial(step.creates, (*stops, *step.deletes), notices, step.words, step.waits_for, step.look_again_seconds)


# the process


def _stops(found: Tombstone, world: World, watched: Watched) -> tuple[Delete, ...]:
    """The cluster removes what the bot owned; where it does not, or somebody told it not to, this does."""
    stops = []
    live = world.children.get(STATEFUL_SET)
    if live is not None and "deletionTimestamp" not in live["metadata"]:
        metadata = live["metadata"]
        because = "StatefulSet of a TradingBot that is gone"
        stops.append(Delete(STATEFUL_SET, found.namespace, metadata["name"], metadata["uid"], because))
    pod = world.pod
    if pod is not None and not pod.terminating and watched.alone_seconds >= OWN_END_SECONDS:
        because = f"pod {pod.name} of a TradingBot that is gone"
        stops.append(Delete(POD, found.namespace, pod.name, pod.uid, because, POD_GRACE_SECONDS))
    return tuple(stops)


def _left(world: World) -> str:
    if world.pod is not None:
        node = ((world.pod_object or {}).get("spec") or {}).get("nodeName", "")
        return f"pod {world.pod.name} is still there{f' on node {node}' if node else ''}"
    return "its StatefulSet is still there" if STATEFUL_SET in world.children else ""


# the proof


def _proof(found: Tombstone, world: World, now: datetime) -> str:
    """Why no order of the bot can be left on a venue, in words; "": nobody has shown that."""
    scope = found.scope
    if scope is None:
        return "its Lease was released" if is_released(found.lease) else ""
    if not scope.has_venue:
        return f"{scope.mode} has no venue"
    if not scope.account_id:
        return "it was never admitted on an account, so no order of it ever left"
    if is_proven(found.lease):
        return "its own engine has proved that no order is left"
    proof = course(world.kill_job, world.kill_pods, found.halt_id, now).proof
    if proof is None:
        return ""
    cancelled = "" if proof.orders_cancelled is None else f", {proof.orders_cancelled} cancelled"
    held = f", still held: {proof.residual_position}" if proof.residual_position else ""
    return f"kill Job {found.job_name} has proved that no order is left{cancelled}{held}"


def _toward_a_proof(found: Tombstone, world: World, watched: Watched, now: datetime) -> Burial:
    if found.scope is None:
        words = f"its Lease does not say where its orders may be: delete Lease {found.name} once you know that none is"
        return Burial(words=words, waits_for=WaitsFor.PERSON, look_again_seconds=LOOK_AGAIN_SECONDS)
    late = OWN_END_SECONDS - watched.alone_seconds
    if world.kill_job is None and world.pod is not None and late > 0:
        return Burial(words="its pod has its time to end", waits_for=WaitsFor.PROCESS, look_again_seconds=late)
    run = course(world.kill_job, world.kill_pods, found.halt_id, now)
    if run.step is Step.MAKE or world.kill_job is None:
        return _start(found, found.scope, world)
    deletes: tuple[Delete, ...] = ()
    if run.step is Step.REPLACE:
        metadata = world.kill_job["metadata"]
        deletes = (Delete(JOB, found.namespace, metadata["name"], metadata["uid"], run.words),)
    notices = (
        () if run.trouble is None or run.words == watched.told else (Notice(run.trouble, run.words, warning=True),)
    )
    look_again = LOOK_AGAIN_SECONDS if run.look_again is None else max((run.look_again - now).total_seconds(), 0.0)
    return Burial((), deletes, notices, run.words, WaitsFor.PROOF, look_again)


def _start(found: Tombstone, scope: VenueScope, world: World) -> Burial:
    if world.claim is not None and world.claim.uid != scope.uid:
        words = f"{world.claim.in_words}, whose orders a kill Job would take: delete Lease {found.name} by hand"
        return Burial(words=words, waits_for=WaitsFor.PERSON, look_again_seconds=LOOK_AGAIN_SECONDS)
    target = scope.target(found.namespace, found.name, found.halt_id)
    if isinstance(target, str):
        words = f"no kill Job can be made: {target}; delete Lease {found.name} once you know that no order is left"
        return Burial(words=words, waits_for=WaitsFor.PERSON, look_again_seconds=LOOK_AGAIN_SECONDS)
    seconds = may_send_seconds(world)
    job = kill_job(target, world.default_image, seconds, priority_class=world.kill_priority_class)
    words = f"kill Job {name_of(job)} runs"
    note = Notice(Happening.KILL_JOB_STARTED, f"the TradingBot is gone: {words}")
    return Burial((Create(JOB, job),), (), (note,), words, WaitsFor.PROOF, LOOK_AGAIN_SECONDS)


# the end


def _once_proven(found: Tombstone, world: World, watched: Watched, proof: str) -> Burial:
    """It goes last, after everything that could still send."""
    if left := _left(world):
        return Burial(words=left, waits_for=WaitsFor.PROCESS, look_again_seconds=LOOK_AGAIN_SECONDS)
    rest = LEASE_SECONDS - watched.unchanged_seconds
    if not is_released(found.lease) and rest > 0:
        holder = lease_holder(found.lease)
        whose = f"by pod {holder}" if holder else "by anybody"
        words = f"its Lease was not released {whose}: it counts as held for {LEASE_SECONDS} s"
        return Burial(words=words, waits_for=WaitsFor.LEASE, look_again_seconds=rest)
    metadata = found.lease["metadata"]
    because = f"the TradingBot is gone and {proof}"
    delete = Delete(LEASE, found.namespace, found.name, metadata["uid"], because, version=metadata["resourceVersion"])
    return Burial(deletes=(delete,), notices=(Notice(Happening.TOMBSTONE_REMOVED, because),))


def _still_waiting(step: Burial, watched: Watched) -> tuple[Notice, ...]:
    """Said once, when an ordinary end would be over."""
    if not step.words or step.notices or step.words == watched.told or watched.alone_seconds < QUIET_SECONDS:
        return ()
    return (Notice(Happening.TOMBSTONE_WAITS, step.words, warning=step.waits_for is WaitsFor.PERSON),)

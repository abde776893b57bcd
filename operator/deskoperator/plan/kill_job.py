"""The second path of a halt: what is done when the engine has not confirmed it in time.

    latched ── confirmWithin since the engine's last sign of progress ──▶ stop the pod, start the kill Job
            └──────────────── its termination message proves this very halt ──▶ confirmed by KillJob

Signs of progress are the latch itself and, once the engine has taken over this very halt, each change of its report;
three times `confirmWithin` is the end of patience whatever it reports. The pod that was there is stopped once; the one
that comes after it finds the latch and may confirm as well: two that empty one account come to the same end. DryRun
has no venue to ask: there the pod is stopped and its successor confirms.

Nothing here gives up. A Job that is gone is made again, one that is over without a proof is replaced, and what keeps it
from running is said in the Halted condition, as an Event and as a metric.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from deskapi import Confirmer, KillSwitch, LatchState
from deskoperator.plan.actions import Create, Delete, Happening, Notice
from deskoperator.plan.bot import Bot
from deskoperator.plan.kill_report import KillReport, created_at, finished, own_pods, reports, unscheduled
from deskoperator.plan.kill_target import has_venue, kill_target
from deskoperator.plan.world import World
from deskoperator.resources.kill_job import kill_job
from deskoperator.resources.kinds import JOB, POD, Object

CONFIRM_WITHIN = timedelta(seconds=10)
POD_GRACE_SECONDS = 5
START_PATIENCE = timedelta(seconds=10)
LOOK_AGAIN = timedelta(seconds=30)
_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
_PATIENCE = 3


@dataclass(frozen=True)
class KillDecision:
    """`words` is what the Halted condition says of it; `look_again` is when time alone changes the decision."""

    creates: tuple[Create, ...] = ()
    deletes: tuple[Delete, ...] = ()
    confirmation: KillSwitch | None = None
    notices: tuple[Notice, ...] = ()
    words: str = ""
    look_again: datetime | None = None


def decide_kill(bot: Bot, latch: KillSwitch | None, world: World, now: datetime) -> KillDecision:
    """What the second path does for `latch`, which is the latch as it will be."""
    if latch is None or latch.state is not LatchState.LATCHED:
        return KillDecision()
    due = overdue_at(bot, latch)
    if now < due:
        return KillDecision(look_again=due)
    deletes = _pod_to_stop(bot, world, due)
    stopped = tuple(Notice(Happening.POD_STOPPED, each.because, warning=True) for each in deletes)
    if not has_venue(bot):
        return KillDecision(deletes=deletes, notices=stopped)
    decision = _by_job(bot, latch, world, now)
    return KillDecision(
        decision.creates,
        (*deletes, *decision.deletes),
        decision.confirmation,
        (*stopped, *decision.notices),
        decision.words,
        decision.look_again,
    )


def overdue_at(bot: Bot, latch: KillSwitch) -> datetime:
    """When the engine has had its time. Times of two clocks are compared; a wrong one starts the Job too early or late.

    The time of the latch may be the engine's own clock: where the API server has an earlier one, that counts.
    """
    within = confirm_within(bot)
    known = [time for time in (latch.triggered_at, bot.latch_written_at) if time is not None]
    latched = min(known, default=_LONG_AGO)
    taken = bot.engine_halt is not None and bot.engine_halt.id == latch.id
    progress = max(latched, bot.reported_at) if taken and bot.reported_at is not None else latched
    return min(progress + within, latched + _PATIENCE * within)


def confirm_within(bot: Bot) -> timedelta:
    """`spec.killSwitch.confirmWithin`, or what it is by default where the spec cannot be read."""
    if bot.spec is not None:
        return bot.spec.kill_switch.confirm_within
    return CONFIRM_WITHIN


def _pod_to_stop(bot: Bot, world: World, due: datetime) -> tuple[Delete, ...]:
    """The pod whose engine has had its time, once; one that was made after that is left to do its work."""
    pod = world.pod
    if pod is None or pod.terminating or world.pod_object is None:
        return ()
    made = created_at(world.pod_object)
    if made is not None and made >= due:
        return ()
    because = f"pod {pod.name} is stopped: its engine has not confirmed the halt within {_seconds(bot)}"
    return (Delete(POD, bot.metadata.namespace, pod.name, pod.uid, because, POD_GRACE_SECONDS),)


def _seconds(bot: Bot) -> str:
    return f"{confirm_within(bot).total_seconds():g} s"


def _by_job(bot: Bot, latch: KillSwitch, world: World, now: datetime) -> KillDecision:
    job = world.kill_job
    if job is None:
        return _start(bot, latch, world, now)
    found = reports(job, world.kill_pods)
    proof = next((report for report in found if report.proves(latch.id)), None)
    if proof is not None:
        return KillDecision(confirmation=_confirmed(latch, proof))
    if "deletionTimestamp" in job["metadata"]:
        return KillDecision(words=f"kill Job {_name(job)} is being removed", look_again=now + START_PATIENCE)
    if finished(job):
        return _replace(bot, job, found, now)
    return _running(bot, job, world, found, now)


def _start(bot: Bot, latch: KillSwitch, world: World, now: datetime) -> KillDecision:
    target = kill_target(bot, latch.id)
    if isinstance(target, str):
        return _alert(bot, f"no kill Job can be made: {target}", Happening.KILL_JOB_STUCK, now)
    job = kill_job(target, world.default_image, priority_class=world.kill_priority_class)
    words = f"kill Job {_name(job)} runs"
    note = Notice(Happening.KILL_JOB_STARTED, f"halt {latch.id}: {words}", warning=True)
    return KillDecision(creates=(Create(JOB, job),), notices=(note,), words=words, look_again=now + START_PATIENCE)


def _running(bot: Bot, job: Object, world: World, found: list[KillReport], now: datetime) -> KillDecision:
    pods, made = own_pods(job, world.kill_pods), created_at(job)
    since = made or _LONG_AGO
    if found:
        said = found[-1]
        words = f"kill Job {_name(job)} has not confirmed: {said.reason}: {said.message}"
        return _alert(bot, words, Happening.KILL_JOB_UNCONFIRMED, now)
    if now - since < START_PATIENCE:
        return KillDecision(words=f"kill Job {_name(job)} runs", look_again=since + START_PATIENCE)
    trouble = unscheduled(pods) if pods else "it has no pod; the Events of the Job say why"
    if trouble:
        return _alert(bot, f"kill Job {_name(job)} does not run: {trouble}", Happening.KILL_JOB_STUCK, now)
    return KillDecision(words=f"kill Job {_name(job)} runs", look_again=now + LOOK_AGAIN)


def _replace(bot: Bot, job: Object, found: list[KillReport], now: datetime) -> KillDecision:
    said = f"{found[-1].reason}: {found[-1].message}" if found else "its pod left no outcome"
    words = f"kill Job {_name(job)} is over without a proof and is made again: {said}"
    metadata = job["metadata"]
    delete = Delete(JOB, bot.metadata.namespace, metadata["name"], metadata.get("uid", ""), words)
    alert = _alert(bot, words, Happening.KILL_JOB_UNCONFIRMED, now)
    return KillDecision(deletes=(delete,), notices=alert.notices, words=words, look_again=alert.look_again)


def _alert(bot: Bot, words: str, happening: Happening, now: datetime) -> KillDecision:
    """Said once: not again while the Halted condition says so already."""
    written = [str(one.get("message", "")) for one in bot.written_status.get("conditions") or ()]
    told = any(words in message for message in written)
    notices = () if told else (Notice(happening, words, warning=True),)
    return KillDecision(notices=notices, words=words, look_again=now + LOOK_AGAIN)


def _confirmed(latch: KillSwitch, proof: KillReport) -> KillSwitch:
    return latch.model_copy(
        update={
            "state": LatchState.CONFIRMED,
            "confirmed_by": Confirmer.KILL_JOB.value,
            "confirmed_at": proof.confirmed_at,
            "orders_cancelled": proof.orders_cancelled,
            "residual_orders": proof.residual_orders,
            "residual_position": proof.residual_position,
        }
    )


def _name(job: Object) -> str:
    return str(job["metadata"]["name"])

"""The second path of a halt: what is done when the engine has not confirmed it in time.

    latched ── confirmWithin since the engine's last sign of progress ──▶ stop the pod, start the kill Job
            └──────────────── its termination message proves this very halt ──▶ confirmed by KillJob

Signs of progress are the latch itself and, once the engine has taken over this very halt, each change of its report;
three times `confirmWithin` is the end of patience whatever it reports. The pod that was there is stopped once; the one
that comes after it finds the latch and may confirm as well: two that empty one account come to the same end. DryRun
has no venue to ask: there the pod is stopped and its successor confirms. A bot that was never admitted on an account
has sent nothing, and the account that its key opens may be another bot's: that it sent nothing is the proof.

Nothing here gives up. A Job that is gone is made again, one that is over without a proof is replaced, and what keeps it
from running is said in the Halted condition, as an Event and as a metric.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from deskapi import Confirmer, KillSwitch, LatchState
from deskoperator.plan.account import never_traded
from deskoperator.plan.actions import Create, Delete, Happening, Notice
from deskoperator.plan.bot import Bot
from deskoperator.plan.kill_course import LONG_AGO, LOOK_AGAIN, START_PATIENCE, Step, course, name_of
from deskoperator.plan.kill_report import KillReport, created_at
from deskoperator.plan.kill_target import has_venue, kill_target
from deskoperator.plan.lease import may_send_seconds
from deskoperator.plan.world import World
from deskoperator.resources.kill_job import kill_job
from deskoperator.resources.kinds import JOB, POD

CONFIRM_WITHIN = timedelta(seconds=10)
POD_GRACE_SECONDS = 5
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
    if has_venue(bot) and never_traded(bot, world.lease):
        return KillDecision(confirmation=_without_orders(latch, now))
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
    latched = min(known, default=LONG_AGO)
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
    found = course(world.kill_job, world.kill_pods, latch.id, now)
    if found.step is Step.MAKE or world.kill_job is None:
        return _start(bot, latch, world, now)
    if found.proof is not None:
        return KillDecision(confirmation=_confirmed(latch, found.proof))
    deletes: tuple[Delete, ...] = ()
    if found.step is Step.REPLACE:
        metadata = world.kill_job["metadata"]
        deletes = (Delete(JOB, bot.metadata.namespace, metadata["name"], metadata.get("uid", ""), found.words),)
    notices = () if found.trouble is None else _alert(bot, found.words, found.trouble)
    return KillDecision(deletes=deletes, notices=notices, words=found.words, look_again=found.look_again)


def _start(bot: Bot, latch: KillSwitch, world: World, now: datetime) -> KillDecision:
    target = kill_target(bot, latch.id, world.lease)
    if world.claim is not None and world.claim.uid != bot.metadata.uid:
        target = f"{world.claim.in_words}, whose orders it would take"
    if isinstance(target, str):
        words = f"no kill Job can be made: {target}"
        return KillDecision(
            notices=_alert(bot, words, Happening.KILL_JOB_STUCK), words=words, look_again=now + LOOK_AGAIN
        )
    seconds = may_send_seconds(world)
    job = kill_job(target, world.default_image, seconds, priority_class=world.kill_priority_class)
    words = f"kill Job {name_of(job)} runs"
    note = Notice(Happening.KILL_JOB_STARTED, f"halt {latch.id}: {words}", warning=True)
    return KillDecision(creates=(Create(JOB, job),), notices=(note,), words=words, look_again=now + START_PATIENCE)


def _alert(bot: Bot, words: str, happening: Happening) -> tuple[Notice, ...]:
    """Said once: not again while the Halted condition says so already."""
    written = [str(one.get("message", "")) for one in bot.written_status.get("conditions") or ()]
    told = any(words in message for message in written)
    return () if told else (Notice(happening, words, warning=True),)


def _without_orders(latch: KillSwitch, now: datetime) -> KillSwitch:
    """A Job would take the orders of whoever has the account."""
    evidence = {"confirmed_by": Confirmer.OPERATOR.value, "confirmed_at": now, "orders_cancelled": 0}
    return latch.model_copy(update={"state": LatchState.CONFIRMED, "residual_orders": 0, **evidence})


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

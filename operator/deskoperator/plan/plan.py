"""`plan`: the whole decision about one bot, from what was observed to what shall be written.

It asks neither what happened nor what was done before, only what is and what should be. Applying what it returns and
asking again gives an empty plan; whatever happened in between, asking again is the way on.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from deskapi import KillSwitch
from deskoperator.plan.account import account_of
from deskoperator.plan.actions import Annotate, Apply, Create, Delete, Happening, Notice
from deskoperator.plan.admission import judge, wait_for
from deskoperator.plan.bot import Bot
from deskoperator.plan.children import decide_children
from deskoperator.plan.kill import decide_latch, notices_of
from deskoperator.plan.kill_job import KillDecision, decide_kill
from deskoperator.plan.lease import lease_notes, lease_to_make, of_another_bot
from deskoperator.plan.policies import scope_of
from deskoperator.plan.report import believed_report, changes_at
from deskoperator.plan.status import desired_status, is_written
from deskoperator.plan.verdict import Evidence, Standing, Verdict, verdict
from deskoperator.plan.world import World
from deskoperator.resources.account_claim import Claim
from deskoperator.resources.kinds import LEASE, Object

_CHILD_REFUSED_RETRY_SECONDS = 30.0
_ACCOUNT_TAKEN_RETRY_SECONDS = 30.0
_POLICIES_UNKNOWN_RETRY_SECONDS = 5.0


@dataclass(frozen=True)
class Plan:
    """What to write, in this order; None and empty: nothing. The events belong to the writes they are named for.
    `claim` is to be made, unless somebody else has the account: then the plan is asked anew, and so it is once
    `lease` is created: once it is there, the plan is asked anew, because children refer to it. `notes` are what
    a Lease that is there is to remember; they come before everything that the bot may act on.

    `latch` is written by its own writer; `confirmation` is the latch with a kill Job's proof, which comes after it.
    `stops` and `creates` are the second path of a halt. `requeue_after` is in seconds; None: when something changes.
    """

    latch: KillSwitch | None = None
    admission: Object | None = None
    confirmation: KillSwitch | None = None
    creates: tuple[Create, ...] = ()
    stops: tuple[Delete, ...] = ()
    claim: Claim | None = None
    lease: Object | None = None
    notes: Annotate | None = None
    applies: tuple[Apply, ...] = ()
    deletes: tuple[Delete, ...] = ()
    status: Object | None = None
    latch_events: tuple[Notice, ...] = ()
    kill_events: tuple[Notice, ...] = ()
    admission_events: tuple[Notice, ...] = ()
    child_events: tuple[Notice, ...] = ()
    status_events: tuple[Notice, ...] = ()
    requeue_after: float | None = None

    @property
    def writes_nothing(self) -> bool:
        writes = (self.latch, self.claim, self.lease, self.notes, self.confirmation, self.admission, self.status)
        objects = (*self.applies, *self.deletes, *self.creates, *self.stops)
        return not objects and all(each is None for each in writes)


def plan(bot: Bot, observed: World, now: datetime) -> Plan:
    """What should be done about `bot` at `now`. Total: it has an answer to every world."""
    scope = scope_of(bot.metadata.labels, observed.policies)
    latch = decide_latch(bot, scope, now)
    account = account_of(bot, observed.lease, observed.claim)
    kill = decide_kill(bot, latch.write or bot.latch, observed, now)
    confirmation = kill.confirmation if latch.write is None else None
    buried = not of_another_bot(bot, observed.lease)
    judgement = judge(bot, scope, account) if buried else wait_for(bot, observed.tombstone)
    wanted = decide_children(bot, observed, judgement)
    report = believed_report(bot, observed.pod, now)
    held = confirmation or latch.write or bot.latch
    evidence = Evidence(bot, observed, scope, judgement, report, held, now, kill.words)
    found = verdict(evidence)
    status = desired_status(evidence, found)
    written = is_written(bot.written_status, status)
    return Plan(
        latch=latch.write,
        admission=None if bot.deleting else judgement.write,
        confirmation=confirmation,
        creates=kill.creates,
        stops=kill.deletes,
        claim=account.wanted if judgement.allowed else None,
        lease=None if LEASE in observed.refusals else lease_to_make(bot, observed, account.admitted_on),
        notes=lease_notes(bot, observed, account.admitted_on),
        applies=wanted.applies,
        deletes=wanted.deletes,
        status=None if written else status,
        latch_events=latch.notices,
        kill_events=(*kill.notices, *_confirmation_notices(bot, confirmation)),
        admission_events=judgement.notices,
        child_events=_child_notices(wanted.applies, wanted.deletes),
        status_events=_stall_notices(bot, found, written),
        requeue_after=_requeue_after(bot, observed, kill, now),
    )


def _confirmation_notices(bot: Bot, confirmation: KillSwitch | None) -> tuple[Notice, ...]:
    return () if confirmation is None else notices_of(bot.latch, confirmation)


def _child_notices(applies: Sequence[Apply], deletes: Sequence[Delete]) -> tuple[Notice, ...]:
    repairs = [apply.repairs for apply in applies if apply.repairs]
    removals = [delete.because for delete in deletes]
    notices = []
    if repairs:
        notices.append(Notice(Happening.CHILD_REPAIRED, f"{', '.join(repairs)}; applied again"))
    if removals:
        notices.append(Notice(Happening.CHILD_REMOVED, f"{', '.join(removals)}; removed", warning=True))
    return tuple(notices)


def _stall_notices(bot: Bot, found: Verdict, written: bool) -> tuple[Notice, ...]:
    if found.standing is not Standing.STALLED or written:
        return ()
    said = f"{found.reason}: {found.message}"
    for condition in bot.written_status.get("conditions") or ():
        told = f"{condition.get('reason')}: {condition.get('message')}"
        if condition.get("type") == "Stalled" and condition.get("status") == "True" and told == said:
            return ()
    return (Notice(Happening.STALLED, said, warning=True),)


def _requeue_after(bot: Bot, observed: World, kill: KillDecision, now: datetime) -> float | None:
    moments = (*changes_at(bot, observed.pod), *(() if kill.look_again is None else (kill.look_again,)))
    waits = [(moment - now).total_seconds() for moment in moments]
    waits = [wait for wait in waits if wait > 0]
    if observed.refusals:
        waits.append(_CHILD_REFUSED_RETRY_SECONDS)
    if observed.claim is not None and observed.claim.uid != bot.metadata.uid:
        waits.append(_ACCOUNT_TAKEN_RETRY_SECONDS)
    if observed.policies is None:
        waits.append(_POLICIES_UNKNOWN_RETRY_SECONDS)
    return min(waits, default=None)

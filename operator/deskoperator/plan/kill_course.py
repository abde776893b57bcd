"""How a kill Job stands, whoever it was made for: the halt of a bot, or what a bot has left.

A Job that is gone is made again, one that is over without a proof is replaced, and what keeps it from running is told.
Nothing here gives up.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum, auto

from deskoperator.plan.actions import Happening
from deskoperator.plan.kill_report import KillReport, created_at, finished, own_pods, reports, unscheduled
from deskoperator.resources.kinds import Object

START_PATIENCE = timedelta(seconds=10)
LOOK_AGAIN = timedelta(seconds=30)
LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


class Step(Enum):
    """What is to be done about the Job."""

    MAKE = auto()
    WAIT = auto()
    REPLACE = auto()
    DONE = auto()


@dataclass(frozen=True)
class Course:
    """`proof` belongs to DONE. `words` say how it stands; `trouble`: they are an alert, under this reason."""

    step: Step
    proof: KillReport | None = None
    words: str = ""
    trouble: Happening | None = None
    look_again: datetime | None = None


def course(job: Object | None, pods: tuple[Object, ...], halt_id: str, now: datetime) -> Course:
    """The course of the Job of one halt; `pods` are those of its name, whoever made them."""
    if job is None:
        return Course(Step.MAKE)
    found = reports(job, pods)
    proof = next((report for report in found if report.proves(halt_id)), None)
    if proof is not None:
        return Course(Step.DONE, proof)
    if "deletionTimestamp" in job["metadata"]:
        return Course(Step.WAIT, words=f"kill Job {name_of(job)} is being removed", look_again=now + START_PATIENCE)
    if finished(job):
        said = f"{found[-1].reason}: {found[-1].message}" if found else "its pod left no outcome"
        words = f"kill Job {name_of(job)} is over without a proof and is made again: {said}"
        return _alert(Step.REPLACE, words, Happening.KILL_JOB_UNCONFIRMED, now)
    return _running(job, pods, found, now)


def _running(job: Object, named: tuple[Object, ...], found: list[KillReport], now: datetime) -> Course:
    pods, since = own_pods(job, named), created_at(job) or LONG_AGO
    if found:
        said = found[-1]
        words = f"kill Job {name_of(job)} has not confirmed: {said.reason}: {said.message}"
        return _alert(Step.WAIT, words, Happening.KILL_JOB_UNCONFIRMED, now)
    runs = f"kill Job {name_of(job)} runs"
    if now - since < START_PATIENCE:
        return Course(Step.WAIT, words=runs, look_again=since + START_PATIENCE)
    trouble = unscheduled(pods) if pods else "it has no pod; the Events of the Job say why"
    if trouble:
        words = f"kill Job {name_of(job)} does not run: {trouble}"
        return _alert(Step.WAIT, words, Happening.KILL_JOB_STUCK, now)
    return Course(Step.WAIT, words=runs, look_again=now + LOOK_AGAIN)


def _alert(step: Step, words: str, trouble: Happening, now: datetime) -> Course:
    return Course(step, words=words, trouble=trouble, look_again=now + LOOK_AGAIN)


def name_of(job: Object) -> str:
    """The Job's name."""
    return str(job["metadata"]["name"])

"""Where the bot stands between its spec and the engine's report: the first finding that applies, in order of weight.

A finding either stalls (a person has to change something), or is on its way, or is settled. `status.py` turns it into
conditions and phase.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import Enum, auto

from deskapi import EngineState, EngineStatus, KillSwitch, LatchState, Mode, Reason, TradingBotSpec
from deskoperator.plan.admission import Judgement
from deskoperator.plan.bot import Bot
from deskoperator.plan.kill import evidence_in_words
from deskoperator.plan.lease import foreign_lease
from deskoperator.plan.pod import Pod
from deskoperator.plan.policies import Scope
from deskoperator.plan.report import STALE_AFTER
from deskoperator.plan.rollout import outdated
from deskoperator.plan.world import World
from deskoperator.resources.labels import pod_name

# Problems that end by themselves: nobody has to do anything.
_PASSES = {reason.value: reason for reason in (Reason.LEASE_WAITING, Reason.CONTROL_LOST, Reason.ACCOUNT_PENDING)}


class Standing(Enum):
    STALLED = auto()
    UNDER_WAY = auto()
    SETTLED = auto()


@dataclass(frozen=True)
class Verdict:
    """`reason` is a word of `deskapi.Reason`, or the engine's own where it is newer than this operator."""

    standing: Standing
    reason: str
    message: str


@dataclass(frozen=True)
class Evidence:
    """All that a verdict rests on. `report` is the engine's, where it may be believed; `latch` is as it will be."""

    bot: Bot
    world: World
    scope: Scope
    judgement: Judgement
    report: EngineStatus | None
    latch: KillSwitch | None
    now: datetime
    kill_words: str = ""

    @property
    def latched(self) -> bool:
        return not self.bot.latch_readable or (self.latch is not None and self.latch.state is not LatchState.RELEASED)


def verdict(evidence: Evidence) -> Verdict:
    """The first finding that applies."""
    return next(_findings(evidence))


def _findings(evidence: Evidence) -> Iterator[Verdict]:
    bot, report = evidence.bot, evidence.report
    if bot.deleting:
        yield _under_way(Reason.STOPPING, "the TradingBot is being deleted")
    if bot.spec is None:
        yield _stalled(Reason.SPEC_INVALID, bot.spec_problem)
    yield from _admission_findings(evidence.judgement)
    for kind, words in evidence.world.refusals.items():
        yield _stalled(Reason.CHILD_REFUSED, f"the API server refuses the {kind.kind}: {words}")
    if foreign := foreign_lease(bot, evidence.world):
        yield _stalled(Reason.CHILD_REFUSED, foreign)
    if report is not None and report.problem is not None:
        passes = _PASSES.get(report.problem.reason)
        message = report.problem.message
        if passes is None:
            yield _stalled(report.problem.reason, message)
        elif not evidence.latched:  # a halt needs no permission to trade
            yield _under_way(passes, message)
    yield from _pod_findings(evidence)
    if report is not None:
        yield from _engine_findings(evidence, report)
        yield from _agreement(evidence, report)
    yield _silence(evidence)


def _admission_findings(judgement: Judgement) -> Iterator[Verdict]:
    if judgement.allowed is None:
        yield _under_way(judgement.reason, judgement.message)
    elif not judgement.allowed:
        yield _stalled(judgement.reason, judgement.message)


def _pod_findings(evidence: Evidence) -> Iterator[Verdict]:
    pod, name = evidence.world.pod, pod_name(evidence.bot.metadata.name)
    if pod is None:
        yield _under_way(Reason.POD_NOT_READY, f"pod {name} does not exist yet")
    elif pod.terminating:
        yield _under_way(Reason.STOPPING, f"pod {name} is stopping")
    elif pod.trouble is not None and pod.stuck(evidence.now):
        yield _stalled(pod.trouble, f"pod {name}: {pod.words}")
    elif not pod.ready and not _explains_itself(evidence.report):
        yield _under_way(Reason.POD_NOT_READY, f"pod {name} is not ready{f': {pod.words}' if pod.words else ''}")


def _explains_itself(report: EngineStatus | None) -> bool:
    """Whether the engine's own words say better than the pod why it is not ready."""
    return report is not None and report.state in {EngineState.STARTING, EngineState.STOPPING, EngineState.HALTING}


def _engine_findings(evidence: Evidence, report: EngineStatus) -> Iterator[Verdict]:
    if report.state in {EngineState.STOPPING, EngineState.STOPPED}:
        yield _under_way(Reason.STOPPING, "the engine cancels its orders before it stops")
    if evidence.latched:
        yield from _halt_findings(evidence, report)
    if report.state is EngineState.STARTING or report.reconciled_at is None:
        yield _under_way(Reason.STARTUP_RECONCILIATION, Reason.STARTUP_RECONCILIATION.meaning)
    generation = evidence.bot.metadata.generation
    if report.observed_generation is not None and generation is not None and report.observed_generation < generation:
        message = f"the engine runs generation {report.observed_generation}, the spec is at {generation}"
        yield _under_way(Reason.SPEC_PENDING, message)


def _halt_findings(evidence: Evidence, report: EngineStatus) -> Iterator[Verdict]:
    latch = evidence.latch
    if latch is None or latch.state is not LatchState.CONFIRMED:
        yield _under_way(Reason.HALT_UNCONFIRMED, Reason.HALT_UNCONFIRMED.meaning)
    elif report.state is not EngineState.HALTED:
        yield _under_way(Reason.HALT_UNCONFIRMED, f"halt {latch.id}: the engine makes sure once more after a restart")


def _agreement(evidence: Evidence, report: EngineStatus) -> Iterator[Verdict]:
    """Whether the engine is in the state that the spec asks for."""
    spec, latch = evidence.bot.spec, evidence.latch
    if evidence.latched and latch is not None:
        yield _settled(evidence, Reason.HALT_CONFIRMED, f"halt {latch.id}: {evidence_in_words(latch)}")
    if report.state in {EngineState.HALTED, EngineState.HALTING}:
        held = evidence.bot.engine_halt
        name = "its halt" if held is None else f"halt {held.id}; it does while spec.acknowledgedHalt says {held.id}"
        yield _under_way(Reason.SPEC_PENDING, f"the engine has not released {name}")
    if spec is None or report.state is EngineState.STALLED:
        yield _stalled(Reason.ENGINE_FAILED, "the engine cannot trade and does not say why")
    else:
        yield _agreement_with(evidence, spec, report)


def _agreement_with(evidence: Evidence, spec: TradingBotSpec, report: EngineStatus) -> Verdict:
    paused = report.state is EngineState.PAUSED
    if spec.paused:
        if paused:
            return _settled(evidence, Reason.PAUSED, Reason.PAUSED.meaning)
        return _under_way(Reason.SPEC_PENDING, "the engine has not paused yet")
    if not any(strategy.enabled for strategy in spec.strategies):
        return _settled(evidence, Reason.STRATEGY_DISABLED, Reason.STRATEGY_DISABLED.meaning)
    if paused:
        return _under_way(Reason.PAUSED, "the engine has pulled its quotes and goes on by itself")
    reason = Reason.DRY_RUN if spec.mode is Mode.DRY_RUN else Reason.RUNNING
    closed = f"; closed on the venue: {', '.join(report.closed_markets)}" if report.closed_markets else ""
    return _settled(evidence, reason, f"{reason.meaning}{closed}")


def _silence(evidence: Evidence) -> Verdict:
    pod = evidence.world.pod
    if _silent_for_long(pod, evidence.now):
        return _stalled(Reason.ENGINE_SILENT, f"{Reason.ENGINE_SILENT.meaning}; look at the log of pod {_name(pod)}")
    return _under_way(Reason.STARTUP_RECONCILIATION, "the engine has not reported yet")


def _silent_for_long(pod: Pod | None, now: datetime) -> bool:
    return pod is not None and pod.ready_since is not None and now - pod.ready_since >= STALE_AFTER


def _name(pod: Pod | None) -> str:
    return "" if pod is None else pod.name


def _stalled(reason: str, message: str) -> Verdict:
    return Verdict(Standing.STALLED, str(reason), message)


def _under_way(reason: Reason, message: str) -> Verdict:
    return Verdict(Standing.UNDER_WAY, reason.value, message)


def _settled(evidence: Evidence, reason: Reason, message: str) -> Verdict:
    if outdated(evidence.world):
        message += f"; it runs in a pod of an earlier template: delete pod {_name(evidence.world.pod)} to renew it"
    return Verdict(Standing.SETTLED, reason.value, message)

"""Conditions and phase: the operator's part of the status, without the latch and the engine's report."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from deskapi import (
    Condition,
    ConditionStatus,
    ConditionType,
    EngineState,
    KillSwitch,
    LatchState,
    Mode,
    Phase,
    Reason,
    dump,
)
from deskoperator.plan.bot import Bot
from deskoperator.plan.kill import evidence_in_words, release_refusal
from deskoperator.plan.verdict import Evidence, Standing, Verdict
from deskoperator.resources.kinds import Object

_LONGEST_MESSAGE = 4096


def desired_status(evidence: Evidence, found: Verdict) -> Object:
    """`observedGeneration`, `phase` and `conditions` as they should be written."""
    stalled, settled = found.standing is Standing.STALLED, found.standing is Standing.SETTLED
    nothing = (Reason.SETTLED.value, Reason.SETTLED.meaning)
    why = (found.reason, found.message)
    conditions = [
        _condition(evidence, ConditionType.READY, settled, *why),
        _condition(evidence, ConditionType.RECONCILING, not stalled and not settled, *(nothing if settled else why)),
        _condition(evidence, ConditionType.STALLED, stalled, *(why if stalled else nothing)),
        _condition(evidence, ConditionType.ADMITTED, *_admitted(evidence)),
        _condition(evidence, ConditionType.TRADING, *_trading(evidence, found)),
        _condition(evidence, ConditionType.HALTED, evidence.latched, *_halted(evidence)),
    ]
    generation = evidence.bot.metadata.generation
    return {
        **({} if generation is None else {"observedGeneration": generation}),
        "phase": _phase(evidence, found).value,
        "conditions": conditions,
    }


def is_written(written: Mapping[str, Any], desired: Object) -> bool:
    """Whether the status says already what it should. Conditions of others are theirs."""
    found = {condition.get("type"): condition for condition in written.get("conditions") or ()}
    return all(written.get(name) == desired.get(name) for name in ("observedGeneration", "phase")) and all(
        found.get(condition["type"]) == condition for condition in desired["conditions"]
    )


def _condition(evidence: Evidence, kind: ConditionType, status: bool | None, reason: str, message: str) -> Object:
    """One condition. Its transition time moves only with its status; `status` None is Unknown."""
    said = {None: ConditionStatus.UNKNOWN, True: ConditionStatus.TRUE, False: ConditionStatus.FALSE}[status]
    return dump(
        Condition(
            type=kind.value,
            status=said,
            reason=reason,
            message=message[:_LONGEST_MESSAGE],
            last_transition_time=_since(evidence.bot, kind, said) or evidence.now.replace(microsecond=0),
            observed_generation=evidence.bot.metadata.generation,
        )
    )


def _since(bot: Bot, kind: ConditionType, status: ConditionStatus) -> datetime | None:
    for condition in bot.written_status.get("conditions") or ():
        if condition.get("type") == kind and condition.get("status") == status:
            return Condition.model_validate(condition).last_transition_time
    return None


def _admitted(evidence: Evidence) -> tuple[bool | None, str, str]:
    return evidence.judgement.allowed, evidence.judgement.reason.value, evidence.judgement.message


def _trading(evidence: Evidence, found: Verdict) -> tuple[bool | None, str, str]:
    """Whether the engine may send orders: what it says itself, or Unknown where a process is left that says nothing."""
    report, spec = evidence.report, evidence.bot.spec
    if report is None:
        alive = evidence.world.pod is not None and evidence.world.pod.running
        return (None if alive else False), found.reason, found.message
    if report.state is not EngineState.RUNNING or report.reconciled_at is None:
        return False, found.reason, found.message
    if spec is not None and spec.mode is Mode.DRY_RUN:
        return False, Reason.DRY_RUN.value, Reason.DRY_RUN.meaning
    if spec is not None and not any(strategy.enabled for strategy in spec.strategies):
        return False, Reason.STRATEGY_DISABLED.value, Reason.STRATEGY_DISABLED.meaning
    return True, Reason.RUNNING.value, Reason.RUNNING.meaning


def _halted(evidence: Evidence) -> tuple[str, str]:
    latch = evidence.latch
    if not evidence.bot.latch_readable:
        return Reason.HALT_UNCONFIRMED.value, "status.killSwitch was written by another version and counts as latched"
    if latch is None or latch.state is LatchState.RELEASED:
        return Reason.NOT_HALTED.value, Reason.NOT_HALTED.meaning
    confirmed = latch.state is LatchState.CONFIRMED
    waiting = "; ".join(filter(None, ("the venue has not confirmed yet", evidence.kill_words)))
    proof = evidence_in_words(latch) if confirmed else waiting
    message = f"halt {latch.id} ({latch.reason or 'no reason given'}): {proof}; {_way_out(evidence, latch)}"
    return (Reason.HALT_CONFIRMED if confirmed else Reason.HALT_UNCONFIRMED).value, message


def _way_out(evidence: Evidence, latch: KillSwitch) -> str:
    refusal = release_refusal(evidence.bot, evidence.scope, latch)
    if evidence.bot.acknowledged == latch.id and refusal is not None:
        return f"acknowledged, and not released: {refusal}"
    return f"set spec.acknowledgedHalt: {latch.id} to release it"


_PHASES = {
    Reason.STARTUP_RECONCILIATION.value: Phase.STARTING,
    Reason.STOPPING.value: Phase.STOPPING,
    Reason.PAUSED.value: Phase.PAUSED,
    Reason.CONTROL_LOST.value: Phase.PAUSED,
}


def _phase(evidence: Evidence, found: Verdict) -> Phase:
    if found.reason == Reason.STOPPING and evidence.bot.deleting:
        return Phase.STOPPING
    if evidence.latched:
        confirmed = evidence.latch is not None and evidence.latch.state is LatchState.CONFIRMED
        return Phase.HALTED if confirmed else Phase.HALTING
    if found.standing is Standing.STALLED:
        return Phase.STALLED
    report = evidence.report
    running = report is not None and report.state is EngineState.RUNNING and report.reconciled_at is not None
    return _PHASES.get(found.reason, Phase.RUNNING if running else Phase.PENDING)

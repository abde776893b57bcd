"""The status of a RiskPolicy: how many bots it is about, and whether all of them were judged by its latest spec."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from deskapi import BotCounts, Condition, ConditionStatus, ConditionType, Reason, dump
from deskoperator.plan.bot import Bot
from deskoperator.plan.policies import Policy
from deskoperator.resources.kinds import Object


def desired_policy_status(policy: Policy, bots: Sequence[Bot], now: datetime) -> Object | None:
    """What the status should say, of all bots of the namespace; None: it says so already."""
    scope = [bot for bot in bots if policy.selects(bot.metadata.labels)]
    counts = BotCounts(
        in_scope=len(scope),
        trading=sum(_is_trading(bot.written_status) for bot in scope),
        halted=sum(bot.latched for bot in scope),
    )
    generation = policy.metadata.generation
    wanted = {
        **({} if generation is None else {"observedGeneration": generation}),
        "conditions": [dump(_ready(policy, scope, now))],
        "bots": dump(counts),
    }
    written = {name: policy.written_status.get(name) for name in wanted}
    return None if written == wanted else wanted


def _ready(policy: Policy, scope: Sequence[Bot], now: datetime) -> Condition:
    """Ready when nothing is left to do: every bot was judged, and halted where the policy asks for it."""
    judged = sum(_is_judged(policy, bot) for bot in scope)
    done = judged == len(scope) and policy.spec is not None
    status = ConditionStatus.TRUE if done else ConditionStatus.FALSE
    reason = Reason.ENFORCED if done else Reason.ENFORCING if policy.spec is not None else Reason.SPEC_INVALID
    return Condition(
        type=ConditionType.READY.value,
        status=status,
        reason=reason.value,
        message=f"{judged} of {len(scope)} bots in scope were judged by generation {policy.metadata.generation}",
        last_transition_time=_since(policy, status) or now.replace(microsecond=0),
        observed_generation=policy.metadata.generation,
    )


def _is_judged(policy: Policy, bot: Bot) -> bool:
    halted = bot.latched or not policy.halted
    return halted and any(
        (each.name, each.generation) == (policy.name, policy.metadata.generation) for each in bot.policies
    )


def _is_trading(status: Mapping[str, Any]) -> bool:
    conditions = status.get("conditions") or ()
    return any(each.get("type") == ConditionType.TRADING and each.get("status") == "True" for each in conditions)


def _since(policy: Policy, status: ConditionStatus) -> datetime | None:
    for each in policy.written_status.get("conditions") or ():
        if each.get("type") == ConditionType.READY and each.get("status") == status:
            return Condition.model_validate(each).last_transition_time
    return None

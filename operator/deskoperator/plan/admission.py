"""Whether a bot's spec may run, and inside which envelope: what `status.admitted` and its neighbours should say.

    spec ────────────────▶ allowed by every policy in scope? ──yes──▶ admitted {uid, generation, specHash, accountId}
    account ─────────────▶ the bot's own? ───────────────────────────┘
    policies in scope ───▶ ceilings ──narrow──▶ effectiveEnvelope
    status.policies ─────▶ one that no longer selects the bot ──────▶ PolicyLost: nothing is admitted

The engine runs the spec that `admitted` names and no other, so leaving it out is how a bot is told to add no risk. A
judgement rests on a whole and fresh list of policies, read after the bot and written only if the bot has not changed
since (`controller/execute.py`): of two operators the one that saw less cannot write over the other. Without such a list
nothing is judged: what is in force stays, and the engine by itself takes from a newer spec only what tightens. So it is
where this version cannot read a spec that was judged already and no policy has changed since: while an upgrade shows
new fields to an operator that is about to be replaced, bots go on as they were.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from deskapi import (
    Admitted,
    Bounds,
    EffectiveEnvelope,
    PolicyInForce,
    Reason,
    TradingBotSpec,
    as_bounds,
    dump,
    narrow,
)
from deskoperator.plan.account import NO_ACCOUNT, Account
from deskoperator.plan.actions import Happening, Notice
from deskoperator.plan.bot import Bot
from deskoperator.plan.policies import Policy, Scope
from deskoperator.resources.kinds import Object

_PARTS = ("admitted", "effectiveEnvelope", "policies")
_IN_FORCE = " in force"  # no policy's name: it holds a space


@dataclass(frozen=True)
class Judgement:
    """`allowed`: whether the latest spec may run; None: nobody can tell now. `write` None: the status says it already.

    `reason` and `message` are those of the condition.
    """

    allowed: bool | None
    reason: Reason
    message: str
    write: Object | None = None
    notices: tuple[Notice, ...] = ()


def judge(bot: Bot, scope: Scope, account: Account = NO_ACCOUNT) -> Judgement:
    """The judgement of a bot by the policies that select it, and by whose its account is."""
    if not scope.known:
        return _not_now(bot, Reason.POLICIES_UNKNOWN)
    if bot.spec is None and _nothing_new(bot, scope):
        return _not_now(bot, Reason.SPEC_INVALID)
    refusal = _refusal(bot, scope) or account.refusal
    allowed = refusal is None
    reason, message = refusal or (Reason.ALLOWED, _judged_by(scope))
    write = _write(bot, _wanted(bot, scope, account, allowed=allowed))
    return Judgement(allowed, reason, message, write, _notices(bot, write))


def wait_for(bot: Bot, what: str) -> Judgement:
    """Nothing is admitted beside what an earlier bot of the name has left, and nothing stays so."""
    stands = {name: bot.written_status[name] for name in _PARTS[1:] if bot.written_status.get(name) is not None}
    reason = Reason.EARLIER_BOT_REMAINS
    words = f"{reason.meaning}: {what}" if what else reason.meaning
    return Judgement(None, reason, words, None if bot.admitted is None else stands)


def _not_now(bot: Bot, reason: Reason) -> Judgement:
    if bot.judged_before:
        return Judgement(True, reason, f"{reason.meaning}: what was judged before stays in force")
    return Judgement(None, reason, reason.meaning)


def _nothing_new(bot: Bot, scope: Scope) -> bool:
    """Whether the generation was judged by the very policies that select the bot now."""
    listed = {(policy.name, policy.generation) for policy in bot.policies}
    return bot.judged_before and listed == {(each.name, each.metadata.generation) for each in scope.policies}


def _judged_by(scope: Scope) -> str:
    names = ", ".join(policy.name for policy in scope.policies)
    return f"judged by RiskPolicy {names}" if names else "no RiskPolicy selects the bot: its own envelope holds"


# why not


def _refusal(bot: Bot, scope: Scope) -> tuple[Reason, str] | None:
    if bot.spec is None:
        return Reason.SPEC_INVALID, bot.spec_problem
    lost = _lost(bot, scope)
    if lost:
        names = ", ".join(policy.name for policy in lost)
        return Reason.POLICY_LOST, f"RiskPolicy {names} no longer selects the bot: bring it or the bot's labels back"
    for policy in scope.policies:
        refusal = _refusal_of(policy, bot.spec)
        if refusal is not None:
            return refusal
    return None


def _lost(bot: Bot, scope: Scope) -> tuple[PolicyInForce, ...]:
    present = {policy.name for policy in scope.policies}
    return tuple(policy for policy in bot.policies if policy.name not in present)


def _refusal_of(policy: Policy, spec: TradingBotSpec) -> tuple[Reason, str] | None:
    allowed = policy.spec.allowed if policy.spec is not None else None
    if allowed is None:
        return None
    asked: tuple[tuple[Reason, str, Iterable[str], tuple[str, ...] | None], ...] = (
        (Reason.MODE_NOT_ALLOWED, "mode", (spec.mode,), allowed.modes),
        (Reason.EXCHANGE_NOT_ALLOWED, "exchange", (spec.venue.exchange,), allowed.exchanges),
        (Reason.MARKET_NOT_ALLOWED, "market", spec.markets, allowed.markets),
        (Reason.STRATEGY_NOT_ALLOWED, "strategy", (each.name for each in spec.strategies), allowed.strategies),
    )
    for reason, what, wanted, among in asked:
        wrong = [str(each) for each in wanted if among is not None and each not in among]
        if wrong:
            words = f"RiskPolicy {policy.name} does not allow the {what} {', '.join(wrong)}; it allows"
            return reason, f"{words} {', '.join(map(str, among or ()))}"
    return None


# what is in force


def _wanted(bot: Bot, scope: Scope, account: Account, *, allowed: bool) -> Object:
    """The three parts as they should be written; a part that is left out is taken away."""
    effective, set_by = _effective(bot, scope, stays=not allowed)
    policies = sorted((*_in_force(scope, set_by), *_lost(bot, scope)), key=lambda policy: policy.name)
    return {
        **({"admitted": dump(_admitted(bot, account))} if allowed else {}),
        **({} if effective is None else {"effectiveEnvelope": dump(effective)}),
        "policies": [dump(policy) for policy in policies],
    }


def _effective(bot: Bot, scope: Scope, *, stays: bool) -> tuple[EffectiveEnvelope | None, Mapping[str, str]]:
    """The envelope inside every ceiling; `stays`: and inside what is in force, whatever a new spec asks for."""
    ceilings: dict[str, Bounds] = {
        policy.name: policy.spec.ceilings
        for policy in scope.policies
        if policy.spec is not None and policy.spec.ceilings is not None
    }
    if bot.spec is None:
        return bot.effective, {}
    if stays and bot.effective is not None:
        ceilings[_IN_FORCE] = bot.effective
    narrowed = narrow(bot.spec.envelope, ceilings)
    return as_bounds(narrowed.envelope), narrowed.set_by


def _in_force(scope: Scope, set_by: Mapping[str, str]) -> Iterable[PolicyInForce]:
    for policy in scope.policies:
        fields = tuple(sorted(field for field, name in set_by.items() if name == policy.name))
        yield PolicyInForce(name=policy.name, generation=policy.metadata.generation, sets=fields)


def _admitted(bot: Bot, account: Account) -> Admitted:
    return Admitted(
        uid=bot.metadata.uid or "",
        generation=bot.metadata.generation or 0,
        spec_hash=bot.spec_hash,
        account_id=account.admitted_on or None,
    )


def _write(bot: Bot, wanted: Object) -> Object | None:
    written = {name: bot.written_status[name] for name in _PARTS if bot.written_status.get(name) is not None}
    return None if _in_order(written) == _in_order(wanted) else wanted


def _in_order(parts: Object) -> Object:
    """The API server keeps the order in which entries of a list came, and drops a list that has become empty."""
    entries = [{**entry, "sets": sorted(entry.get("sets") or ())} for entry in parts.get("policies") or ()]
    return {**parts, "policies": sorted(entries, key=lambda entry: str(entry.get("name")))}


def _notices(bot: Bot, write: Object | None) -> tuple[Notice, ...]:
    """What has become of an envelope that was in force: every limit that changed, and whose it is now."""
    before = bot.written_status.get("effectiveEnvelope") or {}
    after = (write or {}).get("effectiveEnvelope") or {}
    whose = {field: each["name"] for each in (write or {}).get("policies", ()) for field in each.get("sets", ())}
    changes = [
        f"{field} {before[field]} -> {after[field]}" + (f" by RiskPolicy {whose[field]}" if field in whose else "")
        for field in after
        if field in before and before[field] != after[field]
    ]
    return (Notice(Happening.ENVELOPE_CHANGED, ", ".join(changes)),) if changes else ()

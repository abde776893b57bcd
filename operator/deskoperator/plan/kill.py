"""The latch of the kill switch: what `status.killSwitch` should say.

Two sides may latch: the operator, when it sees `spec.halted`, the bot's own or that of a RiskPolicy that selects it,
and the engine, for reasons of its own, which it reports in `status.engine.halt`. Whoever is first makes the id; what
stands in `status.killSwitch` is canonical and the engine adopts it. The steps below are composed in this order and
depend on the objects alone, so that any operator, at any time, comes to the same end:

1. latch, when a cause stands and nothing is latched; restore a latch that vanished while the engine still holds it;
2. supersede, when a cause came that the present id does not stand for: a release that was prepared for the one halt
   must not release the other;
3. confirm, when the engine has the venue's proof for this very id;
4. release, when a person acknowledged this very id, the venue has confirmed it and no cause stands; while the policies
   are not known, one may.

The latch names the policies whose halt its id stands for: one more of them is a cause that came.

Nothing here waits, and every uncertain case ends latched. The write is guarded by the resourceVersion that was read
(`controller/execute.py`) and, for the release, by a rule of the CRD itself.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from deskapi import Confirmer, Halt, HaltSource, KillSwitch, LatchState, Reason
from deskoperator.plan.actions import Happening, Notice
from deskoperator.plan.bot import Bot
from deskoperator.plan.policies import Scope

_EVIDENCE = ("confirmed_at", "orders_cancelled", "residual_orders", "residual_position")
_MILLISECOND = timedelta(milliseconds=1)


@dataclass(frozen=True)
class LatchDecision:
    """`write` is the whole new latch; None: it says already what it should."""

    write: KillSwitch | None = None
    notices: tuple[Notice, ...] = ()


def decide_latch(bot: Bot, scope: Scope, now: datetime) -> LatchDecision:
    """What to write into `status.killSwitch`. An unreadable latch is left alone: it holds."""
    if not bot.latch_readable:
        return LatchDecision()
    latch = _released(bot, scope, _confirmed(bot, _latched(bot, scope, now)))
    if latch is None or latch == bot.latch:
        return LatchDecision()
    return LatchDecision(latch, notices_of(bot.latch, latch))


def release_refusal(bot: Bot, scope: Scope, latch: KillSwitch) -> str | None:
    """Why the acknowledged latch is not released, in words; None: nothing stands against it."""
    if bot.halted:
        return "spec.halted is still true"
    if scope.halted_by:
        return f"spec.halted of RiskPolicy {', '.join(scope.halted_by)} is still true"
    if not scope.known:
        return "the RiskPolicies cannot be read"
    if latch.state is not LatchState.CONFIRMED:
        return "the venue has not confirmed yet"
    halt = bot.engine_halt
    if halt is not None and halt.id != latch.id:
        return f"the engine still holds halt {halt.id} ({halt.reason or 'without a reason'})"
    return None


def _latched(bot: Bot, scope: Scope, now: datetime) -> KillSwitch | None:
    latch, halt = bot.latch, bot.engine_halt
    asked = bot.halted or bool(scope.halted_by)
    if latch is None or latch.state is LatchState.RELEASED:
        # The engine may still hold what was just released; that halt is over, though its report is not.
        news = halt if halt is not None and (latch is None or halt.id != latch.id) else None
        return _first(bot, scope, news, now) or latch
    further = halt is not None and _came_later(halt, latch)
    if asked and (further or not _stands_for(latch, bot, scope)):
        return _asked_for(bot, scope, now)
    return _of_engine(halt, now) if halt is not None and further else latch


def _stands_for(latch: KillSwitch, bot: Bot, scope: Scope) -> bool:
    """Whether the latch's id stands for every halt that people ask for now."""
    by_spec = not bot.halted or latch.reason == Reason.SPEC_HALTED
    return by_spec and set(scope.halted_by) <= set(latch.policies)


def _first(bot: Bot, scope: Scope, news: Halt | None, now: datetime) -> KillSwitch | None:
    asked = bot.halted or bool(scope.halted_by)
    if news is None:
        return _asked_for(bot, scope, now) if asked else None
    latch = _of_engine(news, now)
    return latch.model_copy(update={"reason": _wish(bot), "policies": scope.halted_by}) if asked else latch


def _wish(bot: Bot) -> str:
    return (Reason.SPEC_HALTED if bot.halted else Reason.POLICY_HALTED).value


def _came_later(halt: Halt, latch: KillSwitch) -> bool:
    """Whether the engine halted for another reason after the latch: before it, or for the same, it adopts the id."""
    if halt.id == latch.id or halt.reason == latch.reason or halt.triggered_at is None:
        return False
    return latch.triggered_at is None or halt.triggered_at > latch.triggered_at


def _of_engine(halt: Halt, now: datetime) -> KillSwitch:
    return KillSwitch(
        state=LatchState.LATCHED,
        id=halt.id,
        source=halt.source or HaltSource.ENGINE.value,
        reason=halt.reason,
        triggered_at=halt.triggered_at or now,
    )


def _asked_for(bot: Bot, scope: Scope, now: datetime) -> KillSwitch:
    """A latch of our own, later than anything the engine reports, or its report would supersede this one in turn."""
    halt = bot.engine_halt
    engine_time = halt.triggered_at if halt is not None else None
    return KillSwitch(
        state=LatchState.LATCHED,
        id=_new_id(bot, now),
        source=(HaltSource.SPEC if bot.halted else HaltSource.POLICY).value,
        reason=_wish(bot),
        policies=scope.halted_by,
        triggered_at=now if engine_time is None else max(now, engine_time),
    )


def _new_id(bot: Bot, now: datetime) -> str:
    """UID prefix and milliseconds. Never reused: the `acknowledgedHalt` of an old file must not fit a new halt."""
    used = {part.id for part in (bot.latch, bot.engine_halt) if part is not None}
    prefix = (bot.metadata.uid or "bot")[:8]
    while (made := f"{prefix}-{int(now.timestamp() * 1000)}") in used:
        now += _MILLISECOND
    return made


def _confirmed(bot: Bot, latch: KillSwitch | None) -> KillSwitch | None:
    halt = bot.engine_halt
    if latch is None or latch.state is LatchState.RELEASED:
        return latch
    if halt is None or halt.id != latch.id or halt.confirmed_at is None:
        return latch
    if latch.state is LatchState.CONFIRMED and latch.confirmed_by == Confirmer.KILL_JOB:
        return latch  # the engine that comes up afterwards finds nothing left: the Job's evidence says more
    evidence = {name: getattr(halt, name) for name in _EVIDENCE}
    confirmed_by = halt.confirmed_by or HaltSource.ENGINE.value
    return latch.model_copy(update={"state": LatchState.CONFIRMED, "confirmed_by": confirmed_by, **evidence})


def _released(bot: Bot, scope: Scope, latch: KillSwitch | None) -> KillSwitch | None:
    if latch is None or latch.state is LatchState.RELEASED or bot.acknowledged != latch.id:
        return latch
    # The CRD's rule knows only the id that was latched before: one that supersedes it is released in a step of its own.
    just_superseded = bot.latched and bot.latch is not None and bot.latch.id != latch.id
    if just_superseded or release_refusal(bot, scope, latch) is not None:
        return latch
    return latch.model_copy(update={"state": LatchState.RELEASED})


def notices_of(before: KillSwitch | None, after: KillSwitch) -> tuple[Notice, ...]:
    """What is told to people when the one becomes the other."""
    new = before is None or before.id != after.id
    notices = []
    if new:
        because = after.reason or "no reason given"
        if after.policies:
            because += f" by RiskPolicy {', '.join(after.policies)}"
        notices.append(Notice(Happening.HALTED, f"halt {after.id}: {because}", warning=True))
    if after.state is LatchState.CONFIRMED and (new or (before and before.state is LatchState.LATCHED)):
        notices.append(Notice(Happening.HALT_CONFIRMED, f"halt {after.id}: {evidence_in_words(after)}"))
    if after.state is LatchState.RELEASED:
        notices.append(Notice(Happening.RELEASED, f"halt {after.id} was acknowledged by spec.acknowledgedHalt"))
    return tuple(notices)


def evidence_in_words(latch: KillSwitch) -> str:
    """What the venue's proof says, for people."""
    if latch.confirmed_by == Confirmer.OPERATOR:
        return "the bot was never admitted on an account, so no order of it ever left"
    words = ["the venue confirms that no order is left"]
    if latch.residual_orders:
        words = [f"{latch.residual_orders} orders are left on the venue"]
    if latch.orders_cancelled is not None:
        words.append(f"{latch.orders_cancelled} cancelled")
    if latch.residual_position:
        words.append(f"still held: {latch.residual_position}")
    return "; ".join(words)

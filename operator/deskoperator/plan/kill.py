"""The latch of the kill switch: what `status.killSwitch` should say.

Two sides may latch: the operator, when it sees `spec.halted`, and the engine, for reasons of its own, which it reports
in `status.engine.halt`. Whoever is first makes the id; what stands in `status.killSwitch` is canonical and the engine
adopts it. The steps below are composed in this order and depend on the object alone, so that any operator, at any time,
comes to the same end:

1. latch, when a cause stands and nothing is latched; restore a latch that vanished while the engine still holds it;
2. supersede, when a cause came that the present id does not stand for: a release that was prepared for the one halt
   must not release the other;
3. confirm, when the engine has the venue's proof for this very id;
4. release, when a person acknowledged this very id, the venue has confirmed it and no cause stands.

Nothing here waits, and every uncertain case ends latched. The write is guarded by the resourceVersion that was read
(`controller/execute.py`) and, for the release, by a rule of the CRD itself.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from deskapi import Halt, HaltSource, KillSwitch, LatchState, Reason
from deskoperator.plan.actions import Happening, Notice
from deskoperator.plan.bot import Bot

_EVIDENCE = ("confirmed_at", "orders_cancelled", "residual_orders", "residual_position")
_MILLISECOND = timedelta(milliseconds=1)


@dataclass(frozen=True)
class LatchDecision:
    """`write` is the whole new latch; None: it says already what it should."""

    write: KillSwitch | None = None
    notices: tuple[Notice, ...] = ()


def decide_latch(bot: Bot, now: datetime) -> LatchDecision:
    """What to write into `status.killSwitch`. An unreadable latch is left alone: it holds."""
    if not bot.latch_readable:
        return LatchDecision()
    latch = _released(bot, _confirmed(bot, _latched(bot, now)))
    if latch is None or latch == bot.latch:
        return LatchDecision()
    return LatchDecision(latch, _notices(bot.latch, latch))


def release_refusal(bot: Bot, latch: KillSwitch) -> str | None:
    """Why the acknowledged latch is not released, in words; None: nothing stands against it."""
    if bot.halted:
        return "spec.halted is still true"
    if latch.state is not LatchState.CONFIRMED:
        return "the venue has not confirmed yet"
    halt = bot.engine_halt
    if halt is not None and halt.id != latch.id:
        return f"the engine still holds halt {halt.id} ({halt.reason or 'without a reason'})"
    return None


def _latched(bot: Bot, now: datetime) -> KillSwitch | None:
    latch, halt = bot.latch, bot.engine_halt
    if latch is None or latch.state is LatchState.RELEASED:
        # The engine may still hold what was just released; that halt is over, though its report is not.
        news = halt if halt is not None and (latch is None or halt.id != latch.id) else None
        return _first(bot, news, now) or latch
    further = halt is not None and _came_later(halt, latch)
    if bot.halted and (further or latch.reason != Reason.SPEC_HALTED):
        return _of_spec(bot, now)
    return _of_engine(halt, now) if halt is not None and further else latch


def _first(bot: Bot, news: Halt | None, now: datetime) -> KillSwitch | None:
    if news is None:
        return _of_spec(bot, now) if bot.halted else None
    latch = _of_engine(news, now)
    return latch.model_copy(update={"reason": Reason.SPEC_HALTED.value}) if bot.halted else latch


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


def _of_spec(bot: Bot, now: datetime) -> KillSwitch:
    """A latch of our own, later than anything the engine reports, or its report would supersede this one in turn."""
    halt = bot.engine_halt
    engine_time = halt.triggered_at if halt is not None else None
    return KillSwitch(
        state=LatchState.LATCHED,
        id=_new_id(bot, now),
        source=HaltSource.SPEC.value,
        reason=Reason.SPEC_HALTED.value,
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
    evidence = {name: getattr(halt, name) for name in _EVIDENCE}
    confirmed_by = halt.confirmed_by or HaltSource.ENGINE.value
    return latch.model_copy(update={"state": LatchState.CONFIRMED, "confirmed_by": confirmed_by, **evidence})


def _released(bot: Bot, latch: KillSwitch | None) -> KillSwitch | None:
    if latch is None or latch.state is LatchState.RELEASED or bot.acknowledged != latch.id:
        return latch
    # The CRD's rule knows only the id that was latched before: one that supersedes it is released in a step of its own.
    just_superseded = bot.latched and bot.latch is not None and bot.latch.id != latch.id
    if just_superseded or release_refusal(bot, latch) is not None:
        return latch
    return latch.model_copy(update={"state": LatchState.RELEASED})


def _notices(before: KillSwitch | None, after: KillSwitch) -> tuple[Notice, ...]:
    new = before is None or before.id != after.id
    notices = []
    if new:
        because = after.reason or "no reason given"
        notices.append(Notice(Happening.HALTED, f"halt {after.id}: {because}", warning=True))
    if after.state is LatchState.CONFIRMED and (new or (before and before.state is LatchState.LATCHED)):
        notices.append(Notice(Happening.HALT_CONFIRMED, f"halt {after.id}: {evidence_in_words(after)}"))
    if after.state is LatchState.RELEASED:
        notices.append(Notice(Happening.RELEASED, f"halt {after.id} was acknowledged by spec.acknowledgedHalt"))
    return tuple(notices)


def evidence_in_words(latch: KillSwitch) -> str:
    """What the venue's proof says, for people."""
    words = ["the venue confirms that no order is left"]
    if latch.residual_orders:
        words = [f"{latch.residual_orders} orders are left on the venue"]
    if latch.orders_cancelled is not None:
        words.append(f"{latch.orders_cancelled} cancelled")
    if latch.residual_position:
        words.append(f"still held: {latch.residual_position}")
    return "; ".join(words)

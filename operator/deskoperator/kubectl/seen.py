"""What a bot's object says about its halt, for people: pure.

A halt counts as confirmed here only when it is this one: whoever speaks, operator or engine, must have seen the
generation of the spec that asked for it. An object halted and confirmed long ago is confirmed still.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from deskapi import Confirmer, EngineState, LatchState
from deskoperator.plan.bot import Bot
from deskoperator.plan.kill_report import KillReport


@dataclass(frozen=True)
class Seen:
    """`halt_id` "": nobody has latched yet. `by` is who confirmed, "" while nobody has. None: nobody says."""

    halt_id: str = ""
    source: str = ""
    reason: str = ""
    triggered_at: datetime | None = None
    by: str = ""
    orders_cancelled: int | None = None
    residual_orders: int | None = None
    residual_position: str | None = None
    note: str = ""

    @property
    def confirmed(self) -> bool:
        """Whether the venue's own answers prove that no order is left."""
        return self.by != ""


def see(bot: Bot, generation: int) -> Seen:
    """How the halt asked for at `generation` of the spec stands."""
    latch, note = bot.latch, halt_words(bot)
    if latch is not None and latch.state is not LatchState.RELEASED:
        done = latch.state is LatchState.CONFIRMED and (
            _operator_saw(bot, generation) or _engine_halted(bot, generation)
        )
        by = (latch.confirmed_by or Confirmer.ENGINE.value) if done else ""
        return _of(latch, by, note)
    halt = bot.engine_halt
    if halt is None:
        return Seen(note=note or "nobody has latched yet")
    done = halt.confirmed_at is not None and _engine_halted(bot, generation)
    return _of(halt, Confirmer.ENGINE.value if done else "", note)


def with_report(seen: Seen, report: KillReport) -> Seen:
    """The same with what a kill Job has said."""
    by = Confirmer.KILL_JOB.value if report.proves(seen.halt_id) else seen.by
    return Seen(
        seen.halt_id,
        seen.source,
        seen.reason,
        seen.triggered_at,
        by,
        report.orders_cancelled,
        report.residual_orders,
        report.residual_position,
        f"{report.reason}: {report.message}",
    )


def _of(halt: Any, by: str, note: str) -> Seen:
    return Seen(
        halt.id,
        halt.source or "",
        halt.reason or "",
        halt.triggered_at,
        by,
        halt.orders_cancelled,
        halt.residual_orders,
        halt.residual_position,
        "" if by else note,
    )


def _operator_saw(bot: Bot, generation: int) -> bool:
    return int(bot.written_status.get("observedGeneration") or 0) >= generation


def _engine_halted(bot: Bot, generation: int) -> bool:
    engine = bot.engine
    return engine is not None and engine.state is EngineState.HALTED and (engine.observed_generation or 0) >= generation


def halt_words(bot: Bot) -> str:
    """The Halted condition's own words, which say what a kill Job is doing."""
    for condition in bot.written_status.get("conditions") or ():
        if condition.get("type") == "Halted" and condition.get("status") == "True":
            return str(condition.get("message", ""))
    return ""

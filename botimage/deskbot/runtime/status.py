"""The engine's summary as `status.engine`: decimal text, UTC times, no value where nothing is known."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from deskapi import DeadMan, DeadManState, EngineState, EngineStatus, Halt, Position, Problem, dump
from deskbot.core.errors import DeskError
from deskbot.core.money import from_units
from deskbot.core.summary import HaltSummary, PositionSummary, Summary
from deskbot.runtime.clock import to_datetime

LONGEST_MESSAGE = 1000


@dataclass(frozen=True)
class Reporter:
    """Who reports: what does not change while the process lives."""

    version: str
    pod_uid: str | None
    started_at: int


def engine_status(summary: Summary, reporter: Reporter, key_opens: str = "") -> EngineStatus:
    """The report on a running engine; `key_opens`: the account that the newest key answers for, "" while unknown."""
    return EngineStatus(
        state=EngineState[summary.state.upper()],
        since=_time(summary.since),
        observed_generation=summary.generation,
        pod_uid=reporter.pod_uid,
        version=reporter.version,
        account_id=key_opens or summary.account_id or None,
        started_at=_time(reporter.started_at),
        reconciled_at=_time(summary.reconciled_at),
        last_tick_time=_time(summary.last_tick_at),
        last_fill_time=_time(summary.last_fill_at),
        equity=None if summary.equity is None else from_units(summary.equity),
        day_pnl=None if summary.day_pnl is None else from_units(summary.day_pnl),
        realised_pnl=from_units(summary.realised),
        positions=tuple(map(_position, summary.positions)),
        open_orders=summary.open_orders,
        orders=summary.orders,
        fills=summary.fills,
        halt=None if summary.halt is None else _halt(summary.halt, summary.positions),
        acknowledged_halt=summary.acknowledged_halt or None,
        problem=None if summary.problem is None else _problem(*summary.problem),
        closed_markets=tuple(summary.closed),
        dead_man=_dead_man(summary),
    )


def _dead_man(summary: Summary) -> DeadMan | None:
    if summary.no_dead_man:
        return DeadMan(state=DeadManState.UNAVAILABLE, message=_one_line(summary.no_dead_man))
    if not summary.dead_man_wanted:
        return None
    return DeadMan(state=DeadManState.ARMED if summary.dead_man_until else DeadManState.IDLE)


def stalled_status(error: DeskError, since: int, generation: int, reporter: Reporter) -> EngineStatus:
    """The report of a bot that has not come as far as to an engine."""
    return EngineStatus(
        state=EngineState.STALLED,
        since=_time(since),
        observed_generation=generation,
        pod_uid=reporter.pod_uid,
        version=reporter.version,
        started_at=_time(reporter.started_at),
        problem=_problem(error.reason, error.message),
    )


def decided_on(status: EngineStatus) -> dict[str, Any]:
    """The part that people and machines act on: a change of it is reported at once."""
    names = {
        "state",
        "observed_generation",
        "pod_uid",
        "account_id",
        "problem",
        "halt",
        "acknowledged_halt",
        "closed_markets",
    }
    return status.model_dump(include=names) | {"reconciled": status.reconciled_at is not None}


def as_plain(status: EngineStatus) -> dict[str, Any]:
    """`status.engine` as a plain object."""
    return dump(status)


def _time(nanoseconds: int) -> datetime | None:
    return to_datetime(nanoseconds).replace(microsecond=0) if nanoseconds else None


def _position(position: PositionSummary) -> Position:
    return Position(
        market=position.market,
        amount=from_units(position.amount),
        average_price=from_units(position.average_price) if position.amount else None,
        notional=from_units(position.notional) if position.mid_price else None,
    )


def _halt(halt: HaltSummary, positions: list[PositionSummary]) -> Halt:
    held = ", ".join(f"{from_units(p.amount)} {p.market}" for p in positions if p.amount)
    return Halt(
        id=halt.id,
        source=halt.source,
        reason=halt.reason,
        triggered_at=_time(halt.triggered_at),
        confirmed_at=_time(halt.confirmed_at),
        confirmed_by="Engine" if halt.confirmed_at else None,
        orders_cancelled=halt.orders_cancelled,
        residual_orders=halt.residual_orders if halt.residual_orders >= 0 else None,
        residual_position=held,
    )


def _problem(reason: str, message: str) -> Problem:
    return Problem(reason=reason, message=_one_line(message))


def _one_line(message: str) -> str:
    return " ".join(message.split())[:LONGEST_MESSAGE]

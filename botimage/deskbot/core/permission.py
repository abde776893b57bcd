"""Whether risk may be added now: one answer for the engine's strategies and for what it tells people."""

from typing import Final

from deskbot.core import halt
from deskbot.core.reconciliation import QUOTES_PATIENCE, Reconciliation
from deskbot.core.standstill import Standstill
from deskbot.core.state import State

RECONCILING: Final = "reconciling"
VENUE_CLOSED: Final = "venue_closed"


def why_not(state: State, standstill: Standstill, reconciliation: Reconciliation) -> str:
    """Why no risk may be added now; "" when trading is allowed."""
    if standstill.stopping:
        return "stopping"
    if standstill.sweeping or halt.held(state):
        return "halted"
    if state.problems:
        return "problem"
    if not state.venue_open:
        return VENUE_CLOSED
    return why_not_yet(state, reconciliation) if state.sends_orders else ""


def why_not_yet(state: State, reconciliation: Reconciliation) -> str:
    """What a bot that sends orders must have besides."""
    if not reconciliation.done_at:
        return RECONCILING
    if not state.private_stream_healthy:
        return "private_stream_unhealthy"
    return "paused" if state.control is not None and state.control.paused else ""


def pulls_quotes(why: str, state: State, reconciliation: Reconciliation) -> bool:
    """Whether nobody stands behind what rests; a short reconciliation leaves it in place."""
    control = state.control
    if why != RECONCILING:
        return why != VENUE_CLOSED
    paused = control is not None and control.paused
    return paused or state.at - reconciliation.begun_at > QUOTES_PATIENCE

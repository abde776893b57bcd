"""What an engine does with a pass that has failed, and with what an earlier process may have left under way."""

from traceback import extract_tb

from deskbot.core.commands import Place
from deskbot.core.errors import InvariantViolated
from deskbot.core.events import Event
from deskbot.core.orders import REJECTED, SENT
from deskbot.core.records import OrderMoved
from deskbot.core.state import State


def withhold(state: State, why: str) -> None:
    """Take back the orders of this pass: none of them has left."""
    places = [command for command in state.out if isinstance(command, Place)]
    state.out = [command for command in state.out if not isinstance(command, Place)]
    for place in places:
        order = state.durable.orders.get(place.client_id)
        if order is not None and order.state == SENT:
            state.record(OrderMoved(state.at, place.client_id, REJECTED, "", 0, f"not sent: {why}"))


def evidence(event: Event, error: Exception) -> str:
    """What happened and where, in one line."""
    if isinstance(error, InvariantViolated):
        return f"{error.message} (while taking in {type(event).__name__})"
    frames = extract_tb(error.__traceback__)
    where = f"{frames[-1].name}, line {frames[-1].lineno}" if frames else "an unknown place"
    return f"{type(error).__name__}: {error} (in {where}, while taking in {type(event).__name__})"


def forget_the_future(state: State, at: int) -> None:
    """What an earlier process sent was signed before this one began, and perhaps not long before."""
    for order in state.durable.orders.values():
        order.signed_by = at
        order.sent_at = min(order.sent_at, at)
        order.cancel_asked_at = min(order.cancel_asked_at, at)
        order.updated_at = at - 1

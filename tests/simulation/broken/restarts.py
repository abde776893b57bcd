"""Mistakes about what a process leaves to the next."""

from typing import Any

from deskbot.core.engine import Engine
from deskbot.core.order_ids import OrderIds
from deskbot.core.orders import SENT
from deskbot.core.records import Latched
from deskbot.core.state import MILLISECOND, State
from tests.simulation.broken.breakage import Breakage, Patch


def _uses_ids_again(patch: Patch) -> None:
    patch.setattr(OrderIds, "seen", lambda _self, _client_id: None)


def _forgets_intents(patch: Patch) -> None:
    real = Engine.__init__

    def init(self: Any, *arguments: Any, **named: Any) -> None:
        real(self, *arguments, **named)
        orders = self._state.durable.orders
        for client_id in [order.client_id for order in orders.values() if order.state == SENT]:
            del orders[client_id]

    patch.setattr(Engine, "__init__", init)


def _forgets_latch(patch: Patch) -> None:
    real = State.record

    def record(self: Any, one: Any) -> None:
        if isinstance(one, Latched):
            self.durable.apply(one)
        else:
            real(self, one)

    patch.setattr(State, "record", record)


def _dates_by_our_clock(patch: Patch) -> None:
    patch.setattr(State, "venue_ms", lambda _self, at: at // MILLISECOND)


BROKEN = (
    Breakage("id-re-used", "a new process counts its ids from the beginning", _uses_ids_again),
    Breakage("intents-forgotten", "intents without an answer are forgotten at a restart", _forgets_intents),
    Breakage("latch-not-journaled", "a halt is latched in memory alone", _forgets_latch),
    Breakage("begun-by-our-clock", "a journal begins by this machine's clock", _dates_by_our_clock),
)

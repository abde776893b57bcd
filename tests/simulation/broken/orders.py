"""Mistakes about what became of an order."""

from typing import Any

from deskbot.core import order_life, reconciliation
from deskbot.core.commands import Place
from deskbot.core.events import ACCEPTED, NOT_FOUND, UNKNOWN
from deskbot.core.events import REJECTED as REFUSED
from deskbot.core.orders import CANCELLED, REJECTED
from deskbot.simulation import network, sayings
from deskbot.venues.errors import DUPLICATE_CLIENT_ID
from tests.simulation.broken.breakage import Breakage, Patch


def _resends(patch: Patch) -> None:
    real = order_life.on_place_result

    def on_place_result(state: Any, event: Any) -> None:
        order = state.durable.orders.get(event.client_id)
        if event.outcome == UNKNOWN and order is not None:
            again = (order.market, order.side, order.price_ticks, order.lots, True, order.reduce_only)
            state.out.append(Place(order.client_id, *again))
        else:
            real(state, event)

    patch.setattr(order_life, "on_place_result", on_place_result)


def _takes_doubt_for_no(patch: Patch) -> None:
    real = order_life.on_place_result

    def on_place_result(state: Any, event: Any) -> None:
        if event.outcome == UNKNOWN:
            event.outcome = REFUSED
        real(state, event)

    patch.setattr(order_life, "on_place_result", on_place_result)


def _takes_duplicate_for_no(patch: Patch) -> None:
    real = sayings.place_result

    def place_result(saying: Any, client_id: str) -> Any:
        event = real(saying, client_id)
        if event.reason == DUPLICATE_CLIENT_ID:
            event.outcome = REFUSED
        return event

    patch.setattr(network, "place_result", place_result)


def _gives_up_at_once(patch: Patch) -> None:
    real = order_life.on_order_answer

    def on_order_answer(state: Any, event: Any) -> None:
        order = state.durable.orders.get(event.client_id)
        if event.outcome == NOT_FOUND and order is not None and order.live and not order.venue_id:
            order_life.move(state, order, REJECTED, reason="not found")
        else:
            real(state, event)

    patch.setattr(order_life, "on_order_answer", on_order_answer)


def _takes_not_found_for_cancelled(patch: Patch) -> None:
    real = order_life.on_cancel_result

    def on_cancel_result(state: Any, event: Any) -> None:
        order = state.durable.orders.get(event.client_id)
        if event.outcome == NOT_FOUND and order is not None and order.live:
            order_life.move(state, order, CANCELLED, reason="not found")
        else:
            real(state, event)

    patch.setattr(order_life, "on_cancel_result", on_cancel_result)


def _takes_asked_for_gone(patch: Patch) -> None:
    real = order_life.on_cancel_result

    def on_cancel_result(state: Any, event: Any) -> None:
        order = state.durable.orders.get(event.client_id)
        if event.outcome == ACCEPTED and order is not None and order.live:
            order_life.move(state, order, CANCELLED, reason="acknowledged")
        else:
            real(state, event)

    patch.setattr(order_life, "on_cancel_result", on_cancel_result)


def _takes_unseen_for_cancelled(patch: Patch) -> None:
    def gone(state: Any, order: Any) -> None:
        order_life.move(state, order, CANCELLED, reason="not in the list")

    patch.setattr(reconciliation, "ask", gone)


BROKEN = (
    Breakage("re-send-on-time-out", "an order without an answer is sent again", _resends),
    Breakage("doubt-is-a-no", "every failed create counts as refused", _takes_doubt_for_no),
    Breakage("duplicate-is-a-no", "a duplicate id counts as refused", _takes_duplicate_for_no),
    Breakage("not-found-once", "an order that is not found once is given up", _gives_up_at_once),
    Breakage("not-found-is-cancelled", "a cancel that finds nothing counts as done", _takes_not_found_for_cancelled),
    Breakage("asked-is-gone", "a cancel counts as done when it is acknowledged", _takes_asked_for_gone),
    Breakage("empty-answer-trusted", "an order that a list does not show counts as gone", _takes_unseen_for_cancelled),
)

"""Mistakes about executions."""

from typing import Any

from deskbot.core import order_life, reconciliation
from deskbot.core.durable import Durable
from deskbot.core.reconciliation import Reconciliation
from tests.simulation.broken.breakage import Breakage, Patch

_LISTS = ("on_open_orders", "on_positions", "on_fills")


def _books_twice(patch: Patch) -> None:
    patch.setattr(Durable, "booked", lambda _self, _market, _trade_id, _venue_ms: False)


def _drops_late_fills(patch: Patch) -> None:
    real = order_life.on_fill

    def on_fill(state: Any, fill: Any) -> bool:
        return fill.client_id in state.durable.orders and real(state, fill)

    patch.setattr(order_life, "on_fill", on_fill)
    patch.setattr(reconciliation, "on_fill", on_fill)


def _trusts_failed_lists(patch: Patch) -> None:
    def trusting(real: Any) -> Any:
        def on_list(self: Any, answer: Any) -> None:
            answer.complete = True
            real(self, answer)

        return on_list

    for name in _LISTS:
        patch.setattr(Reconciliation, name, trusting(getattr(Reconciliation, name)))


def _trusts_partial_pages(patch: Patch) -> None:
    def trusting(real: Any) -> Any:
        def on_list(self: Any, answer: Any) -> None:
            rows = getattr(answer, "orders", None) or getattr(answer, "fills", None) or getattr(answer, "positions", ())
            answer.complete = answer.complete or bool(rows)
            real(self, answer)

        return on_list

    for name in _LISTS:
        patch.setattr(Reconciliation, name, trusting(getattr(Reconciliation, name)))


def _advances_cursor_early(patch: Patch) -> None:
    def cursor(self: Any, _market: str) -> int:
        return int(self._state.at // 1_000_000)

    patch.setattr(Reconciliation, "_cursor", cursor)


def _loses_third_coin_fees(patch: Patch) -> None:
    real = order_life.on_fill

    def on_fill(state: Any, fill: Any) -> bool:
        if fill.fee_asset == "BNB":
            fill.fee = 0
        return real(state, fill)

    patch.setattr(order_life, "on_fill", on_fill)
    patch.setattr(reconciliation, "on_fill", on_fill)


BROKEN = (
    Breakage("duplicate-fill-booked", "an execution that is told twice is booked twice", _books_twice),
    Breakage("late-fill-dropped", "an execution of an order that has ended is not booked", _drops_late_fills),
    Breakage("failed-query-is-empty", "a question that failed counts as answered with nothing", _trusts_failed_lists),
    Breakage("partial-page-trusted", "a list that broke off counts as whole", _trusts_partial_pages),
    Breakage("cursor-before-booking", "executions are read on from now, booked or not", _advances_cursor_early),
    Breakage("third-coin-fee-lost", "a fee in a coin that is not the market's is left out", _loses_third_coin_fees),
)

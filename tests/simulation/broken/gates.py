"""Mistakes about when risk may be added, and how much."""

import ast
import inspect
from typing import Any

from deskbot.core import gate, permission, quoting
from deskbot.core.commands import Place
from deskbot.core.instrument import BUY
from deskbot.core.market import MarketState
from deskbot.core.orders import PENDING_CANCEL, UNKNOWN
from deskbot.core.records import Intent, Record
from deskbot.core.working import Working
from tests.simulation.broken.breakage import Breakage, Patch


def _without(name: str) -> Any:
    """The gate's own source but for one check: what follows its name lets everything pass."""

    def breaks(patch: Patch) -> None:
        for function in ast.parse(inspect.getsource(gate)).body:
            if isinstance(function, ast.FunctionDef) and _skip(function, name):
                names = dict(vars(gate))
                exec(compile(ast.Module([function], []), gate.__file__, "exec"), names)  # noqa: S102 - its own source
                patch.setattr(gate, function.name, names[function.name])

    return breaks


def _skip(function: ast.FunctionDef, name: str) -> bool:
    """Take the check with this name out of a function; whether it is there."""
    at = [ast.unparse(statement) for statement in function.body].index
    try:
        index = at(f"p.check = '{name}'") + 1
    except ValueError:
        return False
    while not isinstance(function.body[index], ast.If | ast.Return):
        index += 1
    ended = isinstance(function.body[index], ast.Return)
    function.body[index] = ast.parse("def nothing():\n return ''").body[0].body[0] if ended else ast.Pass()  # type: ignore[attr-defined]
    ast.fix_missing_locations(function)
    return True


def _forgets_exposure(patch: Patch) -> None:
    real = Working.count

    def count(self: Any, order: Any) -> None:
        real(self, order)
        if order.state in (PENDING_CANCEL, UNKNOWN):
            self.buy_lots -= order.counted_lots if order.side == BUY else 0
            self.sell_lots -= 0 if order.side == BUY else order.counted_lots
            order.counted_lots = 0

    patch.setattr(Working, "count", count)


def _rounds_late(patch: Patch) -> None:
    real = quoting._place

    def place(state: Any, market: str, target: Any) -> None:
        before = len(state.out)
        real(state, market, target)
        for command in state.out[before:]:
            if isinstance(command, Place):
                command.lots = -(-command.lots // 5) * 5

    patch.setattr(quoting, "_place", place)


def _skips_the_journal(patch: Patch) -> None:
    real = quoting._place

    def place(state: Any, market: str, target: Any) -> None:
        before = len(state.out)
        real(state, market, target)
        made = state.out[before:]
        kept = [c for c in made if not (isinstance(c, Record) and isinstance(c, Intent))]
        state.out[before:] = kept

    patch.setattr(quoting, "_place", place)


def _ignores_market_streams(patch: Patch) -> None:
    patch.setattr(MarketState, "on_stream", lambda _self, _healthy, _reason: None)


def _ignores_closed_markets(patch: Patch) -> None:
    patch.setattr(MarketState, "on_listing", lambda _self, _closed: None)


def _ignores_age(patch: Patch) -> None:
    patch.setattr(MarketState, "unusable", lambda self, _at, _max_age: "" if self.half_mid else "book_empty")


def _trades_before_comparing(patch: Patch) -> None:
    patch.setattr(permission, "why_not_yet", lambda _state, _reconciliation: "")


BROKEN = (
    Breakage("unknown-ignored", "risk is added while an order's outcome is unknown", _without("outcome_unknown")),
    Breakage("position-unchecked", "the position limit is not looked at", _without("position_notional")),
    Breakage("size-unchecked", "the venue's smallest and largest order are not looked at", _without("amount")),
    Breakage("steps-unchecked", "orders of no side, or of no lots, go out", _without("whole_steps")),
    Breakage("exposure-forgotten", "cancels under way and unknown orders do not count", _forgets_exposure),
    Breakage("rounded-after-check", "amounts are rounded after the gate", _rounds_late),
    Breakage("place-before-persist", "an order goes out whose intent is not in the journal", _skips_the_journal),
    Breakage("stream-health-ignored", "a broken market stream is traded on", _ignores_market_streams),
    Breakage("closed-market-quoted", "a market that is closed is traded on", _ignores_closed_markets),
    Breakage("stale-book-quoted", "an old or crossed book is traded on", _ignores_age),
    Breakage("trades-unreconciled", "orders go out before the venue was compared with", _trades_before_comparing),
)

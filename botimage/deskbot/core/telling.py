"""What the engine says of itself: the picture of a moment (`summary.py`), and when it is worth reporting at once.

State, Reconciliation, Standstill, DeadMan ──▶ Teller ──▶ Summary when asked, Publish when a word of it changed
"""

from deskbot.core import halt
from deskbot.core.commands import Publish
from deskbot.core.dead_man import DeadMan
from deskbot.core.permission import RECONCILING, VENUE_CLOSED, why_not
from deskbot.core.reconciliation import Reconciliation
from deskbot.core.standstill import Standstill
from deskbot.core.state import State
from deskbot.core.summary import Summary, halt_of, positions_of


class Teller:
    """Reads the engine's parts and changes none of them."""

    __slots__ = ("_dead_man", "_reconciliation", "_shown", "_since", "_standstill", "_state", "_word")

    def __init__(self, state: State, reconciliation: Reconciliation, standstill: Standstill, dead_man: DeadMan) -> None:
        self._state = state
        self._reconciliation = reconciliation
        self._standstill = standstill
        self._dead_man = dead_man
        self._word = ""
        self._shown: tuple[tuple[str, bool] | None, tuple[str, str] | None, int, list[str]] = (None, None, -1, [])
        self._since = 0

    def summary(self) -> Summary:
        """The picture of this moment."""
        state, durable = self._state, self._state.durable
        why = why_not(state, self._standstill, self._reconciliation)
        positions = positions_of(state)
        pnl, fees, funding = state.pnl(), state.fees(), state.funding()
        day_pnl = pnl - durable.day_pnl
        day_fees, day_funding = fees - durable.day_fees, funding - durable.day_funding
        return Summary(
            state=self._word_for(why),
            since=self._since,
            why=why,
            generation=state.control.generation if state.control is not None else 0,
            version=state.version,
            account_id=state.account_id,
            reconciled_at=self._reconciliation.done_at,
            dead_man_wanted=state.sends_orders and state.control is not None and state.control.dead_man_after > 0,
            dead_man_until=self._dead_man.armed_until,
            no_dead_man=self._dead_man.why_not,
            last_tick_at=max((market.at for market in state.markets.values()), default=0),
            last_fill_at=max((ledger.last_fill_at for ledger in durable.ledgers.values()), default=0),
            equity=None if state.equity is None else state.equity + pnl - state.equity_pnl,
            pnl=pnl,
            day_pnl=day_pnl if durable.day else None,
            day_price=day_pnl + day_fees - day_funding if durable.day else None,
            day_fees=day_fees if durable.day else None,
            day_funding=day_funding if durable.day else None,
            realised=sum(ledger.realised for ledger in durable.ledgers.values()),
            open_orders=len(durable.live_orders()),
            orders=durable.intents,
            fills=durable.fills,
            foreign_orders=sum(state.foreign_orders.values()),
            orphans=len(durable.orphaned),
            halt=halt_of(durable.latch, self._standstill.cancelled, self._standstill.residual),
            acknowledged_halt=durable.released[-1] if durable.released else "",
            problem=self._problem(),
            positions=positions,
            rejections=dict(state.rejections),
            missed_fills=state.missed_fills,
            forced_fills=sum(ledger.forced for ledger in durable.ledgers.values()),
            corrections=durable.corrections,
            notices=[*state.notices.values(), *((one.reason, one.message) for one in state.closed.values())],
            closed=self._closed(),
        )

    def _word_for(self, why: str) -> str:
        """The state in one word of `deskapi.conditions.EngineState`."""
        state = self._state
        if not why and not state.problems and state.control is not None:  # then none of the others can be
            return "Running" if state.control.strategies else "Paused"
        if self._standstill.stopping:
            return "Stopped" if self._standstill.stopped else "Stopping"
        if halt.held(state):
            latch = state.durable.latch
            return "Halted" if latch is None or latch.confirmed_at else "Halting"
        if state.problems:
            return "Stalled"
        if state.control is None or why in (VENUE_CLOSED, RECONCILING):
            return "Starting"
        return "Paused" if why or not state.control.strategies else "Running"

    def _closed(self) -> list[str]:
        control, closed = self._state.control, self._state.closed
        return [market for market in control.markets if market in closed] if control is not None and closed else []

    def _problem(self) -> tuple[str, str] | None:
        """What people have to look at first: why the engine halted itself, then what forbids trading."""
        latch = self._state.durable.latch
        if latch is not None and latch.evidence:
            return latch.reason, latch.evidence
        for problem in self._state.problems.values():
            return problem.reason, problem.message
        return None

    def publish_if_changed(self, why: str) -> None:
        """Ask for a report when what people and machines decide on has changed; `why` no risk may be added now."""
        state = self._state
        latch, control = state.durable.latch, state.control
        word = self._word_for(why)
        if word != self._word:
            self._since = state.at
        halted = (latch.id, latch.confirmed_at > 0) if latch is not None else None
        problem = self._problem() if state.problems or latch is not None else None
        shown = (halted, problem, control.generation if control is not None else 0, self._closed())
        if word != self._word or shown != self._shown:
            self._word, self._shown = word, shown
            state.out.append(Publish())

"""A market's stand on the busy path: what every pass over it needs, tied together once instead of looked up each time.

    Control, listing ──Engine──▶ Stand ──▶ quoting, gate: data, orders, view, strategy and limits of one market

It owns nothing but the reasons of the last refusals: the data is the market's, orders and position are the journal's.
"""

from typing import Final

from deskbot.core.instrument import Instrument
from deskbot.core.limits import Limits
from deskbot.core.market import MarketState
from deskbot.core.records import Listed
from deskbot.core.state import State
from deskbot.core.strategy import Strategy, View
from deskbot.core.working import Working

NO_LIMITS: Final = Limits(0, 0, 0, 0, 0, 0)  # before there is an object nothing is allowed


class Stand:
    """One market of an engine. `strategy` is None on a market that the object does not name.

    `dropped` are the targets that were refused at last, each with the check that refused it.
    """

    __slots__ = ("dropped", "limits", "market", "name", "strategy", "working")

    def __init__(self, market: MarketState, working: Working) -> None:
        self.name = market.instrument.market
        self.market = market
        self.working = working
        self.limits = NO_LIMITS
        self.strategy: Strategy | None = None
        self.dropped: list[tuple[int, str]] = []

    def view(self, state: State) -> View:
        """What the strategy may see, as it is now."""
        view = self.market.view
        view.at = state.at
        if view.revision != state.revision:  # not on a quiet book: half the time of the rest of this
            self._show_ours(state, view)
        return view

    def position(self, state: State) -> int:
        """What the ledger has, in units of base."""
        ledger = state.durable.ledgers.get(self.name)
        return ledger.position if ledger is not None else 0

    def _show_ours(self, state: State, view: View) -> None:
        """What only a record, the object or the venue's listing can change."""
        limits, working = self.limits, self.working
        view.revision = state.revision
        view.instrument = self.market.instrument
        ledger = state.durable.ledgers.get(self.name)
        if ledger is not None:
            view.position = ledger.position
            view.forced = ledger.forced
        view.max_position = limits.max_position_notional
        view.max_order = limits.max_order_notional
        view.buys = working.buys
        view.sells = working.sells


class Stands:
    """The stands of an engine's markets, by name in `of`, and the markets of its state with them."""

    __slots__ = ("_state", "of")

    def __init__(self, state: State) -> None:
        self._state = state
        self.of: dict[str, Stand] = {}

    def list(self, name: str, instrument: Instrument) -> bool:
        """Take a market over as the venue lists it. True when its steps are others than before.

        Then its orders are counted anew and its book is void.
        """
        state = self._state
        steps, known = (instrument.tick, instrument.lot), state.durable.grids.get(name)
        state.instruments[name] = instrument
        state.revision += 1
        if name not in state.markets or (known is not None and known != steps):
            state.markets[name] = MarketState(instrument)
        state.markets[name].instrument = instrument
        if known != steps:
            state.record(Listed(state.at, name, *steps))
        self.tie()
        return known is not None and known != steps

    def tie(self) -> None:
        """Let the busy path find what belongs to each market now: as listed, and as the object has it."""
        control = self._state.control
        for name, market in self._state.markets.items():
            stand = self.of.get(name)
            if stand is None:
                stand = self.of[name] = Stand(market, self._state.durable.working_on(name))
            stand.market = market
            if control is not None:
                stand.limits, stand.strategy = control.limits, control.strategies.get(name)

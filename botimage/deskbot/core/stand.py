"""A market's stand on the busy path: what every pass over it needs, tied together once instead of looked up each time.

    Control, listing ──Engine──▶ Stand ──▶ quoting, gate: data, orders, view, strategy and limits of one market

It owns nothing but the reasons of the last refusals: the data is the market's, orders and position are the journal's.
"""

from typing import Final

from deskbot.core import closed
from deskbot.core.instrument import Instrument
from deskbot.core.ledger import Ledger
from deskbot.core.limits import Limits
from deskbot.core.market import MarketState
from deskbot.core.money import UNIT
from deskbot.core.records import Listed
from deskbot.core.state import State
from deskbot.core.strategy import Strategy
from deskbot.core.working import Working

NANO: Final = 10**9
NO_LIMITS: Final = Limits(0, 0, 0, 0, 0, 0)  # before there is an object nothing is allowed


class Stand:
    """One market of an engine. `strategy` is None on a market that the object does not name.

    `least_order`, `most_order` and `most_position` are limits as whole ticks times lots: what is compared with them in
    units of quote is such a product times `tick_lot`, and without it fits into a machine word. `collar` is the price
    collar in parts of 10^-9, rounded down, for the same reason.
    `ledger` is None before the market's first fact; there is one for ever after.
    `dropped` are the targets that were refused at last, each with the check that refused it.
    """

    __slots__ = (
        "collar",
        "dropped",
        "least_order",
        "ledger",
        "limits",
        "market",
        "most_order",
        "most_position",
        "name",
        "strategy",
        "working",
    )

    def __init__(self, market: MarketState, working: Working) -> None:
        self.name = market.instrument.market
        self.market = market
        self.working = working
        self.limits = NO_LIMITS
        self.strategy: Strategy | None = None
        self.least_order = 0
        self.most_order = 0
        self.collar = 0
        self.most_position = 0
        self.dropped: list[tuple[int, str]] = []
        self.ledger: Ledger | None = None

    def tie(self, market: MarketState, limits: Limits, strategy: Strategy | None) -> None:
        """What belongs to the market now."""
        instrument = market.instrument
        self.market = market
        self.limits = limits
        self.strategy = strategy
        self.least_order = -(-instrument.min_notional // instrument.tick_lot)
        self.most_order = limits.max_order_notional // instrument.tick_lot
        self.most_position = limits.max_position_notional // instrument.tick_lot
        market.view.instrument = instrument
        market.view.max_position = limits.max_position_notional
        market.view.max_order = limits.max_order_notional
        self.collar = limits.price_collar // (UNIT // NANO)

    def show_ours(self, state: State) -> None:
        """Fill into the view what only a record can change."""
        view, working = self.market.view, self.working
        view.revision = state.revision
        ledger = self.ledger or self._find_ledger(state)
        if ledger is not None:
            view.position = ledger.position
            view.forced = ledger.forced
        view.buys = working.buys
        view.sells = working.sells

    def position(self, state: State) -> int:
        """What the ledger has, in units of base."""
        ledger = self.ledger or self._find_ledger(state)
        return ledger.position if ledger is not None else 0

    def _find_ledger(self, state: State) -> Ledger | None:
        self.ledger = state.durable.ledgers.get(self.name)
        return self.ledger


class Stands:
    """The stands of an engine's markets, by name in `of`, and the markets of its state with them."""

    __slots__ = ("_state", "all", "of")

    def __init__(self, state: State) -> None:
        self._state = state
        self.of: dict[str, Stand] = {}
        self.all: list[Stand] = []

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
            state.record(Listed(state.at, name, *steps, state.venue_ms(state.at)))
        self.tie()
        return known is not None and known != steps

    def tie(self) -> None:
        """Let the busy path find what belongs to each market now: as listed, and as the object has it."""
        control = self._state.control
        for name, market in self._state.markets.items():
            stand = self.of.get(name)
            if stand is None:
                stand = self.of[name] = Stand(market, self._state.durable.working_on(name))
                self.all.append(stand)
            if control is None:
                stand.tie(market, NO_LIMITS, None)
            else:
                stand.tie(market, control.limits, control.strategies.get(name))
        closed.tell_markets(self._state)

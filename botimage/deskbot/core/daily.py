"""What time itself brings: minutes for the candles of strategies, and the PnL that a day begins with."""

from typing import Final

from deskbot.core.candles import Candle
from deskbot.core.reconciliation import Reconciliation
from deskbot.core.records import DayBegan
from deskbot.core.state import State

DAY: Final = 86_400_000_000_000


def on_candle(state: State, candle: Candle) -> None:
    """A minute as the venue tells it."""
    market = state.markets.get(candle.market)
    if market is not None:
        market.candles.add(candle)


def sample(state: State) -> None:
    """Let the middle of every sound book stand in where the venue tells no candles."""
    at, control = state.at, state.control
    for market in state.markets.values():
        if control is not None and not market.unusable(at, control.limits.max_data_age):
            market.candles.sample(at, market.half_mid)


def begin_day(state: State, reconciliation: Reconciliation) -> None:
    """Note the PnL with which a UTC day begins, as soon as it can be told."""
    day = state.at // DAY
    if day != state.durable.day and reconciliation.done_at and state.can_value_positions():
        state.record(DayBegan(state.at, day, state.pnl(), state.fees(), state.funding()))

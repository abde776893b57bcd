"""simple-maker: two-sided post-only quotes around the middle of the book, leaning against the inventory.

Every level quotes both sides at `spread` (and multiples of `step` further out) from a reference price. The reference
is the middle, moved against the position by up to `skew` when the position is at the envelope's limit. Quotes stay
until the reference has moved by `requote`, so that queue positions are not thrown away on every tick.
"""

from decimal import Decimal
from typing import Annotated

from pydantic import Field

from deskbot.core.instrument import BUY, SELL, Instrument
from deskbot.core.money import UNIT, to_units
from deskbot.core.strategy import Strategy, Target, View
from deskstrategies.params import Params, Ratio


class SimpleMakerParams(Params):
    """Settings of simple-maker; ratios are of the price."""

    size: Annotated[Decimal, Field(gt=0)]
    spread: Ratio = Ratio("0.02%")
    levels: Annotated[int, Field(ge=1, le=20)] = 1
    step: Ratio = Ratio("0.02%")
    skew: Ratio = Ratio("0.02%")
    requote: Ratio = Ratio("0.005%")


class SimpleMaker(Strategy):
    """One market's quotes. Prices are worked out in units of 10^-18 and laid on the tick grid away from the middle."""

    def __init__(self, params: SimpleMakerParams, instrument: Instrument) -> None:
        self._levels = params.levels
        self._lots = instrument.lots(params.size)
        self._spread = to_units(params.spread)
        self._step = to_units(params.step)
        self._skew = to_units(params.skew)
        self._requote = to_units(params.requote)
        self._reference = 0
        self._quotes: list[Target] = []

    def targets(self, view: View) -> list[Target]:
        """The ladder around the reference; the same one until the reference has moved enough."""
        mid = (view.bid + view.ask) * view.instrument.tick // 2
        reference = mid - mid * self._skew // UNIT * view.position_value // max(view.max_position, 1)
        if not self._quotes or abs(reference - self._reference) * UNIT > self._requote * mid:
            self._reference = reference
            self._quotes = [self._quote(view, side, level) for level in range(self._levels) for side in (BUY, SELL)]
        return self._quotes

    def _quote(self, view: View, side: int, level: int) -> Target:
        distance = self._reference * (self._spread + level * self._step) // UNIT
        price = self._reference - side * distance
        ticks = price // view.instrument.tick if side == BUY else -(-price // view.instrument.tick)
        inside = min(ticks, view.ask - 1) if side == BUY else max(ticks, view.bid + 1)
        return Target(side, inside, self._lots, level)

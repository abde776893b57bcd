"""The market maker of the reference workload, the same in every engine that is compared.

On each quote: mid = (bid + ask) / 2. Nothing happens while |mid - ref| <= requote * ref and both wanted orders rest;
otherwise both are cancelled, then both are quoted anew around mid at `offset`, and ref = mid. The bid is not wanted at
the upper position cap, nor the ask at the lower one.

Middles are kept doubled and ratios as whole fractions, so that every comparison is exact.
"""

from fractions import Fraction

from deskbot.core.instrument import BUY, SELL
from deskbot.core.strategy import Strategy, Target, View


class ReferenceMaker(Strategy):
    """One market's quotes. `requote` and `offset` are ratios of the price, `cap` is units of the base asset."""

    __slots__ = (
        "_above",
        "_ask_parts",
        "_below",
        "_bid_parts",
        "_cap",
        "_doubled",
        "_lots",
        "_none",
        "_placing",
        "_quotes",
        "_requote_parts",
        "_requote_whole",
        "_sequence",
    )

    def __init__(self, requote: Fraction, offset: Fraction, lots: int, cap: int) -> None:
        self._requote_parts, self._requote_whole = requote.numerator, requote.denominator
        self._bid_parts = offset.denominator - offset.numerator  # of `_doubled` parts of a doubled middle
        self._ask_parts = offset.denominator + offset.numerator
        self._doubled = 2 * offset.denominator
        self._lots = lots
        self._cap = cap
        self._below = 1  # the doubled middles between which nothing is done; none at first
        self._above = 0
        self._sequence = 0
        self._placing = True
        self._quotes: list[Target] = []
        self._none: list[Target] = []

    def targets(self, view: View) -> list[Target] | None:
        """None while nothing is to be done, [] to cancel both, then both."""
        sequence = view.sequence
        if sequence != self._sequence:
            self._sequence = sequence
            mid = view.bid + view.ask
            if (
                self._below <= mid <= self._above
                and (view.buys or view.position >= self._cap)
                and (view.sells or view.position <= -self._cap)
            ):
                return None
            self._move_to(mid, view)
            self._placing = False
            if view.buys or view.sells:
                return self._none
        if self._placing or view.buys or view.sells:
            return None
        self._placing = True
        return self._quotes

    def _move_to(self, mid: int, view: View) -> None:
        """Quote around a new reference."""
        slack = mid * self._requote_parts // self._requote_whole
        self._below, self._above = mid - slack, mid + slack
        doubled = self._doubled
        self._quotes = quotes = []
        if view.position < self._cap:
            quotes.append(Target(BUY, mid * self._bid_parts // doubled, self._lots))
        if view.position > -self._cap:
            quotes.append(Target(SELL, (mid * self._ask_parts + doubled - 1) // doubled, self._lots))

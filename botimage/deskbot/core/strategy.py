"""The interface of a strategy: an immutable view in, the complete set of wanted orders out.

A strategy says what should rest on one market now; the engine makes it so. It cannot reach a venue, a clock or a
disk: whatever it may know is in the view. It may keep state between calls, fed by views alone.
"""

from typing import Protocol

from deskbot.core.instrument import Instrument


class Target:
    """One order a strategy wants resting. `level` names its place (0 is nearest); one order per side and level."""

    __slots__ = ("level", "lots", "post_only", "reduce_only", "side", "ticks")

    def __init__(
        self, side: int, ticks: int, lots: int, level: int = 0, post_only: bool = True, reduce_only: bool = False
    ) -> None:
        self.side = side
        self.ticks = ticks
        self.lots = lots
        self.level = level
        self.post_only = post_only
        self.reduce_only = reduce_only


class View:
    """What a strategy sees of its market at one moment.

    `bid` and `ask` are the best prices in ticks with sizes in lots; `position` is signed units of the base asset,
    `position_value` the same in units of quote at mid; `max_position` is the envelope's limit in units of quote.
    """

    __slots__ = (
        "ask",
        "ask_lots",
        "at",
        "bid",
        "bid_lots",
        "instrument",
        "max_order",
        "max_position",
        "position",
        "position_value",
    )

    def __init__(
        self,
        at: int,
        instrument: Instrument,
        bid: int,
        bid_lots: int,
        ask: int,
        ask_lots: int,
        position: int,
        position_value: int,
        max_position: int,
        max_order: int,
    ) -> None:
        self.at = at
        self.instrument = instrument
        self.bid = bid
        self.bid_lots = bid_lots
        self.ask = ask
        self.ask_lots = ask_lots
        self.position = position
        self.position_value = position_value
        self.max_position = max_position
        self.max_order = max_order


class Strategy(Protocol):
    """One strategy on one market."""

    def targets(self, view: View) -> list[Target] | None:
        """Every order wanted now; [] wants none, None leaves things as they are."""
        ...

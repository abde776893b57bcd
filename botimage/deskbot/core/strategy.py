"""The interface of a strategy: a view in, the complete set of wanted orders out.

A strategy says what should rest on one market now; the engine makes it so. It cannot reach a venue, a clock or a
disk: whatever it may know is in the view. It may keep state between calls, fed by views alone.
"""

from mypy_extensions import mypyc_attr

from deskbot.core.candles import CandleSeries
from deskbot.core.instrument import Instrument
from deskbot.core.money import UNIT


@mypyc_attr(acyclic=True, free_list_len=1)
class Target:
    """One order a strategy wants resting. `level` names its place (0 is nearest); one order per side and level.

    Side, ticks, lots and level are integers. Raises TypeError for anything else: the compiled engine cannot hold a
    fraction, and the interpreted one must take the same decisions.
    """

    __slots__ = ("level", "lots", "post_only", "reduce_only", "side", "ticks")

    def __init__(
        self, side: int, ticks: int, lots: int, level: int = 0, post_only: bool = True, reduce_only: bool = False
    ) -> None:
        if not (type(side) is type(ticks) is type(lots) is type(level) is int):
            _refuse(side, ticks, lots, level)
        self.side = side
        self.ticks = ticks
        self.lots = lots
        self.level = level
        self.post_only = post_only
        self.reduce_only = reduce_only


def _refuse(*numbers: object) -> None:
    """Raise TypeError in the words of a compiled constructor."""
    for number in numbers:
        if not isinstance(number, int):
            raise TypeError(f"int object expected; got {'None' if number is None else type(number).__name__}")


@mypyc_attr(acyclic=True)
class View:
    """What a strategy sees of its market while it is asked. A market has one view for ever, and it changes.

    The engine fills it again as quotes and records come, for a new one would cost as much as the rest of a quiet pass.
    A strategy reads it during the call and changes nothing; it copies the numbers that it wants to remember, since a
    view that it kept would show it the newest moment and not the one it was asked about.
    `bid` and `ask` are the best prices in ticks with sizes in lots; `position` is signed units of the base asset;
    `max_position` and `max_order` are the envelope's limits in units of quote. `buys` and `sells` count the bot's
    orders on the market that may rest now or later, those on their way in or out too. `candles` are the minutes so far.
    `forced` counts what the venue itself has made of the position: liquidations, auto-deleveraging, settlements.
    `sequence` is the venue's number of the book, 0 where it gives none: a strategy is asked again on one book when its
    orders have changed meanwhile.
    """

    __slots__ = (
        "ask",
        "ask_lots",
        "at",
        "bid",
        "bid_lots",
        "buys",
        "candles",
        "forced",
        "instrument",
        "max_order",
        "max_position",
        "position",
        "revision",
        "sells",
        "sequence",
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
        max_position: int,
        max_order: int,
        candles: CandleSeries,
        buys: int = 0,
        sells: int = 0,
        forced: int = 0,
        sequence: int = 0,
    ) -> None:
        self.at = at
        self.instrument = instrument
        self.bid = bid
        self.bid_lots = bid_lots
        self.ask = ask
        self.ask_lots = ask_lots
        self.position = position
        self.max_position = max_position
        self.max_order = max_order
        self.candles = candles
        self.buys = buys
        self.sells = sells
        self.forced = forced
        self.sequence = sequence
        self.revision = -1  # the engine's own: when it last looked at what is the bot's

    @property
    def position_value(self) -> int:
        """The position in units of quote at the middle of the book."""
        return (self.bid + self.ask) * self.instrument.tick // 2 * self.position // UNIT


@mypyc_attr(allow_interpreted_subclasses=True)
class Strategy:
    """One strategy on one market. No protocol: a call through a base class costs a fifth, compiled."""

    __slots__ = ()

    def targets(self, view: View) -> list[Target] | None:
        """Every order wanted now; [] wants none, None leaves things as they are."""
        raise NotImplementedError

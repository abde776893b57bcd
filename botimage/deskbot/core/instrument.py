"""What the engine knows about a market: its steps, its limits, and the exact value of a tick times a lot."""

from decimal import Decimal
from typing import Final

from deskbot.core.money import UNIT, divide_half_even, from_units, to_units

BUY: Final = 1
SELL: Final = -1


def side_name(side: int) -> str:
    """The word for a side, as venues and people write it."""
    return "buy" if side == BUY else "sell"


class Instrument:
    """One market; prices are whole ticks, amounts whole lots.

    `tick`, `min_notional` are units (10^-18) of the quote asset, `lot` is units of the base asset; for contracts a lot
    is the amount step times the contract size, so that lots mean base coins everywhere. `taker_rate` and
    `maker_rate` are units of 1 (0.0002 is 2·10^14). `linear` is False for spot.
    """

    __slots__ = (
        "base",
        "linear",
        "lot",
        "maker_rate",
        "market",
        "max_lots",
        "min_lots",
        "min_notional",
        "quote",
        "settle",
        "taker_rate",
        "tick",
        "tick_lot",
    )

    def __init__(
        self,
        market: str,
        base: str,
        quote: str,
        settle: str,
        linear: bool,
        tick: int,
        lot: int,
        min_lots: int,
        max_lots: int,
        min_notional: int,
        maker_rate: int,
        taker_rate: int,
    ) -> None:
        value, rest = divmod(tick * lot, UNIT)
        if rest:
            raise ValueError(f"{market}: one tick of one lot is finer than 10^-18 {quote}")
        self.market = market
        self.base = base
        self.quote = quote
        self.settle = settle
        self.linear = linear
        self.tick = tick
        self.lot = lot
        self.tick_lot = value
        self.min_lots = min_lots
        self.max_lots = max_lots
        self.min_notional = min_notional
        self.maker_rate = maker_rate
        self.taker_rate = taker_rate

    def facts(self) -> tuple[object, ...]:
        """Everything that makes the market what it is, for comparing two descriptions of it."""
        return (
            self.market,
            self.base,
            self.quote,
            self.settle,
            self.linear,
            self.tick,
            self.lot,
            self.min_lots,
            self.max_lots,
            self.min_notional,
            self.maker_rate,
            self.taker_rate,
        )

    def notional(self, ticks: int, lots: int) -> int:
        """The value of `lots` at `ticks`, in units of the quote asset."""
        return ticks * lots * self.tick_lot

    def value(self, ticks: int, amount: int) -> int:
        """The value of `amount` units of the base asset at `ticks`, in units of the quote asset, half to even."""
        return divide_half_even(ticks * self.tick * amount, UNIT)

    def ticks(self, price: str | Decimal) -> int:
        """The whole ticks of a price. Raises ValueError off the grid."""
        return self._steps(price, self.tick, "price", "tick")

    def lots(self, amount: str | Decimal) -> int:
        """The whole lots of an amount of the base asset. Raises ValueError off the grid."""
        return self._steps(amount, self.lot, "amount", "lot")

    def price(self, ticks: int) -> Decimal:
        """The price of a number of ticks, for people and venues."""
        return from_units(ticks * self.tick)

    def amount(self, lots: int) -> Decimal:
        """The base amount of a number of lots, for people and venues."""
        return from_units(lots * self.lot)

    def _steps(self, value: str | Decimal, step: int, what: str, unit: str) -> int:
        count, rest = divmod(to_units(value), step)
        if rest:
            raise ValueError(f"{self.market}: {what} {value} is not a multiple of the {unit} {from_units(step)}")
        return count

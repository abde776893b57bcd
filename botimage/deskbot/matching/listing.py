"""A market as the venue lists it: what it is called, its steps and filters, and its fees."""

from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum

from deskbot.matching.units import ONE, ceiling, decimal, half_even, units


class Category(StrEnum):
    """What is traded: coins themselves, or contracts settled in the quote coin."""

    SPOT = "spot"
    LINEAR = "linear"


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """One listed market. Prices are whole ticks and quantities whole lots; a lot is one quantity step.

    Rates are fractions of the traded value (`Decimal("0.0002")` is 2 bps); a negative maker rate is a rebate.
    `max_market_quantity` limits market orders. `price_limit` is the furthest a limit price may lie
    beyond the last price on the side that takes, as a ratio, or None without such a rule. Raises ValueError when
    a tick of a lot is finer than 10^-18 of the quote coin.
    """

    symbol: str
    category: Category
    base: str
    quote: str
    settle: str
    tick_size: Decimal
    quantity_step: Decimal
    min_quantity: Decimal
    max_quantity: Decimal
    max_market_quantity: Decimal
    min_notional: Decimal
    maker_rate: Decimal
    taker_rate: Decimal
    price_limit: Decimal | None = None
    max_leverage: Decimal = Decimal(100)
    max_open_orders: int = 500
    max_conditional_orders: int = 10
    key: str = field(init=False)
    tick_units: int = field(init=False, repr=False)
    step_units: int = field(init=False, repr=False)
    tick_lot_units: int = field(init=False, repr=False)
    min_lots: int = field(init=False, repr=False)
    max_lots: int = field(init=False, repr=False)
    max_market_lots: int = field(init=False, repr=False)
    min_notional_units: int = field(init=False, repr=False)
    _rates: tuple[int, int] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Derive the integers everything inside works with."""
        tick, step = units(self.tick_size), units(self.quantity_step)
        tick_lot, finer = divmod(tick * step, ONE)
        if finer:
            raise ValueError(f"{self.symbol}: one tick of one lot is finer than 10^-18 {self.quote}")
        derived: dict[str, object] = {
            "key": f"{self.category}:{self.symbol}",
            "tick_units": tick,
            "step_units": step,
            "tick_lot_units": tick_lot,
            "min_lots": ceiling(units(self.min_quantity), step),
            "max_lots": units(self.max_quantity) // step,
            "max_market_lots": units(self.max_market_quantity) // step,
            "min_notional_units": units(self.min_notional),
            "_rates": (units(self.taker_rate), units(self.maker_rate)),
        }
        for name, value in derived.items():
            object.__setattr__(self, name, value)

    @property
    def unified(self) -> str:
        """The market's name in ccxt: `BTC/USDT` or `BTC/USDT:USDT`."""
        pair = f"{self.base}/{self.quote}"
        return pair if self.category is Category.SPOT else f"{pair}:{self.settle}"

    def ticks(self, price: Decimal) -> int | None:
        """A price in ticks, or None when it is no whole multiple of the tick."""
        return _whole(price, self.tick_units)

    def lots(self, quantity: Decimal) -> int | None:
        """A quantity in lots, or None when it is no whole multiple of the step."""
        return _whole(quantity, self.step_units)

    def price(self, ticks: int) -> Decimal:
        """Ticks as a price."""
        return decimal(ticks * self.tick_units)

    def quantity(self, lots: int) -> Decimal:
        """Lots as a quantity of the base coin."""
        return decimal(lots * self.step_units)

    def value(self, ticks: int, lots: int) -> int:
        """Units of the quote coin that `lots` are worth at `ticks`; exact."""
        return ticks * lots * self.tick_lot_units

    def worth(self, ticks: int, base_units: int) -> int:
        """Units of the quote coin that an amount of the base coin is worth at `ticks`, half to even."""
        return half_even(ticks * self.tick_units * base_units, ONE)

    def fee(self, amount_units: int, *, maker: bool) -> int:
        """The fee on an amount, in units of the same coin.

        The exact product of amount and rate, as Bybit prints it; where that is finer than 10^-18 it is rounded up,
        in the venue's favour.
        """
        return ceiling(amount_units * self._rates[maker], ONE)


def _whole(amount: Decimal, step_units: int) -> int | None:
    try:
        count, rest = divmod(units(amount), step_units)
    except ValueError:
        return None
    return None if rest else count

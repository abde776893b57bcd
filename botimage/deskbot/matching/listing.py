"""A market as the venue lists it: what it is called, its steps and filters, and its fees."""

from dataclasses import dataclass, field, replace
from decimal import Decimal
from enum import StrEnum

from deskbot.matching.units import ONE, SCALE, ceiling, decimal, half_even, units


class Category(StrEnum):
    """What is traded: coins themselves, or contracts settled in the quote coin."""

    SPOT = "spot"
    LINEAR = "linear"


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """One listed market. Prices are whole ticks and quantities whole lots; a lot is one quantity step.

    Rates are fractions of the traded value (`Decimal("0.0002")` is 2 bps); a negative maker rate is a rebate.
    `maintenance_rate` is the share of a position's value below which the equity may not fall. `max_market_quantity`
    limits market orders. `price_limit` is the furthest a limit price may lie beyond the last price on the side that
    takes, as a ratio, or None without such a rule. `reuses_link_ids` frees an order link id as soon as its order has
    ended; without it an id is spent for ever. Fees are rounded up to `fee_places` decimals.

    Market data counts in ticks and lots of the grid, `grid_tick` and `grid_step`, by default tick and step themselves.
    Filters may change while a market trades, to any multiples of the grid; the grid never does.
    Raises ValueError when a tick of a lot is finer than 10^-18 of the quote coin, and for filters off the grid.
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
    reuses_link_ids: bool = False
    fee_places: int = 18
    maintenance_rate: Decimal = Decimal("0.005")
    grid_tick: Decimal | None = None
    grid_step: Decimal | None = None
    key: str = field(init=False)
    tick_units: int = field(init=False, repr=False)
    step_units: int = field(init=False, repr=False)
    tick_lot_units: int = field(init=False, repr=False)
    min_lots: int = field(init=False, repr=False)
    max_lots: int = field(init=False, repr=False)
    max_market_lots: int = field(init=False, repr=False)
    min_notional_units: int = field(init=False, repr=False)
    maintenance_units: int = field(init=False, repr=False)
    _rates: tuple[int, int] = field(init=False, repr=False)
    _ticks_each: int = field(init=False, repr=False)
    _lots_each: int = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Derive the integers everything inside works with."""
        tick, step = units(self.grid_tick or self.tick_size), units(self.grid_step or self.quantity_step)
        ticks_each, off_tick = divmod(units(self.tick_size), tick)
        lots_each, off_step = divmod(units(self.quantity_step), step)
        if off_tick or off_step or not ticks_each or not lots_each:
            raise ValueError(
                f"{self.symbol}: tick size and step must be multiples of {decimal(tick)} and {decimal(step)}"
            )
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
            "maintenance_units": units(self.maintenance_rate),
            "_rates": (units(self.taker_rate), units(self.maker_rate)),
            "_ticks_each": ticks_each,
            "_lots_each": lots_each,
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
        return _whole(price, self.tick_units, self._ticks_each)

    def lots(self, quantity: Decimal) -> int | None:
        """A quantity in lots, or None when it is no whole multiple of the step."""
        return _whole(quantity, self.step_units, self._lots_each)

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

        The exact product of amount and rate; where that is finer than `fee_places` decimals it is rounded up,
        in the venue's favour.
        """
        grain = int(10 ** (SCALE - self.fee_places))
        return ceiling(amount_units * self._rates[maker], ONE * grain) * grain


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """New filters for a market; None leaves one as it is."""

    tick_size: Decimal | None = None
    quantity_step: Decimal | None = None
    min_quantity: Decimal | None = None
    max_quantity: Decimal | None = None
    min_notional: Decimal | None = None

    def applied_to(self, listing: Listing) -> Listing:
        """The listing with these filters, on the grid it has always had. Raises ValueError off that grid."""
        return replace(
            listing,
            grid_tick=listing.grid_tick or listing.tick_size,
            grid_step=listing.grid_step or listing.quantity_step,
            tick_size=self.tick_size or listing.tick_size,
            quantity_step=self.quantity_step or listing.quantity_step,
            min_quantity=self.min_quantity or listing.min_quantity,
            max_quantity=self.max_quantity or listing.max_quantity,
            min_notional=listing.min_notional if self.min_notional is None else self.min_notional,
        )


def _whole(amount: Decimal, step_units: int, each: int) -> int | None:
    """How many steps an amount is; None when it is no multiple of `each` of them."""
    try:
        count, rest = divmod(units(amount), step_units)
    except ValueError:
        return None
    return None if rest or count % each else count

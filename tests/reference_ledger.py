"""The plain reference that the exchange's ledger and the engine's ledger are both held to.

It imports nothing of the desk and works in fractions of whole coins, so that it can share no mistake with either. The
rules it follows are the desk's accounting rules: average cost; a fee in the base coin makes the quantity that reaches
the position smaller, at the fill's own price; what a reduction removes of the cost is rounded half to even to 10^-18.
"""

from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction

UNITS_PER_COIN = 10**18


@dataclass(frozen=True)
class ReferenceFill:
    """One execution: side is +1 or -1, everything else as the venue prints it."""

    side: int
    price: Decimal
    quantity: Decimal
    fee: Decimal
    fee_asset: str


@dataclass
class ReferenceLedger:
    """The sums of one market of one account. `cost` is what the position cost at entry, never negative."""

    base: str
    position: Fraction = Fraction(0)
    cost: Fraction = Fraction(0)
    cash: Fraction = Fraction(0)
    realised: Fraction = Fraction(0)
    fees: dict[str, Fraction] = field(default_factory=dict)

    def add(self, fill: ReferenceFill) -> None:
        """Add one execution."""
        price, quantity, fee = Fraction(fill.price), Fraction(fill.quantity), Fraction(fill.fee)
        self.cash -= fill.side * price * quantity
        self.fees[fill.fee_asset] = self.fees.get(fill.fee_asset, Fraction(0)) + fee
        arriving = fill.side * quantity - (fee if fill.fee_asset == self.base else 0)
        if self.position * arriving >= 0:
            self._open(arriving, price)
            return
        closing = min(abs(arriving), abs(self.position))
        self._close(closing, price)
        if abs(arriving) > closing:
            self._open((abs(arriving) - closing) * (1 if arriving > 0 else -1), price)

    def _open(self, amount: Fraction, price: Fraction) -> None:
        self.position += amount
        self.cost += abs(amount) * price

    def _close(self, amount: Fraction, price: Fraction) -> None:
        removed = Fraction(round(self.cost * amount / abs(self.position) * UNITS_PER_COIN), UNITS_PER_COIN)
        direction = 1 if self.position > 0 else -1
        self.realised += direction * (price * amount - removed)
        self.cost -= removed
        self.position -= direction * amount


def in_units(amount: Fraction) -> int:
    """An amount in whole units of 10^-18. Raises ValueError when it is none."""
    units = amount * UNITS_PER_COIN
    if units.denominator != 1:
        raise ValueError(f"{amount} is finer than 10^-18")
    return units.numerator

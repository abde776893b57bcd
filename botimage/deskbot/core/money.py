"""Exact money: integers of 10^-18 of an asset inside, `Decimal` at the edges.

One unit for every asset: fine enough for any tick × lot of a listed market and for the fees venues print, so that
sums never round. The one place where rounding is unavoidable, a share of a cost, rounds half to even.
"""

from decimal import Context, Decimal, InvalidOperation
from typing import Final

UNIT_DIGITS: Final = 18
UNIT: Final[int] = 10**18

_exact = Context(prec=80)


def to_units(value: str | Decimal | int) -> int:
    """The integer number of units in a decimal amount.

    Raises ValueError when the value is no finite number or is finer than one unit.
    """
    try:
        scaled = _exact.scaleb(Decimal(value), UNIT_DIGITS)
    except InvalidOperation as error:
        raise ValueError(f"{value!r} is not a decimal amount") from error
    if not scaled.is_finite() or scaled != scaled.to_integral_value():
        raise ValueError(f"{value!r} is not a multiple of 10^-{UNIT_DIGITS}")
    return int(scaled)


def from_units(units: int) -> Decimal:
    """The decimal amount of a number of units, without trailing zeros."""
    amount = _exact.scaleb(Decimal(units), -UNIT_DIGITS)
    return (
        amount.quantize(Decimal(1), context=_exact)
        if amount == amount.to_integral_value()
        else amount.normalize(_exact)
    )


def divide_half_even(numerator: int, denominator: int) -> int:
    """`numerator / denominator` rounded to the nearest integer, halves to the even one; the denominator is positive."""
    quotient = numerator // denominator
    twice = 2 * (numerator - quotient * denominator)
    if twice > denominator or (twice == denominator and quotient % 2 == 1):
        return quotient + 1
    return quotient

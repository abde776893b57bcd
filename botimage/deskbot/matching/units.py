"""Exact money of the simulated exchange: integers of 10^-18 of an asset, `Decimal` at the edges.

Written apart from the engine's arithmetic on purpose: an exchange and its client that share a rounding mistake would
agree with each other and both be wrong.
"""

from decimal import Context, Decimal, Inexact, InvalidOperation

SCALE = 18
ONE = 10**SCALE

_wide = Context(prec=96, traps=[Inexact, InvalidOperation])


def units(amount: Decimal | str | int) -> int:
    """An amount as units. Raises ValueError when it is no number or finer than one unit."""
    try:
        shifted = Decimal(amount).scaleb(SCALE, _wide)
        return int(shifted.to_integral_exact(context=_wide))
    except (Inexact, InvalidOperation, OverflowError, ValueError) as error:
        raise ValueError(f"{amount} is not an amount of at most {SCALE} decimals") from error


def decimal(amount_units: int) -> Decimal:
    """Units as a plain decimal without trailing zeros or exponent."""
    whole, fraction = divmod(abs(amount_units), ONE)
    digits = f"{whole}.{fraction:0{SCALE}d}".rstrip("0").rstrip(".")
    return Decimal(f"-{digits}" if amount_units < 0 else digits)


def half_even(dividend: int, divisor: int) -> int:
    """The quotient rounded to the nearest integer, a tie to the even one. The divisor is positive."""
    low = dividend // divisor
    doubled = 2 * (dividend - low * divisor)
    return low + (doubled > divisor or (doubled == divisor and low & 1 == 1))


def ceiling(dividend: int, divisor: int) -> int:
    """The quotient rounded up. The divisor is positive."""
    return -(-dividend // divisor)

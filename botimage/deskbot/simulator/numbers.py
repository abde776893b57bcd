"""Integers as the strings venues print: prices and quantities with the decimals of their step, money unpadded.

And back: what clients send is a number, or it is not."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from functools import cache

from deskbot.matching.listing import Listing
from deskbot.matching.units import ONE, SCALE, decimal


class Ladder:
    """Counts of one step as text, without a Decimal in between: a book message holds a hundred of them."""

    def __init__(self, step_units: int) -> None:
        self._places = SCALE
        self._factor = step_units
        while self._places and self._factor % 10 == 0:
            self._places -= 1
            self._factor //= 10

    def text(self, count: int) -> str:
        scaled = count * self._factor
        if self._places == 0:
            return str(scaled)
        digits = str(abs(scaled)).rjust(self._places + 1, "0")
        return f"{'-' if scaled < 0 else ''}{digits[: -self._places]}.{digits[-self._places :]}"


@cache
def _ladder(step_units: int) -> Ladder:
    return Ladder(step_units)


def price(listing: Listing, ticks: int) -> str:
    return _ladder(listing.tick_units).text(ticks)


def quantity(listing: Listing, lots: int) -> str:
    return _ladder(listing.step_units).text(lots)


def money(units: int) -> str:
    return format(decimal(units), "f")


def plain(amount: Decimal) -> str:
    """A decimal without exponent or trailing zeros."""
    text = format(amount, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def ratio(dividend: int, divisor: int, places: int = 8) -> str:
    """A quotient cut to some places; "0" over zero."""
    if divisor == 0:
        return "0"
    return money(dividend * 10**places // divisor * (ONE // 10**places))


def milliseconds(time_ns: int) -> str:
    return str(time_ns // 1_000_000)


def finite(text: str) -> Decimal | None:
    """The number that a client sent; None for what is no finite one."""
    try:
        value = Decimal(text)
    except InvalidOperation:
        return None
    return value if value.is_finite() else None

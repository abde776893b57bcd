"""Numbers as Binance prints them: spot with eight decimals throughout, futures with those of the market.

Money has eight decimals or, where the exchange's own books are finer, as many as they need: a client's ledger must be
able to agree to the last digit. Ids are whole numbers that rise; they are made from the exchange's own.
"""

from __future__ import annotations

from decimal import Decimal
from functools import cache

from deskbot.matching import Category, Exchange, Listing
from deskbot.matching.units import ONE, half_even
from deskbot.simulator.numbers import Ladder, money

EIGHT = 10**10  # units in the last of eight decimals
PRICE_PLACES = 2  # futures print prices with more places than their tick needs: 61800.20 at a tick of 0.10
COUNT_BITS = 24  # of an id; 28 bits above tell one simulator from the next, so an id stays below 2^53


def eight(units: int) -> str:
    """Units of 10^-18 with eight decimals, more only where they would lose a digit."""
    count, finer = divmod(units, EIGHT)
    if finer:
        return money(units)
    return _ladder(EIGHT, 8).text(count)


def price(listing: Listing, ticks: int) -> str:
    if listing.category is Category.SPOT:
        return eight(ticks * listing.tick_units)
    return _ladder(listing.tick_units, PRICE_PLACES).text(ticks)


def quantity(listing: Listing, lots: int) -> str:
    if listing.category is Category.SPOT:
        return eight(lots * listing.step_units)
    return _ladder(listing.step_units, 0).text(lots)


def average(listing: Listing, value_units: int, lots: int) -> str:
    """The mean price of some lots that were worth so much; "0" of none."""
    if lots == 0:
        return eight(0)
    return eight(half_even(half_even(value_units * ONE, lots * listing.step_units), EIGHT) * EIGHT)


def places(step: Decimal) -> int:
    """How many decimals a step has."""
    return max(0, -int(step.normalize().as_tuple().exponent))


def number_of(identity: str) -> int:
    """The whole number that stands for an id of the exchange (of an order or an execution)."""
    return (int(identity[:7], 16) << COUNT_BITS) | int(identity.rpartition("-")[2], 16)


def order_id_of(exchange: Exchange, number: int) -> str:
    """The exchange's id of an order's number; one that never was names no order."""
    identity = exchange.order_id(number & ((1 << COUNT_BITS) - 1))
    return identity if number_of(identity) == number else f"no order {number}"


class _Padded(Ladder):
    """A ladder with at least so many decimals."""

    def __init__(self, step_units: int, least: int) -> None:
        super().__init__(step_units)
        missing = max(0, least - self._places)
        self._places += missing
        self._factor *= 10**missing


@cache
def _ladder(step_units: int, least: int) -> Ladder:
    return _Padded(step_units, least)

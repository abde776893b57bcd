"""Exact numbers: units, rounding, ticks and lots."""

from decimal import ROUND_HALF_EVEN, Context, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deskbot.core.instrument import BUY, SELL, side_name
from deskbot.core.money import UNIT, divide_half_even, from_units, to_units
from tests.core.desk import instrument

WIDE = Context(prec=120, rounding=ROUND_HALF_EVEN)
UNITS = st.integers(-(10**40), 10**40)


@given(UNITS)
def test_units_survive_the_way_out_and_back(units: int) -> None:
    assert to_units(from_units(units)) == units
    assert to_units(str(from_units(units))) == units


@given(UNITS)
def test_amounts_for_people_have_no_trailing_zeros(units: int) -> None:
    text = f"{from_units(units):f}"
    assert "." not in text or not text.endswith("0")


@given(UNITS, st.integers(1, 10**30))
def test_division_rounds_halves_to_the_even_one_as_decimal_does(numerator: int, denominator: int) -> None:
    exact = WIDE.divide(Decimal(numerator), Decimal(denominator))
    assert divide_half_even(numerator, denominator) == int(exact.quantize(Decimal(1), context=WIDE))


@pytest.mark.parametrize(("numerator", "expected"), [(-3, -2), (-1, 0), (1, 0), (3, 2), (5, 2), (7, 4)])
def test_halves_go_to_the_even_neighbour(numerator: int, expected: int) -> None:
    assert divide_half_even(numerator, 2) == expected


@pytest.mark.parametrize("value", ["NaN", "Infinity", "-Infinity", "ten", "", "0.0000000000000000001"])
def test_what_is_no_exact_amount_is_refused(value: str) -> None:
    with pytest.raises(ValueError, match="is not"):
        to_units(value)


@pytest.mark.parametrize(
    ("value", "units"), [("1", UNIT), (0, 0), ("-0.5", -UNIT // 2), (Decimal("1e-18"), 1), (7, 7 * UNIT)]
)
def test_amounts_in_units(value: str | int | Decimal, units: int) -> None:
    assert to_units(value) == units


@given(st.integers(-(10**9), 10**9))
def test_prices_and_amounts_survive_the_way_out_and_back(count: int) -> None:
    market = instrument()
    assert market.ticks(market.price(count)) == count
    assert market.lots(market.amount(count)) == count


@pytest.mark.parametrize(("method", "value"), [("ticks", "60000.05"), ("lots", "0.0015")])
def test_off_the_grid_is_refused_by_name(method: str, value: str) -> None:
    with pytest.raises(ValueError, match=f"BTC/USDT:USDT: .* {value} is not a multiple of the"):
        getattr(instrument(), method)(value)


@given(st.integers(0, 10**8), st.integers(-(10**8), 10**8))
def test_notional_is_price_times_amount(ticks: int, lots: int) -> None:
    market = instrument()
    assert from_units(market.notional(ticks, lots)) == market.price(ticks) * market.amount(lots)
    assert market.value(ticks, lots * market.lot) == market.notional(ticks, lots)


def test_a_market_finer_than_the_units_is_refused() -> None:
    with pytest.raises(ValueError, match="finer than"):
        instrument(tick=1, lot=1)


def test_sides_have_names() -> None:
    assert (side_name(BUY), side_name(SELL)) == ("buy", "sell")

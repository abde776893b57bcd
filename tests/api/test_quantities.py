"""Text forms of money, ratios and durations: exact both ways."""

from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from deskapi.quantities import (
    AMOUNT,
    RATIO,
    SIGNED_AMOUNT,
    TextFormat,
    duration_between,
    format_amount,
    format_duration,
    format_ratio,
)

ANY_DURATION = duration_between("0s", "9999h", "5s")

amounts = st.decimals(min_value=Decimal("1e-12"), max_value=Decimal(10**12 - 1), places=12)
signed_amounts = st.decimals(min_value=-(10**12), max_value=10**12, places=12, allow_nan=False)
ratios = st.integers(min_value=1, max_value=10**8 - 1).map(lambda millionths: Decimal(millionths).scaleb(-8))
durations = st.integers(min_value=0, max_value=9999 * 3_600_000).map(lambda ms: timedelta(milliseconds=ms))


@given(amounts)
def test_an_amount_survives_its_text(amount: Decimal) -> None:
    assert AMOUNT.parse(format_amount(amount)) == amount


@given(signed_amounts)
def test_a_signed_amount_survives_its_text(amount: Decimal) -> None:
    assert SIGNED_AMOUNT.parse(format_amount(amount)) == amount


@given(ratios)
def test_a_ratio_survives_its_text(ratio: Decimal) -> None:
    assert RATIO.parse(format_ratio(ratio)) == ratio


@given(durations)
def test_a_duration_survives_its_text(duration: timedelta) -> None:
    assert ANY_DURATION.parse(format_duration(duration)) == duration


@given(st.from_regex(AMOUNT.pattern, fullmatch=True, alphabet="0123456789."))
def test_an_amounts_text_survives_its_value(text: str) -> None:
    # The API server sees the digits, Python the number: both must call the same texts zero.
    value = Decimal(text)
    assert (value > 0) == any(digit in text for digit in "123456789")
    if value > 0:
        assert format_amount(AMOUNT.parse(text)) == text


@given(st.text(max_size=8))
def test_text_that_is_no_amount_is_refused_in_one_line_whatever_it_is(text: str) -> None:
    assume(not any(digit in text for digit in "123456789"))
    with pytest.raises(ValueError, match="is not a decimal amount above zero") as refusal:
        AMOUNT.parse(text)
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize(
    ("text", "milliseconds"),
    [("30s", 30_000), ("500ms", 500), ("1m30s", 90_000), ("1h", 3_600_000), ("1h0m0s1ms", 3_600_001), ("0s", 0)],
)
def test_a_duration_is_read_exactly(text: str, milliseconds: int) -> None:
    assert ANY_DURATION.parse(text) == timedelta(milliseconds=milliseconds)


@pytest.mark.parametrize("text", ["5", "s", "1s1m", "1.5s", "-1s", " 1s", "1s ", "1S", "1d", ""])
def test_what_is_no_duration_is_refused(text: str) -> None:
    bounded = duration_between("1ms", "9999h", "5s")
    with pytest.raises(ValueError, match="is not a duration from 1ms to 9999h; write for example"):
        bounded.parse(text)


def test_a_ratio_is_a_fraction_in_python() -> None:
    assert RATIO.parse("1.5%") == Decimal("0.015")
    assert format_ratio(Decimal("0.015")) == "1.5%"


@pytest.mark.parametrize("value", [Decimal("NaN"), Decimal("Infinity")])
def test_what_is_no_number_has_no_text(value: Decimal) -> None:
    with pytest.raises(ValueError, match="is not an amount"):
        format_amount(value)


@pytest.mark.parametrize("value", [timedelta(microseconds=1), timedelta(milliseconds=-1)])
def test_a_duration_that_the_text_cannot_carry_is_refused(value: timedelta) -> None:
    with pytest.raises(ValueError, match="is not a duration in whole milliseconds"):
        format_duration(value)


def test_a_text_longer_than_the_field_is_refused_without_being_repeated() -> None:
    with pytest.raises(ValueError, match="1000000 characters are too many: at most 5 fit"):
        TextFormat(str, ".*", "short", max_length=5).parse("x" * 1_000_000)

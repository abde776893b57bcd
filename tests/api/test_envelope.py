"""Narrowing an envelope: what ceilings make of it, whichever and however many there are."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deskapi import Bounds, Ceilings, EffectiveEnvelope, Envelope, as_bounds, dump, narrow
from deskapi.envelope import TIGHTER

AMOUNTS = st.sampled_from(["1", "1.0", "250", "250.5", "99999"]).map(Decimal)
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "max_order_notional": AMOUNTS,
    "max_position_notional": AMOUNTS,
    "max_open_orders": st.integers(1, 500),
    "orders_per_second": st.integers(1, 100),
    "price_collar": st.sampled_from(["0.001", "0.05", "0.5"]).map(Decimal),
    "max_data_age": st.integers(100, 60_000).map(lambda ms: timedelta(milliseconds=ms)),
}
ENVELOPES = st.fixed_dictionaries(VALUES).map(lambda fields: Envelope(**fields))
CEILINGS = st.fixed_dictionaries({}, optional=VALUES).map(lambda fields: Ceilings(**fields))
NAMED = st.dictionaries(st.sampled_from(["alpha", "beta", "gamma"]), CEILINGS)


def no_looser(one: Envelope, other: Bounds | Envelope) -> bool:
    """Whether every limit of `one` allows at most what `other` does."""
    bounds = {field: getattr(other, field) for field in TIGHTER}
    limits = {field: getattr(one, field) for field in TIGHTER}
    return all(
        bound is None or TIGHTER[field](limits[field], bound) == limits[field] for field, bound in bounds.items()
    )


@pytest.mark.control("S7.1")
@given(ENVELOPES, NAMED)
def test_s7_what_is_narrowed_is_inside_the_envelope_and_inside_every_ceiling(
    envelope: Envelope, ceilings: dict[str, Ceilings]
) -> None:
    narrowed = narrow(envelope, ceilings).envelope
    assert no_looser(narrowed, envelope)
    assert all(no_looser(narrowed, ceiling) for ceiling in ceilings.values())


@given(ENVELOPES, NAMED)
def test_s7_each_limit_is_the_envelopes_own_or_the_ceiling_of_the_policy_that_is_named(
    envelope: Envelope, ceilings: dict[str, Ceilings]
) -> None:
    narrowed = narrow(envelope, ceilings)
    fields = {field: Envelope.model_fields[field].alias or field for field in TIGHTER}
    for field, alias in fields.items():
        source = ceilings[narrowed.set_by[alias]] if alias in narrowed.set_by else envelope
        assert getattr(narrowed.envelope, field) == getattr(source, field)
    assert narrowed.set_by.keys() <= set(fields.values())


@given(ENVELOPES, NAMED)
def test_s7_narrowing_again_changes_nothing(envelope: Envelope, ceilings: dict[str, Ceilings]) -> None:
    once = narrow(envelope, ceilings).envelope
    assert narrow(once, ceilings) == narrow(once, {})
    assert narrow(once, {"itself": as_bounds(once)}) == narrow(once, {})


@given(ENVELOPES, CEILINGS, CEILINGS)
def test_s7_the_order_of_ceilings_does_not_matter(envelope: Envelope, one: Ceilings, other: Ceilings) -> None:
    together = narrow(envelope, {"alpha": one, "beta": other})
    assert together == narrow(envelope, {"beta": other, "alpha": one})
    by_steps = narrow(narrow(envelope, {"beta": other}).envelope, {"alpha": one})
    assert together.envelope == by_steps.envelope


@given(ENVELOPES, NAMED, CEILINGS)
def test_s7_a_further_ceiling_and_a_tighter_envelope_never_loosen(
    envelope: Envelope, ceilings: dict[str, Ceilings], further: Ceilings
) -> None:
    before = narrow(envelope, ceilings).envelope
    assert no_looser(narrow(envelope, {**ceilings, "further": further}).envelope, before)
    assert no_looser(narrow(narrow(envelope, {"": further}).envelope, ceilings).envelope, before)


@pytest.mark.control("S7.1")
@pytest.mark.parametrize("field", TIGHTER)
def test_s7_every_limit_is_lowered_by_a_lower_ceiling_and_left_alone_by_a_higher_one(field: str) -> None:
    """All limits of today are maxima."""
    low = {"max_order_notional": "10", "max_position_notional": "10", "max_open_orders": 2, "orders_per_second": 2}
    middle = {"max_order_notional": "20", "max_position_notional": "20", "max_open_orders": 3, "orders_per_second": 3}
    low |= {"price_collar": "1%", "max_data_age": "1s", "max_control_age": "11s"}
    middle |= {"price_collar": "2%", "max_data_age": "2s", "max_control_age": "12s"}
    lower, higher = Envelope(**low), Envelope(**middle)
    narrowed = narrow(higher, {"alpha": Ceilings(**{field: low[field]})})
    assert getattr(narrowed.envelope, field) == getattr(lower, field)
    assert list(narrowed.set_by.values()) == ["alpha"]
    assert narrow(lower, {"alpha": Ceilings(**{field: middle[field]})}).envelope == lower


def test_an_envelope_in_the_status_is_read_back_as_it_was_and_without_what_a_newer_writer_adds() -> None:
    envelope = Envelope.model_validate({"maxOrderNotional": "250", "maxPositionNotional": "1000"})
    written = dump(as_bounds(envelope))
    assert written["maxDataAge"] == "5s"
    assert EffectiveEnvelope.model_validate({**written, "maxLeverage": "3"}) == as_bounds(envelope)

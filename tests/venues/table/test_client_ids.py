"""Client order ids keep their numbers in every form a venue wants."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deskbot.core.order_ids import OrderIds
from deskbot.venues.table import TABLE
from deskbot.venues.table.client_ids import from_venue, to_venue
from deskbot.venues.table.model import Form, VenueRow

UIDS = st.uuids().map(str)
EPOCHS = st.integers(1, 2**41 - 1)
SEQUENCES = st.integers(1, 2**37 - 1)
FORMS = st.sampled_from(Form)


@given(UIDS, EPOCHS, SEQUENCES, FORMS)
def test_an_id_comes_back_from_every_form_as_it_was(uid: str, epoch: int, sequence: int, form: Form) -> None:
    made = OrderIds(uid, epoch, sequence).next()
    assert from_venue(to_venue(made, form), form) == made


@given(UIDS, st.tuples(EPOCHS, SEQUENCES), st.tuples(EPOCHS, SEQUENCES))
def test_two_ids_of_one_bot_are_never_one_in_hexadecimal(
    uid: str, one: tuple[int, int], other: tuple[int, int]
) -> None:
    ids = [to_venue(OrderIds(uid, *each).next(), Form.HEX) for each in (one, other)]
    assert (ids[0] == ids[1]) == (one == other)


@given(st.text(max_size=40), FORMS)
def test_what_was_never_ours_is_never_taken_for_ours(text: str, form: Form) -> None:
    ids = OrderIds("0b9c9c1e-7a3c-4f7e-9b1e-0d6f6a2f1c11", 1_700_000_000_000)
    shown = from_venue(text, form)
    assert not ids.is_ours(shown) or to_venue(shown, form) == text


def test_an_order_shown_as_a_uuid_is_the_one_sent_as_32_digits() -> None:
    made = OrderIds("uid", 1_700_000_000_000).next()
    digits = to_venue(made, Form.HEX)
    dashed = "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))
    assert from_venue(dashed.upper(), Form.HEX) == made


@pytest.mark.parametrize("text", ["", "d", "x" * 28, "d" + "z" * 27, "d" + "A" * 27])
def test_an_id_that_does_not_fit_into_128_bits_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"client order id|does not fit"):
        to_venue(text, Form.HEX)


@pytest.mark.parametrize("row", TABLE.values(), ids=lambda row: row.exchange)
def test_every_row_takes_our_ids_in_its_alphabet_and_length(row: VenueRow) -> None:
    made = to_venue(OrderIds("uid", 1_790_000_000_000, 123_456).next(), row.client_ids.form)
    fits = re.fullmatch(f"[{row.client_ids.alphabet}]{{1,{row.client_ids.longest}}}", made)
    assert fits or "client ids" in row.unverified_because

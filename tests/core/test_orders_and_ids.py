"""Order states and client order ids."""

import itertools
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deskbot.core.order_ids import OrderIds, bot_prefix
from deskbot.core.orders import (
    FILLED,
    NEW,
    OPEN,
    PENDING_CANCEL,
    SENT,
    STATE_NAMES,
    TRANSITIONS,
    IllegalTransition,
    Order,
)
from tests.core.builds import interpreted_only

UIDS = st.uuids().map(str)
EPOCHS = st.integers(0, 36**9 - 1)
SEQUENCES = st.integers(1, 36**8 - 1)


def order(state: int = NEW) -> Order:
    made = Order("id", "BTC/USDT", 1, 600_000, 10, False, 0, 5)
    made.state = state
    return made


@pytest.mark.parametrize(("start", "end"), list(itertools.product(range(len(STATE_NAMES)), repeat=2)))
def test_orders_move_along_the_arrows_and_nowhere_else(start: int, end: int) -> None:
    made = order(start)
    if start == end or end in TRANSITIONS[start]:
        made.move(end, 9, "why")
        assert (made.state, made.updated_at, made.reason) == (end, 9, "why")
    else:
        with pytest.raises(IllegalTransition, match=f"{STATE_NAMES[start]} -> {STATE_NAMES[end]}"):
            made.move(end, 9)
        assert made.state == start


def test_nothing_leads_out_of_an_ended_order_and_back_to_new() -> None:
    assert all(TRANSITIONS[state] == () for state in range(FILLED, len(STATE_NAMES)))
    assert not any(NEW in arrows or SENT in arrows for arrows in TRANSITIONS[SENT:])


@pytest.mark.parametrize(
    ("state", "filled", "booked", "at_risk"),
    [(SENT, 0, 0, 10), (OPEN, 4, 1, 9), (FILLED, 10, 7, 3), (FILLED, 10, 10, 0), (OPEN, 0, 12, 0)],
)
def test_what_may_still_come_counts_as_risk_and_never_less_than_nothing(
    state: int, filled: int, booked: int, at_risk: int
) -> None:
    made = order(state)
    made.filled_lots, made.booked_lots = filled, booked
    assert made.at_risk_lots == at_risk


@interpreted_only
def test_an_order_that_was_only_decided_knows_its_terms_and_the_time_and_nothing_else() -> None:
    made = Order("id", "BTC/USDT", -1, 600_000, 10, True, 3, 5)
    terms = {
        "client_id": "id", "market": "BTC/USDT", "side": -1, "price_ticks": 600_000, "lots": 10, "reduce_only": True,
        "level": 3, "state": NEW, "sent_at": 5, "signed_by": 5, "updated_at": 5,
    }  # fmt: skip
    known = {name: getattr(made, name) for name in Order.__slots__}
    assert {name: value for name, value in known.items() if name in terms} == terms
    others = [value for name, value in known.items() if name not in terms]
    assert all(value in (0, "", False) for value in others)


def test_a_move_without_a_reason_leaves_the_one_that_was_given() -> None:
    made = order(SENT)
    made.move(OPEN, 6)
    assert made.reason == ""
    made.move(OPEN, 7, "why")
    made.move(PENDING_CANCEL, 8)
    assert (made.reason, made.updated_at) == ("why", 8)


STEPS = st.integers(1, 10**6)
COUNTS = st.integers(0, 10**6)


@given(STEPS, STEPS, STEPS, STEPS, COUNTS, COUNTS, COUNTS)
def test_new_steps_make_an_order_never_smaller_and_never_further_done_and_by_less_than_a_step(
    old_tick: int, old_lot: int, tick: int, lot: int, price: int, lots: int, done: int
) -> None:
    made = Order("id", "BTC/USDT", 1, price, lots, False, 0, 5)
    made.filled_lots, made.booked_lots = done, done // 2
    made.regrid(old_tick, old_lot, tick, lot)
    assert 0 <= price * old_tick - made.price_ticks * tick < tick
    assert 0 <= made.lots * lot - lots * old_lot < lot
    assert 0 <= done * old_lot - made.filled_lots * lot < lot
    assert 0 <= done // 2 * old_lot - made.booked_lots * lot < lot


@given(UIDS, EPOCHS, SEQUENCES)
def test_ids_are_28_small_letters_and_digits_and_ours(uid: str, epoch: int, sequence: int) -> None:
    ids = OrderIds(uid, epoch, sequence)
    made = ids.next()
    assert re.fullmatch("d[0-9a-z]{27}", made)
    assert ids.is_ours(made)
    assert OrderIds(uid, epoch + 1 if epoch < 36**9 - 1 else 0).is_ours(made)


@pytest.mark.control("R6-12c")
@given(st.sets(st.tuples(UIDS, EPOCHS, SEQUENCES), min_size=2, max_size=30))
def test_different_bots_journals_and_sequences_have_different_ids(makers: set[tuple[str, int, int]]) -> None:
    assert len({OrderIds(*maker).next() for maker in makers}) == len(makers)


@pytest.mark.control("R6-12c")
@given(UIDS, UIDS)
def test_one_bots_orders_are_not_anothers(one: str, other: str) -> None:
    assert OrderIds(one, 1).is_ours(OrderIds(other, 1).next()) == (one == other)


@given(EPOCHS, SEQUENCES)
def test_a_restart_goes_on_after_the_last_id_of_its_journal(epoch: int, sequence: int) -> None:
    made = OrderIds("uid", epoch, sequence).next()
    ids = OrderIds("uid", epoch)
    ids.seen(made)
    ids.seen(OrderIds("uid", (epoch + 1) % 36**9, 36**8 - 1).next())
    ids.seen(OrderIds("uid", epoch, 1).next())
    if sequence < 36**8 - 1:
        assert ids.next() == OrderIds("uid", epoch, sequence + 1).next()


@pytest.mark.parametrize("foreign", ["", "d", "x" * 28, bot_prefix("another")])
def test_foreign_ids_are_not_ours(foreign: str) -> None:
    assert not OrderIds("uid", 1).is_ours(foreign)


def test_a_number_that_does_not_fit_is_refused_and_never_cut() -> None:
    with pytest.raises(ValueError, match="does not fit"):
        OrderIds("uid", 36**9)
    with pytest.raises(ValueError, match="does not fit"):
        OrderIds("uid", 1, 36**8).next()

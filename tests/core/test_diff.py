"""Targets against resting orders: the fewest cancels and creates, and nothing beside an order on its way."""

from hypothesis import given
from hypothesis import strategies as st

from deskbot.core.diff import compare
from deskbot.core.instrument import BUY, SELL
from deskbot.core.orders import OPEN, PARTIALLY_FILLED, PENDING_CANCEL, SENT, UNKNOWN, Order
from deskbot.core.strategy import Target

SETTLED = (OPEN, PARTIALLY_FILLED)
SIDES = st.sampled_from((BUY, SELL))
TARGETS = st.lists(
    st.builds(Target, SIDES, st.integers(100, 102), st.integers(1, 2), st.integers(0, 2)),
    max_size=5,
    unique_by=lambda target: (target.side, target.level),
)


def order(side: int, ticks: int, lots: int, level: int, state: int = OPEN) -> Order:
    made = Order(f"{side}-{ticks}-{lots}-{level}-{state}", "BTC/USDT", side, ticks, lots, False, level, 0)
    made.state = state
    return made


ORDERS = st.lists(
    st.builds(
        order,
        SIDES,
        st.integers(100, 102),
        st.integers(1, 2),
        st.integers(0, 2),
        st.sampled_from((OPEN, PARTIALLY_FILLED, SENT, PENDING_CANCEL, UNKNOWN)),
    ),
    max_size=5,
)


def most_kept(targets: list[Target], orders: list[Order]) -> int:
    """By trying everything: the largest number of orders that can each be the order of a target of its own."""
    if not targets:
        return 0
    best = most_kept(targets[1:], orders)
    for index, one in enumerate(orders):
        if (one.side, one.price_ticks, one.lots) == (targets[0].side, targets[0].ticks, targets[0].lots):
            best = max(best, 1 + most_kept(targets[1:], orders[:index] + orders[index + 1 :]))
    return best


@given(TARGETS, ORDERS)
def test_no_other_way_cancels_or_creates_less(targets: list[Target], orders: list[Order]) -> None:
    found = compare(targets, orders)
    usable = [one for one in orders if one.state in (*SETTLED, SENT)]
    assert len(found.kept) == most_kept(targets, usable)
    assert len({id(one) for one in found.kept.values()}) == len(found.kept)


@given(TARGETS, ORDERS)
def test_every_order_is_kept_cancelled_or_waited_for(targets: list[Target], orders: list[Order]) -> None:
    found = compare(targets, orders)
    kept = {id(one) for one in found.kept.values()}
    surplus = {id(one) for one in found.surplus}
    assert not kept & surplus
    for one in orders:
        if id(one) in kept:
            continue
        assert (one.side, one.level) in found.busy
        assert (id(one) in surplus) == (one.state in SETTLED), "only what rests can be cancelled now"


@given(TARGETS)
def test_what_already_is_as_wanted_stays(targets: list[Target]) -> None:
    found = compare(targets, [order(t.side, t.ticks, t.lots, t.level) for t in targets])
    assert len(found.kept) == len(targets)
    assert (found.surplus, found.busy) == ([], set())


def test_a_partly_filled_order_still_is_the_one_it_was() -> None:
    resting = order(BUY, 100, 2, 0, PARTIALLY_FILLED)
    resting.filled_lots = 1
    assert compare([Target(BUY, 100, 2)], [resting]).kept == {0: resting}


def test_an_equal_order_that_is_being_cancelled_is_waited_for_and_not_kept() -> None:
    found = compare([Target(BUY, 100, 2)], [order(BUY, 100, 2, 0, PENDING_CANCEL)])
    assert (found.kept, found.busy) == ({}, {(BUY, 0)})

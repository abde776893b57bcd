"""A private stream that has died without a word is found out by what the venue says elsewhere."""

from hypothesis import given
from hypothesis import strategies as st

from deskbot.core.events import OrderReport
from deskbot.core.orders import CANCELLED, FILLED, OPEN, PARTIALLY_FILLED
from deskbot.venues.order_witness import GRACE, KEPT, VISIBLE_AFTER, OrderWitness

SECOND = 1_000_000_000
T0 = 1_790_000_000 * SECOND
LATER = T0 + VISIBLE_AFTER


def report(state: int = OPEN, filled: int = 0, venue_id: str = "v1", at: int = T0) -> OrderReport:
    return OrderReport(at, "BTC/USDT", "d1", venue_id, 1, 1000, 10, filled, state)


def test_the_list_of_another_market_says_nothing_of_an_order() -> None:
    witness = OrderWitness()
    witness.tell(report())
    witness.listed([], LATER, LATER, "ETH/USDT")
    assert not witness.overdue(LATER + 60 * SECOND)
    witness.listed([], LATER, LATER, "BTC/USDT")
    assert broken(witness, LATER)


def broken(witness: OrderWitness, since: int) -> bool:
    assert not witness.overdue(since + GRACE)
    return bool(witness.overdue(since + GRACE + 1))


def test_an_acknowledged_order_must_be_told_of() -> None:
    witness = OrderWitness()
    witness.created("v1", T0)
    assert broken(witness, T0)
    witness.tell(report())
    assert not witness.overdue(T0 + 60 * SECOND)


def test_the_stream_may_tell_before_the_acknowledgement_arrives() -> None:
    witness = OrderWitness()
    witness.tell(report(CANCELLED))
    witness.created("v1", T0)
    witness.cancelled("v1", T0)
    assert not witness.overdue(T0 + 60 * SECOND)


def test_an_acknowledged_cancel_must_be_told_to_its_end() -> None:
    witness = OrderWitness()
    witness.tell(report())
    witness.cancelled("v1", T0)
    witness.tell(report(PARTIALLY_FILLED, 3))
    assert broken(witness, T0)
    witness.tell(report(CANCELLED, 3))
    assert not witness.overdue(T0 + 60 * SECOND)


def test_a_cancel_of_an_order_from_before_the_stream_is_not_waited_for() -> None:
    witness = OrderWitness()
    witness.cancelled("v1", T0)
    witness.cancelled("", T0)
    assert not witness.overdue(T0 + 60 * SECOND)


def test_an_order_that_a_list_no_longer_shows_must_be_told_to_its_end() -> None:
    witness = OrderWitness()
    witness.tell(report())
    witness.listed([], LATER, LATER)
    assert broken(witness, LATER)


def test_an_order_that_a_list_shows_with_more_filled_must_be_told_of() -> None:
    witness = OrderWitness()
    witness.tell(report())
    witness.listed([report(PARTIALLY_FILLED, 4)], LATER, LATER)
    witness.tell(report(PARTIALLY_FILLED, 3))
    assert broken(witness, LATER)
    witness.tell(report(PARTIALLY_FILLED, 4))
    assert not witness.overdue(LATER + 60 * SECOND)


def test_a_list_that_lags_behind_the_stream_proves_nothing() -> None:
    witness = OrderWitness()
    witness.tell(report())
    witness.listed([], LATER - 1, LATER)
    assert not witness.overdue(LATER + 60 * SECOND)


def test_an_end_once_told_is_not_taken_back_by_a_late_message() -> None:
    witness = OrderWitness()
    witness.tell(report(FILLED, 10))
    witness.tell(report(PARTIALLY_FILLED, 4))
    witness.listed([], LATER, LATER)
    assert not witness.overdue(LATER + 60 * SECOND)


def test_a_new_stream_owes_nothing() -> None:
    witness = OrderWitness()
    witness.created("v1", T0)
    witness.reset()
    assert not witness.overdue(T0 + 60 * SECOND)


def test_memory_is_bounded() -> None:
    witness = OrderWitness()
    for number in range(KEPT + 100):
        witness.tell(report(venue_id=f"v{number}"))
    witness.listed([], LATER, LATER)
    assert len(witness._told) == KEPT


steps = st.lists(
    st.tuples(st.sampled_from(["create", "fill", "cancel", "list", "wait"]), st.integers(0, 3)), max_size=40
)


@given(steps)
def test_a_stream_that_tells_everything_in_time_is_never_blamed(script: list[tuple[str, int]]) -> None:
    orders: dict[str, OrderReport] = {}
    witness, at = OrderWitness(), T0
    for what, number in script:
        venue_id = f"v{number}"
        known = orders.get(venue_id)
        if what == "create" and known is None:
            orders[venue_id] = report(venue_id=venue_id, at=at)
            witness.created(venue_id, at)
            witness.tell(orders[venue_id])
        elif what == "fill" and known is not None and known.state < FILLED:
            filled = known.filled_lots + 5
            orders[venue_id] = report(FILLED if filled == 10 else PARTIALLY_FILLED, filled, venue_id, at)
            witness.tell(orders[venue_id])
        elif what == "cancel" and known is not None and known.state < FILLED:
            witness.cancelled(venue_id, at)
            orders[venue_id] = report(CANCELLED, known.filled_lots, venue_id, at)
            witness.tell(orders[venue_id])
        elif what == "list":
            witness.listed([one for one in orders.values() if one.state < FILLED], at, at)
        else:
            at += (1 + number) * SECOND
        assert not witness.overdue(at)


@given(steps, st.data())
def test_whatever_it_keeps_to_itself_for_good_is_found_out_by_the_next_list(
    script: list[tuple[str, int]], data: st.DataObject
) -> None:
    witness = OrderWitness()
    for number in range(4):
        witness.tell(report(venue_id=f"v{number}"))
    ended = data.draw(st.sets(st.integers(0, 3), min_size=1))
    shown = [report(venue_id=f"v{number}") for number in range(4) if number not in ended]
    at = LATER
    for _what, number in script:
        if number not in ended:
            witness.tell(report(PARTIALLY_FILLED, 1, f"v{number}", at))
        at += SECOND
    witness.listed(shown, at, at)
    assert broken(witness, at)

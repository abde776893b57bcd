"""Situations while running, N-R1 to N-R7, and of orders that ours and the venue's lists disagree about, N-C1 to N-C9.

The ids are those of `docs/reconciliation.md`, which states beside each situation what the field does and what we do.
"""

from typing import get_args

import pytest

from deskbot.core.commands import Cancel, Command, Place, QueryFills, QueryOpenOrders, QueryOrder, QueryPositions
from deskbot.core.events import ACCEPTED, NOT_FOUND, REJECTED, UNKNOWN, CancelResult, PlaceResult, Timer
from deskbot.core.instrument import BUY, SELL
from deskbot.core.money import to_units
from deskbot.core.orders import CANCELLED, EXPIRED, FILLED, PARTIALLY_FILLED, PENDING_CANCEL
from deskbot.core.orders import REJECTED as ORDER_REJECTED
from deskbot.core.orders import UNKNOWN as ORDER_UNKNOWN
from deskbot.core.strategy import Target
from tests.core.desk import MARKET, SECOND, Desk, Wants, problem_of, sent, target
from tests.core.desk import answer_all as answers

REFUSED, ASKED = ORDER_REJECTED, ORDER_UNKNOWN


def test_n_r1_an_explicit_refusal_ends_the_order() -> None:
    desk, place = sent()
    desk.say(PlaceResult, client_id=place.client_id, outcome=REJECTED, reason="no margin")
    assert desk.state(place) is None
    assert desk.moves(place) == [(REFUSED, "no margin")]


def test_n_r2_an_ambiguous_failure_is_asked_about_at_once_and_never_sent_again() -> None:
    desk, place = sent()
    desk.say(PlaceResult, client_id=place.client_id, outcome=UNKNOWN, reason="timeout")
    assert desk.state(place) == ASKED
    assert [q.client_id for q in desk.questions(QueryOrder)] == [place.client_id]
    desk.book()
    assert not desk.placed(), "no risk is added beside it"


def test_n_r3_an_order_that_no_question_can_resolve_locks_its_market() -> None:
    """Stricter: exhausted retries are no refusal; only a venue that twice does not know the order is."""
    desk, place = sent()
    desk.say(PlaceResult, client_id=place.client_id, outcome=UNKNOWN, reason="timeout")
    answers(desk, place, UNKNOWN, 300)
    assert desk.state(place) == ASKED
    assert desk.durable.orders[place.client_id].at_risk_lots == 3
    desk.book()
    assert not desk.placed()


def test_n_r4_a_cancel_that_is_never_confirmed_stays_pending_counts_and_is_asked_for_again() -> None:
    desk, place = cancelling()
    asked = 0
    for _ in range(30):
        desk.say(CancelResult, client_id=place.client_id, outcome=UNKNOWN)
        desk.wait(1)
        asked += len(desk.questions(Cancel))
        desk.answer(place, UNKNOWN)
    assert desk.state(place) == PENDING_CANCEL
    assert desk.durable.orders[place.client_id].at_risk_lots == 3
    assert asked >= 10


@pytest.mark.parametrize(("state", "filled"), [(CANCELLED, 0), (EXPIRED, 0), (FILLED, 3), (PARTIALLY_FILLED, 1)])
def test_n_r5_a_change_that_the_stream_did_not_tell_is_found_by_the_periodic_list(state: int, filled: int) -> None:
    desk, place = sent()
    desk.accept(place)
    desk.calm(5.2)
    desk.show(*([desk.report(place, state, filled=filled)] if state == PARTIALLY_FILLED else []))
    if state != PARTIALLY_FILLED:
        assert [q.client_id for q in desk.questions(QueryOrder)] == [place.client_id]
        desk.answer(place, ACCEPTED, desk.report(place, state, filled=filled))
    assert desk.state(place) == (state if filled else None)
    if filled:
        desk.wait(1.5)
        assert desk.questions(QueryFills), "its executions are asked for before the next round"


def test_n_r6_a_difference_of_positions_is_looked_at_again_and_then_stops_trading() -> None:
    """Stricter: no events are generated; within 10 s the market is locked and its quotes are pulled."""
    desk, place = sent()
    desk.accept(place)
    desk.calm(30)
    begun = desk.at
    while not problem_of(desk):
        desk.reconcile(orders=[desk.report(place)], position="0.004")
        desk.calm(1)
        assert desk.at - begun < 10**10
    assert problem_of(desk) == "PositionMismatch"
    assert [c.client_id for c in desk.questions(Cancel)] == [place.client_id]


def test_n_r6_a_failed_question_about_positions_is_not_flat() -> None:
    desk = Desk().begun_with("0.1")
    desk.wait(31)
    for asked in desk.questions(QueryPositions):
        desk.say_positions(asked.request, complete=False)
    desk.wait(5)
    assert not problem_of(desk)
    assert desk.durable.ledger(MARKET).position == to_units("0.1")


@pytest.mark.parametrize(("side", "bid", "ask"), [(BUY, "59990", "60010"), (SELL, "59980", "60010")])
def test_n_r7_a_resting_order_that_the_public_book_does_not_show_is_asked_about(side: int, bid: str, ask: str) -> None:
    """Stricter than a line in the log: one of the two lists is wrong, so the order itself is asked for."""
    desk = Desk(strategy=Wants(target("60000", side, post_only=False))).trading()
    place = desk.placed()[0]
    desk.accept(place)
    desk.strategy.wanted = None  # type: ignore[attr-defined]
    desk.calm(5.2)
    desk.book(bid, ask)
    desk.show(desk.report(place))
    assert [q.client_id for q in desk.questions(QueryOrder)] == [place.client_id]


def test_n_r7_a_resting_order_at_the_best_price_is_not_asked_about() -> None:
    desk, place = sent()
    desk.accept(place)
    desk.calm(5.2)
    desk.show(desk.report(place))
    assert not desk.questions(QueryOrder)


def test_n_c1_submitted_and_not_found_is_refused_after_two_noes_beyond_the_receive_window() -> None:
    """Stricter: one "not found" may only be too early."""
    desk, place = sent()
    desk.say(PlaceResult, client_id=place.client_id, outcome=UNKNOWN)
    answers(desk, place, NOT_FOUND, 7)
    assert desk.state(place) == ASKED
    answers(desk, place, NOT_FOUND, 3)
    assert desk.state(place) is None
    assert desk.moves(place)[-1][0] == REFUSED


def test_n_c2_accepted_and_not_found_is_unknown_and_locks_its_market() -> None:
    """Stricter: what the venue once acknowledged was not refused; after a minute of noes it is gone from history."""
    desk, place = sent()
    desk.accept(place)
    desk.calm(5.2)
    desk.show()
    answers(desk, place, NOT_FOUND, 1)
    assert desk.state(place) == ASKED
    desk.book()
    assert not desk.placed()
    answers(desk, place, NOT_FOUND, 61)
    assert desk.state(place) is None
    assert desk.moves(place)[-1] == (CANCELLED, "the venue does not know it any more")


@pytest.mark.parametrize(
    ("situation", "state"), [("n_c3", CANCELLED), ("n_c4", EXPIRED), ("n_c5", ORDER_REJECTED)], ids=str
)
def test_n_c3_n_c4_n_c5_accepted_and_ended_on_the_venue_ends_the_same_way(situation: str, state: int) -> None:
    desk, place = sent()
    desk.accept(place)
    desk.handle(desk.report(place, state, reason=situation))
    assert desk.state(place) is None
    assert desk.moves(place)[-1] == (state, situation)


def test_n_c6_nothing_is_ever_amended_a_replacement_waits_until_the_cancel_is_proven() -> None:
    """Stricter: there is no pending update; a changed quote is a cancel, then a new order once its place is free."""
    assert not [kind for kind in get_args(Command) if "mend" in kind.__name__ or "dit" in kind.__name__]
    desk, place = cancelling(target("59990", lots=3))
    answers(desk, place, NOT_FOUND, 5)
    assert desk.state(place) == PENDING_CANCEL
    assert not desk.placed()
    desk.handle(desk.report(place, CANCELLED))
    desk.book()
    assert [order.price_ticks for order in desk.placed()] == [599_900]


def test_n_c7_a_pending_cancel_that_is_not_found_stays_unresolved() -> None:
    desk, place = cancelling()
    desk.say(CancelResult, client_id=place.client_id, outcome=NOT_FOUND)
    answers(desk, place, NOT_FOUND, 30)
    assert desk.state(place) == PENDING_CANCEL
    assert desk.durable.orders[place.client_id].at_risk_lots == 3


def test_n_c8_partly_filled_and_cancelled_on_the_venue_keeps_its_fills() -> None:
    desk, place = sent()
    desk.accept(place)
    desk.handle(desk.fill(place, 1))
    desk.handle(desk.report(place, CANCELLED, filled=1))
    assert desk.state(place) is None
    assert desk.durable.ledger(MARKET).position == desk.market.lot


def test_n_c9_partly_filled_and_not_found_locks_its_market_until_the_rest_is_known() -> None:
    """Stricter: the rest may have filled, so executions are read and the order is asked for, for a minute."""
    desk, place = sent()
    desk.accept(place)
    desk.handle(desk.fill(place, 1))
    desk.calm(5.2)
    desk.show()
    answers(desk, place, NOT_FOUND, 1)
    assert desk.state(place) == ASKED
    assert desk.durable.orders[place.client_id].at_risk_lots == 2
    desk.answer(place, ACCEPTED, desk.report(place, FILLED, filled=3))
    desk.wait(1.5)
    assert desk.questions(QueryFills)
    desk.handle(desk.fill(place, 2, "t-2"))
    assert desk.state(place) is None
    assert desk.durable.ledger(MARKET).position == 3 * desk.market.lot


def test_guard_an_order_heard_of_since_the_question_is_not_asked_about() -> None:
    desk, place = sent()
    desk.accept(place)
    desk.calm(5.2)
    desk.handle(desk.report(place, PARTIALLY_FILLED, filled=1))
    desk.show()
    assert not desk.questions(QueryOrder)


def test_guard_an_order_heard_of_in_the_moment_of_the_question_is_not_asked_about() -> None:
    desk, place = sent()
    desk.accept(place)
    desk.calm(4)
    desk.wait(0.9)
    desk.at += SECOND // 10
    desk.handle(desk.report(place, PARTIALLY_FILLED, filled=1))
    desk.say(Timer)
    assert [one for one in desk.said if isinstance(one, QueryOpenOrders)]
    desk.show()
    assert not desk.questions(QueryOrder)


def test_guard_a_filled_order_that_is_not_found_stays_filled() -> None:
    desk, place = sent()
    desk.handle(desk.report(place, FILLED, filled=3))
    desk.answer(place, NOT_FOUND)
    assert desk.state(place) == FILLED
    desk.handle(desk.fill(place, 3))
    assert desk.state(place) is None


def cancelling(*wanted: Target) -> tuple[Desk, Place]:
    """An order whose cancel is on its way, and what is wanted instead."""
    desk, place = sent()
    desk.accept(place)
    desk.strategy.wanted = list(wanted)  # type: ignore[attr-defined]
    desk.book()
    assert [c.client_id for c in desk.questions(Cancel)] == [place.client_id]
    return desk, place

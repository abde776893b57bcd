"""Lost, late, doubled and contradicting answers about orders: the rows of the fault catalogue, one by one."""

import pytest

from deskbot.core.commands import Cancel, CancelForeign, Place, QueryOrder
from deskbot.core.events import ACCEPTED, NOT_FOUND, REJECTED, UNKNOWN, CancelResult, Event, PlaceResult
from deskbot.core.instrument import SELL
from deskbot.core.orders import CANCELLED, EXPIRED, FILLED, OPEN, PARTIALLY_FILLED, PENDING_CANCEL
from deskbot.core.orders import REJECTED as ORDER_REJECTED
from deskbot.core.orders import UNKNOWN as ORDER_UNKNOWN
from deskbot.core.records import Orphaned
from tests.core.desk import MARKET, SECOND, SPOT_MARKET, Desk, Wants, instrument, target


def sent() -> tuple[Desk, Place]:
    """An order on its way."""
    desk = Desk(strategy=Wants(target(lots=3))).trading()
    return desk, desk.placed()[0]


def in_doubt() -> tuple[Desk, Place]:
    """An order whose request got no answer; the market stays as it is from here on."""
    desk, place = sent()
    desk.say(PlaceResult, client_id=place.client_id, outcome=UNKNOWN, reason="no answer")
    return desk, place


def answer_all(desk: Desk, place: Place, outcome: str, seconds: float) -> None:
    """For some time, answer every question for the order the same way."""
    for _ in range(int(seconds * 10)):
        if desk.questions(QueryOrder):
            desk.answer(place, outcome)
        desk.wait(0.1)


def state(desk: Desk, place: Place) -> int | None:
    order = desk.durable.orders.get(place.client_id)
    return None if order is None else order.state


def test_f01_a_request_that_never_arrived_is_given_up_after_two_noes_and_never_sent_again() -> None:
    desk, place = in_doubt()
    answer_all(desk, place, NOT_FOUND, 7.5)
    assert state(desk, place) == ORDER_UNKNOWN, "the request may have been accepted at the end of its window"
    assert not desk.placed(), "no risk beside an unknown order"
    answer_all(desk, place, NOT_FOUND, 2)
    assert state(desk, place) is None
    desk.book()
    assert place.client_id not in {again.client_id for again in desk.placed()}


@pytest.mark.parametrize("outcome", [UNKNOWN, ACCEPTED])
def test_f02_f03_f04_an_answer_without_proof_is_resolved_by_asking(outcome: str) -> None:
    desk, place = sent()
    desk.say(PlaceResult, client_id=place.client_id, outcome=outcome, venue_id="")
    assert state(desk, place) == ORDER_UNKNOWN
    assert [q.client_id for q in desk.questions(QueryOrder)] == [place.client_id]
    desk.answer(place, ACCEPTED, desk.report(place))
    assert state(desk, place) == OPEN
    desk.book()
    assert not desk.placed(), "it is adopted, not doubled"


def test_f05_an_order_that_filled_before_the_question_is_booked_and_gone() -> None:
    desk, place = in_doubt()
    desk.answer(place, ACCEPTED, desk.report(place, FILLED, filled=3))
    assert state(desk, place) == FILLED, "it waits for its executions"
    desk.handle(desk.fill(place, 3))
    assert state(desk, place) is None
    assert desk.durable.ledger(MARKET).position == 3 * desk.market.lot


def test_f06_an_order_that_appears_late_is_adopted() -> None:
    desk, place = in_doubt()
    answer_all(desk, place, NOT_FOUND, 7)
    desk.questions(QueryOrder)
    desk.book()
    desk.answer(place, ACCEPTED, desk.report(place))
    assert state(desk, place) == OPEN
    assert not desk.durable.orders[place.client_id].missing_since


def test_a_no_that_was_asked_for_before_the_request_was_void_proves_nothing() -> None:
    desk, place = in_doubt()
    answer_all(desk, place, NOT_FOUND, 4.9)
    desk.questions(QueryOrder)
    desk.wait(5)  # a question asked inside the receive window, answered long after it
    desk.answer(place, NOT_FOUND)
    assert state(desk, place) == ORDER_UNKNOWN


def test_the_receive_window_of_a_request_that_waited_in_the_shell_begins_with_its_outcome() -> None:
    desk, place = sent()
    desk.wait(7)  # the request may have been signed at the end of this
    desk.say(PlaceResult, client_id=place.client_id, outcome=UNKNOWN)
    answer_all(desk, place, NOT_FOUND, 7.5)
    assert state(desk, place) == ORDER_UNKNOWN
    answer_all(desk, place, NOT_FOUND, 2)
    assert state(desk, place) is None


def test_a_no_that_is_older_than_what_the_stream_said_changes_nothing() -> None:
    desk, place = in_doubt()
    desk.wait(0.2)
    desk.handle(desk.report(place))
    assert state(desk, place) == OPEN
    desk.answer(place, NOT_FOUND)
    assert state(desk, place) == OPEN


def test_f08_the_acknowledgement_after_the_doubt_is_taken() -> None:
    desk, place = in_doubt()
    desk.accept(place)
    assert state(desk, place) == OPEN


@pytest.mark.parametrize("begin", [sent, in_doubt])
def test_a_definite_no_ends_the_order_in_doubt_or_not(begin: object) -> None:
    desk, place = begin()  # type: ignore[operator]
    desk.say(PlaceResult, client_id=place.client_id, outcome=REJECTED, reason="funds")
    assert state(desk, place) is None


def test_a_definite_no_about_an_order_the_venue_has_shown_is_not_believed() -> None:
    desk, place = sent()
    desk.handle(desk.report(place))
    desk.say(PlaceResult, client_id=place.client_id, outcome=REJECTED, reason="duplicate")
    assert state(desk, place) == OPEN


def cancelling() -> tuple[Desk, Place]:
    """An order whose cancel is on its way."""
    desk, place = sent()
    desk.accept(place)
    desk.strategy.wanted = []  # type: ignore[attr-defined]
    desk.book()
    assert [c.client_id for c in desk.questions(Cancel)] == [place.client_id]
    return desk, place


@pytest.mark.parametrize("outcome", [UNKNOWN, REJECTED, NOT_FOUND])
def test_f10_f12_a_cancel_is_never_read_as_done_before_the_venue_shows_it(outcome: str) -> None:
    desk, place = cancelling()
    desk.say(CancelResult, client_id=place.client_id, outcome=outcome)
    assert state(desk, place) == PENDING_CANCEL
    assert desk.durable.orders[place.client_id].at_risk_lots == 3, "it still counts"
    assert [q.client_id for q in desk.questions(QueryOrder)] == [place.client_id]
    desk.answer(place, ACCEPTED, desk.report(place, FILLED, filled=3))
    desk.handle(desk.fill(place, 3))
    assert desk.durable.ledger(MARKET).position == 3 * desk.market.lot


def test_f10_a_cancel_that_got_lost_is_asked_for_again() -> None:
    desk, place = cancelling()
    desk.wait(2.5)
    assert [c.client_id for c in desk.questions(Cancel)] == [place.client_id]


@pytest.mark.parametrize("fill_first", [True, False])
def test_f11_a_cancel_that_races_a_partial_fill_ends_exact(fill_first: bool) -> None:
    desk, place = cancelling()
    events: list[Event] = [desk.fill(place, 1), desk.report(place, CANCELLED, filled=1)]
    for event in events if fill_first else reversed(events):
        desk.handle(event)
    assert state(desk, place) is None
    assert desk.durable.ledger(MARKET).position == desk.market.lot


def test_f14_a_fill_before_the_acknowledgement_is_booked_once() -> None:
    desk, place = sent()
    desk.handle(desk.fill(place, 1))
    assert state(desk, place) == PARTIALLY_FILLED
    desk.accept(place)
    desk.handle(desk.report(place))
    assert state(desk, place) == PARTIALLY_FILLED
    assert desk.durable.orders[place.client_id].booked_lots == 1


def test_f14_an_order_that_filled_entirely_before_the_acknowledgement_stays_gone() -> None:
    desk, place = sent()
    desk.handle(desk.fill(place, 3))
    desk.accept(place)
    assert state(desk, place) is None


def test_f15_the_same_fill_by_stream_question_and_replay_is_booked_once() -> None:
    desk, place = sent()
    desk.accept(place)
    for _ in range(3):
        desk.handle(desk.fill(place, 1))
    again = Desk(prior=desk.records)
    again.control()
    again.venue()
    again.reconcile(fills=[desk.fill(place, 1)], position="0.001", orders=[desk.report(place, filled=1)])
    assert again.durable.ledger(MARKET).fills == 1
    assert again.durable.ledger(MARKET).position == desk.market.lot


def test_an_execution_older_than_the_remembered_ones_counts_as_booked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("deskbot.core.durable.REMEMBERED_TRADES", 3)
    desk = Desk(strategy=Wants(target(lots=4))).trading()
    place = desk.placed()[0]
    fills = [desk.fill(place, 1, f"t-{n}", venue_ms=1000 + n) for n in range(4)]
    for fill in (*fills, *fills):
        desk.handle(fill)
    assert desk.durable.fills == 4


def test_a_late_report_of_an_order_that_has_ended_leads_to_a_cancel_and_never_to_silence() -> None:
    desk, place = in_doubt()
    answer_all(desk, place, NOT_FOUND, 10)
    assert state(desk, place) is None
    desk.handle(desk.report(place))
    desk.handle(desk.report(place))
    assert [c.venue_id for c in desk.questions(CancelForeign)] == [f"v-{place.client_id[-4:]}"]
    assert not [record for record in desk.records if isinstance(record, Orphaned)], "this journal made it"
    desk.handle(desk.fill(place, 2))
    assert desk.durable.ledger(MARKET).position == 2 * desk.market.lot, "what it filled is ours all the same"


@pytest.mark.parametrize("begin", [sent, cancelling])
def test_an_acknowledged_order_that_the_venue_has_forgotten_does_not_lock_the_market_for_ever(begin: object) -> None:
    desk, place = begin()  # type: ignore[operator]
    desk.accept(place)
    desk.say(CancelResult, client_id=place.client_id, outcome=NOT_FOUND)
    answer_all(desk, place, NOT_FOUND, 30)
    assert state(desk, place) in (ORDER_UNKNOWN, PENDING_CANCEL)
    answer_all(desk, place, NOT_FOUND, 40)
    assert state(desk, place) is None


def test_reports_in_the_wrong_order_do_not_raise_the_dead() -> None:
    desk, place = sent()
    desk.handle(desk.report(place, PARTIALLY_FILLED, filled=2))
    desk.handle(desk.report(place, CANCELLED, filled=2))
    for late in (OPEN, PARTIALLY_FILLED, EXPIRED):
        desk.handle(desk.report(place, late, filled=1))
    assert state(desk, place) == CANCELLED
    assert desk.durable.orders[place.client_id].filled_lots == 2


def test_filled_without_a_count_means_all_of_it() -> None:
    desk, place = sent()
    desk.handle(desk.report(place, FILLED, filled=0))
    assert desk.durable.orders[place.client_id].unbooked_lots == 3


def test_a_partly_filled_order_that_the_venue_calls_rejected_is_over() -> None:
    desk, place = sent()
    desk.handle(desk.fill(place, 1))
    desk.handle(desk.report(place, ORDER_REJECTED, filled=1))
    assert state(desk, place) is None


def test_a_fee_in_the_base_coin_makes_a_spot_buy_smaller_and_leaves_a_contract_alone() -> None:
    for market, expected in ((SPOT_MARKET, "0.000999"), (MARKET, "0.001")):
        desk = Desk(strategy=Wants(target(lots=3)), market=instrument(market)).trading()
        place = desk.placed()[0]
        desk.handle(desk.fill(place, 1, fee=10**12, fee_asset="BTC"))
        assert str(desk.durable.ledger(market).position / 10**18) == expected


def test_a_fill_on_a_market_that_left_the_spec_is_said_and_booked_when_it_returns() -> None:
    desk, place = sent()
    desk.accept(place)
    other = Desk(prior=desk.records, market=instrument("ETH/USDT:USDT", base="ETH"))
    other.control()
    other.venue()
    other.handle(desk.fill(place, 1))
    assert other.word == "Stalled"
    assert "put it back" in other.engine.summary().problem[1]  # type: ignore[index]
    other.market = desk.market
    other.control(markets=(MARKET,))
    other.venue()
    other.reconcile(position="0.001", fills=[desk.fill(place, 1)])
    assert other.durable.ledger(MARKET).fills == 1


def test_orders_of_other_sides_and_levels_do_not_block_each_other() -> None:
    desk = Desk(strategy=Wants(target(), target("60000.1", SELL), target("59990", level=1))).trading()
    assert [(p.side, p.price_ticks) for p in desk.placed()] == [(1, 600_000), (SELL, 600_001), (1, 599_900)]


def test_a_clock_that_was_set_back_does_not_make_an_old_order_wait_for_it() -> None:
    first, place = sent()
    desk = Desk(prior=first.records, at=first.at - 3600 * SECOND)
    desk.control()
    desk.venue()
    answer_all(desk, place, NOT_FOUND, 10)
    assert state(desk, place) is None


def test_a_suspended_process_asks_again_when_it_wakes_up() -> None:
    desk, place = in_doubt()
    desk.questions(QueryOrder)
    desk.wait(600, step=600)
    assert [q.client_id for q in desk.questions(QueryOrder)] == [place.client_id]

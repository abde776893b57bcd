"""How long an order in doubt is asked about, which word of the venue leads where, and what exactly is written down."""

from typing import Any

import pytest

from deskbot.core.commands import Cancel, CancelForeign, Place, QueryFills, QueryOrder
from deskbot.core.events import (
    ACCEPTED,
    LIQUIDATION,
    NOT_FOUND,
    UNKNOWN,
    CancelResult,
    FillsAnswer,
    Funding,
    PlaceResult,
)
from deskbot.core.instrument import SELL
from deskbot.core.money import to_units
from deskbot.core.orders import (
    CANCELLED,
    EXPIRED,
    FILLED,
    OPEN,
    PARTIALLY_FILLED,
    PENDING_CANCEL,
    REJECTED,
    SENT,
    STATE_NAMES,
)
from deskbot.core.orders import UNKNOWN as ORDER_UNKNOWN
from deskbot.core.records import CancelAsked, FillCorrected, Filled, Funded, OrderMoved, Orphaned, named
from tests.core.desk import BEGUN_MS, EPOCH_MS, MARKET, SECOND, SPOT_MARKET, Desk, Wants, instrument, sent, target


def noes(desk: Desk, place: Place, seconds: float, step: float = 0.5) -> list[float]:
    """Answer every question for the order with "not found", at once; when it was asked for, in seconds from now."""
    begun, asked = desk.at, []
    for _ in range(int(seconds / step)):
        if desk.questions(QueryOrder):
            asked.append((desk.at - begun) / SECOND)
            desk.answer(place, NOT_FOUND)
        desk.wait(step, step)
    return asked


def moves(desk: Desk, place: Place, begun: int) -> list[tuple[object, ...]]:
    """What the journal says happened to an order from a moment on, in seconds since then."""
    found = [r for r in desk.records if isinstance(r, OrderMoved) and r.client_id == place.client_id and r.at >= begun]
    return [((r.at - begun) / SECOND, r.state, r.venue_id, r.filled_lots, r.reason) for r in found]


def evidence(desk: Desk) -> str:
    """What the bot was halted for."""
    words: str = desk.durable.latch.evidence
    return words.partition(" (while")[0]


def resting() -> tuple[Desk, Place]:
    desk, place = sent()
    desk.accept(place, "v-1")
    desk.strategy.wanted = None  # type: ignore[attr-defined]
    return desk, place


def cancelling() -> tuple[Desk, Place]:
    desk, place = resting()
    desk.strategy.wanted = []  # type: ignore[attr-defined]
    desk.book()
    return desk, place


# how long


def test_an_order_that_nothing_is_known_of_ends_three_seconds_after_the_first_no_that_counts() -> None:
    """The first no that counts was asked for five seconds after the request may have been signed."""
    desk, place = sent()
    desk.say(PlaceResult, client_id=place.client_id, outcome=UNKNOWN, reason="timeout")
    begun = desk.at
    assert noes(desk, place, 9) == [0.5 * n for n in range(17)]
    assert moves(desk, place, begun) == [
        (0.0, ORDER_UNKNOWN, "", 0, "timeout"),
        (8.0, REJECTED, "", 0, "never reached the venue"),
    ]


def test_an_order_that_was_acknowledged_is_given_up_a_minute_after_the_first_no() -> None:
    desk, place = resting()
    desk.wait(5, 0.5)
    begun = desk.at
    desk.show()
    noes(desk, place, 62)
    assert moves(desk, place, begun) == [
        (0.0, ORDER_UNKNOWN, "v-1", 0, "the venue does not find it"),
        (60.0, CANCELLED, "v-1", 0, "the venue does not know it any more"),
    ]


def test_a_cancel_is_repeated_when_more_than_two_seconds_have_passed_with_a_question_beside_it() -> None:
    desk, place = cancelling()
    assert desk.questions(Cancel) == [Cancel(place.client_id, "v-1", MARKET, False)]
    assert not [one for one in desk.wait(2.0) if isinstance(one, Cancel | QueryOrder)]
    said = [one for one in desk.wait(0.1) if isinstance(one, Cancel | QueryOrder)]
    assert said == [Cancel(place.client_id, "v-1", MARKET, False), QueryOrder(place.client_id, MARKET, False)]
    asked = [record for record in desk.records if isinstance(record, CancelAsked)]
    assert [(record.client_id, desk.at - record.at) for record in asked] == [
        (place.client_id, 2 * SECOND + SECOND // 10),
        (place.client_id, 0),
    ]


def test_a_question_without_an_answer_is_asked_again_after_ten_seconds_and_not_before() -> None:
    desk, place = sent()
    desk.say(PlaceResult, client_id=place.client_id, outcome=UNKNOWN)
    assert desk.questions(QueryOrder) == [QueryOrder(place.client_id, MARKET, False)]
    desk.say(CancelResult, client_id=place.client_id, outcome=UNKNOWN)
    assert not [one for one in desk.wait(9.9) if isinstance(one, QueryOrder)]
    desk.say(CancelResult, client_id=place.client_id, outcome=UNKNOWN)
    assert not desk.questions(QueryOrder)
    desk.at += SECOND // 10
    desk.say(CancelResult, client_id=place.client_id, outcome=UNKNOWN)
    assert len(desk.questions(QueryOrder)) == 1


def test_an_answered_question_is_asked_again_after_half_a_second() -> None:
    desk, place = sent()
    desk.say(PlaceResult, client_id=place.client_id, outcome=UNKNOWN)
    desk.questions(QueryOrder)
    desk.answer(place, UNKNOWN)
    assert not [one for one in desk.wait(0.4) if isinstance(one, QueryOrder)]
    assert len([one for one in desk.wait(0.1) if isinstance(one, QueryOrder)]) == 1


def test_a_request_without_an_answer_is_in_doubt_when_more_than_thirty_seconds_have_passed() -> None:
    desk, place = sent()
    desk.wait(30, 1)
    assert desk.state(place) == SENT
    desk.wait(0.1)
    assert desk.moves(place) == [(ORDER_UNKNOWN, "no answer")]


def test_an_orphan_is_cancelled_again_when_it_is_still_shown_after_two_seconds() -> None:
    desk = Desk().trading()
    old = desk.foreign("o-1", client_id=desk.ids.bot + "00000000100000001", trigger=True)
    for waited, cancelled in ((0.0, 1), (1.9, 0), (0.1, 1), (1.9, 0), (0.2, 1)):
        desk.wait(waited, 0.1)
        desk.questions(CancelForeign)
        desk.handle(old)
        expected = [CancelForeign("o-1", MARKET, True)] * cancelled
        assert [one for one in desk.out if isinstance(one, CancelForeign)] == expected
    found = [record for record in desk.records if isinstance(record, Orphaned)]
    assert [(r.market, r.client_id, r.venue_id) for r in found] == [(MARKET, old.client_id, "o-1")], "noted once"


def test_a_no_that_was_asked_for_in_the_moment_of_the_last_word_counts() -> None:
    desk, place = cancelling()
    desk.wait(0.5)
    desk.handle(desk.report(place, venue_id="v-1"))
    desk.say(CancelResult, client_id=place.client_id, outcome=UNKNOWN)
    desk.answer(place, NOT_FOUND)
    assert desk.durable.orders[place.client_id].missing_since == desk.at
    desk.wait(0.5)
    desk.answer(place, NOT_FOUND)
    assert desk.durable.orders[place.client_id].missing_since == desk.at - SECOND // 2, "since the first of them"
    desk.handle(desk.report(place, venue_id="v-1"))
    assert desk.durable.orders[place.client_id].missing_since == 0


# which word leads where


def in_state(before: int) -> tuple[Desk, Place]:
    """An order of three lots that the venue knows as v-1, in a state."""
    desk, place = cancelling() if before == PENDING_CANCEL else sent()
    if before not in (SENT, PENDING_CANCEL):
        desk.accept(place, "v-1")
    if before == PARTIALLY_FILLED:
        desk.handle(desk.report(place, PARTIALLY_FILLED, filled=1, venue_id="v-1"))
    if before == ORDER_UNKNOWN:
        desk.say(CancelResult, client_id=place.client_id, outcome=UNKNOWN)
        desk.wait(0.1)
        desk.answer(place, NOT_FOUND)
    if before >= FILLED:
        desk.handle(desk.report(place, before, filled=2, venue_id="v-1"))
    assert desk.state(place) == before
    return desk, place


ENDS = {end: end for end in (FILLED, CANCELLED, EXPIRED, REJECTED)}
WORDS = {
    SENT: {OPEN: OPEN, PARTIALLY_FILLED: PARTIALLY_FILLED, PENDING_CANCEL: PENDING_CANCEL, **ENDS},
    OPEN: {OPEN: OPEN, PARTIALLY_FILLED: PARTIALLY_FILLED, PENDING_CANCEL: PENDING_CANCEL, **ENDS},
    PARTIALLY_FILLED: {
        OPEN: PARTIALLY_FILLED,
        PARTIALLY_FILLED: PARTIALLY_FILLED,
        PENDING_CANCEL: PENDING_CANCEL,
        **ENDS,
        REJECTED: CANCELLED,
    },
    PENDING_CANCEL: {OPEN: PENDING_CANCEL, PARTIALLY_FILLED: PENDING_CANCEL, PENDING_CANCEL: PENDING_CANCEL, **ENDS},
    ORDER_UNKNOWN: {OPEN: OPEN, PARTIALLY_FILLED: PARTIALLY_FILLED, PENDING_CANCEL: PENDING_CANCEL, **ENDS},
    FILLED: dict.fromkeys((OPEN, PARTIALLY_FILLED, PENDING_CANCEL, *ENDS), FILLED),
    CANCELLED: dict.fromkeys((OPEN, PARTIALLY_FILLED, PENDING_CANCEL, *ENDS), CANCELLED),
}


@pytest.mark.parametrize("before", WORDS, ids=STATE_NAMES.__getitem__)
def test_each_word_of_the_venue_leads_from_each_state_to_one(before: int) -> None:
    for said, after in WORDS[before].items():
        desk, place = in_state(before)
        filled = 1 if said in (PARTIALLY_FILLED, *ENDS) else 0
        desk.handle(desk.report(place, said, filled=filled, venue_id="v-1"))
        assert desk.state(place) == after, STATE_NAMES[said]


def test_open_and_partly_filled_is_partly_filled() -> None:
    desk, place = in_state(OPEN)
    desk.handle(desk.report(place, OPEN, filled=1, venue_id="v-1"))
    assert desk.moves(place)[-1] == (PARTIALLY_FILLED, "")


def test_the_same_word_again_makes_no_record_and_counts_as_heard() -> None:
    desk, place = in_state(PARTIALLY_FILLED)
    desk.wait(0.1)
    before = len(desk.records)
    for venue_id in ("v-1", ""):
        desk.handle(desk.report(place, PARTIALLY_FILLED, filled=1, venue_id=venue_id))
    assert len(desk.records) == before
    assert desk.durable.orders[place.client_id].updated_at == desk.at
    desk.handle(desk.report(place, PARTIALLY_FILLED, filled=2, venue_id="", reason="more"))
    (moved,) = desk.records[before:]
    assert named(moved) == named(OrderMoved(desk.at, place.client_id, PARTIALLY_FILLED, "v-1", 2, "more"))


def test_an_id_of_the_venues_that_was_not_known_yet_is_noted() -> None:
    desk, place = sent()
    desk.handle(desk.fill(place, 1))
    before = len(desk.records)
    desk.accept(place, "v-7")
    (moved,) = desk.records[before:]
    assert named(moved) == named(OrderMoved(desk.at, place.client_id, PARTIALLY_FILLED, "v-7", 1, ""))


def test_answers_about_orders_that_are_over_or_never_were_change_nothing() -> None:
    desk = Desk().trading()
    before = len(desk.records)
    for client_id in ("", desk.ids.journal + "0000zzzz"):
        desk.say(PlaceResult, client_id=client_id, outcome=UNKNOWN)
        desk.say(CancelResult, client_id=client_id, outcome=UNKNOWN)
        desk.handle(desk.report(desk.foreign(client_id=client_id), FILLED))
    assert len(desk.records) == before
    assert not desk.questions(QueryOrder)


def test_an_acknowledged_cancel_is_waited_for_without_a_question() -> None:
    desk, place = cancelling()
    desk.say(CancelResult, client_id=place.client_id, outcome=ACCEPTED)
    assert not desk.questions(QueryOrder)


# what is written down


def test_an_execution_is_written_down_with_everything_the_venue_said() -> None:
    desk, place = resting()
    fill = desk.fill(place, 2, "t-9", fee=7, fee_asset="BNB", maker=False, venue_ms=EPOCH_MS + 77, sequence=5)
    desk.handle(fill)
    (booked,) = [record for record in desk.records if isinstance(record, Filled)]
    assert named(booked) == {
        "at": desk.at, "market": MARKET, "trade_id": "t-9", "client_id": place.client_id, "side": place.side,
        "price": to_units(60_000), "amount": to_units("0.002"), "lots": 2, "fee": 7, "fee_asset": "BNB",
        "fee_in_base": False, "maker": False, "venue_ms": EPOCH_MS + 77, "sequence": 5, "kind": "",
    }  # fmt: skip


def test_an_execution_off_the_grid_is_written_down_exactly_and_a_forced_one_is_said() -> None:
    desk = Desk().begun_with("0.1")
    forced = desk.fill(
        desk.foreign(side=SELL), 3, "b-1", kind=LIQUIDATION, price=to_units("59000.05"), amount=to_units("0.0025")
    )
    desk.handle(forced)
    (booked,) = [record for record in desk.records if isinstance(record, Filled)]
    assert (booked.price, booked.amount, booked.lots) == (to_units("59000.05"), to_units("0.0025"), 3)
    assert (booked.kind, booked.sequence) == (LIQUIDATION, 0)
    words = f"BTC/USDT:USDT: the venue itself moved the position by -3 lots at {forced.ticks} ticks"
    assert desk.engine.summary().notices == [(LIQUIDATION, words)]
    assert "forced BTC/USDT:USDT" in desk.engine._state.notices


def test_a_correction_is_written_down_with_the_new_price_and_fee() -> None:
    desk, place = resting()
    desk.handle(desk.fill(place, 2))
    desk.wait(61, 1)
    listed = desk.fill(place, 2, ticks=600_005, fee=9, fee_asset="BTC")
    for asked in desk.questions(QueryFills):
        desk.say(FillsAnswer, request=asked.request, market=MARKET, complete=True, fills=[listed])
    (corrected,) = [record for record in desk.records if isinstance(record, FillCorrected)]
    expected = FillCorrected(desk.at, MARKET, "t-1", to_units("60000.5"), 9, "BTC", fee_in_base=False)
    assert named(corrected) == named(expected)


@pytest.mark.parametrize("change", [{"fee": 9}, {"fee_asset": "BNB"}, {"ticks": 600_001}, {"price": 5}])
def test_any_difference_of_price_or_fee_alone_is_a_correction(change: dict[str, Any]) -> None:
    desk, place = resting()
    desk.handle(desk.fill(place, 2))
    desk.wait(61, 1)
    for asked in desk.questions(QueryFills):
        listed = [desk.fill(place, 2, **change)]
        desk.say(FillsAnswer, request=asked.request, market=MARKET, complete=True, fills=listed)
    assert desk.engine.summary().corrections == 1


@pytest.mark.parametrize("change", [{"side": SELL}, {"lots": 1}, {"amount": 5}])
def test_an_execution_that_is_listed_with_another_side_or_amount_halts(change: dict[str, Any]) -> None:
    desk, place = resting()
    desk.may_fail = True
    desk.handle(desk.fill(place, 2))
    desk.wait(61, 1)
    for asked in desk.questions(QueryFills):
        listed = [desk.fill(place, **({"lots": 2} | change))]
        desk.say(FillsAnswer, request=asked.request, market=MARKET, complete=True, fills=listed)
    assert evidence(desk) == "I2: the venue lists execution t-1 with another side or amount than was booked"


def test_an_order_that_is_two_on_the_venue_halts_with_both_ids() -> None:
    desk, place = resting()
    desk.may_fail = True
    desk.handle(desk.report(place, venue_id="v-2"))
    assert evidence(desk) == f"I1: {place.client_id} is two orders on the venue, v-1 and v-2"


@pytest.mark.parametrize(("lots", "halted"), [(3, False), (4, True)])
def test_an_execution_of_more_than_was_ordered_halts(lots: int, halted: bool) -> None:
    desk, place = resting()
    desk.may_fail = halted
    desk.handle(desk.fill(place, lots))
    assert (desk.durable.latch is not None) == halted
    if halted:
        assert evidence(desk) == f"I2: execution t-1 fills {place.client_id} beyond the 3 lots ordered"
    assert desk.durable.ledger(MARKET).fills == 1, "money has moved"


def test_a_market_that_is_not_listed_is_named_with_what_would_help() -> None:
    desk = Desk().trading()
    stranger = desk.fill(desk.foreign(client_id=desk.ids.journal + "00000009", market="X/Y"), 1)
    desk.handle(stranger)
    assert desk.engine.summary().problem == (
        "MarketUnknown",
        "spec.markets: X/Y has executions of this bot and is not among them; put it back",
    )
    assert "X/Y" in desk.engine._state.problems


def test_a_funding_payment_is_written_down_whole_from_the_first_moment_of_the_journal_on() -> None:
    desk = Desk().trading()
    desk.handle(Funding(desk.at, MARKET, "f-0", -7, "USDT", BEGUN_MS - 1))
    desk.handle(Funding(desk.at, MARKET, "f-1", -7, "USDT", BEGUN_MS))
    (paid,) = [record for record in desk.records if isinstance(record, Funded)]
    assert named(paid) == named(Funded(desk.at, MARKET, "f-1", -7, "USDT", BEGUN_MS))


@pytest.mark.parametrize(("before_ms", "booked"), [(3001, 0), (3000, 1)])
def test_what_an_earlier_journal_ordered_counts_from_where_the_first_positions_may_not_show_it(
    before_ms: int, booked: int
) -> None:
    desk = Desk()
    desk.opening()
    earlier = desk.foreign(client_id=desk.ids.bot + "00000000100000001")
    desk.handle(desk.fill(earlier, 1, venue_ms=BEGUN_MS - before_ms))
    assert desk.durable.ledger(MARKET).fills == booked


@pytest.mark.parametrize(("before_ms", "booked"), [(1, 0), (0, 1)])
def test_on_spot_where_no_position_is_begun_with_it_counts_from_the_first_moment(before_ms: int, booked: int) -> None:
    desk = Desk(market=instrument(SPOT_MARKET))
    desk.opening()
    earlier = desk.foreign(client_id=desk.ids.bot + "00000000100000001", market=SPOT_MARKET)
    desk.handle(desk.fill(earlier, 1, venue_ms=BEGUN_MS - before_ms))
    assert desk.durable.ledger(SPOT_MARKET).fills == booked


def test_two_orders_in_doubt_are_each_asked_about() -> None:
    desk = Desk(strategy=Wants(target(), target("59990", level=1))).trading()
    places = desk.placed()
    for place in places:
        desk.say(PlaceResult, client_id=place.client_id, outcome=UNKNOWN)
    assert [one.client_id for one in desk.questions(QueryOrder)] == [place.client_id for place in places]


def test_while_a_halt_sweeps_questions_and_cancels_pass_every_queue() -> None:
    desk = Desk(strategy=Wants(target(), target("59990", level=1))).trading()
    lost, resting = desk.placed()
    desk.accept(resting)
    desk.say(PlaceResult, client_id=lost.client_id, outcome=UNKNOWN)
    desk.answer(lost, UNKNOWN)
    desk.said.clear()
    desk.control(halted=True)
    for _ in range(50):
        desk.wait(0.1)
        desk.answer(lost, UNKNOWN)
    said = [one for one in desk.said if isinstance(one, Cancel | QueryOrder)]
    assert {(type(one), one.client_id) for one in said} == {(QueryOrder, lost.client_id), (Cancel, resting.client_id)}
    assert all(one.emergency for one in said)


def test_what_others_executed_is_neither_booked_nor_counted_as_missed() -> None:
    desk = Desk().trading()
    desk.wait(61, 1)
    of_a_stranger = desk.fill(desk.foreign(client_id="web-1"), 1, "t-1")
    unlisted = desk.fill(desk.foreign(client_id=desk.ids.journal + "00000009", market="X/Y"), 1, "t-2")
    for asked in desk.questions(QueryFills):
        listed = [of_a_stranger, unlisted]
        desk.say(FillsAnswer, request=asked.request, market=MARKET, complete=True, fills=listed)
    assert desk.durable.ledger(MARKET).fills == 0
    assert desk.engine.summary().missed_fills == 0


def test_what_waited_for_an_acknowledgement_is_done_with_it_and_not_at_the_next_timer() -> None:
    desk = Desk(strategy=Wants(target("59990"))).trading()
    (first,) = desk.placed()
    desk.accept(first)
    desk.handle(desk.report(first, CANCELLED))
    (place,) = desk.placed()  # decided when the first one ended, the last moment at which the strategy was asked
    desk.strategy.wanted = [target("59980")]  # type: ignore[attr-defined]
    desk.book("59998", "59999")
    assert not desk.questions(Cancel), "nothing is cancelled that the venue has not acknowledged"
    desk.accept(place)
    assert [command.client_id for command in desk.questions(Cancel)] == [place.client_id]

"""Halts and stops with orders on a market that the venue names no more: proven by lists of the whole account."""

import pytest

from deskbot.core.commands import Cancel, CancelAll, Place, QueryOrder, Stopped
from deskbot.core.events import (
    REJECTED,
    UNKNOWN,
    CancelAllResult,
    CancelResult,
    OrderAnswer,
    PlaceResult,
    Problem,
    StopRequested,
    VenueAskable,
)
from deskbot.core.orders import CANCELLED, OPEN
from tests.core.desk import MARKET, SECOND, Desk
from tests.core.test_closed_markets import OTHER, closes, desk_of_two, trading


def with_orders(*, doubtful: bool) -> tuple[Desk, Place]:
    """An order rests, or is in doubt, on a market that the venue does not list any more; the other one ended."""
    desk = trading(desk_of_two())
    ours, theirs = desk.placed()
    for strategy in desk.settings["strategies"].values():
        strategy.wanted = None
    if doubtful:
        desk.say(PlaceResult, client_id=theirs.client_id, outcome=UNKNOWN)
    else:
        desk.accept(theirs)
    desk.say(PlaceResult, client_id=ours.client_id, outcome=REJECTED)
    closes(desk)
    return desk, theirs


def nameless(desk: Desk, seconds: float, *shown: Place, list_is_whole: bool = True) -> None:
    """Whatever is asked or told about the market by its name is an error; lists of the account are answered."""
    for _ in range(int(seconds * 10)):
        for asked in desk.questions(QueryOrder):
            desk.say(OrderAnswer, client_id=asked.client_id, outcome=UNKNOWN, reason="no such symbol")
        for cancelled in desk.questions(Cancel):
            desk.say(CancelResult, client_id=cancelled.client_id, outcome=REJECTED, reason="no such symbol")
        for everything in desk.questions(CancelAll):
            desk.say(CancelAllResult, request=everything.request, outcome=REJECTED, reason="no such symbol")
        desk.show(*(desk.report(place, OPEN) for place in shown), complete=list_is_whole)
        desk.wait(0.1)


both = pytest.mark.parametrize("doubtful", [False, True], ids=["resting", "in doubt"])


@both
def test_a_halt_is_proven_though_the_venue_answers_nothing_about_the_market(doubtful: bool) -> None:
    desk, place = with_orders(doubtful=doubtful)
    desk.control(halted=True)
    nameless(desk, 12)
    assert desk.word == "Halted"
    assert desk.live == []
    assert desk.moves(place)[-1] == (CANCELLED, "its market is closed and the venue's list does not show it")


@both
def test_a_stop_is_proven_in_its_time(doubtful: bool) -> None:
    desk, _ = with_orders(doubtful=doubtful)
    nameless(desk, 6)
    desk.say(StopRequested, reason="SIGTERM")
    nameless(desk, 5)
    (stopped,) = desk.questions(Stopped)
    assert stopped.confirmed


@both
def test_an_order_that_the_list_shows_is_not_given_up(doubtful: bool) -> None:
    desk, place = with_orders(doubtful=doubtful)
    desk.control(halted=True)
    nameless(desk, 20, place)
    assert (desk.word, len(desk.live)) == ("Halting", 1)


@both
def test_a_list_that_is_not_whole_proves_nothing(doubtful: bool) -> None:
    desk, _ = with_orders(doubtful=doubtful)
    desk.control(halted=True)
    nameless(desk, 20, list_is_whole=False)
    assert (desk.word, len(desk.live)) == ("Halting", 1)


def test_two_lists_count_only_a_visibility_delay_apart() -> None:
    desk, _ = with_orders(doubtful=False)
    desk.say(StopRequested, reason="SIGTERM")
    nameless(desk, 2.9)
    assert len(desk.live) == 1
    nameless(desk, 0.4)
    assert desk.live == []


def test_an_order_in_doubt_may_still_be_on_its_way_until_its_request_is_void() -> None:
    desk, _ = with_orders(doubtful=True)
    desk.control(halted=True)
    begun = desk.at
    for _ in range(200):
        if desk.live:
            nameless(desk, 0.1)
    assert 8 * SECOND <= desk.at - begun <= 9 * SECOND, "five until it is void, three between two lists"


def test_an_order_in_doubt_on_an_open_market_is_waited_for_by_name() -> None:
    desk = trading(desk_of_two())
    ours, theirs = desk.placed()
    desk.accept(theirs)
    desk.say(PlaceResult, client_id=ours.client_id, outcome=UNKNOWN)
    closes(desk)
    desk.control(halted=True)
    nameless(desk, 20)
    assert desk.word == "Halting"
    assert {order.market for order in desk.live} == {MARKET, OTHER}


@both
def test_a_halt_is_proven_on_a_venue_that_lists_no_market_of_the_bot_any_more(doubtful: bool) -> None:
    first, place = with_orders(doubtful=doubtful)
    desk = Desk(first.records, first.at + SECOND)
    desk.settings["markets"] = (OTHER,)
    desk.settings["strategies"] = {}
    desk.control(halted=True)
    desk.say(VenueAskable)
    desk.say(Problem, key="venue", reason="MarketUnknown", message=f"the venue lists no market {OTHER}")
    nameless(desk, 12)
    assert (desk.word, desk.live) == ("Halted", [])
    assert desk.moves(place)[-1][0] == CANCELLED


def test_a_halt_on_a_venue_that_is_not_opened_for_another_reason_waits_for_orders_by_name() -> None:
    first, _ = with_orders(doubtful=True)
    desk = Desk(first.records, first.at + SECOND)
    desk.control(halted=True)
    desk.say(VenueAskable)
    desk.say(Problem, key="venue", reason="AccountUnsuitable", message="the key may withdraw")
    nameless(desk, 20)
    assert (desk.word, len(desk.live)) == ("Halting", 1)

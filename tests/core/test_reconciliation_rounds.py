"""When each question is asked, what a round waits for, and what of an answer counts: each to its boundary."""

from typing import Any

import pytest

from deskbot.core.commands import (
    Cancel,
    QueryBalances,
    QueryFills,
    QueryOpenOrders,
    QueryOrder,
    QueryPositions,
)
from deskbot.core.events import (
    BalancesAnswer,
    Book,
    FillsAnswer,
    OpenOrdersAnswer,
    PositionsAnswer,
    StreamChange,
    VenuePosition,
    VenueReady,
)
from deskbot.core.instrument import BUY, SELL
from deskbot.core.money import to_units
from deskbot.core.orders import PARTIALLY_FILLED
from deskbot.core.records import FillsRead, OrderMoved
from deskbot.core.strategy import Strategy
from tests.core.desk import (
    MARKET,
    SECOND,
    SPOT_MARKET,
    START,
    Desk,
    Wants,
    instrument,
    problem_of,
    restarted,
    sent,
    target,
)

ETHER = "ETH/USDT:USDT"
HOUR_MS = 3_600_000
QUERIES = (QueryOpenOrders, QueryPositions, QueryBalances, QueryFills)
Question = type[QueryOpenOrders] | type[QueryPositions] | type[QueryBalances] | type[QueryFills]


def seconds_of(desk: Desk, seconds: float, step: float = 0.5) -> dict[str, list[float]]:
    """What is asked within some time, and when; every question is answered at once with what the journal knows."""
    begun, asked = desk.at, dict[str, list[float]]()
    for _ in range(int(seconds / step)):
        for command in desk.wait(step, step):
            if isinstance(command, QUERIES):
                asked.setdefault(type(command).__name__, []).append((desk.at - begun) / SECOND)
        desk.reconcile(orders=[desk.report(order) for order in desk.live])
    return asked


def refuse(desk: Desk, kind: Question, **answer: Any) -> bool:
    """Answer one kind of question, not completely; whether there was one."""
    answers = {
        QueryOpenOrders: OpenOrdersAnswer,
        QueryPositions: PositionsAnswer,
        QueryBalances: BalancesAnswer,
        QueryFills: FillsAnswer,
    }
    more = {"market": MARKET} if kind is QueryFills else {}
    asked = desk.questions(kind)
    for one in asked:
        desk.say(answers[kind], request=one.request, complete=False, **more, **answer)
    return bool(asked)


def reconnect(desk: Desk) -> None:
    desk.say(StreamChange, stream="private", market="", healthy=False)
    desk.say(StreamChange, stream="private", market="", healthy=True)


def stuck_words(desk: Desk) -> str:
    said = desk.engine.summary().problem
    assert said is not None
    assert said[0] == "ReconciliationStuck"
    return said[1]


# when


def test_each_question_is_asked_again_when_its_time_has_come_and_never_before() -> None:
    desk, place = sent()
    desk.accept(place)
    assert seconds_of(desk, 125) == {
        "QueryOpenOrders": [5.0 * n for n in range(1, 26)],
        "QueryPositions": [30.0, 60.0, 90.0, 120.0],
        "QueryBalances": [60.0, 120.0],
        "QueryFills": [60.0, 120.0],
    }


@pytest.mark.parametrize("kind", QUERIES)
def test_a_question_without_a_complete_answer_is_asked_again_one_second_after_it_was(kind: Question) -> None:
    desk = Desk().trading()
    while not refuse(desk, kind):
        assert desk.at - START < 70 * SECOND
        desk.reconcile()
        desk.wait(1, 1)
    assert not [command for command in desk.wait(0.9, 0.3) if isinstance(command, kind)]
    assert [command for command in desk.wait(0.1) if isinstance(command, kind)]
    assert not [command for command in desk.wait(2, 0.5) if isinstance(command, kind)], "it is waited for"


def test_an_execution_that_is_missing_is_asked_for_after_a_second_and_every_second() -> None:
    desk, place = sent()
    desk.accept(place)
    desk.handle(desk.report(place, PARTIALLY_FILLED, filled=1))
    assert not [command for command in desk.wait(1.0) if isinstance(command, QueryFills)], "a stream needs a moment"
    assert [command for command in desk.wait(0.1) if isinstance(command, QueryFills)]
    desk.reconcile(orders=[desk.report(place, filled=1)])
    assert not [command for command in desk.wait(0.9) if isinstance(command, QueryFills)]
    assert [command for command in desk.wait(0.1) if isinstance(command, QueryFills)]


def test_a_new_round_asks_everything_at_once_whatever_was_asked_a_moment_ago() -> None:
    desk = Desk().trading()
    desk.wait(0.1)
    said = len(desk.said)
    reconnect(desk)
    assert {type(command) for command in desk.said[said:]} >= set(QUERIES)


def test_a_request_that_a_reconnect_found_unanswered_is_audited_with_the_reason() -> None:
    desk, place = sent()
    reconnect(desk)
    assert [reason for _, reason in desk.moves(place)] == ["not answered yet"]
    moved = [record for record in desk.records if isinstance(record, OrderMoved)]
    assert [(record.venue_id, record.filled_lots) for record in moved] == [("", 0)]


# what a round waits for


def test_a_round_of_two_minutes_is_no_problem_and_a_longer_one_says_what_it_waits_for() -> None:
    desk = Desk()
    desk.opening()
    desk.wait(120, step=10)
    assert not problem_of(desk)
    desk.wait(0.1)
    assert stuck_words(desk) == (
        "the venue was not fully compared with for 120 s: "
        "no complete answer about balances, fills BTC/USDT:USDT, orders, positions"
    )


def test_a_round_says_which_orders_it_knows_nothing_of() -> None:
    first = Desk(strategy=Wants(target(), target("59990", level=1))).trading()
    one, two = first.placed()
    desk = restarted(first)
    for _ in range(121):
        desk.wait(1, 1)
        desk.reconcile()
    assert stuck_words(desk).endswith(f"120 s: nothing is known of the orders {one.client_id}, {two.client_id}")


def test_a_round_says_on_which_markets_executions_are_missing() -> None:
    first = two_markets(Wants(target()))
    first.reconcile()
    for market in (ETHER, MARKET):
        first.book(market=market)
    places = first.placed()
    for place in places:
        first.accept(place)
    desk = restarted_with_both(first)
    partial = [desk.report(place, PARTIALLY_FILLED, filled=1) for place in places]
    for _ in range(122):
        desk.reconcile(orders=partial)
        desk.wait(1, 1)
    assert stuck_words(desk).endswith("120 s: executions are missing on BTC/USDT:USDT, ETH/USDT:USDT")


def test_a_round_says_that_the_private_stream_is_silent() -> None:
    desk = Desk()
    desk.say_control()
    desk.say(VenueReady, account_id="account", instruments={MARKET: desk.market})
    for _ in range(121):
        desk.wait(1, 1)
        desk.reconcile()
    assert stuck_words(desk).endswith("120 s: the private stream is silent")
    assert desk.engine.summary().reconciled_at == 0


def test_a_reconnect_within_a_round_does_not_make_it_younger_and_one_after_it_begins_another() -> None:
    desk = Desk()
    desk.opening()
    desk.wait(100, step=10)
    reconnect(desk)
    desk.wait(20.1)
    assert stuck_words(desk)
    desk.reconcile()
    assert desk.engine.summary().reconciled_at == desk.at
    seconds_of(desk, 130, step=5)
    assert not problem_of(desk)
    reconnect(desk)
    desk.wait(120, step=10)
    assert not problem_of(desk)


def test_quotes_stay_for_five_seconds_of_a_round_and_not_longer() -> None:
    first, place = sent()
    first.accept(place)
    desk = restarted(first)
    desk.handle(desk.report(place))
    desk.wait(5)
    assert not desk.questions(Cancel)
    desk.wait(0.1)
    assert [one.client_id for one in desk.questions(Cancel)] == [place.client_id]


def test_nothing_was_compared_before_the_venue_opened() -> None:
    desk = Desk()
    desk.say_control()
    assert desk.engine.summary().reconciled_at == 0


# what counts


@pytest.mark.parametrize("asked_for", [True, False], ids=["incomplete", "nobody asked"])
def test_nothing_is_taken_from_an_answer_that_is_incomplete_or_that_nobody_asked_for(asked_for: bool) -> None:
    desk, place = sent()
    desk.accept(place)
    desk.said.clear()
    desk.calm(61)

    def say(kind: Question, answer: Any, **fields: Any) -> None:
        numbers = [one.request for one in desk.questions(kind)] if asked_for else [9_999]
        assert numbers
        for number in numbers:
            desk.say(answer, request=number, complete=not asked_for, **fields)

    stated = [VenuePosition(MARKET, to_units("0.5"), to_units(60_000))]
    say(QueryBalances, BalancesAnswer, equity=to_units(10), balances={"USDT": (1, 2)})
    say(QueryFills, FillsAnswer, market=MARKET, fills=[desk.fill(place, 1)])
    say(QueryPositions, PositionsAnswer, positions=stated)
    say(QueryOpenOrders, OpenOrdersAnswer, orders=[desk.foreign()])
    summary = desk.engine.summary()
    assert (summary.equity, summary.foreign_orders) == (None, 0)
    assert desk.engine._state.balances == {}
    assert desk.durable.ledger(MARKET).fills == 0
    assert desk.engine._state.venue_positions == {}
    assert not desk.questions(QueryOrder)


def test_balances_and_equity_are_kept_with_the_result_they_go_with() -> None:
    desk, place = sent()
    desk.handle(desk.fill(place, 1))
    desk.wait(61)
    for asked in desk.questions(QueryBalances):
        fields = {"equity": to_units(10), "balances": {"USDT": (1, 2)}}
        desk.say(BalancesAnswer, request=asked.request, complete=True, **fields)
    summary = desk.engine.summary()
    assert (summary.equity, desk.engine._state.balances) == (to_units(10), {"USDT": (1, 2)})
    assert desk.engine._state.equity_pnl == summary.pnl != 0


@pytest.mark.parametrize(
    ("side", "bid", "ask", "asked"),
    [
        (BUY, "60000", "60010", 0),
        (BUY, "59999.9", "60010", 1),
        (SELL, "59990", "60000", 0),
        (SELL, "59990", "60000.1", 1),
    ],
)
def test_an_order_is_looked_for_in_the_book_from_one_tick_on(side: int, bid: str, ask: str, asked: int) -> None:
    desk = resting_at_60000(side, 5.2)
    desk.book(bid, ask)
    desk.show(*map(desk.report, desk.live))
    assert len(desk.questions(QueryOrder)) == asked


def resting_at_60000(side: int, seconds: float) -> Desk:
    """An order that rests for so long; its strategy wants no other; open orders have just been asked for."""
    desk = Desk(strategy=Wants(target("60000", side, post_only=False))).trading()
    desk.accept(desk.placed()[0])
    desk.strategy.wanted = None  # type: ignore[attr-defined]
    desk.calm(seconds)
    return desk


def test_a_book_of_before_the_question_says_nothing_about_an_order_and_one_of_its_moment_does() -> None:
    for late in (False, True):
        desk = resting_at_60000(BUY, 4)
        desk.book("59990", "60010")
        desk.wait(1, 1)
        assert [one for one in desk.said if isinstance(one, QueryOpenOrders)]
        if late:
            desk.book("59990", "60010")
        desk.show(*map(desk.report, desk.live))
        assert len(desk.questions(QueryOrder)) == late


@pytest.mark.parametrize("side", [BUY, SELL])
def test_a_book_with_one_side_says_nothing_about_an_order(side: int) -> None:
    desk = resting_at_60000(side, 5.2)
    only = [(desk.market.ticks("60005" if side == SELL else "59995"), 1000)]
    sides = {"bids": only, "asks": []} if side == BUY else {"bids": [], "asks": only}
    desk.say(Book, market=MARKET, **sides)
    desk.show(*map(desk.report, desk.live))
    assert not desk.questions(QueryOrder)


def test_an_order_of_less_than_two_seconds_need_not_be_in_the_book_yet() -> None:
    for age, asked in ((1.9, 0), (2.0, 1)):
        desk = Desk(strategy=Wants()).trading()
        desk.wait(5 - age)
        desk.strategy.wanted = [target("60000", post_only=False)]  # type: ignore[attr-defined]
        desk.book()
        desk.accept(desk.placed()[0])
        desk.strategy.wanted = None  # type: ignore[attr-defined]
        desk.wait(age)
        desk.book("59990", "60010")
        desk.show(*map(desk.report, desk.live))
        assert len(desk.questions(QueryOrder)) == asked, age


# executions


def test_a_journal_of_the_first_minute_of_time_reads_from_the_beginning() -> None:
    desk = Desk(at=5_000_000, epoch_ms=5)
    desk.opening()
    assert {one.since_ms for one in desk.questions(QueryFills)} == {0}


def test_a_reading_is_noted_once_an_hour_and_not_a_moment_sooner() -> None:
    desk = Desk().trading()

    def noted() -> list[int]:
        return [record.until_ms for record in desk.records if isinstance(record, FillsRead)]

    (first,) = noted()
    assert first == START // 1_000_000
    desk.wait(3599, 3599)
    desk.reconcile()
    assert noted() == [first]
    desk.wait(60, 60)
    desk.reconcile()
    assert noted() == [first, first + HOUR_MS + 59_000]


def test_one_market_reads_from_its_own_orders_and_not_from_those_of_another() -> None:
    desk = two_markets()
    for asked in desk.questions(QueryFills):
        desk.say(FillsAnswer, request=asked.request, market=asked.market, complete=True)
    desk.reconcile()
    desk.book()
    place = desk.placed()[0]
    assert place.market == MARKET
    desk.accept(place)
    desk.wait(300, 30)
    ether = [one for one in desk.questions(QueryFills) if one.market == ETHER]
    assert ether
    since = {one.market: one.since_ms for one in restarted_with_both(desk).questions(QueryFills)}
    assert set(since) == {MARKET, ETHER}


def two_markets(of_ether: Strategy | None = None) -> Desk:
    """A bot of two markets, with its venue just opened."""
    desk = Desk(strategy=Wants(target()))
    desk.settings["markets"] = (MARKET, ETHER)
    desk.settings["strategies"] = {MARKET: desk.strategy, ETHER: of_ether or Wants()}
    desk.say_control()
    open_both(desk)
    return desk


def open_both(desk: Desk) -> None:
    listed = {MARKET: desk.market, ETHER: instrument(ETHER, base="ETH")}
    desk.say(VenueReady, account_id="account", instruments=listed)
    desk.say(StreamChange, stream="private", market="", healthy=True)


def restarted_with_both(first: Desk) -> Desk:
    desk = Desk(first.records, first.at + SECOND)
    desk.settings |= {name: first.settings[name] for name in ("markets", "strategies")}
    desk.say_control()
    open_both(desk)
    return desk


@pytest.mark.parametrize(("missed", "notice"), [(5, False), (6, True)])
def test_more_than_five_missed_executions_are_said_with_their_number(missed: int, notice: bool) -> None:
    desk = Desk(strategy=Wants(target(lots=4), target("59990", lots=4, level=1))).trading()
    orders = desk.placed()
    desk.calm(61)
    fills = [desk.fill(orders[n % 2], 1, f"t-{n}") for n in range(missed)]
    desk.reconcile(orders=[desk.report(order) for order in desk.live], fills=fills)
    words = f"BTC/USDT:USDT: {missed} executions were found by asking that the stream had not told"
    assert desk.engine.summary().notices == ([("FillsMissed", words)] if notice else [])
    assert desk.engine.summary().missed_fills == missed
    assert desk.engine._state.notices.keys() == ({f"fills {MARKET}"} if notice else set())


@pytest.mark.parametrize(("beyond_ms", "said"), [(0, False), (1, True)])
def test_executions_are_out_of_reach_from_the_venues_memory_on(beyond_ms: int, said: bool) -> None:
    desk = returned(30 * 24 * HOUR_MS, beyond_ms)
    assert problem_of(desk) == ("FillsOutOfReach" if said else "")
    if said:
        problem = desk.engine.summary().problem
        assert problem is not None
        assert problem[1] == (
            "BTC/USDT:USDT: executions of the last 31 days may be missing and the venue shows those of 30: "
            "compare the account by hand, then begin a new journal"
        )
        assert f"fills {MARKET}" in desk.engine._state.problems


def test_a_venue_without_a_stated_memory_shows_everything() -> None:
    assert not problem_of(returned(0, 400 * 24 * HOUR_MS))


def returned(memory_ms: int, beyond_ms: int) -> Desk:
    """A bot that comes back with an order resting, so long after that order was sent."""
    first, place = sent()
    first.accept(place)
    desk = Desk(first.records, START + (memory_ms + beyond_ms) * 1_000_000)
    desk.say_control()
    desk.say(VenueReady, account_id="account", instruments={MARKET: desk.market}, fill_history_ms=memory_ms)
    desk.wait(0.1, 0.1)
    return desk


# positions


def test_a_difference_is_looked_at_twice_more_before_it_is_said_after_a_reconnect_too() -> None:
    desk = Desk().trading()
    for _ in range(2):
        desk.wait(31)
        assert looks_until_it_is_said(desk) == 3
        reconnect(desk)
        desk.reconcile()
        assert not problem_of(desk)
    reconnect(desk)
    assert looks_until_it_is_said(desk) == 3


def looks_until_it_is_said(desk: Desk) -> int:
    looks, begun = 0, desk.at
    while not problem_of(desk):
        assert desk.at - begun < 20 * SECOND
        asked = desk.questions(QueryPositions)
        looks += len(asked)
        for one in asked:
            stated = [VenuePosition(MARKET, to_units("0.003"), to_units(60_000))]
            desk.say(PositionsAnswer, request=one.request, complete=True, positions=stated)
        desk.reconcile()
        if not problem_of(desk):
            desk.wait(0.5)
    return looks


def test_every_market_whose_position_differs_is_named() -> None:
    desk = two_markets()
    desk.reconcile()
    desk.wait(31)
    for _ in range(4):
        for one in desk.questions(QueryPositions):
            stated = [VenuePosition(market, to_units("0.5"), to_units(100)) for market in (MARKET, ETHER)]
            desk.say(PositionsAnswer, request=one.request, complete=True, positions=stated)
        desk.reconcile()
        desk.wait(1.1)
    said = desk.engine.summary().problem
    assert said == (
        "PositionMismatch",
        "BTC/USDT:USDT: the journal says 0, the venue 0.5; ETH/USDT:USDT: the journal says 0, the venue 0.5",
    )


def test_a_position_that_the_venue_does_not_state_is_said_to_be_none() -> None:
    desk = Desk().begun_with("0.1")
    desk.wait(31)
    for _ in range(4):
        desk.reconcile()
        desk.wait(1.1)
    assert desk.engine.summary().problem == (
        "PositionMismatch",
        "BTC/USDT:USDT: the journal says 0.1, the venue 0",
    )


def test_spot_has_no_positions_to_compare_with() -> None:
    desk = Desk(strategy=Wants(target()), market=instrument(SPOT_MARKET)).trading()
    place = desk.placed()[0]
    desk.handle(desk.fill(place, 1))
    seconds_of(desk, 65, step=5)
    assert not problem_of(desk)
    assert not desk.durable.opened


def test_a_dry_run_asks_an_account_nothing() -> None:
    desk = Desk()
    desk.settings["mode"] = "DryRun"
    desk.opening()
    desk.wait(60, 5)
    assert not [command for command in desk.said if isinstance(command, QUERIES)]

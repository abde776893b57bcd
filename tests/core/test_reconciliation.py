"""Comparing with the venue: nothing is placed before it is done, nothing incomplete counts, nothing is skipped."""

from deskbot.core.commands import (
    Cancel,
    CancelForeign,
    Place,
    QueryBalances,
    QueryFills,
    QueryOpenOrders,
    QueryOrder,
    QueryPositions,
)
from deskbot.core.events import (
    BalancesAnswer,
    Control,
    FillsAnswer,
    OpenOrdersAnswer,
    PlaceResult,
    PositionsAnswer,
    StreamChange,
    Timer,
    VenuePosition,
    VenueReady,
)
from deskbot.core.instrument import SELL
from deskbot.core.money import to_units
from deskbot.core.orders import FILLED, PENDING_CANCEL, UNKNOWN
from deskbot.core.records import Intent, Opened, Session
from tests.core.desk import EPOCH_MS, MARKET, SECOND, START, Desk, Wants, target


def opening(**settings: object) -> Desk:
    """A desk whose venue has just opened."""
    desk = Desk(strategy=Wants(target()), **settings)  # type: ignore[arg-type]
    desk.say(Control, **desk.settings)
    desk.venue()
    return desk


def state_position(desk: Desk, amount: str) -> None:
    for asked in desk.questions(QueryPositions):
        stated = [VenuePosition(MARKET, to_units(amount), to_units(60_000))]
        desk.say(PositionsAnswer, request=asked.request, complete=True, positions=stated)


def problem(desk: Desk) -> str:
    said = desk.engine.summary().problem
    return said[0] if said is not None else ""


def test_nothing_is_placed_before_every_question_was_answered() -> None:
    desk = opening()
    desk.book()
    state_position(desk, "0")
    desk.show()
    desk.wait(2)
    desk.book()
    assert not desk.placed()
    assert desk.word == "Starting"
    desk.reconcile()
    desk.book()
    assert len(desk.placed()) == 1


def test_nothing_is_placed_before_the_private_stream_tells_what_happens() -> None:
    desk = Desk(strategy=Wants(target()))
    desk.say(Control, **desk.settings)
    desk.say(VenueReady, account_id="account", instruments={MARKET: desk.market})
    desk.reconcile()
    desk.book()
    assert not desk.placed()
    desk.say(StreamChange, stream="private", market="", healthy=True)
    desk.book()
    assert not desk.placed(), "what happened before the stream came up has to be asked for"
    desk.reconcile()
    desk.book()
    assert len(desk.placed()) == 1


def test_an_incomplete_answer_is_asked_again_and_never_empty() -> None:
    desk = opening()
    for positions in desk.questions(QueryPositions):
        desk.say(PositionsAnswer, request=positions.request, complete=False)
    for fills in desk.questions(QueryFills):
        desk.say(FillsAnswer, request=fills.request, market=MARKET, complete=False)
    desk.show(complete=False)
    assert desk.word == "Starting"
    again = desk.wait(1.1)
    assert {type(c) for c in again} >= {QueryPositions, QueryFills, QueryOpenOrders}


def test_a_periodic_question_that_failed_is_asked_again_soon() -> None:
    desk = Desk().trading()
    desk.questions(QueryFills)
    desk.wait(61)
    for asked in desk.questions(QueryFills):
        desk.say(FillsAnswer, request=asked.request, market=MARKET, complete=False)
    desk.wait(1.5)
    assert desk.questions(QueryFills)


def test_an_order_of_the_journal_that_the_venue_does_not_show_is_asked_about() -> None:
    first = Desk(strategy=Wants(target())).trading()
    order = first.resting()
    desk = opening(prior=first.records, at=first.at + SECOND)
    desk.reconcile()
    assert order.client_id in {q.client_id for q in desk.questions(QueryOrder)}
    desk.book()
    assert not desk.placed()


def test_a_sent_order_of_the_journal_is_unknown_and_an_adopted_one_goes_on() -> None:
    first = Desk(strategy=Wants(target())).trading()
    place = first.placed()[0]
    desk = opening(prior=first.records)
    assert desk.durable.orders[place.client_id].state == UNKNOWN
    desk.reconcile(orders=[desk.report(place)])
    desk.book()
    assert not desk.placed()
    assert [order.client_id for order in desk.live] == [place.client_id]
    assert desk.word == "Running"


def test_fills_that_happened_while_nobody_looked_are_booked() -> None:
    first = Desk(strategy=Wants(target())).trading()
    order = first.resting()
    desk = opening(prior=first.records, at=first.at + 3600 * SECOND)
    desk.reconcile(position="0.002", fills=[first.fill(order, 2)])
    assert desk.durable.ledger(MARKET).position == 2 * desk.market.lot
    assert not problem(desk)


def test_the_cursor_never_skips_an_execution_that_a_later_one_overtook() -> None:
    first = Desk(strategy=Wants(target(lots=2), target("59990", lots=2, level=1))).trading()
    early, late = first.placed()
    first.accept(early)
    first.accept(late)
    missed = first.fill(early, 2, "t-early")  # the stream lost this one
    first.at += 300 * SECOND
    first.handle(first.fill(late, 2, "t-late"))
    desk = opening(prior=first.records, at=first.at + SECOND)
    desk.handle(desk.report(early, FILLED, filled=2))
    desk.reconcile(position="0.004", fills=[missed])
    assert desk.durable.ledger(MARKET).position == 4 * desk.market.lot


def test_after_a_complete_reading_the_cursor_moves_on() -> None:
    desk = Desk(strategy=Wants(target())).trading()
    desk.accept(desk.placed()[0])
    for _ in range(10):
        desk.wait(30, step=1)
        desk.show(*(desk.report(order) for order in desk.live))
        desk.reconcile()
    asked = [c for c in desk.wait(61) if isinstance(c, QueryFills)]
    assert asked[-1].since_ms > EPOCH_MS + 200_000


def test_an_order_of_an_earlier_journal_is_noted_and_cancelled_outside_a_halt_too() -> None:
    desk = opening()
    old = desk.foreign("o-1", client_id=desk.ids.bot + "0000000001")
    desk.reconcile(orders=[old])
    assert [c.venue_id for c in desk.questions(CancelForeign)] == ["o-1"]
    assert desk.engine.summary().orphans == 1


def test_a_new_journal_begins_with_the_position_it_finds() -> None:
    desk = opening()
    for _ in range(4):
        desk.reconcile(position="-0.005")
        desk.wait(1.1)
    assert desk.durable.ledger(MARKET).position == -5 * desk.market.lot
    assert desk.durable.ledger(MARKET).cost == to_units(-300)
    desk.book()
    assert desk.word == "Running"


def test_a_crash_before_the_beginning_was_written_does_not_alarm_the_next_start() -> None:
    desk = opening(prior=[Session(START, "test", "account")])
    for _ in range(4):
        desk.reconcile(position="0.005")
        desk.wait(1.1)
    assert not problem(desk)
    assert desk.durable.ledger(MARKET).position == 5 * desk.market.lot


def test_what_an_earlier_journal_did_before_this_one_began_is_in_the_opening_and_not_booked_again() -> None:
    desk = opening()
    old = desk.foreign("o-1", client_id=desk.ids.bot + "0000000001")
    before = desk.fill(old, 2, "t-old", venue_ms=EPOCH_MS - 5000)
    for _ in range(4):
        desk.reconcile(position="0.002", fills=[before])
        desk.wait(1.1)
    assert desk.durable.ledger(MARKET).position == 2 * desk.market.lot
    assert desk.durable.ledger(MARKET).fills == 0


def test_the_beginning_is_written_once() -> None:
    desk = opening()
    desk.reconcile()
    desk.say(StreamChange, stream="private", market="", healthy=False)
    desk.say(StreamChange, stream="private", market="", healthy=True)
    desk.reconcile()
    assert sum(isinstance(record, Opened) for record in desk.records) == 1


def test_a_position_that_stays_different_stops_trading_within_seconds_and_ends_when_it_agrees() -> None:
    desk = Desk(strategy=Wants(target())).trading()
    order = desk.resting()
    desk.wait(30)
    waited = 0.0
    while not problem(desk):
        state_position(desk, "0.003")
        desk.reconcile(orders=[desk.report(order)], position="0.003")
        desk.book()
        desk.wait(0.5)
        waited += 0.5
        assert waited < 10
    assert problem(desk) == "PositionMismatch"
    assert any(isinstance(c, Cancel) for c in desk.said)
    assert "the journal says 0, the venue 0.003" in desk.engine.summary().problem[1]  # type: ignore[index]
    desk.questions(QueryPositions)
    for _ in range(8):
        desk.wait(5)
        desk.reconcile()
    assert not problem(desk)


def test_a_position_that_was_ours_when_the_venue_looked_is_no_mismatch() -> None:
    desk = Desk(strategy=Wants(target(lots=4))).trading()
    place = desk.placed()[0]
    desk.accept(place)
    for number in range(40):  # fills come faster than positions are answered
        desk.wait(1)
        desk.book()
        held = desk.durable.ledger(MARKET).position
        asked = desk.questions(QueryPositions)
        placed = desk.placed()
        order = placed[-1] if placed else (desk.live[-1] if desk.live else place)
        desk.handle(desk.fill(order, 1, f"t-{number}", side=1 if number % 2 else -1))
        for question in asked:
            stated = [VenuePosition(MARKET, held, to_units(60_000))]
            desk.say(PositionsAnswer, request=question.request, complete=True, positions=stated)
        assert not problem(desk)


def test_positions_on_other_markets_are_none_of_this_journals_business() -> None:
    desk = opening()
    for asked in desk.questions(QueryPositions):
        stated = [VenuePosition("ETH/USDT:USDT", to_units(3), to_units(3000))]
        desk.say(PositionsAnswer, request=asked.request, complete=True, positions=stated)
    desk.reconcile()
    assert list(desk.durable.ledgers) == [MARKET]
    assert desk.word == "Running"


def test_an_answer_to_a_question_of_an_earlier_round_is_ignored() -> None:
    desk = opening()
    stale = desk.questions(QueryPositions)[0]
    desk.say(StreamChange, stream="private", market="", healthy=False)
    desk.say(StreamChange, stream="private", market="", healthy=True)
    desk.say(PositionsAnswer, request=stale.request, complete=True)
    assert desk.word == "Starting"


def test_a_reconnect_asks_about_requests_under_way_without_a_second_question_at_once() -> None:
    desk = Desk(strategy=Wants(target())).trading()
    place = desk.placed()[0]
    desk.say(PlaceResult, client_id=place.client_id, outcome="unknown")
    desk.questions(QueryOrder)
    desk.say(StreamChange, stream="private", market="", healthy=False)
    desk.say(StreamChange, stream="private", market="", healthy=True)
    assert not [c for c in desk.wait(2) if isinstance(c, QueryOrder)], "the first one is answered, always"
    assert [c for c in desk.wait(10) if isinstance(c, QueryOrder)]


def test_quotes_of_an_earlier_process_are_pulled_when_the_round_takes_long() -> None:
    first = Desk(strategy=Wants(target())).trading()
    order = first.resting()
    desk = opening(prior=first.records)
    desk.handle(desk.report(order))
    desk.wait(3)
    assert not desk.questions(Cancel), "a short round leaves them their place in the queue"
    desk.wait(3)
    assert [c.client_id for c in desk.questions(Cancel)] == [order.client_id]


def test_a_pause_pulls_quotes_even_before_the_round_is_done() -> None:
    first = Desk(strategy=Wants(target())).trading()
    order = first.resting()
    desk = Desk(prior=first.records, strategy=Wants(target()))
    desk.settings["paused"] = True
    desk.say(Control, **desk.settings)
    desk.venue()
    assert desk.durable.orders[order.client_id].state == PENDING_CANCEL


def test_equity_is_for_people_and_moves_with_our_own_result() -> None:
    desk = opening()
    balances = desk.wait(0)
    del balances
    desk.reconcile()
    assert desk.engine.summary().equity is None
    desk.wait(61)
    for asked in [c for c in desk.said if isinstance(c, QueryBalances)]:
        desk.say(BalancesAnswer, request=asked.request, complete=True, equity=to_units(10_000))
    assert desk.engine.summary().equity == to_units(10_000)


def test_a_lost_journal_never_reuses_an_id() -> None:
    one, other = Desk(strategy=Wants(target())), Desk(strategy=Wants(target()), epoch_ms=EPOCH_MS + 1)
    ids = {desk.trading().placed()[0].client_id for desk in (one, other)}
    assert len(ids) == 2
    again = Desk(strategy=Wants(target()), prior=one.records)
    again.say(Control, **again.settings)
    again.venue()
    again.reconcile()
    place = next(r for r in one.records if isinstance(r, Intent))
    again.say(PlaceResult, client_id=place.client_id, outcome="rejected")
    again.book()
    assert again.placed()[0].client_id not in ids


def test_open_orders_that_nobody_asked_for_change_nothing() -> None:
    desk = Desk(strategy=Wants(target())).trading()
    desk.resting()
    desk.say(OpenOrdersAnswer, request=999, complete=True)
    desk.say(Timer)
    assert not [c for c in desk.said if isinstance(c, QueryOrder | Place)]


def test_what_was_missed_is_booked_before_what_the_stream_told_meanwhile() -> None:
    first = Desk(strategy=Wants(target(lots=2), target("59990", lots=2, level=1), target("60010", SELL, 2))).trading()
    low, lower, high = first.placed()
    for place in (low, lower, high):
        first.accept(place)
    first.handle(first.fill(low, 2, "t-1"))
    missed = first.fill(lower, 2, "t-2", venue_ms=EPOCH_MS + 2000)
    later = first.fill(high, 2, "t-3", venue_ms=EPOCH_MS + 3000)
    desk = opening(prior=first.records, at=first.at + SECOND)
    desk.handle(later)
    assert desk.durable.ledger(MARKET).fills == 2, "the position is known at once"
    desk.reconcile(position="0.002", fills=[missed, later])
    ledger = desk.durable.ledger(MARKET)
    assert ledger.fills == 3
    assert ledger.realised == to_units("0.03"), "sold at 60010 what cost 59995 on average"
    assert ledger.last_trade_id == "t-3"

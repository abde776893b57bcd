"""One closed market does not stop the others: it is refused, pulled and named, until the venue lists it again."""

from deskbot.core.commands import Cancel, Publish, QueryBalances, QueryFills, QueryPositions
from deskbot.core.events import (
    UNKNOWN,
    BalancesAnswer,
    FillsAnswer,
    PlaceResult,
    PositionsAnswer,
    Problem,
    StreamChange,
    VenuePosition,
    VenueReady,
)
from deskbot.core.money import to_units
from deskbot.core.orders import CANCELLED, PENDING_CANCEL
from deskbot.core.records import Opened
from tests.core.desk import MARKET, Desk, Wants, instrument, problem_of, target

OTHER = "ETH/USDT:USDT"
CLOSED = f"{OTHER} is not open for trading on the venue"


def desk_of_two(**ready: object) -> Desk:
    """A bot that wants one order on each of two markets; nothing is reconciled yet."""
    desk = Desk(strategy=Wants(target()))
    desk.settings["markets"] = (MARKET, OTHER)
    desk.settings["strategies"] = {MARKET: desk.strategy, OTHER: Wants(target(level=1))}
    desk.say_control()
    listed = {MARKET: instrument(), OTHER: instrument(OTHER, base="ETH")}
    desk.say(VenueReady, **{"account_id": "account", "instruments": listed, **ready})
    desk.say(StreamChange, stream="private", market="", healthy=True)
    return desk


def trading(desk: Desk) -> Desk:
    desk.reconcile()
    books(desk)
    return desk


def books(desk: Desk) -> None:
    desk.book()
    desk.book(market=OTHER)


def resting(desk: Desk) -> Desk:
    """An order rests on each market."""
    for place in trading(desk).placed():
        desk.accept(place)
    return desk


def closes(desk: Desk, market: str = OTHER) -> None:
    desk.say(Problem, key=market, reason="MarketClosed", message=f"{market} is not open for trading on the venue")


def opens(desk: Desk, market: str = OTHER) -> None:
    desk.say(Problem, key=market, reason="")


def answers_all_but_fills(desk: Desk, *positions: VenuePosition) -> None:
    for asked in desk.questions(QueryPositions):
        desk.say(PositionsAnswer, request=asked.request, complete=True, positions=list(positions))
    for balances in desk.questions(QueryBalances):
        desk.say(BalancesAnswer, request=balances.request, complete=True)
    desk.show()


def answers_fills(desk: Desk, *markets: str) -> None:
    for asked in desk.questions(QueryFills):
        desk.say(FillsAnswer, request=asked.request, market=asked.market, complete=asked.market in markets)


def placed_on(desk: Desk) -> list[str]:
    return [place.market for place in desk.placed()]


def test_the_others_go_on_trading_and_the_closed_one_is_refused_by_name() -> None:
    desk = trading(desk_of_two())
    assert placed_on(desk) == [MARKET, OTHER]
    closes(desk)
    desk.control(strategies={market: Wants(target("59900", level=3)) for market in (MARKET, OTHER)})
    books(desk)
    assert placed_on(desk) == [MARKET]
    assert desk.engine.summary().rejections["market_closed"] >= 1
    assert (desk.word, desk.engine.summary().why, problem_of(desk)) == ("Running", "", "")


def test_what_rests_on_it_is_cancelled_and_what_rests_on_the_others_stays() -> None:
    desk = trading(desk_of_two())
    ours, theirs = desk.placed()
    desk.accept(ours)
    desk.accept(theirs)
    closes(desk)
    assert [one.market for one in desk.questions(Cancel)] == [OTHER]
    assert desk.state(theirs) == PENDING_CANCEL


def test_an_order_that_the_venue_ended_with_the_market_is_known_to_be_gone() -> None:
    desk = trading(desk_of_two())
    theirs = desk.placed()[1]
    desk.accept(theirs)
    closes(desk)
    desk.handle(desk.report(theirs, CANCELLED))
    assert [order.market for order in desk.live] == [MARKET]


def test_the_report_names_it_at_once_and_so_does_a_notice() -> None:
    desk = trading(desk_of_two())
    closes(desk)
    assert any(isinstance(command, Publish) for command in desk.out)
    assert desk.engine.summary().closed == [OTHER]
    assert desk.engine.summary().notices == [("MarketClosed", CLOSED)]
    opens(desk)
    assert (desk.engine.summary().closed, desk.engine.summary().notices) == ([], [])


def test_only_when_all_markets_are_closed_the_bot_is_stalled() -> None:
    desk = resting(desk_of_two())
    closes(desk)
    closes(desk, MARKET)
    assert (desk.word, problem_of(desk)) == ("Stalled", "MarketClosed")
    problem = desk.engine.summary().problem
    assert problem is not None
    assert MARKET in problem[1]
    assert OTHER in problem[1]
    opens(desk, MARKET)
    desk.reconcile()
    assert (desk.word, problem_of(desk), desk.engine.summary().closed) == ("Running", "", [OTHER])


def test_a_bot_of_one_market_is_stalled_by_it_as_it_always_was() -> None:
    desk = Desk(strategy=Wants(target())).trading()
    closes(desk, MARKET)
    assert (desk.word, problem_of(desk)) == ("Stalled", "MarketClosed")


def test_an_object_that_gives_the_open_market_up_has_none_left() -> None:
    desk = trading(desk_of_two())
    closes(desk)
    desk.control(markets=(OTHER,))
    assert (desk.word, problem_of(desk)) == ("Stalled", "MarketClosed")
    desk.control(markets=(MARKET, OTHER))
    assert (desk.word, problem_of(desk)) == ("Running", "")


def test_it_trades_again_once_it_is_listed_and_everything_was_compared() -> None:
    desk = resting(desk_of_two())
    closes(desk)
    opens(desk)
    books(desk)
    assert placed_on(desk) == [], "not before the venue was asked"
    desk.reconcile()
    desk.control(strategies={MARKET: Wants(), OTHER: Wants(target("59900", level=3))})
    books(desk)
    assert OTHER in placed_on(desk)


def test_a_market_that_is_closed_when_the_venue_opens_waits_alone() -> None:
    desk = trading(desk_of_two(closed={OTHER: CLOSED}))
    assert placed_on(desk) == [MARKET]
    assert (desk.word, desk.engine.summary().closed) == ("Running", [OTHER])


def test_a_market_that_is_not_listed_at_all_is_named_as_well() -> None:
    gone = {"instruments": {MARKET: instrument()}, "closed": {OTHER: CLOSED}}
    desk = trading(desk_of_two(**gone))
    assert placed_on(desk) == [MARKET]
    assert desk.engine.summary().notices == [("MarketClosed", CLOSED)]


def test_a_venue_that_opens_again_says_anew_what_is_closed() -> None:
    desk = trading(desk_of_two(closed={OTHER: CLOSED}))
    listed = {MARKET: instrument(), OTHER: instrument(OTHER, base="ETH")}
    desk.say(VenueReady, account_id="account", instruments=listed)
    assert desk.engine.summary().closed == []


def test_questions_about_a_closed_market_that_nobody_answers_hold_nothing_up() -> None:
    desk = desk_of_two(closed={OTHER: CLOSED})
    for _ in range(3):
        answers_fills(desk, MARKET)
        answers_all_but_fills(desk)
        desk.wait(1.1)
    books(desk)
    assert placed_on(desk) == [MARKET]
    opens(desk)
    desk.wait(1.1)
    assert desk.engine.summary().why == "reconciling", "now its answers are waited for"


def test_a_market_that_is_new_to_the_journal_begins_when_it_opens() -> None:
    desk = trading(desk_of_two(closed={OTHER: CLOSED}))
    assert [one.market for one in desk.records if isinstance(one, Opened)] == [MARKET], "its executions were not read"
    for place in desk.placed():
        desk.accept(place)
    opens(desk)
    desk.reconcile()
    assert [one.market for one in desk.records if isinstance(one, Opened)] == [MARKET, OTHER]


def test_an_order_in_doubt_on_a_closed_market_holds_a_new_round_up_only_there() -> None:
    desk = trading(desk_of_two())
    ours, theirs = desk.placed()
    desk.accept(ours)
    desk.say(PlaceResult, client_id=theirs.client_id, outcome=UNKNOWN)
    closes(desk)
    desk.say(StreamChange, stream="private", market="", healthy=False)
    desk.say(StreamChange, stream="private", market="", healthy=True)
    desk.reconcile()
    assert (desk.word, desk.engine.summary().why) == ("Running", "")


def test_a_position_that_the_venue_settled_with_its_market_is_noted_and_stops_nothing() -> None:
    desk = resting(desk_of_two())
    closes(desk)
    for _ in range(8):
        desk.wait(31)
        answers_fills(desk, MARKET, OTHER)
        answers_all_but_fills(desk, VenuePosition(OTHER, to_units(1), to_units(100)))
    assert ("PositionMismatch" in dict(desk.engine.summary().notices), problem_of(desk)) == (True, "")
    assert desk.word == "Running"

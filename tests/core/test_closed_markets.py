"""One closed market does not stop the others: it is refused, pulled and named, until the venue lists it again."""

from deskbot.core.commands import Cancel, Publish, QueryBalances, QueryFills, QueryPositions
from deskbot.core.events import (
    REJECTED,
    UNKNOWN,
    BalancesAnswer,
    Fill,
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
from tests.core.desk import MARKET, SECOND, Desk, Wants, instrument, problem_of, target

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


NOT_LISTED = f"spec.markets: the venue lists no Swap market {OTHER}"


def restarted_without_the_other(*, wanted: bool = True) -> Desk:
    """The next process on a journal with a position on a market that the venue has taken off its list meanwhile."""
    first = trading(desk_of_two())
    ours, theirs = first.placed()
    for strategy in first.settings["strategies"].values():
        strategy.wanted = None
    first.say(PlaceResult, client_id=ours.client_id, outcome=REJECTED)
    first.accept(theirs)
    first.handle(first.fill(theirs, 2))
    desk = Desk(first.records, first.at + 60 * SECOND, strategy=Wants(target("59900", level=3)))
    desk.settings["markets"] = (MARKET, OTHER) if wanted else (MARKET,)
    desk.say_control()
    gone = {OTHER: NOT_LISTED} if wanted else {}
    desk.say(VenueReady, account_id="account", instruments={MARKET: instrument()}, closed=gone)
    desk.say(StreamChange, stream="private", market="", healthy=True)
    return desk


def test_a_restart_with_a_position_on_a_market_that_is_not_listed_any_more_trades_the_others() -> None:
    desk = restarted_without_the_other()
    desk.reconcile()
    desk.book()
    assert placed_on(desk) == [MARKET]
    assert (desk.word, desk.engine.summary().problem, desk.engine.summary().closed) == ("Running", None, [OTHER])
    assert ("MarketClosed", NOT_LISTED) in desk.engine.summary().notices


def test_its_position_is_reported_from_the_journal() -> None:
    for wanted in (True, False):
        desk = restarted_without_the_other(wanted=wanted)
        shown = {one.market: one for one in desk.engine.summary().positions}
        left = shown[OTHER]
        assert (left.amount, left.base, left.quote, left.fills) == (to_units("0.002"), "ETH", "USDT", 1)
        assert (left.notional, left.average_price) == (to_units(120), to_units(60000)), (
            "as it was bought: nobody says more"
        )
        assert (left.mid_price, left.unrealised, left.doubt) == (0, 0, "market_closed" if wanted else "book_empty")
        assert shown[MARKET].amount == 0


def test_a_position_that_nobody_can_value_any_more_does_not_keep_a_day_from_beginning() -> None:
    desk = restarted_without_the_other()
    desk.reconcile()
    desk.at += 86_400 * SECOND
    desk.book()
    desk.wait(0.1)
    desk.reconcile()
    desk.wait(0.1)
    assert desk.durable.day == desk.at // (86_400 * SECOND)


def test_an_execution_there_is_said_and_stops_nothing_else() -> None:
    desk = restarted_without_the_other()
    desk.reconcile()
    settled = Fill(desk.at, OTHER, "s-1", "", "", -1, 600_000, 2, 0, "USDT", False, desk.at // 1_000_000)
    settled.client_id = desk.ids.journal + "00000002"
    desk.handle(settled)
    desk.book()
    assert placed_on(desk) == [MARKET]
    said = dict(desk.engine.summary().notices)
    assert (
        said["MarketUnknown"] == f"{OTHER} has executions of this bot and is not listed any more: look at the account"
    )


def test_the_whole_bot_is_stopped_by_it_alone_only_where_it_has_no_other() -> None:
    desk = restarted_without_the_other()
    desk.control(markets=(OTHER,), strategies={})
    assert (desk.word, problem_of(desk)) == ("Stalled", "MarketClosed")
    assert OTHER in {one.market for one in desk.engine.summary().positions}

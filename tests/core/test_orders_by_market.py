"""Open orders where the venue charges much for the whole account: each market often, the account seldom."""

from collections import Counter

from deskbot.core.commands import QueryOpenOrders, QueryOrder
from deskbot.core.events import Control, OpenOrdersAnswer
from tests.core.desk import MARKET, SECOND, Desk, Wants, instrument, target

OTHER = "ETH/USDT:USDT"


def opened() -> Desk:
    """A desk on two markets of a venue where the account is dear."""
    desk = Desk(strategy=Wants(target()))
    desk.settings["markets"] = (MARKET, OTHER)
    desk.say(Control, **desk.settings)
    desk.venue(orders_by_market=True, instruments={MARKET: desk.market, OTHER: instrument(OTHER)})
    return desk


def trading() -> Desk:
    desk = opened()
    desk.reconcile()
    desk.book()
    return desk


def asked_for(desk: Desk, seconds: int) -> Counter[str]:
    """How often each list was asked for; every question is answered with what rests."""
    seen: Counter[str] = Counter()
    for _ in range(seconds * 10):
        desk.wait(0.1)
        desk.book()
        seen.update(one.market for one in desk.said if isinstance(one, QueryOpenOrders))
        desk.reconcile(desk.report(order) for order in desk.live)
    return seen


def test_each_market_is_asked_for_every_five_seconds_and_the_account_every_minute() -> None:
    seen = asked_for(trading(), 120)
    assert seen[""] == 2
    assert {seen[MARKET], seen[OTHER]} <= {22, 23}, "and not where the account's list has just told of it"


def test_where_the_account_is_cheap_it_alone_is_asked_for() -> None:
    desk = Desk(strategy=Wants(target())).trading()
    assert asked_for(desk, 60) == {"": 12}


def test_a_round_needs_the_list_of_the_account_and_that_of_a_market_does_not_stand_for_it() -> None:
    desk = opened()
    assert {one.market for one in desk.said if isinstance(one, QueryOpenOrders)} == {""}
    answered: set[str] = set()
    for _ in range(150):
        desk.wait(0.1)
        for asked in desk.questions(QueryOpenOrders):
            answered.add(asked.market)
            desk.say(OpenOrdersAnswer, request=asked.request, complete=asked.market != "")
        desk.reconcile()
        desk.book()
    assert answered == {"", MARKET, OTHER}
    assert desk.word == "Starting"
    assert not desk.placed()


def test_the_list_of_a_market_says_nothing_of_orders_and_strangers_elsewhere() -> None:
    desk = trading()
    place = desk.placed()[-1]
    desk.accept(place)
    desk.calm(60)
    desk.show(desk.report(desk.live[0]), desk.foreign("f-1"), desk.foreign("f-2", market=OTHER))
    assert desk.engine.summary().foreign_orders == 2
    desk.said.clear()
    desk.calm(5.2)
    for asked in desk.questions(QueryOpenOrders):
        assert asked.market
        if asked.market == OTHER:
            desk.say(OpenOrdersAnswer, request=asked.request, complete=True)
    assert not desk.questions(QueryOrder), "our order rests on another market than the empty list is of"
    assert desk.engine.summary().foreign_orders == 1


def test_the_list_of_a_market_is_held_against_every_order_of_it_and_of_no_other() -> None:
    desk = Desk(strategy=Wants(target()))
    desk.settings["markets"] = (OTHER, MARKET)
    desk.settings["strategies"] = {OTHER: Wants(target()), MARKET: desk.strategy}
    desk.say(Control, **desk.settings)
    desk.venue(orders_by_market=True, instruments={MARKET: desk.market, OTHER: instrument(OTHER)})
    desk.reconcile()
    for _ in range(6):
        for market in (OTHER, MARKET):
            desk.book(market=market)
        for place in desk.placed():
            desk.accept(place)
        desk.wait(1)
    of = {order.market: order.client_id for order in desk.live}
    assert list(of) == [OTHER, MARKET]
    assert not desk.questions(QueryOrder)
    for asked in desk.questions(QueryOpenOrders):
        desk.say(OpenOrdersAnswer, request=asked.request, complete=True)
        assert [one.client_id for one in desk.questions(QueryOrder)] == [of.pop(asked.market)]
    assert not of


def test_an_order_that_its_markets_list_does_not_show_is_asked_about() -> None:
    desk = trading()
    place = desk.placed()[-1]
    desk.accept(place)
    desk.said.clear()
    desk.calm(5.2)
    desk.show()
    assert [one.client_id for one in desk.questions(QueryOrder)] == [place.client_id]


def test_a_markets_list_that_failed_is_no_empty_list_and_is_asked_for_again() -> None:
    desk = trading()
    desk.accept(desk.placed()[-1])
    desk.calm(5.2)
    asked = desk.questions(QueryOpenOrders)
    assert {one.market for one in asked} == {MARKET, OTHER}
    for one in asked:
        desk.say(OpenOrdersAnswer, request=one.request, complete=False)
    assert not desk.questions(QueryOrder)
    began = desk.at
    while not desk.questions(QueryOpenOrders):
        desk.wait(0.1)
    assert desk.at - began <= SECOND

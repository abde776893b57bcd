"""Markets that change or close while the venue is open are seen, said, and traded in their new steps only."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from deskbot.core.commands import Place, QueryOpenOrders
from deskbot.core.errors import Transient
from deskbot.core.events import ACCEPTED, REJECTED, Book, Event, Problem, Relisted
from deskbot.core.instrument import BUY, Instrument
from deskbot.core.money import to_units
from deskbot.simulator.server import Simulator
from deskbot.venues import relisting
from deskbot.venues.ccxt_venue import CcxtVenue
from deskbot.venues.relisting import Relister
from tests.core.desk import MARKET, Desk, Wants, instrument, target
from tests.venues.conftest import SWAP, MakeVenue
from tests.venues.test_streams import opened, streaming

OTHER = "ETH/USDT:USDT"
OTHER_LIMITS = instrument(min_lots=3)
OTHER_STEPS = instrument(tick=to_units("0.5"))


class Lists:
    """A venue's lists, one after the other; what was said and taken."""

    def __init__(self, *lists: Instrument | Exception | None) -> None:
        self.lists = list(lists)
        self.said: list[Event] = []
        self.closed: set[str] = set()
        self.known = {MARKET: instrument()}
        self.taken: list[str] = []
        self.meanwhile: Callable[[], None] = lambda: None

    async def load(self) -> dict[str, Instrument | None]:
        if not self.lists:
            raise asyncio.CancelledError
        now = self.lists.pop(0)
        self.meanwhile()
        self.meanwhile = lambda: None
        if isinstance(now, Exception):
            raise now
        return {MARKET: now}

    def take(self, changed: dict[str, Instrument]) -> None:
        assert not any(isinstance(one, Relisted) for one in self.said), "the venue changes before the engine knows"
        self.taken += changed

    def relister(self) -> Relister:
        return Relister(self.load, self.take, self.said.append, lambda: 1, lambda: 0.5, self.closed)

    async def run(self, relister: Relister | None = None) -> bool:
        """Whether the streams must begin anew."""
        try:
            await (relister or self.relister()).run(dict(self.known))
        except asyncio.CancelledError:  # when there are no more lists
            return False
        return True


@pytest.fixture(autouse=True)
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(relisting, "RELIST_SECONDS", 0)


async def test_a_list_that_is_the_same_says_nothing() -> None:
    lists = Lists(instrument(), instrument())
    assert not await lists.run()
    assert lists.said == []


async def test_other_limits_are_said_and_the_streams_go_on() -> None:
    lists = Lists(OTHER_LIMITS, OTHER_LIMITS)
    assert not await lists.run()
    (said,) = lists.said
    assert isinstance(said, Relisted)
    assert said.instruments[MARKET].min_lots == 3
    assert lists.taken == [MARKET]


async def test_other_steps_end_the_streams() -> None:
    lists = Lists(OTHER_STEPS)
    assert await lists.run()
    assert isinstance(lists.said[0], Relisted)


async def test_a_market_that_closes_is_a_problem_until_it_opens_again() -> None:
    lists = Lists(None, None, instrument())
    assert not await lists.run()
    said: list[Any] = lists.said
    assert [(one.key, one.reason) for one in said] == [(MARKET, "MarketClosed"), (MARKET, "")]
    assert said[0].message == f"{MARKET} is not open for trading on the venue"


async def test_a_market_that_was_closed_from_the_start_begins_the_streams_anew_when_it_opens() -> None:
    lists = Lists(None, instrument())
    lists.closed, lists.known = {MARKET}, {}
    assert await lists.run()
    relisted, reopened = lists.said
    assert isinstance(relisted, Relisted)
    assert isinstance(reopened, Problem)
    assert (reopened.key, reopened.reason, lists.closed, lists.taken) == (MARKET, "", set(), [MARKET])


async def test_a_market_that_closed_before_the_streams_began_anew_is_said_to_be_open_again() -> None:
    lists = Lists(instrument())
    lists.closed = {MARKET}
    assert not await lists.run()
    assert [(one.key, one.reason) for one in lists.said if isinstance(one, Problem)] == [(MARKET, "")]


async def test_a_refused_order_closes_its_market_at_once_until_a_list_says_that_it_is_open() -> None:
    lists = Lists(None, instrument(), instrument())
    relister = lists.relister()
    relister.refused(MARKET, "MarketClosed: words")
    relister.refused(MARKET, "MarketClosed: words")
    (closed,) = lists.said
    assert isinstance(closed, Problem)
    assert (closed.key, closed.reason) == (MARKET, "MarketClosed")
    assert closed.message == (
        f"{MARKET} is not open for trading on the venue: it refused an order (MarketClosed: words)"
    )
    assert not await lists.run(relister)
    assert [(one.key, one.reason) for one in lists.said[1:] if isinstance(one, Problem)] == [(MARKET, "")]


async def test_a_list_from_before_the_refusal_does_not_open_its_market() -> None:
    lists = Lists(instrument(), instrument())
    relister = lists.relister()
    lists.meanwhile = lambda: relister.refused(MARKET, "words")
    assert not await lists.run(relister)
    assert [one.reason for one in lists.said if isinstance(one, Problem)] == ["MarketClosed", ""]


async def test_after_a_refusal_the_list_is_read_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(relisting, "RELIST_SECONDS", 3600)
    monkeypatch.setattr(relisting, "REFUSED_SECONDS", 0)
    lists, read = Lists(instrument()), asyncio.Event()
    lists.meanwhile = read.set
    relister = lists.relister()
    running = asyncio.ensure_future(lists.run(relister))
    await asyncio.sleep(0)
    assert lists.lists, "not read while nothing was refused"
    relister.refused(MARKET, "words")
    async with asyncio.timeout(5):
        await read.wait()
    running.cancel()


async def test_a_list_that_cannot_be_read_changes_nothing() -> None:
    lists = Lists(Transient("VenueUnreachable", "away"), OTHER_LIMITS)
    assert not await lists.run()
    assert len(lists.said) == 1


def test_the_engine_quotes_in_the_new_steps_and_only_on_a_new_book() -> None:
    strategy = Wants(target())
    desk = Desk(strategy=strategy).trading()
    desk.say(Relisted, instruments={MARKET: OTHER_STEPS})
    asked = len(strategy.seen)
    desk.wait(1)
    assert len(strategy.seen) == asked
    desk.book()
    assert strategy.seen[-1].instrument.tick == to_units("0.5")


@pytest.mark.component
async def test_a_change_of_the_venues_steps_is_taken_over_by_streams_and_orders(
    make_venue: MakeVenue, simulator: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relisting, "RELIST_SECONDS", 0.3)
    venue, known = await opened(make_venue, *SWAP)
    async with streaming(venue) as heard:
        simulator.faults.add({"action": "filterChange", "market": SWAP[1], "quantityStep": "0.01"})
        await heard.until(lambda: heard.of(Relisted))
        answer = await venue.place(Place("d1", SWAP[1], BUY, known.ticks("58000"), 10, True, False))
        assert (answer.outcome, answer.reason) == (REJECTED, f"{SWAP[1]} is not open on this venue")
    changed = heard.of(Relisted)[0].instruments[SWAP[1]]
    assert changed.lot == to_units("0.01")
    assert (changed.maker_rate, changed.taker_rate) == (known.maker_rate, known.taker_rate)
    async with streaming(venue) as heard:
        await heard.until(lambda: heard.of(Book))
        answer = await venue.place(Place("d2", SWAP[1], BUY, changed.ticks("58000"), 1, True, False))
        assert answer.venue_id
        (resting,) = (await venue.query_open_orders(QueryOpenOrders(1))).orders
    assert resting.lots == 1
    assert [order.lots for order in simulator.exchange.open_orders("alice")] == [10], "in the steps of the market data"


@pytest.mark.component
async def test_a_market_that_the_venue_delists_is_a_problem(
    make_venue: MakeVenue, simulator: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relisting, "RELIST_SECONDS", 0.3)
    venue, _ = await opened(make_venue, *SWAP)
    async with streaming(venue) as heard:
        simulator.faults.add({"action": "delisting", "market": SWAP[1]})
        await heard.until(lambda: any(one.key == SWAP[1] for one in heard.of(Problem)))
    assert next(one for one in heard.of(Problem) if one.key == SWAP[1]).reason == "MarketClosed"


@pytest.mark.component
async def test_a_market_that_was_closed_at_the_start_gets_its_stream_and_its_orders_when_it_opens(
    make_venue: MakeVenue, simulator: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relisting, "RELIST_SECONDS", 0.3)
    simulator.faults.add({"action": "halt", "market": OTHER, "forMs": 3000})
    venue = await make_venue(*SWAP, markets=(SWAP[1], OTHER))
    assert (await venue.open()).closed.keys() == {OTHER}
    async with streaming(venue) as heard:
        await heard.until(lambda: any(one.key == OTHER and not one.reason for one in heard.of(Problem)))
        assert {one.market for one in heard.of(Book)} == {SWAP[1]}
    opened_now = heard.of(Relisted)[0].instruments[OTHER]
    assert str(opened_now.maker_rate) == str(to_units("0.0002")), "the account's own"
    async with streaming(venue, markets=2) as heard:
        await heard.until(lambda: {one.market for one in heard.of(Book)} == {SWAP[1], OTHER})
        lots = opened_now.lots("0.1")
        answer = await venue.place(Place("d1", OTHER, BUY, opened_now.ticks("1000"), lots, True, False))
    assert (answer.outcome, answer.reason) == (ACCEPTED, "")


@pytest.mark.component
async def test_an_order_that_a_halted_market_refuses_closes_it_until_it_is_listed_as_open(
    make_venue: MakeVenue, simulator: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    venue, known = await opened(make_venue, *SWAP)
    await refused_while_halted(venue, known, simulator, monkeypatch)


async def refused_while_halted(
    venue: CcxtVenue, known: Instrument, simulator: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Halt a market, place an order on it, and hear that it is closed; then that it is open again."""
    monkeypatch.setattr(relisting, "RELIST_SECONDS", 0.7)
    monkeypatch.setattr(relisting, "REFUSED_SECONDS", 0.3)
    market = known.market
    async with streaming(venue) as heard:
        await heard.until(lambda: heard.of(Book))
        simulator.faults.add({"action": "halt", "market": market, "forMs": 1000})
        place = Place("d1", market, BUY, known.ticks("58000"), known.lots("0.1"), True, False)
        assert (await venue.place(place)).outcome == REJECTED
        (closed,) = [one for one in heard.of(Problem) if one.key == market]
        assert (closed.reason, "it refused an order" in closed.message) == ("MarketClosed", True)
        await heard.until(lambda: (market, "") in [(one.key, one.reason) for one in heard.of(Problem)])
        await take_again(venue, place)


async def take_again(venue: CcxtVenue, place: Place) -> None:
    """The same order is taken now."""
    again = Place("d2", place.market, place.side, place.price_ticks, place.lots, True, False)
    assert (await venue.place(again)).outcome == ACCEPTED

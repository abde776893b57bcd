"""Bybit's disconnection protection behind the desk's venue: a vanished bot's orders die on the venue."""

import asyncio

import pytest

from deskbot.core.commands import ArmDeadMan, QueryOpenOrders
from deskbot.core.events import ACCEPTED, REJECTED, Event, OpenOrdersAnswer, StreamChange
from deskbot.simulator.server import Simulator
from tests.venues.asking import BOTH, asked, bid, opened, until
from tests.venues.conftest import SWAP, MakeVenue

pytestmark = pytest.mark.component

ENQUIRY = "/v5/account/query-dcp-info"
SECONDS = 3  # the shortest window that Bybit knows


class Life:
    """A bot's private stream, for as long as it lives."""

    def __init__(self) -> None:
        self.heard: list[Event] = []

    async def healthy(self) -> bool:
        private = [event for event in self.heard if isinstance(event, StreamChange) and event.stream == "private"]
        return bool(private) and private[-1].healthy


@BOTH
async def test_a_vanished_bots_orders_die_on_the_venue(make_venue: MakeVenue, market_type: str, market: str) -> None:
    watcher, _ = await opened(make_venue, market_type, market, key="careful")
    venue, instrument = await opened(make_venue, market_type, market, key="careful")
    life = Life()
    stream = asyncio.create_task(venue.stream(life.heard.append))
    await until(life.healthy)
    assert (await venue.arm_dead_man(ArmDeadMan(1, SECONDS))).outcome == ACCEPTED
    await venue.place(bid(instrument, "d1"))
    await asyncio.sleep(SECONDS + 1)
    assert len((await watcher.query_open_orders(QueryOpenOrders(1))).orders) == 1  # it lives, and nothing happens
    stream.cancel()
    await asyncio.gather(stream, return_exceptions=True)

    async def none_left() -> OpenOrdersAnswer | None:
        answer = await watcher.query_open_orders(QueryOpenOrders(1))
        return None if answer.orders else answer

    assert (await until(none_left)).complete


async def test_an_account_without_it_is_told_so_and_its_stream_is_whole_without_the_topic(
    make_venue: MakeVenue, simulator: Simulator
) -> None:
    venue, _ = await opened(make_venue, *SWAP)
    life = Life()
    stream = asyncio.create_task(venue.stream(life.heard.append))
    await until(life.healthy)
    answer = await venue.arm_dead_man(ArmDeadMan(1, SECONDS))
    assert (answer.outcome, "account manager" in answer.reason) == (REJECTED, True)
    assert asked(simulator, "/v5/order/disconnected-cancel-all") == []
    stream.cancel()
    await asyncio.gather(stream, return_exceptions=True)


async def test_an_account_whose_protection_the_venue_refuses_to_tell_is_one_without(
    make_venue: MakeVenue, simulator: Simulator
) -> None:
    simulator.faults.add({"action": "refuse", "endpoint": ENQUIRY, "code": 10005, "forMs": 60_000})
    venue, _ = await opened(make_venue, *SWAP, key="careful")
    life = Life()
    stream = asyncio.create_task(venue.stream(life.heard.append))
    await until(life.healthy)
    await asyncio.sleep(1.5)
    assert len(asked(simulator, ENQUIRY)) == 1
    assert (await venue.arm_dead_man(ArmDeadMan(1, SECONDS))).outcome == REJECTED
    stream.cancel()
    await asyncio.gather(stream, return_exceptions=True)


async def test_protection_that_the_venue_could_not_tell_of_is_asked_for_again_and_then_in_force(
    make_venue: MakeVenue, simulator: Simulator
) -> None:
    simulator.faults.add({"action": "drop", "endpoint": ENQUIRY, "count": 2})
    watcher, _ = await opened(make_venue, *SWAP, key="careful")
    venue, instrument = await opened(make_venue, *SWAP, key="careful")
    life = Life()
    stream = asyncio.create_task(venue.stream(life.heard.append))

    async def again() -> bool:
        return len(life.heard) > 1 and await life.healthy() and len(asked(simulator, ENQUIRY)) > 2

    await until(again)
    assert (await venue.arm_dead_man(ArmDeadMan(1, SECONDS))).outcome == ACCEPTED
    await venue.place(bid(instrument, "d1"))
    stream.cancel()
    await asyncio.gather(stream, return_exceptions=True)

    async def none_left() -> bool:
        return not (await watcher.query_open_orders(QueryOpenOrders(1))).orders

    assert await until(none_left)

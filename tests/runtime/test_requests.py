"""Requests and the journal's writer: one answer for everything, and no cancel behind a disk."""

import asyncio
from collections.abc import Callable

import pytest

from deskbot.core.commands import (
    ArmDeadMan,
    Cancel,
    CancelAll,
    CancelForeign,
    Place,
    QueryBalances,
    QueryFills,
    QueryOpenOrders,
    QueryOrder,
    QueryPositions,
)
from deskbot.core.events import REJECTED, UNKNOWN, Event, PlaceResult
from deskbot.runtime.requests import FILLS_TIMEOUT_SECONDS, Request, Requests
from deskbot.venues.protocol import VenueSettings
from tests.runtime import virtual_time
from tests.runtime.scripted_venue import MARKET, ScriptedVenue
from tests.runtime.virtual_time import run

PLACE = Place("d1", MARKET, 1, 600_000, 2, True, False)
EVERY_REQUEST: dict[str, Request] = {
    "place": PLACE,
    "cancel": Cancel("d1", "v-d1", MARKET),
    "cancel_foreign": CancelForeign("v-d1", MARKET, False),
    "cancel_all": CancelAll(7, (MARKET,)),
    "query_order": QueryOrder("d1", MARKET),
    "query_open_orders": QueryOpenOrders(7),
    "query_positions": QueryPositions(7),
    "query_balances": QueryBalances(7),
    "query_fills": QueryFills(7, MARKET, 0),
    "arm_dead_man": ArmDeadMan(7, 30),
}
Change = Callable[[ScriptedVenue, str], None]


def hangs(venue: ScriptedVenue, name: str) -> None:
    venue.hangs.add(name)


def breaks(venue: ScriptedVenue, name: str) -> None:
    venue.breaks.add(name)


def answers(_venue: ScriptedVenue, _name: str) -> None:
    """As it should be."""


async def ask(request: Request, name: str, change: Change | None) -> list[Event]:
    """Everything that comes back for one request; without `change` there is no venue."""
    clock = virtual_time.clock()
    events: list[Event] = []
    requests = Requests(events.append, clock)
    if change is not None:
        venue = ScriptedVenue(clock, VenueSettings("bybit", "Swap", (MARKET,), None))
        change(venue, name)
        requests.use(venue, ready=True)
    requests.send(request)
    await asyncio.sleep(2 * FILLS_TIMEOUT_SECONDS)
    await requests.close()
    return events


@pytest.mark.parametrize("change", [answers, hangs, breaks, None])
@pytest.mark.parametrize("name", EVERY_REQUEST)
def test_every_request_has_exactly_one_answer(name: str, change: Change | None) -> None:
    events = run(ask(EVERY_REQUEST[name], name, change))
    assert len(events) == 1
    certain = getattr(events[0], "complete", getattr(events[0], "outcome", "") not in (UNKNOWN, REJECTED))
    assert certain == (change is answers)


@pytest.mark.parametrize("change", [hangs, breaks])
def test_an_order_without_an_answer_may_be_on_the_venue(change: Change) -> None:
    (event,) = run(ask(PLACE, "place", change))
    assert isinstance(event, PlaceResult)
    assert event.outcome == UNKNOWN


def test_an_order_that_no_venue_was_ready_for_is_known_not_to_be_there() -> None:
    (event,) = run(ask(PLACE, "place", None))
    assert isinstance(event, PlaceResult)
    assert event.outcome == REJECTED


@pytest.mark.parametrize("name", ["query_order", "query_open_orders", "query_fills", "place", "cancel"])
def test_an_answer_in_the_steps_of_an_earlier_venue_is_none_but_what_it_did_is_known(name: str) -> None:
    async def main() -> Event:
        clock = virtual_time.clock()
        events: list[Event] = []
        requests = Requests(events.append, clock)
        old, new = (ScriptedVenue(clock, VenueSettings("bybit", "Swap", (MARKET,), None)) for _ in range(2))
        requests.use(old, ready=True)
        requests.send(EVERY_REQUEST[name])
        await asyncio.sleep(0.005)  # it is on its way
        requests.use(new, ready=True)
        await asyncio.sleep(FILLS_TIMEOUT_SECONDS)
        await requests.close()
        assert len(events) == 1
        return events[0]

    event = run(main())
    certain = getattr(event, "complete", getattr(event, "outcome", "") not in (UNKNOWN, REJECTED))
    assert certain == (name in ("place", "cancel"))

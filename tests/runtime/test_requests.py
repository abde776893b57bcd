"""Requests and the journal's writer: one answer for everything, and no cancel behind a disk."""

import asyncio
import threading
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
from deskbot.core.errors import DeskError, Transient
from deskbot.core.events import REJECTED, UNKNOWN, Event, PlaceResult
from deskbot.core.records import Record
from deskbot.runtime.clock import Clock
from deskbot.runtime.journal_writer import JournalWriter
from deskbot.runtime.requests import FILLS_TIMEOUT_SECONDS, Request, Requests
from deskbot.venues.protocol import VenueSettings
from tests.runtime import virtual_time
from tests.runtime.records import intent
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


async def test_a_hanging_disk_holds_up_whoever_waits_for_it_and_nobody_else() -> None:
    disk = threading.Event()
    durable: list[bool] = []

    def write(_records: list[Record]) -> None:
        disk.wait(10)

    writer = JournalWriter(write, Clock(), lambda _error: None)
    writing = asyncio.ensure_future(writer.run())
    writer.append([intent(1)], durable.append)
    for _ in range(20):
        await asyncio.sleep(0)
    assert durable == []
    assert writer.pending
    disk.set()
    assert await writer.flush(5)
    assert durable == [True]
    writing.cancel()


def test_records_that_gather_behind_a_write_go_to_the_disk_together() -> None:
    async def main() -> list[int]:
        batches: list[int] = []
        writer = JournalWriter(lambda records: batches.append(len(records)), virtual_time.clock(), lambda _error: None)
        writing = asyncio.ensure_future(writer.run())
        for number in range(50):
            writer.append([intent(number)])
        await writer.flush(1)
        writing.cancel()
        return batches

    assert run(main()) == [50]


def test_a_failed_write_says_no_at_once_and_loses_no_record() -> None:
    written: list[Record] = []
    troubles: list[DeskError | None] = []
    answered: list[bool] = []
    full = True

    def write(records: list[Record]) -> None:
        if full:
            raise Transient("DiskFull", "no room")
        written.extend(records)

    async def main() -> None:
        nonlocal full
        writer = JournalWriter(write, virtual_time.clock(), troubles.append)
        writing = asyncio.ensure_future(writer.run())
        writer.append([intent(1)], answered.append)
        await asyncio.sleep(0.1)
        writer.append([intent(2)], answered.append)
        assert answered == [False, False]
        assert written == []
        full = False
        assert await writer.flush(5)
        writer.append([intent(3)], answered.append)
        await writer.flush(5)
        writing.cancel()

    run(main())
    assert written == [intent(1), intent(2), intent(3)]
    assert answered == [False, False, True]
    assert [trouble is None for trouble in troubles] == [False, True]

"""The engine's loop after the process stood still: a laptop's lid, a frozen node, a stopped container."""

import asyncio
from pathlib import Path

from deskbot.core.commands import Place
from deskbot.core.events import StreamChange, VenueClock
from deskbot.runtime.clock import NANOSECONDS
from tests.runtime.scripted_venue import MARKET, ScriptedVenue
from tests.runtime.virtual_time import run
from tests.runtime.world import World, world


def stand_still(one: World, seconds: int) -> None:
    """The machine's clock goes on, the process does not."""
    one.clock._offset += seconds * NANOSECONDS


def test_a_book_that_waited_while_the_process_stood_still_is_not_quoted_on(tmp_path: Path) -> None:
    one: World
    ages: list[int] = []

    def prepare(venue: ScriptedVenue) -> None:
        def look(_place: Place) -> None:
            assert one.bot.session is not None
            ages.append(one.clock.now() - one.bot.session.loop.books[MARKET].at)

        venue.before_place = look

    async def main() -> None:
        nonlocal one
        async with world(tmp_path, prepare=prepare) as one:
            await one.until(lambda: len(ages) >= 4, "quotes")
            one.venue.emit(StreamChange(one.clock.now(), "market", MARKET, healthy=False, reason="a gap"))
            await one.until(lambda: not one.venue.open_orders, "quotes are pulled")
            one.venue.emit(one.venue.book())
            one.venue.emit(StreamChange(one.clock.now(), "market", MARKET, healthy=True))
            stand_still(one, seconds=60)
            await one.until(lambda: len(ages) >= 8, "quotes on a fresh book")
        assert max(ages) < NANOSECONDS

    run(main())


def test_a_book_that_waits_is_skipped_by_the_next_one_without_a_gap(tmp_path: Path) -> None:
    one: World

    async def main() -> None:
        nonlocal one
        async with world(tmp_path) as one:
            await one.state("Running")
            for sequence, previous in ((7, 0), (8, 7), (9, 8)):
                book = one.venue.book()
                book.sequence, book.previous = sequence, previous
                one.venue.emit(book)
            await asyncio.sleep(0.05)
            assert one.summary().positions[0].doubt == ""
            lost = one.venue.book()
            lost.sequence, lost.previous = 12, 11
            one.venue.emit(lost)
            await one.until(lambda: one.summary().positions[0].doubt == "sequence_gap", "one that follows none of them")

    run(main())


def test_a_book_that_waited_in_the_socket_is_as_old_as_the_venue_says(tmp_path: Path) -> None:
    one: World

    async def main() -> None:
        nonlocal one
        async with world(tmp_path) as one:
            await one.state("Running")
            one.venue.emit(VenueClock(one.clock.now(), 0))
            waiting = one.venue.book()
            waiting.venue_ms = one.clock.now_ms()
            stand_still(one, seconds=60)
            waiting.at = one.clock.now()  # it is read only now
            one.venue.emit(waiting)
            await asyncio.sleep(0.05)
            assert one.summary().positions[0].doubt == "data_stale"
            await one.until(lambda: one.summary().positions[0].doubt == "", "a book of now")

    run(main())

"""A bot that may not trade: no order leaves, what rests is pulled, and it goes on by itself."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from deskbot.core.errors import DeskError, Transient
from deskbot.runtime.journal_file import lock
from tests.runtime.virtual_time import run
from tests.runtime.world import World, world

QUOTES = 4


class Gate:
    """A fence that a test shuts and opens."""

    def __init__(self, *, shut: bool = False) -> None:
        self.shut = shut
        self.asked = 0
        self._hear: Callable[[], None] = lambda: None

    def set(self, *, shut: bool) -> None:
        self.shut = shut
        self._hear()

    def why_not(self) -> DeskError | None:
        return Transient("ControlLost", "the Lease was not renewed") if self.shut else None

    def refusal(self) -> str:
        self.asked += 1
        return "the Lease was not renewed" if self.shut else ""

    def listen(self, hear: Callable[[], None]) -> None:
        self._hear = hear

    async def settled(self) -> None:
        return


def trading(one: World) -> bool:
    return len(one.venue.open_orders) == QUOTES


@pytest.mark.control("S2.2")
def test_s2_losing_control_pulls_the_quotes_says_why_and_ends_by_itself(tmp_path: Path) -> None:
    async def main() -> None:
        gate = Gate()
        async with world(tmp_path, fence=gate) as one:
            await one.until(lambda: bool(one.venues) and trading(one), "quotes")
            gate.set(shut=True)
            await one.until(lambda: not one.venue.open_orders, "quotes are pulled", 2)
            assert one.summary().problem == ("ControlLost", "the Lease was not renewed")
            assert one.summary().halt is None
            before = len(one.venue.placed)
            await one.clock.sleep(20)
            assert len(one.venue.placed) == before
            gate.set(shut=False)
            await one.until(lambda: trading(one), "quotes again", 5)
            assert one.summary().problem is None

    run(main())


@pytest.mark.control("S1.1")
def test_s1_a_bot_that_starts_without_its_lease_compares_itself_with_the_venue_and_sends_nothing(
    tmp_path: Path,
) -> None:
    async def main() -> None:
        gate = Gate(shut=True)
        async with world(tmp_path, fence=gate) as one:
            await one.until(lambda: bool(one.venues) and one.summary().reconciled_at > 0, "reconciliation")
            await one.clock.sleep(10)
            assert one.venue.placed == []
            gate.set(shut=False)
            await one.until(lambda: trading(one), "quotes", 5)

    run(main())


@pytest.mark.control("S1.1")
def test_s1_an_order_asks_again_when_it_leaves_whatever_the_engine_has_heard(tmp_path: Path) -> None:
    async def main() -> None:
        gate = Gate()
        async with world(tmp_path, fence=gate) as one:
            await one.until(lambda: bool(one.venues) and trading(one), "quotes")
            before, asked = len(one.venue.placed), gate.asked
            gate.shut = True  # the engine is told nothing
            one.venue.emit(one.venue.book(bid=601_000))
            await one.until(lambda: gate.asked > asked, "an order is on its way")
            await one.clock.sleep(1)
            assert len(one.venue.placed) == before
            gate.shut = False
            await one.until(lambda: len(one.venue.placed) > before, "the next one leaves", 5)

    run(main())


@pytest.mark.control("S2.3")
def test_s2_a_halt_needs_no_lease(tmp_path: Path) -> None:
    async def main() -> None:
        gate = Gate()
        async with world(tmp_path, fence=gate) as one:
            await one.until(lambda: bool(one.venues) and trading(one), "quotes")
            gate.shut = True
        assert one.ended is not None
        assert one.ended.proven
        assert not one.venue.open_orders

    run(main())


@pytest.mark.control("S1.5")
def test_s1_a_process_that_never_came_to_its_journal_proves_nothing_about_the_one_that_has_it(tmp_path: Path) -> None:
    async def main() -> None:
        held = lock(tmp_path / "journal.sqlite")
        try:
            async with world(tmp_path) as one:
                await one.clock.sleep(5)
        finally:
            os.close(held)
        assert one.ended is not None
        assert one.ended.confirmed
        assert not one.ended.proven

    run(main())

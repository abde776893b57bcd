"""A bot whose journal is gone, or lies where another object's was: it starts halted and waits for a person."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from deskbot.runtime.journal import open_journal
from deskbot.runtime.session import header_of
from tests.runtime.virtual_time import clock, run
from tests.runtime.world import World, manifest, world

RAN_BEFORE = {"status": {"engine": {"state": "Running", "accountId": "1001"}}}


def leave_another_objects(folder: Path) -> None:
    """The journal of an earlier object of this name."""

    async def main() -> None:
        one = World(folder, clock(), manifest())
        header = header_of(one.control.seen, one.clock)
        open_journal(one.journal, replace(header, object_uid="another")).close()

    run(main())


def halts(folder: Path, bot: dict[str, Any], reason: str) -> None:
    """The bot starts halted for this reason, also after a restart, and trades once that was acknowledged."""

    async def main() -> None:
        async with world(folder, bot) as one:
            first = await one.state("Halted")
            assert first.halt is not None
            assert (first.halt.source, first.halt.reason) == ("Engine", reason)
            assert first.reconciled_at
            assert one.venue.placed == []
        async with world(folder, bot) as again:
            second = await again.state("Halted")
            assert second.halt is not None
            assert second.halt.id == first.halt.id
            again.write({**bot, "spec": manifest(acknowledgedHalt=first.halt.id)["spec"]})
            await again.state("Running")
            await again.until(lambda: bool(again.venue.open_orders), "quotes")
        async with world(folder, bot) as last:
            await last.state("Running")

    run(main())


@pytest.mark.control("S3.5", "R6-14")
def test_a_bot_that_has_met_its_account_and_has_no_journal_starts_halted(tmp_path: Path) -> None:
    halts(tmp_path, {**manifest(), **RAN_BEFORE}, "JournalLost")


@pytest.mark.control("S3.4")
def test_a_bot_in_the_place_of_an_earlier_object_starts_halted(tmp_path: Path) -> None:
    leave_another_objects(tmp_path)
    halts(tmp_path, manifest(), "EarlierObject")


def test_a_crash_between_setting_a_journal_aside_and_beginning_a_new_one_forgets_nothing(tmp_path: Path) -> None:
    leave_another_objects(tmp_path)
    (tmp_path / "journal.sqlite").rename(tmp_path / "journal.sqlite.another")
    halts(tmp_path, manifest(), "EarlierObject")


@pytest.mark.parametrize("status", [RAN_BEFORE, {}])
def test_where_no_order_reaches_a_venue_a_new_journal_is_just_a_new_one(tmp_path: Path, status: dict[str, Any]) -> None:
    leave_another_objects(tmp_path)
    bot = manifest(mode="DryRun", venue={"exchange": "bybit", "marketType": "Swap"})

    async def main() -> None:
        async with world(tmp_path, {**bot, **status}) as one:
            await one.state("Running")
            assert one.summary().halt is None

    run(main())

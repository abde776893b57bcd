"""A volume that really is full: a tiny file system of its own."""

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from deskbot.core.commands import Place
from deskbot.core.errors import Transient
from deskbot.core.events import Fill
from deskbot.core.orders import OPEN
from deskbot.core.records import Record
from deskbot.runtime.journal import Journal, open_journal
from deskbot.runtime.opening import opened, usable
from tests.runtime.records import intent
from tests.runtime.scripted_venue import MARKET, ScriptedVenue
from tests.runtime.test_journal import HEADER
from tests.runtime.virtual_time import run
from tests.runtime.world import manifest, world

pytestmark = pytest.mark.component


@pytest.fixture
def volume(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "volume"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=512k", "tmpfs", str(folder)]
    made = subprocess.run(mount, capture_output=True, text=True, check=False)
    if made.returncode:
        pytest.skip(f"a file system cannot be mounted here: {made.stderr.strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def fill(volume: Path) -> Path:
    """Take what room is left."""
    ballast = volume / "ballast"
    with ballast.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(b"x" * 512)
        except OSError:
            return ballast


def write_until_refused(journal: Journal) -> list[Record]:
    written: list[Record] = []
    with pytest.raises(Transient) as caught:  # noqa: PT012 how many fit is the file system's business
        while True:
            batch: list[Record] = [intent(len(written) + number) for number in range(20)]
            journal.write(batch)
            written += batch
    assert caught.value.reason == "DiskFull"
    assert "make room on its volume" in caught.value.message
    return written


def test_a_journal_on_a_full_volume_keeps_what_it_has_and_goes_on_when_there_is_room(volume: Path) -> None:
    journal = open_journal(volume / "journal.sqlite", HEADER)
    ballast = fill(volume)
    written = write_until_refused(journal)
    ballast.unlink()
    journal.write([intent(9999)])
    journal.close()
    again = open_journal(volume / "journal.sqlite", HEADER)
    assert list(again.records()) == [*written, intent(9999)]
    again.close()


def test_a_journal_that_cannot_be_begun_for_want_of_room_says_so(volume: Path) -> None:
    ballast = fill(volume)
    with pytest.raises(Transient) as caught:
        open_journal(volume / "journal.sqlite", HEADER)
    assert caught.value.reason == "DiskFull"
    ballast.unlink()
    open_journal(volume / "journal.sqlite", HEADER).close()


def test_a_journal_on_a_volume_that_has_filled_up_is_left_alone_until_there_is_room(volume: Path) -> None:
    journal = open_journal(volume / "journal.sqlite", HEADER)
    journal.write([intent(1)])
    journal.close()
    ballast = fill(volume)
    with pytest.raises(Transient) as caught:
        open_journal(volume / "journal.sqlite", HEADER)
    assert caught.value.reason == "DiskFull"
    ballast.unlink()
    again = open_journal(volume / "journal.sqlite", HEADER)
    assert list(again.records()) == [intent(1)]
    again.close()


def test_a_bot_that_starts_on_a_full_volume_knows_its_state_cancels_and_trades_when_there_is_room(
    volume: Path, tmp_path: Path
) -> None:
    journal = volume / "journal.sqlite"
    left: list[str] = []

    def prepare(venue: ScriptedVenue) -> None:
        for client_id in left:
            venue.open_orders[client_id] = venue._report(client_id, MARKET, OPEN)

    async def first() -> None:
        async with world(tmp_path, journal=journal) as one:
            await one.until(lambda: bool(one.venues) and len(one.venue.open_orders) == 4, "quotes")
            place = one.venue.placed[0]
            one.venue.emit(fill_of(place, one.clock.now()))
            one.venue.open_orders.pop(place.client_id)
            await one.until(lambda: one.summary().fills == 1, "the fill is booked")
            left.extend(client_id for client_id in one.venue.open_orders if client_id != place.client_id)
            for suffix in ("", "-wal"):  # as SIGKILL would leave it
                shutil.copy(f"{journal}{suffix}", tmp_path / f"killed{suffix}")
        for suffix in ("", "-wal"):
            shutil.copy(tmp_path / f"killed{suffix}", f"{journal}{suffix}")

    async def second() -> None:
        async with world(tmp_path, journal=journal, prepare=prepare) as one:
            stalled = await one.state("Stalled")
            assert stalled.problem is not None
            assert stalled.problem[0] == "DiskFull"
            assert stalled.fills == 1
            await one.until(lambda: not one.venue.open_orders, "what was left is cancelled", 60)
            one.write(manifest(halted=True))
            await one.state("Halted", seconds=120)
            assert one.venue.placed == []
            ballast.unlink()
            await one.until(lambda: one.summary().problem is None, "room is noticed")
            assert one.summary().fills == 1

    run(first())
    ballast = fill(volume)
    run(second())


def fill_of(place: Place, at: int) -> Fill:
    """The order has filled."""
    return Fill(
        at, MARKET, "t-1", place.client_id, "v", place.side, place.price_ticks, place.lots, 0, "USDT", True, at // 10**6
    )


def test_what_a_read_only_volume_holds_is_read_from_a_copy(volume: Path) -> None:
    journal = open_journal(volume / "journal.sqlite", HEADER)
    journal.write([intent(1)])
    for suffix in ("", "-wal"):  # as SIGKILL would leave it
        shutil.copy(f"{journal.path}{suffix}", volume / f"killed{suffix}")
    journal.close()
    for suffix in ("", "-wal"):
        (volume / f"killed{suffix}").rename(f"{journal.path}{suffix}")
    subprocess.run(["mount", "-o", "remount,ro", str(volume)], check=True)
    found = run(opened(journal.path, HEADER, lambda _beside_another: ()))
    assert isinstance(found.journal, Transient)
    assert found.journal.reason == "DiskFull"
    assert list(found.durable.orders) == [intent(1).client_id]
    assert not run(usable(journal.path, HEADER))
    subprocess.run(["mount", "-o", "remount,rw", str(volume)], check=True)
    assert run(usable(journal.path, HEADER))

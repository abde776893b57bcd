"""A volume that really is full: a tiny file system of its own."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from deskbot.core.errors import Transient
from deskbot.core.records import Record
from deskbot.runtime.journal import Journal, open_journal
from tests.runtime.records import intent
from tests.runtime.test_journal import HEADER

pytestmark = pytest.mark.component


@pytest.fixture
def volume(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "volume"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(folder)]
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

"""From the journal's file to the state an engine begins with, in a thread: a halt is heard meanwhile.

opened ──▶ a journal to write, and its state
   └ the volume takes nothing: the state alone, read on the spot or from a copy; an engine with it reconciles and
     cancels, and cannot trade
"""

import asyncio
import shutil
import sqlite3
import tempfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import structlog

from deskbot.core.durable import Durable
from deskbot.core.errors import DeskError, Transient
from deskbot.runtime import journal_file
from deskbot.runtime.journal import Begin, Journal, open_journal
from deskbot.runtime.journal_file import Header
from deskbot.runtime.replay import replay

T = TypeVar("T")
ROOM_BYTES = 2**17  # a new journal, its log and its index

_log = structlog.get_logger("deskbot.journal")


@dataclass(frozen=True)
class Opened:
    """What an engine begins with.

    `journal` is what to write to, or why there is nothing; `epoch_ms` and `durable` are what could be read, `unsaved`
    how many records of it are in no snapshot.
    """

    journal: Journal | DeskError
    epoch_ms: int
    durable: Durable
    unsaved: int = 0


async def opened(path: Path, wanted: Header, begin: Begin) -> Opened:
    """Open and replay. Raises Transient JournalLocked; what else is wrong is in the result."""
    found = await _in_thread(lambda: _opened(path, wanted, begin))
    if isinstance(found.journal, DeskError):
        _log.error("journal_unusable", reason=found.journal.reason, message=found.journal.message)
    return found


async def usable(path: Path, wanted: Header) -> bool:
    """Whether the journal could be opened and replayed now, or begun where there is none. It is not begun."""
    return await _in_thread(lambda: _openable(path, wanted) if path.exists() else _has_room(path))


def _openable(path: Path, wanted: Header) -> bool:
    try:
        found = _writable(path, wanted, lambda _beside_another: ())
    except DeskError:
        return False
    if isinstance(found.journal, Journal):
        found.journal.close()
    return True


def _has_room(path: Path) -> bool:
    trial = path.with_name(f".{path.name}.trial")
    try:
        trial.write_bytes(bytes(ROOM_BYTES))
        trial.unlink()
    except OSError:
        trial.unlink(missing_ok=True)
        return False
    return True


async def _in_thread(work: Callable[[], T]) -> T:
    thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="journal")
    try:
        return await asyncio.get_running_loop().run_in_executor(thread, work)
    finally:
        thread.shutdown(wait=False)  # a disk that hangs must not hold up the end of the process


def _opened(path: Path, wanted: Header, begin: Begin) -> Opened:
    try:
        return _writable(path, wanted, begin)
    except DeskError as error:
        if error.reason == "JournalLocked":
            raise
        return _readable(path, wanted, error) or Opened(error, wanted.epoch_ms, Durable())


def _writable(path: Path, wanted: Header, begin: Begin) -> Opened:
    journal = open_journal(path, wanted, begin)
    try:
        found = journal.replay()
    except BaseException:
        journal.close()
        raise
    return Opened(journal, journal.header.epoch_ms, found.durable, found.folded)


def _readable(path: Path, wanted: Header, error: DeskError) -> Opened | None:
    """What can be read where nothing can be written; None when that is nothing either."""
    if not isinstance(error, Transient) or not path.is_file():
        return None
    try:
        try:
            return _read(path, wanted, error)
        except Transient:
            with tempfile.TemporaryDirectory(prefix="desk-") as folder:
                return _read(_copied(path, Path(folder)), wanted, error)
    except (DeskError, OSError) as other:
        _log.warning("journal_unreadable", message=str(other))
        return None


def _read(path: Path, wanted: Header, error: DeskError) -> Opened | None:
    connection = journal_file.connect_alone(path)
    try:
        header = journal_file.read_header(path, connection)
        if header is None or header.object_uid != wanted.object_uid or header.schema_version != wanted.schema_version:
            return None
        journal_file.require_same(path, header, wanted)
        return Opened(error, header.epoch_ms, replay(path, connection, header).durable)
    except sqlite3.Error as failed:
        raise journal_file.translated(path, failed) from failed
    finally:
        connection.close()


def _copied(path: Path, folder: Path) -> Path:
    for suffix in ("", "-wal"):
        if Path(f"{path}{suffix}").exists():
            shutil.copy(f"{path}{suffix}", folder / f"journal.sqlite{suffix}")
    return folder / "journal.sqlite"

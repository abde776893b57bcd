"""The journal: what a restart must know, durable before anything is done about it.

One SQLite file in WAL mode with `synchronous=FULL`: a batch of records is one transaction, on disk when `write`
returns, all of it or nothing. Nothing is ever changed or removed. The header binds the file to one object, venue,
market type, class of modes and account; a journal that says otherwise is never traded on. Beside it lies a lock file:
two pods can share a volume, but not a journal.

    open_journal ─▶ lock ─▶ header fits? ──▶ Journal.records() ─▶ Engine ─▶ Journal.write(records)
                             │ another object: the file is renamed, a new one begins
                             └ another venue or account, or unreadable: Blocked, and nothing is touched
"""

import errno
import fcntl
import os
import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import structlog

from deskbot.core.errors import Blocked, DeskError, Transient
from deskbot.core.records import Filled, Record
from deskbot.runtime.encoding import decode, encode

_log = structlog.get_logger("deskbot.journal")

SCHEMA_VERSION = 1
# What SQLite says when the file is sound and cannot be written; extended codes keep these in their lowest byte.
_UNWRITABLE = (
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_BUSY,
    sqlite3.SQLITE_LOCKED,
)

_SCHEMA = """
CREATE TABLE header (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE record (
    sequence INTEGER PRIMARY KEY, body BLOB NOT NULL, market TEXT, trade_id TEXT, UNIQUE (market, trade_id)
) STRICT;
"""


@dataclass(frozen=True)
class Header:
    """What a journal is bound to. `account_id` is "" until the venue has told it; times are milliseconds."""

    object_uid: str
    exchange: str
    market_type: str
    mode_class: str
    account_id: str = ""
    epoch_ms: int = 0
    schema_version: int = SCHEMA_VERSION


class Journal:
    """An open journal that this process alone may write. Made by `open_journal`."""

    def __init__(self, path: Path, connection: sqlite3.Connection, lock: int, header: Header) -> None:
        self.path = path
        self.header = header
        self._connection = connection
        self._lock = lock

    def records(self) -> Iterator[Record]:
        """Every record, oldest first. Raises Blocked JournalCorrupt."""
        count = 0
        try:
            for (body,) in self._connection.execute("SELECT body FROM record ORDER BY sequence"):
                yield decode(body)
                count += 1
        except (sqlite3.DatabaseError, ValueError) as error:
            raise _corrupt(self.path, f"after {count} records: {error}") from error

    def write(self, records: Iterable[Record]) -> None:
        """Make a batch durable, all or nothing. Raises Transient DiskFull, Blocked JournalCorrupt.

        A fill that is already there raises `sqlite3.IntegrityError`: the engine books each execution once, so that is
        a bug and not a condition of the world.
        """
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            self._connection.executemany(
                "INSERT INTO record (body, market, trade_id) VALUES (?, ?, ?)", [_row(record) for record in records]
            )
            self._connection.execute("COMMIT")
        except sqlite3.Error as error:
            self._roll_back()
            raise _translated(self.path, error) from error

    def bind_account(self, account_id: str) -> None:
        """Note the account the venue told us, once. Raises Blocked JournalForeign when it is another than before."""
        known = self.header.account_id
        if known not in ("", account_id):
            raise Blocked(
                "JournalForeign",
                f"{self.path}: this journal belongs to account {known}, the key answers for account {account_id}; "
                "give the bot a key of that account, or make a new TradingBot for the other one",
            )
        if not known and account_id:
            self.header = replace(self.header, account_id=account_id)
            try:
                self._connection.execute("UPDATE header SET value = ? WHERE name = 'account_id'", (account_id,))
            except sqlite3.Error as error:
                raise _translated(self.path, error) from error

    def close(self) -> None:
        """Close the file and let go of the lock; harmless when called twice."""
        self._connection.close()
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1

    def _roll_back(self) -> None:
        if self._connection.in_transaction:
            try:
                self._connection.execute("ROLLBACK")
            except sqlite3.Error:  # SQLite rolls back by itself when it has failed as badly as this
                return


def open_journal(path: Path, wanted: Header) -> Journal:
    """Open or begin the journal of an object; `wanted.epoch_ms` is the epoch of a new one.

    Raises Transient JournalLocked while another process has it, Transient DiskFull when it cannot be made, Blocked
    JournalForeign or JournalCorrupt when it must not be used.
    """
    lock = _lock(path)
    try:
        found = _existing(path, wanted)
        if found is None:
            found = _create(path, wanted)
        return Journal(path, found[0], lock, found[1])
    except BaseException:
        os.close(lock)
        raise


def _existing(path: Path, wanted: Header) -> tuple[sqlite3.Connection, Header] | None:
    if not path.exists():
        return None
    connection = _connect(path)
    try:
        header = _read_header(path, connection)
        if header is not None and header.object_uid == wanted.object_uid:
            _require_same(path, header, wanted)
            return connection, header
    except BaseException:
        connection.close()
        raise
    connection.close()
    if header is not None:
        _set_aside(path, header.object_uid)
    return None


def _create(path: Path, header: Header) -> tuple[sqlite3.Connection, Header]:
    connection = _connect(path)
    rows = [(name, str(value)) for name, value in vars(header).items()]
    try:
        connection.execute("BEGIN IMMEDIATE")
        for statement in _SCHEMA.split(";"):
            connection.execute(statement)
        connection.executemany("INSERT INTO header VALUES (?, ?)", rows)
        connection.execute("COMMIT")
    except sqlite3.Error as error:
        connection.close()
        raise _translated(path, error) from error
    return connection, header


def _connect(path: Path) -> sqlite3.Connection:
    try:
        # One writer thread at a time uses the connection; it is not the thread that opens it.
        connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    except sqlite3.Error as error:
        raise _translated(path, error) from error
    try:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
    except sqlite3.Error as error:
        connection.close()
        raise _translated(path, error) from error
    return connection


def _read_header(path: Path, connection: sqlite3.Connection) -> Header | None:
    """The header; None for a file whose first transaction never came to its end."""
    try:
        if connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0] == 0:
            return None
        rows = dict(connection.execute("SELECT name, value FROM header"))
        header = Header(
            **{name: rows[name] for name in ("object_uid", "exchange", "market_type", "mode_class", "account_id")},
            epoch_ms=int(rows["epoch_ms"]),
            schema_version=int(rows["schema_version"]),
        )
    except (sqlite3.Error, KeyError, ValueError) as error:
        raise _corrupt(path, str(error)) from error
    if header.schema_version > SCHEMA_VERSION:
        raise Blocked(
            "JournalForeign",
            f"{path}: written by a newer version of the bot (journal schema {header.schema_version}, this one reads up "
            f"to {SCHEMA_VERSION}); run that version again",
        )
    return header


def _require_same(path: Path, header: Header, wanted: Header) -> None:
    for name, what in (("exchange", "exchange"), ("market_type", "market type"), ("mode_class", "class of modes")):
        was, now = getattr(header, name), getattr(wanted, name)
        if was != now:
            raise Blocked(
                "JournalForeign",
                f"{path}: this journal belongs to {what} {was}, the spec says {now}; put the spec back, or make a new "
                "TradingBot for the other one",
            )


def _set_aside(path: Path, object_uid: str) -> None:
    for suffix in ("", "-wal", "-shm"):
        part = Path(f"{path}{suffix}")
        if part.exists():
            part.rename(f"{path}.{object_uid}{suffix}")
    _log.warning("journal_set_aside", message=f"{path} belongs to another object: it is {path}.{object_uid} now")


def _lock(path: Path) -> int:
    try:
        lock = os.open(f"{path}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        code = sqlite3.SQLITE_FULL if error.errno == errno.ENOSPC else sqlite3.SQLITE_CANTOPEN
        words = f"{path}: the journal cannot be opened ({error.strerror}); {_mend(code)}"
        raise Transient("DiskFull", words) from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(lock)
        raise Transient("JournalLocked", f"{path}: another process uses this journal; stop it first") from error
    return lock


def _row(record: Record) -> tuple[bytes, str | None, str | None]:
    if isinstance(record, Filled):
        return encode(record), record.market, record.trade_id
    return encode(record), None, None


def _corrupt(path: Path, detail: str) -> Blocked:
    return Blocked(
        "JournalCorrupt",
        f"{path}: the journal cannot be read ({detail}); it was left as it is: restore it from a copy, or move it away "
        "to begin a new one from what the venue says",
    )


def _mend(code: int) -> str:
    if code in (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY):
        return "it must be a file that can be written, in a folder that can be written"
    return "make room on its volume"


def _translated(path: Path, error: sqlite3.Error) -> DeskError | sqlite3.Error:
    if isinstance(error, sqlite3.IntegrityError | sqlite3.ProgrammingError):
        return error
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code in _UNWRITABLE:
        return Transient("DiskFull", f"{path}: the journal cannot be written ({error}); {_mend(code)}")
    return _corrupt(path, str(error))

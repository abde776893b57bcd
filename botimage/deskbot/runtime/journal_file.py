"""The file that a journal is: its schema and how older ones are brought to it, its lock, what its errors mean.

One SQLite file in WAL mode with `synchronous=FULL`: a transaction is on the disk when it is committed, all of it or
nothing. The header names the schema; `_SCHEMAS` brings a file from each to the next, a file of a newer one is refused.
Beside the file lies a lock file: two pods can share a volume, but not a journal. It is never removed.
"""

import errno
import fcntl
import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import structlog

from deskbot.core.errors import Blocked, DeskError, Transient

_log = structlog.get_logger("deskbot.journal")

# A file of schema n is brought to n + 1 by the n-th entry, in one transaction; a new file begins before the first.
# `record` is what happened, in order; `chain` ties each to all before it (records of schema 1 have none); `snapshot` is
# the state after a record, in pieces.
_SCHEMAS: Final = (
    """
    CREATE TABLE header (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
    CREATE TABLE record (
        sequence INTEGER PRIMARY KEY, body BLOB NOT NULL, market TEXT, trade_id TEXT, UNIQUE (market, trade_id)
    ) STRICT;
    """,
    """
    ALTER TABLE record ADD COLUMN chain BLOB;
    INSERT INTO header SELECT 'unchained', coalesce(max(sequence), 0) FROM record;
    CREATE TABLE snapshot (
        sequence INTEGER NOT NULL, piece INTEGER NOT NULL, body BLOB NOT NULL, PRIMARY KEY (sequence, piece)
    ) STRICT;
    """,
)
SCHEMA_VERSION: Final = len(_SCHEMAS)

# What SQLite says when the file is sound and cannot be used now; extended codes keep these in their lowest byte.
_NO_ROOM = (sqlite3.SQLITE_FULL,)
_HELD = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
_NOT_WRITABLE = (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY)
# The file that SQLite shares among processes could not be made as large as it must be.
_NO_ROOM_TO_SHARE = (sqlite3.SQLITE_IOERR_SHMSIZE, sqlite3.SQLITE_IOERR_SHMMAP, sqlite3.SQLITE_IOERR_SHMOPEN)


@dataclass(frozen=True)
class Header:
    """What a journal is bound to. `account_id` is "" until the venue has told it; times are milliseconds.

    Records up to the number `unchained` are of schema 1 and carry no link.
    """

    object_uid: str
    exchange: str
    market_type: str
    mode_class: str
    account_id: str = ""
    epoch_ms: int = 0
    schema_version: int = SCHEMA_VERSION
    unchained: int = 0


def connect(path: Path) -> sqlite3.Connection:
    """A connection that may write. Raises Transient DiskFull or DiskFailing, Blocked JournalCorrupt."""
    return _connect(path, ("journal_mode=WAL", "synchronous=FULL"))


def connect_alone(path: Path) -> sqlite3.Connection:
    """A connection for reading on a volume where nothing can be made, not even what SQLite shares among processes.

    Nobody else may have the file open. Raises as `connect`.
    """
    return _connect(path, ("locking_mode=EXCLUSIVE",))


def connect_to_look(path: Path) -> sqlite3.Connection:
    """A connection for reading beside the bot that writes. Raises as `connect`."""
    return _connect(path, ("query_only=ON",))


def _connect(path: Path, pragmas: tuple[str, ...]) -> sqlite3.Connection:
    try:
        # One writer thread at a time uses the connection; it is not the thread that opens it.
        connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    except sqlite3.Error as error:
        raise translated(path, error) from error
    try:
        for pragma in pragmas:
            connection.execute(f"PRAGMA {pragma}")
        connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
    except sqlite3.Error as error:
        connection.close()
        raise translated(path, error) from error
    return connection


@contextmanager
def transaction(path: Path, connection: sqlite3.Connection) -> Iterator[None]:
    """All or nothing. Raises as `connect`; `sqlite3.IntegrityError` and the like, which are bugs, as they are."""
    try:
        connection.execute("BEGIN IMMEDIATE")
        yield
        connection.execute("COMMIT")
    except sqlite3.Error as error:
        _roll_back(connection)
        raise translated(path, error) from error
    except BaseException:
        _roll_back(connection)
        raise


@contextmanager
def unhurried(path: Path, connection: sqlite3.Connection) -> Iterator[None]:
    """A transaction that waits for no disk: a power failure may undo it, and never without what came after it."""
    connection.execute("PRAGMA synchronous=NORMAL")
    try:
        with transaction(path, connection):
            yield
    finally:
        connection.execute("PRAGMA synchronous=FULL")


def _roll_back(connection: sqlite3.Connection) -> None:
    if connection.in_transaction:
        try:
            connection.execute("ROLLBACK")
        except sqlite3.Error:  # SQLite rolls back by itself when it has failed as badly as this
            return


def create(connection: sqlite3.Connection, header: Header) -> None:
    """Begin a file, within a transaction of the caller."""
    for script in _SCHEMAS:
        _run(connection, script)
    rows = [(name, str(value)) for name, value in vars(header).items()]
    connection.executemany("INSERT OR REPLACE INTO header VALUES (?, ?)", rows)


def migrate(path: Path, connection: sqlite3.Connection, header: Header) -> Header:
    """Bring a file of an older schema to this one, or leave it as it is; its header afterwards. Raises as `connect`."""
    if header.schema_version == SCHEMA_VERSION:
        return header
    with transaction(path, connection):
        for script in _SCHEMAS[header.schema_version :]:
            _run(connection, script)
        connection.execute("UPDATE header SET value = ? WHERE name = 'schema_version'", (str(SCHEMA_VERSION),))
    _log.info("journal_migrated", message=f"{path}: schema {header.schema_version} became {SCHEMA_VERSION}")
    return read_header(path, connection) or header


def _run(connection: sqlite3.Connection, script: str) -> None:
    for statement in script.split(";"):
        connection.execute(statement)


def read_header(path: Path, connection: sqlite3.Connection) -> Header | None:
    """The header; None for a file whose first transaction never came to its end.

    Raises Blocked JournalCorrupt, or JournalForeign when a newer version of the bot wrote it.
    """
    try:
        if connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0] == 0:
            return None
        rows = dict(connection.execute("SELECT name, value FROM header"))
        header = Header(
            **{name: rows[name] for name in ("object_uid", "exchange", "market_type", "mode_class", "account_id")},
            epoch_ms=int(rows["epoch_ms"]),
            schema_version=int(rows["schema_version"]),
            unchained=int(rows["unchained"] if int(rows["schema_version"]) > 1 else 0),
        )
    except (sqlite3.Error, KeyError, ValueError) as error:
        raise corrupt(path, str(error)) from error
    if header.schema_version > SCHEMA_VERSION:
        raise newer(path, f"journal schema {header.schema_version}, this one reads up to {SCHEMA_VERSION}")
    return header


def require_same(path: Path, header: Header, wanted: Header) -> None:
    """Refuse the journal of another venue. Raises Blocked JournalForeign."""
    for name, what in (("exchange", "exchange"), ("market_type", "market type"), ("mode_class", "class of modes")):
        was, now = getattr(header, name), getattr(wanted, name)
        if was != now:
            raise Blocked(
                "JournalForeign",
                f"{path}: this journal belongs to {what} {was}, the spec says {now}; put the spec back, or make a new "
                "TradingBot for the other one",
            )


def set_aside(path: Path, object_uid: str) -> None:
    """Rename the journal of another object."""
    for suffix in ("", "-wal", "-shm"):
        part = Path(f"{path}{suffix}")
        if part.exists():
            part.rename(f"{path}.{object_uid}{suffix}")
    _log.warning("journal_set_aside", message=f"{path} belongs to another object: it is {path}.{object_uid} now")


def lies_beside_another(path: Path) -> bool:
    """Whether the journal of another object was set aside here."""
    return any(found.name != f"{path.name}.lock" for found in path.parent.glob(f"{path.name}.*"))


def lock(path: Path) -> int:
    """The lock of a journal, as a file descriptor. Raises Transient JournalLocked, DiskFull, DiskFailing."""
    found = _open_lock(path)
    try:
        fcntl.flock(found, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(found)
        raise Transient("JournalLocked", f"{path}: another process uses this journal; stop it first") from error
    return found


def _open_lock(path: Path) -> int:
    name = f"{path}.lock"
    try:
        return os.open(name, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        if error.errno == errno.EROFS and os.path.exists(name):
            return os.open(name, os.O_RDONLY | os.O_CLOEXEC)
        raise _unusable(path, error.errno == errno.ENOSPC, f"opened ({error.strerror})") from error


def corrupt(path: Path, detail: str) -> Blocked:
    """The file says what it cannot have been told."""
    return Blocked(
        "JournalCorrupt",
        f"{path}: the journal cannot be read ({detail}); it was left as it is: restore it from a copy, or move it away "
        "to begin a new one, halted, from what the venue says",
    )


def newer(path: Path, detail: str) -> Blocked:
    """The file is sound and says what only a later version of the bot understands."""
    return Blocked(
        "JournalForeign", f"{path}: written by a newer version of the bot ({detail}); run that version again"
    )


def _unusable(path: Path, no_room: bool, what: str) -> Transient:
    if no_room:
        return Transient("DiskFull", f"{path}: the journal cannot be {what}; make room on its volume")
    mend = "it must be a file that can be written, in a folder that can be written"
    return Transient("DiskFull", f"{path}: the journal cannot be {what}; {mend}")


def translated(path: Path, error: sqlite3.Error) -> DeskError | sqlite3.Error:
    """An error of SQLite as one of ours; itself when it is a bug of ours."""
    if isinstance(error, sqlite3.IntegrityError | sqlite3.ProgrammingError):
        return error
    extended = getattr(error, "sqlite_errorcode", 0)
    code = extended & 0xFF
    if code in _NO_ROOM or code in _NOT_WRITABLE or extended in _NO_ROOM_TO_SHARE:
        return _unusable(path, code not in _NOT_WRITABLE, f"written ({error})")
    if code in _HELD:
        return Transient("DiskFailing", f"{path}: another program keeps the journal locked ({error}); close it")
    if code == sqlite3.SQLITE_IOERR:
        return Transient("DiskFailing", f"{path}: the journal's volume fails ({error}); look after the volume")
    return corrupt(path, str(error))

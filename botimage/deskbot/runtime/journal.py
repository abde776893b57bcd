"""The journal: what a restart must know, durable before anything is done about it.

A batch of records is one transaction, on disk when `write` returns. The header binds the file to one object, venue,
market type, class of modes and account; a journal that says otherwise is never traded on. Records are numbered without
a gap and chained: a record that was changed, lost, moved or brought in from elsewhere is noticed when it is read.
Nothing is changed; of a file that has grown beyond its budget the oldest records are dropped (`retention.py`).

    open_journal ─▶ lock ─▶ header fits? ──▶ Replay (snapshot + records since) ─▶ Engine ─▶ write(records)
                             │ another object: the file is renamed, a new one begins
                             └ another venue or account, or unreadable: Blocked, and nothing is touched

Snapshots are written beside the records, piece by piece between batches: no order waits for one (`snapshots.py`).
"""

import os
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from deskbot.core.errors import Blocked
from deskbot.core.records import Filled, Record
from deskbot.core.snapshot import Snapshot
from deskbot.runtime import chain, journal_file, retention, snapshots
from deskbot.runtime.encoding import encode, first_link, next_link
from deskbot.runtime.journal_file import Header, translated
from deskbot.runtime.replay import Replayed, replay

__all__ = ["Header", "Journal", "open_journal"]

# Given whether another object's journal was found in this place, the records with which a new journal begins.
Begin = Callable[[bool], Iterable[Record]]
Row = tuple[int, bytes, str | None, str | None, bytes]

_INSERT = "INSERT INTO record (sequence, body, market, trade_id, chain) VALUES (?, ?, ?, ?, ?)"


class Journal:
    """An open journal that this process alone may write. Made by `open_journal`.

    `last` is the number of the newest record, 0 while there is none.
    """

    def __init__(self, path: Path, connection: sqlite3.Connection, lock: int, header: Header) -> None:
        self.path = path
        self.header = header
        self._connection = connection
        self._lock = lock
        self.last, self._link = chain.end(path, connection, header)

    def records(self, after: int = 0) -> Iterator[Record]:
        """Every record after a number, oldest first. Raises Blocked JournalCorrupt, JournalForeign."""
        return chain.records(self.path, self._connection, self.header, after)

    def replay(self) -> Replayed:
        """The state that the journal says. Raises Blocked JournalCorrupt, JournalForeign."""
        return replay(self.path, self._connection, self.header)

    def write(self, records: Iterable[Record]) -> None:
        """Make a batch durable, all or nothing. Raises Transient DiskFull or DiskFailing, Blocked JournalCorrupt.

        A fill that is already there raises `sqlite3.IntegrityError`: the engine books each execution once, so that is
        a bug and not a condition of the world.
        """
        rows = numbered(records, self.last, self._link)
        with journal_file.transaction(self.path, self._connection):
            self._connection.executemany(_INSERT, rows)
        if rows:
            self.last, self._link = rows[-1][0], rows[-1][-1]

    def save(self, sequence: int, snapshot: Snapshot) -> Iterator[None]:
        """Write a snapshot of the state after a record, a little at every step; then drop what is not needed any more.

        The steps may be abandoned anywhere. Raises as `write`.
        """
        yield from snapshots.save(self.path, self._connection, self.header, sequence, snapshot)
        yield from retention.keep_within_budget(self.path, self._connection)

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
                raise translated(self.path, error) from error

    def close(self) -> None:
        """Close the file and let go of the lock; harmless when called twice."""
        self._connection.close()
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1


def open_journal(path: Path, wanted: Header, begin: Begin = lambda _beside_another: ()) -> Journal:
    """Open or begin the journal of an object; `wanted.epoch_ms` is the epoch of a new one, `begin` its first records.

    Raises Transient JournalLocked while another process has it, Transient DiskFull or DiskFailing when it cannot be
    made, Blocked JournalForeign or JournalCorrupt when it must not be used.
    """
    lock = journal_file.lock(path)
    try:
        found = _existing(path, wanted)
        if found is not None:
            return Journal(path, found[0], lock, found[1])
        return _create(path, lock, wanted, begin)
    except BaseException:
        os.close(lock)
        raise


def _existing(path: Path, wanted: Header) -> tuple[sqlite3.Connection, Header] | None:
    if not path.exists():
        return None
    connection = journal_file.connect(path)
    try:
        header = journal_file.read_header(path, connection)
        if header is not None and header.object_uid == wanted.object_uid:
            journal_file.require_same(path, header, wanted)
            return connection, journal_file.migrate(path, connection, header)
    except BaseException:
        connection.close()
        raise
    connection.close()
    if header is not None:
        journal_file.set_aside(path, header.object_uid)
    return None


def _create(path: Path, lock: int, header: Header, begin: Begin) -> Journal:
    records = list(begin(journal_file.lies_beside_another(path)))
    connection = journal_file.connect(path)
    try:
        with journal_file.transaction(path, connection):
            journal_file.create(connection, header)
            rows = numbered(records, 0, first_link(header.object_uid, header.epoch_ms))
            connection.executemany(_INSERT, rows)
        return Journal(path, connection, lock, header)
    except BaseException:
        connection.close()
        raise


def numbered(records: Iterable[Record], last: int, link: bytes) -> list[Row]:
    """The rows of records that follow a record of this number and link."""
    rows = []
    for record in records:
        body = encode(record)
        last, link = last + 1, next_link(link, body)
        market, trade_id = (record.market, record.trade_id) if isinstance(record, Filled) else (None, None)
        rows.append((last, body, market, trade_id, link))
    return rows

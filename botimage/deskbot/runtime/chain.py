"""Reading records back: every one is held against the number and the chain of the one before.

SQLite notices a page that is no page; it does not notice a changed byte within a row, nor a row that is gone. The chain
does, for all but the very last records: that some are missing at the end is for the venue to show. Where the oldest
records were dropped, the oldest row that is left serves as the link to those after it and is not read itself.
"""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

from deskbot.core.records import Record, UnknownRecord
from deskbot.runtime.encoding import decode, first_link, next_link
from deskbot.runtime.journal_file import Header, corrupt, newer, translated


def end(path: Path, connection: sqlite3.Connection, header: Header) -> tuple[int, bytes]:
    """Number and link of the newest record. Raises as `connect`."""
    try:
        row = connection.execute("SELECT sequence, chain FROM record ORDER BY sequence DESC LIMIT 1").fetchone()
    except sqlite3.Error as error:
        raise translated(path, error) from error
    return (0, _first(header)) if row is None else (row[0], row[1] or _first(header))


def records(path: Path, connection: sqlite3.Connection, header: Header, after: int) -> Iterator[Record]:
    """The records after a number; after 0: all that are left. Raises Blocked JournalCorrupt, JournalForeign."""
    try:
        for _sequence, body in bodies(connection, header, after):
            yield decode(body)
    except UnknownRecord as error:
        raise newer(path, str(error)) from error
    except sqlite3.Error as error:
        raise translated(path, error) from error
    except ValueError as error:
        raise corrupt(path, str(error)) from error


def bodies(connection: sqlite3.Connection, header: Header, after: int, limit: int = -1) -> Iterator[tuple[int, bytes]]:
    """Numbers and bytes of records after a number. Raises ValueError where one is missing or was changed."""
    before, link = number_and_link(connection, header, after or oldest(connection))
    if before < 0:
        raise ValueError(f"record {after} is missing")
    rows = connection.execute(
        "SELECT sequence, body, chain FROM record WHERE sequence > ? ORDER BY sequence LIMIT ?", (before, limit)
    )
    for sequence, body, chain in rows:
        if sequence != before + 1:
            raise ValueError(f"record {before + 1} is missing")
        if sequence > header.unchained:
            link = next_link(link, body)
            if chain != link:
                raise ValueError(f"record {sequence} is not what was written")
        yield sequence, body
        before = sequence


def number_and_link(connection: sqlite3.Connection, header: Header, sequence: int) -> tuple[int, bytes]:
    """A record's number, -1 for one that is not there, and its link: the first link for one that carries none."""
    if sequence == 0:
        return 0, _first(header)
    row = connection.execute("SELECT sequence, chain FROM record WHERE sequence = ?", (sequence,)).fetchone()
    return (-1, b"") if row is None else (row[0], row[1] or _first(header))


def oldest(connection: sqlite3.Connection) -> int:
    """The number after which the oldest record can be read that is left; 0 where nothing was dropped."""
    first: int | None = connection.execute("SELECT min(sequence) FROM record").fetchone()[0]
    return 0 if first is None or first == 1 else first


def _first(header: Header) -> bytes:
    return first_link(header.object_uid, header.epoch_ms)

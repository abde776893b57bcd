"""Snapshots in the journal's file: written piece by piece, two kept, each proven before it is used.

    snapshot(sequence, piece, body):   0 … n-1 the pieces of `core/snapshot.py`,   n the seal [pieces, link, digest]

A snapshot without its seal was interrupted and is none. The digest is over the journal's first link, the number, the
pieces and the link: the chain's at that record. So the records after it can be proven without those before, and a
journal without that record has lost what it had. A piece waits for no disk: losing it costs a longer replay, and the
next commit of records takes it along.
"""

import hashlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from deskbot.core.durable import Durable
from deskbot.core.snapshot import Snapshot, pieces, restore
from deskbot.runtime import chain
from deskbot.runtime.encoding import decode_piece, encode_piece, first_link
from deskbot.runtime.journal_file import Header, unhurried

KEPT: Final = 2
SEAL: Final = "Seal"

_DROP_PART: Final = "DELETE FROM snapshot WHERE rowid IN (SELECT rowid FROM snapshot WHERE sequence = ? LIMIT 1)"
_DROP_OLDER: Final = "DELETE FROM snapshot WHERE rowid IN (SELECT rowid FROM snapshot WHERE sequence < ? LIMIT 1)"


class RecordLost(Exception):
    """A snapshot is sound, and the record that it was taken after is not there as it was."""


def known(connection: sqlite3.Connection) -> list[int]:
    """Numbers of the records that there are snapshots after, newest first, proven or not."""
    return [row[0] for row in connection.execute("SELECT DISTINCT sequence FROM snapshot ORDER BY sequence DESC")]


def save(
    path: Path, connection: sqlite3.Connection, header: Header, sequence: int, snapshot: Snapshot
) -> Iterator[None]:
    """Write a snapshot of the state after a record, one piece a step, and drop older ones."""
    yield from _drop(path, connection, _DROP_PART, sequence)  # what an interrupted attempt left
    digest = _digest(header, sequence)
    number = 0
    for number, piece in enumerate(pieces(snapshot), start=1):
        body = encode_piece(piece)
        digest.update(body)
        _insert(path, connection, sequence, number - 1, body)
        yield
    _, link = chain.number_and_link(connection, header, sequence)
    digest.update(link)
    _insert(path, connection, sequence, number, encode_piece([SEAL, number, link.hex(), digest.hexdigest()]))
    yield
    yield from _drop(path, connection, _DROP_OLDER, sealed(connection)[:KEPT][-1])


def sealed(connection: sqlite3.Connection) -> list[int]:
    """Those of `known` that were written to their end."""
    return [sequence for sequence in known(connection) if _seal(connection, sequence) is not None]


def load(connection: sqlite3.Connection, header: Header, sequence: int) -> Durable:
    """The state after a record.

    Raises ValueError for a snapshot that is not whole, or not what was written; RecordLost.
    """
    seal = _seal(connection, sequence)
    if seal is None:
        raise ValueError("it was interrupted")
    number, link, wanted = seal
    rows = connection.execute("SELECT body FROM snapshot WHERE sequence = ? ORDER BY piece", (sequence,)).fetchall()
    bodies = [row[0] for row in rows[:-1]]
    digest = _digest(header, sequence)
    for body in bodies:
        digest.update(body)
    digest.update(bytes.fromhex(link))
    if len(bodies) != number or digest.hexdigest() != wanted:
        raise ValueError("it is not what was written")
    durable = restore(map(decode_piece, bodies))
    if chain.number_and_link(connection, header, sequence) != (sequence, bytes.fromhex(link)):
        raise RecordLost(f"record {sequence} is missing or was changed since a snapshot was taken after it")
    return durable


def _digest(header: Header, sequence: int) -> "hashlib._Hash":
    return hashlib.sha256(first_link(header.object_uid, header.epoch_ms) + sequence.to_bytes(8, "big"))


def _seal(connection: sqlite3.Connection, sequence: int) -> tuple[int, str, str] | None:
    (body,) = connection.execute(
        "SELECT body FROM snapshot WHERE sequence = ? ORDER BY piece DESC LIMIT 1", (sequence,)
    ).fetchone() or (b"[0]",)
    kind, *seal = decode_piece(body)
    return (seal[0], seal[1], seal[2]) if kind == SEAL and len(seal) == 3 else None


def _insert(path: Path, connection: sqlite3.Connection, sequence: int, piece: int, body: bytes) -> None:
    with unhurried(path, connection):
        connection.execute("INSERT INTO snapshot VALUES (?, ?, ?)", (sequence, piece, body))


def _drop(path: Path, connection: sqlite3.Connection, statement: str, sequence: int) -> Iterator[None]:
    deleted = 1
    while deleted:
        with unhurried(path, connection):
            deleted = connection.execute(statement, (sequence,)).rowcount
        yield

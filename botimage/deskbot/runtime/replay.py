"""The state that a journal says: its newest snapshot that can be proven, and the records since.

A snapshot that cannot be proven is passed over: the one before it and more records say the same. Without any the whole
journal is folded, if it still begins with its first record.
"""

import sqlite3
from dataclasses import dataclass
from pathlib import Path

import structlog

from deskbot.core.durable import Durable
from deskbot.core.orders import IllegalTransition
from deskbot.runtime import chain, snapshots
from deskbot.runtime.journal_file import Header, corrupt, translated

_log = structlog.get_logger("deskbot.journal")


@dataclass(frozen=True)
class Replayed:
    """A state, the number of its last record, and how many records were folded onto a snapshot to get there."""

    durable: Durable
    last: int
    folded: int


def replay(path: Path, connection: sqlite3.Connection, header: Header) -> Replayed:
    """Fold a journal. Raises Blocked JournalCorrupt, JournalForeign."""
    durable, begun = _begin(path, connection, header)
    last = begun
    try:
        for record in chain.records(path, connection, header, begun):
            durable.apply(record)
            last += 1
    except (IllegalTransition, KeyError) as error:
        raise corrupt(path, f"record {last + 1} does not fit: {error!r}") from error
    return Replayed(durable, last, last - begun)


def _begin(path: Path, connection: sqlite3.Connection, header: Header) -> tuple[Durable, int]:
    try:
        for sequence in snapshots.known(connection):
            durable = _proven(path, connection, header, sequence)
            if durable is not None:
                return durable, sequence
        oldest = chain.oldest(connection)
    except sqlite3.Error as error:
        raise translated(path, error) from error
    except snapshots.RecordLost as error:
        raise corrupt(path, str(error)) from error
    if oldest:
        raise corrupt(path, f"it begins with record {oldest} and no snapshot can be proven")
    return Durable(), 0


def _proven(path: Path, connection: sqlite3.Connection, header: Header, sequence: int) -> Durable | None:
    try:
        return snapshots.load(connection, header, sequence)
    except (sqlite3.DatabaseError, ValueError) as error:
        _log.warning(
            "snapshot_unusable", message=f"{path}: the snapshot after record {sequence} is passed over: {error}"
        )
        return None

"""How much of the past a journal keeps: all of it, until the file holds more than its budget.

Then the oldest records go, a few at a time, but never one that a kept snapshot does not contain. Whoever reads the
journal from outside reads by number (`reading.py`) and is told when the numbers it wants are gone.
"""

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from deskbot.runtime import snapshots
from deskbot.runtime.journal_file import unhurried

BUDGET_BYTES: Final = 512 * 2**20  # half of the volume that a bot gets unless its spec says otherwise
RECORDS_A_STEP: Final = 200

_DROP: Final = """
DELETE FROM record WHERE sequence IN (SELECT sequence FROM record WHERE sequence < ? ORDER BY sequence LIMIT ?)
"""


def keep_within_budget(path: Path, connection: sqlite3.Connection) -> Iterator[None]:
    """Drop the oldest records while the file holds too much, a few a step."""
    proven = snapshots.sealed(connection)
    dropped = 1
    while len(proven) >= snapshots.KEPT and dropped and _used(connection) > BUDGET_BYTES:
        with unhurried(path, connection):
            dropped = connection.execute(_DROP, (proven[-1], RECORDS_A_STEP)).rowcount
        yield


def _used(connection: sqlite3.Connection) -> int:
    """Bytes of the file that hold something; what was dropped is used again before the file grows."""
    pages, free, size = (
        connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("page_count", "freelist_count", "page_size")
    )
    return int((pages - free) * size)

"""Reading a journal from outside while its bot may be writing: by number, in order, proven, a page at a time.

The numbers are the cursor: whoever remembers the last one it has dealt with reads on after it and misses nothing, and
after a failure of its own reads some again. A page is one short look at the file, so that a slow reader holds up
nothing. When records have been dropped that were asked for, that is said instead of passing over them.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Final

from deskbot.core.errors import Invalid
from deskbot.core.records import Record, UnknownRecord
from deskbot.runtime import chain, journal_file
from deskbot.runtime.encoding import decode
from deskbot.runtime.journal_file import SCHEMA_VERSION, Header

PAGE: Final = 1000


def read(path: Path, since: int | None = None) -> Iterator[tuple[int, Record]]:
    """Numbers and records after `since`, up to the newest of now; None: from the oldest that is left.

    Raises Invalid for a file that is no journal or a number that is gone, Blocked for a journal that cannot be proven.
    """
    if not path.is_file():
        raise Invalid("SpecInvalid", f"{path}: there is no such file; name a bot's journal")
    with closing(journal_file.connect_to_look(path)) as connection:
        header = _header(path, connection)
        oldest = chain.oldest(connection)
        if since is not None and since < oldest:
            words = f"the records up to {oldest} were dropped to make room; the oldest to ask for is --since {oldest}"
            raise Invalid("SpecInvalid", f"{path}: --since {since}: {words}")
        yield from _pages(path, connection, header, oldest if since is None else since)


def _pages(path: Path, connection: sqlite3.Connection, header: Header, after: int) -> Iterator[tuple[int, Record]]:
    page = [(after, b"")]
    while page:
        page = _page(path, connection, header, page[-1][0])
        for sequence, body in page:
            try:
                yield sequence, decode(body)
            except UnknownRecord as error:
                raise journal_file.newer(path, str(error)) from error
            except ValueError as error:
                raise journal_file.corrupt(path, str(error)) from error


def _page(path: Path, connection: sqlite3.Connection, header: Header, after: int) -> list[tuple[int, bytes]]:
    try:
        return list(chain.bodies(connection, header, after, PAGE))
    except sqlite3.Error as error:
        raise journal_file.translated(path, error) from error
    except ValueError as error:
        raise journal_file.corrupt(path, str(error)) from error


def _header(path: Path, connection: sqlite3.Connection) -> Header:
    header = journal_file.read_header(path, connection)
    if header is None:
        raise Invalid("SpecInvalid", f"{path}: this journal was never begun; name another file")
    if header.schema_version < SCHEMA_VERSION:
        words = f"a journal of schema {header.schema_version}; run its bot once with this version"
        raise Invalid("SpecInvalid", f"{path}: {words}")
    return header

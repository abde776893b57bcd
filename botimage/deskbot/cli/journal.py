"""`desk journal show FILE`: what a bot's journal says, as JSON lines or as a table, also while the bot runs.

Amounts of money and prices are decimal text, times are RFC 3339 with nanoseconds: nothing is rounded on the way.
Exit status: 0 done, 1 when the journal cannot be proven, 2 for wrong input.
"""

import argparse
import json
import os
import sys
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any, Final

from pydantic.alias_generators import to_camel
from rich.console import Console
from rich.table import Column, Table

from deskbot.core.errors import DeskError, Invalid
from deskbot.core.money import from_units
from deskbot.core.records import Record, named
from deskbot.runtime.clock import NANOSECONDS, to_datetime
from deskbot.runtime.reading import read

_UNITS: Final = {"price", "amount", "fee", "average_price", "pnl", "fees", "funding", "tick", "lot"}


def run(arguments: argparse.Namespace) -> int:
    """Print records until there are no more."""
    show = _lines if arguments.output == "json" else _table
    try:
        show(islice(read(arguments.file, arguments.since), arguments.limit))
        sys.stdout.flush()
    except BrokenPipeError:  # whoever read has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except DeskError as error:
        sys.stderr.write(f"desk journal: {error.message}\n")
        return 2 if isinstance(error, Invalid) else 1
    return 0


def plain(number: int, record: Record) -> dict[str, Any]:
    """One record as a plain object."""
    values = {to_camel(name): _value(name, value) for name, value in named(record).items()}
    time = values.pop("at")
    return {"number": number, "time": time, "record": type(record).__name__, **values}


def _value(name: str, value: Any) -> Any:
    if name == "at":
        return f"{to_datetime(value):%Y-%m-%dT%H:%M:%S}.{value % NANOSECONDS:09}Z"
    return format(from_units(value), "f") if name in _UNITS else value


def _lines(records: Iterable[tuple[int, Record]]) -> None:
    for sequence, record in records:
        sys.stdout.write(json.dumps(plain(sequence, record)) + "\n")


def _table(records: Iterable[tuple[int, Record]]) -> None:
    table = Table(Column("number", justify="right"), "time", "record", "what")
    for sequence, record in records:
        table.add_row(*_row(plain(sequence, record)))
    Console().print(table)


def _row(shown: dict[str, Any]) -> Iterator[str]:
    yield str(shown.pop("number"))
    yield shown.pop("time")[:-7]
    yield shown.pop("record")
    yield "  ".join(f"{name} {value}" for name, value in shown.items() if value != "")

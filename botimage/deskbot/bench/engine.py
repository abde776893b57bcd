"""`desk bench engine`: the reference workload on a tape, timed.

Reading a piece of the tape is timed apart (`readingSeconds`): other engines are timed on a tape that is in memory.
"""

import resource
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any, Final

from deskbot.bench.sink import Sink
from deskbot.bench.tape import Tape
from deskbot.bench.workload import Workload
from deskbot.core.money import UNIT, from_units
from deskbot.runtime.build import is_compiled
from deskbot.runtime.clock import NANOSECONDS, Clock
from deskbot.runtime.memory import settle

BASIS_POINTS: Final = 10_000
KILOBYTES_PER_MEGABYTE: Final = 1024


def run(tape: Path, requote: Decimal, offset: Decimal, digest: bool) -> dict[str, Any]:
    """One pass; `requote` and `offset` are in basis points. Raises ValueError for a tape that is none."""
    clock = Clock()
    sink = Sink(digest)
    with Tape(tape) as opened:
        workload = Workload(ratio(requote), ratio(offset), sink)
        settle()
        pieces = opened.pieces()
        working, began = 0, clock.now()
        while (piece := next(pieces, None)) is not None:
            read = clock.now()
            workload.quotes(*piece)
            working += clock.now() - read
        flushing = clock.now()
        sink.flush()
        ended = clock.now()
        working += ended - flushing
    summary = workload.summary()
    position = sum(one.amount for one in summary.positions)
    return {
        "quotes": opened.quotes,
        "orders": summary.orders,
        "fills": summary.fills,
        "pnl": float(round(Decimal(summary.pnl) / UNIT, 4)),
        "position": float(from_units(position)),
        "seconds": round(working / NANOSECONDS, 4),
        "readingSeconds": round((ended - began - working) / NANOSECONDS, 4),
        "quotesPerSecond": round(opened.quotes * NANOSECONDS / working),
        "peakMegabytes": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / KILOBYTES_PER_MEGABYTE, 1),
        "journalBytes": sink.written,
        "compiled": is_compiled(),
        "rejections": dict(summary.rejections),
        **({"digest": sink.hexdigest()} if digest else {}),
    }


def ratio(basis_points: Decimal) -> Fraction:
    """Basis points as an exact share of 1."""
    return Fraction(basis_points) / BASIS_POINTS

"""`python -m tests.live`: how long the live path takes, per dialect, pure and compiled; `build/bench/live.json`.

    venue (a process: simulator) ──book──▶ bot (a process: all of it, with stamps) ──cancel, create──▶ venue

A book message makes the bot cancel an order and create another. From the bytes of the one to the bytes of the others:
the whole, ccxt's share, what an order waits for the journal, and the rest, which is ours and has a budget. The load of
the machine before each run is printed beside it. Where other programs are at work, caches are cold and turns are waited
for: every share is a multiple of itself, and the budget is not judged.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from rich.console import Console
from rich.table import Table

from tests.bench.builds import PROJECT, compiled_build
from tests.bench.tables import wide_enough
from tests.runtime.dialects import DIALECTS as KNOWN
from tests.runtime.dialects import Dialect

OUT: Final = PROJECT / "build" / "bench" / "live.json"
# Books from one requote to the next, two milliseconds each: as fast as the venue's rate limits let the bot.
BOOKS: Final = {"bybit": 12, "binanceusdm": 25}
DIALECTS: Final = [one for one in KNOWN if one.exchange in BOOKS]
BUDGET: Final = {"p50": 60, "p99": 300}  # microseconds of our share
QUIET: Final = 1.0  # load of the machine up to which a run is judged
SHARES: Final = ("total", "ccxt", "journal", "ours")
KINDS: Final = ("create", "cancel")
MET, MISSED, BUSY = "met", "MISSED", "machine too busy"


def main() -> int:
    """0 when our share is within its budget in each build and dialect, or the machine was too busy; 1 when not."""
    parser = argparse.ArgumentParser(prog="python -m tests.live", description="the live path, in microseconds")
    parser.add_argument("--messages", type=int, default=2000, metavar="N", help="book messages measured (2000)")
    parser.add_argument("--folder", type=Path, metavar="DIR", help="where the journal lies; its disk is measured too")
    arguments = parser.parse_args()
    OUT.parent.mkdir(parents=True, exist_ok=True)
    builds = {"pure": None, **compiled_build()}
    found = [
        {"exchange": dialect.exchange, "build": name, **_measured(dialect, build, arguments.messages, arguments.folder)}
        for name, build in builds.items()
        for dialect in DIALECTS
    ]
    OUT.write_text(json.dumps({"budget": BUDGET, "runs": found}, indent=2) + "\n")
    _show(found)
    return 1 if any(verdict(one, kind) == MISSED for one in found for kind in KINDS) else 0


def verdict(run: dict[str, Any], kind: str) -> str:
    """What the budget says of one run's requests of a kind."""
    if run["load"] > QUIET:
        return BUSY
    return MET if all(run[kind]["ours"][cut] <= most for cut, most in BUDGET.items()) else MISSED


def _measured(dialect: Dialect, build: Path | None, messages: int, folder: Path | None) -> dict[str, Any]:
    """One run, with the load of the machine before it."""
    load = round(os.getloadavg()[0], 2)
    with tempfile.TemporaryDirectory(dir=folder) as name, _venue(dialect) as url:
        path = [*([str(build)] if build is not None else []), *(f"{PROJECT}/{p}" for p in ("botimage", "crds"))]
        numbers = (str(messages), str(BOOKS[dialect.exchange]))
        done = subprocess.run(
            [sys.executable, "-m", "tests.live.measured", dialect.exchange, url, name, *numbers],
            cwd=PROJECT,
            env={**os.environ, "PYTHONPATH": os.pathsep.join([*path, f"{PROJECT}/strategies"])},
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
    return {"load": load, **json.loads(done.stdout.splitlines()[-1])}


@contextmanager
def _venue(dialect: Dialect) -> Iterator[str]:
    command = [sys.executable, "-m", "tests.live.venue", dialect.simulated]
    with subprocess.Popen(command, cwd=PROJECT, stdout=subprocess.PIPE, text=True) as venue:
        try:
            yield venue.stdout.readline().strip() if venue.stdout is not None else ""
        finally:
            venue.terminate()


def _show(found: list[dict[str, Any]]) -> None:
    title = "From a book message to a signed request, microseconds: p50 / p99"
    table = Table("build", "venue", "request", *SHARES, "budget", "load", title=title)
    for one in found:
        for kind in KINDS:
            cuts = [f"{one[kind][name]['p50']:,.0f} / {one[kind][name]['p99']:,.0f}" for name in SHARES]
            budget = f"{BUDGET['p50']} / {BUDGET['p99']} {verdict(one, kind)}"
            table.add_row(one["build"], one["exchange"], kind, *cuts, budget, f"{one['load']:.1f}")
    Console(width=wide_enough(table)).print(table)


if __name__ == "__main__":
    sys.exit(main())

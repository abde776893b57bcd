"""`python -m tests.bench`: the engine's figures, pure and compiled, on both tapes, in `build/bench/engine.json`.

Every figure is the median of some rounds, each a process of its own; those of the steps are in one process.
Beside it stands its budget, for the pure engine, and the load of the machine before it was measured: a ratio within the
run can be believed on a busy machine, a figure cannot.
"""

import json
import operator
import os
import statistics
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

from rich.console import Console
from rich.table import Table

from tests.bench.builds import PROJECT, compiled_build
from tests.bench.tables import wide_enough

OUT = PROJECT / "build" / "bench" / "engine.json"
TAPE = PROJECT / "build" / "bench" / "tape-1000000-42.npz"
TAPES = {"calm": "0.5", "churn": "0.1"}
ROUNDS = 3
# what, where in the figures, its unit, its bound and on which side of it the figure has to be
BUDGETS: Final = (
    ("calm", ("calm", "quotesPerSecond"), "quotes/s", 500_000, "at least"),
    ("churn", ("churn", "quotesPerSecond"), "quotes/s", 200_000, "at least"),
    ("a tick without action", ("steps", "tickMicroseconds"), "µs", 1, "at most"),
    ("one order's life", ("steps", "orderLifeMicroseconds"), "µs", 20, "at most"),
    ("one fill", ("steps", "fillMicroseconds"), "µs", 10, "at most"),
)
SIDES: Final = {"at least": operator.ge, "at most": operator.le}


def main() -> int:
    """Run everything; the pure engine alone where there is no C compiler."""
    OUT.parent.mkdir(parents=True, exist_ok=True)
    if not TAPE.exists():
        desk(None, "bench", "tape", str(TAPE))
    builds: dict[str, Path | None] = {"pure": None, **compiled_build()}
    figures: dict[str, Any] = {name: figures_of(folder) for name, folder in builds.items()}
    if "compiled" in figures:
        figures["compiledOverPure"] = {
            tape: round(figures["compiled"][tape]["quotesPerSecond"] / figures["pure"][tape]["quotesPerSecond"], 2)
            for tape in TAPES
        }
    figures["budgets"] = {name: judged(found) for name, found in figures.items() if name in builds}
    OUT.write_text(json.dumps(figures, indent=2) + "\n")
    _show(figures["budgets"], {name: figures[name]["load"] for name in builds})
    return 0


def judged(found: dict[str, Any]) -> list[dict[str, Any]]:
    """Each figure that has a budget, with it, and whether it is met."""
    rows = []
    for what, (part, name), unit, bound, side in BUDGETS:
        figure = found[part][name]
        met = bool(SIDES[side](figure, bound))
        rows.append({"what": what, "figure": figure, "unit": unit, "budget": f"{side} {bound:,}", "met": met})
    return rows


def _show(budgets: dict[str, list[dict[str, Any]]], loads: dict[str, float]) -> None:
    table = Table("build", "what", "figure", "unit", "budget", "", "load", title="The engine on the reference workload")
    for name, rows in budgets.items():
        for row in rows:
            verdict = "met" if row["met"] else "MISSED"
            table.add_row(
                name, row["what"], f"{row['figure']:,}", row["unit"], row["budget"], verdict, f"{loads[name]}"
            )
    Console(width=wide_enough(table)).print(table)


def figures_of(folder: Path | None) -> dict[str, Any]:
    """One build: both tapes, the median of some rounds each, and the steps."""
    found: dict[str, Any] = {"load": round(os.getloadavg()[0], 2)}
    for name, requote in TAPES.items():
        command = ("bench", "engine", "--quotes", str(TAPE), "--requote", requote, "--output", "json")
        rounds = [desk(folder, *command) for _ in range(ROUNDS)]
        found[name] = min(rounds, key=lambda one: abs(one["seconds"] - statistics.median(r["seconds"] for r in rounds)))
    return found | {"steps": desk(folder, "bench", "steps", "--output", "json")}


def desk(folder: Path | None, *arguments: str) -> Any:
    """Run `desk` on one build and return what it printed."""
    path = [str(folder)] if folder is not None else []
    path += [str(PROJECT / name) for name in ("botimage", "crds", "strategies")]
    done = subprocess.run(
        [sys.executable, "-m", "deskbot.cli", *arguments],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(path)},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return json.loads(done.stdout) if done.stdout else None


if __name__ == "__main__":
    sys.exit(main())

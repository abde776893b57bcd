"""Mutation testing of the core: every small change to the code must be noticed by a test.

    python -m tests.mutation [--module NAME]... [--children N] [--unfound | --anew] [--output json|table]

mutmut makes the changes and runs `tests/core` on each; mypy refuses some of them before (`type_check.py`). A run that
was broken off is taken up where it stopped; `--unfound` keeps what was found before a change of the tests and tries
only the rest. Survivors that a person has looked at and found to change nothing that can be seen stand in
`looked_at.yaml` with the reason; they count as survivors all the same. Figures go to `build/bench/mutation.json`.
Exit status: 0 when at least 90 % are found in each module and every survivor has been looked at, else 1.
"""

import argparse
import json
import subprocess
import sys
from collections import Counter
from contextlib import chdir
from pathlib import Path
from typing import Any

import yaml
from mutmut.mutation.diff_apply import get_diff_for_mutant
from rich.console import Console
from rich.table import Table

from tests.mutation.stage import ROOT, STAGE, clear, forget, stage

FIGURES = ROOT / "build" / "bench" / "mutation.json"
LOOKED_AT = Path(__file__).parent / "looked_at.yaml"
MODULES = ("orders", "working", "order_life", "gate", "ledger", "reconciliation")
FOUND = ("killed", "timeout", "segfault", "caught by type check")
GOAL = 0.9


def mutmut(*arguments: str, show: bool = False) -> str:
    """Run mutmut on the stage; its output unless it is shown. Raises CalledProcessError."""
    program = Path(sys.executable).with_name("mutmut")
    done = subprocess.run(
        [program, *arguments], cwd=STAGE, check=True, text=True, stdout=None if show else subprocess.PIPE
    )
    return done.stdout or ""


def verdicts() -> dict[str, str]:
    """Mutant name -> killed, survived, no tests, timeout …"""
    lines = [line.strip() for line in mutmut("results", "--all", "true").splitlines() if ": " in line]
    return dict(line.rsplit(": ", 1) for line in lines)


def change_of(mutant: str) -> tuple[str, str]:
    """What a mutant took away and what it put there, each as one line."""
    with chdir(STAGE):
        diff = get_diff_for_mutant(mutant, path=f"deskbot/core/{mutant.split('.')[2]}.py")
    sides = [
        " ".join(line[1:].strip() for line in diff.splitlines() if line.startswith(sign) and line[:3] != 3 * sign)
        for sign in "-+"
    ]
    return sides[0], sides[1]


def place_of(mutant: str) -> str:
    """`module.Class.method` of mutmut's mangled name."""
    name = mutant.removeprefix("deskbot.core.").rsplit("__mutmut_", 1)[0]
    module, _, rest = name.partition(".")
    return ".".join([module, *rest.removeprefix("x_").removeprefix("xǁ").split("ǁ")])


def figures(modules: list[str]) -> dict[str, Any]:
    """Counts and scores by module, and the survivors with what was said of them."""
    found = verdicts()
    known = {(one["place"], one["from"], one["to"]): one["why"] for one in yaml.safe_load(LOOKED_AT.read_text()) or []}
    survivors = []
    for mutant, verdict in found.items():
        if verdict not in FOUND and mutant.split(".")[2] in modules:
            before, after = change_of(mutant)
            entry = {"place": place_of(mutant), "from": before, "to": after, "verdict": verdict}
            survivors.append({**entry, "why": known.get((entry["place"], before, after), "")})
    counts = {module: _counts(module, found) for module in modules}
    total = Counter[str]()
    for one in counts.values():
        total.update({name: one[name] for name in ("mutants", "found")})
    return {
        "modules": counts,
        "mutants": total["mutants"],
        "found": total["found"],
        "score": round(total["found"] / max(1, total["mutants"]), 4),
        "survivors": survivors,
    }


def _counts(module: str, found: dict[str, str]) -> dict[str, Any]:
    ours = [verdict for mutant, verdict in found.items() if mutant.startswith(f"deskbot.core.{module}.")]
    caught, refused = sum(verdict in FOUND for verdict in ours), ours.count("caught by type check")
    return {
        "mutants": len(ours),
        "found": caught,
        "refusedByTypes": refused,
        "score": round(caught / max(1, len(ours)), 4),
        "scoreOfTests": round((caught - refused) / max(1, len(ours) - refused), 4),
    }


def tell(result: dict[str, Any]) -> None:
    """A table for people, survivors below it."""
    console = Console()
    table = Table("module", "mutants", "found", "score", "of tests alone")
    for module, one in result["modules"].items():
        shares = f"{one['score']:.1%}", f"{one['scoreOfTests']:.1%}"
        table.add_row(module, str(one["mutants"]), str(one["found"]), *shares)
    table.add_row("all", str(result["mutants"]), str(result["found"]), f"{result['score']:.1%}", "")
    console.print(table)
    for one in result["survivors"]:
        console.print(
            f"{one['place']} [{one['verdict']}]\n  - {one['from']}\n  + {one['to']}\n  {one['why'] or '?'}",
            markup=False,
        )


def run(modules: list[str], children: int, unfound: bool, anew: bool, quiet: bool) -> None:
    """Stage, mutate, test."""
    if anew:
        clear()
    files = [f"deskbot/core/{module}.py" for module in modules]
    type_check = [sys.executable, str(Path(__file__).with_name("type_check.py")), "mypy", *files]
    if not stage(files, type_check):
        forget(only_unfound=unfound)
    mutmut("run", "--max-children", str(children), show=not quiet)


def main() -> int:
    """Mutate, test, tell."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutation", description="Mutation testing of the core.")
    parser.add_argument("--module", action="append", choices=MODULES, help="only this module (may be repeated)")
    parser.add_argument("--children", type=int, default=2, help="mutants tested at a time")
    parser.add_argument("--unfound", action="store_true", help="keep what was found, whatever has changed since")
    parser.add_argument("--anew", action="store_true", help="forget what is known of an unchanged tree too")
    parser.add_argument("--output", choices=("table", "json"), default="table")
    asked = parser.parse_args()
    modules = asked.module or list(MODULES)
    run(modules, asked.children, asked.unfound, asked.anew, quiet=asked.output == "json")
    result = figures(modules)
    FIGURES.parent.mkdir(parents=True, exist_ok=True)
    FIGURES.write_text(json.dumps(result, indent=2) + "\n")
    if asked.output == "json":
        print(json.dumps(result, indent=2))
    else:
        tell(result)
    enough = all(one["score"] >= GOAL for one in result["modules"].values())
    return 0 if enough and all(one["why"] for one in result["survivors"]) else 1


if __name__ == "__main__":
    sys.exit(main())

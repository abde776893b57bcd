"""Mutation testing of the core: every small change to the code must be noticed by a test.

    python -m tests.mutation [--module NAME]... [--children N] [--output json|table]

mutmut makes the changes and runs the tests on each. It takes a module's name from its path, so the packages are first
laid side by side in `build/mutation`. Survivors that a person has looked at and found to change nothing stand in
`looked_at.yaml` with the reason; they count as survivors all the same. Figures go to `build/bench/mutation.json`.
Exit status: 0 when at least 90 % are found and every survivor has been looked at, else 1.
"""

import argparse
import json
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import yaml
from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).parents[2]
STAGE = ROOT / "build" / "mutation"
FIGURES = ROOT / "build" / "bench" / "mutation.json"
LOOKED_AT = Path(__file__).parent / "looked_at.yaml"
MODULES = ("orders", "gate", "ledger", "reconciliation")
PACKAGES = ("crds/deskapi", "botimage/deskbot", "strategies/deskstrategies")
TESTS = ("__init__.py", "reference_ledger.py", "core")
GOAL = 0.9

# Fewer examples than usual, always the same: a mutant is found by what it does, not by luck.
_CONFTEST = """
from hypothesis import HealthCheck, settings
settings.register_profile(
    "mutation", deadline=None, max_examples=25, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
)
settings.load_profile("mutation")
"""
_SETTINGS = """
[tool.mutmut]
source_paths = ["deskbot", "deskapi", "deskstrategies"]
only_mutate = {files}
also_copy = ["docs"]
pytest_add_cli_args = ["-q", "-x", "-p", "no:cacheprovider", "-m", "not component"]
pytest_add_cli_args_test_selection = ["tests/core"]
use_git_change_detection = false

[tool.pytest.ini_options]
addopts = ["--import-mode=importlib"]
pythonpath = ["."]
asyncio_mode = "auto"
markers = ["component: not run here"]
"""


def stage(modules: list[str]) -> None:
    """Lay packages and tests side by side, as mutmut wants them."""
    shutil.rmtree(STAGE, ignore_errors=True)
    (STAGE / "tests").mkdir(parents=True)
    hidden = shutil.ignore_patterns("__pycache__")
    for package in PACKAGES:
        shutil.copytree(ROOT / package, STAGE / Path(package).name, ignore=hidden)
    for name in TESTS:
        source, target = ROOT / "tests" / name, STAGE / "tests" / name
        if source.is_dir():
            shutil.copytree(source, target, ignore=hidden)
        else:
            shutil.copy(source, target)
    shutil.copytree(ROOT / "docs", STAGE / "docs")  # some tests hold a page to the code
    (STAGE / "tests" / "conftest.py").write_text(_CONFTEST)
    files = [f"deskbot/core/{module}.py" for module in modules]
    (STAGE / "pyproject.toml").write_text(_SETTINGS.format(files=json.dumps(files)))


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
    lines = mutmut("show", mutant).splitlines()
    sides = [
        " ".join(line[1:].strip() for line in lines if line.startswith(sign) and line[:3] != 3 * sign) for sign in "-+"
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
        if verdict in ("survived", "no tests", "suspicious"):
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
    caught = sum(verdict in ("killed", "timeout", "segfault", "caught by type check") for verdict in ours)
    return {"mutants": len(ours), "found": caught, "score": round(caught / max(1, len(ours)), 4)}


def tell(result: dict[str, Any]) -> None:
    """A table for people, survivors below it."""
    console = Console()
    table = Table("module", "mutants", "found", "score")
    for module, one in result["modules"].items():
        table.add_row(module, str(one["mutants"]), str(one["found"]), f"{one['score']:.1%}")
    table.add_row("all", str(result["mutants"]), str(result["found"]), f"{result['score']:.1%}")
    console.print(table)
    for one in result["survivors"]:
        console.print(
            f"{one['place']} [{one['verdict']}]\n  - {one['from']}\n  + {one['to']}\n  {one['why'] or '?'}",
            markup=False,
        )


def main() -> int:
    """Stage, mutate, test, tell."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutation", description="Mutation testing of the core.")
    parser.add_argument("--module", action="append", choices=MODULES, help="only this module (may be repeated)")
    parser.add_argument("--children", type=int, default=2, help="mutants tested at a time")
    parser.add_argument("--output", choices=("table", "json"), default="table")
    asked = parser.parse_args()
    modules = asked.module or list(MODULES)
    stage(modules)
    mutmut("run", "--max-children", str(asked.children), show=asked.output == "table")
    result = figures(modules)
    FIGURES.parent.mkdir(parents=True, exist_ok=True)
    FIGURES.write_text(json.dumps(result, indent=2) + "\n")
    if asked.output == "json":
        print(json.dumps(result, indent=2))
    else:
        tell(result)
    return 0 if result["score"] >= GOAL and all(one["why"] for one in result["survivors"]) else 1


if __name__ == "__main__":
    sys.exit(main())

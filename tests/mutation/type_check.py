"""Which mutants mypy refuses, as the checks of `make test` would: run by mutmut on its mutated files.

    python type_check.py mypy FILE...

A mutated file holds every mutant of a function beside the function itself, which by itself makes mypy complain (an
attribute declared in each copy of `__init__`, the tester's own comments). So those two complaints are left out, and
so is whatever is said of an unchanged copy too: what is left was brought in by the change.
"""

import ast
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

_ARTIFACTS = ("no-redef", "unused-ignore")
_CACHE = Path(__file__).parents[2] / "build" / "mutation-mypy"


def refused(files: list[str]) -> list[dict[str, Any]]:
    """What mypy says of mutants and of nothing else."""
    command = [sys.executable, "-m", "mypy", "--output", "json", "--cache-dir", str(_CACHE), *files]
    said = subprocess.run(command, check=False, capture_output=True, text=True).stdout.splitlines()
    errors = [error for error in map(json.loads, filter(None, said)) if error["severity"] == "error"]
    found: list[dict[str, Any]] = []
    for file in files:
        here = [error for error in errors if error["file"] == file and error["code"] not in _ARTIFACTS]
        found += _of_mutants(file, here)
    return found


def _of_mutants(file: str, errors: list[dict[str, Any]]) -> list[dict[str, Any]]:
    spans = _spans(Path(file).read_text())
    placed = [(name, error) for error in errors for name, span in spans.items() if error["line"] in span]
    original = {(_function(name), error["message"]) for name, error in placed if name.endswith("_orig")}
    return [
        error
        for name, error in placed
        if not name.endswith("_orig") and (_function(name), error["message"]) not in original
    ]


def _function(name: str) -> str:
    return name.rsplit("__mutmut_", 1)[0]


def _spans(source: str) -> dict[str, range]:
    """Name of each copy of a function -> its lines."""
    nodes = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.FunctionDef)]
    return {
        node.name: range(node.lineno, (node.end_lineno or node.lineno) + 1)
        for node in nodes
        if "__mutmut_" in node.name
    }


if __name__ == "__main__":
    print("\n".join(map(json.dumps, refused(sys.argv[2:]))))

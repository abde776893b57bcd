"""The one seam for time and chance: nothing else in the bot asks the machine for either."""

import ast
from pathlib import Path

import pytest

import deskbot
import deskstrategies

SEAMS = {"runtime/clock.py", "simulator/clock.py"}
# Pauses of the event loop are its own, monotonic time; whoever fakes the loop has faked them too.
FORBIDDEN = {"time", "random", "uuid", "secrets", "datetime.now", "datetime.utcnow", "datetime.today", "date.today"}


def sources() -> list[tuple[str, Path]]:
    found = []
    for package in (deskbot, deskstrategies):
        root = Path(package.__path__[0])
        found += [(path.relative_to(root).as_posix(), path) for path in sorted(root.rglob("*.py"))]
    return [(name, path) for name, path in found if name not in SEAMS]


def uses(path: Path) -> set[str]:
    """Modules imported and names taken from them; `random.Random`, made from a seed, is no chance."""
    imported: set[str] = set()
    taken: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            imported |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names = {f"{node.module}.{alias.name}" for alias in node.names}
            imported |= {node.module or ""} if names != {"random.Random"} else set()
            taken |= names
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            taken.add(f"{node.value.id}.{node.attr}")
    if {name for name in taken if name.startswith("random.")} <= {"random.Random"}:
        imported.discard("random")
    return imported | taken


@pytest.mark.parametrize(("name", "path"), sources(), ids=lambda value: value if isinstance(value, str) else "")
def test_nothing_else_asks_for_time_or_chance(name: str, path: Path) -> None:
    assert not uses(path) & FORBIDDEN


def test_the_rule_finds_what_it_looks_for(tmp_path: Path) -> None:
    for source in (
        "import time",
        "from random import choice",
        "import random\nrandom.choice([1])",
        "import uuid",
    ):
        (tmp_path / "bad.py").write_text(source)
        assert uses(tmp_path / "bad.py") & FORBIDDEN
    (tmp_path / "good.py").write_text("import random\nrandom.Random(7)")
    assert not uses(tmp_path / "good.py") & FORBIDDEN

"""The page that lists the situations and the tests that hold them name the same ones."""

import re
from pathlib import Path

HERE = Path(__file__).parent
PAGE = HERE.parents[1] / "docs" / "reconciliation.md"
SITUATIONS = (
    *(f"N-S{number}" for number in range(1, 14)),
    *(f"N-W{number}" for number in range(1, 7)),
    *(f"N-R{number}" for number in range(1, 8)),
    *(f"N-C{number}" for number in range(1, 10)),
)


def test_every_one_of_the_35_situations_has_a_rule_and_a_test_of_its_name() -> None:
    rows = re.findall(r"^\| (N-\w+) \|[^|]+\|[^|]+\|[^|]+\| `test_(\w+?)_\*` \|$", PAGE.read_text(), re.MULTILINE)
    assert [name for name, _ in rows] == list(SITUATIONS)
    written = "\n".join(path.read_text() for path in HERE.glob("test_reconciliation_*.py"))
    tested = {name for line in re.findall(r"^def test_(n_\w+)", written, re.MULTILINE) for name in _ids(line)}
    assert tested == {prefix for _, prefix in rows}
    assert all(prefix == name.lower().replace("-", "_") for name, prefix in rows)


def _ids(name: str) -> list[str]:
    return re.findall(r"n_[swrc]\d+(?=_)", name)

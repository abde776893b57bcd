"""The generated parts of docs/simulation.md, and the figures of the broken engines.

python -m tests.simulation            write the table of faults
python -m tests.simulation --fish     live until every broken engine is found, and write how many lives it took
"""

import sys
from pathlib import Path

from deskbot.simulation.faults import FAULTS
from tests.simulation.broken import BROKEN
from tests.simulation.test_broken_engines import lives_until_found

PAGE = Path(__file__).parents[2] / "docs" / "simulation.md"


def fault_table() -> str:
    """Every fault, by its id in the catalogue."""
    rows = [f"| {one.id} | `{one.name}` | {one.what} | {one.shape.value} |" for one in FAULTS.values()]
    return "\n".join(["| id | name | what happens | shape |", "|---|---|---|---|", *rows])


def fish_table(lives: dict[str, str]) -> str:
    """Every broken engine, and how many lives it took to find it."""
    rows = [f"| `{one.name}` | {one.what} | {lives.get(one.name, '')} |" for one in BROKEN]
    return "\n".join(["| engine | what is wrong with it | lives |", "|---|---|---|", *rows])


def part(text: str, name: str) -> str:
    """What stands between the marks of a generated part."""
    return text.split(f"<!-- {name} -->\n", 1)[1].split(f"\n<!-- /{name} -->", 1)[0]


def replace_part(text: str, name: str, new: str) -> str:
    """The text with another generated part."""
    return text.replace(f"<!-- {name} -->\n{part(text, name)}\n", f"<!-- {name} -->\n{new}\n")


def main(arguments: list[str]) -> None:
    """Write the page anew."""
    text = replace_part(PAGE.read_text("utf-8"), "faults", fault_table())
    if "--fish" in arguments:
        lives = {}
        for one in BROKEN:
            lived, script = lives_until_found(one)
            lives[one.name] = str(lived) if script else "not found"
            print(one.name, lives[one.name], flush=True)
        text = replace_part(text, "fish", fish_table(lives))
    PAGE.write_text(text, "utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])

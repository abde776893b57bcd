"""The script of a life: which faults, when, how often or for how long. It is all that a seed decides about trouble.

A script is JSON, so that one that was shrunk can be kept and read by people; the rest of a life (delays, the market,
what the strategy wants) follows from its seed.
"""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Injection:
    """One fault, `at_ms` after the life began: `point` for crashes, `for_ms` for what lasts, `count` for the rest."""

    at_ms: int
    fault: str
    count: int = 1
    for_ms: int = 0
    point: str = ""


@dataclass(frozen=True)
class Script:
    """A life on one venue: `trouble_ms` with these injections, then quiet."""

    venue: str
    seed: int
    trouble_ms: int
    injections: tuple[Injection, ...]

    def to_json(self) -> str:
        """The script as people read it."""
        return json.dumps(asdict(self), indent=1) + "\n"


def read_script(path: Path) -> Script:
    """A script from its file. Raises OSError, and ValueError with one line for anything that is no script."""
    try:
        raw: Any = json.loads(path.read_text("utf-8"))
        injections = tuple(Injection(**one) for one in raw.pop("injections"))
        return Script(injections=injections, **raw)
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise ValueError(f"{path}: this is no script of a simulated life: {error}") from None

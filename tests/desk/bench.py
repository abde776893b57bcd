"""`python -m tests.desk.bench halt|idle`: figures of the desk on the cluster, printed and left in `build/bench`."""

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from typing import Any

from tests.cluster import kind
from tests.cluster.commands import say
from tests.cluster.errors import ClusterError
from tests.cluster.images import PROJECT
from tests.demo import desk as desks
from tests.demo.desk import Desk
from tests.desk import halts, idle

BENCHMARKS: dict[str, Callable[[Desk], Any]] = {
    "halt": lambda desk: halts.summary(halts.measure(desk, rounds=20)),
    "idle": lambda desk: idle.measure(desk, rounds=5),
}
ACCOUNTS = [part for key in (halts.ACCOUNT, "idle-key") for part in ("--account", f"{key}:secret:USDT=100000")]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one benchmark; 1 when anything is not as it should be."""
    parser = argparse.ArgumentParser(prog="python -m tests.desk.bench", description=__doc__)
    parser.add_argument("name", choices=sorted(BENCHMARKS))
    name = parser.parse_args(arguments).name
    try:
        figures = BENCHMARKS[name](desks.install(kind.up(), {"extraArguments": ACCOUNTS}))
    except ClusterError as error:
        say(f"error: {error}")
        return 1
    target = PROJECT / "build" / "bench" / f"{name}.json"
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(json.dumps(figures, indent=2) + "\n")
    print(json.dumps(figures))
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""`make bench-feeds`: how soon each fault of a stream is noticed and mended, over ten runs of `test_feed_faults.py`."""

import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections import defaultdict
from pathlib import Path
from typing import Any

ROUNDS = 10
PROJECT = Path(__file__).parents[2]
RESULT = PROJECT / "build" / "bench" / "feeds.json"


def main() -> int:
    """Run, and leave the figures in build/bench."""
    with tempfile.TemporaryDirectory() as folder:
        figures = Path(folder) / "figures"
        for _ in range(ROUNDS):
            _run(figures)
        rows = [json.loads(line) for line in figures.read_text().splitlines()]
    result = _collected(rows)
    RESULT.parent.mkdir(parents=True, exist_ok=True)
    RESULT.write_text(json.dumps(result, indent=2) + "\n")
    print(json.dumps(result, indent=2))
    return 0


def _run(figures: Path) -> None:
    command = [sys.executable, "-m", "pytest", "-q", "tests/venues/test_feed_faults.py"]
    subprocess.run(command, cwd=PROJECT, env={**os.environ, "DESK_FIGURES": str(figures)}, check=True)


def _collected(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    seconds: dict[tuple[str, str, str], list[float]] = defaultdict(list)
    for row in rows:
        seconds[row["dialect"], row["stream"], row["what"]].append(row["seconds"])
    return [
        {
            "dialect": dialect,
            "stream": stream,
            "what": what,
            "rounds": len(values),
            "p50Ms": round(1000 * statistics.median(values), 1),
            "maxMs": round(1000 * max(values), 1),
        }
        for (dialect, stream, what), values in seconds.items()
    ]


if __name__ == "__main__":
    sys.exit(main())

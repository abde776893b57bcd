"""`python -m tests.bench`: the engine's figures, pure and compiled, on both tapes, in `build/bench/engine.json`."""

import json
import os
import statistics
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.bench.builds import PROJECT, compiled_build

OUT = PROJECT / "build" / "bench" / "engine.json"
TAPE = PROJECT / "build" / "bench" / "tape-1000000-42.npz"
TAPES = {"calm": "0.5", "churn": "0.1"}
ROUNDS = 3


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
    OUT.write_text(json.dumps(figures, indent=2) + "\n")
    print(json.dumps(figures))
    return 0


def figures_of(folder: Path | None) -> dict[str, Any]:
    """One build: both tapes, the median of some rounds each, and the steps."""
    found: dict[str, Any] = {}
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

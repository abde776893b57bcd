"""`python -m tests.peers`: our engine and its peers on the reference workload, in one run on one machine.

    tape ─▶ desk bench engine (pure, compiled) ─┐
         ─▶ NautilusTrader, hftbacktest ────────┴─▶ build/bench/peers.json and a table

The peers are under the LGPL and the MIT licence and are no dependencies of the product: each lives in an environment of
its own in the cache directory, made from its lock in `requirements/`, and is only ever started and measured. Every
figure is the median of some rounds, each a process of its own; engines take turns, so that a busy minute of the machine
meets all of them. On a busy machine (its load is noted) only ratios mean anything, and the JIT's and memory's least.
NautilusTrader's churn is what its engine costs: with its message queue off, or its contingent and dated orders,
reduce-only, position ids and bars, its processor time was the same within the noise. Exit 1 when an engine does not
agree on orders, fills and PnL (to 4 decimals).
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, Final

from rich.console import Console
from rich.table import Table

from tests.bench.__main__ import TAPES, desk
from tests.bench.builds import PROJECT, compiled_build
from tests.bench.tables import wide_enough
from tests.cluster.cache import cache_directory, forget_others, only_one_at_a_time, recipe_key, remove
from tests.cluster.commands import progress

OUT: Final = PROJECT / "build" / "bench" / "peers.json"
OFFSET: Final = "0.3"  # basis points
SEED: Final = 42
PNL_TOLERANCE: Final = 0.0001  # USDT: ours has 4 decimals, theirs carry floats or rounded fees
OURS: Final = ("pure", "compiled")
PEERS: Final = {"nautilus": "tests.peers.nautilus", "hftbacktest": "tests.peers.hft"}
COUNTS: Final = ("quotes", "orders", "fills", "pnl")

Run = Callable[[Path, str], dict[str, Any]]


def main() -> int:
    """0 when all agree, 1 when not."""
    arguments = _arguments()
    OUT.parent.mkdir(parents=True, exist_ok=True)
    tape = OUT.parent / f"tape-{arguments.quotes}-{SEED}.npz"
    if not tape.exists():
        desk(None, "bench", "tape", str(tape), "--count", str(arguments.quotes), "--seed", str(SEED))
    load = round(os.getloadavg()[0], 2)
    engines = _ours() | {name: _peer(name, module) for name, module in PEERS.items()}
    figures = {name: _measure(engines, tape, requote, arguments.rounds) for name, requote in TAPES.items()}
    ratios = {name: _ratios(engines) for name, engines in figures.items()}
    sizes = {"quotes": arguments.quotes, "rounds": arguments.rounds, "load": load}
    result = {**sizes, "tapes": figures, "oursOverTheirs": ratios}
    OUT.write_text(json.dumps(result, indent=2) + "\n")
    _show(figures, load)
    return 0 if all(one["agrees"] for engines in figures.values() for one in engines.values()) else 1


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.peers", description="our engine beside its peers")
    parser.add_argument("--quotes", type=int, default=1_000_000, metavar="N", help="quotes of the tape (1000000)")
    parser.add_argument("--rounds", type=int, default=3, metavar="R", help="runs of each engine and tape (3)")
    return parser.parse_args()


def _ours() -> dict[str, Run]:
    """The pure engine, and the compiled one where there is a C compiler."""
    builds: dict[str, Run] = {"pure": partial(_desk, None)}
    for name, folder in compiled_build().items():
        builds[name] = partial(_desk, folder)
    return builds


def _desk(build: Path | None, tape: Path, requote: str) -> dict[str, Any]:
    command = ("bench", "engine", "--quotes", str(tape), "--requote", requote, "--offset", OFFSET, "--output", "json")
    found: dict[str, Any] = desk(build, *command)
    return found


def _peer(name: str, module: str) -> Run:
    python = ensure_environment(name) / "bin" / "python"

    def run(tape: Path, requote: str) -> dict[str, Any]:
        command: list[Path | str] = [python, "-m", module, str(tape), requote, OFFSET]
        done = subprocess.run(command, cwd=PROJECT, stdout=subprocess.PIPE, text=True, check=True)
        found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
        return found

    return run


def ensure_environment(name: str) -> Path:
    """The peer's environment, made from its lock when it is not in the cache.

    It is made in its place, since programs of an environment hold its path; the mark of a whole one is written last.
    """
    lock = PROJECT / "requirements" / f"peers-{name}.txt"
    target = cache_directory() / "peers" / f"{name}-{recipe_key(lock.read_text(), sys.version)}"
    mark = target / ".complete"
    with only_one_at_a_time(f"peers-{name}"):
        if not mark.exists():
            remove(target)
            with progress(f"making the environment of {name}"):
                subprocess.run([sys.executable, "-m", "venv", target], check=True)
                pip = (target / "bin" / "python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check")
                subprocess.run([*pip, "--require-hashes", "-r", lock], check=True)
            mark.touch()
            forget_others(target)
    return target


def _measure(engines: dict[str, Run], tape: Path, requote: str, rounds: int) -> dict[str, Any]:
    """Each engine's median run, and whether it agrees with the pure one in every round."""
    runs: dict[str, list[dict[str, Any]]] = {name: [] for name in engines}
    for _ in range(rounds):
        for name, run in engines.items():
            runs[name].append(run(tape, requote))
    ours = runs["pure"][0]
    return {name: _median(found) | {"agrees": all(agree(ours, one) for one in found)} for name, found in runs.items()}


def agree(ours: dict[str, Any], theirs: dict[str, Any]) -> bool:
    """The same quotes, orders and fills, and PnL to 4 decimals."""
    same = all(ours[name] == theirs[name] for name in COUNTS if name != "pnl")
    return same and abs(ours["pnl"] - theirs["pnl"]) < PNL_TOLERANCE


def _median(runs: list[dict[str, Any]]) -> dict[str, Any]:
    names = ("seconds", "quotesPerSecond", "peakMegabytes", "jitSeconds")
    medians = {name: round(statistics.median(one[name] for one in runs), 4) for name in names if name in runs[0]}
    return {name: runs[0][name] for name in COUNTS} | medians


def _ratios(engines: dict[str, Any]) -> dict[str, dict[str, float]]:
    """Quotes per second: each build of ours over each peer."""
    speed = {name: one["quotesPerSecond"] for name, one in engines.items()}
    return {ours: {peer: round(speed[ours] / speed[peer], 2) for peer in PEERS} for ours in OURS if ours in speed}


def _show(figures: dict[str, Any], load: float) -> None:
    table = Table("tape", "engine", title=f"The reference workload (load before: {load})")
    for name in ("quotes/s", "JIT s", "peak MB", "orders", "fills", "PnL", "agrees"):
        table.add_column(name, justify="right")
    for tape, engines in figures.items():
        for name, one in engines.items():
            numbers = (f"{one['quotesPerSecond']:,.0f}", f"{one.get('jitSeconds', '')}", f"{one['peakMegabytes']:.0f}")
            counts = (f"{one['orders']:,}", f"{one['fills']:,}", f"{one['pnl']:.4f}")
            table.add_row(tape, name, *numbers, *counts, "yes" if one["agrees"] else "NO")
    Console(width=wide_enough(table)).print(table)


if __name__ == "__main__":
    sys.exit(main())

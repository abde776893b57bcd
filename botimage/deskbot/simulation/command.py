"""`desk simulate`: lives in virtual time, by seed or from a script; what was injected, what came of it, what broke."""

import argparse
import json
import os
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final

from rich.console import Console
from rich.progress import track

from deskbot.runtime.clock import NANOSECONDS, Clock
from deskbot.simulation.dialects import VENUES
from deskbot.simulation.faults import FAULTS, draw
from deskbot.simulation.report import print_report
from deskbot.simulation.script import Script, read_script
from deskbot.simulation.seeds import Outcome, Task, Total, live, lives
from deskbot.simulation.shrink import Shrinker

ALL: Final = "all"
_LIVES_A_LINE: Final = 1000


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of `desk simulate`."""
    parser.add_argument("--seeds", type=_positive, default=100, metavar="N", help="how many lives (default: 100)")
    parser.add_argument("--first", type=_natural, default=0, metavar="SEED", help="the first seed (default: 0)")
    parser.add_argument(
        "--faults",
        type=_faults,
        default=(),
        metavar="NAME,…",
        help="only these, by name or id (default: all)",
    )
    parser.add_argument(
        "--dialect",
        type=_dialects,
        default=tuple(VENUES),
        metavar="NAME",
        help=f"{ALL} (in turn), or of {', '.join(VENUES)}",
    )
    parser.add_argument("--script", type=Path, metavar="FILE", help="live the one life of this script instead")
    parser.add_argument("--processes", type=_positive, default=os.cpu_count() or 1, metavar="P", help="lives at once")
    parser.add_argument(
        "--shrink",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="shrink the first life that fails to a short script",
    )
    parser.add_argument(
        "--scripts",
        type=Path,
        default=Path("build/simulation"),
        metavar="DIR",
        help="where such a script is written (default: build/simulation)",
    )
    parser.add_argument("--output", choices=["table", "json"], default="table", help="json: one object at the end")


def run(arguments: argparse.Namespace) -> int:
    """0 when every invariant held and enough was traded; 1 otherwise, 2 for bad input."""
    clock = Clock()
    began = clock.now()
    try:
        outcomes = _outcomes(arguments)
    except (OSError, ValueError) as error:
        sys.stderr.write(f"desk simulate: {error}\n")
        return 2
    total = Total(arguments.faults)
    for one in _shown(outcomes, 1 if arguments.script else arguments.seeds):
        total.add(one)
        _tell(one, total)
    result = total.to_dict((clock.now() - began) / NANOSECONDS)
    if total.failed and arguments.shrink and arguments.script is None:
        result["script"] = str(_shrunk(total.failed[0], arguments))
    result["enoughTraded"] = arguments.script is not None or not total.idle
    _show(result, arguments.output)
    return 1 if result["violations"] or not result["enoughTraded"] else 0


def _shown(outcomes: Iterator[Outcome], total: int) -> Iterable[Outcome]:
    """The same outcomes, with a bar on a terminal."""
    console = Console(stderr=True)
    return track(outcomes, "lives", total, console=console, disable=not console.is_terminal)


def _tell(one: Outcome, total: Total) -> None:
    """What a long run has to say before its end: what broke, and how far it is."""
    if one.violation is not None:
        again = Task(one.venue, one.seed, total.faults).command
        sys.stderr.write(f"{': '.join(one.violation)}\n  again: {again}\n")
    if total.lives % _LIVES_A_LINE == 0 and not sys.stderr.isatty():
        sys.stderr.write(f"{total.lives:,} lives, {len(total.failed)} violations\n")


def _outcomes(arguments: argparse.Namespace) -> Iterator[Outcome]:
    if arguments.script is not None:
        return iter([live(_checked(read_script(arguments.script), arguments.script))])
    seeds = range(arguments.first, arguments.first + arguments.seeds)
    venues = arguments.dialect
    tasks = [Task(venues[seed % len(venues)], seed, arguments.faults) for seed in seeds]
    return lives(tasks, min(arguments.processes, len(tasks)))


def _checked(script: Script, path: Path) -> Script:
    """Raise ValueError for a script that names a venue or a fault there is not."""
    if script.venue not in VENUES:
        raise ValueError(f'{path}: there is no venue "{script.venue}"; there are {", ".join(VENUES)}')
    for injection in script.injections:
        if injection.fault not in FAULTS:
            raise ValueError(f'{path}: there is no fault "{injection.fault}"; there are {", ".join(FAULTS)}')
    return script


def _shrunk(failed: Outcome, arguments: argparse.Namespace) -> Path:
    """Write the shortest script that fails like this life."""

    def fails(script: Script) -> bool:
        found = live(script).violation
        return found is not None and failed.violation is not None and found[0] == failed.violation[0]

    script = Shrinker(fails).shrink(draw(failed.seed, failed.venue, arguments.faults))
    folder: Path = arguments.scripts
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{failed.venue}-{failed.seed}.json"
    path.write_text(script.to_json(), "utf-8")
    return path


def _show(result: dict[str, Any], output: str) -> None:
    if output == "json":
        print(json.dumps(result))  # noqa: T201 - the result is what the command is for
    else:
        print_report(result)


def _positive(text: str) -> int:
    value = _natural(text)
    if value == 0:
        raise argparse.ArgumentTypeError('"0" is too few; write a whole number above 0, such as 100')
    return value


def _natural(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f'"{text}" is no whole number; write for example 100')
    return int(text)


def _faults(text: str) -> tuple[str, ...]:
    if text == ALL:
        return ()
    names = tuple(text.split(","))
    known = {*FAULTS, *(fault.id for fault in FAULTS.values())}
    for name in names:
        if name not in known:
            raise argparse.ArgumentTypeError(f'there is no fault "{name}"; there are {", ".join(FAULTS)}')
    return names


def _dialects(text: str) -> tuple[str, ...]:
    names = tuple(VENUES) if text == ALL else tuple(text.split(","))
    for name in names:
        if name not in VENUES:
            raise argparse.ArgumentTypeError(f'there is no dialect "{name}"; write {ALL} or {", ".join(VENUES)}')
    return names

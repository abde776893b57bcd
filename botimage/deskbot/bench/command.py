"""`desk bench`: figures of the engine: the reference workload, the cost of its parts, and a tape to run it on."""

import argparse
import json
import sys
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any, Final

TABLE: Final = "table"
FINEST: Final = Decimal("1e-9")  # basis points


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of `desk bench`."""
    kinds = parser.add_subparsers(dest="what", required=True, metavar="WHAT")
    engine = kinds.add_parser("engine", help="the reference workload on a tape of quotes, with the full engine")
    engine.add_argument("--quotes", type=Path, required=True, metavar="TAPE.npz", help="the tape")
    engine.add_argument(
        "--requote", type=_requote, default=Decimal("0.5"), metavar="BP", help="move of the middle that requotes (0.5)"
    )
    engine.add_argument(
        "--offset", type=_offset, default=Decimal("0.3"), metavar="BP", help="distance of quotes from the middle (0.3)"
    )
    engine.add_argument("--digest", action="store_true", help="SHA-256 of journal records and decisions, untimed runs")
    engine.add_argument("--output", choices=[TABLE, "json"], default=TABLE, help="json: one object at the end")
    steps = kinds.add_parser("steps", help="microseconds of a tick without action, an order's life and a fill")
    steps.add_argument("--output", choices=[TABLE, "json"], default=TABLE, help="json: one object at the end")
    tape = kinds.add_parser("tape", help="write the synthetic tape of the reference workload")
    tape.add_argument("out", type=Path, metavar="OUT.npz")
    tape.add_argument("--count", type=_count, default=1_000_000, metavar="N", help="quotes (default: 1000000)")
    tape.add_argument("--seed", type=_natural, default=42, metavar="N", help="default: 42")


def run(arguments: argparse.Namespace) -> int:
    """0 done, 2 wrong input, said in one line."""
    try:
        if arguments.what == "tape":
            _write_tape(arguments)
        elif arguments.what == "steps":
            from deskbot.bench.steps import measure as measure_steps  # noqa: PLC0415

            _show(measure_steps(), arguments.output)
        else:
            from deskbot.bench.engine import run as measure  # noqa: PLC0415

            _show(measure(arguments.quotes, arguments.requote, arguments.offset, arguments.digest), arguments.output)
    except ModuleNotFoundError as error:
        if error.name != "numpy":
            raise
        return _complain("tapes need numpy, which is not installed: pip install 'tradingdesk[bench]'")
    except (OSError, ValueError) as error:
        return _complain(str(error))
    return 0


def _write_tape(arguments: argparse.Namespace) -> None:
    import numpy as np  # noqa: PLC0415

    from deskbot.bench.tape import make  # noqa: PLC0415

    np.savez(arguments.out, allow_pickle=False, **make(arguments.count, arguments.seed))


def _show(result: dict[str, Any], output: str) -> None:
    if output == TABLE:
        for name, value in result.items():
            sys.stdout.write(f"{name:<18}{value}\n")
    else:
        sys.stdout.write(json.dumps(result) + "\n")


def _complain(words: str) -> int:
    sys.stderr.write(f"desk bench: {' '.join(words.split())}\n")
    return 2


def _requote(text: str) -> Decimal:
    return _basis_points(text, "0.5")


def _offset(text: str) -> Decimal:
    return _basis_points(text, "0.3")


def _basis_points(text: str, example: str) -> Decimal:
    try:
        value = Decimal(text)
    except InvalidOperation:
        value = Decimal("NaN")
    if not value.is_finite() or not 0 <= value < 10_000 or value % FINEST:
        words = f'"{text}" is no number of basis points from 0 to below 10000; write for example {example}'
        raise argparse.ArgumentTypeError(words)
    return value


def _count(text: str) -> int:
    value = _natural(text)
    if not value:
        raise argparse.ArgumentTypeError("a tape of 0 quotes is none")
    return value


def _natural(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f'"{text}" is no whole number')
    return int(text)

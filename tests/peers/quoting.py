"""What every peer shares: its command line, the maker's arithmetic in whole numbers, and the line it prints.

It needs nothing but numpy, since it runs in each peer's own environment. Prices are in ticks of 0.1 USDT; twice the
middle (bid + ask) stands for the middle, so that all stays whole. A ratio is a numerator over a denominator.
"""

import json
import resource
import sys
from fractions import Fraction
from typing import Any, Final, NamedTuple

import numpy as np

TICK: Final = 0.1  # USDT
ORDER: Final = 0.01  # BTC
CAP: Final = 10  # orders of 0.01 BTC
MAKER_FEE: Final = 0.0002
BASIS_POINTS: Final = 10_000
KILOBYTES_PER_MEGABYTE: Final = 1024


class Task(NamedTuple):
    """The tape's arrays and the maker's two ratios as `(numerator, denominator)`."""

    tape: dict[str, Any]
    requote: tuple[int, int]
    offset: tuple[int, int]


def task() -> Task:
    """From the command line: TAPE.npz REQUOTE OFFSET, the last two in basis points."""
    path, requote, offset = sys.argv[1:]
    with np.load(path, allow_pickle=False) as opened:
        tape = {name: opened[name] for name in opened.files}
    # Fills are whole in the workload, whatever rests opposite: one order's size is always there.
    for name in ("bid_size", "ask_size"):
        tape[name] = np.maximum(tape[name], ORDER)
    return Task(tape, _ratio(requote), _ratio(offset))


def stays(twice_mid: int, reference: int, up: int, down: int) -> bool:
    """Whether the middle is within the ratio of where it was quoted."""
    return abs(twice_mid - reference) * down <= up * reference


def bid_price(twice_mid: int, up: int, down: int) -> int:
    """The tick at or below the middle less the offset."""
    return twice_mid * (down - up) // (2 * down)


def ask_price(twice_mid: int, up: int, down: int) -> int:
    """The tick at or above the middle plus the offset."""
    return -(-twice_mid * (down + up) // (2 * down))


def tell(quotes: int, orders: int, fills: int, pnl: float, seconds: float, **more: float) -> None:
    """Print the run as one line of JSON, last."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / KILOBYTES_PER_MEGABYTE
    result = {"quotes": quotes, "orders": orders, "fills": fills, "pnl": round(pnl, 6), "seconds": round(seconds, 4)}
    print(json.dumps({**result, "quotesPerSecond": round(quotes / seconds), "peakMegabytes": round(peak, 1), **more}))


def _ratio(basis_points: str) -> tuple[int, int]:
    share = Fraction(basis_points) / BASIS_POINTS
    return share.numerator, share.denominator

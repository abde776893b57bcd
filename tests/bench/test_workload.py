"""The full engine on a tape decides what a plain loop decides, to the last unit, on any tape and with any settings."""

from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deskbot.bench.sink import Sink
from deskbot.bench.tape import Piece, make
from deskbot.bench.workload import Workload
from deskbot.core.money import UNIT
from deskbot.core.summary import Summary
from tests.bench.reference import reference

ORDER_UNITS = UNIT // 100
BASIS_POINT = Fraction(1, 10_000)
ratios = st.sampled_from(["0", "0.01", "0.05", "0.1", "0.3", "0.5", "1", "2.5", "10", "100"]).map(
    lambda text: Fraction(text) * BASIS_POINT
)


@st.composite
def tapes(draw: st.DrawFn) -> list[tuple[int, int]]:
    """Best prices that stand, creep and jump, on a fine grid and on a coarse one."""
    bid = draw(st.sampled_from([600_000, 6_000, 300]))
    quotes = []
    steps = st.tuples(st.sampled_from([0, 0, 0, 1, -1, 3, -4, 20, -25, 40, -70]), st.integers(1, 4))
    for step, spread in draw(st.lists(steps, min_size=1, max_size=60)):
        bid = max(bid + step, 20)
        quotes.append((bid, bid + spread))
    return quotes


def piece(quotes: list[tuple[int, int]], gap: int = 5_000_000) -> Piece:
    times = [1_704_067_200_000_000_000 + number * gap for number in range(len(quotes))]
    ones = [1] * len(quotes)
    return times, [bid for bid, _ in quotes], [ask for _, ask in quotes], ones, ones


def run(pieces: list[Piece], requote: Fraction, offset: Fraction) -> Summary:
    sink = Sink(digest=False)
    workload = Workload(requote, offset, sink)
    for one in pieces:
        workload.quotes(*one)
    return workload.summary()


def same(summary: Summary, expected: tuple[int, int, Fraction, int]) -> None:
    orders, fills, pnl, position = expected
    assert (summary.orders, summary.fills) == (orders, fills)
    assert Fraction(summary.pnl, UNIT) == pnl
    assert sum(one.amount for one in summary.positions) == position * ORDER_UNITS
    assert summary.problem is None
    assert not summary.rejections


@given(tapes(), ratios, ratios, st.sampled_from([0, 1_000, 5_000_000, 7_000_000_000]))
def test_the_engine_decides_what_a_plain_loop_decides(
    quotes: list[tuple[int, int]], requote: Fraction, offset: Fraction, gap: int
) -> None:
    # every jump of more than a tenth begins a piece, as the tape's reader has it
    tape = piece(quotes, gap)
    bounds = [0]
    for index in range(1, len(quotes)):
        before, half = sum(quotes[index - 1]), sum(quotes[index])
        if abs(half - before) * 10 > before:
            bounds.append(index)
    bounds.append(len(quotes))
    pieces: list[Piece] = []
    for first, end in pairwise(bounds):
        times, bids, asks, bid_lots, ask_lots = (column[first:end] for column in tape)
        pieces.append((times, bids, asks, bid_lots, ask_lots))
    same(run(pieces, requote, offset), reference(tape, requote, offset))


@pytest.mark.parametrize(("requote", "offset"), [("0.5", "0.3"), ("0.1", "0.3"), ("0.37", "0.05"), ("3", "1")])
def test_it_does_so_on_the_synthetic_tape(requote: str, offset: str) -> None:
    arrays = make(4_000, 7)
    names = ("time_ns", "bid", "ask")
    times, bids, asks = (arrays[name].tolist() for name in names)
    tape: Piece = (times, bids, asks, [1] * len(bids), [1] * len(bids))
    ratio, distance = Fraction(requote) * BASIS_POINT, Fraction(offset) * BASIS_POINT
    same(run([tape], ratio, distance), reference(tape, ratio, distance))

"""What one step costs, journal bytes and decisions included: a tick without action, an order's life, a fill.

    still      the same touch again and again                                            tick
    moving     every quote moves far enough: both orders are cancelled, two are placed   tick + 2 lives
    filling    a touch that has reached one of the orders, told before its quote         fill

An order's life is its decision, gate, intent, acknowledgement, cancel and end. A fill is its booking and its order's
end, from the venue's word on; each is timed by itself, since a filled order is not cancelled as well. Each figure is
the median of `ROUNDS`, the first quotes of each untimed; the fill's is the median of all.
"""

from collections.abc import Iterator
from fractions import Fraction
from statistics import median
from typing import Final

from deskbot.bench.sink import Sink
from deskbot.bench.workload import Workload
from deskbot.runtime.clock import Clock

QUOTES: Final = 20_000
WARM: Final = 1_000
ROUNDS: Final = 5
START: Final = 1_704_067_200_000_000_000
GAP: Final = 1000  # no timer falls into a round
MID: Final = 600_000
STEP: Final = 20  # ticks from quote to quote: beyond the orders of the maker that is to be filled
NEAR: Final = Fraction(1, 100_000)


def measure() -> dict[str, float]:
    """Microseconds of each."""
    clock = Clock()
    tick = _median(clock, [MID] * QUOTES)
    moving = _median(clock, [MID + STEP * (number % 2) for number in range(QUOTES)])
    fill = median([took for _ in range(ROUNDS) for took in _fills(clock)][WARM:])
    return {
        "tickMicroseconds": round(tick, 3),
        "orderLifeMicroseconds": round((moving - tick) / 2, 3),
        "fillMicroseconds": round(fill / 1000, 3),
    }


def _median(clock: Clock, bids: list[int]) -> float:
    return median(_once(clock, bids) for _ in range(ROUNDS))


def _once(clock: Clock, bids: list[int]) -> float:
    """Microseconds a quote."""
    sink = Sink(digest=False)
    workload = Workload(Fraction(0), Fraction(1, 1000), sink)
    _quote(workload, 0, bids[:WARM])
    sink.flush()
    began = clock.now()
    _quote(workload, WARM, bids[WARM:])
    sink.flush()
    return (clock.now() - began) / 1000 / (len(bids) - WARM)


def _fills(clock: Clock) -> Iterator[int]:
    """Nanoseconds of fills, one side and then the other."""
    sink = Sink(digest=False)
    workload = Workload(Fraction(0), NEAR, sink)
    _quote(workload, 0, [MID])
    for number in range(1, QUOTES // ROUNDS):
        bid = MID + STEP * (number % 2)
        at = START + number * GAP
        sink.flush()
        workload._venue.cross(at, bid, bid + 1, workload._events)  # noqa: SLF001 - what `quotes` does first
        began = clock.now()
        workload._go_on(at, bid, bid + 1)  # noqa: SLF001
        sink.flush()
        yield clock.now() - began
        _quote(workload, number, [bid])
    if workload.summary().fills != QUOTES // ROUNDS - 1:
        raise RuntimeError("a touch that was to fill an order has filled none")


def _quote(workload: Workload, first: int, bids: list[int]) -> None:
    times = [START + number * GAP for number in range(first, first + len(bids))]
    lots = [1] * len(bids)
    workload.quotes(times, bids, [bid + 1 for bid in bids], lots, lots)

"""What one step costs, journal bytes and decisions included: a tick without action, an order's life, a fill.

    still      the same touch again and again                                          tick
    moving     every quote moves far enough: both orders are cancelled, two are placed   tick + 2 lives
    crossing   every quote also fills the order it has reached                           tick + 2 lives + fill

An order's life is its decision, gate, intent, acknowledgement, cancel and end. Each figure is the least of `ROUNDS`.
"""

from fractions import Fraction
from typing import Final

from deskbot.bench.sink import Sink
from deskbot.bench.workload import Workload
from deskbot.runtime.clock import Clock

QUOTES: Final = 20_000
ROUNDS: Final = 5
START: Final = 1_704_067_200_000_000_000
GAP: Final = 1000  # no timer falls into a round
MID: Final = 600_000


def measure() -> dict[str, float]:
    """Microseconds of each."""
    clock = Clock()
    tick = _least(clock, [MID] * QUOTES, Fraction(1, 1000))
    moving = _least(clock, [MID + 20 * (number % 2) for number in range(QUOTES)], Fraction(1, 1000))
    crossing = _least(clock, [MID + 20 * (number % 2) for number in range(QUOTES)], Fraction(1, 100_000))
    life = (moving - tick) / 2
    return {
        "tickMicroseconds": round(tick, 3),
        "orderLifeMicroseconds": round(life, 3),
        "fillMicroseconds": round(crossing - moving, 3),
    }


def _least(clock: Clock, bids: list[int], offset: Fraction) -> float:
    return min(_once(clock, bids, offset) for _ in range(ROUNDS))


def _once(clock: Clock, bids: list[int], offset: Fraction) -> float:
    """Microseconds a quote."""
    sink = Sink(digest=False)
    workload = Workload(Fraction(0), offset, sink)
    times = [START + number * GAP for number in range(len(bids))]
    asks = [bid + 1 for bid in bids]
    lots = [1] * len(bids)
    began = clock.now()
    workload.quotes(times, bids, asks, lots, lots)
    sink.flush()
    return (clock.now() - began) / 1000 / len(bids)

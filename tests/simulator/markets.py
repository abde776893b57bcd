"""A tiny market of known shape: the book breathes around one price and trades print on both sides."""

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal

from deskbot.matching import Delta, Listing, MarketEvent, PublicTrade, Snapshot
from deskbot.simulator.listings import BTCUSDT_LINEAR, BTCUSDT_SPOT

# a smallest lot that is worth less than an order must be, in both markets
SPOT = replace(BTCUSDT_SPOT, quantity_step=Decimal("0.000001"))
LINEAR = replace(BTCUSDT_LINEAR, min_notional=Decimal(100))
STEP_NS = 20_000_000
LEVELS = 60
PRICE = 60_000


class BreathingMarket:
    """Both markets at 60 000; sizes change every step, a trade prints on every fifth, alternating sides."""

    listings = (SPOT, LINEAR)

    def __init__(self, steps: int = 1_000_000) -> None:
        self._steps = steps

    def events(self) -> Iterator[MarketEvent]:
        for listing in self.listings:
            yield Snapshot(listing.key, 0, 1, *_book(listing, 0))
            yield PublicTrade(listing.key, 0, _middle(listing), 1000, True)
        for step in range(1, self._steps):
            for listing in self.listings:
                yield from _breath(listing, step)


def _breath(listing: Listing, step: int) -> Iterator[MarketEvent]:
    time_ns = step * STEP_NS
    bids, asks = _book(listing, step)
    changed = step % LEVELS
    yield Delta(listing.key, time_ns, 2 * step, [bids[changed]], [asks[changed]])
    if step % 5 == 0:
        buys = step % 10 == 0
        yield PublicTrade(listing.key, time_ns, (asks if buys else bids)[0][0], 100, buys)


def _middle(listing: Listing) -> int:
    return int(PRICE / listing.tick_size)


def _book(listing: Listing, step: int) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
    middle = _middle(listing)
    size = 100_000 + step % 7
    bids = [(middle - level, size + level) for level in range(1, LEVELS + 1)]
    asks = [(middle + level, size + level) for level in range(1, LEVELS + 1)]
    return bids, asks

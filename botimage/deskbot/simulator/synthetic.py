"""A seeded market for when there is no recording: four pairs, spot and linear, endless, the same for the same seed.

Each pair walks by itself: one mid price goes at random in whole linear ticks and both books follow it, the spot book at
a slowly wandering distance. Every step tells each market something: a best quote while the mid stands, a delta around
the new mid when it moves, and trades that hit one side of the touch. A move comes behind a trade on the side it leaves,
so that resting orders fill the way they do on a real tape. It is a toy: no volatility clusters, no informed flow; use a
recording to judge a strategy.
"""

import heapq
from collections.abc import Container, Iterator
from dataclasses import dataclass
from random import Random

from deskbot.matching import BestQuote, Delta, Listing, MarketEvent, PublicTrade, Snapshot
from deskbot.matching.market_data import Levels
from deskbot.simulator.listings import (
    ADAUSDT_LINEAR,
    ADAUSDT_SPOT,
    BTCUSDT_LINEAR,
    BTCUSDT_SPOT,
    DOGEUSDT_LINEAR,
    DOGEUSDT_SPOT,
    ETHUSDT_LINEAR,
    ETHUSDT_SPOT,
)

MS = 1_000_000
DEPTH = 60
TRADE_CHANCE = 0.35
JUMPS = (-35, -25, -15, 15, 25, 35)
MOVES = (-3, -2, -1, 1, 2, 3)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """How one pair walks: ticks are linear ones, sizes linear lots times `size`.

    A jump is a step that crosses several levels at once, as news does: about 1 % a day in all.
    """

    linear: Listing
    spot: Listing
    start_ticks: int
    step_ns: int
    size: int = 1
    basis_ticks: int = 20
    moves: tuple[int, ...] = MOVES
    move_chance: float = 0.15
    jumps: tuple[int, ...] = JUMPS
    jump_chance: float = 0.01

    def move(self, random: Random) -> int:
        """How far the mid goes in one step."""
        chance = random.random()
        if chance < self.jump_chance:
            return random.choice(self.jumps)
        return random.choice(self.moves) if chance < self.jump_chance + self.move_chance else 0


PAIRS = (
    Pair(linear=BTCUSDT_LINEAR, spot=BTCUSDT_SPOT, start_ticks=600_000, step_ns=10 * MS),
    Pair(linear=ETHUSDT_LINEAR, spot=ETHUSDT_SPOT, start_ticks=300_000, step_ns=50 * MS, size=20),
    Pair(
        linear=ADAUSDT_LINEAR,
        spot=ADAUSDT_SPOT,
        start_ticks=3_500,
        step_ns=100 * MS,
        size=200,
        basis_ticks=1,
        moves=(-1, 1),
        move_chance=0.02,
        jumps=(-2, 2),
        jump_chance=0.001,
    ),
    Pair(
        linear=DOGEUSDT_LINEAR,
        spot=DOGEUSDT_SPOT,
        start_ticks=15_000,
        step_ns=100 * MS,
        size=500,
        basis_ticks=3,
        moves=(-1, 1),
        move_chance=0.1,
        jumps=(-4, 4),
        jump_chance=0.002,
    ),
)


class SyntheticMarket:
    """An endless `MarketSource`. Times rise from `start_ns`; `markets` are the ccxt names of those wanted, None all.

    What one pair does depends on the seed alone, not on which others are wanted.
    """

    def __init__(self, seed: int, *, start_ns: int = 0, markets: Container[str] | None = None) -> None:
        self._seed = seed
        self._start_ns = start_ns
        self._pairs = [
            pair for pair in PAIRS if markets is None or pair.linear.unified in markets or pair.spot.unified in markets
        ] or list(PAIRS)

    @property
    def listings(self) -> tuple[Listing, ...]:
        """Both listings of each pair."""
        return tuple(listing for pair in self._pairs for listing in (pair.linear, pair.spot))

    def events(self) -> Iterator[MarketEvent]:
        """Events without end."""
        if len(self._pairs) == 1:
            return self._walk(self._pairs[0])
        return heapq.merge(*map(self._walk, self._pairs), key=lambda event: event.time_ns)

    def _walk(self, pair: Pair) -> Iterator[MarketEvent]:
        seed = self._seed if pair is PAIRS[0] else f"{self._seed}:{pair.linear.symbol}"
        random = Random(seed)  # noqa: S311 - a simulation, repeatable on purpose
        linear, spot = _Walk(pair, pair.linear, random), _Walk(pair, pair.spot, random)
        now_ns = self._start_ns
        mid, basis = pair.start_ticks, 0
        for walk in (linear, spot):
            yield walk.snapshot(now_ns, mid)
        while True:
            now_ns += pair.step_ns
            before = mid
            mid = max(pair.start_ticks // 2, mid + pair.move(random))
            basis = max(-pair.basis_ticks, min(pair.basis_ticks, basis + random.choice((-1, 0, 0, 1))))
            yield from linear.step(now_ns, mid, mid - before)
            yield from spot.step(now_ns, mid + basis, mid - before)


class _Walk:
    """One book around a mid that is given in linear ticks."""

    def __init__(self, pair: Pair, listing: Listing, random: Random) -> None:
        self._listing = listing
        self._random = random
        self._scale = pair.linear.tick_units // listing.tick_units
        self._lot_scale = pair.size * pair.linear.step_units // listing.step_units
        self._update_id = 0
        self._mid = 0
        self._shown: tuple[dict[int, int], dict[int, int]] = ({}, {})

    def snapshot(self, time_ns: int, mid: int) -> Snapshot:
        """The opening book."""
        self._mid = mid * self._scale
        bids, asks = self._levels(1), self._levels(-1)
        self._shown = dict(bids), dict(asks)
        return Snapshot(self._listing.key, time_ns, self._next_id(), bids, asks)

    def step(self, time_ns: int, mid: int, move: int) -> Iterator[MarketEvent]:
        """What happens within one step: trades first, then what they left of the book."""
        random = self._random
        if move:
            yield self._trade(time_ns, taker_buys=move > 0)
        elif random.random() < TRADE_CHANCE:
            yield self._trade(time_ns, taker_buys=random.random() < 0.5)
        if mid * self._scale != self._mid:
            self._mid = mid * self._scale
            yield self._moved(time_ns)
        else:
            yield self._resized(time_ns)

    def _trade(self, time_ns: int, *, taker_buys: bool) -> PublicTrade:
        ticks = min(self._shown[1]) if taker_buys else max(self._shown[0])
        return PublicTrade(self._listing.key, time_ns, ticks, self._size(400), taker_buys)

    def _moved(self, time_ns: int) -> Delta:
        bids, asks = (self._difference(shown, sign) for shown, sign in zip(self._shown, (1, -1), strict=True))
        return Delta(self._listing.key, time_ns, self._next_id(), bids, asks)

    def _difference(self, shown: dict[int, int], sign: int) -> Levels:
        """The changes from the levels shown to levels around the new mid, keeping sizes where a price stays."""
        wanted = {price: shown.get(price, size) for price, size in self._levels(sign)}
        gone = [(price, 0) for price in shown if price not in wanted]
        fresh = [(price, size) for price, size in wanted.items() if price not in shown]
        shown.clear()
        shown.update(wanted)
        return gone + fresh

    def _resized(self, time_ns: int) -> BestQuote:
        bids, asks = self._shown
        bid, ask = max(bids), min(asks)
        bids[bid], asks[ask] = self._size(3000), self._size(3000)
        return BestQuote(self._listing.key, time_ns, self._next_id(), bid, bids[bid], ask, asks[ask])

    def _levels(self, sign: int) -> Levels:
        """Levels below (sign 1) or above (sign -1) the mid, one linear tick apart, best first."""
        scale = self._scale
        return [(self._mid - sign * distance * scale, self._size(5000)) for distance in range(1, DEPTH + 1)]

    def _size(self, largest: int) -> int:
        return self._random.randint(1, largest) * self._lot_scale

    def _next_id(self) -> int:
        self._update_id += 1
        return self._update_id

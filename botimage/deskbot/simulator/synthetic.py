"""A seeded market for when there is no recording: BTCUSDT, spot and linear, endless, the same for the same seed.

One mid price walks at random in whole linear ticks and both books follow it, the spot book at a slowly wandering
distance. Every step tells each market something: a best quote while the mid stands, a delta around the new mid when it
moves, and trades that hit one side of the touch. A move comes behind a trade on the side it leaves, so that resting
orders fill the way they do on a real tape. It is a toy: no volatility clusters, no informed flow; use a recording to
judge a strategy.
"""

from collections.abc import Iterator
from random import Random

from deskbot.matching import BestQuote, Delta, Listing, MarketEvent, PublicTrade, Snapshot
from deskbot.matching.market_data import Levels
from deskbot.simulator.listings import BTCUSDT_LINEAR, BTCUSDT_SPOT

START_PRICE_TICKS = 600_000
STEP_NS = 10_000_000
DEPTH = 60
MOVE_CHANCE = 0.15
TRADE_CHANCE = 0.35
JUMP_CHANCE = 0.01  # a step that crosses several levels at once, as news does: about 1 % a day in all
JUMPS = (-35, -25, -15, 15, 25, 35)


class SyntheticMarket:
    """An endless `MarketSource`. Times rise by 10 ms from `start_ns`."""

    def __init__(self, seed: int, *, start_ns: int = 0) -> None:
        self._seed = seed
        self._start_ns = start_ns

    @property
    def listings(self) -> tuple[Listing, ...]:
        """Both listings of BTCUSDT."""
        return BTCUSDT_LINEAR, BTCUSDT_SPOT

    def events(self) -> Iterator[MarketEvent]:
        """Events without end."""
        random = Random(self._seed)  # noqa: S311 - a simulation, repeatable on purpose
        walks = [_Walk(listing, random) for listing in self.listings]
        now_ns = self._start_ns
        mid, basis = START_PRICE_TICKS, 0
        for walk in walks:
            yield walk.snapshot(now_ns, mid)
        while True:
            now_ns += STEP_NS
            before = mid
            mid = max(START_PRICE_TICKS // 2, mid + _move(random))
            basis = max(-20, min(20, basis + random.choice((-1, 0, 0, 1))))
            linear, spot = walks
            yield from linear.step(now_ns, mid, mid - before)
            yield from spot.step(now_ns, mid + basis, mid - before)


def _move(random: Random) -> int:
    chance = random.random()
    if chance < JUMP_CHANCE:
        return random.choice(JUMPS)
    return random.choice((-3, -2, -1, 1, 2, 3)) if chance < JUMP_CHANCE + MOVE_CHANCE else 0


class _Walk:
    """One book around a mid that is given in linear ticks."""

    def __init__(self, listing: Listing, random: Random) -> None:
        self._listing = listing
        self._random = random
        self._scale = BTCUSDT_LINEAR.tick_units // listing.tick_units
        self._lot_scale = BTCUSDT_LINEAR.step_units // listing.step_units
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

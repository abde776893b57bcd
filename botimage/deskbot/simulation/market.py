"""A market made for a life: a middle that walks and sometimes jumps, a thin book, and the trades of others.

Everything shown is what the exchange fills against: a level that is taken, a trade through a price.
"""

from random import Random

from deskbot.core.events import Book, Event, Trade
from deskbot.core.instrument import BUY, SELL
from deskbot.matching import Listing, PublicTrade, Snapshot

LEVELS = 3


class MadeMarket:
    """One market. `middle` is in ticks."""

    def __init__(self, listing: Listing, middle: int, random: Random) -> None:
        self.listing = listing
        self.middle = self._first = middle
        self._random = random
        self._update = 0

    def moves(self, at: int) -> tuple[Snapshot, Book]:
        """The next book, for the exchange and for whoever watches."""
        random = self._random
        self.middle += random.randint(-6, 6) + (self._first - self.middle) // 64
        if random.random() < 0.02:
            self.middle += random.choice((-1, 1)) * random.randint(20, 150)
        bid = self.middle - random.randint(1, 3)
        ask = self.middle + random.randint(1, 3)
        bids = [(bid - step, random.randint(20, 400)) for step in range(LEVELS)]
        asks = [(ask + step, random.randint(20, 400)) for step in range(LEVELS)]
        self._update += 1
        name = self.listing.key
        return (
            Snapshot(name, at, self._update, bids, asks),
            Book(at, self.listing.unified, bids, asks, at // 1_000_000, self._update),
        )

    def trade(self, at: int) -> tuple[PublicTrade, Event]:
        """A trade of others, now and then far through the book."""
        random = self._random
        buys = random.random() < 0.5
        reach = random.choice((2, 4, 10, 30))
        ticks = self.middle + (reach if buys else -reach)
        lots = random.choice((1, 2, 5, 50))
        side = BUY if buys else SELL
        return (
            PublicTrade(self.listing.key, at, ticks, lots, taker_buys=buys),
            Trade(at, self.listing.unified, ticks, lots, side, at // 1_000_000),
        )

"""The recorded order book of one market.

Two streams feed it: deltas, which are complete but slow, and best quotes, which are fast but know the touch alone. A
best quote newer than the last delta trims its side to the new touch. A delta older than the last best quote still
tells the truth about the deeper levels, so it is applied below the touch and ignored at it and above.

Nothing we do alters this book. Own orders only watch it: a level that one of them rests on reports its changes.
"""

from bisect import bisect_left, insort
from collections.abc import Container

from deskbot.matching.market_data import BestQuote, Delta, Levels, Snapshot

LevelChange = tuple[int, int, int]


class BookSide:
    """One side. Prices are kept as ranks (bids: the price, asks: minus the price), so that better is always greater.

    `changes` collects (price, size before, size after) of the levels that `watched` contains, until someone takes them.
    """

    __slots__ = ("_ranks", "changes", "sign", "sizes", "watched")

    def __init__(self, sign: int, watched: Container[int]) -> None:
        self.sign = sign
        self.watched = watched
        self.sizes: dict[int, int] = {}
        self.changes: list[LevelChange] = []
        self._ranks: list[int] = []

    @property
    def best(self) -> int | None:
        """The best price, or None when the side is empty."""
        return self._ranks[-1] * self.sign if self._ranks else None

    def replace(self, levels: Levels) -> None:
        """Throw everything away and start from these levels."""
        self.sizes = {price: size for price, size in levels if size}
        self._ranks = sorted(price * self.sign for price in self.sizes)
        self.changes.clear()

    def update(self, levels: Levels) -> None:
        """Set levels to their new sizes; size 0 removes."""
        sizes, ranks, sign, watched = self.sizes, self._ranks, self.sign, self.watched
        for price, size in levels:
            before = sizes.get(price)
            if size:
                sizes[price] = size
                if before is None:
                    insort(ranks, price * sign)
            elif before is not None:
                del sizes[price]
                del ranks[bisect_left(ranks, price * sign)]
            if price in watched:
                self.changes.append((price, before or 0, size))

    def touch(self, price: int, size: int) -> None:
        """Make this the best level; whatever was better is gone."""
        ranks, rank = self._ranks, price * self.sign
        if ranks and ranks[-1] > rank:
            self.update([(better * self.sign, 0) for better in ranks[bisect_left(ranks, rank + 1) :]])
        if self.sizes.get(price) != size:
            self.update([(price, size)])

    def below(self, levels: Levels, price: int) -> Levels:
        """Those of the levels that are worse than a price."""
        sign = self.sign
        rank = price * sign
        return [level for level in levels if level[0] * sign < rank]

    def levels(self, depth: int) -> Levels:
        """The best levels, best first."""
        sizes, sign = self.sizes, self.sign
        return [(rank * sign, sizes[rank * sign]) for rank in self._ranks[: -depth - 1 : -1]]

    def reaches(self, price: int) -> bool:
        """Whether the best level is at this price or better."""
        return bool(self._ranks) and self._ranks[-1] >= price * self.sign

    def walk(self, limit: int | None, lots: int) -> Levels:
        """What taking up to `lots`, no worse than `limit` (None: at any price), would get: (price, size) by level."""
        taken: Levels = []
        for rank in reversed(self._ranks):
            if lots == 0 or (limit is not None and rank < limit * self.sign):
                break
            price = rank * self.sign
            size = min(lots, self.sizes[price])
            taken.append((price, size))
            lots -= size
        return taken


class Book:
    """Both sides, kept in step. `sequence` rises with every event that may have changed it."""

    __slots__ = ("_delta_id", "_touch", "asks", "bids", "sequence")

    def __init__(self, watched_bids: Container[int], watched_asks: Container[int]) -> None:
        self.bids = BookSide(1, watched_bids)
        self.asks = BookSide(-1, watched_asks)
        self.sequence = 0
        self._delta_id = -1
        self._touch: BestQuote | None = None

    def snapshot(self, event: Snapshot) -> None:
        """Start over from a snapshot."""
        self.bids.replace(event.bids)
        self.asks.replace(event.asks)
        self.sequence += 1
        self._delta_id = event.update_id
        self._touch = None

    def delta(self, event: Delta) -> None:
        """Apply changed levels; at the touch only if they are newer than the last best quote."""
        bids, asks, touch = event.bids, event.asks, self._touch
        if touch is not None and event.update_id < touch.update_id:
            bids = self.bids.below(bids, touch.bid)
            asks = self.asks.below(asks, touch.ask)
        self.bids.update(bids)
        self.asks.update(asks)
        self.sequence += 1
        self._delta_id = event.update_id

    def best_quote(self, event: BestQuote) -> None:
        """Apply a touch, unless a newer delta has already told it."""
        if event.update_id <= self._delta_id:
            return
        self.bids.touch(event.bid, event.bid_lots)
        self.asks.touch(event.ask, event.ask_lots)
        self.sequence += 1
        self._touch = event

"""Our own orders that rest at one side of a market, and their places in the recorded queue.

They stand beside the recorded book, not in it. Each account is alone with the recorded market: one trade may fill
orders of several accounts in full, but among the orders of one account what one takes the next does not get.
"""

from collections.abc import Iterator

from deskbot.matching.book import BookSide, LevelChange
from deskbot.matching.orders import Order
from deskbot.matching.queueing import QueueModel, ahead_after_shrinking


class RestingSide:
    """One side. `levels` maps a price to its orders in the order they came; the book side watches its keys.

    `sign` as in `BookSide`. `best` is the best price of an own order, or None.
    """

    __slots__ = ("_model", "_traded", "best", "levels", "sign")

    def __init__(self, sign: int, model: QueueModel) -> None:
        self.sign = sign
        self.levels: dict[int, list[Order]] = {}
        self.best: int | None = None
        self._model = model
        self._traded: dict[int, int] = {}

    def add(self, order: Order, displayed: int) -> None:
        """Let an order rest behind everything displayed at its price."""
        order.ahead = displayed
        self.levels.setdefault(order.ticks, []).append(order)
        if self.best is None or order.ticks * self.sign > self.best * self.sign:
            self.best = order.ticks

    def remove(self, order: Order, ticks: int) -> None:
        """Take an order out that rests at a price, if it does."""
        at_price = self.levels.get(ticks, [])
        if order not in at_price:
            return
        at_price.remove(order)
        if not at_price:
            del self.levels[ticks]
            self._traded.pop(ticks, None)
            self.best = max(self.levels, key=self.sign.__mul__, default=None)

    def orders(self) -> Iterator[Order]:
        """Every order, best price first, then first come."""
        for price in sorted(self.levels, key=self.sign.__mul__, reverse=True):
            yield from list(self.levels[price])

    def queue_again(self, side: BookSide) -> None:
        """Put every order behind what a new snapshot displays at its price."""
        self._traded.clear()
        for price, orders in self.levels.items():
            for order in orders:
                order.ahead = side.sizes.get(price, 0)

    def levels_changed(self, changes: list[LevelChange]) -> None:
        """Advance the queues at levels that changed in the book."""
        for price, before, after in changes:
            self._level_changed(price, before - self._traded.pop(price, 0), after)

    def traded(self, ticks: int, lots: int) -> list[tuple[Order, int]]:
        """Let a public trade at a price take from the front; returns what it fills as (order, lots).

        A trade at a worse price went through ours: nothing is ahead any more, and what it traded, we would have had.
        """
        taken: dict[str, int] = {}
        fills: list[tuple[Order, int]] = []
        for order in self.orders():
            distance = order.ticks * self.sign - ticks * self.sign
            if distance < 0:
                break
            reach = lots if distance > 0 else lots - order.ahead
            order.ahead = 0 if distance > 0 else max(0, order.ahead - lots)
            filled = min(order.remaining_lots, reach - taken.get(order.account, 0))
            if filled > 0:
                taken[order.account] = taken.get(order.account, 0) + filled
                fills.append((order, filled))
        if ticks in self.levels:
            self._traded[ticks] = self._traded.get(ticks, 0) + lots
        return fills

    def _level_changed(self, price: int, before: int, after: int) -> None:
        for order in self.levels.get(price, ()):
            if before > after:
                order.ahead = ahead_after_shrinking(order.ahead, before, before - after, self._model)
            else:
                order.ahead = min(order.ahead, after)

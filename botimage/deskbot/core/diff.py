"""Target orders against resting ones: the fewest cancels and creates that lead from one to the other."""

from deskbot.core.orders import OPEN, PARTIALLY_FILLED, SENT, Order
from deskbot.core.strategy import Target


class Difference:
    """`kept` pairs targets with the live orders that already are what they want; `surplus` is to be cancelled.

    `busy` holds the (side, level) places whose order is on its way in or out: nothing is placed there yet.
    """

    __slots__ = ("busy", "kept", "surplus")

    def __init__(self) -> None:
        self.kept: dict[int, Order] = {}
        self.surplus: list[Order] = []
        self.busy: set[tuple[int, int]] = set()


def compare(targets: list[Target], live: list[Order]) -> Difference:
    """Pair every live order with an equal target (side, price, size); a part-filled order still is the one it was."""
    found = Difference()
    free = list(range(len(targets)))
    for order in live:
        index = next((i for i in free if _same(targets[i], order)), None)
        if index is not None and order.state in (OPEN, PARTIALLY_FILLED, SENT):
            free.remove(index)
            found.kept[index] = order
        elif order.state in (OPEN, PARTIALLY_FILLED):
            found.surplus.append(order)
            found.busy.add((order.side, order.level))
        else:
            found.busy.add((order.side, order.level))
    return found


def _same(target: Target, order: Order) -> bool:
    return (
        target.side == order.side
        and target.ticks == order.price_ticks
        and target.lots == order.lots
        and target.reduce_only == order.reduce_only
    )

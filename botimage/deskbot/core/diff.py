"""Target orders against resting ones: the fewest cancels and creates that lead from one to the other."""

from mypy_extensions import mypyc_attr

from deskbot.core.orders import OPEN, PARTIALLY_FILLED, SENT, Order
from deskbot.core.strategy import Target


@mypyc_attr(acyclic=True, free_list_len=1)
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
    kept = found.kept
    for order in live:
        rests = order.state == OPEN or order.state == PARTIALLY_FILLED
        index = _index(targets, order, kept) if rests or order.state == SENT else -1
        if index >= 0:
            kept[index] = order
            continue
        if rests:
            found.surplus.append(order)
        found.busy.add((order.side, order.level))
    return found


def _index(targets: list[Target], order: Order, kept: dict[int, Order]) -> int:
    """The first target that is this order and that no other order is yet; -1 without one."""
    for index, target in enumerate(targets):
        if (
            target.ticks == order.price_ticks
            and target.side == order.side
            and target.lots == order.lots
            and target.reduce_only == order.reduce_only
            and index not in kept
        ):
            return index
    return -1

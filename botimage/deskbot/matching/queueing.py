"""Where an order stands in the queue at its price, when only the sizes of levels are known.

An order joins behind everything displayed. A public trade at its price always takes from the front. When a level
shrinks by more than its trades explain, somebody cancelled, ahead of the order or behind it; the model says which.
"""

from enum import StrEnum


class QueueModel(StrEnum):
    """How cancellations at a level are split between ahead of an order and behind it.

    CONSERVATIVE: all of them behind, as far as that is possible. PROPORTIONAL: the expected split with
    probability proportional to the square of the size on each side (`PowerProbQueueModel` with n = 2 in hftbacktest),
    rounded down for the part ahead.
    """

    CONSERVATIVE = "conservative"
    PROPORTIONAL = "proportional"


def ahead_after_shrinking(ahead: int, before: int, cancelled: int, model: QueueModel) -> int:
    """The size ahead of an order after `cancelled` lots left a level that displayed `before`.

    Never more than what is still displayed, nor below zero.
    """
    behind = max(0, before - ahead)
    from_front = 0
    if model is QueueModel.PROPORTIONAL and ahead > 0:
        from_front = cancelled * ahead * ahead // (ahead * ahead + behind * behind)
    return max(0, min(ahead - from_front, before - cancelled))

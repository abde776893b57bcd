"""What an account looked like a little while ago: a venue's read replicas lag behind its matching engine.

Every order and wallet report is a whole picture, so the past is the newest picture that is not newer than the moment
asked for. Pictures are kept for a minute; of what is older only the last one of each order is needed, and of an order
that has been final for a minute not even that one, because it still is what it was.
"""

from __future__ import annotations

from collections import deque
from copy import copy

from deskbot.matching.orders import FINAL, Order, OrderStatus
from deskbot.matching.reports import OrderReport, PositionReport, WalletReport

KEPT_NS = 60_000_000_000

Picture = OrderReport | PositionReport | WalletReport


class Past:
    """The pictures of one account."""

    __slots__ = ("_before", "_recent")

    def __init__(self) -> None:
        self._recent: deque[tuple[str, Picture]] = deque()
        self._before: dict[str, Picture] = {}

    def note(self, key: str, picture: Picture) -> None:
        """Keep a picture of something; `key` says of what."""
        self._recent.append((key, picture))
        limit_ns = picture.time_ns - KEPT_NS
        while self._recent[0][1].time_ns < limit_ns:
            old_key, old = self._recent.popleft()
            if isinstance(old, OrderReport) and old.status in FINAL:
                self._before.pop(old_key, None)
            else:
                self._before[old_key] = old

    def changed_since(self, at_ns: int) -> dict[str, Picture | None]:
        """Whatever changed after a moment, as it was then; None for what was not there yet."""
        newest = {key: picture for key, picture in self._recent if picture.time_ns <= at_ns}
        changed = (key for key, picture in self._recent if picture.time_ns > at_ns)
        return {key: newest.get(key) or self._before.get(key) for key in changed}


def wallet_key(asset: str) -> str:
    """Under which a coin's pictures are kept; orders are kept under their ids."""
    return f"wallet {asset}"


def position_key(market: str) -> str:
    """Under which a position's pictures are kept."""
    return f"position {market}"


def order_at(order: Order, picture: OrderReport) -> Order:
    """The order as it was when the picture was taken."""
    earlier = copy(order)
    earlier.status = picture.status
    earlier.end_reason = picture.end_reason
    earlier.ticks = picture.ticks
    earlier.lots = picture.lots
    earlier.filled_lots = picture.filled_lots
    earlier.filled_value = picture.filled_value
    earlier.fee_units = picture.fee_units
    earlier.trigger_ticks = picture.trigger_ticks
    earlier.triggered = order.triggered and picture.status is not OrderStatus.UNTRIGGERED
    earlier.updated_ns = picture.time_ns
    return earlier

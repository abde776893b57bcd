"""The orders of one market that still matter, and what they come to: kept as they change, never summed up again.

    Durable ──each step that touches an order──▶ Working.count(order) ──▶ lots at risk, live orders, unknown outcomes

Derived from orders alone, so a replay makes the same; the exposure checks read it on every order.
"""

from deskbot.core.instrument import BUY
from deskbot.core.orders import FILLED, UNKNOWN, Order


class Working:
    """One market. `buy_lots` and `sell_lots` may still enter the position beside what the ledger has.

    `buys` and `sells` are live orders, `unknown` are those of unknown outcome. `orders` holds the ended ones too whose
    executions have not all arrived, oldest first.
    """

    __slots__ = ("buy_lots", "buys", "orders", "sell_lots", "sells", "unknown")

    def __init__(self) -> None:
        self.orders: dict[str, Order] = {}
        self.buy_lots = 0
        self.sell_lots = 0
        self.buys = 0
        self.sells = 0
        self.unknown = 0

    def count(self, order: Order) -> None:
        """Bring the sums up to what an order has become: half the steps of an order's life change none."""
        state = order.state
        live = 1 if state < FILLED else 0
        lots = (order.lots if live else order.filled_lots) - order.booked_lots
        if lots < 0:
            lots = 0
        more, orders = lots - order.counted_lots, live - order.counted_live
        if more or orders:
            if order.side == BUY:
                self.buy_lots += more
                self.buys += orders
            else:
                self.sell_lots += more
                self.sells += orders
            order.counted_lots = lots
            order.counted_live = live
        if state == UNKNOWN or order.counted_unknown:
            unknown = 1 if state == UNKNOWN else 0
            self.unknown += unknown - order.counted_unknown
            order.counted_unknown = unknown

    def live(self) -> list[Order]:
        """Orders that may rest on the venue now or later, oldest first."""
        found: list[Order] = []
        for order in self.orders.values():
            if order.state < FILLED:
                found.append(order)
        return found

"""The client ids of executions: Binance's lists of executions name only the venue's own order id.

    private stream, answers ──▶ learn ──┐
    allOrders from the oldest unknown ──┼──▶ client id by order id
    order by order id, one by one ──────┘

What is not known is asked for page by page, and what those do not show (USD-M: a week, without times) one by one. An
order that a fresh execution names and the venue does not know fails the question: its lists are not of one mind yet,
and a fill of ours must not be booked as somebody else's.
"""

from typing import Any, Final

from deskbot.venues.adapter import ListFailed, Row
from deskbot.venues.binance.lists import PAGE, Request, row_of, rows_of
from deskbot.venues.errors import ccxt_errors

MOST_KNOWN: Final = 50_000  # of the newest orders; an older one is asked about again
_MOST_PAGES: Final = 20
SETTLED_MS: Final = 86_400_000  # by now every list of the venue shows an order


class ClientIds:
    """Client ids by the venue's symbols and order ids."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, str], str] = {}

    def learn(self, symbol: str, order_id: object, client_id: str) -> None:
        """An order's client id, from wherever it was said."""
        self._known[symbol, str(order_id)] = client_id
        if len(self._known) > MOST_KNOWN:
            del self._known[next(iter(self._known))]

    def seen(self, client_id: str) -> bool:
        """Whether the venue has ever told of an order of this client id."""
        return client_id in self._known.values()

    async def of(self, all_orders: Request, one_order: Request, trades: list[Row], now_ms: int) -> dict[str, str]:
        """The client id of every order that rows of one symbol's executions name."""
        ages = {str(row["orderId"]): now_ms - int(row["time"]) for row in trades}
        symbol = trades[0]["symbol"] if trades else ""
        unknown = {one for one in ages if (symbol, one) not in self._known}
        if len(unknown) > 1:
            await self._pages(all_orders, symbol, unknown)
        for order_id in sorted(unknown, key=int):
            if (symbol, order_id) not in self._known:
                await self._ask(one_order, symbol, order_id, ages[order_id])
        return {one: self._known.get((symbol, one), "") for one in ages}

    async def _pages(self, all_orders: Request, symbol: str, unknown: set[str]) -> None:
        start, newest = min(map(int, unknown)), max(map(int, unknown))
        for _ in range(_MOST_PAGES):
            page = rows_of(await all_orders({"symbol": symbol, "orderId": start, "limit": PAGE}))
            for row in page:
                if str(row["orderId"]) in unknown:
                    self.learn(symbol, row["orderId"], row["clientOrderId"])
            last = max((int(row["orderId"]) for row in page), default=newest)
            if len(page) < PAGE or last >= newest:
                return
            start = last + 1

    async def _ask(self, one_order: Request, symbol: str, order_id: str, age_ms: int) -> None:
        try:
            row: Any = row_of(await one_order({"symbol": symbol, "orderId": order_id}), "clientOrderId")
        except ccxt_errors.OrderNotFound:
            if age_ms < SETTLED_MS:
                raise ListFailed(f"the venue shows an execution of order {order_id} but not the order") from None
            self.learn(symbol, order_id, "")
        else:
            self.learn(symbol, order_id, row["clientOrderId"])

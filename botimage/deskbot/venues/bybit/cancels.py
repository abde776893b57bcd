"""Bybit v5 cancels: one order, or every order under one filter."""

from typing import Any

from deskbot.venues.adapter import Row
from deskbot.venues.bybit.dialect import BYBIT
from deskbot.venues.bybit.lists import result_of, rows_of
from deskbot.venues.table.model import SPOT


async def cancel(exchange: Any, category: str, query: Row, order_filter: str) -> bool:
    """Cancel one order; False where the answer names none."""
    request = {"category": category, **query}
    if category == BYBIT.categories[SPOT]:
        request["orderFilter"] = order_filter
    return bool(result_of(await exchange.privatePostV5OrderCancel(request)).get("orderId"))


async def cancel_all(exchange: Any, category: str, symbol: str, order_filter: str) -> tuple[int, bool]:
    """Cancel a batch of one market's orders under one filter: how many, and whether there may be more."""
    request = {"category": category, "symbol": symbol}
    if order_filter:
        request["orderFilter"] = order_filter
    count = len(_cancelled(await exchange.privatePostV5OrderCancelAll(request)))
    return count, count >= BYBIT.cancel_batch


def _cancelled(answer: Any) -> list[Any]:
    """The orders an answer to cancel-all names; spot may say `success` alone. Raises ListFailed for neither."""
    return [] if "list" not in result_of(answer) and result_of(answer).get("success") == "1" else rows_of(answer)

"""Calls by ccxt's unified names, which many rows share."""

from typing import Final

from deskbot.venues.table.model import Call

CANCEL_BY_SYMBOL: Final = Call("cancel_all_orders", ("{symbol}",))
CANCEL_TRIGGERS: Final = Call("cancel_all_orders", ("{symbol}", {"trigger": True}))
UNIFIED_QUERY: Final = Call("fetch_order", (None, "{symbol}", {"clientOrderId": "{id}"}))
UNIFIED_CANCEL: Final = Call("cancel_order", (None, "{symbol}", {"clientOrderId": "{id}"}))

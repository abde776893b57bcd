"""Durable state as plain values, so that two of them can be compared field by field."""

from typing import Any

from deskbot.core.durable import Durable, Latch
from deskbot.core.ledger import Booked, Ledger
from deskbot.core.orders import Order
from deskbot.core.records import Filled
from deskbot.core.remembered import Remembered
from deskbot.core.working import Working

VOLATILE = {"updated_at", "asked_at", "missing_since", "query_in_flight"}
WRITTEN_TWICE = {"by_trade_id"}  # the window of a ledger, in the order of arrival


def _fields(thing: Any) -> dict[str, Any]:
    names = [name for name in dir(thing) if not name.startswith("__") and name not in VOLATILE | WRITTEN_TWICE]
    values = {name: getattr(thing, name) for name in names}
    return {name: _plain(value) for name, value in values.items() if not callable(value)}


def state_of(durable: Durable) -> dict[str, Any]:
    """Every field of the durable state but the volatile ones of orders, in the order in which they were made."""
    names = [name for name in dir(durable) if not name.startswith("__") and name != "_steps"]
    values = {name: getattr(durable, name) for name in names}
    return {name: _plain(value) for name, value in values.items() if not callable(value)}


def _plain(value: Any) -> Any:
    if isinstance(value, Order | Ledger | Latch | Booked | Remembered | Working):
        return _fields(value)
    if isinstance(value, Filled):
        return value.row()
    if isinstance(value, list):
        return [_plain(one) for one in value]
    if isinstance(value, dict):
        return [(key, _plain(one)) for key, one in value.items()]
    return value

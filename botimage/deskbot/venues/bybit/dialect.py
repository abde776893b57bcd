"""Bybit's lists, pages and windows, which no ccxt flag tells; figures and rules are its own documentation."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from deskbot.venues.table.model import SPOT, SWAP


@dataclass(frozen=True)
class Dialect:
    """`order_filters` are asked for and cancelled one by one, per market type; "" is the venue's own default.

    `trigger_filters` are where a conditional order may be when it is cancelled by id. `cancel_batch` is the most orders
    one cancel-all takes; `fill_window_ms` the longest span of one executions query, `fill_history_ms` how far back it
    reaches. `fill_types` are the execution types that change a position: funding is money, not a fill.
    """

    categories: Mapping[str, str]
    order_filter: str
    order_filters: Mapping[str, tuple[str, ...]]
    trigger_filters: Mapping[str, tuple[str, ...]]
    cancel_filters: Mapping[str, tuple[str, ...]]
    cancel_batch: int
    order_page: int
    fill_page: int
    position_page: int
    fill_window_ms: int
    fill_history_ms: int
    fill_types: frozenset[str]


_DAY_MS: Final = 86_400_000
_SPOT_TRIGGERS: Final = ("StopOrder", "tpslOrder", "OcoOrder", "BidirectionalTpslOrder")

BYBIT: Final = Dialect(
    categories={SPOT: "spot", SWAP: "linear"},
    order_filter="Order",
    # "" lists every kind on a unified account, whatever Bybit adds next; the named ones do not depend on that default.
    order_filters={SPOT: ("", "Order", *_SPOT_TRIGGERS), SWAP: ("", "Order", "StopOrder")},
    trigger_filters={SPOT: _SPOT_TRIGGERS, SWAP: ("StopOrder",)},
    # Spot cancels only plain orders unless told otherwise; linear without a filter takes every kind, 500 at a time.
    cancel_filters={SPOT: ("Order", *_SPOT_TRIGGERS), SWAP: ("", "StopOrder")},
    cancel_batch=500,
    order_page=50,
    fill_page=100,
    position_page=200,
    fill_window_ms=7 * _DAY_MS,
    fill_history_ms=730 * _DAY_MS,
    fill_types=frozenset({"Trade", "AdlTrade", "BustTrade", "Settle", "Delivery", "BlockTrade", "MovePosition"}),
)

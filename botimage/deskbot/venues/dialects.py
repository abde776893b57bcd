"""The table of real venue behaviour: what differs from exchange to exchange and no ccxt flag says.

One entry per exchange that has been verified; figures and rules are the exchange's own documentation unless a line says
otherwise. How the rows of an exchange look is in a module of its own (`bybit_rows.py`).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

SPOT: Final = "Spot"
SWAP: Final = "Swap"


@dataclass(frozen=True)
class Dialect:
    """`order_filters` are asked for and cancelled one by one, per market type; "" is the venue's own default.

    `trigger_filters` are where a conditional order may be when it is cancelled by id. `cancel_batch` is the most orders
    one cancel-all takes; `fill_window_ms` the longest span of one executions query, `fill_history_ms` how far back it
    reaches. `fill_types` are the execution types that change a position: funding is money, not a fill. `book_depth` is
    streamed, `confirm_depth` asked for when the stream is silent.
    """

    exchange: str
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
    book_depth: int
    confirm_depth: int
    forbidden_in_endpoint: tuple[str, ...]


_DAY_MS: Final = 86_400_000
_SPOT_TRIGGERS: Final = ("StopOrder", "tpslOrder", "OcoOrder", "BidirectionalTpslOrder")

BYBIT: Final = Dialect(
    exchange="bybit",
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
    book_depth=50,
    confirm_depth=1,
    # ccxt tells spot from contracts, and how to sign, by looking for these in the whole address.
    forbidden_in_endpoint=("spot", "openapi", "unified/v3", "contract/v3"),
)

DIALECTS: Final[Mapping[str, Dialect]] = {BYBIT.exchange: BYBIT}

"""The rate limits that venues document, as data; `rate_limits.py` says what is made of them.

Sources: Bybit v5 "Rate Limit Rules"; Binance "LIMITS" of the spot and the USD-M REST API, whose weights are those that
ccxt keeps per endpoint (`RateTable.weight`). Where a venue grants an account more it says so in its answers.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from deskbot.core.reconciliation import DEAR_ORDERS_EVERY, ORDERS_EVERY
from deskbot.venues.rate_limits import Limit
from deskbot.venues.table.model import SPOT, SWAP


@dataclass(frozen=True)
class Ban:
    """An answer that means a ban: HTTP status, words in its body ("" for any), and for how long if it does not say."""

    status: int
    words: str
    seconds: int


@dataclass(frozen=True)
class RateTable:
    """What one venue allows in one market type. Patterns are of "METHOD path", the path as ccxt names it, and CONNECT
    for a stream.

    `too_many` are beginnings of bodies that refuse a request for its rate alone; HTTP status 429 always does. `weight`
    is the tokens for one unit of ccxt's cost, by the name of ccxt's api, "" for every other. `open_orders` is what the
    question for all open orders takes: those of the account, and those of one market.
    """

    limits: tuple[Limit, ...]
    creates: tuple[str, ...]
    cancels: tuple[str, ...]
    too_many: tuple[str, ...]
    bans: tuple[Ban, ...]
    weight: Mapping[str, int]
    open_orders: tuple[int, int]

    def dear_account(self, markets: int) -> bool:
        """Whether so many markets, each asked for by itself, and seldom the account, take less than it alone."""
        account, market = self.open_orders
        often = DEAR_ORDERS_EVERY // ORDERS_EVERY
        return account + often * markets * market < often * account


_REQUESTS: Final = ("GET *", "POST *", "PUT *", "DELETE *")

_BYBIT_LISTS: Final = tuple(
    f"GET v5/{name}"
    for name in ("order/realtime", "order/history", "execution/list", "position/list", "account/wallet-balance")
)
_BYBIT_ACCOUNT: Final = ("GET v5/user/*", "GET v5/account/info", "GET v5/account/fee-rate")


def _bybit_limit(name: str, per_second: int, *patterns: str) -> Limit:
    return Limit(name, per_second, 1, patterns, True, capacity_header="x-bapi-limit", left_header="x-bapi-limit-status")


def _bybit(orders_per_second: int) -> RateTable:
    return RateTable(
        limits=(
            Limit("ip", 600, 5, _REQUESTS),
            Limit("connections", 500, 300, ("CONNECT",)),
            _bybit_limit("orders", orders_per_second, "POST v5/order/*"),
            _bybit_limit("lists", 50, *_BYBIT_LISTS),
            _bybit_limit("account", 10, *_BYBIT_ACCOUNT),
        ),
        creates=("POST v5/order/create",),
        cancels=("POST v5/order/cancel*", "POST v5/order/disconnected-cancel-all"),
        too_many=('{"retCode":10006,', '{"retCode":10018,'),
        bans=(Ban(403, "too frequent", 600), Ban(403, '"retCode":10018', 600), Ban(418, "", 120)),
        weight={"": 1},
        open_orders=(1, 1),
    )


_ORDERS: Final = ("POST order", "POST order/*")
_ORDER_COUNT: Final = "x-mbx-order-count-"
_SECONDS: Final = {"10s": 10, "1m": 60}
_CANCELS: Final = ("DELETE order", "DELETE openOrders", "DELETE allOpenOrders", "DELETE algo*")


def _binance(
    weight: int, orders: Mapping[str, int], per_cost: Mapping[str, int], open_orders: tuple[int, int]
) -> RateTable:
    """`orders` by the interval in which the venue counts them."""
    return RateTable(
        limits=(
            Limit("connections", 300, 300, ("CONNECT",)),
            Limit("weight", weight, 60, _REQUESTS, weighted=True, used_header="x-mbx-used-weight-1m"),
            *(
                Limit(f"orders_{interval}", count, _SECONDS[interval], _ORDERS, used_header=_ORDER_COUNT + interval)
                for interval, count in orders.items()
            ),
        ),
        creates=_ORDERS,
        cancels=_CANCELS,
        too_many=('{"code":-1003,', '{"code":-1015,'),
        bans=(Ban(418, "", 120),),
        weight=per_cost,
        open_orders=open_orders,
    )


RATES: Final[Mapping[tuple[str, str], RateTable]] = {
    ("bybit", SPOT): _bybit(20),
    ("bybit", SWAP): _bybit(10),
    # ccxt states a fifth of the weight for api/v3 since that limit was raised fivefold
    ("binance", SPOT): _binance(6000, {"10s": 100}, {"public": 5, "private": 5, "": 1}, open_orders=(80, 6)),
    ("binanceusdm", SWAP): _binance(2400, {"10s": 300, "1m": 1200}, {"": 1}, open_orders=(80, 2)),  # two lists
}

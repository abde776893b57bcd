"""Which path is which handler, what it weighs, and what stands before every handler: who asks, may they, not too often.

Weights: the documentation of each endpoint. Security as the venue names it: NONE, API_KEY (key alone), USER_DATA and
TRADE (signed; the second only for keys that may trade).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum, auto

from deskbot.matching import Category
from deskbot.simulator.accounts import Account, Trait
from deskbot.simulator.binance import (
    codes,
    rest_account,
    rest_algo,
    rest_listings,
    rest_market,
    rest_orders,
    rest_settings,
    rest_trading,
)
from deskbot.simulator.binance.call import Call, Reply
from deskbot.simulator.binance.limits import Limits
from deskbot.simulator.binance.signature import verify

Handler = Callable[[Call], Reply]


class Security(Enum):
    NONE = auto()
    API_KEY = auto()
    USER_DATA = auto()
    TRADE = auto()


@dataclass(frozen=True, slots=True)
class Endpoint:
    """`weight_without_symbol` is what it weighs when it is asked for all symbols; `orders` counts as a new order."""

    handler: Handler
    weight: int = 1
    security: Security = Security.NONE
    weight_without_symbol: int | None = None
    orders: bool = False

    def weighs(self, parameters: Mapping[str, str]) -> int:
        every = self.weight_without_symbol
        return self.weight if every is None or "symbol" in parameters else every


def public(handler: Handler, weight: int = 1, without_symbol: int | None = None) -> Endpoint:
    return Endpoint(handler, weight, Security.NONE, without_symbol)


def reads(handler: Handler, weight: int, without_symbol: int | None = None) -> Endpoint:
    return Endpoint(handler, weight, Security.USER_DATA, without_symbol)


def trades(handler: Handler, weight: int = 1, *, orders: bool = False) -> Endpoint:
    return Endpoint(handler, weight, Security.TRADE, orders=orders)


def keyed(handler: Handler) -> Endpoint:
    return Endpoint(handler, 1, Security.API_KEY)


SPOT: dict[tuple[str, str], Endpoint] = {
    ("GET", "/api/v3/ping"): public(rest_market.nothing),
    ("GET", "/api/v3/time"): public(rest_market.server_time),
    ("GET", "/api/v3/exchangeInfo"): public(rest_listings.exchange_info, 20),
    ("GET", "/api/v3/depth"): public(rest_market.depth, 5),
    ("GET", "/api/v3/trades"): public(rest_market.recent_trades, 25),
    ("GET", "/api/v3/aggTrades"): public(rest_market.aggregate_trades, 4),
    ("GET", "/api/v3/klines"): public(rest_market.candles, 2),
    ("GET", "/api/v3/ticker/24hr"): public(rest_market.day_ticker, 2, 80),
    ("GET", "/api/v3/ticker/price"): public(rest_market.price_ticker, 2, 4),
    ("GET", "/api/v3/ticker/bookTicker"): public(rest_market.book_ticker, 2, 4),
    ("GET", "/api/v3/account"): reads(rest_account.spot_account, 20),
    ("GET", "/api/v3/account/commission"): reads(rest_settings.spot_commission, 20),
    ("POST", "/api/v3/order"): trades(rest_trading.create, orders=True),
    ("POST", "/api/v3/order/test"): trades(rest_trading.check_order),
    ("POST", "/api/v3/order/cancelReplace"): trades(rest_trading.cancel_replace, orders=True),
    ("DELETE", "/api/v3/order"): trades(rest_trading.cancel),
    ("DELETE", "/api/v3/openOrders"): trades(rest_trading.cancel_open),
    ("GET", "/api/v3/order"): reads(rest_orders.order, 4),
    ("GET", "/api/v3/openOrders"): reads(rest_orders.open_orders, 6, 80),
    ("GET", "/api/v3/allOrders"): reads(rest_orders.all_orders, 20),
    ("GET", "/api/v3/myTrades"): reads(rest_orders.trades, 20),
    ("GET", "/sapi/v1/system/status"): public(rest_settings.system_status),
    ("GET", "/sapi/v1/account/apiRestrictions"): reads(rest_settings.restrictions, 1),
    ("GET", "/sapi/v1/asset/tradeFee"): reads(rest_settings.trade_fee, 1),
    ("GET", "/sapi/v1/capital/config/getall"): reads(rest_settings.coins, 10),
    ("GET", "/sapi/v1/margin/allPairs"): keyed(rest_market.empty_list),
    ("GET", "/sapi/v1/margin/isolated/allPairs"): keyed(rest_market.empty_list),
}
LINEAR: dict[tuple[str, str], Endpoint] = {
    ("GET", "/fapi/v1/ping"): public(rest_market.nothing),
    ("GET", "/fapi/v1/time"): public(rest_market.server_time),
    ("GET", "/fapi/v1/exchangeInfo"): public(rest_listings.exchange_info),
    ("GET", "/fapi/v1/depth"): public(rest_market.depth, 10),
    ("GET", "/fapi/v1/trades"): public(rest_market.recent_trades, 5),
    ("GET", "/fapi/v1/aggTrades"): public(rest_market.aggregate_trades, 20),
    ("GET", "/fapi/v1/klines"): public(rest_market.candles, 5),
    ("GET", "/fapi/v1/ticker/24hr"): public(rest_market.day_ticker, 1, 40),
    ("GET", "/fapi/v1/ticker/price"): public(rest_market.price_ticker, 1, 2),
    ("GET", "/fapi/v1/ticker/bookTicker"): public(rest_market.book_ticker, 2, 5),
    ("GET", "/fapi/v1/premiumIndex"): public(rest_market.premium_index),
    ("GET", "/fapi/v1/fundingRate"): public(rest_market.empty_list),
    ("GET", "/fapi/v1/fundingInfo"): public(rest_market.empty_list, 0),
    **{("GET", f"/fapi/v{version}/account"): reads(rest_account.linear_account, 5) for version in (2, 3)},
    **{("GET", f"/fapi/v{version}/balance"): reads(rest_account.balances, 5) for version in (2, 3)},
    **{("GET", f"/fapi/v{version}/positionRisk"): reads(rest_account.position_risk, 5) for version in (2, 3)},
    ("GET", "/fapi/v1/accountConfig"): reads(rest_settings.account_config, 5),
    ("GET", "/fapi/v1/symbolConfig"): reads(rest_settings.symbol_config, 5),
    ("GET", "/fapi/v1/multiAssetsMargin"): reads(rest_settings.multi_assets, 30),
    ("GET", "/fapi/v1/positionSide/dual"): reads(rest_settings.position_mode, 30),
    ("POST", "/fapi/v1/positionSide/dual"): trades(rest_settings.set_position_mode),
    ("POST", "/fapi/v1/leverage"): trades(rest_settings.set_leverage),
    ("POST", "/fapi/v1/marginType"): trades(rest_settings.set_margin_type),
    ("GET", "/fapi/v1/leverageBracket"): reads(rest_settings.leverage_brackets, 1),
    ("GET", "/fapi/v1/commissionRate"): reads(rest_settings.commission_rate, 20),
    ("GET", "/fapi/v1/income"): reads(rest_account.income, 30),
    ("POST", "/fapi/v1/order"): trades(rest_trading.create, 0, orders=True),
    ("POST", "/fapi/v1/order/test"): trades(rest_trading.check_order),
    ("PUT", "/fapi/v1/order"): trades(rest_trading.modify, orders=True),
    ("DELETE", "/fapi/v1/order"): trades(rest_trading.cancel),
    ("DELETE", "/fapi/v1/allOpenOrders"): trades(rest_trading.cancel_all),
    ("POST", "/fapi/v1/batchOrders"): trades(rest_trading.batch(rest_trading.create), 5, orders=True),
    ("DELETE", "/fapi/v1/batchOrders"): trades(rest_trading.cancel_batch),
    ("POST", "/fapi/v1/countdownCancelAll"): trades(rest_trading.countdown, 10),
    ("GET", "/fapi/v1/order"): reads(rest_orders.order, 1),
    ("GET", "/fapi/v1/openOrder"): reads(rest_orders.open_order, 1),
    ("GET", "/fapi/v1/openOrders"): reads(rest_orders.open_orders, 1, 40),
    ("GET", "/fapi/v1/allOrders"): reads(rest_orders.all_orders, 5),
    ("GET", "/fapi/v1/userTrades"): reads(rest_orders.trades, 5),
    ("POST", "/fapi/v1/algoOrder"): trades(rest_algo.create, 0, orders=True),
    ("DELETE", "/fapi/v1/algoOrder"): trades(rest_algo.cancel),
    ("GET", "/fapi/v1/algoOrder"): reads(rest_algo.query, 1),
    ("GET", "/fapi/v1/openAlgoOrders"): reads(rest_algo.open_orders, 1, 40),
    ("GET", "/fapi/v1/allAlgoOrders"): reads(rest_algo.all_orders, 5),
    ("DELETE", "/fapi/v1/algoOpenOrders"): trades(rest_algo.cancel_all),
    ("POST", "/fapi/v1/listenKey"): keyed(rest_settings.make_listen_key),
    ("PUT", "/fapi/v1/listenKey"): keyed(rest_settings.keep_listen_key),
    ("DELETE", "/fapi/v1/listenKey"): keyed(rest_settings.close_listen_key),
    ("GET", "/dapi/v1/exchangeInfo"): public(rest_listings.no_symbols),
}
ENDPOINTS = SPOT | LINEAR


def side_of(path: str) -> Category:
    """Which side of the venue a path belongs to."""
    return Category.SPOT if path.startswith(("/api/", "/sapi/")) else Category.LINEAR


class Gate:
    """Decides who may pass; nothing has happened yet when it refuses."""

    def __init__(self, accounts: Mapping[str, Account], limits: Mapping[Category, Limits]) -> None:
        self.accounts = accounts
        self.limits = limits

    def admit(
        self, endpoint: Endpoint, category: Category, key: str, parameters: Mapping[str, str], payload: str, now_ms: int
    ) -> Account | None:
        """`payload` is what was signed. Raises `Refusal`, and `TooMany` where the limits are passed."""
        limits = self.limits[category]
        limits.take(key, endpoint.weighs(parameters), now_ms)
        if endpoint.security is Security.NONE:
            return None
        account = self.account(key, category)
        if endpoint.security is Security.API_KEY:
            return account
        verify(parameters, payload, account.secret, now_ms, category)
        if endpoint.security is Security.TRADE and account.traits & {Trait.READ_ONLY, Trait.NO_TRADING}:
            raise codes.not_permitted()
        if endpoint.orders:
            limits.take_order(key, now_ms)
        return account

    def account(self, key: str, category: Category) -> Account:
        """Raises `Refusal` -2014, -2008 or -2015 for a key that is not good."""
        if not key:
            raise codes.missing_key()
        account = self.accounts.get(key)
        if account is None:
            raise codes.unknown_key(category)
        if account.traits & {Trait.REVOKED, Trait.FOREIGN_IP}:
            raise codes.not_permitted()
        return account

"""Which path is which handler, and what stands before every handler: who asks, may they, not too often."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from deskbot.simulator.accounts import Account, Trait
from deskbot.simulator.bybit import (
    codes,
    rest_account,
    rest_ledger,
    rest_market,
    rest_orders,
    rest_settings,
    rest_trading,
)
from deskbot.simulator.bybit.call import Call, Json
from deskbot.simulator.bybit.protection import Protection
from deskbot.simulator.bybit.rate_limit import Allowance, RateLimits
from deskbot.simulator.bybit.signature import Signed, read_headers, verify_request

Handler = Callable[[Call], Json]

PUBLIC: dict[str, Handler] = {
    "/v5/market/time": rest_market.server_time,
    "/v5/market/instruments-info": rest_market.instruments,
    "/v5/market/kline": rest_market.candles,
    "/v5/market/orderbook": rest_market.order_book,
    "/v5/market/recent-trade": rest_market.recent_trades,
    "/v5/market/tickers": rest_market.tickers,
    "/v5/market/funding/history": rest_market.funding_history,
    "/v5/market/open-interest": rest_market.nothing,
    "/v5/market/risk-limit": rest_market.nothing,
    "/v5/system/status": rest_settings.system_status,
    "/v5/announcements/index": rest_settings.announcements,
}
READ: dict[str, Handler] = {
    "/v5/order/realtime": rest_orders.realtime,
    "/v5/order/history": rest_orders.history,
    "/v5/execution/list": rest_orders.executions,
    "/v5/account/wallet-balance": rest_account.wallet_balance,
    "/v5/account/info": rest_settings.account_info,
    "/v5/account/fee-rate": rest_settings.fee_rates,
    "/v5/account/transaction-log": rest_ledger.transaction_log,
    "/v5/position/list": rest_account.positions,
    "/v5/user/query-api": rest_settings.key_info,
    "/v5/asset/coin/query-info": rest_settings.coin_info,
}
WRITE: dict[str, Handler] = {
    "/v5/order/create": rest_trading.create,
    "/v5/order/amend": rest_trading.amend,
    "/v5/order/cancel": rest_trading.cancel,
    "/v5/order/cancel-all": rest_trading.cancel_all,
    "/v5/order/create-batch": rest_trading.batch(rest_trading.create),
    "/v5/order/amend-batch": rest_trading.batch(rest_trading.amend),
    "/v5/order/cancel-batch": rest_trading.batch(rest_trading.cancel),
    "/v5/position/set-leverage": rest_settings.set_leverage,
    "/v5/position/switch-mode": rest_settings.switch_mode,
}
HANDLERS: dict[tuple[str, str], Handler] = {
    **{("GET", path): handler for path, handler in (PUBLIC | READ).items()},
    **{("POST", path): handler for path, handler in WRITE.items()},
}


def handlers(protection: Protection) -> dict[tuple[str, str], Handler]:
    """All there are, those with a memory of their own among them."""
    return HANDLERS | {
        ("POST", "/v5/order/disconnected-cancel-all"): protection.set_window,
        ("GET", "/v5/account/query-dcp-info"): protection.configuration,
    }


@dataclass(frozen=True, slots=True)
class Admission:
    """A request that may be handled, and what is left of its endpoint's allowance."""

    handler: Handler
    account: Account | None
    allowance: Allowance | None


class Gate:
    """Decides from path and headers alone; nothing has happened yet when it refuses."""

    def __init__(
        self, accounts: Mapping[str, Account], limits: RateLimits, handlers: Mapping[tuple[str, str], Handler]
    ) -> None:
        self.accounts = accounts
        self.limits = limits
        self.handlers = handlers

    def admit(self, method: str, path: str, headers: Mapping[str, str], payload: str, now_ns: int) -> Admission:
        """`payload` is the raw query of a GET, the raw body of a POST. Raises `Refusal`."""
        handler = self.handlers.get((method, path))
        if handler is None:
            raise codes.unknown_route()
        if path in PUBLIC:
            return Admission(handler, None, None)
        account = self.authenticate(read_headers(headers), payload, now_ns)
        if method == "POST":
            check_may_trade(account)
        return Admission(handler, account, self.limits.take(account.key, path, now_ns))

    def authenticate(self, signed: Signed, payload: str, now_ns: int) -> Account:
        account = self.account(signed.key)
        verify_request(signed, account.secret, payload, now_ns // 1_000_000)
        return account

    def account(self, key: str) -> Account:
        account = self.accounts.get(key)
        if account is None or Trait.REVOKED in account.traits:
            raise codes.invalid_key()
        if Trait.FOREIGN_IP in account.traits:
            raise codes.unmatched_address()
        return account


def check_may_trade(account: Account) -> None:
    if account.traits & {Trait.READ_ONLY, Trait.NO_TRADING}:
        raise codes.permission_denied()


def envelope(now_ns: int, result: Json, extra: Json) -> Json:
    return {"retCode": 0, "retMsg": "OK", "result": result, "retExtInfo": extra, "time": now_ns // 1_000_000}


def refused(now_ns: int, refusal: codes.Refusal) -> Json:
    return {
        "retCode": refusal.code,
        "retMsg": refusal.message,
        "result": {},
        "retExtInfo": {},
        "time": now_ns // 1_000_000,
    }

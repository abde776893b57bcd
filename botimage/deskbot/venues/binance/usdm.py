"""Binance USD-M behind `adapter.Adapter`: its own requests, and the private stream that hangs on a key."""

import asyncio
from collections.abc import Coroutine, Sequence
from functools import partial
from typing import Any, Final

import structlog

from deskbot.core import orders
from deskbot.core.events import Fill, Funding, OrderReport, VenuePosition
from deskbot.venues.adapter import BOOK_DEPTH, CancelAllRequest, CancelRequest, Facts, ListFailed, Now, Row
from deskbot.venues.binance import account, lists, rows
from deskbot.venues.binance.common import (
    BOOK_ASKED,
    CONFIRM_DEPTH,
    DAY_MS,
    FORBIDDEN_IN_ENDPOINT,
    HISTORY_MS,
    BinanceAdapter,
    cancelled,
    named,
    of,
)
from deskbot.venues.errors import ccxt_errors, describe
from deskbot.venues.listening import subscribed
from deskbot.venues.table.model import SWAP

_SPAN_MS: Final = 7 * DAY_MS
_KEY_SECONDS: Final = 1200.0  # a key of the private stream lives for an hour
_KEY_AGAIN_SECONDS: Final = 30.0

log = structlog.get_logger(__name__)


class UsdmAdapter(BinanceAdapter):
    """See `adapter.Adapter`."""

    def __init__(self, market_type: str, now: Now) -> None:
        super().__init__(market_type, now)
        self.facts = Facts(
            exchange="binanceusdm",
            market_type=SWAP,
            book_asked=BOOK_ASKED,
            book_depth=BOOK_DEPTH,
            confirm_depth=CONFIRM_DEPTH,
            subscriptions=1,
            fill_history_ms=HISTORY_MS,
            forbidden_in_endpoint=FORBIDDEN_IN_ENDPOINT,
            options={
                "defaultType": "swap",
                "defaultSubType": "linear",
                "fetchMarkets": {"types": ["linear"]},
                "watchTrades": {"name": "aggTrade"},  # the only tape of futures that is documented
                "watchPositions": {"fetchPositionsSnapshot": False},
            },
        )

    def exchange(self, config: Row) -> Any:
        """See `Adapter.exchange`."""
        from deskbot.venues.binance.exchange import BinanceUsdm  # noqa: PLC0415  # importing ccxt costs half a second

        return BinanceUsdm(config)

    def use_test_network(self, exchange: Any) -> None:
        """See `Adapter.use_test_network`: what was the futures test network is demo trading now."""
        exchange.enable_demo_trading(True)

    async def check_account(self, exchange: Any) -> str:
        """See `Adapter.check_account`."""
        await account.check_key(exchange, SWAP)
        return await account.check_usdm(exchange)

    async def account_id(self, exchange: Any) -> str:
        """See `Adapter.account_id`."""
        return await account.usdm_id(exchange)

    async def check_market(self, exchange: Any, market: str, symbol: str) -> None:
        """See `Adapter.check_market`: the position mode is the account's, leverage and margin may be as they are."""
        await account.note_market(exchange, market, symbol)

    async def fee_rates(self, exchange: Any, symbol: str) -> tuple[str, str]:
        """See `Adapter.fee_rates`."""
        return await account.usdm_rates(exchange, symbol)

    async def cancel(self, exchange: Any, symbol: str, client_id: str) -> bool:
        """See `Adapter.cancel`."""
        return named(await exchange.fapiPrivateDeleteOrder({"symbol": symbol, "origClientOrderId": client_id}))

    def foreign_cancels(self, exchange: Any, symbol: str, venue_id: str, *, trigger: bool) -> Sequence[CancelRequest]:
        """See `Adapter.foreign_cancels`: conditional orders have ids and a path of their own."""
        if trigger:
            return [partial(cancelled, exchange.fapiPrivateDeleteAlgoOrder, {"algoId": venue_id})]
        return [partial(cancelled, exchange.fapiPrivateDeleteOrder, {"symbol": symbol, "orderId": venue_id})]

    def cancel_alls(self, exchange: Any, symbol: str) -> Sequence[CancelAllRequest]:
        """See `Adapter.cancel_alls`: orders, then conditional orders; the answers count nothing."""
        requests = (exchange.fapiPrivateDeleteAllOpenOrders, exchange.fapiPrivateDeleteAlgoOpenOrders)
        return [partial(_cancel_all, request, {"symbol": symbol}) for request in requests]

    async def open_orders(self, exchange: Any, symbol: str = "") -> list[OrderReport]:
        """See `Adapter.open_orders`."""
        requests = (exchange.fapiPrivateGetOpenOrders, exchange.fapiPrivateGetOpenAlgoOrders)
        plain, algo = await asyncio.gather(*(request(of(symbol)) for request in requests))
        waiting = [rows.algo_report(row, self._markets.by_venue_symbol, self._now()) for row in lists.rows_of(algo)]
        return self._reported(lists.rows_of(plain)) + [one for one in waiting if one.state < orders.FILLED]

    async def order(self, exchange: Any, symbol: str, client_id: str) -> OrderReport | None:
        """See `Adapter.order`."""
        return await self._order(exchange.fapiPrivateGetOrder, symbol, client_id)

    async def positions(self, exchange: Any) -> list[VenuePosition]:
        """See `Adapter.positions`."""
        found = lists.rows_of(await exchange.fapiPrivateV3GetPositionRisk())
        read = [rows.position(row, self._markets.by_venue_symbol) for row in found]
        return [one for one in read if one is not None]

    async def balances(self, exchange: Any, settle: str) -> tuple[dict[str, tuple[int, int]], int | None]:
        """See `Adapter.balances`."""
        answer = lists.row_of(await exchange.fapiPrivateV3GetAccount(), "assets")
        return rows.futures_balances(answer), rows.equity(answer, settle)

    async def fills(self, exchange: Any, symbol: str, since_ms: int) -> tuple[list[Fill], list[Funding]]:
        """See `Adapter.fills`."""
        requests = (exchange.fapiPrivateGetUserTrades, exchange.fapiPrivateGetAllOrders, exchange.fapiPrivateGetOrder)
        fills, fundings = await asyncio.gather(
            self._trades(requests, symbol, since_ms, _SPAN_MS), self._fundings(exchange, symbol, since_ms)
        )
        return fills, fundings

    async def _fundings(self, exchange: Any, symbol: str, since_ms: int) -> list[Funding]:
        instrument = self._markets.by_venue_symbol(symbol)
        query = {"symbol": symbol, "incomeType": "FUNDING_FEE"}
        now_ms = self._now_ms()
        start = max(since_ms, now_ms - HISTORY_MS)
        request = exchange.fapiPrivateGetIncome
        found = await lists.since(request, query, _SPAN_MS, start, now_ms, "tranId", by_id=False)
        return [] if instrument is None else [rows.funding(row, instrument, self._now()) for row in found]

    def private_work(self, exchange: Any) -> Sequence[Coroutine[Any, Any, None]]:
        """See `Adapter.private_work`."""
        exchange.forget_listen_key()
        return [subscribed(exchange.watch_orders), _keep_key(exchange)]


async def _keep_key(exchange: Any) -> None:
    """Renew the key of the private stream. Raises what a refusal raises: without a key the stream is silent."""
    pause = _KEY_SECONDS
    while True:
        await asyncio.sleep(pause)
        try:
            await exchange.fapiPrivatePutListenKey()
        except ccxt_errors.NetworkError as error:
            log.warning("the key of the private stream was not renewed", reason=describe(error))
            pause = _KEY_AGAIN_SECONDS
        else:
            pause = _KEY_SECONDS


async def _cancel_all(request: lists.Request, query: Row) -> tuple[int, bool]:
    """USD-M answers {"code": 200, "msg": "The operation of cancel all open order is done."}."""
    if str(lists.row_of(await request(query), "code")["code"]) != "200":
        raise ListFailed("the venue does not say that it cancels")
    return 0, False

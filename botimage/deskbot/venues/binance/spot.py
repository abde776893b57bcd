"""Binance spot behind `adapter.Adapter`: its own requests, and the subscription of its WebSocket API."""

from collections.abc import Coroutine, Sequence
from functools import partial
from typing import Any

from deskbot.core.events import Fill, Funding, OrderReport, VenuePosition
from deskbot.venues.adapter import BOOK_DEPTH, CancelAllRequest, CancelRequest, Facts, Now, Row
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
from deskbot.venues.listening import subscribed
from deskbot.venues.table.model import SPOT


class SpotAdapter(BinanceAdapter):
    """See `adapter.Adapter`."""

    def __init__(self, market_type: str, now: Now) -> None:
        super().__init__(market_type, now)
        self.facts = Facts(
            exchange="binance",
            market_type=SPOT,
            book_asked=BOOK_ASKED,
            book_depth=BOOK_DEPTH,
            confirm_depth=CONFIRM_DEPTH,
            subscriptions=1,
            fill_history_ms=HISTORY_MS,
            forbidden_in_endpoint=FORBIDDEN_IN_ENDPOINT,
            options={
                "defaultType": "spot",
                "fetchMarkets": {"types": ["spot"]},
                "watchTrades": {"name": "aggTrade"},
                "newOrderRespType": {"market": "ACK", "limit": "ACK"},  # what follows comes by the stream
            },
        )

    def exchange(self, config: Row) -> Any:
        """See `Adapter.exchange`."""
        from deskbot.venues.binance.exchange import BinanceSpot  # noqa: PLC0415  # importing ccxt costs half a second

        return BinanceSpot(config)

    def use_test_network(self, exchange: Any) -> None:
        """See `Adapter.use_test_network`."""
        exchange.set_sandbox_mode(True)

    async def check_account(self, exchange: Any) -> str:
        """See `Adapter.check_account`."""
        await account.check_key(exchange, SPOT)
        return await account.check_spot(exchange)

    async def account_id(self, exchange: Any) -> str:
        """See `Adapter.account_id`."""
        return await account.spot_id(exchange)

    async def check_market(self, exchange: Any, market: str, symbol: str) -> None:
        """See `Adapter.check_market`: spot has no settings."""

    async def fee_rates(self, exchange: Any, symbol: str) -> tuple[str, str]:
        """See `Adapter.fee_rates`."""
        return await account.spot_rates(exchange, symbol)

    async def cancel(self, exchange: Any, symbol: str, client_id: str) -> bool:
        """See `Adapter.cancel`."""
        return named(await exchange.privateDeleteOrder({"symbol": symbol, "origClientOrderId": client_id}))

    def foreign_cancels(
        self,
        exchange: Any,
        symbol: str,
        venue_id: str,
        *,
        trigger: bool,  # noqa: ARG002  # made no difference of
    ) -> Sequence[CancelRequest]:
        """See `Adapter.foreign_cancels`: a trigger order is an order like any other."""
        return [partial(cancelled, exchange.privateDeleteOrder, {"symbol": symbol, "orderId": venue_id})]

    def cancel_alls(self, exchange: Any, symbol: str) -> Sequence[CancelAllRequest]:
        """See `Adapter.cancel_alls`: one request takes trigger orders and order lists too."""

        async def cancel() -> tuple[int, bool]:
            return len(lists.rows_of(await exchange.privateDeleteOpenOrders({"symbol": symbol}))), False

        return [cancel]

    async def open_orders(self, exchange: Any, symbol: str = "") -> list[OrderReport]:
        """See `Adapter.open_orders`."""
        return self._reported(lists.rows_of(await exchange.privateGetOpenOrders(of(symbol))))

    async def order(self, exchange: Any, symbol: str, client_id: str) -> OrderReport | None:
        """See `Adapter.order`."""
        return await self._order(exchange.privateGetOrder, symbol, client_id)

    async def positions(self, _exchange: Any) -> list[VenuePosition]:
        """See `Adapter.positions`."""
        return []

    async def balances(self, exchange: Any, _settle: str) -> tuple[dict[str, tuple[int, int]], int | None]:
        """See `Adapter.balances`."""
        answer = await exchange.privateGetAccount({"omitZeroBalances": "true"})
        return rows.spot_balances(lists.row_of(answer, "balances")), None

    async def fills(self, exchange: Any, symbol: str, since_ms: int) -> tuple[list[Fill], list[Funding]]:
        """See `Adapter.fills`."""
        requests = (exchange.privateGetMyTrades, exchange.privateGetAllOrders, exchange.privateGetOrder)
        return await self._trades(requests, symbol, since_ms, DAY_MS), []

    def private_work(self, exchange: Any) -> Sequence[Coroutine[Any, Any, None]]:
        """See `Adapter.private_work`."""
        return [subscribed(exchange.watch_orders)]

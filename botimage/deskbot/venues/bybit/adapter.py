"""Bybit's parts joined into `Adapter`."""

from collections.abc import Coroutine, Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, Final

from deskbot.core.events import Event, Fill, Funding, OrderReport, VenuePosition
from deskbot.venues.adapter import BOOK_DEPTH, CancelAllRequest, CancelRequest, Facts, Now, Print, Row
from deskbot.venues.bybit import account, cancels, lists, rows
from deskbot.venues.bybit.dialect import BYBIT
from deskbot.venues.bybit.protection import Protection
from deskbot.venues.listening import subscribed
from deskbot.venues.markets import Markets
from deskbot.venues.table import TABLE
from deskbot.venues.table.model import SPOT, SWAP

_PROTECTION: Final = {
    kind: row.dead_man for (name, kind), row in TABLE.items() if name == "bybit" and row.dead_man is not None
}


class BybitAdapter:
    """See `adapter.Adapter`."""

    def __init__(self, market_type: str, now: Now) -> None:
        self._market_type = market_type
        self._category = BYBIT.categories[market_type]
        self._now = now
        self._markets = Markets({}, market_type)
        self._protection = Protection(_PROTECTION[market_type])
        self._facts = Facts(
            exchange="bybit",
            market_type=market_type,
            book_asked=50,
            book_depth=BOOK_DEPTH,
            confirm_depth=1,
            subscriptions=2,
            fill_history_ms=BYBIT.fill_history_ms,
            # ccxt tells spot from contracts, and how to sign, by looking for these in the whole address
            forbidden_in_endpoint=("spot", "openapi", "unified/v3", "contract/v3"),
            options={
                "defaultType": "spot" if market_type == SPOT else "swap",
                # one list instead of twelve requests; asset/coin/query-info is private and not needed
                "fetchMarkets": {"types": [self._category]},
            },
        )

    @property
    def facts(self) -> Facts:
        """See `Adapter`."""
        return replace(self._facts, subscriptions=3) if self._protection.topic else self._facts

    def serve(self, markets: Markets) -> None:
        """See `Adapter.serve`."""
        self._markets = markets

    def exchange(self, config: Row) -> Any:
        """See `Adapter.exchange`."""
        from deskbot.venues.bybit.exchange import Bybit  # noqa: PLC0415  # importing ccxt costs half a second

        return Bybit(config)

    def use_test_network(self, exchange: Any) -> None:
        """See `Adapter.use_test_network`."""
        exchange.set_sandbox_mode(True)

    async def warm(self, exchange: Any) -> None:
        """See `Adapter.warm`."""
        await exchange.is_unified_enabled()

    async def check_account(self, exchange: Any) -> str:
        """See `Adapter.check_account`."""
        account_id = await account.check_key(exchange, self._market_type)
        await self._protection.ask(exchange)
        return account_id

    async def account_id(self, exchange: Any) -> str:
        """See `Adapter.account_id`."""
        return await account.account_id(exchange)

    async def check_market(self, exchange: Any, market: str, symbol: str) -> None:
        """See `Adapter.check_market`."""
        if self._market_type == SWAP:
            await account.check_position_mode(exchange, market, symbol)

    async def fee_rates(self, exchange: Any, symbol: str) -> tuple[str, str]:
        """See `Adapter.fee_rates`."""
        return await account.fee_rates(exchange, self._market_type, symbol)

    async def cancel(self, exchange: Any, symbol: str, client_id: str) -> bool:
        """See `Adapter.cancel`."""
        query = {"symbol": symbol, "orderLinkId": client_id}
        return await cancels.cancel(exchange, self._category, query, BYBIT.order_filter)

    def foreign_cancels(self, exchange: Any, symbol: str, venue_id: str, *, trigger: bool) -> Sequence[CancelRequest]:
        """See `Adapter.foreign_cancels`. A conditional order is looked for under every filter it may have."""
        filters = BYBIT.trigger_filters[self._market_type] if trigger else (BYBIT.order_filter,)
        query = {"symbol": symbol, "orderId": venue_id}
        return [partial(cancels.cancel, exchange, self._category, query, name) for name in filters]

    def cancel_alls(self, exchange: Any, symbol: str) -> Sequence[CancelAllRequest]:
        """See `Adapter.cancel_alls`: one request for each order filter."""
        filters = BYBIT.cancel_filters[self._market_type]
        return [partial(cancels.cancel_all, exchange, self._category, symbol, name) for name in filters]

    async def open_orders(self, exchange: Any, symbol: str = "") -> list[OrderReport]:
        """See `Adapter.open_orders`."""
        return await lists.open_orders(exchange, self._market_type, self._markets, self._now, symbol)

    async def order(self, exchange: Any, symbol: str, client_id: str) -> OrderReport | None:
        """See `Adapter.order`."""
        return await lists.order_by_client_id(exchange, self._market_type, symbol, client_id, self._markets, self._now)

    async def positions(self, exchange: Any) -> list[VenuePosition]:
        """See `Adapter.positions`."""
        return await lists.positions(exchange, self._market_type, self._markets)

    async def balances(self, exchange: Any, settle: str) -> tuple[dict[str, tuple[int, int]], int | None]:
        """See `Adapter.balances`."""
        row = await lists.wallet(exchange)
        return rows.balances(row), None if self._market_type == SPOT else rows.equity(row, settle)

    async def fills(self, exchange: Any, symbol: str, since_ms: int) -> tuple[list[Fill], list[Funding]]:
        """See `Adapter.fills`."""
        return await lists.fills(exchange, self._market_type, symbol, since_ms, self._markets, self._now)

    def tape(self, row: Row) -> Print:
        """See `Adapter.tape`."""
        return rows.tape(row)

    def private_events(self, found: list[Row]) -> Iterator[Event]:
        """See `Adapter.private_events`. Both topics carry spot and contracts alike, under the same symbols."""
        for row in found:
            if row["category"] != self._category:
                continue
            if "execId" in row:
                yield from self._executed(row)
            else:
                yield rows.order_report(row, self._markets.by_venue_symbol, self._now())

    def _executed(self, row: Row) -> Iterator[Event]:
        instrument = self._markets.by_venue_symbol(row["symbol"])
        if instrument is not None and lists.is_fill(row):
            yield rows.fill(row, instrument, self._now())
        elif instrument is not None and lists.is_funding(row):
            yield rows.funding(row, instrument, self._now())

    def private_work(self, exchange: Any) -> Sequence[Coroutine[Any, Any, None]]:
        """See `Adapter.private_work`."""
        topic = self._protection.topic
        third = subscribed(exchange.watch_protection, topic) if topic else self._protection.ask_again(exchange)
        return [subscribed(exchange.watch_orders), subscribed(exchange.watch_my_trades), third]

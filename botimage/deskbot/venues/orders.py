"""Sending and cancelling through ccxt, and what the venue's answers prove.

A request is sent once: ccxt's own retries stay off (one `create_order` and two connection resets made three live
orders, measured), and nothing here sends again. An answer without an order id proves nothing, whatever its status.
"""

import asyncio
from typing import Any

from deskbot.core.commands import Cancel, CancelAll, CancelForeign, Place
from deskbot.core.events import (
    ACCEPTED,
    NOT_FOUND,
    REJECTED,
    UNKNOWN,
    CancelAllResult,
    CancelResult,
    PlaceResult,
)
from deskbot.core.instrument import Instrument, side_name
from deskbot.venues.bybit_lists import result_of, rows_of
from deskbot.venues.dialects import Dialect
from deskbot.venues.errors import cancel_outcome, place_outcome
from deskbot.venues.markets import Markets
from deskbot.venues.protocol import Now

_NO_ID = "the venue's answer has no order id"


class Orders:
    """The order requests of one account."""

    def __init__(self, dialect: Dialect, market_type: str, markets: Markets, now: Now) -> None:
        self._dialect = dialect
        self._category = dialect.categories[market_type]
        self._market_type = market_type
        self._markets = markets
        self._now = now

    async def place(self, exchange: Any, command: Place, instrument: Instrument) -> PlaceResult:
        """Create one order by its client id."""
        market = command.price_ticks == 0
        try:
            order = await exchange.create_order(
                command.market,
                "market" if market else "limit",
                side_name(command.side),
                format(instrument.amount(command.lots), "f"),
                # never a price on a market order: some venues then take it for an amount of quote to spend
                None if market else format(instrument.price(command.price_ticks), "f"),
                _place_params(command),
            )
        except Exception as error:  # every exception has an outcome
            outcome, reason = place_outcome(error)
            return PlaceResult(self._now(), command.client_id, outcome, reason=reason)
        venue_id = order.get("id")
        if not venue_id:
            return PlaceResult(self._now(), command.client_id, UNKNOWN, reason=_NO_ID)
        return PlaceResult(self._now(), command.client_id, ACCEPTED, str(venue_id))

    async def cancel(self, exchange: Any, command: Cancel) -> CancelResult:
        """Cancel by client id, which is known even where the venue's id never came."""
        query = {"orderLinkId": command.client_id}
        outcome, reason = await self._cancel(exchange, command.market, query, self._dialect.order_filter)
        return CancelResult(self._now(), command.client_id, outcome, reason)

    async def cancel_foreign(self, exchange: Any, command: CancelForeign) -> CancelResult:
        """Cancel by the venue's id; a conditional order is looked for under every filter it may have."""
        filters = self._dialect.trigger_filters[self._market_type] if command.trigger else (self._dialect.order_filter,)
        outcome, reason = NOT_FOUND, ""
        for name in filters:
            outcome, reason = await self._cancel(exchange, command.market, {"orderId": command.venue_id}, name)
            if outcome != NOT_FOUND:
                break
        return CancelResult(self._now(), command.venue_id, outcome, reason)

    async def _cancel(self, exchange: Any, market: str, query: dict[str, str], name: str) -> tuple[str, str]:
        request = {"category": self._category, "symbol": self._markets.venue_symbol(market), **query}
        if self._category == "spot":
            request["orderFilter"] = name
        try:
            result = result_of(await exchange.privatePostV5OrderCancel(request))
        except Exception as error:  # every exception has an outcome
            return cancel_outcome(error)
        return (ACCEPTED, "") if result.get("orderId") else (UNKNOWN, _NO_ID)

    async def cancel_all(self, exchange: Any, command: CancelAll) -> CancelAllResult:
        """Cancel under every order filter of every market at once; the worst outcome is the outcome."""
        filters = self._dialect.cancel_filters[self._market_type]
        parts = await asyncio.gather(
            *(self._cancel_filter(exchange, market, name) for market in command.markets for name in filters)
        )
        cancelled = sum(count for count, _, _ in parts)
        for worst in (UNKNOWN, REJECTED):
            for _, outcome, reason in parts:
                if outcome == worst:
                    return CancelAllResult(self._now(), command.request, worst, cancelled, reason)
        return CancelAllResult(self._now(), command.request, ACCEPTED, cancelled)

    async def _cancel_filter(self, exchange: Any, market: str, name: str) -> tuple[int, str, str]:
        request = {"category": self._category, "symbol": self._markets.venue_symbol(market)}
        if name:
            request["orderFilter"] = name
        cancelled = 0
        while True:
            try:
                batch = _cancelled(await exchange.privatePostV5OrderCancelAll(request))
            except Exception as error:  # every exception has an outcome
                outcome, reason = cancel_outcome(error)
                return cancelled, ACCEPTED if outcome == NOT_FOUND else outcome, reason
            cancelled += len(batch)
            if len(batch) < self._dialect.cancel_batch:
                return cancelled, ACCEPTED, ""


def _cancelled(answer: Any) -> list[Any]:
    """The orders an answer to cancel-all names; spot may say `success` alone. Raises ListFailed for neither."""
    return [] if "list" not in result_of(answer) and result_of(answer).get("success") == "1" else rows_of(answer)


def _place_params(command: Place) -> dict[str, Any]:
    params: dict[str, Any] = {"clientOrderId": command.client_id}
    if command.post_only:
        params["postOnly"] = True
    if command.reduce_only:
        params["reduceOnly"] = True
    return params

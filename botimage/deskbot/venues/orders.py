"""Sending and cancelling through ccxt, and what the venue's answers prove.

A request is sent once: ccxt's own retries stay off (one `create_order` and two connection resets made three live
orders, measured), and nothing here sends again. An answer without an order id proves nothing, whatever its status.
"""

import asyncio
from collections.abc import Callable
from functools import partial
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
from deskbot.venues.adapter import Adapter, CancelAllRequest, CancelRequest
from deskbot.venues.errors import cancel_outcome, place_outcome, says_closed
from deskbot.venues.markets import Markets
from deskbot.venues.protocol import Now

_NO_ID = "the venue's answer has no order id"


def _nobody_hears(_market: str, _reason: str) -> None:
    """Where nothing is done about it."""


class Orders:
    """The order requests of one account. `told_closed` hears of a market on which an order was refused as closed."""

    def __init__(
        self, adapter: Adapter, markets: Markets, now: Now, told_closed: Callable[[str, str], None] = _nobody_hears
    ) -> None:
        self._adapter = adapter
        self._markets = markets
        self._now = now
        self._told_closed = told_closed

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
                _place_params(command, instrument),
            )
        except Exception as error:  # every exception has an outcome
            outcome, reason = place_outcome(error)
            # Binance's spot says the same of a market order that finds nobody
            if not market and says_closed(error):
                self._told_closed(command.market, reason)
            return PlaceResult(self._now(), command.client_id, outcome, reason=reason)
        venue_id = order.get("id")
        if not venue_id:
            return PlaceResult(self._now(), command.client_id, UNKNOWN, reason=_NO_ID)
        return PlaceResult(self._now(), command.client_id, ACCEPTED, str(venue_id))

    async def cancel(self, exchange: Any, command: Cancel) -> CancelResult:
        """Cancel by client id, which is known even where the venue's id never came."""
        symbol = self._markets.venue_symbol(command.market)
        outcome, reason = await _cancelled(partial(self._adapter.cancel, exchange, symbol, command.client_id))
        return CancelResult(self._now(), command.client_id, outcome, reason)

    async def cancel_foreign(self, exchange: Any, command: CancelForeign) -> CancelResult:
        """Cancel by the venue's id, wherever the venue may keep it."""
        symbol = self._markets.venue_symbol(command.market)
        outcome, reason = NOT_FOUND, ""
        for request in self._adapter.foreign_cancels(exchange, symbol, command.venue_id, trigger=command.trigger):
            outcome, reason = await _cancelled(request)
            if outcome != NOT_FOUND:
                break
        return CancelResult(self._now(), command.venue_id, outcome, reason)

    async def cancel_all(self, exchange: Any, command: CancelAll) -> CancelAllResult:
        """Make every request for every market at once; the worst outcome is the outcome."""
        symbols = [self._markets.venue_symbol(market) for market in command.markets]
        requests = [one for symbol in symbols for one in self._adapter.cancel_alls(exchange, symbol)]
        parts = await asyncio.gather(*(_all_cancelled(request) for request in requests))
        cancelled = sum(count for count, _, _ in parts)
        for worst in (UNKNOWN, REJECTED):
            for _, outcome, reason in parts:
                if outcome == worst:
                    return CancelAllResult(self._now(), command.request, worst, cancelled, reason)
        return CancelAllResult(self._now(), command.request, ACCEPTED, cancelled)


async def _cancelled(request: CancelRequest) -> tuple[str, str]:
    try:
        named = await request()
    except Exception as error:  # every exception has an outcome
        return cancel_outcome(error)
    return (ACCEPTED, "") if named else (UNKNOWN, _NO_ID)


async def _all_cancelled(request: CancelAllRequest) -> tuple[int, str, str]:
    cancelled, more = 0, True
    while more:
        try:
            batch, more = await request()
        except Exception as error:  # every exception has an outcome
            outcome, reason = cancel_outcome(error)
            return cancelled, ACCEPTED if outcome == NOT_FOUND else outcome, reason
        cancelled += batch
    return cancelled, ACCEPTED, ""


def _place_params(command: Place, instrument: Instrument) -> dict[str, Any]:
    params: dict[str, Any] = {"clientOrderId": command.client_id}
    if command.post_only:
        params["postOnly"] = True
    if command.reduce_only and instrument.linear:  # spot has no position to reduce; Binance refuses the word
        params["reduceOnly"] = True
    return params

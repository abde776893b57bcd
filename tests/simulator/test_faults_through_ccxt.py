"""What unmodified ccxt makes of each fault of order entry, and what is true at the venue meanwhile.

The classes are those that `venues.errors` must tell apart: most of them say nothing about whether the order is live.
"""

from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any

import ccxt
import ccxt.async_support
import pytest

from deskbot.simulator.server import Simulator
from tests.simulator.client import Client
from tests.simulator.independent import redirect

pytestmark = pytest.mark.component
SYMBOL = "BTC/USDT:USDT"
CREATE = "/v5/order/create"
LIVE, NOT_LIVE = True, False


@pytest.fixture
async def exchange(simulator: Simulator) -> AsyncIterator[Any]:
    connected = ccxt.async_support.bybit(
        {"apiKey": "key", "secret": "secret", "timeout": 700, "options": {"fetchMarkets": {"types": ["linear"]}}}
    )
    redirect(connected.urls["api"], simulator.base_url)
    connected.has["fetchCurrencies"] = False
    await connected.load_markets()
    yield connected
    await connected.close()


async def place(exchange: Any, link: str) -> Any:
    return await exchange.create_order(SYMBOL, "limit", "buy", 0.01, 59_000, {"clientOrderId": link})


async def is_live(exchange: Any, link: str) -> bool:
    return bool(await exchange.fetch_open_orders(SYMBOL, params={"orderLinkId": link}))


@pytest.mark.parametrize(
    ("fault", "error", "live"),
    [
        ({"action": "drop"}, ccxt.ExchangeNotAvailable, NOT_LIVE),
        ({"action": "drop", "hangMs": 900}, ccxt.RequestTimeout, NOT_LIVE),
        ({"action": "acceptThenDrop"}, ccxt.ExchangeNotAvailable, LIVE),
        ({"action": "acceptThenDrop", "hangMs": 900}, ccxt.RequestTimeout, LIVE),
        ({"action": "delayReply", "delayMs": 900}, ccxt.RequestTimeout, LIVE),
        ({"action": "acceptThenCode", "code": 10016}, ccxt.ExchangeError, LIVE),
        ({"action": "acceptThenCode", "code": 10000}, ccxt.ExchangeError, LIVE),
        ({"action": "acceptThenCode", "code": 170007}, ccxt.RequestTimeout, LIVE),
        ({"action": "acceptThenCode", "code": 110072}, ccxt.InvalidOrder, LIVE),
        ({"action": "acceptThenCode", "status": 503}, ccxt.ExchangeNotAvailable, LIVE),
        ({"action": "garbage", "status": 502}, ccxt.ExchangeNotAvailable, LIVE),
        ({"action": "refuse", "code": 10016}, ccxt.ExchangeError, NOT_LIVE),
        ({"action": "rateLimit"}, ccxt.RateLimitExceeded, NOT_LIVE),
        ({"action": "rateLimit", "status": 200}, ccxt.RateLimitExceeded, NOT_LIVE),
        ({"action": "ban", "count": 1}, ccxt.RateLimitExceeded, NOT_LIVE),
        ({"action": "maintenance", "count": 1}, ccxt.ExchangeError, NOT_LIVE),
    ],
    ids=lambda value: "-".join(map(str, value.values())) if isinstance(value, dict) else "",
)
async def test_an_error_of_order_entry_and_whether_the_order_lives(
    simulator: Simulator, exchange: Any, fault: dict[str, Any], error: type[Exception], live: bool
) -> None:
    simulator.faults.add({"endpoint": CREATE} | fault)
    with pytest.raises(error):
        await place(exchange, "one")
    assert await is_live(exchange, "one") is live
    assert simulator.faults.view()["injectionsByAction"] == {fault["action"]: 1}


@pytest.mark.parametrize("body", ["<html></html>", ""])
async def test_garbage_raises_nothing_and_gives_an_order_without_an_id(
    simulator: Simulator, exchange: Any, body: str
) -> None:
    simulator.faults.add({"action": "garbage", "endpoint": CREATE, "body": body})
    answered = None
    with suppress(ccxt.BaseError):
        answered = await place(exchange, "hidden")
    assert answered is None or answered["id"] is None
    assert await is_live(exchange, "hidden")


async def test_a_stale_read_hides_a_live_order_from_a_query_by_its_name(simulator: Simulator, exchange: Any) -> None:
    await place(exchange, "young")
    simulator.faults.add({"action": "staleRead", "endpoint": "/v5/order/realtime", "ageMs": 5000, "count": 1})
    assert not await is_live(exchange, "young")
    assert await is_live(exchange, "young")


async def test_a_cancel_whose_answer_is_lost_has_cancelled(simulator: Simulator, exchange: Any, client: Client) -> None:
    placed = await place(exchange, "short-lived")
    await client.hook("/faults", {"action": "acceptThenDrop", "endpoint": "/v5/order/cancel", "hangMs": 900})
    with pytest.raises(ccxt.RequestTimeout):
        await exchange.cancel_order(placed["id"], SYMBOL)
    assert await exchange.fetch_open_orders(SYMBOL) == []
    with pytest.raises(ccxt.OrderNotFound):
        await exchange.cancel_order(placed["id"], SYMBOL)


async def test_funding_and_forced_executions_are_found_by_their_types(simulator: Simulator, exchange: Any) -> None:
    await exchange.create_order(SYMBOL, "market", "buy", 0.1)
    simulator.faults.add({"action": "funding", "market": SYMBOL, "rate": "0.0001"})
    simulator.faults.add({"action": "adl", "market": SYMBOL, "quantity": "0.04"})
    simulator.venue.step()
    (paid,) = await exchange.fetch_funding_history(SYMBOL)
    assert paid["amount"] != 0
    assert len(await exchange.fetch_my_trades(SYMBOL)) == 1
    (forced,) = await exchange.fetch_my_trades(SYMBOL, params={"execType": "AdlTrade"})
    assert (forced["side"], forced["amount"]) == ("sell", 0.04)
    assert (await exchange.fetch_positions([SYMBOL]))[0]["contracts"] == 0.06

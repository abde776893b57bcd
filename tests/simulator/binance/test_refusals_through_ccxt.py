"""What ccxt makes of the venue's refusals.

ccxt knows some futures codes only by the venue's real address: here those are plain ExchangeErrors, with the code.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import ccxt.async_support as ccxt
import pytest

from deskbot.simulator.server import Simulator
from deskbot.venues.ccxt_import import load_exchange
from tests.simulator.independent import redirect

pytestmark = pytest.mark.component

SPOT, LINEAR = "BTC/USDT", "BTC/USDT:USDT"
BOTH = pytest.mark.parametrize("symbol", [SPOT, LINEAR])
Connect = Callable[..., Awaitable[Any]]


@pytest.fixture
async def connect(simulator: Simulator) -> AsyncIterator[Connect]:
    """Makes ccxt instances pointed at the simulator."""
    made = []

    async def make(symbol: str, key: str = "key", secret: str = "secret") -> Any:
        venue = load_exchange("binance" if symbol == SPOT else "binanceusdm")  # there whoever imported ccxt first
        exchange = venue({"apiKey": key, "secret": secret, "enableRateLimit": False})
        redirect(exchange.urls["api"], simulator.base_url)
        made.append(exchange)
        await exchange.load_markets()
        return exchange

    yield make
    for exchange in made:
        await exchange.close()


def _code(simulator: Simulator, method: str, path: str) -> int | None:
    """Of the last such request: proof that the venue refused, not ccxt."""
    return simulator.log.find({"path": f"*{path}", "method": method})[-1].code


@pytest.mark.parametrize(("symbol", "code"), [(SPOT, -2010), (LINEAR, -2019)])
async def test_a_poor_account_has_insufficient_funds(
    simulator: Simulator, connect: Connect, symbol: str, code: int
) -> None:
    exchange = await connect(symbol, "poor")
    with pytest.raises(ccxt.InsufficientFunds if symbol == SPOT else ccxt.ExchangeError):
        await exchange.create_order(symbol, "limit", "buy", 0.1, 59000)
    assert _code(simulator, "POST", "/order") == code


@BOTH
async def test_a_wrong_secret_and_a_wrong_clock(simulator: Simulator, connect: Connect, symbol: str) -> None:
    exchange = await connect(symbol)
    exchange.secret = "not the secret"
    with pytest.raises(ccxt.AuthenticationError):
        await exchange.fetch_open_orders(symbol)
    assert _code(simulator, "GET", "/openOrders") == -1022
    exchange.secret = "secret"
    exchange.nonce = lambda: exchange.milliseconds() + 2_000
    with pytest.raises(ccxt.InvalidNonce):
        await exchange.fetch_open_orders(symbol)
    assert _code(simulator, "GET", "/openOrders") == -1021


@BOTH
async def test_a_key_that_only_reads_may_not_order(simulator: Simulator, connect: Connect, symbol: str) -> None:
    exchange = await connect(symbol, "reader")
    with pytest.raises(ccxt.AuthenticationError):
        await exchange.create_order(symbol, "limit", "buy", 0.01, 59000)
    assert _code(simulator, "POST", "/order") == -2015


@BOTH
async def test_an_order_that_is_not_there_is_not_found(simulator: Simulator, connect: Connect, symbol: str) -> None:
    exchange = await connect(symbol)
    with pytest.raises(ccxt.OrderNotFound):
        await exchange.cancel_order("1", symbol)
    with pytest.raises(ccxt.OrderNotFound):
        await exchange.fetch_order("1", symbol)
    assert (_code(simulator, "DELETE", "/order"), _code(simulator, "GET", "/order")) == (-2011, -2013)


async def test_spot_filters_duplicates_and_post_only_are_told_apart(simulator: Simulator, connect: Connect) -> None:
    exchange = await connect(SPOT)
    with pytest.raises(ccxt.BadRequest, match="NOTIONAL"):
        await exchange.create_order(SPOT, "limit", "buy", 0.00008, 59000)
    with pytest.raises(ccxt.OrderImmediatelyFillable):
        await exchange.create_order(SPOT, "limit", "buy", 0.01, 60500, {"postOnly": True})
    await exchange.create_order(SPOT, "limit", "buy", 0.01, 59000, {"clientOrderId": "twice"})
    with pytest.raises(ccxt.InvalidOrder, match="Duplicate order sent"):
        await exchange.create_order(SPOT, "limit", "buy", 0.01, 59000, {"clientOrderId": "twice"})
    assert len(await exchange.fetch_open_orders(SPOT)) == 1


@pytest.mark.parametrize(
    ("code", "amount", "price", "more"),
    [
        (-4164, 0.001, 59000, {}),
        (-4016, 0.01, 70000, {}),
        (-5022, 0.01, 60500, {"postOnly": True}),
        (-2022, 0.01, 59000, {"reduceOnly": True}),
    ],
)
async def test_futures_refusals_keep_their_codes(
    simulator: Simulator, connect: Connect, code: int, amount: float, price: float, more: dict[str, Any]
) -> None:
    exchange = await connect(LINEAR)
    with pytest.raises(ccxt.ExchangeError, match=str(code)):
        await exchange.create_order(LINEAR, "limit", "buy", amount, price, more)
    assert _code(simulator, "POST", "/order") == code


@BOTH
async def test_one_request_too_many_is_a_ddos_protection(simulator: Simulator, connect: Connect, symbol: str) -> None:
    exchange = await connect(symbol)
    simulator.faults.add({"action": "rateLimit", "endpoint": "*/openOrders", "retryAfterMs": 2000})
    with pytest.raises(ccxt.DDoSProtection):
        await exchange.fetch_open_orders(symbol)
    assert exchange.last_response_headers["Retry-After"] == "2"

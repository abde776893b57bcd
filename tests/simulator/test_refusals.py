"""What the venue refuses, in its own numbers, and what ccxt makes of them.

Each refusal must be found in the simulator's request log: it came from the venue, not from ccxt's own checks.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import ccxt.async_support as ccxt
import pytest

from deskbot.simulator.server import Simulator
from tests.simulator.client import Client

pytestmark = pytest.mark.component

LINEAR, SPOT = "BTC/USDT:USDT", "BTC/USDT"
FAR = {LINEAR: "59000", SPOT: "59000"}


@pytest.fixture
async def connect(simulator: Simulator) -> AsyncIterator[Callable[..., Awaitable[Any]]]:
    """Makes ccxt instances pointed at the simulator."""
    made = []

    async def make(key: str = "key", secret: str = "secret", **options: Any) -> Any:
        exchange = ccxt.bybit({"apiKey": key, "secret": secret, "options": options, "enableRateLimit": False})
        for name in ("public", "private"):
            exchange.urls["api"][name] = f"{simulator.base_url}/api.bybit.com"
        made.append(exchange)
        await exchange.load_markets()
        return exchange

    yield make
    for exchange in made:
        await exchange.close()


def _answered(simulator: Simulator, path: str) -> tuple[int | None, str]:
    """Code and method of the last request on a path, which was the refused one."""
    entry = simulator.log.find({"path": path})[-1]
    return entry.code, entry.method


async def test_a_wrong_signature_is_an_authentication_error(simulator: Simulator, connect: Any) -> None:
    exchange = await connect()
    exchange.secret = "not the secret"
    with pytest.raises(ccxt.AuthenticationError, match="error sign"):
        await exchange.fetch_open_orders(LINEAR)
    assert 10004 in {entry.code for entry in simulator.log.find({"account": "key"})}


async def test_an_unknown_key_is_an_authentication_error(simulator: Simulator, connect: Any) -> None:
    exchange = await connect()
    exchange.apiKey = "stranger"
    with pytest.raises(ccxt.AuthenticationError):
        await exchange.private_get_v5_account_info()
    assert _answered(simulator, "/v5/account/info") == (10003, "GET")


@pytest.mark.parametrize("offset_ms", [-6_000, 2_000])
async def test_a_timestamp_outside_the_window_is_an_invalid_nonce(
    simulator: Simulator, connect: Any, offset_ms: int
) -> None:
    exchange = await connect()
    exchange.nonce = lambda: exchange.milliseconds() + offset_ms
    with pytest.raises(ccxt.InvalidNonce):
        await exchange.private_get_v5_account_info()
    assert _answered(simulator, "/v5/account/info") == (10002, "GET")


@pytest.mark.parametrize(("symbol", "code"), [(LINEAR, 110094), (SPOT, 170140)])
async def test_an_amount_over_the_step_but_under_the_minimum_value_is_an_invalid_order(
    simulator: Simulator, connect: Any, symbol: str, code: int
) -> None:
    exchange = await connect()
    amount = 0.001 if symbol == LINEAR else 0.00005
    with pytest.raises(ccxt.InvalidOrder):
        await exchange.create_order(symbol, "limit", "buy", amount, FAR[symbol])
    assert _answered(simulator, "/v5/order/create") == (code, "POST")


@pytest.mark.parametrize(("symbol", "code"), [(LINEAR, 110007), (SPOT, 170131)])
async def test_a_poor_account_has_insufficient_funds(
    simulator: Simulator, connect: Any, symbol: str, code: int
) -> None:
    exchange = await connect("poor")
    with pytest.raises(ccxt.InsufficientFunds):
        await exchange.create_order(symbol, "limit", "buy", 0.01, FAR[symbol])
    assert _answered(simulator, "/v5/order/create") == (code, "POST")


@pytest.mark.parametrize(("symbol", "code"), [(LINEAR, 110072), (SPOT, 170141)])
async def test_a_link_id_used_twice_is_refused_and_the_first_order_lives(
    simulator: Simulator, connect: Any, symbol: str, code: int
) -> None:
    exchange = await connect()
    first = await exchange.create_order(symbol, "limit", "buy", 0.01, FAR[symbol], {"clientOrderId": "twice"})
    with pytest.raises(ccxt.InvalidOrder):
        await exchange.create_order(symbol, "limit", "buy", 0.01, FAR[symbol], {"clientOrderId": "twice"})
    assert _answered(simulator, "/v5/order/create") == (code, "POST")
    assert [order["id"] for order in await exchange.fetch_open_orders(symbol)] == [first["id"]]


async def test_an_unknown_symbol_by_an_implicit_call_is_a_bad_symbol(simulator: Simulator, connect: Any) -> None:
    exchange = await connect()
    with pytest.raises(ccxt.BadSymbol):
        await exchange.public_get_v5_market_orderbook({"category": "linear", "symbol": "NOSUCH"})
    assert _answered(simulator, "/v5/market/orderbook") == (10001, "GET")
    order = {"symbol": "NOSUCH", "side": "Buy", "orderType": "Limit", "qty": "1", "price": "1"}
    with pytest.raises(ccxt.BadRequest):
        await exchange.private_post_v5_order_create(order | {"category": "linear"})
    assert _answered(simulator, "/v5/order/create") == (10001, "POST")
    with pytest.raises(ccxt.InvalidOrder):
        await exchange.private_post_v5_order_create(order | {"category": "spot"})
    assert _answered(simulator, "/v5/order/create") == (170121, "POST")


@pytest.mark.parametrize(("symbol", "code"), [(LINEAR, 110001), (SPOT, 170213)])
async def test_an_order_that_is_not_there_is_not_found(
    simulator: Simulator, connect: Any, symbol: str, code: int
) -> None:
    exchange = await connect()
    with pytest.raises(ccxt.OrderNotFound):
        await exchange.cancel_order("no-such-order", symbol)
    assert _answered(simulator, "/v5/order/cancel") == (code, "POST")
    with pytest.raises(ccxt.OrderNotFound):
        await exchange.edit_order("no-such-order", symbol, "limit", "buy", 0.02, FAR[symbol])
    assert _answered(simulator, "/v5/order/amend") == (code, "POST")


async def test_reduce_only_without_a_position_is_refused(simulator: Simulator, connect: Any) -> None:
    exchange = await connect()
    with pytest.raises(ccxt.InvalidOrder):
        await exchange.create_order(LINEAR, "limit", "sell", 0.01, "61000", {"reduceOnly": True})
    assert _answered(simulator, "/v5/order/create") == (110017, "POST")


async def test_a_key_that_only_reads_may_not_order(simulator: Simulator, connect: Any) -> None:
    exchange = await connect("reader")
    with pytest.raises(ccxt.PermissionDenied):
        await exchange.create_order(LINEAR, "limit", "buy", 0.01, FAR[LINEAR])
    assert _answered(simulator, "/v5/order/create") == (10005, "POST")


async def test_an_unknown_path_is_a_bad_request(connect: Any) -> None:
    exchange = await connect()
    with pytest.raises(ccxt.BadRequest, match="10017"):
        await exchange.private_get_v5_asset_deposit_query_record()


@pytest.mark.parametrize(
    ("change", "linear", "spot"),
    [
        ({"price": "59000.05", "qty": "0.01"}, 10001, 0),
        ({"price": "59000.005"}, 10001, 170134),
        ({"qty": "0.0100001"}, 10001, 170137),
        ({"qty": "0"}, 10001, 170136),
        ({"qty": "100000"}, 10001, 170135),
        ({"qty": "much"}, 10001, 170130),
        ({"side": "buy"}, 10001, 170117),
        ({"orderType": "Stop"}, 10001, 170116),
        ({"timeInForce": "DAY"}, 10001, 170115),
        ({"orderLinkId": "with blanks"}, 10001, 170130),
        ({"takeProfit": "70000"}, 10001, 10001),
        ({"price": "70000"}, 110003, 170132),
        ({"side": "Sell", "price": "50000"}, 110003, 170133),
    ],
)
async def test_each_filter_refuses_with_the_code_of_its_category(
    client: Client, change: dict[str, str], linear: int, spot: int
) -> None:
    assert (await client.limit("linear", **change))["retCode"] == linear
    assert (await client.limit("spot", **change))["retCode"] == spot


async def test_a_hedge_mode_account_wants_a_position_index(simulator: Simulator) -> None:
    async with Client(simulator.base_url, "hedger") as hedger:
        assert (await hedger.limit())["retCode"] == 10001
        positions = await hedger.get("/v5/position/list", category="linear", symbol="BTCUSDT")
    assert [position["positionIdx"] for position in positions["result"]["list"]] == [1, 2]


async def test_the_key_tells_whether_it_may_withdraw(simulator: Simulator) -> None:
    for key, wallet in (("owner", ["AccountTransfer", "Withdraw"]), ("key", [])):
        async with Client(simulator.base_url, key) as one:
            rights = (await one.get("/v5/user/query-api"))["result"]
        assert rights["permissions"]["Wallet"] == wallet
        assert rights["readOnly"] == 0


async def test_too_many_requests_in_a_second_are_refused_and_the_rest_is_told(
    simulator: Simulator, client: Client
) -> None:
    codes = [(await client.get("/v5/account/info"))["retCode"]]
    assert client.headers["X-Bapi-Limit"] == str(simulator.options.requests_per_second)
    assert int(client.headers["X-Bapi-Limit-Status"]) < simulator.options.requests_per_second
    while 10006 not in codes and len(codes) < 5_000:
        codes.append((await client.get("/v5/account/info"))["retCode"])
    assert set(codes) == {0, 10006}

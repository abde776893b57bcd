"""Every kind of fault strikes this dialect too, worded as this venue words it."""

import asyncio
from typing import Any

import aiohttp
import pytest

from tests.simulator.binance.client import LINEAR, SPOT, Client

pytestmark = pytest.mark.component

BOTH = pytest.mark.parametrize("side", [SPOT, LINEAR])
PATHS = {SPOT: "/api/v3/order", LINEAR: "/fapi/v1/order"}
DEPTH = "btcusdt@depth@100ms"


async def _order(client: Client, action: str, endpoint: str, **more: Any) -> None:
    answer = await client.hook("/faults", {"action": action, "endpoint": endpoint} | more)
    assert "id" in answer, answer


async def _open(client: Client, side: str) -> int:
    return len(await client.signed("GET", side, "/openOrders", symbol="BTCUSDT"))


@BOTH
@pytest.mark.parametrize(("action", "left"), [("drop", 0), ("acceptThenDrop", 1)])
async def test_a_lost_connection_leaves_an_order_or_not(client: Client, side: str, action: str, left: int) -> None:
    await _order(client, action, PATHS[side])
    with pytest.raises(aiohttp.ClientError):
        await client.limit(side)
    assert await _open(client, side) == left


@BOTH
@pytest.mark.parametrize(
    ("action", "status", "code", "left"),
    [("acceptThenCode", 503, -1007, 1), ("acceptThenCode", 200, -1006, 1), ("refuse", 400, -1008, 0)],
)
async def test_an_error_may_stand_for_anything(
    client: Client, side: str, action: str, status: int, code: int, left: int
) -> None:
    await _order(client, action, PATHS[side], status=status, code=code)
    answer = await client.limit(side)
    assert (client.status, answer["code"]) == (400 if status == 200 else status, code)
    assert await _open(client, side) == left


@BOTH
async def test_garbage_hides_an_order(client: Client, side: str) -> None:
    await _order(client, "garbage", PATHS[side])
    with pytest.raises(aiohttp.ContentTypeError):
        await client.limit(side)
    assert await _open(client, side) == 1


@BOTH
async def test_limits_bans_and_maintenance_have_the_venues_words(client: Client, side: str) -> None:
    await _order(client, "rateLimit", PATHS[side], retryAfterMs=2500)
    assert ((await client.limit(side))["code"], client.status, client.headers["Retry-After"]) == (-1003, 429, "3")
    await _order(client, "ban", PATHS[side], forMs=60_000)
    answer = await client.limit(side)
    assert (answer["code"], client.status, "IP banned until" in answer["msg"]) == (-1003, 418, True)
    await client.hook_delete("/faults")
    await _order(client, "maintenance", "*", forMs=60_000)
    assert ((await client.limit(side))["msg"], client.status) == ("System is under maintenance.", 503)


@BOTH
async def test_a_stale_read_does_not_know_a_new_order(client: Client, side: str) -> None:
    placed = await client.limit(side)
    await _order(client, "staleRead", PATHS[side].replace("order", "openOrders"), ageMs=5000)
    await _order(client, "staleRead", PATHS[side], ageMs=5000)
    assert await _open(client, side) == 0
    found = await client.signed("GET", side, "/order", symbol="BTCUSDT", orderId=placed["orderId"])
    assert found["code"] == -2013
    assert await _open(client, side) == 1


@BOTH
async def test_a_swallowed_depth_event_breaks_the_chain(client: Client, side: str) -> None:
    async with client.stream(side, f"/ws/{DEPTH}") as socket:
        before = await socket.receive_json(timeout=5)
        await _order(client, "drop", DEPTH)
        after = [await socket.receive_json(timeout=5) for _ in range(3)]
    links = [later["U"] == earlier["u"] + 1 for earlier, later in zip([before, *after], after, strict=False)]
    assert links.count(False) == 1


@BOTH
async def test_a_stalled_stream_still_answers(client: Client, side: str) -> None:
    async with client.stream(side, f"/ws/{DEPTH}") as socket:
        await socket.receive_json(timeout=5)
        await _order(client, "stall", DEPTH)
        await socket.send_json({"method": "LIST_SUBSCRIPTIONS", "id": 9})
        assert await socket.receive_json(timeout=5) == {"result": [DEPTH], "id": 9}
        with pytest.raises(TimeoutError):
            await socket.receive_json(timeout=0.5)


async def test_a_poisoned_frame_a_close_and_user_events_are_faulted_by_name(client: Client) -> None:
    key = (await client.keyed("POST", LINEAR, "/listenKey"))["listenKey"]
    async with client.stream(LINEAR, f"/private/ws?listenKey={key}") as socket:
        await _order(client, "drop", "ORDER_TRADE_UPDATE")
        await client.limit()
        await client.limit(newClientOrderId="second")
        assert (await socket.receive_json(timeout=5))["o"]["c"] == "second"
        await _order(client, "poison", "ORDER_TRADE_UPDATE")
        await client.limit()
        assert (await socket.receive(timeout=5)).data == '{"broken":'
        await _order(client, "close", "ORDER_TRADE_UPDATE", code=1006 - 5)
        await client.limit()
        assert (await socket.receive(timeout=5)).type is aiohttp.WSMsgType.CLOSE


async def test_an_operation_of_the_socket_api_is_faulted_by_name(client: Client) -> None:
    order = {"symbol": "BTCUSDT", "side": "BUY", "type": "LIMIT", "timeInForce": "GTC"}
    await _order(client, "acceptThenCode", "order.place", status=503, code=-1007)
    async with client.socket_api() as socket:
        for name in ("first", "second"):
            params = client.socket_parameters(**order, quantity="0.01", price="59000", newClientOrderId=name)
            await socket.send_json({"id": name, "method": "order.place", "params": params})
        answers = [await socket.receive_json(timeout=5) for _ in range(2)]
    told = {answer["id"]: (answer["status"], answer.get("error", {}).get("code")) for answer in answers}
    assert told == {"first": (503, -1007), "second": (200, None)}
    assert await _open(client, SPOT) == 2


async def test_a_skewed_clock_and_a_revoked_key_refuse_everything(client: Client) -> None:
    skew = await client.hook("/faults", {"action": "clockSkew", "offsetMs": 10_000, "forMs": 60_000})
    assert skew["active"]
    assert (await client.limit(SPOT))["code"] == -1021
    assert abs((await client.public(SPOT, "/time"))["serverTime"] - client.now_ms() - 10_000) < 2_000
    await client.hook_delete("/faults")
    key = (await client.keyed("POST", LINEAR, "/listenKey"))["listenKey"]
    async with client.stream(LINEAR, f"/private/ws?listenKey={key}") as socket:
        await asyncio.sleep(0.05)
        await client.hook("/faults", {"action": "key", "account": "key", "set": "revoked"})
        assert (await client.limit())["code"] == -2015
        assert (await socket.receive(timeout=5)).type in (aiohttp.WSMsgType.CLOSED, aiohttp.WSMsgType.ERROR)


async def test_a_liquidated_position_is_told_as_one(client: Client) -> None:
    await client.market("BUY", "0.1")
    key = (await client.keyed("POST", LINEAR, "/listenKey"))["listenKey"]
    async with client.stream(LINEAR, f"/private/ws?listenKey={key}") as socket:
        await client.hook("/faults", {"action": "liquidation", "market": "BTC/USDT:USDT"})
        events = [await socket.receive_json(timeout=5) for _ in range(2)]
    order = next(event["o"] for event in events if event["e"] == "ORDER_TRADE_UPDATE")
    assert (order["c"].startswith("autoclose-"), order["o"], order["X"]) == (True, "LIQUIDATION", "FILLED")
    fills = await client.signed("GET", LINEAR, "/userTrades", symbol="BTCUSDT")
    assert order["t"] == fills[-1]["id"]
    listed = await client.signed("GET", LINEAR, "/allOrders", symbol="BTCUSDT", orderId=order["i"])
    assert listed[0]["clientOrderId"] == order["c"]
    assert await client.signed("GET", LINEAR, "/fapi/v3/positionRisk", symbol="BTCUSDT") == []

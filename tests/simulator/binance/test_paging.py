"""Lists in pages and windows exactly as the venue cuts them."""

from typing import Any

import pytest

from tests.simulator.binance.client import LINEAR, SPOT, Client

pytestmark = pytest.mark.component

BOTH = pytest.mark.parametrize("side", [SPOT, LINEAR])
TRADES = {SPOT: "/myTrades", LINEAR: "/userTrades"}


async def _orders(client: Client, side: str, count: int) -> list[int]:
    return [(await client.limit(side, newOrderRespType="RESULT"))["orderId"] for _ in range(count)]


async def _trades(client: Client, side: str, **parameters: Any) -> list[int]:
    listed = await client.signed("GET", side, TRADES[side], symbol="BTCUSDT", **parameters)
    return [fill["id"] for fill in listed]


@BOTH
async def test_open_orders_come_all_at_once_oldest_first(client: Client, side: str) -> None:
    placed = await _orders(client, side, 45)
    for parameters in ({}, {"symbol": "BTCUSDT"}):
        listed = await client.signed("GET", side, "/openOrders", **parameters)
        assert [order["orderId"] for order in listed] == placed


@BOTH
async def test_all_orders_go_on_from_a_number(client: Client, side: str) -> None:
    placed = await _orders(client, side, 7)
    await client.signed("DELETE", side, "/order", symbol="BTCUSDT", orderId=placed[0])
    newest = await client.signed("GET", side, "/allOrders", symbol="BTCUSDT", limit=3)
    assert [order["orderId"] for order in newest] == placed[-3:]
    page = await client.signed("GET", side, "/allOrders", symbol="BTCUSDT", orderId=placed[0], limit=3)
    assert [order["orderId"] for order in page] == placed[:3]
    assert [order["status"] for order in page] == ["CANCELED", "NEW", "NEW"]


@BOTH
async def test_fills_are_read_to_the_last_from_any_id_on(client: Client, side: str) -> None:
    for _ in range(5):
        await client.market("BUY", "0.01", side)
    everything = await _trades(client, side)
    assert everything == sorted(set(everything))
    assert len(everything) >= 5
    read: list[int] = []
    while page := await _trades(client, side, fromId=read[-1] + 1 if read else 0, limit=2):
        read += page
    assert read == everything
    assert await _trades(client, side, limit=2) == everything[-2:]
    now = client.now_ms()
    assert await _trades(client, side, startTime=now - 60_000, limit=2) == everything[:2]
    assert await _trades(client, side, startTime=now + 60_000) == []
    assert await _trades(client, side, endTime=now - 60_000) == []


@BOTH
async def test_fills_of_one_order_and_page_sizes(client: Client, side: str) -> None:
    first = await client.market("BUY", "0.01", side)
    await client.market("BUY", "0.01", side)
    listed = await client.signed("GET", side, TRADES[side], symbol="BTCUSDT", orderId=first["orderId"])
    assert {fill["orderId"] for fill in listed} == {first["orderId"]}
    too_many = await client.signed("GET", side, TRADES[side], symbol="BTCUSDT", limit=1001)
    assert isinstance(too_many, list) if side == SPOT else too_many["code"] == -1130


async def test_one_symbol_weighs_less_than_all_of_them(client: Client) -> None:
    weights = []
    for parameters in ({}, {"symbol": "BTCUSDT"}, {}):
        before = int(client.headers.get("X-MBX-USED-WEIGHT-1M", 0))
        await client.signed("GET", LINEAR, "/openOrders", **parameters)
        weights.append(int(client.headers["X-MBX-USED-WEIGHT-1M"]) - before)
    assert weights[1:] == [1, 40]


@BOTH
async def test_new_orders_are_counted_apart_from_weight(client: Client, side: str) -> None:
    for count in (1, 2):
        await client.limit(side)
        assert client.headers["X-MBX-ORDER-COUNT-10S"] == str(count)
    await client.signed("GET", side, "/openOrders", symbol="BTCUSDT")
    assert "X-MBX-ORDER-COUNT-10S" not in client.headers

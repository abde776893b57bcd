"""Bybit's disconnection protection: for whom it works, what starts its timer, what it cancels."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from deskbot.simulator.accounts import parse_account
from deskbot.simulator.server import Simulator, SimulatorOptions
from tests.simulator.client import Client
from tests.simulator.hasty import HastyClock
from tests.simulator.markets import BreathingMarket

pytestmark = pytest.mark.component
PATH = "/v5/order/disconnected-cancel-all"


@pytest.fixture
def clock() -> HastyClock:
    return HastyClock()


@pytest.fixture
async def simulator(clock: HastyClock) -> AsyncIterator[Simulator]:
    accounts = [parse_account(text) for text in ("key:secret:USDT=100000,BTC=1:dcp", "plain:secret:USDT=100000")]
    running = Simulator(SimulatorOptions(accounts=accounts, speed=0.01), clock, BreathingMarket())
    await running.start()
    yield running
    await running.stop()


@pytest.fixture
async def client(simulator: Simulator, clock: HastyClock) -> AsyncIterator[Client]:
    async with HastyClient(simulator.base_url, clock) as signed:
        yield signed


class HastyClient(Client):
    """Signs with the time of the hasty clock."""

    def __init__(self, base_url: str, clock: HastyClock, key: str = "key") -> None:
        super().__init__(base_url, key)
        self._clock = clock

    def now_ms(self) -> int:
        return self._clock.now_ns() // 1_000_000


async def watch(client: Client, socket: Any, topic: str = "dcp.future") -> None:
    await socket.send_json(client.authentication())
    await socket.send_json({"op": "subscribe", "args": [topic]})
    for _ in range(2):
        assert (await socket.receive_json(timeout=5))["success"]


async def open_orders(client: Client) -> list[str]:
    listed: list[str] = []
    for category in ("linear", "spot"):
        answer = await client.get("/v5/order/realtime", category=category, symbol="BTCUSDT")
        listed += [category for _ in answer["result"]["list"]]
    return listed


async def rest_on_both(client: Client) -> None:
    for category in ("linear", "spot"):
        assert (await client.limit(category))["retCode"] == 0


async def gone(socket: Any) -> None:
    await socket.close()
    await asyncio.sleep(0.1)


async def test_orders_of_the_product_end_when_its_last_connection_was_gone_for_the_window(
    client: Client, clock: HastyClock
) -> None:
    await rest_on_both(client)
    assert (await client.post(PATH, product="DERIVATIVES", timeWindow=5))["retCode"] == 0
    async with client.stream("private") as first, client.stream("private") as second:
        await watch(client, first)
        await watch(client, second)
        await gone(first)
        clock.skip(60)
        assert await open_orders(client) == ["linear", "spot"]
        await gone(second)
    clock.skip(4)
    assert await open_orders(client) == ["linear", "spot"]
    clock.skip(1)
    assert await open_orders(client) == ["spot"]
    (ended,) = (await client.get("/v5/order/history", category="linear"))["result"]["list"]
    assert ended["cancelType"] == "CancelByDCP"


async def test_a_connection_that_subscribes_in_time_stops_the_timer(client: Client, clock: HastyClock) -> None:
    await rest_on_both(client)
    async with client.stream("private") as socket:
        await watch(client, socket)
    await asyncio.sleep(0.1)
    clock.skip(9)
    async with client.stream("private") as socket:
        await watch(client, socket)
        clock.skip(60)
        assert await open_orders(client) == ["linear", "spot"]


async def test_without_the_topic_nothing_is_protected(client: Client, clock: HastyClock) -> None:
    await rest_on_both(client)
    await client.post(PATH, product="DERIVATIVES", timeWindow=3)
    async with client.stream("private") as socket:
        await watch(client, socket, "order")
    await asyncio.sleep(0.1)
    clock.skip(60)
    assert await open_orders(client) == ["linear", "spot"]


async def test_for_an_ordinary_account_it_is_acknowledged_and_means_nothing(
    simulator: Simulator, clock: HastyClock
) -> None:
    async with HastyClient(simulator.base_url, clock, "plain") as client:
        assert (await client.limit())["retCode"] == 0
        assert (await client.post(PATH, product="DERIVATIVES", timeWindow=3))["retCode"] == 0
        assert (await client.get("/v5/account/query-dcp-info"))["result"]["dcpInfos"] == []
        assert (await client.get("/v5/account/info"))["result"]["dcpStatus"] == "OFF"
        async with client.stream("private") as socket:
            await watch(client, socket)
        await asyncio.sleep(0.1)
        clock.skip(60)
        assert await open_orders(client) == ["linear"]


async def test_the_configuration_tells_the_window_of_each_product(client: Client) -> None:
    await client.post(PATH, product="SPOT", timeWindow=40)
    told = (await client.get("/v5/account/query-dcp-info"))["result"]["dcpInfos"]
    windows = {one["product"]: (one["dcpStatus"], one["timeWindow"]) for one in told}
    assert windows == {"OPTIONS": ("ON", "10"), "DERIVATIVES": ("ON", "10"), "SPOT": ("ON", "40")}


@pytest.mark.parametrize("wrong", [{"timeWindow": 2}, {"timeWindow": 301}, {"timeWindow": 10, "product": "ALL"}, {}])
async def test_a_window_out_of_range_is_refused(client: Client, wrong: dict[str, Any]) -> None:
    assert (await client.post(PATH, **wrong))["retCode"] == 10001

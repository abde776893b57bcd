"""Acknowledged is not yet effective, and a request takes its time to travel."""

from collections.abc import AsyncIterator

import pytest

from deskbot.matching import Latency
from deskbot.simulator.accounts import parse_account
from deskbot.simulator.server import Simulator, SimulatorOptions
from tests.simulator.client import Client
from tests.simulator.markets import BreathingMarket

pytestmark = pytest.mark.component
SCOPE = {"category": "linear", "symbol": "BTCUSDT"}


@pytest.fixture
async def slow() -> AsyncIterator[Client]:
    options = SimulatorOptions(
        accounts=[parse_account("key:secret:USDT=100000")],
        latency=Latency(entry_ns=400_000_000, cancel_ns=400_000_000),
        round_trip_ms=60,
    )
    simulator = Simulator(options, source=BreathingMarket())
    async with Client(await simulator.start()) as client:
        yield client
    await simulator.stop()


async def test_an_acknowledged_order_is_in_no_list_until_it_arrives(slow: Client) -> None:
    assert (await slow.limit(orderLinkId="early"))["retCode"] == 0
    listed = await slow.get("/v5/order/realtime", **SCOPE, orderLinkId="early")
    truth = await slow.hook("/ground-truth?account=key")
    assert listed["result"]["list"] == []
    assert (truth["openOrders"], truth["ordersInFlight"]) == (0, 1)


async def test_it_arrives_by_itself_and_the_stream_says_when(slow: Client) -> None:
    async with slow.stream("private") as socket:
        await socket.send_json(slow.authentication())
        await socket.send_json({"op": "subscribe", "args": ["order"]})
        placed = await slow.limit()
        while (message := await socket.receive_json(timeout=5)).get("topic") != "order":
            pass
        (order,) = message["data"]
        assert (order["orderId"], order["orderStatus"]) == (placed["result"]["orderId"], "New")
        await slow.post("/v5/order/cancel", **SCOPE, orderId=order["orderId"])
        still = (await slow.get("/v5/order/realtime", **SCOPE))["result"]["list"]
        assert [one["orderStatus"] for one in still] == ["New"]
        assert (await socket.receive_json(timeout=5))["data"][0]["orderStatus"] == "Cancelled"


async def test_a_request_takes_its_round_trip(slow: Client) -> None:
    sent_ms = slow.now_ms()
    answered = await slow.get("/v5/market/time")
    assert answered["time"] - sent_ms >= 25
    assert slow.now_ms() - sent_ms >= 55

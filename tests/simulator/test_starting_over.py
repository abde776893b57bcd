"""A recording that ends starts over while clients are connected: nobody notices but by the prices."""

from collections.abc import AsyncIterator

import pytest

from deskbot.simulator.accounts import parse_account
from deskbot.simulator.server import Simulator, SimulatorOptions
from tests.simulator.client import Client
from tests.simulator.markets import STEP_NS, BreathingMarket

pytestmark = pytest.mark.component
STEPS = 15
PASS_MS = STEPS * STEP_NS // 1_000_000 + 100


@pytest.fixture
async def client() -> AsyncIterator[Client]:
    options = SimulatorOptions(accounts=[parse_account("key:secret:USDT=100000")])
    simulator = Simulator(options, source=BreathingMarket(steps=STEPS))
    async with Client(await simulator.start()) as signed:
        yield signed
    await simulator.stop()


async def test_streams_go_on_without_a_gap_and_orders_stay(client: Client) -> None:
    placed = await client.limit()
    async with client.stream("public/linear") as socket:
        await socket.send_json({"op": "subscribe", "args": ["orderbook.50.BTCUSDT", "publicTrade.BTCUSDT"]})
        updates, trades, times = [], [], [0]
        while times[-1] - times[min(1, len(times) - 1)] < 3 * PASS_MS:
            message = await socket.receive_json(timeout=5)
            if message.get("topic", "").startswith("orderbook"):
                updates.append(message["data"]["u"])
                times.append(message["cts"])
            elif "data" in message:
                trades += [int(trade["i"]) for trade in message["data"]]
    assert updates == list(range(updates[0], updates[0] + len(updates)))
    assert trades == list(range(trades[0], trades[0] + len(trades)))
    assert len(trades) > 6
    assert times == sorted(times)
    listed = (await client.get("/v5/order/realtime", category="linear", symbol="BTCUSDT"))["result"]["list"]
    assert [order["orderId"] for order in listed] == [placed["result"]["orderId"]]

"""A simulator in this process, listening on a free loopback port, with a market of known shape."""

from collections.abc import AsyncIterator

import pytest

from deskbot.simulator.accounts import parse_account
from deskbot.simulator.server import Simulator, SimulatorOptions
from tests.simulator.client import Client
from tests.simulator.markets import BreathingMarket

ACCOUNTS = (
    "key:secret:USDT=100000,BTC=1",
    "poor:secret:USDT=20",
    "reader:secret:USDT=1000:readonly",
    "hedger:secret:USDT=100000:hedge",
    "owner:secret:USDT=1000:withdraw",
    "other:secret:USDT=100000,BTC=1",
)


@pytest.fixture
async def simulator() -> AsyncIterator[Simulator]:
    running = Simulator(
        SimulatorOptions(accounts=[parse_account(text) for text in ACCOUNTS], seed=7), source=BreathingMarket()
    )
    await running.start()
    yield running
    await running.stop()


@pytest.fixture
async def client(simulator: Simulator) -> AsyncIterator[Client]:
    async with Client(simulator.base_url) as signed:
        yield signed

"""A simulator with Binance's rules in this process, listening on a free loopback port, with a market of known shape."""

from collections.abc import AsyncIterator

import pytest

from deskbot.simulator.accounts import parse_account
from deskbot.simulator.server import Simulator, SimulatorOptions
from tests.simulator.binance.client import Client
from tests.simulator.conftest import ACCOUNTS
from tests.simulator.markets import BreathingMarket


@pytest.fixture
async def simulator() -> AsyncIterator[Simulator]:
    accounts = [parse_account(text) for text in ACCOUNTS]
    running = Simulator(SimulatorOptions(accounts=accounts, seed=7, dialect="binance"), source=BreathingMarket())
    await running.start()
    yield running
    await running.stop()


@pytest.fixture
async def client(simulator: Simulator) -> AsyncIterator[Client]:
    async with Client(simulator.base_url) as signed:
        yield signed

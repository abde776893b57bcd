"""A simulated Binance in this process; exchange instances are closed after the test that made them."""

from collections.abc import AsyncIterator

import pytest

from deskbot.simulator.accounts import parse_account
from deskbot.simulator.server import Simulator, SimulatorOptions
from tests.venues.binance.listings import Wire
from tests.venues.conftest import ACCOUNTS


@pytest.fixture(autouse=True)
async def _closed() -> AsyncIterator[None]:
    yield
    while Wire.made:
        await Wire.made.pop().exchange.close()


@pytest.fixture
async def simulator() -> AsyncIterator[Simulator]:
    options = SimulatorOptions(accounts=[parse_account(text) for text in ACCOUNTS], dialect="binance")
    made = Simulator(options)
    yield made
    await made.stop()

"""A simulated venue in this process, and the desk's venue in front of it."""

import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any

import pytest

from deskbot.simulator.accounts import parse_account
from deskbot.simulator.server import Simulator, SimulatorOptions
from deskbot.venues.ccxt_venue import CcxtVenue
from deskbot.venues.protocol import Credentials, VenueSettings

SPOT = ("Spot", "BTC/USDT")
SWAP = ("Swap", "BTC/USDT:USDT")
MakeVenue = Callable[..., Awaitable[CcxtVenue]]

ACCOUNTS = (
    "alice:alices-secret:USDT=1000000,BTC=20",
    "bob:bobs-secret:USDT=1000000,BTC=20",
    "taker:takers-secret:USDT=1000:withdraw",
    "reader:readers-secret:USDT=1000:readonly",
    "hedger:hedgers-secret:USDT=1000:hedge",
    "classic:classics-secret:USDT=1000:classic",
    "watcher:watchers-secret:USDT=1000:notrading",
    "careful:carefuls-secret:USDT=1000000,BTC=20:dcp",
)


@pytest.fixture
async def simulator() -> AsyncIterator[Simulator]:
    made = Simulator(SimulatorOptions(accounts=[parse_account(text) for text in ACCOUNTS]))
    yield made
    await made.stop()


@pytest.fixture
async def endpoint(simulator: Simulator) -> str:
    return await simulator.start()


@pytest.fixture
async def make_venue(endpoint: str) -> AsyncIterator[MakeVenue]:
    """Make venues in front of the simulator; they are closed before it stops."""
    async with AsyncExitStack() as stack:

        async def make(market_type: str, market: str, key: str | None = "alice", **settings: Any) -> CcxtVenue:
            secret = next((text.split(":")[1] for text in ACCOUNTS if text.split(":")[0] == key), "wrong-secret")
            made = CcxtVenue(
                VenueSettings(
                    **{
                        "exchange": "bybit",
                        "market_type": market_type,
                        "markets": (market,),
                        "credentials": None if key is None else Credentials(key, secret),
                        "endpoint": endpoint,
                        **settings,
                    }
                ),
                time.time_ns,
                random.random,
            )
            stack.push_async_callback(made.close)
            return made

        yield make

"""What an idle bot asks in a quiet minute, against the limits of its venue: the engine's questions, really asked.

Time goes by in steps that nobody waits for: the venue's clock and the buckets of the limits are taken along.
"""

import random
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from deskbot.core.commands import QueryBalances, QueryFills, QueryOpenOrders, QueryPositions
from deskbot.core.events import Control, StreamChange, Timer
from deskbot.simulator.accounts import parse_account
from deskbot.simulator.server import Simulator, SimulatorOptions
from deskbot.venues.ccxt_venue import CcxtVenue
from deskbot.venues.protocol import Credentials, VenueSettings
from deskbot.venues.rate_limits import Ask, Limit
from deskbot.venues.rate_tables import RATES
from tests.core.desk import SECOND, Desk

pytestmark = pytest.mark.component

STEP = SECOND // 10
MINUTE = 60 * 10  # steps


class Quiet:
    """An engine that wants nothing, and the venue it asks; `asks` are the requests that left."""

    def __init__(self, settings: VenueSettings) -> None:
        self._skipped = 0
        self._venue = CcxtVenue(settings, self._now, random.Random(1).random)
        self.asks: list[Ask] = []
        limits = self._venue._clients.pacer.limits
        self._take = limits.take
        limits.take = self._note  # type: ignore[method-assign]

    def _now(self) -> int:
        return time.time_ns() + self._skipped

    def _note(self, ask: Ask, at: int) -> None:
        self.asks.append(ask)
        self._take(ask, at)

    async def open(self) -> None:
        ready = await self._venue.open()
        self._desk = Desk(at=self._now(), epoch_ms=self._now() // 1_000_000)
        (self._desk.market,) = ready.instruments.values()
        markets = (self._desk.market.market,)
        self._desk.say(Control, **{**self._desk.settings, "markets": markets, "strategies": {}})
        self._desk.handle(ready)
        self._desk.say(StreamChange, stream="private", market="", healthy=True)

    async def live(self, steps: int) -> None:
        """Let so many tenths of a second pass."""
        self.asks.clear()
        await self._venue._clients.clock.measure(self._venue._clients.markets.fetch_time)
        for _ in range(steps):
            self._skipped += STEP
            self._venue._clients.clock.offset -= STEP
            self._desk.at = self._now()
            self._desk.say(Timer)
            await self._answer()
        assert self._desk.engine.summary().reconciled_at, "the account is compared with the venue"

    async def _answer(self) -> None:
        for open_orders in self._desk.questions(QueryOpenOrders):
            self._desk.handle(await self._venue.query_open_orders(open_orders))
        for positions in self._desk.questions(QueryPositions):
            self._desk.handle(await self._venue.query_positions(positions))
        for balances in self._desk.questions(QueryBalances):
            self._desk.handle(await self._venue.query_balances(balances))
        for fills in self._desk.questions(QueryFills):
            self._desk.handle(await self._venue.query_fills(fills))

    async def close(self) -> None:
        await self._venue.close()


def share(limit: Limit, asks: list[Ask]) -> float:
    """How much of what a limit allows in a minute was taken; of a limit per path the fullest one."""
    taken: Counter[str] = Counter()
    for ask in asks:
        if limit.covers(ask.path):
            taken[ask.path if limit.per_path else ""] += ask.weight if limit.weighted else 1
    return max(taken.values(), default=0) * limit.seconds / (limit.tokens * 60)


@asynccontextmanager
async def quiet(exchange: str, market_type: str, market: str) -> AsyncIterator[Quiet]:
    accounts = [parse_account("alice:alices-secret:USDT=1000000")]
    simulator = Simulator(SimulatorOptions(accounts=accounts, dialect="bybit" if exchange == "bybit" else "binance"))
    endpoint = await simulator.start()
    keys = Credentials("alice", "alices-secret")
    made = Quiet(VenueSettings(exchange, market_type, (market,), keys, endpoint))
    try:
        await made.open()
        yield made
    finally:
        await made.close()
        await simulator.stop()


@pytest.mark.parametrize(
    ("exchange", "market_type", "market"),
    [
        ("bybit", "Spot", "BTC/USDT"),
        ("bybit", "Swap", "BTC/USDT:USDT"),
        ("binance", "Spot", "BTC/USDT"),
        ("binanceusdm", "Swap", "BTC/USDT:USDT"),
    ],
)
async def test_an_idle_bot_takes_less_than_a_seventh_of_any_limit(exchange: str, market_type: str, market: str) -> None:
    async with quiet(exchange, market_type, market) as bot:
        await bot.live(MINUTE)  # its first minute has the opening in it
        await bot.live(MINUTE)
        used = {limit.name: share(limit, bot.asks) for limit in RATES[exchange, market_type].limits}
        print(exchange, market_type, {name: f"{part:.1%}" for name, part in used.items() if part})
        assert 0 < max(used.values()) < 0.15

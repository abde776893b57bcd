"""The venue of the live path, in a process of its own: `python -m tests.live.venue DIALECT`; prints its address first.

The simulator, with one pair alone and a market in a hurry: its book moves every two milliseconds and is published as
often, where Bybit waits 20 and Binance 100. A bot in a busy market reads such streams of several markets at once.
"""

import asyncio
import sys
from dataclasses import replace
from decimal import Decimal
from typing import Final

import uvloop

from deskbot.simulator.accounts import Account
from deskbot.simulator.binance import channels as binance
from deskbot.simulator.bybit import channels as bybit
from deskbot.simulator.clock import WallClock
from deskbot.simulator.server import Simulator, SimulatorOptions
from deskbot.simulator.synthetic import MS, PAIRS, SyntheticMarket

BOOK_EVERY_MS: Final = 2
PUBLISHED_SECONDS: Final = 0.001
ACCOUNT: Final = Account("bot-key", "bot-secret", {"USDT": Decimal(1_000_000), "BTC": Decimal(10)})


def main() -> None:
    """Serve until ended."""
    uvloop.run(_serve(sys.argv[1]))


async def _serve(dialect: str) -> None:
    bybit.BOOK_INTERVAL_SECONDS[50] = binance.DEPTH_SECONDS["100ms"] = PUBLISHED_SECONDS
    # what an account is granted, so that the bot's pace is the bench's and not the venue's
    options = SimulatorOptions(dialect=dialect, accounts=(ACCOUNT,), requests_per_second=1000)
    clock = WallClock()
    market = SyntheticMarket(7, start_ns=clock.now_ns())
    market._pairs = [replace(PAIRS[0], step_ns=BOOK_EVERY_MS * MS)]
    simulator = Simulator(options, clock, market)
    print(await simulator.start(), flush=True)
    await simulator.wait(asyncio.Event())


if __name__ == "__main__":
    main()

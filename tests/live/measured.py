"""The process that is measured: `python -m tests.live.measured EXCHANGE URL FOLDER REQUESTS BOOKS`.

A whole bot as `desk run` makes it: object from a file, journal on the disk, ccxt to the venue's address, event loop and
all. Its strategy changes sides every so many books: one order is cancelled and another created by one message. It
ends when both have been done so many times, and prints one line of JSON.
"""

import asyncio
import json
import statistics
import sys
from pathlib import Path
from typing import Any, Final

import uvloop

from deskbot import __version__
from deskbot.core.instrument import BUY, SELL, Instrument
from deskbot.core.strategy import Strategy, Target, View
from deskbot.runtime.bot import Bot
from deskbot.runtime.build import is_compiled
from deskbot.runtime.clock import Clock
from deskbot.runtime.control_file import ControlFile
from deskbot.runtime.credentials import from_manifest
from deskbot.runtime.session import Surroundings
from deskbot.venues.ccxt_venue import CcxtVenue
from deskbot.venues.dialects import adapter_of
from deskstrategies.catalogue import CATALOGUE, Entry
from deskstrategies.params import Params
from tests.live.stamps import Stamps, shares
from tests.runtime.dialects import DIALECTS

WARM_UP: Final = 200  # requests of each kind that do not count
SECONDS: Final = 600  # at most
AWAY: Final = 300  # ticks from the best price: nothing fills
BOT: Final = """
    - name: turning-maker
      enabled: true
      params: {{every: {every}}}
  envelope:
    maxOrderNotional: "1000"
    maxPositionNotional: "20000"
    maxOpenOrders: 20
    ordersPerSecond: 100
"""


class TurningParams(Params):
    """How many books a quote stays."""

    every: int


class Turning(Strategy):
    """One order, on one side and then on the other."""

    def __init__(self, params: TurningParams, instrument: Instrument) -> None:
        self._every = params.every
        self._lots = max(instrument.min_lots, instrument.lots(instrument.amount(1)) * 2)
        self._seen = self._books = 0
        self._quotes: list[Target] = []

    def targets(self, view: View) -> list[Target] | None:
        """The same quote until so many books have been seen."""
        if view.sequence == self._seen:
            return None
        self._seen = view.sequence
        self._books += 1
        if self._books % self._every:
            return None
        side = SELL if self._quotes and self._quotes[0].side == BUY else BUY
        ticks = view.bid - AWAY if side == BUY else view.ask + AWAY
        self._quotes = [Target(side, ticks, self._lots)]
        return self._quotes


def main() -> None:
    """Run, print."""
    exchange, url, folder, requests, every = sys.argv[1:]
    uvloop.run(_run(exchange, url, Path(folder), int(requests), int(every)))


async def _run(exchange: str, url: str, folder: Path, wanted: int, every: int) -> None:
    CATALOGUE["turning-maker"] = Entry("1.0", TurningParams, Turning)
    dialect = next(one for one in DIALECTS if one.exchange == exchange)
    file = folder / "bot.yaml"
    head = dialect.manifest(url).partition("    - name: simple-maker")[0]
    file.write_text(head + BOT.format(every=every).lstrip("\n"))
    clock = Clock()
    stamps = Stamps()
    stamps.watch(adapter_of(dialect.exchange, dialect.market_type, clock.now).exchange({}))
    control = ControlFile(file, clock)
    surroundings = Surroundings(
        make_venue=lambda settings: CcxtVenue(settings, clock.now, clock.draw),
        credentials=from_manifest(lambda: control.secrets),
        journal=folder / "journal.sqlite",
        version=__version__,
    )
    bot = Bot(control, surroundings, clock)
    running = asyncio.ensure_future(bot.run())
    for _ in range(SECONDS):
        await asyncio.wait((running,), timeout=1)
        if running.done() or min(map(len, stamps.finished.values())) >= wanted + WARM_UP:
            break
    bot.stop("measured")
    await running
    print(json.dumps(figures(stamps, wanted)))


def figures(stamps: Stamps, wanted: int) -> dict[str, Any]:
    """Microseconds: the middle and the tail of each share, by kind of request."""
    found: dict[str, Any] = {"compiled": is_compiled()}
    for kind, traces in stamps.finished.items():
        rows = [row for row in map(shares, traces[WARM_UP:]) if row is not None][:wanted]
        found[kind] = {"requests": len(rows)} | {name: percentiles([row[name] for row in rows]) for name in rows[0]}
    return found | {"commit": percentiles([nanoseconds / 1000 for nanoseconds in stamps.commits[WARM_UP:]])}


def percentiles(values: list[float]) -> dict[str, float]:
    """The middle and the tail."""
    cuts = statistics.quantiles(values, n=100)
    return {"p50": round(cuts[49], 1), "p99": round(cuts[98], 1)}


if __name__ == "__main__":
    main()

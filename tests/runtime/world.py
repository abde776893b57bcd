"""A bot in virtual time: a real file as its object, a real journal, the real engine, and a scripted venue."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import yaml

from deskbot.core.summary import Summary
from deskbot.runtime.bot import Bot
from deskbot.runtime.clock import Clock
from deskbot.runtime.control_file import ControlFile
from deskbot.runtime.credentials import from_manifest
from deskbot.runtime.fence import Fence, Unfenced
from deskbot.runtime.session import Ended, Surroundings
from deskbot.venues.protocol import VenueSettings
from tests.runtime import virtual_time
from tests.runtime.scripted_venue import MARKET, ScriptedVenue


def manifest(**changes: Any) -> dict[str, Any]:
    """A TradingBot; `changes` replace fields of its spec."""
    spec = {
        "mode": "Testnet",
        "venue": {"exchange": "bybit", "marketType": "Swap", "credentialsSecretRef": {"name": "keys"}},
        "markets": [MARKET],
        "strategies": [{"name": "simple-maker", "enabled": True, "params": {"size": "0.002", "levels": 2}}],
        "envelope": {"maxOrderNotional": "500", "maxPositionNotional": "5000"},
    }
    metadata = {"name": "bot1"}
    return {
        "apiVersion": "tradingdesk.io/v1alpha1",
        "kind": "TradingBot",
        "metadata": metadata,
        "spec": {**spec, **changes},
    }


SECRET = {
    "apiVersion": "v1",
    "kind": "Secret",
    "metadata": {"name": "keys"},
    "stringData": {"apiKey": "k", "secret": "s"},
}


class World:
    """What a test may touch: the file, the venues that were made, the bot."""

    def __init__(
        self, folder: Path, clock: Clock, *documents: Any, journal: Path | None = None, fence: Fence | None = None
    ) -> None:
        self.clock = clock
        self.file = folder / "bot.yaml"
        self.journal = journal or folder / "journal.sqlite"
        self.venues: list[ScriptedVenue] = []
        self.prepare: Callable[[ScriptedVenue], None] = lambda _venue: None
        self.ended: Ended | None = None
        self.write(*documents)
        self.control = ControlFile(self.file, clock)
        secrets = from_manifest(lambda: self.control.secrets)
        surroundings = Surroundings(self._make, secrets, self.journal, "test", fence=fence or Unfenced())
        self.bot = Bot(self.control, surroundings, clock)

    def write(self, *documents: Any) -> None:
        """Edit the file: a TradingBot, with the Secret unless other documents are named."""
        text = yaml.safe_dump_all(documents if len(documents) > 1 else (*documents, SECRET))
        self.file.write_text(text)

    @property
    def venue(self) -> ScriptedVenue:
        """The newest venue."""
        return self.venues[-1]

    def summary(self) -> Summary:
        assert self.bot.session is not None
        return self.bot.session.summary()

    async def state(self, wanted: str, seconds: float = 30) -> Summary:
        """Wait for a state of the engine."""
        await self.until(lambda: self.bot.session is not None and self.summary().state == wanted, wanted, seconds)
        return self.summary()

    async def until(self, condition: Callable[[], bool], what: str, seconds: float = 30) -> None:
        end = self.clock.now() + int(seconds * 1e9)
        while not condition():
            now = self.summary() if self.bot.session is not None else self.bot.status()
            assert self.clock.now() < end, f"never: {what}; {now}"
            await asyncio.sleep(0.02)

    def _make(self, settings: VenueSettings) -> ScriptedVenue:
        self.venues.append(ScriptedVenue(self.clock, settings))
        self.prepare(self.venue)
        return self.venue


@asynccontextmanager
async def world(
    folder: Path,
    *documents: Any,
    prepare: Callable[[ScriptedVenue], None] | None = None,
    journal: Path | None = None,
    fence: Fence | None = None,
) -> AsyncIterator[World]:
    """A running bot; it is stopped at the end, and must then have stopped by itself or be stopped by the test."""
    made = World(folder, virtual_time.clock(), *(documents or (manifest(),)), journal=journal, fence=fence)
    if prepare is not None:
        made.prepare = prepare
    running = asyncio.ensure_future(made.bot.run())
    try:
        yield made
        made.bot.stop("the test is over")
        made.ended = await running
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)

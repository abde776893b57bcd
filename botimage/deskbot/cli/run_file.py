"""`desk run FILE` at the pace of a clock: the simulator within, or the venue that the file names.

With the simulator within, an account is made for the bot, the bot reaches it through ccxt over loopback, and the
journal lives as long as the run: the venue it speaks of is gone afterwards.
"""

import argparse
import asyncio
import json
import os
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

import uvloop

from deskapi import Exchange, TradingBot
from deskbot import __version__, matching
from deskbot.backtest.command import require_fit
from deskbot.cli.ending import status_of_run
from deskbot.cli.notes import Notes
from deskbot.cli.result import result_of
from deskbot.cli.tables import Lines, LiveTable, Silence, print_result
from deskbot.core.errors import DeskError, Invalid
from deskbot.runtime.clock import Clock
from deskbot.runtime.control_file import ControlFile
from deskbot.runtime.credentials import CredentialSource, fixed, from_directory, from_manifest
from deskbot.runtime.health import parse_address
from deskbot.runtime.serve import Process, background
from deskbot.runtime.session import Ended, Surroundings, header_of
from deskbot.simulator.accounts import Account
from deskbot.simulator.server import Simulator, SimulatorOptions
from deskbot.venues.ccxt_venue import CcxtVenue
from deskbot.venues.protocol import Credentials
from deskstrategies.catalogue import check

LISTEN = "127.0.0.1:0"
BALANCES = {"USDT": Decimal(10_000), "BTC": Decimal(1)}
OWN_KEY = Credentials("desk-run", "desk-run-secret")
# whose filters, fees and limits the markets of the simulator within have
_DIALECTS = {Exchange.BINANCE: "binance", Exchange.BINANCE_USDM: "binance", Exchange.BYBIT: "bybit"}


@dataclass(frozen=True)
class Place:
    """Where the bot trades: the simulator within and its address, or neither."""

    simulator: Simulator | None
    endpoint: str | None
    journal: Path
    wrong: list[Exception] = field(default_factory=list)

    async def watch(self, process: Process) -> None:
        """Stop the bot when its market ends: the recording is unusable further in, or the simulator fails."""
        if self.simulator is not None:
            try:
                await self.simulator.wait(asyncio.Event())
            except Exception as error:
                self.wrong.append(error)
            process.bot.stop("the market data ended")

    def books(self) -> tuple[matching.Exchange, str] | None:
        """The simulator's own books, and the account to look up."""
        return (self.simulator.exchange, OWN_KEY.api_key) if self.simulator is not None else None


def run(arguments: argparse.Namespace) -> int:
    """Run the bot of a file until Ctrl-C or the time given. Raises Invalid before anything has started."""
    parse_address(arguments.listen or LISTEN)
    _require_folder(arguments.journal)
    clock = Clock()
    control = ControlFile(arguments.file, clock)
    bot = control.seen.bot
    if bot is None:
        raise Invalid("SpecInvalid", f"{arguments.file}: {control.seen.wrong}")
    check(bot.spec.strategies[0].name, bot.spec.strategies[0].version, bot.spec.strategies[0].params)
    return uvloop.run(_run(arguments, control, bot, clock))


async def _run(arguments: argparse.Namespace, control: ControlFile, bot: TradingBot, clock: Clock) -> int:
    notes = Notes(arguments.log, quiet=arguments.output == "table" and sys.stdout.isatty())
    async with _place(arguments, bot) as place:
        credentials = _credentials(arguments, control, place)
        if place.simulator is None:
            credentials(bot.spec)
        surroundings = Surroundings(
            make_venue=lambda settings: CcxtVenue(settings, clock.now, clock.draw),
            credentials=credentials,
            journal=place.journal,
            version=__version__,
            endpoint=place.endpoint,
        )
        process = Process(control, surroundings, clock)
        seconds = None if arguments.duration is None else arguments.duration.total_seconds()
        with _display(arguments) as display:
            async with background(_show(process, display, notes, clock)), background(place.watch(process)):
                ended = await process.run(arguments.listen or LISTEN, seconds)
            display.show(process.summary(), notes.last)
        problem = _tell(arguments, process, ended, place, clock)
    for error in place.wrong:
        raise error
    return status_of_run(ended, problem, notes)


@asynccontextmanager
async def _place(arguments: argparse.Namespace, bot: TradingBot) -> AsyncIterator[Place]:
    if arguments.venue == "endpoint":
        yield Place(None, None, arguments.journal or _kept_journal(bot))
        return
    account = Account(OWN_KEY.api_key, OWN_KEY.secret, BALANCES)
    simulator = Simulator(
        SimulatorOptions(
            recordings=tuple(arguments.recording),
            speed=arguments.speed,
            seed=arguments.seed,
            accounts=(account,),
            dialect=_DIALECTS[bot.spec.venue.exchange],
        )
    )
    require_fit(bot, simulator.exchange.listings.values())
    with tempfile.TemporaryDirectory(prefix="desk-") as folder:
        endpoint = await simulator.start()
        try:
            yield Place(simulator, endpoint, arguments.journal or Path(folder) / "journal.sqlite")
        finally:
            await simulator.stop()


def _credentials(arguments: argparse.Namespace, control: ControlFile, place: Place) -> CredentialSource:
    if place.simulator is not None:
        return fixed(OWN_KEY)
    if arguments.credentials is not None:
        return from_directory(arguments.credentials)
    return from_manifest(lambda: control.secrets)


def _require_folder(journal: Path | None) -> None:
    if journal is not None and not journal.parent.is_dir():
        raise Invalid("SpecInvalid", f"--journal {journal}: there is no folder {journal.parent}; make it first")


def _kept_journal(bot: TradingBot) -> Path:
    state_home = os.environ.get("XDG_STATE_HOME")
    folder = (Path(state_home) if state_home else Path.home() / ".local" / "state") / "desk"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        words = f"{folder}: {error.strerror}; say with --journal where the journal may be kept"
        raise Invalid("SpecInvalid", words) from None
    return folder / f"{bot.metadata.namespace}-{bot.metadata.name}.sqlite"


def _display(arguments: argparse.Namespace) -> LiveTable | Lines | Silence:
    if arguments.output == "json":
        return Silence()
    return LiveTable() if sys.stdout.isatty() else Lines()


async def _show(process: Process, display: LiveTable | Lines | Silence, notes: Notes, clock: Clock) -> None:
    while True:
        display.show(process.summary(), notes.last)
        await clock.sleep(display.seconds)


def _tell(
    arguments: argparse.Namespace, process: Process, ended: Ended, place: Place, clock: Clock
) -> tuple[str, str] | None:
    """Tell what the run came to; returns what still was wrong at its end."""
    summary, seen = process.summary(), process.bot.seen
    if summary is None or seen is None:
        return "EngineSilent", ended.message
    try:
        result = result_of(summary, ended, place.journal, header_of(seen, clock), place.books())
    except DeskError as error:
        return summary.problem or (error.reason, error.message)
    if arguments.output == "json":
        sys.stdout.write(json.dumps(result) + "\n")
    else:
        print_result(result)
    sys.stdout.flush()
    return summary.problem

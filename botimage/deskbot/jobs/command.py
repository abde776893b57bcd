"""`desk kill`: the arguments, the outcome as one JSON line, and the exit status (docs/halting.md).

0 confirmed, or a dry run walked through; 1 not confirmed; 2 wrong input. Whatever it is, the line says why.
"""

import argparse
import json
import sys
from datetime import timedelta
from pathlib import Path
from typing import Final

import uvloop

from deskapi.quantities import duration_between
from deskbot.core.errors import DeskError, Invalid
from deskbot.core.order_ids import bot_prefix
from deskbot.fencing.durations import LEASE_DURATION
from deskbot.jobs.emptying import Scope
from deskbot.jobs.kill import Kill, KillOrder, Outcome
from deskbot.runtime import logs
from deskbot.runtime.clock import NANOSECONDS, Clock
from deskbot.runtime.credentials import key_in
from deskbot.runtime.serve import with_signals
from deskbot.venues.ccxt_venue import CcxtVenue
from deskbot.venues.protocol import VenueSettings

TESTNET: Final = "Testnet"
LEASE_SECONDS: Final = LEASE_DURATION // NANOSECONDS
_SPAN: Final = duration_between("0s", "24h", "30s")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--exchange", required=True, metavar="ID", help="as in spec.venue.exchange")
    parser.add_argument("--market-type", required=True, choices=["Spot", "Swap"], help="as in spec.venue.marketType")
    parser.add_argument(
        "--mode",
        default=TESTNET,
        metavar="MODE",
        help="as in spec.mode: which of the venue's addresses the account is at (default: Testnet)",
    )
    parser.add_argument("--endpoint", metavar="URL", help="as in spec.venue.endpoint")
    parser.add_argument("--credentials", required=True, type=Path, metavar="DIR", help="files apiKey and secret")
    parser.add_argument(
        "--market", action="append", default=[], metavar="MARKET", help="a market that the bot ever had, repeatable"
    )
    parser.add_argument(
        "--scope",
        choices=["account", "markets"],
        default="account",
        help="account: every order of the account in the market type (default); markets: every order on the markets "
        "named, and the bot's own wherever they are",
    )
    parser.add_argument("--bot-uid", default="", metavar="UID", help="tells the bot's own orders from others")
    parser.add_argument("--bot", default="", metavar="NAMESPACE/NAME", help="for the outcome")
    parser.add_argument("--halt-id", default="", metavar="ID", help="for the outcome")
    parser.add_argument("--account-id", default="", metavar="ID", help="refuse a key that opens another account")
    parser.add_argument(
        "--lease",
        type=_duration,
        default=timedelta(seconds=LEASE_SECONDS),
        metavar="DURATION",
        help="how long from now the bot's process may still send: what is left of its Lease, 0s if it was seen "
        f"released (default: {LEASE_SECONDS}s)",
    )
    parser.add_argument(
        "--for", dest="patience", type=_duration, metavar="DURATION", help="give up after (default: never)"
    )
    parser.add_argument("--result", type=Path, metavar="FILE", help="write the outcome so far there, as it changes")
    parser.add_argument("--dry-run", action="store_true", help="ask everything, cancel nothing, confirm nothing")


def run(arguments: argparse.Namespace) -> int:
    """Empty the account and say what came of it."""
    clock = Clock()
    order = _order(arguments)
    note = _Result(arguments.result)
    try:
        venue = CcxtVenue(_settings(arguments), clock.now, clock.draw)
    except DeskError as error:
        now = clock.now()
        outcome = Outcome(order, now, now, reason=error.reason, message=error.message, wrong_input=True)
        note(outcome)
    else:
        outcome = uvloop.run(_run(order, venue, clock, note))
    sys.stdout.write(json.dumps(outcome.plain()) + "\n")
    sys.stdout.flush()
    return outcome.status


async def _run(order: KillOrder, venue: CcxtVenue, clock: Clock, note: "_Result") -> Outcome:
    logs.configure()
    kill = Kill(order, venue, clock, note)
    with_signals(lambda name: kill.stop(f"by {name}"))
    try:
        return await kill.run()
    finally:
        await venue.close()


def _order(arguments: argparse.Namespace) -> KillOrder:
    own = bot_prefix(arguments.bot_uid) if arguments.bot_uid else ""
    return KillOrder(
        scope=Scope(tuple(arguments.market), arguments.scope == "account", own),
        lease_seconds=arguments.lease.total_seconds(),
        account_id=arguments.account_id,
        halt_id=arguments.halt_id,
        bot=arguments.bot,
        dry_run=arguments.dry_run,
        patience_seconds=None if arguments.patience is None else arguments.patience.total_seconds(),
    )


def _settings(arguments: argparse.Namespace) -> VenueSettings:
    if arguments.mode != TESTNET:  # the test network shows no order of any other mode's account: that is no proof
        words = f"--mode {arguments.mode}: this version knows the accounts of {TESTNET} alone"
        raise Invalid("SpecInvalid", words)
    return VenueSettings(
        exchange=arguments.exchange,
        market_type=arguments.market_type,
        markets=tuple(arguments.market),
        credentials=key_in(arguments.credentials, str(arguments.credentials)),
        endpoint=arguments.endpoint,
    )


class _Result:
    """The file of the outcome: a container's termination message, so written in place; a missing one is no matter."""

    def __init__(self, file: Path | None) -> None:
        self._file = file

    def __call__(self, outcome: Outcome) -> None:
        if self._file is None:
            return
        try:
            self._file.write_text(json.dumps(outcome.plain()), encoding="utf-8")
        except OSError as error:
            sys.stderr.write(f"desk kill: {self._file}: {error.strerror}\n")


def _duration(text: str) -> timedelta:
    try:
        parsed: timedelta = _SPAN.parse(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error
    return parsed

"""`desk simulator`: a venue on this machine, for bots and for tests."""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import uvloop

from deskbot.core.errors import Invalid
from deskbot.matching import Latency
from deskbot.simulator.accounts import Account, Trait, parse_account
from deskbot.simulator.fault_script import read_file
from deskbot.simulator.server import RULES, Simulator, SimulatorOptions

ACCOUNTS_VARIABLE = "DESK_SIMULATOR_ACCOUNTS"
Parsed = TypeVar("Parsed")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--dialect",
        choices=sorted(RULES),
        default="bybit",
        help="whose filters, fees and limits the markets have (default: bybit); each is spoken under its own hosts",
    )
    parser.add_argument(
        "--listen",
        type=_typed(parse_address),
        default=("127.0.0.1", 8080),
        metavar="HOST:PORT",
        help="where to listen (default: 127.0.0.1:8080; port 0 takes a free one)",
    )
    parser.add_argument(
        "--recording",
        type=Path,
        action="append",
        default=[],
        metavar="FILE",
        help="market data to replay, repeatable; without one the market is synthetic",
    )
    parser.add_argument("--speed", type=_typed(parse_speed), default=1.0, metavar="N", help="divide the gaps by N")
    parser.add_argument(
        "--seed", type=int, default=0, metavar="N", help="for the synthetic market, ids, jitter, faults"
    )
    parser.add_argument(
        "--account",
        type=_typed(parse_account),
        action="append",
        default=[],
        metavar="KEY:SECRET:USDT=10000,BTC=1",
        help=f"an account, repeatable; a fourth part lists traits ({', '.join(Trait)}). "
        f"Where the command line can be read by others, put them (separated by blanks) into {ACCOUNTS_VARIABLE}",
    )
    parser.add_argument(
        "--faults",
        type=_typed(lambda text: read_file(Path(text))),
        default=[],
        metavar="FILE",
        help="a script of faults, YAML or JSON, its times counted from the start (docs/simulator.md)",
    )
    parser.add_argument(
        "--requests-per-second",
        type=_typed(positive),
        default=200,
        metavar="N",
        help="what each account may ask of each private endpoint (default: 200)",
    )
    parser.add_argument(
        "--requests-per-address",
        type=_typed(positive),
        default=0,
        metavar="N",
        help="in five seconds, or the address is banned for ten minutes, as on Bybit with 600 (default: no limit)",
    )
    parser.add_argument(
        "--weight-per-minute",
        type=_typed(positive),
        metavar="N",
        help="request weight Binance allows a client (default: 6000 on spot, 2400 on USD-M)",
    )
    parser.add_argument("--round-trip", type=_typed(milliseconds), default=0, metavar="MS", help="request and answer")
    parser.add_argument(
        "--latency", type=_typed(milliseconds), default=0, metavar="MS", help="acknowledgement to effect"
    )
    parser.add_argument("--jitter", type=_typed(milliseconds), default=0, metavar="MS", help="at most so much on top")


def run(arguments: argparse.Namespace) -> int:
    """Serves until SIGINT or SIGTERM. 2 for bad input, an address that is taken among it, with one line."""
    try:
        simulator = Simulator(read_options(arguments, os.environ.get(ACCOUNTS_VARIABLE, "")))
    except (Invalid, ValueError) as error:
        return _complain(str(error), 2)
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(_serve(simulator))
    except OSError as error:
        host, port = arguments.listen
        words = os.strerror(error.errno) if error.errno and error.errno > 0 else error.strerror or error
        return _complain(f"cannot listen on {host}:{port}: {words}; name a free port with --listen HOST:PORT", 2)
    except Invalid as error:
        return _complain(str(error), 2)
    return 0


def read_options(arguments: argparse.Namespace, accounts: str) -> SimulatorOptions:
    """`accounts` is the text of the environment variable. Raises ValueError with one line."""
    host, port = arguments.listen
    return SimulatorOptions(
        host=host,
        port=port,
        dialect=arguments.dialect,
        weight_per_minute=arguments.weight_per_minute,
        recordings=tuple(arguments.recording),
        speed=arguments.speed,
        seed=arguments.seed,
        accounts=_distinct([*arguments.account, *map(parse_account, accounts.split())]),
        latency=Latency(
            entry_ns=arguments.latency * 1_000_000,
            cancel_ns=arguments.latency * 1_000_000,
            jitter_ns=arguments.jitter * 1_000_000,
        ),
        round_trip_ms=arguments.round_trip,
        faults=tuple(arguments.faults),
        requests_per_second=arguments.requests_per_second,
        requests_per_address=arguments.requests_per_address,
    )


def _distinct(accounts: list[Account]) -> tuple[Account, ...]:
    keys = [account.key for account in accounts]
    for key in keys:
        if keys.count(key) > 1:
            raise ValueError(f"account {key} is given twice; every account needs a key of its own")
    return tuple(accounts)


async def _serve(simulator: Simulator) -> None:
    stopping = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    base_url = await simulator.start()
    try:
        _announce(simulator, base_url)
        await simulator.wait(stopping)
    finally:
        await simulator.stop()


def _announce(simulator: Simulator, base_url: str) -> None:
    options = simulator.options
    markets = ", ".join(listing.unified for listing in simulator.exchange.listings.values())
    data = f"replaying {len(options.recordings)} recording(s)" if options.recordings else "synthetic market"
    keys = ", ".join(account.key for account in options.accounts) or "none"
    line = f"exchange simulator at {base_url}: {markets}; {data}, seed {options.seed}; accounts: {keys}"
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def _complain(message: str, status: int) -> int:
    sys.stderr.write(f"desk simulator: {message}\n")
    return status


def parse_address(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    if not host or not port.isascii() or not port.isdigit() or int(port) > 65535:
        raise ValueError(f"{text!r} is no address; write HOST:PORT, such as 127.0.0.1:8080")
    return host.strip("[]"), int(port)


def parse_speed(text: str) -> float:
    try:
        speed = float(text)
    except ValueError:
        speed = 0.0
    if not 0 < speed <= 1_000_000:
        raise ValueError(f"{text!r} is no speed; write a number above 0, such as 10")
    return speed


def positive(text: str) -> int:
    if not text.isascii() or not text.isdigit() or int(text) == 0:
        raise ValueError(f"{text!r} is no number of requests; write a whole number above 0, such as 600")
    return int(text)


def milliseconds(text: str) -> int:
    if not text.isascii() or not text.isdigit():
        raise ValueError(f"{text!r} is no time; write whole milliseconds, such as 50")
    return int(text)


def _typed(parse: Callable[[str], Parsed]) -> Callable[[str], Parsed]:
    """A parser whose ValueError argparse shows as it is, as one line."""

    def typed(text: str) -> Parsed:
        try:
            return parse(text)
        except ValueError as error:
            raise argparse.ArgumentTypeError(str(error)) from error

    return typed

"""The arguments of `desk`."""

import argparse
from datetime import timedelta
from pathlib import Path
from typing import NoReturn

from deskapi.quantities import duration_between
from deskbot.cli.lazily import imported

MAX_SPEED = "max"
_NOT_IN_VIRTUAL_TIME = ("journal", "credentials", "listen", "log")
_LIFETIME = duration_between("1s", "9999h", "30s")


class OneLineParser(argparse.ArgumentParser):
    """Says what is wrong in one line; `--help` has the rest."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {message.removeprefix('argument ')}\n")


def parse(argv: list[str]) -> argparse.Namespace:
    """The arguments; wrong ones end the process with one line and status 2."""
    parser = OneLineParser(prog="desk", description="The bot's own command.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    run = commands.add_parser("run", help="run one bot", description="Run one bot, from a file or from a cluster.")
    _add_run(run)
    simulator = commands.add_parser("simulator", help="run the exchange simulator")
    if argv[:1] == ["simulator"]:
        imported("deskbot.simulator.command").add_arguments(simulator)
    simulate = commands.add_parser("simulate", help="live many lives in virtual time, with everything that goes wrong")
    if argv[:1] == ["simulate"]:
        imported("deskbot.simulation.command").add_arguments(simulate)
    kill = commands.add_parser("kill", help="cancel every order of a bot's account and prove that none is left")
    if argv[:1] == ["kill"]:
        imported("deskbot.jobs.command").add_arguments(kill)
    _add_journal(commands.add_parser("journal", help="look at a bot's journal"))
    bench = commands.add_parser("bench", help="measure the engine on a tape of quotes")
    if argv[:1] == ["bench"]:
        imported("deskbot.bench.command").add_arguments(bench)
    arguments = parser.parse_args(argv)
    if arguments.command == "run":
        _check_run(run, arguments)
    return arguments


def _add_journal(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", required=True, metavar="ACTION")
    words = "Show what a journal says, oldest first, each record proven by those before it; the bot may be running."
    show = actions.add_parser("show", help="show the records of a journal", description=words)
    show.add_argument("file", type=Path, metavar="FILE", help="the journal")
    show.add_argument("--since", type=_count, metavar="N", help="only records after this number")
    show.add_argument("--limit", type=_count, metavar="N", help="at most so many")
    show.add_argument("--output", choices=["table", "json"], default="table", help="json: one object a line")


def _add_run(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", nargs="?", type=Path, metavar="FILE", help="a YAML file with one TradingBot")
    parser.add_argument("--object", metavar="NAMESPACE/NAME", help="in a cluster: the TradingBot to serve")
    market = parser.add_argument_group("with a file: the simulator within (the default), or the spec's own venue")
    market.add_argument(
        "--venue",
        choices=["embedded", "endpoint"],
        default="embedded",
        help="endpoint: use the file's own venue and the Secret beside it instead of the simulator within",
    )
    market.add_argument(
        "--recording", type=Path, action="append", default=[], metavar="FILE", help="market data to replay, repeatable"
    )
    market.add_argument(
        "--speed",
        type=_speed,
        metavar="N",
        help="divide the gaps of the market data by N (default: 1); max: virtual time",
    )
    market.add_argument(
        "--seed", type=_seed, default=0, metavar="N", help="for whatever the simulator leaves to chance"
    )
    parser.add_argument("--for", dest="duration", type=_duration, metavar="DURATION", help="stop after this, e.g. 30s")
    parser.add_argument("--output", choices=["table", "json"], default="table", help="json: one object at the end")
    parser.add_argument("--journal", type=Path, metavar="PATH", help="where the journal is kept")
    parser.add_argument("--credentials", type=Path, metavar="DIR", help="a mounted Secret: files apiKey and secret")
    parser.add_argument("--listen", metavar="HOST:PORT", help="probes, metrics, report (default: 127.0.0.1:0)")
    parser.add_argument("--log", type=Path, metavar="FILE", help="with a file: append the log as JSON lines")


def _check_run(parser: argparse.ArgumentParser, arguments: argparse.Namespace) -> None:
    if (arguments.file is None) == (arguments.object is None):
        parser.error("name either a FILE or --object NAMESPACE/NAME")
    if arguments.object is not None and len(list(filter(None, arguments.object.split("/")))) != 2:
        parser.error(f"--object {arguments.object}: write NAMESPACE/NAME, for example default/bot1")
    if arguments.object is not None and (arguments.journal is None or arguments.credentials is None):
        parser.error("--object needs --journal PATH and --credentials DIR")
    if arguments.recording and (arguments.object is not None or arguments.venue == "endpoint"):
        parser.error("--recording is for the simulator within: leave out --object and --venue endpoint")
    if arguments.speed is not None and (arguments.object is not None or arguments.venue == "endpoint"):
        parser.error("--speed is for the simulator within: leave out --object and --venue endpoint")
    if arguments.speed == MAX_SPEED:
        for name in _NOT_IN_VIRTUAL_TIME:
            if getattr(arguments, name) is not None:
                parser.error(f"--speed max has nothing to do with --{name}: leave one of them out")
    arguments.speed = 1.0 if arguments.speed is None else arguments.speed


def _speed(text: str) -> float | str:
    if text == MAX_SPEED:
        return MAX_SPEED
    try:
        speed = float(text)
    except ValueError:
        speed = 0.0
    if not 0 < speed <= 1_000_000:
        raise argparse.ArgumentTypeError(f'"{text}" is no speed; write a number above 0, such as 10, or max')
    return speed


def _count(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f'"{text}" is no number; write a whole number, such as 100')
    return int(text)


def _seed(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f'"{text}" is no seed; write a whole number, such as 7') from None


def _duration(text: str) -> timedelta:
    try:
        parsed: timedelta = _LIFETIME.parse(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error
    return parsed

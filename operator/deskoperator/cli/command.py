"""`desk-operator run`: reads the arguments, runs the operator, says in one line why it cannot."""

import argparse
import asyncio
import os
import sys
from collections.abc import Sequence

from deskoperator.controller import logs
from deskoperator.controller.operator import Options, run
from deskoperator.errors import CannotStart


def main(arguments: Sequence[str] | None = None) -> int:
    """Entry point of the command; returns the exit status."""
    given = _parser().parse_args(arguments)
    host, port = given.listen
    namespace = None if given.all_namespaces else given.namespace
    logs.configure()
    try:
        asyncio.run(run(Options(given.bot_image, namespace, host, port, given.resync, given.kill_priority_class)))
    except CannotStart as error:
        print(f"desk-operator: {error}", file=sys.stderr)  # noqa: T201 the one line for the person who started it
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="desk-operator", description="Runs TradingBots in a Kubernetes cluster.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    command = commands.add_parser("run", help="run the operator until a signal ends it")
    command.add_argument("--bot-image", required=True, metavar="IMAGE", help="image of bots whose spec names none")
    command.add_argument(
        "--kill-priority-class",
        default="",
        metavar="NAME",
        help="PriorityClass of the Jobs that finish a halt which an engine does not confirm",
    )
    scope = command.add_mutually_exclusive_group()
    scope.add_argument(
        "--namespace",
        metavar="NS",
        default=os.environ.get("POD_NAMESPACE", "default"),
        help="serve the bots of this namespace (default: the operator's own, else default)",
    )
    scope.add_argument("--all-namespaces", action="store_true", help="serve the bots of every namespace")
    command.add_argument(
        "--listen",
        type=_address,
        default=("0.0.0.0", 8080),  # noqa: S104 probes and scrapes come from outside the pod
        metavar="HOST:PORT",
        help="where /healthz, /readyz and /metrics are served (default: 0.0.0.0:8080)",
    )
    command.add_argument(
        "--resync",
        type=_seconds,
        default=300.0,
        metavar="SECONDS",
        help="how often every bot is looked at without a cause (default: 300)",
    )
    return parser


def _address(text: str) -> tuple[str, int]:
    host, separator, port = text.rpartition(":")
    if not separator or not host or not port.isdecimal() or int(port) > 65535:
        raise argparse.ArgumentTypeError(f'"{text}" is not HOST:PORT; write for example 0.0.0.0:8080')
    return host.strip("[]"), int(port)


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < float("inf"):
        raise argparse.ArgumentTypeError(f'"{text}" is not a number of seconds above zero; write for example 300')
    return seconds

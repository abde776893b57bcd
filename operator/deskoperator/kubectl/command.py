"""The arguments of `kubectl desk`, which bots they mean, and the exit status (docs/halting.md).

0 every bot is halted and confirmed (a dry run: walked through), or released; 1 at least one is not; 2 wrong input, or
no bot that is meant; 3 no way to the cluster.
"""

import argparse
import asyncio
import logging
import sys
from collections.abc import Sequence
from datetime import timedelta
from typing import NoReturn

from kubernetes.aio.client import ApiClient

from deskapi.quantities import duration_between
from deskoperator.controller.cluster import Cluster
from deskoperator.controller.login import client_configuration, current_namespace
from deskoperator.controller.metrics import Metrics
from deskoperator.errors import ApiError, CannotStart
from deskoperator.kubectl.halt import Halting
from deskoperator.kubectl.release import bot_image
from deskoperator.kubectl.resume import Resuming
from deskoperator.kubectl.shown import show_halts, show_resumed
from deskoperator.resources.kinds import TRADING_BOT

_REQUEST_SECONDS = 10.0
_WRONG_INPUT, _NO_CLUSTER = 2, 3
_SPAN = duration_between("1s", "24h", "5m")


class _Parser(argparse.ArgumentParser):
    """Says what is wrong in one line; `--help` has the rest."""

    def error(self, message: str) -> NoReturn:
        self.exit(_WRONG_INPUT, f"{self.prog}: {message.removeprefix('argument ')}\n")


def main(arguments: Sequence[str] | None = None) -> int:
    """Entry point of the command; returns the exit status."""
    given = _parser().parse_args(arguments)
    # The command itself says in one line that there is no way to a cluster.
    logging.getLogger("kubernetes.aio.config.kube_config").setLevel(logging.ERROR)
    try:
        return asyncio.run(_run(given))
    except (CannotStart, ApiError) as error:
        return _complain(str(error), _NO_CLUSTER)
    except KeyboardInterrupt:
        return _complain("stopped: what was asked for goes on without this command", 1)


async def _run(given: argparse.Namespace) -> int:
    configuration = await client_configuration(given.kubeconfig, given.context)
    namespace = given.namespace or current_namespace(given.kubeconfig, given.context)
    async with ApiClient(configuration) as api:
        cluster = Cluster(api, Metrics(), timeout_seconds=_REQUEST_SECONDS)
        if given.command == "resume":
            return await _resume(given, cluster, namespace)
        return await _halt(given, cluster, namespace)


async def _halt(given: argparse.Namespace, cluster: Cluster, namespace: str) -> int:
    bots = await _meant(given, cluster, namespace)
    if not bots:
        return _complain("no TradingBot is meant by that", _WRONG_INPUT)

    async def image(place: str) -> str:
        return given.bot_image or await bot_image(cluster, place)

    halting = Halting(cluster, image, given.timeout)
    each = halting.rehearse if given.dry_run else halting.halt
    outcomes = await asyncio.gather(*(each(place, name) for place, name in bots))
    show_halts(outcomes, given.output)
    return 0 if all(one.done for one in outcomes) else 1


async def _resume(given: argparse.Namespace, cluster: Cluster, namespace: str) -> int:
    resumed = await Resuming(cluster, _yes if given.yes else _ask, given.timeout).resume(namespace, given.bot)
    show_resumed(resumed, given.output)
    return 1 if resumed.problem else 0


async def _meant(given: argparse.Namespace, cluster: Cluster, namespace: str) -> list[tuple[str, str]]:
    if given.bots:
        return [(namespace, name) for name in dict.fromkeys(given.bots)]
    found = await cluster.list(TRADING_BOT, None if given.all_namespaces else namespace, given.selector or "")
    return sorted((bot["metadata"]["namespace"], bot["metadata"]["name"]) for bot in found)


def _yes(_question: str) -> bool:
    return True


def _ask(question: str) -> bool:
    sys.stderr.write(f"{question} [y/N] ")
    sys.stderr.flush()
    return sys.stdin.readline().strip().lower() in ("y", "yes")


def _complain(message: str, status: int) -> int:
    sys.stderr.write(f"kubectl desk: {message}\n")
    return status


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="kubectl desk", description="Halts bots and releases halts, with the operator or without.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    halt = commands.add_parser("halt", help="cancel every order of bots, prove it, and keep them still")
    _add_halt(halt)
    resume = commands.add_parser("resume", help="acknowledge a bot's halt by its id, so that it trades again")
    resume.add_argument("bot", metavar="BOT")
    resume.add_argument("-y", "--yes", action="store_true", help="do not ask")
    _add_common(resume, timeout="1m")
    return parser


def _add_halt(halt: argparse.ArgumentParser) -> None:
    which = halt.add_mutually_exclusive_group(required=True)
    which.add_argument("bots", nargs="*", default=[], metavar="BOT")
    which.add_argument("-l", "--selector", metavar="LABELS", help="every bot with these labels")
    which.add_argument("--all", action="store_true", help="every bot of the namespace")
    halt.add_argument("-A", "--all-namespaces", action="store_true", help="with -l or --all: of every namespace")
    halt.add_argument("--dry-run", action="store_true", help="ask the venue everything, cancel and confirm nothing")
    halt.add_argument(
        "--bot-image",
        metavar="IMAGE",
        help="what a kill Job runs (default: what the operator's Deployment names; never the bot's own image)",
    )
    _add_common(halt, timeout="5m")


def _add_common(parser: argparse.ArgumentParser, *, timeout: str) -> None:
    parser.add_argument("-n", "--namespace", metavar="NS", help="default: that of the kubeconfig's context")
    parser.add_argument("--kubeconfig", metavar="FILE")
    parser.add_argument("--context", metavar="NAME")
    parser.add_argument("-o", "--output", choices=["table", "json"], default="table")
    parser.add_argument(
        "--timeout", type=_duration, default=timeout, metavar="DURATION", help=f"how long to wait (default: {timeout})"
    )


def _duration(text: str) -> timedelta:
    try:
        parsed: timedelta = _SPAN.parse(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error
    return parsed

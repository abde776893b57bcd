"""The command line: what may be asked for, and one line for whatever goes wrong."""

import argparse
import signal
import threading
from collections.abc import Sequence

from tests.cluster import tools
from tests.cluster.commands import say
from tests.cluster.control_plane import ControlPlane
from tests.cluster.errors import ClusterError


def main(arguments: Sequence[str] | None = None) -> int:
    """Does what is asked; 1 when it fails, 130 after Ctrl-C."""
    chosen = _parser().parse_args(arguments)
    try:
        chosen.action(chosen)
    except ClusterError as error:
        say(f"error: {error}")
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.cluster", description="Clusters for the tests and the demo.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    command = commands.add_parser("tools", help="say where the programs are, building what is missing")
    command.add_argument("names", nargs="*", metavar="NAME", help="programs (default: all)")
    command.set_defaults(action=_tools)

    command = commands.add_parser("control-plane", help="run a bare control plane until Ctrl-C")
    command.set_defaults(action=_control_plane)
    return parser


def _tools(chosen: argparse.Namespace) -> None:
    unknown = sorted(set(chosen.names) - set(tools.TOOLS))
    if unknown:
        raise ClusterError(f"no such program: {', '.join(unknown)}; there are {', '.join(sorted(tools.TOOLS))}")
    for name, path in tools.tools(chosen.names or sorted(tools.TOOLS)).items():
        print(f"{name}\t{path}")


def _control_plane(_: argparse.Namespace) -> None:
    stopped = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopped.set())
    with ControlPlane.start() as running:
        print(f"export KUBECONFIG={running.kubeconfig}", flush=True)
        stopped.wait()

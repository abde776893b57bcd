"""The command line: what may be asked for, and one line for whatever goes wrong."""

import argparse
import json
import signal
import subprocess
import threading
from collections.abc import Sequence

from tests.cluster import debian, kind, prefetch, tools, workflows
from tests.cluster.commands import say
from tests.cluster.control_plane import ControlPlane
from tests.cluster.errors import ClusterError
from tests.cluster.images import ensure_images


def main(arguments: Sequence[str] | None = None) -> int:
    """Does what is asked; 1 when it fails, 130 after Ctrl-C."""
    chosen = _parser().parse_args(arguments)
    try:
        return int(chosen.action(chosen) or 0)
    except ClusterError as error:
        say(f"error: {error}")
        return 1
    except KeyboardInterrupt:
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.cluster", description="Clusters for the tests and the demo.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    commands.add_parser("up", help="bring a cluster up with the desk's images in it").set_defaults(action=_up)
    command = commands.add_parser("down", help="take the cluster away, with all that was started for it")
    command.add_argument("--packages", action="store_true", help="Debian packages installed for it, too")
    command.set_defaults(action=_down)
    commands.add_parser("status", help="say what is up; exit status 3 when nothing is").set_defaults(action=_status)
    commands.add_parser("images", help="build the desk's images and load them").set_defaults(action=_images)
    command = commands.add_parser("prefetch", help="get ahead of time what the tests and the demo need")
    command.set_defaults(action=lambda _: prefetch.everything())

    command = commands.add_parser("tools", help="say where the programs are, building what is missing")
    command.add_argument("names", nargs="*", metavar="NAME", help="programs (default: all)")
    command.set_defaults(action=_tools)

    command = commands.add_parser("run", help="run one of the programs, built when it is missing")
    command.add_argument("name", metavar="NAME")
    command.add_argument("arguments", nargs=argparse.REMAINDER, metavar="ARGUMENT")
    command.set_defaults(action=_run)

    command = commands.add_parser("actionlint", help="check the GitHub workflows")
    command.set_defaults(action=lambda _: workflows.check())

    command = commands.add_parser("control-plane", help="run a bare control plane until Ctrl-C")
    command.set_defaults(action=_control_plane)
    return parser


def _up(chosen: argparse.Namespace) -> None:
    _images(chosen)
    _tell_how_to_reach(kind.up())


def _tell_how_to_reach(cluster: kind.Cluster) -> None:
    kubeconfig = cluster.kubectl.kubeconfig
    print("kubectl points at it" if kubeconfig is None else f"export KUBECONFIG={kubeconfig}")


def _down(chosen: argparse.Namespace) -> None:
    kind.down()
    if chosen.packages:
        debian.remove_installed_by_us()
    elif kept := debian.installed_by_us():
        say(f"kept: Debian's {', '.join(kept)}, installed for the cluster; `down --packages` removes them")


def _status(_: argparse.Namespace) -> int:
    cluster = kind.find()
    if cluster is None:
        print("no cluster is up")
        return 3
    print(cluster.kubectl("get", "nodes"), end="")
    _tell_how_to_reach(cluster)
    return 0


def _images(_: argparse.Namespace) -> None:
    cluster = kind.up()
    images = ensure_images(cluster)
    print(json.dumps({"operator": images.operator, "bot": images.bot}))


def _tools(chosen: argparse.Namespace) -> None:
    for name, path in tools.tools(_known(chosen.names) or sorted(tools.TOOLS)).items():
        print(f"{name}\t{path}")


def _run(chosen: argparse.Namespace) -> int:
    program = tools.tools(_known([chosen.name]))[chosen.name]
    return subprocess.run([program, *chosen.arguments], check=False).returncode


def _known(names: Sequence[str]) -> list[str]:
    unknown = sorted(set(names) - set(tools.TOOLS))
    if unknown:
        raise ClusterError(f"no such program: {', '.join(unknown)}; there are {', '.join(sorted(tools.TOOLS))}")
    return list(names)


def _control_plane(_: argparse.Namespace) -> None:
    stopped = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopped.set())
    with ControlPlane.start() as running:
        print(f"export KUBECONFIG={running.kubeconfig}", flush=True)
        stopped.wait()

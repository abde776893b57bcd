"""What a container engine leaves on a machine although it was told to stop, and how that is taken away again.

`take` before the engine starts, `remove_since` after it has ended. Only what the engine makes is touched: rules and
chains that name it, its bridges, its empty control groups, its folders, and two settings it changes.
"""

import contextlib
import os
import shlex
import shutil
from dataclasses import dataclass
from pathlib import Path

from tests.cluster.cache import remove
from tests.cluster.commands import run, succeeds

_FORWARDING = Path("/proc/sys/net/ipv4/ip_forward")
# What Debian's dockerd and its containerd write wherever their data lie: a key, an empty plugin folder, sockets.
_PLACES = (Path("/etc/docker/key.json"), Path("/opt/containerd"), Path("/run/containerd"))
_GROUPS = Path("/sys/fs/cgroup")


@dataclass(frozen=True)
class Traces:
    """The machine as it was: firewall as `iptables-save` prints it, links, forwarding, mount propagation of `/`."""

    firewall: str
    links: tuple[str, ...]
    forwarding: str
    shared_mounts: bool
    places: tuple[str, ...]
    groups: tuple[str, ...]


def take() -> Traces:
    """The machine as it is now."""
    return Traces(
        firewall=_firewall(),
        links=tuple(_links()),
        forwarding=_FORWARDING.read_text().strip(),
        shared_mounts=run(["findmnt", "-no", "PROPAGATION", "/"]).startswith("shared"),
        places=tuple(str(place) for place in _PLACES if place.exists()),
        groups=tuple(_engine_groups()),
    )


def remove_since(before: Traces) -> None:
    """Takes away what was not there before. The engine must have ended."""
    for command in firewall_residue(before.firewall, _firewall()):
        succeeds(command)
    for link in _links():
        if link not in before.links and (link == "docker0" or link.startswith("br-")):
            succeeds(["ip", "link", "delete", link])
    for group in _engine_groups():
        if group not in before.groups:
            _remove_group(Path(group))
    for place in _PLACES:
        in_use_by_another = (place / "containerd.sock").exists()
        if str(place) not in before.places and not in_use_by_another:
            remove(place)
    if not before.shared_mounts:
        run(["mount", "--make-rprivate", "/"])
    _FORWARDING.write_text(before.forwarding)


def firewall_residue(before: str, now: str) -> list[list[str]]:
    """The iptables commands that take away the engine's rules and chains, and turn back the one policy that it sets."""
    old, new = _parsed(before), _parsed(now)
    rules = [(table, line) for table, line in new if "docker" in line.lower() and line.startswith("-A ")]
    chains = [(table, line.split()[0][1:]) for table, line in new if line.startswith(":DOCKER")]
    known = {(table, line.split()[0][1:]) for table, line in old if line.startswith(":")}
    gone_rules = [(table, line) for table, line in rules if (table, line) not in old]
    gone_chains = [chain for chain in chains if chain not in known]
    return [
        *(["iptables", "-t", table, "-D", *shlex.split(line)[1:]] for table, line in gone_rules),
        *(["iptables", "-t", table, "-F", chain] for table, chain in gone_chains),
        *(["iptables", "-t", table, "-X", chain] for table, chain in gone_chains),
        *_forward_policy(old, new),
    ]


def _forward_policy(old: list[tuple[str, str]], new: list[tuple[str, str]]) -> list[list[str]]:
    was, now = (_policy_of_forward(lines) for lines in (old, new))
    return [] if was == now else [["iptables", "-t", "filter", "-P", "FORWARD", was]]


def _policy_of_forward(lines: list[tuple[str, str]]) -> str:
    """ACCEPT while the table was never used: then `iptables-save` leaves it out."""
    return next(
        (line.split()[1] for table, line in lines if table == "filter" and line.startswith(":FORWARD ")), "ACCEPT"
    )


def _parsed(saved: str) -> list[tuple[str, str]]:
    """Each chain and rule with its table; counters at the end of a chain's line left out."""
    table, lines = "", []
    for line in saved.splitlines():
        if line.startswith("*"):
            table = line[1:]
        elif line.startswith(":"):
            lines.append((table, line.partition(" [")[0]))
        elif line.startswith("-A "):
            lines.append((table, line))
    return lines


def _firewall() -> str:
    return run(["iptables-save"]) if shutil.which("iptables-save") else ""


def _links() -> list[str]:
    return sorted(path.name for path in Path("/sys/class/net").iterdir())


def _engine_groups() -> list[str]:
    """The engine's control groups: `docker` at the top of each hierarchy, or of the only one."""
    return sorted(str(path) for path in (*_GROUPS.glob("docker"), *_GROUPS.glob("*/docker")) if path.is_dir())


def _remove_group(group: Path) -> None:
    """A control group goes by rmdir, its children first; one that is in use stays."""
    for directory, _, _ in os.walk(group, topdown=False):
        _remove_if_empty(Path(directory))


def _remove_if_empty(directory: Path) -> None:
    with contextlib.suppress(OSError):
        directory.rmdir()

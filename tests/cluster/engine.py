"""The container engine: one that answers `docker info`, else a Docker daemon of our own from Debian's package.

Ours has its data, its socket and its settings in the state directory, so that it meets no other engine and can be taken
away whole. What it was started with, and how the machine was before, is noted there.
"""

import dataclasses
import json
import os
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.cluster import debian, reduced_runtime, traces
from tests.cluster.cache import state_directory
from tests.cluster.commands import progress, run, succeeds, wait_until
from tests.cluster.errors import MissingProgramError
from tests.cluster.processes import end, is_running, last_lines, start_detached
from tests.cluster.traces import Traces

_PACKAGES = ("docker.io", "iptables", "iproute2")
_SYS_RESOURCE = 24  # the bit of CAP_SYS_RESOURCE, linux/capability.h
_RUN = Path("/run/desk-engine")  # sockets and mounts of the daemon: a short path, gone with the next boot


@dataclass(frozen=True)
class Engine:
    """A container engine, by its client program and the address of its socket (None: the client's own default)."""

    client: str
    address: str | None

    @property
    def environment(self) -> dict[str, str]:
        """What programs need that call the client themselves (kind does)."""
        return {} if self.address is None else {"DOCKER_HOST": self.address}

    def command(self, *arguments: str) -> list[str]:
        """The client's whole command line."""
        return [self.client, *(() if self.address is None else ("--host", self.address)), *arguments]

    def run(self, *arguments: str, environment: dict[str, str] | None = None) -> str:
        """Standard output of `docker ARGUMENTS`."""
        return run(self.command(*arguments), environment=environment)

    def answers(self) -> bool:
        """Whether the daemon behind it is there."""
        return succeeds(self.command("info"))

    def has_image(self, name: str) -> bool:
        """Whether it holds the image."""
        return succeeds(self.command("image", "inspect", "--format", "{{.Id}}", name))


@dataclass(frozen=True)
class _Started:
    """Our daemon: its process id and the machine before it."""

    process_id: int
    before: Traces


def ensure_engine() -> Engine:
    """An engine that answers, started when there is none. Raises MissingProgramError where none can be had."""
    return find_engine() or _start()


def find_engine() -> Engine | None:
    """Our own engine when it runs, else one that answers by itself."""
    client = shutil.which("docker")
    if client is None:
        return None
    own = Engine(client, _address())
    if _started() is not None and own.answers():
        return own
    other = Engine(client, None)
    return other if other.answers() else None


def is_ours(engine: Engine) -> bool:
    """Whether we started it, so that it ends with the cluster."""
    return engine.address == _address()


def stop_engine() -> None:
    """Ends our own daemon and removes all that it made; without one there is nothing to do."""
    started = _started()
    if started is None:
        return
    with progress("stopping the container engine"):
        end(started.process_id, "dockerd")
        _unmount_below(_directory(), _RUN)
        traces.remove_since(started.before)
        shutil.rmtree(_RUN, ignore_errors=True)
        shutil.rmtree(_directory())


def lacks_sys_resource(status: str) -> bool:
    """Whether a `/proc/PID/status` shows a bounding set without CAP_SYS_RESOURCE."""
    bounding = next(line.split()[1] for line in status.splitlines() if line.startswith("CapBnd:"))
    return not int(bounding, 16) & (1 << _SYS_RESOURCE)


def _start() -> Engine:
    _require_root()
    debian.require_packages(_PACKAGES, "no container engine answers `docker info`: starting one")
    found = find_engine()  # where services start on installation, it runs by now
    if found is not None:
        return found
    with progress("starting a container engine"):
        return _start_daemon()


def _require_root() -> None:
    if os.geteuid() != 0:
        raise MissingProgramError("no container engine answers `docker info`, and starting one takes root")


def _start_daemon() -> Engine:
    before = traces.take()
    _directory().mkdir(parents=True, exist_ok=True)
    log = _directory() / "dockerd.log"
    if not before.shared_mounts:
        run(["mount", "--make-rshared", "/"])  # a node shares mounts with its pods
    process_id = start_detached(_daemon_command(), log)
    _write_record(_Started(process_id, before))
    engine = Engine(shutil.which("docker") or "docker", _address())

    def holds() -> bool:
        if not is_running(process_id):
            raise MissingProgramError(f"the container engine ended while starting: {last_lines(log)}")
        return engine.answers()

    wait_until("the container engine answers", holds, timeout_seconds=60)
    return engine


def _daemon_command() -> list[str | Path]:
    settings = _directory() / "daemon.json"
    settings.write_text("{}")
    return [
        *("dockerd", "--host", _address(), "--config-file", settings),
        *("--data-root", _directory() / "data", "--exec-root", _RUN, "--pidfile", _directory() / "dockerd.pid"),
        *_runtime_flags(),
    ]


def _runtime_flags() -> list[str]:
    if not lacks_sys_resource(Path("/proc/self/status").read_text()):
        return []
    wrapper = _directory() / "runc-reduced"
    runc = shutil.which("runc") or "/usr/sbin/runc"
    wrapper.write_text(f'#!/bin/sh\nexec "{sys.executable}" -I -S "{reduced_runtime.__file__}" "{runc}" "$@"\n')
    wrapper.chmod(0o755)
    return ["--add-runtime", f"reduced={wrapper}", "--default-runtime", "reduced"]


def _unmount_below(*directories: Path) -> None:
    """What a killed container left mounted; the innermost first."""
    places = [line.split()[1] for line in Path("/proc/self/mounts").read_text().splitlines()]
    for place in sorted(places, key=len, reverse=True):
        if any(Path(place).is_relative_to(directory) for directory in directories):
            succeeds(["umount", "--lazy", place])


def _directory() -> Path:
    return state_directory() / "engine"


def _address() -> str:
    return f"unix://{_directory() / 'docker.sock'}"


def _record() -> Path:
    return _directory() / "started.json"


def _write_record(started: _Started) -> None:
    _record().write_text(json.dumps(dataclasses.asdict(started)))


def _started() -> _Started | None:
    try:
        record = json.loads(_record().read_text())
    except FileNotFoundError:
        return None
    before: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in record["before"].items()
    }
    return _Started(record["process_id"], Traces(**before))

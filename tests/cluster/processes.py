"""Long-running programs: started with a log, ended for certain."""

import os
import shutil
import signal
import socket
import subprocess
from collections.abc import Sequence
from pathlib import Path

from tests.cluster.commands import wait_until
from tests.cluster.errors import ClusterError


class Process:
    """A child of ours. It ends when we end it, and also when this process dies without doing so."""

    def __init__(self, name: str, command: Sequence[str | Path], log: Path) -> None:
        self.name = name
        self.log = log
        with log.open("ab") as output:
            self._child = subprocess.Popen(
                [*_ends_with_its_parent(), *(str(part) for part in command)],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # Ctrl-C goes to us alone; we end it in our order
            )

    def check(self) -> None:
        """Raises ClusterError with the end of its log when the process is no longer running."""
        if self._child.poll() is not None:
            raise ClusterError(f"{self.name} ended with exit status {self._child.returncode}: {last_lines(self.log)}")

    def stop(self, *, patience_seconds: float = 5.0) -> None:
        """Asks it to end, then makes it."""
        if self._child.poll() is None:
            self._child.terminate()
        try:
            self._child.wait(patience_seconds)
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.wait()


_detached: list[subprocess.Popen[bytes]] = []  # kept: a Popen that is collected while its program runs raises a warning


def start_detached(command: Sequence[str | Path], log: Path) -> int:
    """Starts a program that outlives us, and returns its process id."""
    with log.open("ab") as output:
        child = subprocess.Popen(
            [str(part) for part in command],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    _detached.append(child)
    return child.pid


def is_running(process_id: int, program: str | None = None) -> bool:
    """Whether that process runs (that program): not a zombie, nor another program under its old id."""
    try:
        status = Path(f"/proc/{process_id}/status").read_text()
    except OSError:
        return False
    fields = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
    return program in {None, fields["Name"]} and not fields["State"].startswith("Z")


def end(process_id: int, program: str, *, patience_seconds: float = 20.0) -> None:
    """Ends a detached program: asks, waits, makes it."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        if not is_running(process_id, program):
            return
        os.kill(process_id, number)
        try:
            wait_until(f"{program} ends", lambda: not is_running(process_id, program), timeout_seconds=patience_seconds)
        except ClusterError:
            continue


def last_lines(log: Path, count: int = 4) -> str:
    """The end of a log on one line."""
    return " | ".join(log.read_text(errors="replace").splitlines()[-count:])[-1500:] or "its log is empty"


def free_ports(count: int) -> list[int]:
    """Loopback ports that nothing listens on just now, all different."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    try:
        return [int(held.getsockname()[1]) for held in sockets]
    finally:
        for held in sockets:
            held.close()


def _ends_with_its_parent() -> list[str]:
    setpriv = shutil.which("setpriv")
    return [] if setpriv is None else [setpriv, "--pdeathsig", "KILL", "--"]

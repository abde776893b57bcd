"""Real processes for the component tier: a simulator and a bot, each its own `desk`, on loopback."""

import json
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from deskbot.core.records import Record
from deskbot.runtime.clock import Clock
from deskbot.runtime.control_file import ControlFile
from deskbot.runtime.journal import open_journal
from deskbot.runtime.session import header_of

T = TypeVar("T")
DESK = [sys.executable, "-m", "deskbot.cli"]
KEY = "bot-key"


class Desk:
    """One `desk` process; its stderr goes to a file that a failing test shows."""

    def __init__(self, arguments: list[str], log: Path) -> None:
        self.log = log
        with log.open("ab") as stderr:
            self.process = subprocess.Popen([*DESK, *arguments], stdout=subprocess.PIPE, stderr=stderr, text=True)

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        self._close()

    def terminate(self, seconds: float = 12) -> int:
        """SIGTERM, and the exit status."""
        self.process.send_signal(signal.SIGTERM)
        status = self.process.wait(seconds)
        self._close()
        return status

    def _close(self) -> None:
        if self.process.stdout is not None:
            self.process.stdout.close()


@contextmanager
def simulator(folder: Path, *arguments: str) -> Iterator[str]:
    """A simulator with one account; yields its base URL."""
    account = f"{KEY}:bot-secret:USDT=1000000,BTC=10"
    desk = Desk(["simulator", "--listen", "127.0.0.1:0", "--account", account, *arguments], folder / "simulator.log")
    try:
        assert desk.process.stdout is not None
        announced = desk.process.stdout.readline()
        assert " at http" in announced, desk.log.read_text()
        yield announced.split(" at ")[1].split(": ")[0]
    finally:
        if desk.process.poll() is None:
            desk.terminate()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def get(url: str) -> Any:
    with urllib.request.urlopen(url, timeout=10) as response:  # noqa: S310 loopback
        return json.loads(response.read())


def answers(url: str) -> int:
    """The HTTP status of a probe; 0 while nobody listens."""
    try:
        with urllib.request.urlopen(url, timeout=2) as response:  # noqa: S310 loopback
            return int(response.status)
    except urllib.error.HTTPError as error:
        return error.code
    except OSError:
        return 0


def until(condition: Callable[[], T | None], seconds: float, what: str) -> T:
    """Wait for a condition of another process."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = condition()
        if found:
            return found
        time.sleep(0.02)
    raise AssertionError(f"after {seconds} s: {what}")


def journal_of(file: Path, journal: Path) -> list[Record]:
    """The records of a journal as they are on the disk now, read from a copy."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "journal.sqlite"
        for suffix in ("", "-wal"):
            part = Path(f"{journal}{suffix}")
            if part.exists():
                shutil.copy(part, f"{copy}{suffix}")
        clock = Clock()
        opened = open_journal(copy, header_of(ControlFile(file, clock).seen, clock))
        try:
            return list(opened.records())
        finally:
            opened.close()

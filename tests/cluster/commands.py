"""Runs programs to their end and says what takes long."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.cluster.errors import ClusterError

REPEAT_AFTER_SECONDS = 15.0


def say(line: str) -> None:
    """Progress goes to standard error: standard output belongs to results."""
    print(line, file=sys.stderr, flush=True)


@contextmanager
def progress(what: str) -> Iterator[None]:
    """Says what starts, every 15 s that it still runs, and how long it took."""
    started = time.monotonic()
    finished = threading.Event()
    say(f"… {what}")
    reporter = threading.Thread(target=_repeat, args=(what, started, finished), daemon=True)
    reporter.start()
    try:
        yield
    finally:
        finished.set()
        reporter.join()
    say(f"✓ {what} ({time.monotonic() - started:.1f} s)")


def _repeat(what: str, started: float, finished: threading.Event) -> None:
    while not finished.wait(REPEAT_AFTER_SECONDS):
        say(f"… {what}: {time.monotonic() - started:.0f} s so far")


def run(
    command: Sequence[str | Path],
    *,
    environment: Mapping[str, str] | None = None,
    directory: Path | None = None,
    given: str | None = None,
    timeout_seconds: float | None = None,
) -> str:
    """Standard output of a command. Raises ClusterError with the end of its standard error when it fails."""
    try:
        done = subprocess.run(
            [str(part) for part in command],
            env={**os.environ, **(environment or {})},
            cwd=directory,
            input=given,
            stdin=subprocess.DEVNULL if given is None else None,
            capture_output=True,
            text=True,
            timeout=timeout_seconds,
            check=False,
        )
    except FileNotFoundError as error:
        raise ClusterError(f"cannot run {command[0]}: no such program on this machine") from error
    except subprocess.TimeoutExpired as error:
        raise ClusterError(f"{_shown(command)}: no answer within {timeout_seconds:.0f} s") from error
    if done.returncode != 0:
        raise ClusterError(f"{_shown(command)}: exit status {done.returncode}: {_ending(done.stderr or done.stdout)}")
    return done.stdout


def succeeds(command: Sequence[str | Path], *, timeout_seconds: float = 20.0) -> bool:
    """Whether a command ends with exit status 0 in time."""
    try:
        run(command, timeout_seconds=timeout_seconds)
    except ClusterError:
        return False
    return True


def wait_until(
    condition: str, holds: Callable[[], bool], *, timeout_seconds: float, every_seconds: float = 0.1
) -> None:
    """Asks `holds()` until it is true. Raises ClusterError naming the condition when time is up."""
    deadline = time.monotonic() + timeout_seconds
    while not holds():
        if time.monotonic() > deadline:
            raise ClusterError(f"not within {timeout_seconds:.0f} s: {condition}")
        time.sleep(every_seconds)


def _shown(command: Sequence[str | Path]) -> str:
    program, *arguments = (str(part) for part in command)
    return " ".join([Path(program).name, *arguments])[:200]


def _ending(text: str) -> str:
    lines = [line for line in text.strip().splitlines() if line.strip()]
    return " | ".join(lines[-5:])[-1500:] or "it said nothing"

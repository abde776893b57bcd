"""The bot's object from a YAML file: what `kubectl apply` would send, read again whenever the file changes.

There is no API server to count or to name things: the generation is the number of edits, the UID follows from
namespace and name, so that the same file finds the same journal. A file that is gone for longer than an editor needs
to replace it counts as a deleted object.
"""

import hashlib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import structlog
import yaml

from deskapi import KIND, load_manifest
from deskapi import Invalid as InvalidObject
from deskbot.core.errors import Invalid
from deskbot.runtime.clock import Clock
from deskbot.runtime.observation import Deliver, Observation, gone, observe, tightened

POLL_SECONDS = 0.25
GONE_AFTER_POLLS = 8

_log = structlog.get_logger("deskbot.control")
_Stamp = tuple[int, int, int]


class ControlFile:
    """One TradingBot and the Secrets it needs, in one file."""

    def __init__(self, path: Path, clock: Clock) -> None:
        """Read the file for the first time. Raises Invalid SpecInvalid with one clear line."""
        self._path = path
        self._clock = clock
        self._stamp = _stamp(path)
        self._missed = 0
        try:
            raw, self.secrets = load_manifest(path.read_text(encoding="utf-8"))
        except InvalidObject as error:
            raise Invalid("SpecInvalid", f"{path}: {'; '.join(error.problems)}") from None
        except OSError as error:
            raise Invalid("SpecInvalid", f"{path}: {error.strerror}; name a file with one {KIND}") from None
        except UnicodeDecodeError:
            raise Invalid("SpecInvalid", f"{path}: not a text file; name a YAML file with one {KIND}") from None
        self.seen = observe(raw, _uid(raw), 1, None)

    async def run(self, deliver: Deliver) -> None:
        """Deliver the object now and at every change."""
        deliver(self.seen)
        while True:
            await self._clock.sleep(POLL_SECONDS)
            now = self._look()
            if now != self.seen:
                self.seen = now
                deliver(now)

    def _look(self) -> Observation:
        stamp = _stamp(self._path)
        if stamp is None:
            self._missed += 1
            return gone(self.seen) if self._missed >= GONE_AFTER_POLLS else self.seen
        if stamp == self._stamp and self._missed < GONE_AFTER_POLLS:
            self._missed = 0
            return self.seen
        self._missed = 0
        self._stamp = stamp
        return self._read()

    def _read(self) -> Observation:
        try:
            text = self._path.read_text(encoding="utf-8", errors="replace")
        except OSError:
            self._stamp = None  # it went away in this very moment: look again
            return self.seen
        try:
            raw, self.secrets = load_manifest(text)
        except InvalidObject as error:
            seen = tightened(_find_bot(text), self.seen, error)
        else:
            seen = observe(raw, self.seen.uid, self.seen.generation + 1, self.seen)
        if seen.wrong and seen.wrong != self.seen.wrong:
            _log.warning("edit_refused", file=str(self._path), message=seen.wrong)
        return seen


def _stamp(path: Path) -> _Stamp | None:
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino


def _find_bot(text: str) -> Mapping[str, Any]:
    """The TradingBot of a text that is wrong somewhere, as far as there is one."""
    try:
        documents = list(yaml.safe_load_all(text))
    except yaml.YAMLError:
        return {}
    return next((found for found in documents if isinstance(found, dict) and found.get("kind") == KIND), {})


def _uid(raw: Mapping[str, Any]) -> str:
    metadata = raw["metadata"]
    name = f"{metadata.get('namespace', 'default')}/{metadata['name']}"
    return str(metadata.get("uid") or hashlib.sha256(name.encode()).hexdigest()[:32])

"""The log of a run in a terminal: one plain line for a person, the whole of it to a file if one is named."""

import json
import logging
import sys
from collections import deque
from pathlib import Path
from typing import TextIO

from deskbot.core.errors import Invalid
from deskbot.runtime import logs

KEPT = 3
_ROUTINE = {"event", "level", "timestamp", "exception", "attempt"}


class Notes:
    """Stands where stderr would be: takes JSON lines, shows what a person needs of them.

    `quiet` keeps the lines for whoever draws the screen instead of writing them over it. Raises Invalid for a file
    that cannot be written.
    """

    def __init__(self, file: Path | None, *, quiet: bool) -> None:
        self.last: deque[str] = deque(maxlen=KEPT)
        self._quiet = quiet
        self._file: TextIO | None = _opened(file) if file is not None else None
        logs.configure(stream=self, level=logging.WARNING if file is None else logging.INFO)

    def write(self, text: str) -> int:
        """One or more JSON lines of the log."""
        if self._file is not None:
            self._file.write(text)
        for line in filter(None, text.split("\n")):
            self._note(line)
        return len(text)

    def has_said(self, message: str) -> bool:
        """Whether a person has just read this on stderr."""
        return not self._quiet and message in self.last

    def flush(self) -> None:
        """Write out what is buffered."""
        if self._file is not None:
            self._file.flush()

    def _note(self, line: str) -> None:
        try:
            event = json.loads(line)
        except ValueError:  # somebody wrote around the log
            event = {"event": line}
        if event.get("level") in ("debug", "info"):
            return
        words = ", ".join(f"{name} {value}" for name, value in event.items() if name not in _ROUTINE)
        note = str(event.get("message") or f"{event['event'].replace('_', ' ')}{': ' if words else ''}{words}")
        if self.last and self.last[-1] == note:
            return
        self.last.append(note)
        if not self._quiet:
            sys.stderr.write(f"desk run: {note}\n")


def _opened(file: Path) -> TextIO:
    try:
        return file.open("a", encoding="utf-8")
    except OSError as error:
        raise Invalid("SpecInvalid", f"--log {file}: {error.strerror}; name a file that can be written") from None

"""Where a run's journal records and decisions go: into the bytes a journal would hold, which are counted and let go."""

import hashlib
from typing import Any, Final

from deskbot.core.decisions import Decision
from deskbot.runtime.encoding import encode_lines

GROUP: Final = 1000  # lines are encoded together, as a journal writes a batch: a call saves 0.2 us a line


class Sink:
    """Encodes records and decisions in groups, in order. With `digest`, also takes their SHA-256.

    `rows` are those that wait: a record's is appended right here.
    """

    __slots__ = ("_hash", "rows", "written")

    def __init__(self, digest: bool) -> None:
        self.rows: list[tuple[Any, ...]] = []
        self._hash: Any = hashlib.sha256() if digest else None
        self.written = 0

    def decided(self, decision: Decision) -> None:
        """Take one decision."""
        self.rows.append(decision.row())

    def rest(self) -> None:
        """A pass is over: a group that is full is encoded."""
        if len(self.rows) >= GROUP:
            self.flush()

    def flush(self) -> None:
        """Encode what waits."""
        lines = encode_lines(self.rows)
        self.rows = []
        self.written += len(lines)
        if self._hash is not None:
            self._hash.update(lines)

    def hexdigest(self) -> str:
        """The digest of everything so far; "" when none was wanted."""
        self.flush()
        return "" if self._hash is None else str(self._hash.hexdigest())

"""Books that REST has shown, so that the depth streams leave out nothing that a reader of them may miss.

An event tells what changed since the one before, and so does the venue's: every level that was touched, even one that
is again as it was. A reader may have seen the moment between, from REST; the levels that differ from that moment
belong into the event too.
"""

from __future__ import annotations

from collections import deque

from deskbot.matching import BookView

KEPT = 32  # a reader that joins a stream with an older one has to ask again on the real venue too


class Snapshots:
    """The newest books shown, by market key."""

    def __init__(self) -> None:
        self._shown: dict[str, deque[BookView]] = {}

    def show(self, key: str, view: BookView) -> BookView:
        """Note a book that is about to be shown."""
        self._shown.setdefault(key, deque(maxlen=KEPT)).append(view)
        return view

    def since(self, key: str, sequence: int) -> list[BookView]:
        """What was shown after a change of the book."""
        return [view for view in self._shown.get(key, ()) if view.sequence > sequence]

"""Ids that were booked already: the newest of them by name, everything older by its time.

A venue repeats an execution within minutes (reconnect, backfill, an overlapping question). Of more than `most` ids only
the newest are kept, and what is from before the oldest of those counts as booked.
"""


class Remembered:
    """The ids of one market's executions, or of its fundings."""

    __slots__ = ("forgotten_ms", "ids", "most")

    def __init__(self, most: int) -> None:
        self.most = most
        self.ids: dict[str, int] = {}
        self.forgotten_ms = -1

    def has(self, identity: str, venue_ms: int) -> bool:
        """Whether this one was booked."""
        return identity in self.ids or venue_ms <= self.forgotten_ms

    def add(self, identity: str, venue_ms: int) -> None:
        """Note one that is booked now."""
        self.ids[identity] = venue_ms
        if len(self.ids) > self.most:
            self.forgotten_ms = max(self.forgotten_ms, self.ids.pop(next(iter(self.ids))))

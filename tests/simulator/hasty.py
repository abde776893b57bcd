"""A wall clock that can be told to skip time, for everything that takes a venue seconds or hours."""

from deskbot.simulator.clock import WallClock


class HastyClock(WallClock):
    """`skip` lets time pass at once; what waits by the event loop still takes its time."""

    def __init__(self) -> None:
        super().__init__()
        self._skipped_ns = 0

    def skip(self, seconds: float) -> None:
        self._skipped_ns += int(seconds * 1e9)

    def now_ns(self) -> int:
        return super().now_ns() + self._skipped_ns

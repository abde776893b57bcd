"""One-minute candles of one market: the venue's own, and the middle of the book where the venue is silent.

    Candle (venue) ──add──▶ CandleSeries ──▶ strategies, by `View.candles`
    Timer ──────────sample──▶┘

A candle is closed when a later one has begun, whatever the venue calls it: no rule of a venue's is needed. What a
venue says of a minute replaces what was sampled of it. Memory is bounded; nothing here is in the journal, after a
restart the venue's history comes first.
"""

from typing import Final

from mypy_extensions import mypyc_attr

MINUTE_MS: Final = 60_000
KEPT: Final = 500  # closed candles that a strategy may look back on
VENUE_PATIENCE_MS: Final = 2 * MINUTE_MS  # after which the middle of the book stands in
_MILLISECOND: Final = 1_000_000


@mypyc_attr(acyclic=True)
class Candle:
    """One minute of trading from `start_ms` (milliseconds since the epoch) on: prices in ticks, volume in lots."""

    __slots__ = ("at", "close", "high", "lots", "low", "market", "open", "start_ms")

    def __init__(
        self, at: int, market: str, start_ms: int, open_: int, high: int, low: int, close: int, lots: int
    ) -> None:
        self.at = at
        self.market = market
        self.start_ms = start_ms
        self.open = open_
        self.high = high
        self.low = low
        self.close = close
        self.lots = lots


class CandleSeries:
    """Closed candles, oldest first, and the one that forms. For strategies it is read-only.

    `count` is how many have closed since the engine began: a strategy that keeps an indicator looks at what is new.
    What was sampled of `forming` changes until it closes.
    """

    __slots__ = ("_closed", "_market", "_venue_ms", "count", "forming")

    def __init__(self, market: str) -> None:
        self.forming: Candle | None = None
        self.count = 0
        self._market = market
        self._closed: list[Candle] = []
        self._venue_ms = 0  # the newest minute that the venue told of

    def closed(self, most: int = KEPT) -> list[Candle]:
        """The newest closed candles, at most so many, oldest first."""
        return self._closed[-min(most, KEPT) :] if most > 0 else []

    def add(self, candle: Candle) -> None:
        """What the venue says of a minute, perhaps for the last time, perhaps once more."""
        self._venue_ms = max(self._venue_ms, candle.start_ms)
        self._take(candle)

    def sample(self, at: int, half_mid: int) -> None:
        """The middle of the book at an engine time; it counts only while the venue tells nothing."""
        now_ms = at // _MILLISECOND
        start_ms = now_ms - now_ms % MINUTE_MS
        if start_ms - self._venue_ms < VENUE_PATIENCE_MS:
            return
        ticks = half_mid // 2
        forming = self.forming
        if forming is None or forming.start_ms != start_ms:
            self._take(Candle(at, self._market, start_ms, ticks, ticks, ticks, ticks, 0))
            return
        forming.at = at  # one that was sampled: what the venue tells is from minutes ago
        forming.close = ticks
        if ticks > forming.high:
            forming.high = ticks
        elif ticks < forming.low:
            forming.low = ticks

    def _take(self, candle: Candle) -> None:
        forming = self.forming
        if forming is None or candle.start_ms == forming.start_ms:
            self.forming = candle
        elif candle.start_ms > forming.start_ms:
            self._close(forming)
            self.forming = candle
        elif self._closed and self._closed[-1].start_ms == candle.start_ms:
            self._closed[-1] = candle  # the last word on a minute may come after the next has begun

    def _close(self, candle: Candle) -> None:
        self._closed.append(candle)
        self.count += 1
        if len(self._closed) >= 2 * KEPT:  # seldom, so that closing stays O(1)
            del self._closed[:-KEPT]

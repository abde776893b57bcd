"""The public trades of one market and what is summed from them: last price, one-minute candles, the last 24 hours."""

from collections import deque
from typing import NamedTuple

from deskbot.matching.listing import Listing
from deskbot.matching.market_data import PublicTrade
from deskbot.matching.reports import Candle, TradePrint

MINUTE_NS = 60_000_000_000
DAY_NS = 1440 * MINUTE_NS
TRADES_KEPT = 1000


class _Minute:
    __slots__ = ("close", "high", "low", "open", "start_ns", "turnover", "volume")

    def __init__(self, start_ns: int, ticks: int) -> None:
        self.start_ns = start_ns
        self.open = self.high = self.low = self.close = ticks
        self.volume = 0
        self.turnover = 0

    def add(self, ticks: int, lots: int) -> None:
        self.close = ticks
        self.high = max(self.high, ticks)
        self.low = min(self.low, ticks)
        self.volume += lots
        self.turnover += ticks * lots


class Day(NamedTuple):
    """24 hours of trades; without any, no prices."""

    open: int | None
    high: int | None
    low: int | None
    volume: int
    turnover: int


class Tape:
    """Trades in order of their ids, which count up from 1 and never start over."""

    __slots__ = ("_listing", "_minutes", "_trades", "last", "last_id")

    def __init__(self, listing: Listing) -> None:
        self._listing = listing
        self._trades: deque[tuple[int, int, int, int, bool]] = deque(maxlen=TRADES_KEPT)
        self._minutes: deque[_Minute] = deque(maxlen=DAY_NS // MINUTE_NS)
        self.last: int | None = None
        self.last_id = 0

    def add(self, event: PublicTrade, time_ns: int) -> None:
        """Note a trade at venue time `time_ns`."""
        self.last = event.ticks
        self.last_id += 1
        self._trades.append((self.last_id, time_ns, event.ticks, event.lots, event.taker_buys))
        start = time_ns - time_ns % MINUTE_NS
        if not self._minutes or self._minutes[-1].start_ns != start:
            self._minutes.append(_Minute(start, event.ticks))
        self._minutes[-1].add(event.ticks, event.lots)

    def trades(self, after_id: int, limit: int) -> list[TradePrint]:
        """The newest trades above an id, oldest first."""
        wanted = min(limit, self.last_id - after_id, len(self._trades))
        newest = [self._trades[-back] for back in range(wanted, 0, -1)]
        return [TradePrint(*trade) for trade in newest]

    def candles(self, limit: int) -> list[Candle]:
        """One-minute candles, oldest first, the running one last."""
        scale = self._listing.tick_lot_units
        kept = list(self._minutes)[-limit:] if limit > 0 else []
        return [Candle(m.start_ns, m.open, m.high, m.low, m.close, m.volume, m.turnover * scale) for m in kept]

    def day(self, now_ns: int) -> Day:
        """The minutes that began within the last 24 hours, summed."""
        minutes = [minute for minute in self._minutes if minute.start_ns > now_ns - DAY_NS]
        return Day(
            open=minutes[0].open if minutes else None,
            high=max((minute.high for minute in minutes), default=None),
            low=min((minute.low for minute in minutes), default=None),
            volume=sum(minute.volume for minute in minutes),
            turnover=sum(minute.turnover for minute in minutes) * self._listing.tick_lot_units,
        )

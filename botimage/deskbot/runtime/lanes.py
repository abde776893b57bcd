"""What waits for the engine, in order of urgency, and never more of the market than is worth knowing.

    facts     answers, orders, fills, halts    all of them, in order        never dropped
    trades    the public tape                  the newest KEPT_TRADES       older ones are dropped, and counted
    candles   minutes                          the newest KEPT_CANDLES      likewise
    books     one a market                     the newest                   older ones are skipped
    timer     one                              the newest

A lane that is behind another is looked at only while that one is empty, so that no flood of market data stands before a
fill or a halt. Facts are not bounded by dropping: as many as fit in one pass arrive from sockets that are read between
passes, and `share` says when they come to be too many.
"""

from collections import deque
from typing import Final

from deskbot.core.candles import Candle
from deskbot.core.events import Book, Event, Timer, Trade

FACTS_EXPECTED: Final = 5_000
KEPT_TRADES: Final = 1_000
KEPT_CANDLES: Final = 10_000  # a market's history comes at once


class Lanes:
    """`books` are the newest of each market, handled or not; `dropped` counts trades and candles that were not."""

    def __init__(self) -> None:
        self.books: dict[str, Book] = {}
        self.dropped = 0
        self._facts: deque[Event] = deque()
        self._trades: deque[Trade] = deque()
        self._candles: deque[Candle] = deque()
        self._fresh_books: dict[str, Book] = {}
        self._timer: Timer | None = None

    def put(self, event: Event) -> None:
        """Take in an event."""
        if isinstance(event, Book):
            self._put_book(event)
        elif isinstance(event, Trade):
            self._trades.append(event)
            self._keep(self._trades, KEPT_TRADES)
        elif isinstance(event, Candle):
            self._candles.append(event)
            self._keep(self._candles, KEPT_CANDLES)
        elif isinstance(event, Timer):
            self._timer = event
        else:
            self._facts.append(event)

    def _put_book(self, book: Book) -> None:
        waiting = self._fresh_books.get(book.market)
        if waiting is not None and book.previous and book.previous == waiting.sequence:
            # the one that waits is skipped, not missed: to the engine this one follows what that one followed
            book = Book(book.at, book.market, book.bids, book.asks, book.venue_ms, book.sequence, waiting.previous)
        self._fresh_books[book.market] = self.books[book.market] = book

    def _keep(self, lane: deque[Trade] | deque[Candle], most: int) -> None:
        if len(lane) > most:
            lane.popleft()
            self.dropped += 1

    def next(self) -> Event | None:
        """The most urgent event, None when nothing waits."""
        for lane in (self._facts, self._trades, self._candles):
            if lane:
                return lane.popleft()
        if self._fresh_books:
            return self._fresh_books.pop(next(iter(self._fresh_books)))
        timer, self._timer = self._timer, None
        return timer

    def share(self) -> float:
        """How full the fullest lane is: 1 is as much as it should ever hold."""
        lanes = ((self._facts, FACTS_EXPECTED), (self._trades, KEPT_TRADES), (self._candles, KEPT_CANDLES))
        return max(len(lane) / most for lane, most in lanes)

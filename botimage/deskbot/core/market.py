"""One market as the engine sees it now, and whether that may be trusted: the one place where books are judged.

    Book, Trade, stream changes ──▶ MarketState ──▶ touch: the engine's own, and what strategies see
                                        └──▶ `unusable`: the name of what is wrong, for engine and gate

What cannot change with time is judged when it arrives and kept as `fault`; only ages are judged when asked. Every book
is a whole book, so one that is sound heals all faults but a gap: after a missing update only a snapshot (a book that
follows none, `previous` 0) is known to be whole.

| fault            | holds                                                                                      |
|------------------|--------------------------------------------------------------------------------------------|
| market_closed    | from when the venue says so until it lists the market as open                              |
| stream_unhealthy | from when the shell says so until it says otherwise; then as after a gap                   |
| sequence_gap     | a book does not follow the one before, until the next snapshot                             |
| book_empty       | one side is missing                                                                        |
| book_crossed     | the best bid is not below the best ask                                                     |
| price_outlier    | the middle jumped by more than a tenth and no trade near it says so, at most for a minute  |
| price_alone      | it is the first, or far from one a minute old, and no second book or trade is near it yet  |
| data_stale       | the newest book is too old, by its arrival or by the venue's own time                      |
| book_frozen      | the touch has not changed for 30 s although something was traded more than a second after  |
"""

from typing import Final

from deskbot.core.candles import CandleSeries
from deskbot.core.events import Book, Quote, Trade
from deskbot.core.instrument import Instrument
from deskbot.core.strategy import View

MARKET_CLOSED: Final = "market_closed"
STREAM_UNHEALTHY: Final = "stream_unhealthy"
SEQUENCE_GAP: Final = "sequence_gap"
BOOK_EMPTY: Final = "book_empty"
BOOK_CROSSED: Final = "book_crossed"
PRICE_OUTLIER: Final = "price_outlier"
PRICE_ALONE: Final = "price_alone"
DATA_STALE: Final = "data_stale"
BOOK_FROZEN: Final = "book_frozen"

FROZEN_AFTER: Final = 30_000_000_000
TAPE_SLACK: Final = 1_000_000_000  # a trade may arrive this much later than the book it changed
JUMP_PARTS: Final = 10  # a jump is more than one part in so many
PRICE_MEMORY: Final = 60_000_000_000  # a price older than this says nothing about now
_MILLISECOND: Final = 1_000_000


class MarketState:
    """The latest touch of a market and the health of its data. Prices are ticks; `half_mid` is bid + ask.

    Strategies read the touch in `view`, which is filled as it changes: copied for each question it would cost a tenth
    of a quiet pass. `bid` and `ask`, 0 for a side that is missing, are the engine's own: a strategy may write into its
    view what it likes. `at` is when the newest book was true as far as we know: its arrival, or the venue's own time
    where that is earlier and the venue's clock is known. `venue_offset` is the venue's clock minus ours in nanoseconds.
    """

    __slots__ = (
        "_alone",
        "_alone_sequence",
        "_believed",
        "_believed_at",
        "_clock_known",
        "_closed",
        "_gap",
        "_serves",
        "_venue_offset",
        "ask",
        "at",
        "bid",
        "candles",
        "changed_at",
        "fault",
        "half_mid",
        "instrument",
        "last_trade_ticks",
        "stream_healthy",
        "traded_at",
        "verdict",
        "view",
        "why",
    )

    def __init__(self, instrument: Instrument) -> None:
        self.instrument = instrument
        self.candles = CandleSeries(instrument.market)
        self.view = View(0, instrument, 0, 0, 0, 0, 0, 0, 0, self.candles)
        self.at = 0
        self.bid = 0
        self.ask = 0
        self.half_mid = 0  # 0 without a book
        self.changed_at = 0
        self.last_trade_ticks = 0
        self.traded_at = 0
        self.stream_healthy = True
        self.why = ""
        self.fault = BOOK_EMPTY
        self.verdict = BOOK_EMPTY
        self._gap = False
        self._closed = False
        self._serves = True  # the stream is whole and the market open: one look instead of two on the busy path
        self._believed = 0  # the last middle that was believed, as bid + ask
        self._believed_at = 0
        self._alone = 0  # the middle of the last book that had nothing to be compared with
        self._alone_sequence = 0
        self._clock_known = False
        self._venue_offset = 0

    def on_book(self, book: Book) -> bool:
        """Take a book over, as `on_quote` its touch; one without two sides leaves nothing to quote on."""
        bid, bid_lots = book.bids[0] if book.bids else (0, 0)
        ask, ask_lots = book.asks[0] if book.asks else (0, 0)
        return self.on_quote(
            Quote(book.at, book.market, bid, bid_lots, ask, ask_lots, book.venue_ms, book.sequence, book.previous)
        )

    def on_quote(self, book: Quote) -> bool:
        """Take a touch over, with 0 for a side that is missing. Whether it is new and dated by our own clock.

        Then nothing of it can be old or frozen, and `fault` is all there is to say.
        """
        view = self.view
        at = book.at
        self.at = at
        previous = book.previous
        if previous != view.sequence:
            self._gap = previous != 0
        elif not previous:
            self._gap = False
        view.sequence = book.sequence
        bid, ask = book.bid, book.ask
        fresh = True
        if bid != view.bid or ask != view.ask:
            view.bid = self.bid = bid
            view.ask = self.ask = ask
            view.bid_lots = book.bid_lots
            view.ask_lots = book.ask_lots
            self.half_mid = bid + ask if bid and ask else 0
            self.changed_at = at
        elif book.bid_lots != view.bid_lots or book.ask_lots != view.ask_lots:  # three quotes of five change no price
            view.bid_lots = book.bid_lots
            view.ask_lots = book.ask_lots
            self.changed_at = at
        else:
            fresh = False
        half, believed = self.half_mid, self._believed
        # almost every book there is, is judged right here, which is 0.3 us less than two calls: one around the middle
        # that was sound a moment ago, and a sound one near it
        if half == believed and bid < ask and not self.fault and not self._gap:
            self._believed_at = at
        elif (
            (half - believed if half > believed else believed - half) * JUMP_PARTS <= believed
            and bid < ask
            and self._serves
            and half
            and not self._gap
        ):
            self.fault = ""
            self._believed = half
            self._believed_at = at
        else:
            self._judge_book(book)
        if self._clock_known and book.venue_ms:
            self.at = min(at, book.venue_ms * _MILLISECOND - self._venue_offset)
            return False
        return fresh

    def on_trade(self, trade: Trade) -> None:
        """Note the last price; it may be the second source that a jump of the book waits for."""
        self.last_trade_ticks = trade.ticks
        self.traded_at = trade.at
        if self.fault in (PRICE_OUTLIER, PRICE_ALONE):
            self.fault = self._judged(trade.at, 0)

    def on_stream(self, healthy: bool, reason: str) -> None:
        """The shell says whether the stream is whole; what was missed meanwhile takes a snapshot to heal."""
        self.stream_healthy = healthy
        self._serves = healthy and not self._closed
        self.why = reason
        self._gap = True
        self.fault = self._judged(self.at, 0)

    def on_listing(self, closed: bool) -> None:
        """The venue says whether the market is closed; what its books showed meanwhile is judged when it opens."""
        if closed != self._closed:
            self._closed = closed
            self._serves = self.stream_healthy and not closed
            self.fault = self._judged(self.at, 0)

    def on_venue_clock(self, offset: int) -> None:
        """The venue's clock minus ours, in nanoseconds, as last measured."""
        self._clock_known = True
        self._venue_offset = offset

    def _judge_book(self, book: Quote) -> None:
        """One that stands alone is kept for the next to be compared with; told again, it is no second one."""
        told_again = book.sequence != 0 and book.sequence == self._alone_sequence
        self.fault = self._judged(book.at, 0 if told_again else self._alone)
        alone = self.fault == PRICE_ALONE
        self._alone = self.half_mid if alone else 0
        self._alone_sequence = book.sequence if alone else 0

    def _judged(self, at: int, other: int) -> str:
        """What is wrong with the newest book; `other` is the middle of an earlier one that stands alone, 0 for none."""
        if self._closed:
            return MARKET_CLOSED
        if not self.stream_healthy:
            return STREAM_UNHEALTHY
        if self._gap:
            return SEQUENCE_GAP
        if not self.half_mid:
            return BOOK_EMPTY
        if self.bid >= self.ask:
            return BOOK_CROSSED
        return self._price_judged(at, other)

    def _price_judged(self, at: int, other: int) -> str:
        """A middle is believed near the last believed one, near a trade, or when two books in turn are near each other.

        The last only where nothing else is known: after a start, or when the last believed one is a minute old.
        """
        half, believed = self.half_mid, self._believed
        if not _near(half, believed) and not self._traded_near(half, at):
            if believed and at - self._believed_at <= PRICE_MEMORY:
                if self._traded_near(believed, at):
                    self._believed_at = max(self._believed_at, self.traded_at)
                return PRICE_OUTLIER
            if not _near(half, other):
                return PRICE_ALONE
        self._believed = half
        self._believed_at = at
        return ""

    def _traded_near(self, half_mid: int, at: int) -> bool:
        distance = abs(2 * self.last_trade_ticks - half_mid)
        return at - self.traded_at <= PRICE_MEMORY and distance * JUMP_PARTS <= half_mid

    @property
    def mid_price(self) -> int:
        """The middle of the book in units of quote per base, rounded down; 0 without a book."""
        return self.half_mid * self.instrument.tick // 2

    def unusable(self, at: int, max_age: int) -> str:
        """Why nothing may be quoted on this book; "" when it is sound."""
        if self.fault:
            return self.fault
        if at - self.at > max_age:
            return DATA_STALE
        if at - self.changed_at > FROZEN_AFTER and self.traded_at - self.changed_at > TAPE_SLACK:
            return BOOK_FROZEN
        return ""


def _near(half_mid: int, other: int) -> bool:
    return abs(half_mid - other) * JUMP_PARTS <= other

"""One market as the engine sees it now, and whether that may be trusted."""

from deskbot.core.events import Book, Trade
from deskbot.core.instrument import Instrument


class MarketState:
    """The latest book of a market and the health of its stream. Prices are ticks; `half_mid` is bid + ask."""

    __slots__ = ("ask", "ask_lots", "at", "bid", "bid_lots", "instrument", "last_trade_ticks", "stream_healthy", "why")

    def __init__(self, instrument: Instrument) -> None:
        self.instrument = instrument
        self.at = 0
        self.bid = 0
        self.bid_lots = 0
        self.ask = 0
        self.ask_lots = 0
        self.last_trade_ticks = 0
        self.stream_healthy = True
        self.why = ""

    def on_book(self, book: Book) -> None:
        """Take a book over; one without two sides leaves nothing to quote on."""
        self.at = book.at
        self.bid, self.bid_lots = book.bids[0] if book.bids else (0, 0)
        self.ask, self.ask_lots = book.asks[0] if book.asks else (0, 0)

    def on_trade(self, trade: Trade) -> None:
        """Note the last price."""
        self.last_trade_ticks = trade.ticks

    @property
    def half_mid(self) -> int:
        """Twice the middle of the book, in ticks; 0 without a book."""
        return self.bid + self.ask if self.bid and self.ask else 0

    @property
    def mid_price(self) -> int:
        """The middle of the book in units of quote per base, rounded down; 0 without a book."""
        return self.half_mid * self.instrument.tick // 2

    def unusable(self, at: int, max_age: int) -> str:
        """Why nothing may be quoted on this book; "" when it is sound."""
        if not self.stream_healthy:
            return "stream_unhealthy"
        if not self.bid or not self.ask:
            return "book_empty"
        if self.bid >= self.ask:
            return "book_crossed"
        if at - self.at > max_age:
            return "data_stale"
        return ""

"""Binance's public streams: how the changes of a market are worded, and at which pace.

Depth events chain by the count of the book's changes: `U` follows the `u` before (futures say that one as `pu`), and
`lastUpdateId` of the REST snapshot is the same count, so that a client can join the two ("How to manage a local order
book correctly"). A newcomer is told nothing until something changes.
"""

from __future__ import annotations

from collections.abc import Sequence

from deskbot.matching import Candle, Category, Exchange, Listing, TradePrint
from deskbot.simulator.binance import rest_market
from deskbot.simulator.binance.snapshots import Snapshots
from deskbot.simulator.binance.texts import eight, price, quantity
from deskbot.simulator.candles import fold
from deskbot.simulator.channel import Channel, Json, Levels, changes
from deskbot.simulator.clock import Clock
from deskbot.simulator.connection import Connection

WHOLE_BOOK = 5000
INSTANT_SECONDS = 0.005
TICKER_SECONDS = 1.0
CANDLE_SECONDS = {Category.SPOT: 1.0, Category.LINEAR: 0.25}
MARK_SECONDS = {"": 3.0, "1s": 1.0}
DEPTH_SECONDS = {"0ms": INSTANT_SECONDS, "100ms": 0.1, "250ms": 0.25, "500ms": 0.5, "1000ms": 1.0}
USUAL_DEPTH = {Category.SPOT: "1000ms", Category.LINEAR: "250ms"}
PARTIAL_DEPTHS = (5, 10, 20)


class Stream(Channel):
    """A channel whose messages are wrapped for clients of the combined endpoint."""

    def tell(self, connection: Connection, encoded: bytes) -> None:
        if connection.path.endswith("/stream"):
            encoded = b'{"stream":"' + self.topic.encode() + b'","data":' + encoded + b"}"
        connection.send_encoded(encoded, self.topic)

    def event(self, name: str, *, moment_ns: int | None = None) -> Json:
        """The head of an event; futures add the time of the transaction."""
        shape: Json = {"e": name, "E": self.clock.now_ns() // 1_000_000, "s": self.listing.symbol}
        if moment_ns is not None and self.listing.category is Category.LINEAR:
            shape["T"] = moment_ns // 1_000_000
        return shape

    def levels(self, levels: list[tuple[int, int]]) -> list[list[str]]:
        listing = self.listing
        return [[price(listing, ticks), quantity(listing, lots)] for ticks, lots in levels]

    def begin(self) -> None:
        """Most streams have nothing to remember."""


class DepthStream(Stream):
    """`SYMBOL@depth[@PACE]`: the levels that were touched since the event before."""

    def __init__(
        self, topic: str, listing: Listing, exchange: Exchange, clock: Clock, seconds: float, snapshots: Snapshots
    ) -> None:
        super().__init__(topic, listing, exchange, clock, seconds)
        self._snapshots = snapshots
        self._bids: Levels = {}
        self._asks: Levels = {}
        self._told = 0

    def begin(self) -> None:
        self._told, _ = self._take()

    def updates(self) -> Sequence[Json]:
        bids, asks = self._bids, self._asks
        sequence, book_ns = self._take()
        shown = self._snapshots.since(self.listing.key, self._told)
        bid_changes = _touched([bids, *(dict(view.bids) for view in shown)], self._bids)
        ask_changes = _touched([asks, *(dict(view.asks) for view in shown)], self._asks)
        if not bid_changes and not ask_changes:
            return ()
        before, self._told = self._told, sequence
        shape = self.event("depthUpdate", moment_ns=book_ns) | {"U": before + 1, "u": sequence}
        if self.listing.category is Category.LINEAR:
            shape["pu"] = before
        return (shape | {"b": self.levels(bid_changes), "a": self.levels(ask_changes)},)

    def _take(self) -> tuple[int, int]:
        view = self.exchange.book(self.listing.key, WHOLE_BOOK)
        self._bids, self._asks = dict(view.bids), dict(view.asks)
        return view.sequence, view.time_ns


def _touched(befores: list[Levels], now: Levels) -> list[tuple[int, int]]:
    """The levels that differ from any of the moments before."""
    return list(dict(level for before in befores for level in changes(before, now)).items())


class PartialDepthStream(Stream):
    """`SYMBOL@depth5|10|20[@PACE]`: the best levels, whole each time."""

    def __init__(
        self, topic: str, listing: Listing, exchange: Exchange, clock: Clock, seconds: float, depth: int
    ) -> None:
        super().__init__(topic, listing, exchange, clock, seconds)
        self._depth = depth
        self._told = 0

    def updates(self) -> Sequence[Json]:
        view = self.exchange.book(self.listing.key, self._depth)
        before, self._told = self._told, view.sequence
        bids, asks = self.levels(view.bids), self.levels(view.asks)
        if self.listing.category is Category.SPOT:
            return ({"lastUpdateId": view.sequence, "bids": bids, "asks": asks},)
        head = self.event("depthUpdate", moment_ns=view.time_ns)
        return (head | {"U": before + 1, "u": view.sequence, "pu": before, "b": bids, "a": asks},)


class BestQuoteStream(Stream):
    """`SYMBOL@bookTicker`: the touch, whenever it changes; spot says neither event nor time."""

    def __init__(self, topic: str, listing: Listing, exchange: Exchange, clock: Clock) -> None:
        super().__init__(topic, listing, exchange, clock, INSTANT_SECONDS)
        self._told: Json = {}

    def updates(self) -> Sequence[Json]:
        view = self.exchange.book(self.listing.key, 1)
        if not view.bids or not view.asks:
            return ()
        (bid,), (ask,) = self.levels(view.bids), self.levels(view.asks)
        touch: Json = {"b": bid[0], "B": bid[1], "a": ask[0], "A": ask[1]}
        if touch == self._told:
            return ()
        self._told = touch
        shape: Json = {"u": view.sequence, "s": self.listing.symbol} | touch
        if self.listing.category is Category.SPOT:
            return (shape,)
        return (self.event("bookTicker", moment_ns=view.time_ns) | shape,)


class TradeStream(Stream):
    """`SYMBOL@trade` and `SYMBOL@aggTrade`: an event for each trade; a newcomer hears only of new ones."""

    def __init__(self, topic: str, listing: Listing, exchange: Exchange, clock: Clock, name: str) -> None:
        super().__init__(topic, listing, exchange, clock, INSTANT_SECONDS)
        self._name = name
        self._last_id = 0

    def begin(self) -> None:
        newest = self.exchange.trades(self.listing.key, limit=1)
        self._last_id = newest[-1].trade_id if newest else 0

    def updates(self) -> Sequence[Json]:
        trades = self.exchange.trades(self.listing.key, after_id=self._last_id)
        if trades:
            self._last_id = trades[-1].trade_id
        return [self._event(one) for one in trades]

    def _event(self, one: TradePrint) -> Json:
        if self._name == "aggTrade":
            return self.event("aggTrade") | rest_market.aggregate(self.listing, one)
        shape: Json = {
            "t": one.trade_id,
            "p": price(self.listing, one.ticks),
            "q": quantity(self.listing, one.lots),
            "T": one.time_ns // 1_000_000,
            "m": not one.taker_buys,
        }
        more = {"M": True} if self.listing.category is Category.SPOT else {"X": "MARKET"}
        return self.event("trade") | shape | more


class CandleStream(Stream):
    """`SYMBOL@kline_INTERVAL`: the running candle, and each candle once more when it is over."""

    def __init__(self, topic: str, listing: Listing, exchange: Exchange, clock: Clock, interval: str) -> None:
        super().__init__(topic, listing, exchange, clock, CANDLE_SECONDS[listing.category])
        self._interval = interval
        self._minutes = rest_market.INTERVAL_MINUTES[interval]
        self._running_ns = 0

    def begin(self) -> None:
        newest = self._candles()
        self._running_ns = newest[-1][0].start_ns if newest else 0

    def updates(self) -> Sequence[Json]:
        told = [(one, over) for one, over in self._candles() if one.start_ns >= self._running_ns]
        if told:
            self._running_ns = told[-1][0].start_ns
        return [self._event(rest_market.candle(self.listing, one, self._minutes), over) for one, over in told]

    def _candles(self) -> list[tuple[Candle, bool]]:
        known = list(fold(self.exchange.candles(self.listing.key, limit=2 * self._minutes), self._minutes))[-2:]
        return [(one, one is not known[-1]) for one in known]

    def _event(self, row: list[object], over: bool) -> Json:
        names = ("t", "o", "h", "l", "c", "v", "T", "q", "n", "V", "Q", "B")
        span = {"s": self.listing.symbol, "i": self._interval, "f": 0, "L": 0, "x": over}
        return self.event("kline") | {"k": dict(zip(names, row, strict=True)) | span}


class DayTickerStream(Stream):
    """`SYMBOL@ticker` and `SYMBOL@miniTicker`."""

    def __init__(self, topic: str, listing: Listing, exchange: Exchange, clock: Clock, name: str) -> None:
        super().__init__(topic, listing, exchange, clock, TICKER_SECONDS)
        self._name = name

    def updates(self) -> Sequence[Json]:
        view = self.exchange.ticker(self.listing.key)
        listing, last, first = self.listing, view.last or 0, view.previous or view.last or 0
        shape: Json = {
            "c": price(listing, last),
            "o": price(listing, first),
            "h": price(listing, view.high or last),
            "l": price(listing, view.low or last),
            "v": quantity(listing, view.volume),
            "q": eight(view.turnover),
        }
        if self._name == "miniTicker":
            return (self.event("24hrMiniTicker") | shape,)
        more: Json = {
            "p": price(listing, last - first),
            "b": price(listing, view.bid or 0),
            "B": quantity(listing, view.bid_lots),
            "a": price(listing, view.ask or 0),
            "A": quantity(listing, view.ask_lots),
            "O": view.time_ns // 1_000_000 - 86_400_000,
            "C": view.time_ns // 1_000_000,
        }
        return (self.event("24hrTicker") | shape | more,)


class MarkPriceStream(Stream):
    """`SYMBOL@markPrice[@1s]` of the futures."""

    def updates(self) -> Sequence[Json]:
        mark = price(self.listing, self.exchange.mark(self.listing.key) or 0)
        now_ns = self.clock.now_ns()
        return (
            self.event("markPriceUpdate")
            | {
                "p": mark,
                "i": mark,
                "P": mark,
                "r": f"{self.exchange.funding_rate(self.listing.key):.8f}",
                "T": (now_ns // rest_market.EIGHT_HOURS_NS + 1) * rest_market.EIGHT_HOURS_NS // 1_000_000,
            },
        )

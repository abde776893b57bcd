"""Bybit's public stream topics: what a newcomer is told, what changed since, and how either is worded.

A newcomer's snapshot is the state last published, not the state of now, and the next message's `u` is one more.
"""

from __future__ import annotations

from abc import abstractmethod
from itertools import count

from deskbot.matching import Candle, Category, Exchange, Listing
from deskbot.simulator.bybit import rest_market
from deskbot.simulator.bybit.call import Json
from deskbot.simulator.channel import Channel, Levels, changes
from deskbot.simulator.clock import Clock
from deskbot.simulator.numbers import money, price, quantity

BOOK_INTERVAL_SECONDS = {1: 0.01, 50: 0.02, 200: 0.1, 500: 0.1, 1000: 0.2}
TRADE_INTERVAL_SECONDS = 0.01
TICKER_INTERVAL_SECONDS = 0.1
CANDLE_INTERVAL_SECONDS = 1.0


class Topic(Channel):
    """A channel whose messages are in Bybit's envelope."""

    def message(self, kind: str, data: object) -> Json:
        return {"topic": self.topic, "type": kind, "ts": self.clock.now_ns() // 1_000_000, "data": data}

    def updates(self) -> list[Json]:
        message = self.update()
        return [] if message is None else [message]

    @abstractmethod
    def update(self) -> Json | None:
        """What changed since the last message, None if nothing did."""


class BookChannel(Topic):
    """`orderbook.DEPTH.SYMBOL`: a snapshot, then deltas with consecutive `u`."""

    def __init__(self, topic: str, listing: Listing, exchange: Exchange, clock: Clock, depth: int) -> None:
        super().__init__(topic, listing, exchange, clock, BOOK_INTERVAL_SECONDS[depth])
        self._depth = depth
        self._bids: Levels = {}
        self._asks: Levels = {}
        self._update_id = 1
        self._sequence = 0
        self._book_ms = 0

    def begin(self) -> None:
        self._take()
        self._update_id += 1

    def greeting(self) -> Json:
        bids = sorted(self._bids.items(), reverse=True)
        asks = sorted(self._asks.items())
        return self._book("snapshot", bids, asks)

    def update(self) -> Json | None:
        bids, asks = self._bids, self._asks
        self._take()
        changed_bids, changed_asks = changes(bids, self._bids), changes(asks, self._asks)
        if not changed_bids and not changed_asks:
            return None
        self._update_id += 1
        return self._book("delta", changed_bids, changed_asks)

    def _take(self) -> None:
        view = self.exchange.book(self.listing.key, self._depth)
        self._bids, self._asks = dict(view.bids), dict(view.asks)
        self._sequence, self._book_ms = view.sequence, view.time_ns // 1_000_000

    def _book(self, kind: str, bids: list[tuple[int, int]], asks: list[tuple[int, int]]) -> Json:
        data = {
            "s": self.listing.symbol,
            "b": self._levels(bids),
            "a": self._levels(asks),
            "u": self._update_id,
            "seq": self._sequence,
        }
        return self.message(kind, data) | {"cts": self._book_ms}

    def _levels(self, levels: list[tuple[int, int]]) -> list[list[str]]:
        listing = self.listing
        return [[price(listing, ticks), quantity(listing, lots) if lots else "0"] for ticks, lots in levels]


class TradeChannel(Topic):
    """`publicTrade.SYMBOL`: the trades since the last message; a newcomer hears only of new ones."""

    def __init__(self, topic: str, listing: Listing, exchange: Exchange, clock: Clock) -> None:
        super().__init__(topic, listing, exchange, clock, TRADE_INTERVAL_SECONDS)
        self._last_id = 0

    def begin(self) -> None:
        newest = self.exchange.trades(self.listing.key, limit=1)
        self._last_id = newest[-1].trade_id if newest else 0

    def update(self) -> Json | None:
        trades = self.exchange.trades(self.listing.key, after_id=self._last_id)
        if not trades:
            return None
        self._last_id = trades[-1].trade_id
        listing = self.listing
        data = [
            {
                "T": one.time_ns // 1_000_000,
                "s": listing.symbol,
                "S": "Buy" if one.taker_buys else "Sell",
                "v": quantity(listing, one.lots),
                "p": price(listing, one.ticks),
                "L": "PlusTick" if one.taker_buys else "MinusTick",
                "i": str(one.trade_id),
                "BT": False,
                "seq": one.trade_id,
            }
            for one in trades
        ]
        return self.message("snapshot", data)


class TickerChannel(Topic):
    """`tickers.SYMBOL`: spot always whole, linear first whole and then only the fields that changed."""

    def __init__(self, topic: str, listing: Listing, exchange: Exchange, clock: Clock) -> None:
        super().__init__(topic, listing, exchange, clock, TICKER_INTERVAL_SECONDS)
        self._published: Json = {}
        self._cross_sequence = count(1)

    def begin(self) -> None:
        self._published = rest_market.ticker(self.exchange, self.listing.key)

    def greeting(self) -> Json:
        return self._ticker("snapshot", self._published)

    def update(self) -> Json | None:
        before = self._published
        self.begin()
        changed = {name: value for name, value in self._published.items() if before.get(name) != value}
        if not changed:
            return None
        if self.listing.category is Category.SPOT:
            return self._ticker("snapshot", self._published)
        return self._ticker("delta", {"symbol": self.listing.symbol} | changed)

    def _ticker(self, kind: str, data: Json) -> Json:
        return self.message(kind, data) | {"cs": next(self._cross_sequence)}


class CandleChannel(Topic):
    """`kline.1.SYMBOL`: the running minute, and each minute once more when it is over."""

    def __init__(self, topic: str, listing: Listing, exchange: Exchange, clock: Clock) -> None:
        super().__init__(topic, listing, exchange, clock, CANDLE_INTERVAL_SECONDS)
        self._running_ns = 0

    def begin(self) -> None:
        newest = self.exchange.candles(self.listing.key, limit=1)
        self._running_ns = newest[-1].start_ns if newest else 0

    def update(self) -> Json | None:
        candles = [one for one in self.exchange.candles(self.listing.key, limit=2) if one.start_ns >= self._running_ns]
        if not candles:
            return None
        self._running_ns = candles[-1].start_ns
        return self.message("snapshot", [self._candle(one, over=one is not candles[-1]) for one in candles])

    def _candle(self, one: Candle, *, over: bool) -> Json:
        listing = self.listing
        start_ms = one.start_ns // 1_000_000
        return {
            "start": start_ms,
            "end": start_ms + 59_999,
            "interval": "1",
            "open": price(listing, one.open),
            "close": price(listing, one.close),
            "high": price(listing, one.high),
            "low": price(listing, one.low),
            "volume": quantity(listing, one.volume),
            "turnover": money(one.turnover),
            "confirm": over,
            "timestamp": self.clock.now_ns() // 1_000_000,
        }

"""The public streams' topics: made when first asked for, told when their market moves."""

from __future__ import annotations

from deskbot.matching import Listing
from deskbot.simulator.bybit.channels import (
    BOOK_INTERVAL_SECONDS,
    BookChannel,
    CandleChannel,
    TickerChannel,
    TradeChannel,
)
from deskbot.simulator.channel import Channel
from deskbot.simulator.feed import Feed


class UnknownTopic(LookupError):
    """A topic no handler exists for."""


class PublicFeed(Feed[tuple[str, str]]):
    """Its channels are kept by category and topic."""

    def channel(self, category: str, topic: str) -> Channel:
        """The channel of a topic, made when first asked for. Raises UnknownTopic."""
        key = (category, topic)
        if key not in self._channels:
            self._channels[key] = self._make(category, topic)
        return self._channels[key]

    def _make(self, category: str, topic: str) -> Channel:
        kind, _, rest = topic.partition(".")
        detail, _, symbol = rest.rpartition(".")
        listing = self._venue.exchange.listings.get(f"{category}:{symbol}")
        if listing is None:
            raise UnknownTopic(topic)
        return self._of_kind(kind, detail, topic, listing)

    def _of_kind(self, kind: str, detail: str, topic: str, listing: Listing) -> Channel:
        exchange, clock = self._venue.exchange, self._venue.clock
        match kind, detail:
            case "orderbook", depth if depth.isascii() and depth.isdigit() and int(depth) in BOOK_INTERVAL_SECONDS:
                return BookChannel(topic, listing, exchange, clock, int(depth))
            case "publicTrade", "":
                return TradeChannel(topic, listing, exchange, clock)
            case "tickers", "":
                return TickerChannel(topic, listing, exchange, clock)
            case "kline", "1":
                return CandleChannel(topic, listing, exchange, clock)
        raise UnknownTopic(topic)

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
from deskbot.simulator.connection import Connection
from deskbot.simulator.venue import Venue


class UnknownTopic(LookupError):
    """A topic no handler exists for."""


class PublicFeed:
    def __init__(self, venue: Venue) -> None:
        self._venue = venue
        self._channels: dict[tuple[str, str], Channel] = {}
        venue.on_market(self._moved)

    def channel(self, category: str, topic: str) -> Channel:
        """The channel of a topic, made when first asked for. Raises UnknownTopic."""
        key = (category, topic)
        if key not in self._channels:
            self._channels[key] = self._make(category, topic)
        return self._channels[key]

    def unsubscribe(self, category: str, topic: str, connection: Connection) -> None:
        channel = self._channels.get((category, topic))
        if channel is not None:
            channel.subscribers.discard(connection)

    def leave(self, connection: Connection) -> None:
        for channel in self._channels.values():
            channel.subscribers.discard(connection)

    def close(self) -> None:
        for channel in self._channels.values():
            channel.close()

    def _moved(self, markets: set[str]) -> None:
        for channel in self._channels.values():
            if channel.listing.key in markets:
                channel.mark()

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
            case "orderbook", depth if depth.isdigit() and int(depth) in BOOK_INTERVAL_SECONDS:
                return BookChannel(topic, listing, exchange, clock, int(depth))
            case "publicTrade", "":
                return TradeChannel(topic, listing, exchange, clock)
            case "tickers", "":
                return TickerChannel(topic, listing, exchange, clock)
            case "kline", "1":
                return CandleChannel(topic, listing, exchange, clock)
        raise UnknownTopic(topic)

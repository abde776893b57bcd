"""The public streams of one side of the venue: made when first asked for, told when their market moves."""

from __future__ import annotations

import re

from deskbot.matching import Category, Listing
from deskbot.simulator.binance import channels
from deskbot.simulator.binance.rest_market import INTERVAL_MINUTES
from deskbot.simulator.binance.snapshots import Snapshots
from deskbot.simulator.channel import Channel
from deskbot.simulator.connection import Connection
from deskbot.simulator.feed import Feed
from deskbot.simulator.venue import Venue

NAME = re.compile(r"(?P<symbol>[a-z0-9]+)@(?P<kind>[A-Za-z]+)(?P<size>\d*)(?:_(?P<interval>\w+))?(?:@(?P<pace>\w+))?")


class PublicFeed(Feed[str]):
    """Its channels are kept by the names of their streams."""

    def __init__(self, venue: Venue, category: Category, snapshots: Snapshots) -> None:
        super().__init__(venue)
        self._category = category
        self._snapshots = snapshots

    def subscribe(self, name: str, connection: Connection) -> bool:
        """Whether there is such a stream; the venue takes any name and is silent about one that is not."""
        channel = self._channels.get(name) or self._make(name)
        if channel is None:
            return False
        self._channels[name] = channel
        channel.subscribe(connection)
        return True

    def _make(self, name: str) -> Channel | None:
        parts = NAME.fullmatch(name)
        if parts is None:
            return None
        listing = self._venue.exchange.listings.get(f"{self._category}:{parts['symbol'].upper()}")
        return None if listing is None else self._of_kind(name, listing, parts)

    def _of_kind(self, name: str, listing: Listing, parts: re.Match[str]) -> Channel | None:
        common = (name, listing, self._venue.exchange, self._venue.clock)
        interval, pace = parts["interval"], parts["pace"] or ""
        made: Channel | None = None
        match parts["kind"]:
            case "depth":
                made = self._depth(name, listing, parts["size"], pace or channels.USUAL_DEPTH[listing.category])
            case "bookTicker":
                made = channels.BestQuoteStream(*common)
            case "trade" | "aggTrade" as kind:
                made = channels.TradeStream(*common, kind)
            case "ticker" | "miniTicker" as kind:
                made = channels.DayTickerStream(*common, kind)
            case "kline" if interval in INTERVAL_MINUTES:
                made = channels.CandleStream(*common, interval)
            case "markPrice" if pace in channels.MARK_SECONDS and listing.category is Category.LINEAR:
                made = channels.MarkPriceStream(*common, channels.MARK_SECONDS[pace])
        return made

    def _depth(self, name: str, listing: Listing, size: str, pace: str) -> Channel | None:
        exchange, clock = self._venue.exchange, self._venue.clock
        seconds = channels.DEPTH_SECONDS.get(pace)
        if seconds is None or (size and int(size) not in channels.PARTIAL_DEPTHS):
            return None
        if size:
            return channels.PartialDepthStream(name, listing, exchange, clock, seconds, int(size))
        return channels.DepthStream(name, listing, exchange, clock, seconds, self._snapshots)

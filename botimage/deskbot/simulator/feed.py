"""The channels of a public feed: kept by what they are asked for, told when their market moves."""

from __future__ import annotations

from typing import Generic, TypeVar

from deskbot.simulator.channel import Channel
from deskbot.simulator.connection import Connection
from deskbot.simulator.venue import Venue

Key = TypeVar("Key")


class Feed(Generic[Key]):
    """What every dialect's public feed has; which channels there are is the dialect's."""

    def __init__(self, venue: Venue) -> None:
        self._venue = venue
        self._channels: dict[Key, Channel] = {}
        venue.on_market(self._moved)

    def unsubscribe(self, key: Key, connection: Connection) -> None:
        channel = self._channels.get(key)
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

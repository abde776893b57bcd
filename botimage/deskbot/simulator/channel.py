"""One public stream topic: what was last published, what a newcomer is told, what changed since.

A channel publishes at the venue's pace for its topic: the first change starts a timer, everything until it fires goes
into one message. All subscribers of a topic get the same messages.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

import msgspec

from deskbot.matching import Exchange, Listing
from deskbot.simulator.clock import Clock, Timer
from deskbot.simulator.connection import Connection

Json = dict[str, Any]
Levels = dict[int, int]


class Channel(ABC):
    def __init__(self, topic: str, listing: Listing, exchange: Exchange, clock: Clock, interval_seconds: float) -> None:
        self.topic = topic
        self.listing = listing
        self.exchange = exchange
        self.clock = clock
        self.subscribers: set[Connection] = set()
        self._interval_seconds = interval_seconds
        self._timer: Timer | None = None

    def subscribe(self, connection: Connection) -> None:
        if not self.subscribers:
            self.begin()
        self.subscribers.add(connection)
        greeting = self.greeting()
        if greeting is not None:
            connection.send(greeting, self.topic)

    def mark(self) -> None:
        """The market has changed: publish within the interval."""
        if self.subscribers and self._timer is None:
            self._timer = self.clock.call_later(self._interval_seconds, self.flush)

    def flush(self) -> None:
        self._timer = None
        for message in self.updates() if self.subscribers else ():
            encoded = msgspec.json.encode(message)
            for connection in self.subscribers:
                self.tell(connection, encoded)

    def tell(self, connection: Connection, encoded: bytes) -> None:
        """Send a message to one subscriber; a venue may wrap it differently for each."""
        connection.send_encoded(encoded, self.topic)

    def close(self) -> None:
        if self._timer is not None:
            self._timer.cancel()

    def greeting(self) -> Json | None:
        """What a newcomer is told first; nothing, unless a topic says otherwise."""
        return None

    @abstractmethod
    def begin(self) -> None:
        """The first subscriber is coming: take the present state as published."""

    @abstractmethod
    def updates(self) -> Sequence[Json]:
        """What to publish about the changes since the last time."""


def changes(before: Levels, after: Levels) -> list[tuple[int, int]]:
    """The levels that differ, those that are gone with size 0."""
    gone = [(ticks, 0) for ticks in before if ticks not in after]
    return gone + [(ticks, lots) for ticks, lots in after.items() if before.get(ticks) != lots]

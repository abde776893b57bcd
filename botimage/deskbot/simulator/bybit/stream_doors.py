"""The public and the private stream: what a client may say on them, and who is told what from then on."""

from __future__ import annotations

from dataclasses import dataclass

from deskbot.simulator.bybit import codes, replies
from deskbot.simulator.bybit.call import Json
from deskbot.simulator.bybit.dialect import Gate
from deskbot.simulator.bybit.private_feed import TOPICS, PrivateFeed
from deskbot.simulator.bybit.protection import Protection
from deskbot.simulator.bybit.public_feed import PublicFeed, UnknownTopic
from deskbot.simulator.bybit.signature import verify_stream
from deskbot.simulator.connection import Connection
from deskbot.simulator.request_log import RequestLog
from deskbot.simulator.venue import Venue


@dataclass(frozen=True, slots=True)
class PublicDoor:
    """One category's markets. Unknown topics refuse the whole request, as on the venue."""

    category: str
    feed: PublicFeed
    venue: Venue
    log: RequestLog

    def enter(self, connection: Connection) -> None:
        """A client is told nothing before it asks."""

    def receive(self, connection: Connection, message: Json) -> None:
        match message.get("op"):
            case "ping":
                connection.send(replies.done(connection, message, "pong"))
            case "subscribe":
                self._subscribe(connection, message)
            case "unsubscribe":
                for topic in replies.topics_of(message):
                    self.feed.unsubscribe((self.category, topic), connection)
                connection.send(replies.done(connection, message))
            case _:
                connection.send(replies.failed(connection, message, "op type is not found"))

    def leave(self, connection: Connection) -> None:
        self.feed.leave(connection)

    def _subscribe(self, connection: Connection, message: Json) -> None:
        """The acknowledgement first, then each topic's snapshot."""
        now_ns = self.venue.step()
        topics = replies.topics_of(message)
        entry = self.log.open(now_ns, "SUBSCRIBE", f"/v5/public/{self.category}", {"args": topics})
        try:
            channels = [self.feed.channel(self.category, topic) for topic in topics]
        except UnknownTopic as unknown:
            entry.message = f"error:handler not found,topic:{unknown}"
            connection.send(replies.failed(connection, message, entry.message))
            return
        entry.code = 0
        connection.send(replies.done(connection, message, "subscribe"))
        for channel in channels:
            channel.subscribe(connection)


@dataclass(frozen=True, slots=True)
class PrivateDoor:
    """Orders, executions, positions and wallet of the account that authenticated."""

    feed: PrivateFeed
    protection: Protection
    gate: Gate
    venue: Venue
    log: RequestLog

    def enter(self, connection: Connection) -> None:
        """A client is told nothing before it asks."""

    def receive(self, connection: Connection, message: Json) -> None:
        match message.get("op"):
            case "ping":
                connection.send(replies.pong(connection, message, self.venue.clock.now_ns() // 1_000_000))
            case "auth":
                self._authenticate(connection, message)
            case "subscribe" | "unsubscribe":
                self._choose(connection, message)
            case _:
                connection.send(replies.failed(connection, message, "op type is not found"))

    def leave(self, connection: Connection) -> None:
        self.feed.leave(connection)
        self.protection.leave(connection)

    def _authenticate(self, connection: Connection, message: Json) -> None:
        refusal = authenticate(connection, message, self.gate, self.venue, self.log)
        if refusal is None:
            self.feed.join(connection)
            connection.send(replies.done(connection, message))
        else:
            connection.send(replies.failed(connection, message, refusal.message))

    def _choose(self, connection: Connection, message: Json) -> None:
        topics = set(replies.topics_of(message))
        adding = message.get("op") == "subscribe"
        if not connection.account:
            connection.send(replies.failed(connection, message, "Request not authorized"))
        elif not topics <= TOPICS:
            unknown = ",".join(sorted(topics - TOPICS))
            connection.send(replies.failed(connection, message, f"error:handler not found,topic:{unknown}"))
        else:
            connection.topics = connection.topics | topics if adding else connection.topics - topics
            (self.protection.subscribe if adding else self.protection.unsubscribe)(connection, topics)
            connection.send(replies.done(connection, message))


def authenticate(
    connection: Connection, message: Json, gate: Gate, venue: Venue, log: RequestLog
) -> codes.Refusal | None:
    """`args` are key, expiry (ms) and signature. Marks the connection as the account's, or answers why not."""
    args = replies.topics_of(message)
    entry = log.open(venue.clock.now_ns(), "AUTH", "/v5/private", {}, args[0] if args else "")
    try:
        if len(args) != 3 or not args[1].isascii() or not args[1].isdigit():
            raise codes.Refusal(10004, "Params Error")  # noqa: TRY301
        account = gate.account(args[0])
        verify_stream(int(args[1]), account.secret, args[2], venue.clock.now_ns() // 1_000_000)
    except codes.Refusal as refusal:
        entry.code, entry.message = refusal.code, refusal.message
        return refusal
    connection.account = account.key
    entry.code = 0
    return None

"""The stream sockets: what a client may say on them, and who is told what from then on.

Streams are named in the path (`/ws/NAME/NAME`), in the query (`/stream?streams=NAME/NAME`) or by SUBSCRIBE. The futures
have sockets apart for what is public (books), market (trades, candles, marks) and private.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from aiohttp import WSCloseCode

from deskbot.matching import Category
from deskbot.simulator.binance.desk import Desk
from deskbot.simulator.binance.private_feed import PrivateFeed, Tap
from deskbot.simulator.binance.public_feed import PublicFeed
from deskbot.simulator.channel import Json
from deskbot.simulator.connection import Connection
from deskbot.simulator.request_log import RequestLog
from deskbot.simulator.sockets import Sockets
from deskbot.simulator.venue import Venue

PUBLIC_KINDS = ("depth", "bookTicker", "trade")  # of the futures; every other kind is on the market socket
MOST_STREAMS = {Category.SPOT: 1024, Category.LINEAR: 200}


@dataclass(frozen=True, slots=True)
class MarketDoor:
    """The markets of one side of the venue."""

    category: Category
    feed: PublicFeed
    venue: Venue
    log: RequestLog

    def enter(self, connection: Connection) -> None:
        named = connection.path.partition("/ws/")[2] or connection.query.get("streams", "")
        names = [name for name in named.split("/") if name and not name.isdigit()]
        if names:
            self._subscribe(connection, names)

    def receive(self, connection: Connection, message: Json) -> None:
        names = [str(name) for name in _params(message)]
        match message.get("method"):
            case "SUBSCRIBE" if len(connection.topics | set(names)) > MOST_STREAMS[self.category]:
                connection.send(_error(message, 3, "Invalid request: too many streams"))
            case "SUBSCRIBE":
                connection.send({"result": None, "id": message.get("id")})
                self._subscribe(connection, names)
            case "UNSUBSCRIBE":
                for name in names:
                    self.feed.unsubscribe(name, connection)
                connection.topics = connection.topics - set(names)
                connection.send({"result": None, "id": message.get("id")})
            case "LIST_SUBSCRIPTIONS":
                connection.send({"result": sorted(connection.topics), "id": message.get("id")})
            case _:
                connection.send(_error(message, 2, "Invalid request: unknown variant"))

    def leave(self, connection: Connection) -> None:
        self.feed.leave(connection)

    def _subscribe(self, connection: Connection, names: list[str]) -> None:
        now_ns = self.venue.step()
        entry = self.log.open(now_ns, "SUBSCRIBE", connection.path, {"params": names})
        entry.code = 0
        connection.topics = connection.topics | set(names)
        for name in names:
            if self._is_here(connection.path, name) and not self.feed.subscribe(name, connection):
                entry.message = f"no stream {name}"

    def _is_here(self, path: str, name: str) -> bool:
        """A futures stream that is asked for at the wrong socket stays silent."""
        kind = name.partition("@")[2]
        public = kind.startswith(PUBLIC_KINDS)
        return not (path.startswith("/public/") and not public) and not (path.startswith("/market/") and public)


@dataclass(frozen=True, slots=True)
class UserDoor:
    """The futures' user data stream of whom a listen key belongs to."""

    feed: PrivateFeed
    desk: Desk
    sockets: Sockets
    log: RequestLog
    venue: Venue

    def enter(self, connection: Connection) -> None:
        listen_key = connection.query.get("listenKey", "") or connection.path.rpartition("/")[2]
        account = self.desk.holder(listen_key)
        entry = self.log.open(self.venue.clock.now_ns(), "AUTH", connection.path, {}, account or "")
        if account is None:
            entry.code, entry.message = -1125, "This listenKey does not exist."
            self.sockets.spawn(connection.close(WSCloseCode.POLICY_VIOLATION))
            return
        entry.code = 0
        connection.account = account
        self.feed.join(Tap(connection, account, Category.LINEAR))

    def receive(self, connection: Connection, message: Json) -> None:
        connection.send({"result": None, "id": message.get("id")})

    def leave(self, connection: Connection) -> None:
        self.feed.leave(connection)


def _params(message: Json) -> list[Any]:
    params = message.get("params")
    return params if isinstance(params, list) else []


def _error(message: Json, code: int, text: str) -> Json:
    return {"error": {"code": code, "msg": text}, "id": message.get("id")}

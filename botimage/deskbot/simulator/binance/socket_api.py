"""The WebSocket API: the same requests as over REST, answered by id, and the spot user data stream.

Operations run beside each other, as requests do; the order of things within one is that of `rest`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from deskbot.matching import Category
from deskbot.simulator.binance import codes
from deskbot.simulator.binance.dialect import Gate
from deskbot.simulator.binance.private_feed import PrivateFeed, Tap
from deskbot.simulator.binance.rest import Requests
from deskbot.simulator.binance.rest_trading import as_text
from deskbot.simulator.binance.signature import verify
from deskbot.simulator.channel import Json
from deskbot.simulator.connection import Connection
from deskbot.simulator.passage import Answer, Passage
from deskbot.simulator.request_log import RequestLog
from deskbot.simulator.sockets import Sockets
from deskbot.simulator.venue import Venue

BOTH = {
    "ping": ("GET", "ping"),
    "time": ("GET", "time"),
    "exchangeInfo": ("GET", "exchangeInfo"),
    "depth": ("GET", "depth"),
    "order.place": ("POST", "order"),
    "order.cancel": ("DELETE", "order"),
    "order.status": ("GET", "order"),
    "ticker.price": ("GET", "ticker/price"),
    "ticker.book": ("GET", "ticker/bookTicker"),
}
METHODS: dict[Category, dict[str, tuple[str, str]]] = {
    Category.SPOT: {name: (method, f"/api/v3/{path}") for name, (method, path) in BOTH.items()}
    | {
        "trades.recent": ("GET", "/api/v3/trades"),
        "trades.aggregate": ("GET", "/api/v3/aggTrades"),
        "klines": ("GET", "/api/v3/klines"),
        "order.test": ("POST", "/api/v3/order/test"),
        "order.cancelReplace": ("POST", "/api/v3/order/cancelReplace"),
        "openOrders.status": ("GET", "/api/v3/openOrders"),
        "openOrders.cancelAll": ("DELETE", "/api/v3/openOrders"),
        "allOrders": ("GET", "/api/v3/allOrders"),
        "myTrades": ("GET", "/api/v3/myTrades"),
        "account.status": ("GET", "/api/v3/account"),
        "account.commission": ("GET", "/api/v3/account/commission"),
    },
    Category.LINEAR: {name: (method, f"/fapi/v1/{path}") for name, (method, path) in BOTH.items()}
    | {
        "order.modify": ("PUT", "/fapi/v1/order"),
        "algoOrder.place": ("POST", "/fapi/v1/algoOrder"),
        "algoOrder.cancel": ("DELETE", "/fapi/v1/algoOrder"),
        "account.position": ("GET", "/fapi/v3/positionRisk"),
        "v2/account.position": ("GET", "/fapi/v3/positionRisk"),
        "account.balance": ("GET", "/fapi/v3/balance"),
        "v2/account.balance": ("GET", "/fapi/v3/balance"),
        "account.status": ("GET", "/fapi/v3/account"),
        "v2/account.status": ("GET", "/fapi/v3/account"),
        "userDataStream.start": ("POST", "/fapi/v1/listenKey"),
        "userDataStream.ping": ("PUT", "/fapi/v1/listenKey"),
        "userDataStream.stop": ("DELETE", "/fapi/v1/listenKey"),
    },
}


@dataclass(frozen=True, slots=True)
class SocketApiDoor:
    """One side of the venue."""

    category: Category
    sockets: Sockets
    gate: Gate
    requests: Requests
    venue: Venue
    passage: Passage
    feed: PrivateFeed
    log: RequestLog
    _subscriptions: count[int] = field(default_factory=count)

    def enter(self, connection: Connection) -> None:
        """Nothing is told before it is asked for."""

    def receive(self, connection: Connection, message: Json) -> None:
        self.sockets.spawn(self._operate(connection, str(message.get("method", "")), message))

    def leave(self, connection: Connection) -> None:
        """Orders outlive the connection that sent them; its streams do not."""
        self.feed.leave(connection)

    async def _operate(self, connection: Connection, operation: str, message: Json) -> None:
        parameters = _parameters(message)
        key = parameters.get("apiKey", "")
        logged = {name: value for name, value in parameters.items() if name not in ("signature", "apiKey")}
        entry = self.log.open(self.venue.clock.now_ns(), "WS", operation, logged, key)

        def effect(now_ns: int) -> Answer:
            return self._take_effect(connection, operation, key, parameters, now_ns)

        answer = await self.passage.carry(operation, key, entry, effect)
        if answer is None:
            connection.abort()
        elif isinstance(answer.payload, bytes):
            connection.send_encoded(answer.payload, None)
        else:
            connection.send({"id": message.get("id")} | self._worded(answer, key))

    def _worded(self, answer: Answer, key: str) -> Json:
        limits = self.gate.limits[self.category].described(key, self.venue.clock.now_ns() // 1_000_000)
        if isinstance(answer.payload, codes.Refusal):
            refusal = answer.payload
            return {"status": refusal.status, "error": refusal.payload(), "rateLimits": list(limits)}
        return {"status": answer.status, "result": answer.payload, "rateLimits": list(limits)}

    def _take_effect(
        self, connection: Connection, operation: str, key: str, parameters: Mapping[str, str], now_ns: int
    ) -> Answer:
        known = METHODS[self.category].get(operation)
        payload = signed_text(parameters)
        if known is not None:
            return self.requests.take_effect(*known, key, parameters, payload, now_ns, _refused)
        try:
            return Answer(self._stream(connection, operation, key, parameters, payload), message="OK")
        except codes.Refusal as refusal:
            return _refused(refusal)

    def _stream(
        self, connection: Connection, operation: str, key: str, parameters: Mapping[str, str], payload: str
    ) -> Json:
        """The operations that have no like over REST. HMAC keys cannot log a session on, as on the venue."""
        match operation:
            case "userDataStream.subscribe.signature" if self.category is Category.SPOT:
                return self._subscribe(connection, key, parameters, payload)
            case "userDataStream.unsubscribe":
                wanted = parameters.get("subscriptionId", "")
                self.feed.leave(connection, int(wanted) if wanted.isascii() and wanted.isdigit() else None)
                return {}
            case "session.subscriptions":
                return {"subscriptions": [{"subscriptionId": one} for one in self.feed.subscriptions(connection)]}
            case "session.status":
                return {"apiKey": None, "authorizedSince": None, "connectedSince": 0, "returnRateLimits": True}
        raise codes.Refusal(-1000, "Unknown method.")

    def _subscribe(self, connection: Connection, key: str, parameters: Mapping[str, str], payload: str) -> Json:
        account = self.gate.account(key, self.category)
        verify(parameters, payload, account.secret, self.venue.clock.now_ns() // 1_000_000, self.category)
        connection.account = account.key
        number = next(self._subscriptions)
        self.feed.join(Tap(connection, account.key, Category.SPOT, number))
        return {"subscriptionId": number}


def signed_text(parameters: Mapping[str, str]) -> str:
    """What the WebSocket API signs: every parameter but the signature, in alphabetical order, not encoded."""
    return "&".join(f"{name}={parameters[name]}" for name in sorted(parameters) if name != "signature")


def _parameters(message: Json) -> dict[str, str]:
    params: Any = message.get("params")
    return {name: as_text(value) for name, value in params.items()} if isinstance(params, dict) else {}


def _refused(refusal: codes.Refusal) -> Answer:
    return Answer(refusal, refusal.status, code=refusal.code, message=refusal.message)

"""Order entry over a WebSocket: the same orders as over REST, answered by `reqId`.

Operations run beside each other, as requests do; the order of things within one is that of `rest`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from deskbot.simulator.bybit import codes, replies
from deskbot.simulator.bybit.call import Call, Json
from deskbot.simulator.bybit.dialect import WRITE, Gate, check_may_trade
from deskbot.simulator.bybit.signature import DEFAULT_RECEIVE_WINDOW_MS, verify_timestamp
from deskbot.simulator.bybit.stream_doors import authenticate
from deskbot.simulator.connection import Connection
from deskbot.simulator.passage import Answer, Passage
from deskbot.simulator.request_log import RequestLog
from deskbot.simulator.sockets import Sockets
from deskbot.simulator.venue import Venue

PATHS = {
    "order.create": "/v5/order/create",
    "order.amend": "/v5/order/amend",
    "order.cancel": "/v5/order/cancel",
}


@dataclass(frozen=True, slots=True)
class TradeDoor:
    sockets: Sockets
    gate: Gate
    venue: Venue
    passage: Passage
    log: RequestLog

    def enter(self, connection: Connection) -> None:
        """A client is told nothing before it asks."""

    def receive(self, connection: Connection, message: Json) -> None:
        operation = message.get("op")
        if operation == "ping":
            connection.send(replies.pong(connection, message, self.venue.clock.now_ns() // 1_000_000))
        elif operation == "auth":
            refusal = authenticate(connection, message, self.gate, self.venue, self.log)
            refused = refusal and replies.trade_refused(connection, message, refusal)
            connection.send(refused or replies.trade_done(connection, message, {}, {}))
        elif operation in PATHS:
            self.sockets.spawn(self._operate(connection, str(operation), message))
        else:
            refusal = codes.Refusal(10404, "op type is not found")
            connection.send(replies.trade_refused(connection, message, refusal))

    def leave(self, connection: Connection) -> None:
        """Orders outlive the connection that sent them."""

    async def _operate(self, connection: Connection, operation: str, message: Json) -> None:
        parameters = {"args": message.get("args")}
        entry = self.log.open(self.venue.clock.now_ns(), "TRADE", operation, parameters, connection.account)
        answer = await self.passage.carry(
            operation,
            connection.account,
            entry,
            lambda now_ns: self._take_effect(connection, operation, message, now_ns),
        )
        if answer is None:
            connection.abort()
        elif isinstance(answer.payload, codes.Refusal):
            connection.send(replies.trade_refused(connection, message, answer.payload))
        else:
            connection.send_encoded(answer.body, None)

    def _take_effect(self, connection: Connection, operation: str, message: Json, now_ns: int) -> Answer:
        path = PATHS[operation]
        said_ns = self.venue.clock.now_ns()
        try:
            account = self.gate.account(connection.account)
            check_may_trade(account)
            _check_time(message, said_ns // 1_000_000)
            allowance = self.gate.limits.take(account.key, path, said_ns)
            result = WRITE[path](Call(self.venue.exchange, now_ns, _order_of(message), account))
        except codes.Refusal as refusal:
            payload = replies.trade_refused(connection, message, refusal)
            return Answer(payload, code=refusal.code, message=refusal.message)
        return Answer(replies.trade_done(connection, message, result, allowance.headers()), message="OK")


def _check_time(message: Json, now_ms: int) -> None:
    header = message.get("header")
    header = header if isinstance(header, dict) else {}
    timestamp = str(header.get("X-BAPI-TIMESTAMP", ""))
    window = str(header.get("X-BAPI-RECV-WINDOW", DEFAULT_RECEIVE_WINDOW_MS))
    if not all(text.isascii() and text.isdigit() for text in (timestamp, window)):
        raise codes.INVALID_PARAMETER.refusal("", name="X-BAPI-TIMESTAMP")
    verify_timestamp(int(timestamp), int(window), now_ms)


def _order_of(message: Json) -> dict[str, Any]:
    args = message.get("args")
    if not isinstance(args, list) or len(args) != 1 or not isinstance(args[0], dict):
        raise codes.INVALID_PARAMETER.refusal("", name="args")
    return args[0]

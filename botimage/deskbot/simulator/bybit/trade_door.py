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
from deskbot.simulator.faults import Fault, Faults
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
    faults: Faults
    log: RequestLog
    one_way_seconds: float

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
        fault = self.faults.fire(operation, connection.account)
        entry.fault = "" if fault is None else fault.request.action
        await self._travel(fault, "delay")
        if entry.fault == "drop":
            connection.abort()
            return
        answer = self._take_effect(connection, operation, message)
        entry.code, entry.message = answer["retCode"], answer["retMsg"]
        await self._travel(fault, "delayReply")
        if entry.fault == "acceptThenDrop":
            connection.abort()
        elif fault is not None and entry.fault == "garbage":
            connection.send_encoded(fault.request.body.encode(), None)
        else:
            connection.send(answer)

    async def _travel(self, fault: Fault | None, action: str) -> None:
        delay = self.one_way_seconds
        if fault is not None and fault.request.action == action:
            delay += fault.request.delay_ms / 1000
        if delay:
            await self.venue.clock.sleep(delay)

    def _take_effect(self, connection: Connection, operation: str, message: Json) -> Json:
        path = PATHS[operation]
        now_ns = self.venue.step()
        try:
            account = self.gate.account(connection.account)
            check_may_trade(account)
            _check_time(message, self.venue.clock.now_ns() // 1_000_000)
            allowance = self.gate.limits.take(account.key, path, self.venue.clock.now_ns())
            result = WRITE[path](Call(self.venue.exchange, now_ns, _order_of(message), account))
        except codes.Refusal as refusal:
            return replies.trade_refused(connection, message, refusal)
        finally:
            self.venue.settle()
        return replies.trade_done(connection, message, result, allowance.headers())


def _check_time(message: Json, now_ms: int) -> None:
    header = message.get("header")
    header = header if isinstance(header, dict) else {}
    timestamp = str(header.get("X-BAPI-TIMESTAMP", ""))
    window = str(header.get("X-BAPI-RECV-WINDOW", DEFAULT_RECEIVE_WINDOW_MS))
    if not timestamp.isdigit() or not window.isdigit():
        raise codes.INVALID_PARAMETER.refusal("", name="X-BAPI-TIMESTAMP")
    verify_timestamp(int(timestamp), int(window), now_ms)


def _order_of(message: Json) -> dict[str, Any]:
    args = message.get("args")
    if not isinstance(args, list) or len(args) != 1 or not isinstance(args[0], dict):
        raise codes.INVALID_PARAMETER.refusal("", name="args")
    return args[0]

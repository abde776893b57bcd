"""Answers to operations on the streams: one form for the public and private stream, another for order entry."""

from __future__ import annotations

from deskbot.simulator.bybit.call import Json
from deskbot.simulator.bybit.codes import Refusal
from deskbot.simulator.connection import Connection


def topics_of(message: Json) -> list[str]:
    args = message.get("args")
    return [str(topic) for topic in args] if isinstance(args, list) else []


def done(connection: Connection, message: Json, text: str = "") -> Json:
    return {"success": True, "ret_msg": text, "conn_id": connection.name, **_identity(message), "op": _op(message)}


def failed(connection: Connection, message: Json, reason: str) -> Json:
    answer = done(connection, message, reason)
    return answer | {"success": False, "request": {"op": _op(message), "args": topics_of(message)[:1]}}


def pong(connection: Connection, message: Json, now_ms: int) -> Json:
    return {**_identity(message), "op": "pong", "args": [str(now_ms)], "conn_id": connection.name}


def trade_done(connection: Connection, message: Json, data: Json, headers: dict[str, str]) -> Json:
    return _trade(connection, message, 0, "OK", data, headers)


def trade_refused(connection: Connection, message: Json, refusal: Refusal) -> Json:
    return _trade(connection, message, refusal.code, refusal.message, {}, {})


def _trade(connection: Connection, message: Json, code: int, text: str, data: Json, headers: dict[str, str]) -> Json:
    identity = {"reqId": message["reqId"]} if "reqId" in message else {}
    answer = {"retCode": code, "retMsg": text, "op": _op(message), "data": data, "retExtInfo": {}}
    return identity | answer | {"header": headers, "connId": connection.name}


def _identity(message: Json) -> Json:
    return {"req_id": message["req_id"]} if "req_id" in message else {}


def _op(message: Json) -> str:
    return str(message.get("op", ""))

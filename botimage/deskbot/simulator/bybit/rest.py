"""The REST door: one request from socket to socket.

The order of things is the order on a real network: the request travels, a fault may take it, then in one step without
await it is logged, admitted and takes effect; the answer travels, a fault may take that. Whatever is awaited
before the effect can still be lost without effect, whatever comes after it cannot undo it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

import msgspec
from aiohttp import web

from deskbot.simulator.bybit import codes
from deskbot.simulator.bybit.call import Call, Json
from deskbot.simulator.bybit.dialect import Gate, envelope, refused
from deskbot.simulator.faults import Fault, Faults
from deskbot.simulator.request_log import Entry, RequestLog
from deskbot.simulator.venue import Venue


class RestDoor:
    def __init__(self, venue: Venue, gate: Gate, faults: Faults, log: RequestLog, round_trip_ms: int) -> None:
        self._venue = venue
        self._gate = gate
        self._faults = faults
        self._log = log
        self._one_way_seconds = round_trip_ms / 2000

    async def handle(self, request: web.Request) -> web.StreamResponse:
        path = "/" + request.match_info["path"]
        payload = await _payload(request)
        parameters = _parameters(request.method, payload)
        key = request.headers.get("X-BAPI-API-KEY", "")
        entry = self._log.open(self._venue.clock.now_ns(), request.method, path, parameters or {}, key)
        fault = self._faults.fire(path, key)
        entry.fault = "" if fault is None else fault.request.action
        await self._travel(fault, "delay")
        if fault is not None and fault.request.action == "drop":
            return _cut(request)
        answer, headers, status = self._take_effect(request, path, payload, parameters, entry)
        await self._travel(fault, "delayReply")
        return _reply(request, fault, answer, headers, status)

    async def _travel(self, fault: Fault | None, action: str) -> None:
        delay = self._one_way_seconds
        if fault is not None and fault.request.action == action:
            delay += fault.request.delay_ms / 1000
        if delay:
            await self._venue.clock.sleep(delay)

    def _take_effect(
        self, request: web.Request, path: str, payload: str, parameters: Mapping[str, Any] | None, entry: Entry
    ) -> tuple[Json, dict[str, str], int]:
        headers: dict[str, str] = {}
        status = 200
        now_ns = self._venue.step()
        try:
            if parameters is None:
                raise codes.Refusal(10001, "Request parameter error: the body is no JSON object.")  # noqa: TRY301
            admission = self._gate.admit(request.method, path, request.headers, payload, self._venue.clock.now_ns())
            headers = admission.allowance.headers() if admission.allowance is not None else {}
            call = Call(self._venue.exchange, now_ns, parameters, admission.account)
            answer = envelope(self._venue.clock.now_ns(), admission.handler(call), call.extra)
        except codes.Refusal as refusal:
            answer = refused(self._venue.clock.now_ns(), refusal)
            status = 404 if refusal.code == codes.unknown_route().code else 200
        self._venue.settle()
        entry.code, entry.message = answer["retCode"], answer["retMsg"]
        return answer, headers, status


async def _payload(request: web.Request) -> str:
    """What the client signed: the query as sent, not as decoded, or the body."""
    if request.method == "GET":
        return request.raw_path.partition("?")[2]
    return await request.text()


def _parameters(method: str, payload: str) -> dict[str, Any] | None:
    """None where a body is no JSON object."""
    if method == "GET":
        return dict(parse_qsl(payload, keep_blank_values=True))
    try:
        decoded = msgspec.json.decode(payload or "{}")
    except msgspec.DecodeError:
        return None
    return decoded if isinstance(decoded, dict) else None


def _cut(request: web.Request) -> web.Response:
    """Resets the connection; the response is never sent."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response()


def _reply(
    request: web.Request, fault: Fault | None, answer: Json, headers: Mapping[str, str], status: int
) -> web.Response:
    action = None if fault is None else fault.request.action
    if action == "acceptThenDrop":
        return _cut(request)
    if fault is not None and action == "garbage":
        return web.Response(status=fault.request.status, text=fault.request.body, content_type="text/html")
    return web.Response(
        status=status, body=msgspec.json.encode(answer), content_type="application/json", headers=headers
    )

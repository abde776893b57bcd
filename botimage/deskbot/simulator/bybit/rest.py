"""The REST door: from what a client sent to the handler that is meant, and back as Bybit answers.

`passage` carries it; everything here happens in the one moment in which a request takes effect.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl

import msgspec
from aiohttp import web

from deskbot.simulator.bybit import codes
from deskbot.simulator.bybit.call import Call
from deskbot.simulator.bybit.dialect import Gate, envelope, refused
from deskbot.simulator.bybit.rate_limit import AddressLimits
from deskbot.simulator.passage import Answer, Passage
from deskbot.simulator.request_log import RequestLog
from deskbot.simulator.venue import Venue

STATUSES = {codes.unknown_route().code: 404, codes.banned_address().code: 403}


class RestDoor:
    """`announced` tells the maintenance that the status endpoint lists, in nanoseconds."""

    def __init__(
        self,
        venue: Venue,
        gate: Gate,
        passage: Passage,
        log: RequestLog,
        addresses: AddressLimits,
        announced: Callable[[], list[tuple[int, int]]],
    ) -> None:
        self._venue = venue
        self._gate = gate
        self._passage = passage
        self._log = log
        self._addresses = addresses
        self._announced = announced

    async def handle(self, request: web.Request) -> web.StreamResponse:
        path = "/" + request.match_info["path"]
        payload = await _payload(request)
        parameters = _parameters(request.method, payload)
        key = request.headers.get("X-BAPI-API-KEY", "")
        entry = self._log.open(self._venue.clock.now_ns(), request.method, path, parameters or {}, key)

        def effect(now_ns: int) -> Answer:
            return self._take_effect(request, path, payload, parameters, now_ns)

        return await self._passage.serve(request, path, key, entry, effect)

    def _take_effect(
        self, request: web.Request, path: str, payload: str, parameters: dict[str, Any] | None, now_ns: int
    ) -> Answer:
        headers: dict[str, str] = {}
        said_ns = self._venue.clock.now_ns()
        try:
            if parameters is None:
                raise codes.Refusal(10001, "Request parameter error: the body is no JSON object.")  # noqa: TRY301
            self._addresses.take(request.remote or "", said_ns)
            admission = self._gate.admit(request.method, path, request.headers, payload, said_ns)
            headers = admission.allowance.headers() if admission.allowance is not None else {}
            call = Call(self._venue.exchange, now_ns, parameters, admission.account, said_ns, self._announced())
            result = admission.handler(call)
        except codes.Refusal as refusal:
            status = STATUSES.get(refusal.code, 200)
            return Answer(refused(said_ns, refusal), status, headers, refusal.code, refusal.message)
        return Answer(envelope(said_ns, result, call.extra), headers=headers, message="OK")


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

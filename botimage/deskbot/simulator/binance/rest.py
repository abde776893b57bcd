"""The REST door: from what a client sent to the handler that is meant, and back as Binance answers.

`passage` carries it; everything here happens in the one moment in which a request takes effect.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from urllib.parse import parse_qsl

from aiohttp import web

from deskbot.simulator.binance import codes
from deskbot.simulator.binance.call import Call
from deskbot.simulator.binance.desk import Desk
from deskbot.simulator.binance.dialect import ENDPOINTS, Endpoint, Gate, side_of
from deskbot.simulator.binance.limits import TooMany
from deskbot.simulator.passage import Answer, Passage
from deskbot.simulator.request_log import RequestLog
from deskbot.simulator.venue import Venue


class Requests:
    """What a request does, whichever door it came through."""

    def __init__(self, venue: Venue, gate: Gate, desk: Desk) -> None:
        self._venue = venue
        self._gate = gate
        self._desk = desk

    def take_effect(
        self,
        method: str,
        path: str,
        key: str,
        parameters: Mapping[str, str],
        payload: str,
        now_ns: int,
        refused: Callable[[codes.Refusal], Answer],
    ) -> Answer:
        """`refused` words an error as the door does."""
        said_ns = self._venue.clock.now_ns()
        endpoint, side = ENDPOINTS.get((method, path)), side_of(path)
        headers: dict[str, str] = {}
        try:
            if endpoint is None:
                raise codes.unknown_route(method, path)
            account = self._gate.admit(endpoint, side, key, parameters, payload, said_ns // 1_000_000)
            call = Call(self._venue.exchange, now_ns, side, parameters, self._desk, account, said_ns)
            call.extra["rateLimits"] = list(self._gate.limits[side].described())
            answer = Answer(endpoint.handler(call), message="OK")
        except codes.Refusal as refusal:
            answer = refused(refusal)
        except TooMany as too_many:
            headers["Retry-After"] = str(too_many.retry_after_seconds)
            answer = refused(too_many.refusal)
        answer.headers = {**headers, **self._counts(endpoint, path, key, said_ns)}
        return answer

    def _counts(self, endpoint: Endpoint | None, path: str, key: str, said_ns: int) -> dict[str, str]:
        orders = endpoint is not None and endpoint.orders
        return self._gate.limits[side_of(path)].headers(key, said_ns // 1_000_000, orders=orders)


class RestDoor:
    def __init__(self, venue: Venue, requests: Requests, passage: Passage, log: RequestLog) -> None:
        self._venue = venue
        self._requests = requests
        self._passage = passage
        self._log = log

    async def handle(self, request: web.Request) -> web.StreamResponse:
        path = "/" + request.match_info["path"]
        query, body = request.raw_path.partition("?")[2], await request.text()
        parameters = _parameters(query) | _parameters(body)
        key = request.headers.get("X-MBX-APIKEY", "")
        logged = {name: value for name, value in parameters.items() if name != "signature"}
        entry = self._log.open(self._venue.clock.now_ns(), request.method, path, logged, key)

        def effect(now_ns: int) -> Answer:
            return self._requests.take_effect(request.method, path, key, parameters, query + body, now_ns, refused)

        return await self._passage.serve(request, path, key, entry, effect)


def refused(refusal: codes.Refusal) -> Answer:
    return Answer(refusal.payload(), refusal.status, code=refusal.code, message=refusal.message)


def _parameters(text: str) -> dict[str, str]:
    return dict(parse_qsl(text, keep_blank_values=True))

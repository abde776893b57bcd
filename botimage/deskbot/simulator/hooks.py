"""What the simulator tells and takes beside the venue's own dialect: truth, request log, faults, health."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
from aiohttp import web

from deskbot.simulator.fault_models import read_script
from deskbot.simulator.faults import Faults
from deskbot.simulator.ground_truth import LastOrderGone, UnknownExecution, ground_truth
from deskbot.simulator.request_log import RequestLog
from deskbot.simulator.venue import Venue


class Hooks:
    """`name` is how the venue of the markets calls an execution: the ground truth says and takes that."""

    def __init__(
        self, venue: Venue, faults: Faults, log: RequestLog, gone: LastOrderGone, name: Callable[[str], str] = str
    ) -> None:
        self._name = name
        self._venue = venue
        self._faults = faults
        self._log = log
        self._gone = gone

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/healthz", self._health),
            web.get("/ground-truth", self._ground_truth),
            web.get("/requests", self._requests),
            web.get("/faults", self._list_faults),
            web.post("/faults", self._add_fault),
            web.delete("/faults", self._clear_faults),
        ]

    async def _health(self, _request: web.Request) -> web.Response:
        markets = [listing.unified for listing in self._venue.exchange.listings.values()]
        return _json({"status": "ok", "timeNs": self._venue.clock.now_ns(), "markets": markets})

    async def _ground_truth(self, request: web.Request) -> web.Response:
        account = request.query.get("account", "")
        exchange = self._venue.exchange
        if not exchange.has_account(account):
            return _problem(404, f"unknown account {account!r}: name one by ?account=KEY")
        self._venue.step()
        try:
            until = request.query.get("until", "")
            return _json(ground_truth(exchange, account, self._gone, until, self._name))
        except UnknownExecution as error:
            return _problem(404, str(error))

    async def _requests(self, request: web.Request) -> web.Response:
        return _or_problem(lambda: {"requests": [entry.view() for entry in self._log.find(request.query)]})

    async def _list_faults(self, _request: web.Request) -> web.Response:
        return _json(self._faults.view())

    async def _add_fault(self, request: web.Request) -> web.Response:
        body = await request.read()
        return _or_problem(lambda: self._order(msgspec.json.decode(body)), status=201)

    def _order(self, body: Any) -> dict[str, Any]:
        """One fault, or a script of them: all or, if one makes no sense, none. What is due at once happens at once."""
        if isinstance(body, list) or (isinstance(body, dict) and "faults" in body):
            ordered = self._faults.order(read_script(body))
            self._venue.step()
            return {"faults": [self._faults.view_of(fault) for fault in ordered]}
        fault = self._faults.add(body)
        self._venue.step()
        return self._faults.view_of(fault)

    async def _clear_faults(self, _request: web.Request) -> web.Response:
        return _json({"cleared": self._faults.clear()})


def _or_problem(work: Callable[[], Any], status: int = 200) -> web.Response:
    """The result, or 400 with the one line of a ValueError (a malformed JSON body is one)."""
    try:
        return _json(work(), status)
    except ValueError as error:
        return _problem(400, str(error))


def _problem(status: int, error: str) -> web.Response:
    return _json({"error": error}, status)


def _json(value: Any, status: int = 200) -> web.Response:
    return web.Response(body=msgspec.json.encode(value), content_type="application/json", status=status)

"""The bot's own small HTTP server: probes, metrics, and what it knows of its trading."""

import os
import socket
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from deskbot.core.errors import Invalid

PROMETHEUS_TEXT = "text/plain; version=1.0.0"


@dataclass(frozen=True)
class Answers:
    """What the server answers with; `report` is None before there is an engine."""

    alive: Callable[[], bool]
    ready: Callable[[], bool]
    metrics: Callable[[], bytes]
    report: Callable[[], dict[str, Any] | None]


class HealthServer:
    """Serves `/healthz`, `/readyz`, `/metrics` and `/report`."""

    def __init__(self, answers: Answers) -> None:
        self._answers = answers
        application = web.Application()
        application.add_routes(
            [
                web.get("/healthz", self._healthz),
                web.get("/readyz", self._readyz),
                web.get("/metrics", self._metrics),
                web.get("/report", self._report),
            ]
        )
        self._runner = web.AppRunner(application, access_log=None, shutdown_timeout=1)

    async def start(self, listen: str) -> tuple[str, int]:
        """Listen on HOST:PORT (port 0: any free one) and say where. Raises Invalid."""
        host, port = parse_address(listen)
        await self._runner.setup()
        try:
            site = web.TCPSite(self._runner, host, port)
            await site.start()
        except OSError as error:
            raise Invalid("SpecInvalid", f"--listen {listen}: {_why_not(error)}") from error
        where = self._runner.addresses[0]
        return str(where[0]), int(where[1])

    async def close(self) -> None:
        """Stop listening."""
        await self._runner.cleanup()

    async def _healthz(self, _request: web.Request) -> web.Response:
        return _probe(self._answers.alive(), "the engine's loop does not turn")

    async def _readyz(self, _request: web.Request) -> web.Response:
        return _probe(self._answers.ready(), "the engine is not in the state that the spec asks for")

    async def _metrics(self, _request: web.Request) -> web.Response:
        return web.Response(body=self._answers.metrics(), headers={"Content-Type": PROMETHEUS_TEXT})

    async def _report(self, _request: web.Request) -> web.Response:
        report = self._answers.report()
        if report is None:
            return web.json_response({"message": "there is no engine yet"}, status=503)
        return web.json_response(report)


def parse_address(listen: str) -> tuple[str, int]:
    """HOST:PORT as its parts. Raises Invalid."""
    host, colon, port = listen.rpartition(":")
    if not colon or not host or not port.isdecimal() or int(port) > 65535:
        raise Invalid("SpecInvalid", f'--listen {listen}: not HOST:PORT; write for example "127.0.0.1:8080"')
    return host.strip("[]"), int(port)


def _why_not(error: OSError) -> str:
    if isinstance(error, socket.gaierror):
        return f"{error.strerror}; name an address of this machine"
    words = os.strerror(error.errno) if error.errno else str(error)
    return f"{words}; name a free port on an address of this machine"


def _probe(good: bool, otherwise: str) -> web.Response:
    return web.Response(text="ok\n") if good else web.Response(text=f"{otherwise}\n", status=503)

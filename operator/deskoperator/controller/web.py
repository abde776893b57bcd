"""`/healthz`, `/readyz` and `/metrics` of the operator."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web

from deskoperator.controller.metrics import Metrics
from deskoperator.errors import CannotStart


@asynccontextmanager
async def serving(host: str, port: int, metrics: Metrics, started: asyncio.Event) -> AsyncIterator[None]:
    """Serves while the block runs. Raises `CannotStart` when the address is taken."""
    runner = web.AppRunner(_application(metrics, started), access_log=None)
    await runner.setup()
    try:
        await _listen(runner, host, port)
        yield
    finally:
        await runner.cleanup()


async def _listen(runner: web.AppRunner, host: str, port: int) -> None:
    try:
        await web.TCPSite(runner, host, port).start()
    except OSError as error:
        raise CannotStart(f"cannot listen on {host}:{port}: {error.strerror}") from error


def _application(metrics: Metrics, started: asyncio.Event) -> web.Application:
    async def alive(_: web.Request) -> web.Response:
        return web.Response(text="ok\n")

    async def ready(_: web.Request) -> web.Response:
        if started.is_set():
            return web.Response(text="ok\n")
        return web.Response(status=503, text="the watches have not started yet\n")

    async def measured(_: web.Request) -> web.Response:
        return web.Response(
            body=metrics.exposition(), headers={"Content-Type": "text/plain; version=0.0.4; charset=utf-8"}
        )

    application = web.Application()
    application.add_routes([web.get("/healthz", alive), web.get("/readyz", ready), web.get("/metrics", measured)])
    return application

"""A small server that behaves as the API server does towards a bot: list, watch, and apply of `status.engine`."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from aiohttp import web

from deskbot.runtime.kube_api import ApiServer, KubeApi

PATH = "/apis/tradingdesk.io/v1alpha1/namespaces/desk/tradingbots"


class FakeApiServer:
    """One TradingBot called bot1 in namespace desk, or none."""

    def __init__(self, obj: dict[str, Any] | None) -> None:
        self.object = obj
        self.version = 10
        self.token = "first"
        self.refusals: list[int] = []  # statuses of the next answers
        self.expired = False
        self.lists = 0
        self.applied: list[dict[str, Any]] = []
        self._changes: list[tuple[int, dict[str, Any]]] = []
        self._news = asyncio.Condition()
        self._dropped = 0

    def routes(self) -> list[web.RouteDef]:
        return [web.get(PATH, self._get), web.patch(f"{PATH}/bot1/status", self._apply)]

    async def change(self, kind: str, obj: dict[str, Any] | None = None) -> None:
        """A change of the object, told to everyone who watches from before it."""
        told = obj if obj is not None else self.object
        self.version += 1
        self.object = None if kind == "DELETED" else told
        self._changes.append((self.version, {"type": kind, "object": self._shown(told)}))
        async with self._news:
            self._news.notify_all()

    async def drop_watchers(self) -> None:
        """End every watch."""
        self._dropped += 1
        async with self._news:
            self._news.notify_all()

    def _shown(self, obj: Any) -> Any:
        return {**obj, "metadata": {**obj["metadata"], "resourceVersion": str(self.version)}}

    def _refusal(self, request: web.Request) -> web.Response | None:
        if request.headers.get("Authorization") != f"Bearer {self.token}":
            return _status(401, "Unauthorized")
        return _status(self.refusals.pop(0), "not now") if self.refusals else None

    async def _get(self, request: web.Request) -> web.StreamResponse:
        refusal = self._refusal(request)
        if refusal is not None:
            return refusal
        if request.query.get("fieldSelector") != "metadata.name=bot1":
            return _status(403, "tradingbots is forbidden")
        if "watch" in request.query:
            return await self._watch(request)
        self.lists += 1
        items = [] if self.object is None else [self._shown(self.object)]
        return web.json_response({"metadata": {"resourceVersion": str(self.version)}, "items": items})

    async def _watch(self, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        if self.expired:
            self.expired = False
            error = {"kind": "Status", "code": 410, "reason": "Expired", "message": "too old resource version"}
            await response.write(json.dumps({"type": "ERROR", "object": error}).encode() + b"\n")
            return response
        bookmark = {"type": "BOOKMARK", "object": {"metadata": {"resourceVersion": str(self.version)}}}
        await response.write(json.dumps(bookmark).encode() + b"\n")
        told, dropped = int(request.query["resourceVersion"]), self._dropped
        while dropped == self._dropped:
            for version, change in [each for each in self._changes if each[0] > told]:
                await response.write(json.dumps(change).encode() + b"\n")
                told = version
            async with self._news:
                while dropped == self._dropped and self.version <= told:
                    await self._news.wait()
        return response

    async def _apply(self, request: web.Request) -> web.Response:
        refusal = self._refusal(request)
        if refusal is not None:
            return refusal
        if request.content_type != "application/apply-patch+yaml":
            return _status(415, "only apply is known here")
        body = await request.json()
        if self.object is None:
            return _status(404, 'tradingbots "bot1" not found')
        self.applied.append({"query": dict(request.query), "body": body})
        return web.json_response(self.object)


def _status(code: int, message: str) -> web.Response:
    return web.json_response({"kind": "Status", "code": code, "message": message}, status=code)


@asynccontextmanager
async def serving(server: FakeApiServer, folder: Path) -> AsyncIterator[KubeApi]:
    """The server on loopback, and a client of it with a token in a file."""
    token = folder / "token"
    token.write_text(server.token)
    application = web.Application()
    application.add_routes(server.routes())
    runner = web.AppRunner(application, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    api = KubeApi(ApiServer(f"http://127.0.0.1:{runner.addresses[0][1]}", token, None), "desk", "bot1")
    try:
        yield api
    finally:
        await api.close()
        await server.drop_watchers()
        await runner.cleanup()

"""WebSockets served: one handler task reads a socket, one writer task sends.

The handler owns both ends and cleans up whatever way the connection ends. `close` says goodbye to all of them and
waits until nothing of them is left running. Faults may refuse, delay or break a connection as it opens; an incident may
end it later.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from contextlib import suppress
from fnmatch import fnmatchcase
from itertools import count
from typing import Any, Protocol

import msgspec
from aiohttp import WSCloseCode, WSMsgType, web

from deskbot.simulator.clock import Clock
from deskbot.simulator.connection import Connection, path_of
from deskbot.simulator.fault_models import Ban, Delay, Drop, Maintenance, Place, RateLimit, Refuse
from deskbot.simulator.faults import Faults
from deskbot.simulator.passage import cut

SILENCE_LIMIT_SECONDS = 600.0
GOODBYE_SECONDS = 0.5
BANNED = 403


class Door(Protocol):
    """What a kind of socket does with its clients; it must not block. An unreadable message is an empty one."""

    def enter(self, connection: Connection) -> None: ...

    def receive(self, connection: Connection, message: dict[str, Any]) -> None: ...

    def leave(self, connection: Connection) -> None: ...


class Sockets:
    def __init__(self, faults: Faults, clock: Clock) -> None:
        self._faults = faults
        self._clock = clock
        self._names = count(1)
        self._tasks: set[asyncio.Task[None]] = set()
        self._open: dict[Connection, web.WebSocketResponse] = {}

    async def serve(self, request: web.Request, door: Door, ping_seconds: float | None = None) -> web.StreamResponse:
        """`ping_seconds`: how often the venue pings; a client that does not answer is cut off."""
        refused = await self._refused(request)
        if refused is not None:
            return refused
        socket = web.WebSocketResponse(
            receive_timeout=SILENCE_LIMIT_SECONDS, timeout=GOODBYE_SECONDS, compress=False, heartbeat=ping_seconds
        )
        await socket.prepare(request)
        connection = Connection(request, socket, f"simulator-{next(self._names)}", self._faults, self._clock)
        self._open[connection] = socket
        writer = self.spawn(connection.write())
        try:
            door.enter(connection)
            await _read(socket, connection, door)
        finally:
            self._open.pop(connection, None)
            door.leave(connection)
            writer.cancel()
            await asyncio.gather(writer, return_exceptions=True)
        return socket

    async def _refused(self, request: web.Request) -> web.Response | None:
        """What a fault answers a client that wants to open a socket; None where it may."""
        fault = self._faults.fire(path_of(request), "", Place.CONNECT)
        match action := None if fault is None else fault.request:
            case Delay():
                await self._clock.sleep(action.delay_ms / 1000)
            case Drop():
                await self._clock.sleep(action.hang_ms / 1000)
                return cut(request)
            case RateLimit() if fault is not None and self._faults.ban_by(fault) is not None:
                return web.Response(status=BANNED)
            case RateLimit() | Refuse():
                return web.Response(status=max(400, action.status))
            case Ban():
                return web.Response(status=action.status or BANNED)
            case Maintenance():
                return web.Response(status=503)
        return None

    def disconnect(self, pattern: str, account: str | None, code: int | None, farewell: str = "") -> int:
        """Ends the open connections whose path (and account, if one is named) match; answers how many."""
        ending = [one for one in self._open if fnmatchcase(one.path, pattern) and account in (None, one.account)]
        for connection in ending:
            self.spawn(connection.close(code, farewell))
        return len(ending)

    def spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """A task that `close` ends."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def close(self) -> None:
        goodbyes = [
            socket.close(code=WSCloseCode.GOING_AWAY, message=b"shutting down") for socket in self._open.values()
        ]
        await asyncio.gather(*goodbyes, return_exceptions=True)
        tasks = tuple(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _read(socket: web.WebSocketResponse, connection: Connection, door: Door) -> None:
    with suppress(TimeoutError):
        async for frame in socket:
            if frame.type is WSMsgType.TEXT:
                door.receive(connection, _decode(frame.data))


def _decode(text: str) -> dict[str, Any]:
    with suppress(msgspec.DecodeError):
        message = msgspec.json.decode(text)
        if isinstance(message, dict):
            return message
    return {}

"""WebSockets served: one handler task reads a socket, one writer task sends.

The handler owns both ends and cleans up whatever way the connection ends. `close` says goodbye to all of them and
waits until nothing of them is left running.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from contextlib import suppress
from itertools import count
from typing import Any, Protocol

import msgspec
from aiohttp import WSCloseCode, WSMsgType, web

from deskbot.simulator.clock import Clock
from deskbot.simulator.connection import Connection
from deskbot.simulator.faults import Faults

SILENCE_LIMIT_SECONDS = 600.0
GOODBYE_SECONDS = 0.5


class Door(Protocol):
    """What a kind of socket does with its clients. `receive` must not block; an unreadable message is an empty one."""

    def receive(self, connection: Connection, message: dict[str, Any]) -> None: ...

    def leave(self, connection: Connection) -> None: ...


class Sockets:
    def __init__(self, faults: Faults, clock: Clock) -> None:
        self._faults = faults
        self._clock = clock
        self._names = count(1)
        self._tasks: set[asyncio.Task[None]] = set()
        self._open: set[web.WebSocketResponse] = set()

    async def serve(self, request: web.Request, door: Door) -> web.StreamResponse:
        socket = web.WebSocketResponse(receive_timeout=SILENCE_LIMIT_SECONDS, timeout=GOODBYE_SECONDS, compress=False)
        await socket.prepare(request)
        connection = Connection(request, socket, f"simulator-{next(self._names)}", self._faults, self._clock)
        self._open.add(socket)
        writer = self.spawn(connection.write())
        try:
            await _read(socket, connection, door)
        finally:
            self._open.discard(socket)
            door.leave(connection)
            writer.cancel()
            await asyncio.gather(writer, return_exceptions=True)
        return socket

    def spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """A task that `close` ends."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def close(self) -> None:
        goodbyes = [socket.close(code=WSCloseCode.GOING_AWAY, message=b"shutting down") for socket in self._open]
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

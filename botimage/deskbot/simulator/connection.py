"""One WebSocket of a client: messages go into a queue, one writer takes them out, faults act in between.

Order is kept per connection unless a fault reorders or repeats: a delayed message holds up those behind it, as on a
stalled network. A client that does not read for a whole queue is cut off, as a venue does.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress

import msgspec
from aiohttp import web

from deskbot.simulator.clock import Clock
from deskbot.simulator.fault_models import (
    AcceptThenDrop,
    Close,
    Delay,
    DelayReply,
    Drop,
    Duplicate,
    Garbage,
    Place,
    Poison,
    Reorder,
    Stall,
)
from deskbot.simulator.faults import Faults

QUEUE_LIMIT = 20_000


class Connection:
    """Belongs to the handler that accepted the socket; anybody may `send`. `account` is "" until authenticated.

    `path` is the request's without the venue's host, `query` its parameters.
    """

    def __init__(
        self, request: web.Request, socket: web.WebSocketResponse, name: str, faults: Faults, clock: Clock
    ) -> None:
        self.name = name
        self.path = path_of(request)
        self.query = request.query
        self.account = ""
        self.topics: set[str] = set()
        self._request = request
        self._socket = socket
        self._faults = faults
        self._clock = clock
        self._queue: asyncio.Queue[tuple[str | None, bytes]] = asyncio.Queue(QUEUE_LIMIT)
        self._held: list[bytes] = []

    def send(self, message: object, topic: str | None = None) -> None:
        """Queues a message. Only one with a topic is subject to faults: answers and pongs always pass."""
        self.send_encoded(msgspec.json.encode(message), topic)

    def send_encoded(self, message: bytes, topic: str | None) -> None:
        try:
            self._queue.put_nowait((topic, message))
        except asyncio.QueueFull:
            self.abort()

    def abort(self) -> None:
        """Cuts the connection without a closing handshake."""
        if self._request.transport is not None:
            self._request.transport.abort()

    async def close(self, code: int | None, farewell: str = "") -> None:
        """Ends the connection: with a code by a closing handshake, else by a reset."""
        with suppress(ConnectionError):
            if farewell:
                await self._socket.send_str(farewell)
            if code is not None:
                await self._socket.close(code=code)
        if code is None:
            self.abort()

    async def write(self) -> None:
        """Sends what is queued until the connection ends or the task is cancelled."""
        with suppress(ConnectionError):
            while not self._socket.closed:
                topic, message = await self._queue.get()
                if topic is None:
                    await self._socket.send_str(message.decode())
                else:
                    await self._pass(topic, message)

    async def _pass(self, topic: str, message: bytes) -> None:
        """A message past the faults; what a reordering held back comes right behind it."""
        fault = self._faults.fire(topic, self.account, Place.STREAM)
        match action := None if fault is None else fault.request:
            case Drop() | Stall():
                return
            case Reorder():
                self._held.append(message)
                self._clock.call_later(action.hold_ms / 1000, self._release)
                return
            case Close():
                await self.close(action.code)
                return
            case Delay() | DelayReply():
                await self._clock.sleep(action.delay_ms / 1000)
            case Garbage() | Poison():
                message = action.body.encode()
            case Duplicate():
                await self._repeat(message, action.delay_ms / 1000)
        await self._socket.send_str(message.decode())
        if isinstance(action, AcceptThenDrop):
            await self._clock.sleep(action.hang_ms / 1000)
            self.abort()
        held, self._held = self._held, []
        for late in held:
            await self._socket.send_str(late.decode())

    async def _repeat(self, message: bytes, delay_seconds: float) -> None:
        if delay_seconds:
            self._clock.call_later(delay_seconds, lambda: self.send_encoded(message, None))
        else:
            await self._socket.send_str(message.decode())

    def _release(self) -> None:
        """Nothing overtook what was held back: it is sent in its turn."""
        held, self._held = self._held, []
        for late in held:
            self.send_encoded(late, None)


def path_of(request: web.Request) -> str:
    """The path as the venue knows it: the first segment here is the venue's host."""
    return "/" + request.path.lstrip("/").partition("/")[2]

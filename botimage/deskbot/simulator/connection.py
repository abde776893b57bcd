"""One WebSocket of a client: messages go into a queue, one writer takes them out, faults act in between.

Order is kept per connection whatever happens: a delayed message holds up those behind it, as on a stalled network.
A client that does not read for a whole queue is cut off, as a venue does.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress

import msgspec
from aiohttp import web

from deskbot.simulator.clock import Clock
from deskbot.simulator.faults import Fault, Faults

QUEUE_LIMIT = 20_000


class Connection:
    """Belongs to the handler that accepted the socket; anybody may `send`. `account` is "" until authenticated."""

    def __init__(
        self, request: web.Request, socket: web.WebSocketResponse, name: str, faults: Faults, clock: Clock
    ) -> None:
        self.name = name
        self.account = ""
        self.topics: set[str] = set()
        self._request = request
        self._socket = socket
        self._faults = faults
        self._clock = clock
        self._queue: asyncio.Queue[tuple[str | None, bytes]] = asyncio.Queue(QUEUE_LIMIT)

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

    async def write(self) -> None:
        """Sends what is queued until the connection ends or the task is cancelled."""
        with suppress(ConnectionError):
            while not self._socket.closed:
                topic, message = await self._queue.get()
                fault = None if topic is None else self._faults.fire(topic, self.account)
                if fault is None:
                    await self._socket.send_str(message.decode())
                else:
                    await self._send_faulty(fault, message)

    async def _send_faulty(self, fault: Fault, message: bytes) -> None:
        request = fault.request
        if request.action == "drop":
            return
        if request.delay_ms:
            await self._clock.sleep(request.delay_ms / 1000)
        await self._socket.send_str(request.body if request.action == "garbage" else message.decode())
        if request.action == "acceptThenDrop":
            self.abort()

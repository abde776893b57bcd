"""A cable to the API server that can be cut: what is on it stays there, nobody is told, and it may be joined again."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress


class Cable:
    """A TCP port on loopback that leads to another, in a thread of its own."""

    def __init__(self, target: int) -> None:
        self.port = 0
        self._target = target
        self._loop = asyncio.new_event_loop()
        self._whole = asyncio.Event()
        self._ready = threading.Event()
        self._ends: set[asyncio.StreamWriter] = set()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def cut(self) -> None:
        """From now on nothing passes; every connection stays open."""
        self._loop.call_soon_threadsafe(self._whole.clear)

    def join(self) -> None:
        """What was held up arrives, and everything passes again."""
        self._loop.call_soon_threadsafe(self._whole.set)

    def start(self) -> None:
        self._whole.set()
        self._thread.start()
        self._ready.wait()

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        server = self._loop.run_until_complete(asyncio.start_server(self._connect, "127.0.0.1", 0))
        self.port = server.sockets[0].getsockname()[1]
        self._ready.set()
        self._loop.run_forever()
        server.close()
        tasks = asyncio.all_tasks(self._loop)
        for task in tasks:
            task.cancel()
        self._loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
        for end in self._ends:
            end.transport.abort()
        self._loop.run_until_complete(asyncio.sleep(0))
        self._loop.close()

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._ends.add(writer)
        with suppress(asyncio.CancelledError):  # the end of the test
            await self._carry(reader, writer)

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await self._whole.wait()
        try:
            there, back = await asyncio.open_connection("127.0.0.1", self._target)
        except OSError:
            writer.close()
            return
        self._ends.add(back)
        await asyncio.gather(self._pump(reader, back), self._pump(there, writer))

    async def _pump(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        try:
            while data := await source.read(65536):
                await self._whole.wait()
                sink.write(data)
                await sink.drain()
        except OSError:
            pass
        finally:
            sink.close()


@contextmanager
def cable(target: int) -> Iterator[Cable]:
    """A cable to a port on loopback."""
    made = Cable(target)
    made.start()
    try:
        yield made
    finally:
        made.stop()

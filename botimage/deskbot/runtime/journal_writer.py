"""Group commit: the engine's loop goes on while a batch is on its way to the disk.

Records queue up here and one thread writes them, everything that has gathered in one transaction. Whoever waits for a
batch is told whether it is durable. A disk that hangs therefore holds up new orders, and no cancel.

When a write fails the records stay, in order, and are tried again every second; those who wait are told no at once,
and so is everyone after them until a write succeeds. `on_trouble` hears of the failure and of its end.
"""

import asyncio
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor

from deskbot.core.errors import DeskError
from deskbot.core.records import Record
from deskbot.runtime.clock import NANOSECONDS, Clock

Waiter = Callable[[bool], None]
RETRY_SECONDS = 1.0


class JournalWriter:
    """Writes records behind the loop's back; `run` is its task."""

    def __init__(
        self,
        write: Callable[[list[Record]], None],
        clock: Clock,
        on_trouble: Callable[[DeskError | None], None],
        on_commit: Callable[[float], None] = lambda _seconds: None,
    ) -> None:
        self._write = write
        self._clock = clock
        self._on_trouble = on_trouble
        self._on_commit = on_commit
        self._records: list[Record] = []
        self._waiters: list[Waiter] = []
        self._wake = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()
        self.failing = False

    @property
    def pending(self) -> bool:
        """Whether anything handed in is not durable yet."""
        return not self._idle.is_set()

    def append(self, records: Iterable[Record], waiter: Waiter | None = None) -> None:
        """Queue records; `waiter` hears once whether they, and everything before them, are durable."""
        self._records.extend(records)
        if waiter is not None and self.failing:
            waiter(False)
        elif waiter is not None:
            self._waiters.append(waiter)
        self._idle.clear()
        self._wake.set()

    async def run(self) -> None:
        """Write until cancelled. Raises whatever is no condition of the world, which is a bug."""
        thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="journal")
        try:
            while True:
                await self._wake.wait()
                self._wake.clear()
                while self._records or self._waiters:
                    await self._write_batch(thread)
                self._idle.set()
        finally:
            thread.shutdown(wait=False)  # a disk that hangs must not hold up the cancels that come after this

    async def flush(self, seconds: float) -> bool:
        """Wait until everything is durable, at most so long; whether it is."""
        try:
            async with asyncio.timeout(seconds):
                await self._idle.wait()
        except TimeoutError:
            return False
        return True

    async def _write_batch(self, thread: ThreadPoolExecutor) -> None:
        records, waiters = self._records, self._waiters
        self._records, self._waiters = [], []
        began = self._clock.now()
        try:
            await asyncio.get_running_loop().run_in_executor(thread, self._write, records)
        except DeskError as error:
            self._records = records + self._records
            self._fail(waiters, error)
            await self._clock.sleep(RETRY_SECONDS)
            return
        self._on_commit((self._clock.now() - began) / NANOSECONDS)
        self._succeed(waiters)

    def _fail(self, waiters: list[Waiter], error: DeskError) -> None:
        waiters = waiters + self._waiters
        self._waiters = []
        if not self.failing:
            self.failing = True
            self._on_trouble(error)
        for waiter in waiters:
            waiter(False)

    def _succeed(self, waiters: list[Waiter]) -> None:
        if self.failing:
            self.failing = False
            self._on_trouble(None)
        for waiter in waiters:
            waiter(True)

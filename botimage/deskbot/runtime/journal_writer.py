"""Group commit: the engine's loop goes on while a batch is on its way to the disk.

    append(records, waiter) ──▶ gathered ──▶ one thread, one transaction ──▶ waiter(durable?)
    snapshot(state)         ──▶ after the records before it: a step between any two batches, more when nothing waits

Whoever waits for a batch is told whether it is durable. A disk that hangs therefore holds up new orders, and no cancel.

When a write fails the records stay, in order, and are tried again every second; those who wait are told no at once,
and so is everyone after them until a write succeeds. A write that takes longer than a second counts as failing until it
comes back. `on_trouble` hears of the failure and of its end. A snapshot that cannot be written is given up.
"""

import asyncio
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor

import structlog

from deskbot.core.errors import DeskError, Transient
from deskbot.core.records import Record
from deskbot.core.snapshot import Snapshot
from deskbot.runtime.clock import NANOSECONDS, Clock

Waiter = Callable[[bool], None]
RETRY_SECONDS = 1.0
HANGING_SECONDS = 1.0
SNAPSHOT_EVERY = 20_000  # records: a tenth of a second of replay

_DONE = object()

_log = structlog.get_logger("deskbot.journal")


class JournalWriter:
    """Writes records behind the loop's back; `run` is its task.

    `save` writes the state after so many records from here as a sequence of steps. `unsaved` records were there before
    that no snapshot contains.
    """

    def __init__(
        self,
        write: Callable[[list[Record]], None],
        save: Callable[[int, Snapshot], Iterator[None]],
        clock: Clock,
        on_trouble: Callable[[DeskError | None], None],
        on_commit: Callable[[float], None] = lambda _seconds: None,
        unsaved: int = 0,
    ) -> None:
        self._write = write
        self._save = save
        self._clock = clock
        self._on_trouble = on_trouble
        self._on_commit = on_commit
        self._records: list[Record] = []
        self._waiters: list[Waiter] = []
        self._handed_in = 0
        self._written = 0
        self._saved_at = -unsaved
        self._saving: Iterator[None] | None = None
        self._wake = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()
        self.failing = False

    @property
    def pending(self) -> bool:
        """Whether anything handed in is not durable yet."""
        return not self._idle.is_set()

    @property
    def wants_snapshot(self) -> bool:
        """Whether enough has been handed in since the last one; there is one at a time."""
        return self._saving is None and self._handed_in - self._saved_at >= SNAPSHOT_EVERY

    def snapshot(self, taken: Snapshot) -> None:
        """Keep the state after everything handed in so far, unless it is kept already."""
        if self._saving is None and self._handed_in > self._saved_at and not self.failing:
            self._saved_at = self._handed_in
            self._saving = self._save(self._handed_in, taken)
            self._idle.clear()
            self._wake.set()

    @property
    def backlog(self) -> int:
        """How many records wait for the write after the one under way."""
        return len(self._records)

    def append(self, records: Iterable[Record], waiter: Waiter | None = None) -> None:
        """Queue records; `waiter` hears once whether they, and everything before them, are durable."""
        before = len(self._records)
        self._records.extend(records)
        self._handed_in += len(self._records) - before
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
                while self._records or self._waiters or self._saving is not None:
                    if self._records or self._waiters:
                        await self._write_batch(thread)
                    await self._go_on_saving(thread)
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
            await self._in_time(thread, records, waiters)
        except DeskError as error:
            self._records = records + self._records
            self._fail(waiters, error)
            await self._clock.sleep(RETRY_SECONDS)
            return
        self._written += len(records)
        self._on_commit((self._clock.now() - began) / NANOSECONDS)
        self._succeed(waiters)

    async def _in_time(self, thread: ThreadPoolExecutor, records: list[Record], waiters: list[Waiter]) -> None:
        """Write, and let nobody wait for a disk that hangs."""
        writing = asyncio.get_running_loop().run_in_executor(thread, self._write, records)
        await asyncio.wait((writing,), timeout=HANGING_SECONDS)
        if not writing.done():
            words = f"the journal's volume has not answered for {HANGING_SECONDS:.0f} s; look after the volume"
            self._fail(waiters, Transient("DiskFailing", words))
            waiters.clear()
        await writing

    async def _go_on_saving(self, thread: ThreadPoolExecutor) -> None:
        """One step of a snapshot, once every record before it is durable."""
        if self._saving is None or self._written < self._saved_at:
            return
        try:
            if await asyncio.get_running_loop().run_in_executor(thread, _step, self._saving):
                return
        except DeskError as error:
            _log.warning("snapshot_given_up", reason=error.reason, message=error.message)
        self._saving = None

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


def _step(saving: Iterator[None]) -> bool:
    """Whether there was another step to do."""
    return next(saving, _DONE) is not _DONE

"""An event loop on virtual time: a pause takes no time and always the same, threads run where they are started."""

import asyncio
import selectors
from collections.abc import Callable, Coroutine
from concurrent.futures import Executor
from typing import Any, TypeVar

from deskbot.runtime.clock import Clock

T = TypeVar("T")
EPOCH_NS = 1_790_000_000_000_000_000


class _Selector(selectors.DefaultSelector):
    """Instead of waiting for a time-out, moves the loop's time there."""

    skipped = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(0)
        if not ready and timeout is None:
            raise AssertionError("nothing will ever happen: the test waits for something that is not coming")
        if not ready and timeout:
            self.skipped += timeout
        return ready


class VirtualLoop(asyncio.SelectorEventLoop):
    """Runs as fast as the machine can; `time` says what a patient clock would have said."""

    def __init__(self) -> None:
        self._virtual = _Selector()
        super().__init__(self._virtual)

    def time(self) -> float:
        return self._virtual.skipped

    def run_in_executor(  # type: ignore[override]
        self, _executor: Executor | None, func: Callable[..., T], *args: Any
    ) -> asyncio.Future[T]:
        future: asyncio.Future[T] = self.create_future()
        try:
            future.set_result(func(*args))
        except Exception as error:
            future.set_exception(error)
        return future


def clock() -> Clock:
    """A clock on the running loop's time."""
    loop = asyncio.get_running_loop()
    return Clock(wall=lambda: EPOCH_NS, monotonic=lambda: int(loop.time() * 1e9), jitter=lambda: 1.0)


def run(main: Coroutine[Any, Any, T]) -> T:
    """Run a test's coroutine on virtual time."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(main)

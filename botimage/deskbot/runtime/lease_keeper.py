"""Keeps the bot's Lease, and with it the permission to add risk (`docs/one-trader.md`).

    LeaseApi  ◀─ read, renew, take ─┐
                                    ├─ LeaseKeeper ──▶ why_not(): asked before every order
    own object ◀─ read, as often ───┘        └───────▶ listeners: the engine pauses, and goes on

The decisions are the Holder's (`fencing/holder.py`); here are its requests, one at a time, each with a time-out, and
the clock. A permission that is not renewed lapses by itself: nothing has to happen for it.
"""

import asyncio
from collections.abc import Callable
from typing import Final

import structlog

from deskbot.core.errors import Blocked, DeskError, Transient
from deskbot.fencing import holder
from deskbot.fencing.durations import LEASE_DURATION, LONGEST_CONTROL_AGE, SECOND, SHORTEST_CONTROL_AGE
from deskbot.fencing.holder import WAIT, WRITE, Holder
from deskbot.runtime.clock import NANOSECONDS, Clock
from deskbot.runtime.control_object import ControlObject
from deskbot.runtime.kube_api import WatchExpired
from deskbot.runtime.lease_api import LeaseApi

POLL_SECONDS: Final = 0.2
FIRST_ANSWER_SECONDS: Final = 2.0
RELEASE_SECONDS: Final = 2.0
ATTEMPTS_PER_AGE: Final = 6  # a request is given up after this part of maxControlAge
RETRIES_PER_AGE: Final = 30

_log = structlog.get_logger("deskbot.lease")


class LeaseKeeper:
    """A `Fence`; `run` is its task. `identity` is the pod's UID, `ordinal` its number in the StatefulSet."""

    def __init__(
        self,
        lease: LeaseApi,
        control: ControlObject,
        clock: Clock,
        identity: str,
        ordinal: int = 0,
        duration: int = LEASE_DURATION,
    ) -> None:
        self.holder = Holder(identity, ordinal, duration, SHORTEST_CONTROL_AGE)
        self._lease = lease
        self._control = control
        self._clock = clock
        self._hear: Callable[[], None] = lambda: None
        self._word = holder.WAITING
        self._known = asyncio.Event()
        self._inherited = False  # the pod had a process before this one
        self._sent = False

    # the fence

    def why_not(self) -> DeskError | None:
        """See `Fence.why_not`."""
        word = self.holder.why_not(self._clock.now())
        return self._error(word) if word else None

    def refusal(self) -> str:
        """See `Fence.refusal`."""
        word = self.holder.why_not(self._clock.now())
        self._sent = self._sent or not word
        return word

    def listen(self, hear: Callable[[], None]) -> None:
        """See `Fence.listen`."""
        self._hear = hear

    async def settled(self) -> None:
        """See `Fence.settled`."""
        try:
            async with asyncio.timeout(FIRST_ANSWER_SECONDS):
                await self._known.wait()
        except TimeoutError:
            return

    # its task

    async def run(self) -> None:
        """Keep the Lease until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._hold())
            tasks.create_task(self._look_at_the_object())
            tasks.create_task(self._watch_the_time())

    async def release(self, *, proven: bool) -> None:
        """The bot has ended. Its Lease is released where no order of it can come any more: `proven` by the venue, or
        none was ever sent. Otherwise the next pod waits until the Lease has expired."""
        if self.holder.release(self._clock.now()) is None or not (proven or self._never_sent()):
            _log.warning("lease_kept", message="the next pod waits until it has expired")
            return
        try:
            async with asyncio.timeout(RELEASE_SECONDS):
                _log.info("lease_released", done=await self._released(proven))
        except (TimeoutError, Transient) as error:
            _log.warning("lease_not_released", message=str(error))

    async def _released(self, proven: bool) -> bool:
        """The operator may have noted something on it since it was seen last: then over what it says now, while it is
        this pod's."""
        while (write := self.holder.release(self._clock.now())) is not None:
            if await self._lease.write(write.lease, self.holder.duration, takes=False, proven=proven):
                return True
            self.holder.read(await self._lease.read(), self._clock.now())
        return False

    def _never_sent(self) -> bool:
        return not self._sent and not self._inherited

    async def _hold(self) -> None:
        while True:
            self.holder.max_age = self._max_age()
            what = self.holder.next(self._clock.now())
            if what == WAIT:
                await self._clock.sleep(POLL_SECONDS)
                continue
            try:
                async with asyncio.timeout(self._part_of_age(ATTEMPTS_PER_AGE)):
                    await (self._write() if what == WRITE else self._read())
            except (TimeoutError, Transient) as error:
                self.holder.lost()
                _log.warning("lease_request_failed", request=what, message=str(error) or "no answer")
                await self._clock.sleep(self._clock.jittered(self._part_of_age(RETRIES_PER_AGE)))
            self._look()

    async def _read(self) -> None:
        found = await self._lease.read()
        self.holder.read(found, self._clock.now())
        if found is not None and found.holder == self.holder.identity:
            self._inherited = True
        if not self.holder.may_write(self._clock.now()):
            self._known.set()

    async def _write(self) -> None:
        write = self.holder.begin(self._clock.now())
        before = self.holder.seen
        takes = before is None or before.holder != self.holder.identity
        version = await self._lease.write(write.lease, self.holder.duration, takes=takes)
        if not version:
            self.holder.lost()
            return
        self.holder.written(write, version, self._clock.now())
        if takes:
            _log.info("lease_taken", version=version)

    async def _look_at_the_object(self) -> None:
        """A watch that says nothing proves nothing: the object is read as often as the Lease is renewed."""
        while True:
            asked = self._clock.now()
            try:
                async with asyncio.timeout(self._part_of_age(ATTEMPTS_PER_AGE)):
                    await self._control.look()
            except (TimeoutError, Transient, WatchExpired) as error:
                _log.warning("object_not_read", message=str(error) or "no answer")
                await self._clock.sleep(self._clock.jittered(self._part_of_age(RETRIES_PER_AGE)))
                continue
            self.holder.object_read(asked)
            self._look()
            await self._clock.sleep(self._part_of_age(holder.RENEWALS_PER_AGE))

    async def _watch_the_time(self) -> None:
        while True:
            left = (self.holder.lapses_at() - self._clock.now()) / NANOSECONDS
            await self._clock.sleep(min(left, POLL_SECONDS) if left > 0 else POLL_SECONDS)
            self._look()

    def _look(self) -> None:
        """Tell whoever listens when the answer has changed."""
        word = self.holder.why_not(self._clock.now())
        if not word:
            self._known.set()
        if word != self._word:
            self._word = word
            _log.warning("may_not_trade", why=word) if word else _log.info("may_trade")
            self._hear()

    # durations and words

    def _max_age(self) -> int:
        return min(max(self._control.max_control_age, SHORTEST_CONTROL_AGE), LONGEST_CONTROL_AGE)

    def _part_of_age(self, parts: int) -> float:
        return self._max_age() / parts / SECOND

    def _error(self, word: str) -> DeskError:
        age, duration = self.holder.max_age // SECOND, self.holder.duration // SECOND
        if word in (holder.LEASE_OLD, holder.OBJECT_OLD):
            words = f"{word} within {age} s (envelope.maxControlAge); it goes on by itself when the API server answers"
            return Transient("ControlLost", words)
        seen = self.holder.seen
        if word != holder.WAITING or seen is None:
            return Blocked("LeaseWaiting", word)
        if not seen.version:
            return Blocked("LeaseWaiting", "there is no Lease of the bot's name; the operator makes it")
        whom = f"pod {seen.holder} holds it" if seen.holder else "nobody says that it was released"
        words = f"{word} ({whom}); this one takes it when it is released, or {duration} s after it last changed"
        return Blocked("LeaseWaiting", words)

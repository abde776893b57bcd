"""The engine's loop: events in, commands out, one thread, one pass at a time.

    streams, answers, control ──put──▶ lanes ──pass──▶ engine.handle ──▶ commands
                                                                          │ records ─▶ JournalWriter ─▶ disk
                                                                          │ Place ───▶ after that is durable
                                                                          └ the rest ▶ at once

What waits is in lanes (`lanes.py`): facts, halts among them, before market data. A pass drains what is there and then
gives way to the sockets.
When the process has stood still, the engine is told the time before it is told what waited: data is as old as it is.

An engine that meets an error halts itself and goes on. An exception that it lets through (it cannot even stand still)
ends the loop; whoever runs it then cancels everything without the engine (`emergency.py`).
"""

import asyncio
from collections.abc import Callable
from typing import Final

import structlog

from deskbot.core.commands import Command, Place, Publish, Stopped
from deskbot.core.engine import Engine
from deskbot.core.events import NOT_SENT, Book, Event, Timer
from deskbot.core.records import Latched, Record
from deskbot.runtime.clock import NANOSECONDS, Clock
from deskbot.runtime.journal_writer import JournalWriter
from deskbot.runtime.lanes import Lanes
from deskbot.runtime.overload import Overload
from deskbot.runtime.requests import Requests

TIMER_SECONDS: Final = 0.1
# An order decided longer ago than this is not sent any more: the disk hung, the price is history.
MAX_COMMIT_WAIT: Final = NANOSECONDS
# After a pause this long the process has stood still: what waits in the lanes is from before.
STOOD_STILL: Final = NANOSECONDS

_log = structlog.get_logger("deskbot.loop")


class EngineLoop:
    """Runs one engine until it says `Stopped`."""

    def __init__(
        self, engine: Engine, writer: JournalWriter, requests: Requests, clock: Clock, on_publish: Callable[[], None]
    ) -> None:
        self.engine = engine
        self.passed_at = clock.now()
        self._writer = writer
        self._requests = requests
        self._clock = clock
        self._on_publish = on_publish
        self._lanes = Lanes()
        self._fullest = 0.0
        self.overload = Overload(self.put, clock)
        self._records: list[Record] = []
        self._places: list[Place] = []
        self._armed = False
        self._loop = asyncio.get_running_loop()
        self._done: asyncio.Future[Stopped] = self._loop.create_future()

    def put(self, event: Event) -> None:
        """Take in an event; it is handled in the next pass."""
        self._lanes.put(event)
        if not self._armed:
            self._armed = True
            self._loop.call_soon(self._pass)

    @property
    def books(self) -> dict[str, Book]:
        """The newest book of each market."""
        return self._lanes.books

    async def run(self) -> Stopped:
        """Run until the engine has stopped. Raises what the engine raised, or the journal's thread."""
        writing = self._loop.create_task(self._writer.run())
        ticking = self._loop.create_task(self._tick())
        tasks = (writing, ticking)
        try:
            await asyncio.wait((self._done, *tasks), return_when=asyncio.FIRST_COMPLETED)
            for task in tasks:
                if task.done():
                    task.result()
            stopped = await self._done
            await self._writer.flush(seconds=1)
            return stopped
        finally:
            self._finish(None)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _tick(self) -> None:
        while True:
            self.put(Timer(self._clock.now()))
            self.overload.look(self._fullest, self._writer.backlog)
            self._fullest = 0.0
            await self._clock.sleep(TIMER_SECONDS)

    def _pass(self) -> None:
        self._armed = False
        self._fullest = max(self._fullest, self._lanes.share())
        try:
            if self._clock.now() - self.passed_at > STOOD_STILL:
                self._handle(Timer(self._clock.now()))
            while not self._done.done() and (event := self._lanes.next()) is not None:
                self._handle(event)
            self._send_places()
        except Exception as error:
            self._finish(error)
        self.passed_at = self._clock.now()

    def _handle(self, event: Event) -> None:
        for command in self.engine.handle(event):
            self._obey(command)

    def _obey(self, command: Command) -> None:
        if isinstance(command, Record):
            self._records.append(command)
            if isinstance(command, Latched):
                _say_latched(command)
        elif isinstance(command, Place):
            self._places.append(command)
        elif isinstance(command, Publish):
            self._on_publish()
        elif isinstance(command, Stopped):
            self._writer.append(self._records)
            self._records = []
            self._writer.snapshot(self.engine.snapshot())
            self._done.set_result(command)
        else:
            self._requests.send(command)

    def _send_places(self) -> None:
        records, places = self._records, self._places
        self._records, self._places = [], []
        if not records and not self._writer.pending:
            for place in places:
                self._requests.send(place)
        elif places:
            decided = self._clock.now()
            self._writer.append(records, lambda durable: self._send_durable(places, durable, decided))
        elif records:
            self._writer.append(records)
        if self._writer.wants_snapshot:
            self._writer.snapshot(self.engine.snapshot())

    def _send_durable(self, places: list[Place], durable: bool, decided: int) -> None:
        late = self._clock.now() - decided > MAX_COMMIT_WAIT
        for place in places:
            if durable and not late and not self._done.done():
                self._requests.send(place)
            else:
                reason = "the journal took too long" if durable else "the journal cannot be written"
                self._requests.refuse(place, f"{NOT_SENT} {reason}")

    def _finish(self, error: Exception | None) -> None:
        if self._done.done():
            return
        if error is not None:
            self._done.set_exception(error)
        else:
            self._done.cancel()


def _say_latched(latch: Latched) -> None:
    say = _log.error if latch.evidence else _log.warning
    say("halt_latched", id=latch.id, source=latch.source, reason=latch.reason, evidence=latch.evidence)

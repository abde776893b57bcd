"""The engine's loop: events in, commands out, one thread, one pass at a time.

    streams, answers, control ──put──▶ lanes ──pass──▶ engine.handle ──▶ commands
                                                                          │ Persist ─▶ JournalWriter ─▶ disk
                                                                          │ Place ───▶ after that is durable
                                                                          └ the rest ▶ at once

Two lanes: what the venue or a person says about orders, fills and halts is handled first and in order, and never
dropped; of the market only the latest book of each market, the last prints and the last candles are kept, so that a
flood of data makes the bot skip data, not fall behind. A pass drains what is there and then gives way to the sockets.
When the process has stood still, the engine is told the time before it is told what waited: data is as old as it is.

An engine that meets an error halts itself and goes on. An exception that it lets through (it cannot even stand still)
ends the loop; whoever runs it then cancels everything without the engine (`emergency.py`).
"""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Final

import structlog

from deskbot.core.candles import Candle
from deskbot.core.commands import Command, Persist, Place, Publish, Stopped
from deskbot.core.engine import Engine
from deskbot.core.events import Book, Event, Timer, Trade
from deskbot.core.records import Latched, Record
from deskbot.runtime.clock import NANOSECONDS, Clock
from deskbot.runtime.journal_writer import JournalWriter
from deskbot.runtime.requests import Requests

TIMER_SECONDS: Final = 0.1
KEPT_TRADES: Final = 1000
KEPT_CANDLES: Final = 10_000  # a market's history comes at once
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
        self.books: dict[str, Book] = {}
        self.passed_at = clock.now()
        self._writer = writer
        self._requests = requests
        self._clock = clock
        self._on_publish = on_publish
        self._urgent: deque[Event] = deque()
        self._trades: deque[Trade] = deque(maxlen=KEPT_TRADES)
        self._candles: deque[Candle] = deque(maxlen=KEPT_CANDLES)
        self._fresh_books: dict[str, Book] = {}
        self._timer: Timer | None = None
        self._records: list[Record] = []
        self._places: list[Place] = []
        self._armed = False
        self._loop = asyncio.get_running_loop()
        self._done: asyncio.Future[Stopped] = self._loop.create_future()

    def put(self, event: Event) -> None:
        """Take in an event; it is handled in the next pass."""
        if isinstance(event, Book):
            self._put_book(event)
        elif isinstance(event, Trade):
            self._trades.append(event)
        elif isinstance(event, Candle):
            self._candles.append(event)
        elif isinstance(event, Timer):
            self._timer = event
        else:
            self._urgent.append(event)
        if not self._armed:
            self._armed = True
            self._loop.call_soon(self._pass)

    def _put_book(self, book: Book) -> None:
        waiting = self._fresh_books.get(book.market)
        if waiting is not None and book.previous and book.previous == waiting.sequence:
            # the one that waits is skipped, not missed: to the engine this one follows what that one followed
            book = Book(book.at, book.market, book.bids, book.asks, book.venue_ms, book.sequence, waiting.previous)
        self._fresh_books[book.market] = self.books[book.market] = book

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
            await self._clock.sleep(TIMER_SECONDS)

    def _pass(self) -> None:
        self._armed = False
        try:
            if self._clock.now() - self.passed_at > STOOD_STILL:
                self._handle(Timer(self._clock.now()))
            while not self._done.done() and (event := self._next()) is not None:
                self._handle(event)
            self._send_places()
        except Exception as error:
            self._finish(error)
        self.passed_at = self._clock.now()

    def _handle(self, event: Event) -> None:
        for command in self.engine.handle(event):
            self._obey(command)

    def _next(self) -> Event | None:
        if self._urgent:
            return self._urgent.popleft()
        if self._trades:
            return self._trades.popleft()
        if self._candles:
            return self._candles.popleft()
        if self._fresh_books:
            return self._fresh_books.pop(next(iter(self._fresh_books)))
        timer, self._timer = self._timer, None
        return timer

    def _obey(self, command: Command) -> None:
        if isinstance(command, Persist):
            self._records.append(command.record)
            if isinstance(command.record, Latched):
                _say_latched(command.record)
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
                self._requests.refuse(place, f"not sent: {reason}")

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

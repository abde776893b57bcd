"""One engine, from its journal to `Stopped`.

    journal ─▶ Engine ─▶ EngineLoop ◀── Control ◀── object, as it is observed
                            │   ▲
                            ▼   └──── VenueReady, streams, answers ◀── VenueKeeper, Requests
                        records, requests

A journal that cannot be used does not keep the bot from listening: the engine then runs without one, on what of it
can be read, is told of the problem, and every record it wants to write is refused, so that no order leaves while a halt
still cancels. Every two seconds the journal is tried again; when it opens, this session ends and the next begins with
what the journal says.
"""

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import structlog

from deskbot.core.engine import Engine
from deskbot.core.errors import DeskError
from deskbot.core.events import Event, Relisted, StopRequested, VenueReady
from deskbot.core.instrument import Instrument
from deskbot.core.records import Record
from deskbot.core.snapshot import Snapshot
from deskbot.core.summary import Summary
from deskbot.runtime.account_gate import has_own, require_own
from deskbot.runtime.clock import Clock
from deskbot.runtime.credentials import CredentialSource
from deskbot.runtime.emergency import cancel_everything
from deskbot.runtime.fence import Fence, Unfenced
from deskbot.runtime.journal import Header, Journal
from deskbot.runtime.journal_writer import JournalWriter
from deskbot.runtime.loop import EngineLoop
from deskbot.runtime.observation import Observation
from deskbot.runtime.opening import Opened, usable
from deskbot.runtime.requests import Requests
from deskbot.runtime.spec import STRATEGY_PROBLEM, Strategies, control_of, mode_class, problem_of
from deskbot.runtime.venue_keeper import MakeVenue, VenueKeeper
from deskbot.venues.protocol import VenueFigures

JOURNAL_PROBLEM = "journal"
CONTROL_PROBLEM = "control"
MEND_SECONDS = 2.0
STOP_SECONDS = 9.0
EMERGENCY_SECONDS = 7.0

_log = structlog.get_logger("deskbot.session")


@dataclass(frozen=True)
class Surroundings:
    """What a bot is given by whoever starts it. `endpoint` overrides the spec's; `on_commit` hears seconds; `fence`
    says whether it is the one that may trade.
    """

    make_venue: MakeVenue
    credentials: CredentialSource
    journal: Path
    version: str
    endpoint: str | None = None
    on_publish: Callable[[], None] = field(default=lambda: None)
    on_commit: Callable[[float], None] = field(default=lambda _seconds: None)
    fence: Fence = field(default_factory=Unfenced)


@dataclass(frozen=True)
class Ended:
    """How a bot's life ended: `confirmed` says that the venue showed no order left, `unasked` that none was reached."""

    confirmed: bool
    message: str
    failed: bool = False
    unasked: bool = False

    @property
    def proven(self) -> bool:
        """Whether the engine itself has shown that no order is left, and that none can still come."""
        return self.confirmed and not self.failed and not self.unasked


def header_of(seen: Observation, clock: Clock) -> Header:
    """What the journal of this object is bound to."""
    if seen.bot is None:
        raise ValueError("there is no spec yet")
    spec = seen.bot.spec
    return Header(
        seen.uid,
        spec.venue.exchange.value,
        spec.venue.market_type.value,
        mode_class(spec.mode),
        epoch_ms=clock.now_ms(),
    )


class Session:
    """Runs one engine on what was opened."""

    def __init__(self, seen: Observation, opened: Opened, surroundings: Surroundings, clock: Clock) -> None:
        self._seen = seen
        self._clock = clock
        self._header = header_of(seen, clock)
        self._surroundings = surroundings
        self._journal = opened.journal
        self._first = opened.journal.last if isinstance(opened.journal, Journal) else 0
        self._strategies = Strategies()
        self._instruments: dict[str, Instrument] = {}
        self._wrong_strategy: DeskError | None = None
        self._stopping = asyncio.Event()
        self.account_id = ""  # what the key opens, whether or not it is the bot's
        self._requests = Requests(self._emit, clock, surroundings.fence.refusal)
        writer = JournalWriter(
            self._write, self._save, clock, self._journal_trouble, surroundings.on_commit, opened.unsaved
        )
        engine = Engine(seen.uid, opened.epoch_ms, surroundings.version, durable=opened.durable)
        self.loop = EngineLoop(engine, writer, self._requests, clock, surroundings.on_publish)
        self._keeper = VenueKeeper(
            surroundings.make_venue,
            surroundings.credentials,
            self._requests,
            self._emit,
            self._accept,
            clock,
            surroundings.endpoint,
            self._may_cancel,
        )

    def _journal_facts(self) -> dict[str, object]:
        if isinstance(self._journal, DeskError):
            return {"journal": self._journal.reason}
        summary = self.summary()
        return {"journal": str(self._journal.path), "orders": summary.orders, "fills": summary.fills}

    def observe(self, seen: Observation) -> None:
        """The object has changed."""
        self._seen = seen
        if seen.bot is not None:
            self._keeper.want(seen.bot.spec)
            self._control()

    def stop(self, reason: str) -> None:
        """Cancel everything, prove it, end."""
        self.loop.put(StopRequested(self._clock.now(), reason))
        self._stopping.set()

    def summary(self) -> Summary:
        """What the engine says of itself now."""
        return self.loop.engine.summary()

    def venue_figures(self) -> VenueFigures | None:
        """How it stands between the bot and its venue; None while there is none."""
        return self._requests.venue.figures() if self._requests.venue is not None else None

    async def run(self) -> Ended | None:
        """Run to the end; None when the journal has been mended and a new session should begin."""
        _log.info("session_begins", uid=self._seen.uid, version=self._surroundings.version, **self._journal_facts())
        if isinstance(self._journal, DeskError):
            self._emit(problem_of(JOURNAL_PROBLEM, self._journal, self._clock.now()))
        self._surroundings.fence.listen(self._fence_changed)
        self._fence_changed()
        self.observe(self._seen)
        keeping = asyncio.ensure_future(self._keeper.run())
        try:
            return await self._run_until_first(keeping)
        except Exception as error:
            _log.exception("engine_failed", error=f"{type(error).__name__}: {error}")
            return await self._way_out(f"{type(error).__name__}: {error}")
        finally:
            await _cancel(keeping)
            await self._requests.close()
            await self._keeper.close()

    def close(self) -> None:
        """Close the journal."""
        if isinstance(self._journal, Journal):
            self._journal.close()

    async def _run_until_first(self, keeping: asyncio.Future[None]) -> Ended | None:
        """Whatever ends first decides: the engine, its failure or the keeper's, a mended journal, the last second."""
        engine = asyncio.ensure_future(self.loop.run())
        mended = asyncio.ensure_future(self._mend())
        late = asyncio.ensure_future(self._overdue())
        try:
            await asyncio.wait((engine, mended, late, keeping), return_when=asyncio.FIRST_COMPLETED)
            if keeping.done():
                keeping.result()
            if engine.done():
                stopped = engine.result()
                return Ended(stopped.confirmed, stopped.message, unasked=stopped.unasked)
            if mended.done():
                return None
            return Ended(False, f"the engine did not stop within {STOP_SECONDS:.0f} s")
        finally:
            await _cancel(engine, mended, late)

    async def _mend(self) -> None:
        """Wait until a journal that could not be used can be."""
        while True:
            await self._clock.sleep(MEND_SECONDS)
            if isinstance(self._journal, Journal):
                continue
            if await usable(self._surroundings.journal, self._header):
                return

    async def _overdue(self) -> None:
        await self._stopping.wait()
        await self._clock.sleep(STOP_SECONDS)

    async def _way_out(self, reason: str) -> Ended:
        venue, bot = self._requests.venue, self._seen.bot
        gone = False
        if venue is not None and bot is not None:
            gone = await cancel_everything(venue, bot.spec.markets, self._clock, EMERGENCY_SECONDS)
        words = "every order was cancelled" if gone else "the venue has not confirmed that no order is left"
        return Ended(gone, f"the engine failed ({reason}); {words}", failed=True)

    def _write(self, records: list[Record]) -> None:
        if isinstance(self._journal, DeskError):
            raise self._journal
        self._journal.write(records)

    def _save(self, count: int, taken: Snapshot) -> Iterator[None]:
        if isinstance(self._journal, DeskError):
            raise self._journal
        yield from self._journal.save(self._first + count, taken)

    def _journal_trouble(self, error: DeskError | None) -> None:
        if error is not None:
            _log.error("journal_unwritable", reason=error.reason, message=error.message)
        self._emit(problem_of(JOURNAL_PROBLEM, error, self._clock.now()))

    def _fence_changed(self) -> None:
        self.loop.put(problem_of(CONTROL_PROBLEM, self._surroundings.fence.why_not(), self._clock.now()))

    def _accept(self, ready: VenueReady) -> None:
        if self.account_id != ready.account_id:
            self.account_id = ready.account_id
            self._surroundings.on_publish()
        admitted = self._seen.account if ready.account_id else None  # a bot that sends nothing has none
        require_own(ready.account_id, admitted, self._journal)

    def _may_cancel(self) -> bool:
        return has_own(self._seen.account, self._journal)

    def _emit(self, event: Event) -> None:
        self.loop.put(event)
        if isinstance(event, VenueReady):
            self._instruments = event.instruments
            self._control()
        elif isinstance(event, Relisted):
            self._instruments = self._instruments | event.instruments
            self._control()

    def _control(self) -> None:
        """Tell the engine what the object asks for, with strategies as far as their markets are known."""
        if self._seen.bot is None:
            return
        strategies, wrong = self._strategies.of(self._seen.bot.spec, self._instruments)
        if (wrong and wrong.message) != (self._wrong_strategy and self._wrong_strategy.message):
            self._wrong_strategy = wrong
            if wrong is not None:
                _log.warning("strategy_refused", reason=wrong.reason, message=wrong.message)
            self.loop.put(problem_of(STRATEGY_PROBLEM, wrong, self._clock.now()))
        self.loop.put(control_of(self._seen, strategies, self._clock.now()))


async def _cancel(*tasks: asyncio.Future[Any]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)

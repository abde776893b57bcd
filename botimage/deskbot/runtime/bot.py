"""One bot: listens to its object all its life, and runs one engine session after another on its journal.

The bot outlives whatever is wrong around it. Without a readable spec, or while another process holds the journal, it
waits and says so; a session that ends because the journal was mended is followed by the next; only a stop, or an
engine that failed, ends the process.
"""

import asyncio

import structlog

from deskapi import EngineStatus
from deskbot.core.errors import DeskError, Invalid
from deskbot.core.halt import born_latched
from deskbot.core.records import EARLIER_OBJECT, JOURNAL_LOST, Record
from deskbot.runtime.clock import NANOSECONDS, Clock
from deskbot.runtime.observation import ControlSource, Observation
from deskbot.runtime.opening import opened
from deskbot.runtime.session import Ended, Session, Surroundings, header_of
from deskbot.runtime.spec import SIMULATED, mode_class
from deskbot.runtime.status import Reporter, engine_status, stalled_status

_WORDS = {
    JOURNAL_LOST: "this bot has traded before and its journal is gone: it starts halted, on what the venue says",
    EARLIER_OBJECT: "another object's journal was in this place: the bot starts halted, on what the venue says",
}
LOCK_RETRY_SECONDS = 1.0
ALIVE_SECONDS = 3

_log = structlog.get_logger("deskbot.bot")


class Bot:
    """Made by the command line; `run` is the process."""

    def __init__(
        self, source: ControlSource, surroundings: Surroundings, clock: Clock, pod_uid: str | None = None
    ) -> None:
        self.session: Session | None = None
        self.seen: Observation | None = None
        self._source = source
        self._surroundings = surroundings
        self._clock = clock
        self._reporter = Reporter(surroundings.version, pod_uid, clock.now())
        self._stalled: tuple[DeskError, int] | None = None
        self._locked = False
        self._news = asyncio.Event()
        self._stop_reason = ""
        self._failed = False

    async def run(self) -> Ended:
        """Serve the object until told to stop."""
        listening = asyncio.ensure_future(self._listen())
        try:
            ended = None
            while ended is None:
                ended = await self._next_session()
            return Ended(ended.confirmed, ended.message, ended.failed or self._failed, ended.unasked)
        finally:
            listening.cancel()
            await asyncio.gather(listening, return_exceptions=True)

    def stop(self, reason: str) -> None:
        """Cancel everything, prove it, end; harmless when called twice."""
        self._stop_reason = self._stop_reason or reason
        self._news.set()
        if self.session is not None:
            self.session.stop(reason)

    def status(self) -> EngineStatus | None:
        """`status.engine` now; None when there is nothing to say, or when saying it is another process's business."""
        if self._locked:
            return None
        if self.session is not None:
            return engine_status(self.session.summary(), self._reporter, self.session.account_id)
        if self._stalled is not None:
            generation = self.seen.generation if self.seen is not None else 0
            return stalled_status(*self._stalled, generation, self._reporter)
        return None

    def alive(self) -> bool:
        """Whether the engine's loop is still turning."""
        if self.session is None:
            return True
        return self._clock.now() - self.session.loop.passed_at < ALIVE_SECONDS * NANOSECONDS

    def ready(self) -> bool:
        """Whether the engine is in the state that the spec asks for, after comparing itself with the venue."""
        if self.session is None or self.seen is None:
            return False
        summary = self.session.summary()
        if summary.generation != self.seen.generation:
            return False
        if summary.state == "Halted":
            return True
        wanted = "Paused" if self.seen.paused else "Running"
        idle = summary.state == "Paused" and not summary.why  # no strategy is enabled
        return not self.seen.halted and (summary.state == wanted or idle)

    async def _listen(self) -> None:
        try:
            await self._source.run(self._observe)
        except Exception as error:
            # A bot that cannot hear its kill switch must not trade.
            _log.exception("control_failed", error=f"{type(error).__name__}: {error}")
            self._failed = True
            self.stop("the object cannot be watched any more")

    def _observe(self, seen: Observation) -> None:
        self.seen = seen
        self._news.set()
        if self.session is not None:
            self.session.observe(seen)

    async def _next_session(self) -> Ended | None:
        seen = await self._spec()
        if seen is None:
            return self._not_started()
        await self._surroundings.fence.settled()
        session = await self._open_session(seen)
        if session is None:
            return self._not_started()
        self.session = session
        self._stalled = None
        if self._stop_reason:
            session.stop(self._stop_reason)
        try:
            return await session.run()
        finally:
            self._last_words()
            session.close()

    def _not_started(self) -> Ended:
        """Nothing is known of what an earlier process of the pod has sent."""
        return Ended(True, f"{self._stop_reason}: the engine had not started", unasked=True)

    def _last_words(self) -> None:
        self._surroundings.on_publish()

    async def _spec(self) -> Observation | None:
        """The first spec that can be read; None when told to stop before there was one."""
        while not self._stop_reason:
            seen = self.seen
            if seen is not None and seen.bot is not None:
                return seen
            if seen is not None and seen.wrong:
                self._stall(Invalid("SpecInvalid", seen.wrong))
            await self._next_news()
        return None

    async def _open_session(self, seen: Observation) -> Session | None:
        """A session on the journal, or on none if it cannot be used; waits while another process has it."""
        while not self._stop_reason:
            try:
                found = await opened(self._surroundings.journal, header_of(seen, self._clock), self._begin)
            except DeskError as error:
                self._wait_for_lock(error)
            else:
                self._locked = False
                return Session(self._latest(seen), found, self._surroundings, self._clock)
            await self._next_news(LOCK_RETRY_SECONDS)
            seen = self._latest(seen)
        return None

    def _begin(self, beside_another: bool) -> list[Record]:
        """A journal that is not the bot's first begins with a halt, where orders reach a venue."""
        seen = self.seen
        if seen is None or seen.bot is None or mode_class(seen.bot.spec.mode) == SIMULATED:
            return []
        if not seen.ran_before and not beside_another:
            return []
        reason = JOURNAL_LOST if seen.ran_before else EARLIER_OBJECT
        _log.error("journal_lost" if seen.ran_before else "earlier_object", message=_WORDS[reason])
        return [born_latched(seen.uid, self._clock.now(), reason)]

    def _latest(self, seen: Observation) -> Observation:
        """The newest observation with a spec: it may have changed while a journal was waited for."""
        return self.seen if self.seen is not None and self.seen.bot is not None else seen

    def _wait_for_lock(self, error: DeskError) -> None:
        if not self._locked:
            self._locked = True
            _log.warning("journal_locked", message=error.message)

    def _stall(self, error: DeskError) -> None:
        if self._stalled is None or self._stalled[0].message != error.message:
            self._stalled = (error, self._clock.now())
            self._surroundings.on_publish()

    async def _next_news(self, seconds: float | None = None) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._news.wait()
        except TimeoutError:
            return
        self._news.clear()

"""Keeps one venue open: the one that spec and Secret ask for now.

    spec, Secret ──▶ settings ──▶ open, again and again ──▶ accepted ──▶ VenueReady ──▶ streams
                        │                 └ Problem: why not
                        └ changed: a second venue is opened and takes over when it is ready

Whatever is missing or wrong, the bot stays up, says so, and goes on when it is mended: a Secret that appears is
noticed within seconds, a spec that changes at once. While no venue is suitable the one that is not gets no orders, but
is asked to cancel, where the account is known to be the bot's (`account_gate.py`).
"""

import asyncio
from collections.abc import Callable

import structlog
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception_type, wait_exponential_jitter

from deskapi import Mode, TradingBotSpec
from deskapi.conditions import Reason
from deskbot.core.errors import Blocked, DeskError, Invalid, Transient
from deskbot.core.events import Event, StreamChange, VenueAskable, VenueLost, VenueReady
from deskbot.runtime import memory
from deskbot.runtime.clock import NANOSECONDS, Clock
from deskbot.runtime.credentials import CredentialSource
from deskbot.runtime.requests import Requests
from deskbot.runtime.spec import problem_of, settings_of
from deskbot.venues.protocol import Venue, VenueSettings

CREDENTIALS_PROBLEM = "credentials"
VENUE_PROBLEM = "venue"
LOOK_SECONDS = 2.0
FIRST_PAUSE_SECONDS, MAX_PAUSE_SECONDS = 0.5, 15.0
OPEN_SECONDS = 30.0
FRESH_SECONDS = 60.0

_log = structlog.get_logger("deskbot.venue")

MakeVenue = Callable[[VenueSettings], Venue]


class VenueKeeper:
    """Opens, replaces and closes the venue of one engine; `run` is its task."""

    def __init__(
        self,
        make: MakeVenue,
        credentials: CredentialSource,
        requests: Requests,
        emit: Callable[[Event], None],
        accept: Callable[[VenueReady], None],
        clock: Clock,
        endpoint: str | None = None,
        may_cancel: Callable[[], bool] = lambda: True,
    ) -> None:
        """`accept` may refuse what a venue says of itself by raising a DeskError; `endpoint` overrides the spec's;
        `may_cancel`: whether a venue that is not accepted yet may be asked to cancel.
        """
        self._make = make
        self._credentials = credentials
        self._requests = requests
        self._emit = emit
        self._accept = accept
        self._clock = clock
        self._endpoint = endpoint
        self._may_cancel = may_cancel
        self._spec: TradingBotSpec | None = None
        self._open_with: VenueSettings | None = None
        self._venue: Venue | None = None
        self._stream: asyncio.Task[None] | None = None
        self._changed = asyncio.Event()
        self._complained = False

    def want(self, spec: TradingBotSpec) -> None:
        """The spec to serve from now on."""
        self._spec = spec
        self._changed.set()

    async def run(self) -> None:
        """Keep a venue open until cancelled."""
        while True:
            settings = self._settings()
            if settings is not None and settings != self._open_with:
                await self._replace(settings)
            await self._pause(LOOK_SECONDS)

    async def close(self) -> None:
        """Close the venue and its streams."""
        await self._shut(self._venue, self._stream)

    def _settings(self) -> VenueSettings | None:
        """What to open now; None while something is missing, which is then said."""
        spec = self._spec
        if spec is None:
            return None
        try:
            credentials = None if spec.mode is Mode.DRY_RUN else self._credentials(spec)
            settings = settings_of(spec, credentials, self._endpoint)
        except DeskError as error:
            self._complain(error)
            return None
        if self._complained:
            self._complained = False
            self._emit(problem_of(CREDENTIALS_PROBLEM, None, self._clock.now()))
        return settings

    def _complain(self, error: DeskError) -> None:
        if not self._complained:
            self._complained = True
            _log.warning("credentials_missing", message=error.message)
            self._emit(problem_of(CREDENTIALS_PROBLEM, error, self._clock.now()))

    async def _replace(self, settings: VenueSettings) -> None:
        venue = self._make(settings)
        if self._venue is None and self._may_cancel():
            self._requests.use(venue, ready=False)
        try:
            ready = await self._open(venue, settings)
        except BaseException as error:
            await venue.close()
            if isinstance(error, DeskError):  # the settings changed under way: start over with the new ones
                return
            raise
        memory.settle()
        old, old_stream = self._venue, self._stream
        self._venue, self._open_with = venue, settings
        self._requests.use(venue, ready=True)
        self._emit(problem_of(VENUE_PROBLEM, None, self._clock.now()))
        self._emit(ready)
        self._stream = asyncio.get_running_loop().create_task(self._run_stream(venue))
        await self._shut(old, old_stream)

    async def _open(self, venue: Venue, settings: VenueSettings) -> VenueReady:
        async def attempt() -> VenueReady:
            try:
                async with asyncio.timeout(OPEN_SECONDS):
                    ready = await venue.open()
            except TimeoutError as error:
                raise Transient("VenueUnreachable", f"no answer within {OPEN_SECONDS:.0f} s") from error
            except (Blocked, Invalid) as error:
                if self._venue is None and _askable(error) and self._may_cancel():
                    self._emit(VenueAskable(self._clock.now()))
                raise
            await self._accepted(ready, settings)
            return ready

        retrying = AsyncRetrying(
            wait=wait_exponential_jitter(multiplier=FIRST_PAUSE_SECONDS, max=MAX_PAUSE_SECONDS),
            retry=retry_if_exception_type(DeskError),
            stop=lambda _state: self._settings() != settings,
            sleep=self._pause,
            before_sleep=self._report,
            reraise=True,
        )
        ready: VenueReady = await retrying(attempt)
        return ready

    async def _accepted(self, ready: VenueReady, settings: VenueSettings) -> None:
        """What only waits for the object is asked again without opening the venue anew, while what it said is fresh."""
        stale_at, said = self._clock.now() + round(FRESH_SECONDS * NANOSECONDS), False
        while True:
            try:
                self._accept(ready)
            except Blocked as error:
                pending = error.reason == Reason.ACCOUNT_PENDING and self._clock.now() < stale_at
                if not pending or self._settings() != settings:
                    raise
                if not said:
                    said = True
                    _log.warning("account_pending", message=error.message)
                    self._emit(problem_of(VENUE_PROBLEM, error, self._clock.now()))
            else:
                return
            await self._pause(LOOK_SECONDS)

    def _report(self, attempt: RetryCallState) -> None:
        error = attempt.outcome.exception() if attempt.outcome is not None else None
        if isinstance(error, DeskError):
            _log.warning("venue_not_open", reason=error.reason, message=error.message, attempt=attempt.attempt_number)
            if self._venue is None and isinstance(error, Transient):
                self._emit(VenueLost(self._clock.now(), error.message))
            self._emit(problem_of(VENUE_PROBLEM, error, self._clock.now()))

    async def _pause(self, seconds: float) -> None:
        """Wait for the time or for a changed spec, whichever comes first."""
        try:
            async with asyncio.timeout(seconds):
                await self._changed.wait()
        except TimeoutError:
            return
        self._changed.clear()

    async def _run_stream(self, venue: Venue) -> None:
        """A venue's streams mend themselves; this is for the day they do not."""
        while True:
            try:
                await venue.stream(self._emit)
                reason = "the stream ended"
            except Exception as error:
                _log.exception("stream_failed")
                reason = f"{type(error).__name__}: {error}"
            self._emit(StreamChange(self._clock.now(), "private", "", healthy=False, reason=reason))
            await self._clock.sleep(self._clock.jittered(2 * FIRST_PAUSE_SECONDS))

    async def _shut(self, venue: Venue | None, stream: asyncio.Task[None] | None) -> None:
        if stream is not None:
            stream.cancel()
            await asyncio.gather(stream, return_exceptions=True)
        if venue is not None:
            await venue.close()


def _askable(error: DeskError) -> bool:
    """Whether the account can be asked and told to cancel though its markets or itself do not suit."""
    return isinstance(error, Blocked) or error.reason == Reason.MARKET_UNKNOWN

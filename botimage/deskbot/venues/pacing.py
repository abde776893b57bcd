"""The gate of every request to a venue: it waits for its turn here, or is not sent at all.

    Clients ── one Pacer ──▶ markets, trading, emergency (ccxt instances, each a `Paced` subclass)
                  │  before a request: admit() waits, or raises NotSent
                  └─ after an answer: its own count of us, "too many", a ban

ccxt has a throttler of its own in this place. It reads the wall clock (a step back of 30 s blocks every request for
30 s, measured) and lets orders wait behind lists; here it is replaced by what the venue documents (`rate_tables.py`),
counted on the engine's clock.
"""

import asyncio
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from fnmatch import fnmatchcase
from typing import Any, Final

import structlog

from deskbot.core.events import NOT_SENT
from deskbot.venues.permission import refusal
from deskbot.venues.rate_limits import NEVER, SECOND, Ask, RateLimits, retry_after_of
from deskbot.venues.rate_tables import RateTable

Now = Callable[[], int]
Draw = Callable[[], float]

CREATE_PATIENCE: Final = SECOND // 2  # the price of an order that waits longer is history
PATIENCE: Final = 4 * SECOND
TOO_MANY: Final = 429

_asked: ContextVar[tuple[Ask, int]] = ContextVar("asked")
log = structlog.get_logger(__name__)


class NotSent(Exception):
    """A request that never left this machine."""


class Pacer:
    """The limits of one account at one venue, for every instance that asks in its name."""

    def __init__(self, table: RateTable, now: Now, draw: Draw, shared_by: int = 1) -> None:
        self.limits = RateLimits(table.limits, shared_by)
        self._table = table
        self._now = now
        self._draw = draw
        self._kinds: dict[str, tuple[bool, int]] = {}

    async def admit(self, ask: Ask) -> int:
        """Wait until this may be asked, and say when that was. Raises NotSent when it is too far off, or in a ban."""
        began = self._now()
        while wait := self.limits.wait(ask, self._now()):
            if wait == NEVER:
                raise NotSent(f"{NOT_SENT} the venue has banned this address for asking too much")
            if self._now() + wait > began + self._kind(ask.path)[1]:
                raise NotSent(f"{NOT_SENT} the venue's rate limit leaves no room for {wait / SECOND:.1f} s")
            await asyncio.sleep(wait / SECOND)
        at = self._now()
        self.limits.take(ask, at)
        return at

    def ask_of(self, method: str, path: str, api: str, cost: float, *, urgent: bool) -> Ask:
        """What a request of ccxt's comes to."""
        name = f"{method} {path}"
        weight = max(1, round(cost * self._table.weight.get(api, self._table.weight[""])))
        return Ask(name, weight, urgent or self._kind(name)[0])

    def _kind(self, name: str) -> tuple[bool, int]:
        """Whether this is a cancel, and how long it may wait; patterns are slow, and the names are few."""
        found = self._kinds.get(name)
        if found is None:
            patience = CREATE_PATIENCE if _matches(name, self._table.creates) else PATIENCE
            found = self._kinds[name] = (_matches(name, self._table.cancels), patience)
        return found

    def answered(self, ask: Ask, asked_at: int, status: int, headers: Mapping[str, str], body: str) -> None:
        """The venue answered, however badly."""
        at = self._now()
        known = {name.lower(): value for name, value in headers.items()}
        ban = next((one for one in self._table.bans if one.status == status and one.words in body), None)
        if ban is not None:
            self.limits.banned(at, retry_after_of(known) or ban.seconds * SECOND)
            log.error("banned by the venue", path=ask.path, status=status)
        elif status == TOO_MANY or body.startswith(self._table.too_many):
            self.limits.refused(ask, asked_at, at, retry_after_of(known), self._draw())
            log.warning("too many requests, says the venue", path=ask.path)
        else:
            self.limits.answered(ask, known, at)


def _matches(path: str, patterns: tuple[str, ...]) -> bool:
    return any(fnmatchcase(path, pattern) for pattern in patterns)


class Burst:
    """At most one message per `interval` seconds on the streams' own connections, with a burst of half a second."""

    _BURST = 0.5

    def __init__(self, interval: float) -> None:
        self._interval = interval
        self._due = 0.0

    async def __call__(self, cost: float | None = None) -> None:
        now = asyncio.get_running_loop().time()
        wait = self._due - self._BURST - now
        self._due = max(self._due, now) + self._interval * (1.0 if cost is None else float(cost))
        if wait > 0:
            await asyncio.sleep(wait)


class Paced:
    """Mixed into a ccxt exchange: every request goes through its `pacer`; without one, as in a test, through nothing.

    `urgent` marks the emergency instance: whatever it asks may use the reserve.
    """

    pacer: Pacer | None = None
    urgent = False
    throttler: Any

    def init_throttler(self, _cost: Any = None) -> None:
        """Replace ccxt's own, which the streams use as well."""
        self.throttler = Burst(self.rateLimit / 1000)  # type: ignore[attr-defined]

    async def throttle(self, cost: float | None = None) -> None:
        """Nothing: a request was admitted before ccxt comes to this."""

    async def fetch2(self, path: str, api: Any, method: str, params: Any, config: Any) -> Any:
        """One request of ccxt's."""
        fetch = super().fetch2  # type: ignore[misc]
        if self.pacer is None:
            return await fetch(path, api, method, params, config)
        cost = self.calculate_rate_limiter_cost(api, method, path, params, config)  # type: ignore[attr-defined]
        name = api if isinstance(api, str) else str(api[0])
        ask = self.pacer.ask_of(method, path, name, float(cost), urgent=self.urgent)
        _asked.set((ask, await self.pacer.admit(ask)))
        return await fetch(path, api, method, params, config)

    async def fetch(self, url: str, method: str = "GET", headers: Any = None, body: Any = None) -> Any:
        """ccxt's own, with what it has just signed."""
        refused = refusal()
        if refused:
            raise NotSent(f"{NOT_SENT} {refused}")
        return await super().fetch(url, method, headers, body)  # type: ignore[misc]

    def on_rest_response(
        self, code: int, reason: str, url: str, method: str, response_headers: Any, response_body: str, *more: Any
    ) -> str:
        """ccxt's hook for an answer of whatever kind, before it is judged."""
        asked = _asked.get(None)
        if self.pacer is not None and asked is not None:
            self.pacer.answered(*asked, code, response_headers, response_body)
        return str(
            super().on_rest_response(code, reason, url, method, response_headers, response_body, *more)  # type: ignore[misc]
        )

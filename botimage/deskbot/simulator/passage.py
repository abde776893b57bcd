"""The way of one request through any venue here, and what faults do to it on the way.

The order of things is the order on a real network: the request travels, a fault may take or refuse it, then in one step
without await it takes effect; the answer travels, a fault may take or change that. Whatever is awaited before the
effect can still be lost without effect, whatever comes after it cannot undo it.

A dialect brings what it does (`effect`) and how it words what any fault can make it say (`Words`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import msgspec
from aiohttp import web

from deskbot.simulator.fault_models import (
    AcceptThenCode,
    AcceptThenDrop,
    Ban,
    Delay,
    DelayReply,
    Drop,
    Garbage,
    Maintenance,
    Place,
    RateLimit,
    Refuse,
    StaleRead,
)
from deskbot.simulator.faults import MS, Fault, Faults
from deskbot.simulator.request_log import Entry
from deskbot.simulator.venue import Venue


@dataclass(slots=True)
class Answer:
    """An answer before it travels. `code` and `message` are the venue's own, for the request log."""

    payload: Any
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    code: int = 0
    message: str = ""

    @property
    def body(self) -> bytes:
        return self.payload if isinstance(self.payload, bytes) else msgspec.json.encode(self.payload)


class Words(Protocol):
    """How a venue says what any fault can make it say."""

    def error(self, status: int, code: int, message: str) -> Answer:
        """An error with a code of the venue's."""
        ...

    def rate_limited(self, status: int) -> Answer:
        """One request too many."""
        ...

    def banned(self, status: int | None, until_ms: int) -> Answer:
        """No request until then (milliseconds of the venue's clock); `status` None is the venue's own."""
        ...

    def under_maintenance(self) -> Answer:
        """The venue is down."""
        ...


Effect = Callable[[int], Answer]


class Passage:
    """One for each door; `one_way_seconds` is how long a request, and again its answer, travels."""

    def __init__(self, venue: Venue, faults: Faults, words: Words, one_way_seconds: float) -> None:
        self._venue = venue
        self._faults = faults
        self._words = words
        self._one_way_seconds = one_way_seconds

    async def serve(
        self, request: web.Request, endpoint: str, account: str, entry: Entry, effect: Effect
    ) -> web.StreamResponse:
        """Carries a request of an HTTP client there and back. `effect` is given the venue time it happens at."""
        answer = await self.carry(endpoint, account, entry, effect)
        if answer is None:
            return cut(request)
        kind = "text/html" if entry.fault == "garbage" else "application/json"
        return web.Response(status=answer.status, body=answer.body, content_type=kind, headers=answer.headers)

    async def carry(self, endpoint: str, account: str, entry: Entry, effect: Effect) -> Answer | None:
        """The answer as the client gets it; None where the connection breaks instead."""
        fault = self._faults.fire(endpoint, account, Place.REQUEST)
        action = None if fault is None else fault.request
        entry.fault = "" if action is None else action.action
        await self._travel(action.delay_ms if isinstance(action, Delay) else 0)
        if isinstance(action, Drop):
            await self._wait(action.hang_ms)
            return None
        answer = (fault and self._refusal(fault)) or self._take_effect(effect, fault)
        entry.code, entry.message = answer.code, answer.message
        await self._travel(action.delay_ms if isinstance(action, DelayReply) else 0)
        if isinstance(action, AcceptThenDrop):
            await self._wait(action.hang_ms)
            return None
        return self._replaced(fault, answer)

    def _refusal(self, fault: Fault) -> Answer | None:
        """What a fault answers in place of any effect."""
        words, action = self._words, fault.request
        ban = self._faults.ban_by(fault)
        if ban is not None:
            return self._banned(ban, None)
        match action:
            case RateLimit():
                remaining = self._faults.remaining_ms(fault)
                answer = words.rate_limited(action.status)
                return _retry_after(answer, action.retry_after_ms if remaining is None else remaining)
            case Ban():
                return self._banned(fault, action.status)
            case Maintenance():
                return words.under_maintenance()
            case Refuse():
                return self._error(action)
        return None

    def _banned(self, ban: Fault, status: int | None) -> Answer:
        remaining = self._faults.remaining_ms(ban) or 0
        answer = self._words.banned(status, self._venue.clock.now_ns() // MS + remaining)
        return _retry_after(answer, remaining)

    def _take_effect(self, effect: Effect, fault: Fault | None) -> Answer:
        """In one step without await; a stale read sees the account as it was."""
        venue = self._venue
        now_ns = venue.step()
        stale = fault.request.age_ms if fault is not None and isinstance(fault.request, StaleRead) else 0
        with venue.exchange.seen_as_of(now_ns - stale * MS if stale else None):
            answer = effect(now_ns)
        venue.settle()
        return answer

    def _replaced(self, fault: Fault | None, answer: Answer) -> Answer:
        action = None if fault is None else fault.request
        if isinstance(action, Garbage):
            return Answer(action.body.encode(), action.status)
        return self._error(action) if isinstance(action, AcceptThenCode) else answer

    def _error(self, action: AcceptThenCode | Refuse) -> Answer:
        if action.code is None:
            return Answer(b"", action.status, code=action.status)
        return self._words.error(action.status, action.code, action.message)

    async def _travel(self, delay_ms: int) -> None:
        delay = self._one_way_seconds + delay_ms / 1000
        if delay:
            await self._venue.clock.sleep(delay)

    async def _wait(self, delay_ms: int) -> None:
        if delay_ms:
            await self._venue.clock.sleep(delay_ms / 1000)


def cut(request: web.Request) -> web.Response:
    """Resets the connection; the response is never sent."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response()


def _retry_after(answer: Answer, remaining_ms: int) -> Answer:
    """Whole seconds, rounded up (RFC 9110, section 10.2.3)."""
    answer.headers = {**answer.headers, "Retry-After": str(-(-remaining_ms // 1000))}
    return answer

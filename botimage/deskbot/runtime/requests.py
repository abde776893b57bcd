"""Commands that ask the venue for something, each answered by exactly one event whatever happens on the way.

The venue's own methods do not raise and have time-outs of their own; this is the second line: a bug in an adapter, a
hang, or no venue at all becomes the answer that promises nothing (`UNKNOWN`, `complete=False`). The one definite no is
the order that was never sent.
"""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, Final

import structlog

from deskapi.conditions import Reason
from deskbot.core.commands import (
    ArmDeadMan,
    Cancel,
    CancelAll,
    CancelForeign,
    Place,
    QueryBalances,
    QueryFills,
    QueryOpenOrders,
    QueryOrder,
    QueryPositions,
)
from deskbot.core.events import (
    NOT_SENT,
    REJECTED,
    UNKNOWN,
    BalancesAnswer,
    CancelAllResult,
    CancelResult,
    DeadManAnswer,
    Event,
    FillsAnswer,
    OpenOrdersAnswer,
    OrderAnswer,
    PlaceResult,
    PositionsAnswer,
    Problem,
)
from deskbot.runtime.breaker import Breaker
from deskbot.runtime.clock import NANOSECONDS, Clock
from deskbot.venues.permission import WhyNot, only_while
from deskbot.venues.protocol import Venue

Request = (
    Place
    | Cancel
    | CancelForeign
    | CancelAll
    | QueryOrder
    | QueryOpenOrders
    | QueryPositions
    | QueryBalances
    | QueryFills
    | ArmDeadMan
)
Emit = Callable[[Event], None]

API_PROBLEM: Final = "venue_api"
TIMEOUT_SECONDS: Final = 6.0
REFUSAL_SILENCE: Final = 10 * NANOSECONDS
FILLS_TIMEOUT_SECONDS: Final = 60.0  # as many pages as the bot was away for

# Their answers are in ticks and lots, which may mean other prices and amounts on a venue that was opened later.
_IN_STEPS: Final = (QueryOrder, QueryOpenOrders, QueryFills)

_log = structlog.get_logger("deskbot.requests")


class Requests:
    """Sends requests to whatever venue there is. `ready` says that it was opened and found suitable.

    `why_not` is asked before an order is made, and once more when it is signed and about to leave.
    """

    def __init__(self, emit: Emit, clock: Clock, why_not: WhyNot = lambda: "") -> None:
        self._emit = emit
        self._why_not = why_not
        self._clock = clock
        self.venue: Venue | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self.ready = False
        self._silent_until = 0
        self._breaker = Breaker()

    def use(self, venue: Venue | None, *, ready: bool) -> None:
        """Send from now on to this venue. One that is not ready gets no order, but is asked to cancel."""
        self.venue = venue
        self.ready = ready

    def send(self, request: Request) -> None:
        """Send now; the answer comes as an event."""
        task = asyncio.get_running_loop().create_task(self._answer(request))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def refuse(self, place: Place, reason: str) -> None:
        """Answer an order that will not be sent."""
        self._emit(PlaceResult(self._clock.now(), place.client_id, REJECTED, reason=reason))

    async def close(self) -> None:
        """Give up what is still under way."""
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _answer(self, request: Request) -> None:
        venue = self.venue
        if isinstance(request, Place) and not self.ready:
            self.refuse(request, f"{NOT_SENT} the venue is not ready")
        elif isinstance(request, Place) and (refused := self._why_not()):
            self.refuse(request, f"{NOT_SENT} {refused}")
        elif venue is None:
            self._emit(unanswered(request, self._clock.now(), "there is no connection to the venue"))
        else:
            answer = await self._ask(venue, request)
            if venue is not self.venue and isinstance(request, _IN_STEPS):
                answer = unanswered(request, self._clock.now(), "the venue was opened anew meanwhile")
            self._note(answer)
            if isinstance(answer, PlaceResult) and answer.outcome == REJECTED:
                self._say_refused(answer)
            self._emit(answer)

    def _note(self, answer: Event) -> None:
        """Tell the engine when the venue's API is no longer to be relied on, and when it is again."""
        reason = getattr(answer, "reason", "")
        if NOT_SENT in reason:
            return
        before = self._breaker.trouble
        failed = getattr(answer, "outcome", "") == UNKNOWN or getattr(answer, "complete", True) is False
        self._breaker.note(not failed, self._clock.now(), reason)
        trouble = self._breaker.trouble
        if trouble != before:
            _log.warning("venue_api", trouble=trouble or "it answers again")
            self._emit(Problem(self._clock.now(), API_PROBLEM, Reason.VENUE_UNSTABLE if trouble else "", trouble))

    def _say_refused(self, answer: PlaceResult) -> None:
        """Say that the venue refuses orders, not that it refuses each of them."""
        if self._clock.now() >= self._silent_until:
            self._silent_until = self._clock.now() + REFUSAL_SILENCE
            _log.warning("order_refused_by_the_venue", client_id=answer.client_id, reason=answer.reason)

    async def _ask(self, venue: Venue, request: Request) -> Event:
        seconds = FILLS_TIMEOUT_SECONDS if isinstance(request, QueryFills) else TIMEOUT_SECONDS
        try:
            with only_while(self._why_not if isinstance(request, Place) else _nothing):
                async with asyncio.timeout(seconds):
                    return await _CALLS[type(request)](venue, request)
        except TimeoutError:
            return unanswered(request, self._clock.now(), f"no answer within {seconds:.0f} s")
        except Exception as error:
            _log.exception("request_failed", request=type(request).__name__)
            return unanswered(request, self._clock.now(), f"{type(error).__name__}: {error}")


def _nothing() -> str:
    """Whatever adds no risk may always leave."""
    return ""


_CALLS: Final[dict[type, Callable[[Venue, Any], Coroutine[Any, Any, Event]]]] = {
    Place: lambda venue, request: venue.place(request),
    Cancel: lambda venue, request: venue.cancel(request),
    CancelForeign: lambda venue, request: venue.cancel_foreign(request),
    CancelAll: lambda venue, request: venue.cancel_all(request),
    QueryOrder: lambda venue, request: venue.query_order(request),
    QueryOpenOrders: lambda venue, request: venue.query_open_orders(request),
    QueryPositions: lambda venue, request: venue.query_positions(request),
    QueryBalances: lambda venue, request: venue.query_balances(request),
    QueryFills: lambda venue, request: venue.query_fills(request),
    ArmDeadMan: lambda venue, request: venue.arm_dead_man(request),
}

_UNANSWERED: Final[dict[type, Callable[[Any, int, str], Event]]] = {
    Place: lambda request, at, reason: PlaceResult(at, request.client_id, UNKNOWN, reason=reason),
    Cancel: lambda request, at, reason: CancelResult(at, request.client_id, UNKNOWN, reason=reason),
    CancelForeign: lambda request, at, reason: CancelResult(at, request.venue_id, UNKNOWN, reason=reason),
    CancelAll: lambda request, at, reason: CancelAllResult(at, request.request, UNKNOWN, reason=reason),
    QueryOrder: lambda request, at, reason: OrderAnswer(at, request.client_id, UNKNOWN, reason=reason),
    QueryOpenOrders: lambda request, at, reason: OpenOrdersAnswer(at, request.request, complete=False, reason=reason),
    QueryPositions: lambda request, at, reason: PositionsAnswer(at, request.request, complete=False, reason=reason),
    QueryBalances: lambda request, at, reason: BalancesAnswer(at, request.request, complete=False, reason=reason),
    QueryFills: lambda request, at, reason: FillsAnswer(
        at, request.request, request.market, complete=False, reason=reason
    ),
    ArmDeadMan: lambda request, at, reason: DeadManAnswer(at, request.request, UNKNOWN, reason=reason),
}


def unanswered(request: Request, at: int, reason: str) -> Event:
    """The event for a request whose outcome nobody can tell."""
    return _UNANSWERED[type(request)](request, at, reason)

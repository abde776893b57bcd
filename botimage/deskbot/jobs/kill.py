"""`desk kill`: the shell around `emptying.py`. A venue and a key are all that it needs: no journal, no cluster.

    open (again and again) ──▶ step ──▶ requests, each a task of its own ──▶ answers ──▶ step … ──▶ confirmed
              └ whose account is it? ── another than the bot's: nothing is cancelled, nothing is confirmed

It goes on until it is confirmed, is told to stop, or its patience is over; whatever happens, there is an outcome, and
the outcome so far is handed to `tell` about once a second, so that even a process that is killed leaves its last word.
"""

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, replace
from typing import Any, Final, Protocol

import structlog

from deskbot.core.commands import CancelAll, CancelForeign, QueryOpenOrders, QueryPositions
from deskbot.core.errors import DeskError, Invalid
from deskbot.core.events import CancelAllResult, CancelResult, OpenOrdersAnswer, PositionsAnswer
from deskbot.core.money import from_units
from deskbot.jobs.emptying import Emptying, Request, Scope
from deskbot.runtime.clock import NANOSECONDS, Clock, to_datetime

STEP_SECONDS: Final = 0.05
TELL_SECONDS: Final = 1.0
OPEN_AGAIN_SECONDS: Final = 1.0
POSITION_TRIES: Final = 3
_LONGEST: Final = 512

log = structlog.get_logger("deskbot.kill")


class KillVenue(Protocol):
    """The part of a venue that a kill needs."""

    async def open_to_cancel(self) -> None: ...
    async def account_id(self) -> str: ...
    async def cancel_all(self, command: CancelAll) -> CancelAllResult: ...
    async def cancel_foreign(self, command: CancelForeign) -> CancelResult: ...
    async def query_open_orders(self, command: QueryOpenOrders) -> OpenOrdersAnswer: ...
    async def query_positions(self, command: QueryPositions) -> PositionsAnswer: ...


@dataclass(frozen=True)
class KillOrder:
    """What shall be emptied, and for whom. `account_id` "": whichever the key opens.

    `lease_seconds`: how long, from the start of this process, the bot's own may still send. `patience_seconds` None:
    no end.
    """

    scope: Scope
    lease_seconds: float
    account_id: str = ""
    halt_id: str = ""
    bot: str = ""
    dry_run: bool = False
    patience_seconds: float | None = None


@dataclass(frozen=True)
class Outcome:
    """What came of it. Times are engine nanoseconds, 0 for never; None is what the venue did not tell."""

    order: KillOrder
    began_at: int
    ended_at: int
    confirmed_at: int = 0
    walked: bool = False
    reason: str = "VenueUnreachable"
    message: str = "the venue was not reached yet"
    wrong_input: bool = False
    account_id: str = ""
    orders_cancelled: int = 0
    residual_orders: int | None = None
    residual_position: str | None = None
    first_cancel_at: int = 0
    empty_at: int = 0
    looks: int = 0

    def plain(self) -> dict[str, Any]:
        """One JSON object; times as RFC 3339 with milliseconds and as milliseconds since the start."""
        return {
            "bot": self.order.bot,
            "haltId": self.order.halt_id,
            "dryRun": self.order.dry_run,
            "confirmed": bool(self.confirmed_at),
            "reason": self.reason,
            "message": self.message,
            "accountId": self.account_id,
            "ordersCancelled": self.orders_cancelled,
            "residualOrders": self.residual_orders,
            "residualPosition": self.residual_position,
            "startedAt": _time(self.began_at),
            "confirmedAt": _time(self.confirmed_at),
            "firstCancelMs": self._since(self.first_cancel_at),
            "venueEmptyMs": self._since(self.empty_at),
            "confirmedMs": self._since(self.confirmed_at),
            "elapsedMs": self._since(self.ended_at),
            "looks": self.looks,
        }

    @property
    def status(self) -> int:
        """The exit status: 0 confirmed (or walked through, in a dry run), 1 not confirmed, 2 wrong input."""
        if self.wrong_input:
            return 2
        return 0 if self.confirmed_at or self.walked else 1

    def _since(self, at: int) -> int | None:
        return (at - self.began_at) // 1_000_000 if at else None


class Kill:
    """One run. `stop` ends it early, unconfirmed."""

    def __init__(self, order: KillOrder, venue: KillVenue, clock: Clock, tell: Callable[[Outcome], None]) -> None:
        self._order = order
        self._venue = venue
        self._clock = clock
        self._tell = tell
        self._began_at = clock.now()
        gone_at = self._began_at + round(order.lease_seconds * NANOSECONDS)
        self._emptying = Emptying(order.scope, gone_at, dry_run=order.dry_run)
        self._base = Outcome(order, self._began_at, self._began_at)
        self._opened = False
        self._stopped_by = ""
        self._work: asyncio.Task[None] | None = None

    def stop(self, why: str) -> None:
        """End it, and say why."""
        self._stopped_by = self._stopped_by or why
        if self._work is not None:
            self._work.cancel()

    async def run(self) -> Outcome:
        """Until it is confirmed, stopped, out of patience, or cannot work at all; never raises for the venue's sake."""
        self._work = asyncio.create_task(self._everything())
        try:
            async with asyncio.timeout(self._order.patience_seconds):
                await asyncio.wait([self._work])
        except TimeoutError:
            self.stop("its time is over")
        await asyncio.gather(self._work, return_exceptions=True)
        failed = None if self._work.cancelled() else self._work.exception()
        if failed is not None:
            self._base = self._failure(failed)
        outcome = self._outcome()
        self._tell(outcome)
        return outcome

    async def _everything(self) -> None:
        async with asyncio.TaskGroup() as tasks:
            telling = tasks.create_task(self._keep_telling())
            asking = tasks.create_task(self._ask_for_the_account())
            await self._open()
            await self._require_the_account(asking)
            await self._empty(tasks)
            if self._order.account_id:
                await asking
            await self._look_at_positions()
            asking.cancel()
            telling.cancel()

    async def _open(self) -> None:
        while not self._opened:
            try:
                await self._venue.open_to_cancel()
                self._opened = True
            except Invalid:
                raise
            except DeskError as error:
                self._note(error)
                await self._clock.sleep(self._clock.jittered(OPEN_AGAIN_SECONDS))

    async def _require_the_account(self, asking: asyncio.Task[None]) -> None:
        """A cancel waits a moment for the answer, no longer: whose account it is may be what the venue cannot say."""
        await asyncio.wait([asking], timeout=OPEN_AGAIN_SECONDS)

    async def _ask_for_the_account(self) -> None:
        while not self._base.account_id:
            try:
                self._base = replace(self._base, account_id=await self._venue.account_id())
            except DeskError as error:
                self._note(error)
                await self._clock.sleep(self._clock.jittered(OPEN_AGAIN_SECONDS))
        wanted, found = self._order.account_id, self._base.account_id
        if wanted and wanted != found:
            raise Invalid(
                "AccountUnsuitable", f"the key opens account {found}, the bot trades on {wanted}: mount its Secret"
            )

    async def _empty(self, tasks: asyncio.TaskGroup) -> None:
        while not self._emptying.done:
            for request in self._emptying.step(self._clock.now()):
                tasks.create_task(self._carry_out(request))
            await self._clock.sleep(STEP_SECONDS)

    def _carry_out(self, request: Request) -> Coroutine[Any, Any, None]:
        if isinstance(request, QueryOpenOrders):
            return self._list(request)
        return self._cancel_all(request) if isinstance(request, CancelAll) else self._cancel(request)

    async def _list(self, request: QueryOpenOrders) -> None:
        self._emptying.on_open_orders(await self._venue.query_open_orders(request))

    async def _cancel_all(self, request: CancelAll) -> None:
        answer = await self._venue.cancel_all(request)
        log.info("cancel-all answered", outcome=answer.outcome, cancelled=answer.cancelled, reason=answer.reason)
        self._emptying.on_cancel_all(answer)

    async def _cancel(self, request: CancelForeign) -> None:
        answer = await self._venue.cancel_foreign(request)
        log.info("cancel answered", order=request.venue_id, outcome=answer.outcome, reason=answer.reason)
        self._emptying.on_cancel(answer)

    async def _look_at_positions(self) -> None:
        for number in range(POSITION_TRIES):
            answer = await self._venue.query_positions(QueryPositions(number))
            if answer.complete:
                held = [f"{from_units(one.amount):f} {one.market}" for one in answer.positions if one.amount]
                self._base = replace(self._base, residual_position=", ".join(held)[:_LONGEST])
                return
            await self._clock.sleep(self._clock.jittered(OPEN_AGAIN_SECONDS))

    async def _keep_telling(self) -> None:
        while True:
            self._tell(self._outcome())
            await self._clock.sleep(TELL_SECONDS)

    def _note(self, error: DeskError) -> None:
        log.warning("the venue is asked again", reason=error.reason, message=error.message)
        self._base = replace(self._base, reason=error.reason, message=error.message)

    def _failure(self, error: BaseException) -> Outcome:
        found = error
        while isinstance(found, BaseExceptionGroup):
            found = found.exceptions[0]
        if not isinstance(found, DeskError):
            log.error("the kill failed", exc_info=found)
            return replace(self._base, reason="EngineFailed", message=f"{type(found).__name__}: {found}")
        wrong = isinstance(found, Invalid)
        return replace(self._base, reason=found.reason, message=found.message, wrong_input=wrong)

    def _outcome(self) -> Outcome:
        now, found = self._clock.now(), self._emptying
        base = replace(
            self._base,
            ended_at=now,
            orders_cancelled=found.cancelled if not self._order.dry_run else 0,
            residual_orders=found.residual,
            first_cancel_at=found.first_cancel_at,
            empty_at=found.empty_at,
            looks=found.looks,
        )
        if found.confirmed_at and not base.wrong_input and (base.account_id or not self._order.account_id):
            words = "the venue has shown twice that no order is left"
            return replace(base, confirmed_at=found.confirmed_at, reason="HaltConfirmed", message=words)
        reason, message = self._why_not(base, now)
        return replace(base, walked=bool(found.walked_at), reason=reason, message=message)

    def _why_not(self, base: Outcome, now: int) -> tuple[str, str]:
        reason, message = base.reason, base.message
        if self._opened and not base.wrong_input and reason != "EngineFailed" and not self._emptying.confirmed_at:
            reason, message = self._emptying.why_not(now)
        if self._stopped_by:
            message = f"stopped, {self._stopped_by}: {message}"
        return reason, message[:_LONGEST]


def _time(at: int) -> str | None:
    return to_datetime(at).isoformat(timespec="milliseconds").replace("+00:00", "Z") if at else None

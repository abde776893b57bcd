"""Leaving a venue empty without an engine, and proving it: the decisions of `desk kill`. Pure.

The shell (`kill.py`) calls `step` again and again, carries out what it returns, and hands every answer to `on_…`:

    began ── list and cancel-all at once ──▶ cancel what a list still shows, all together and each by name
          └─ while the bot's process may still send: look and cancel again and again, however empty it looks
    gone + receive window ──▶ two complete empty lists, one visibility delay apart ──▶ confirmed

Confirmed only if (`docs/halting.md`): the bot's process can send nothing more, and what it sent last is void by the
venue's receive window; no request of ours was in flight or of unknown outcome when either list was asked for; both
lists were complete, over every order filter of the account, and showed no order in scope; the second was asked for one
visibility delay after the first had come. Nothing here places an order, so doing it twice, or two at once, is the same
as doing it once.

Times are engine nanoseconds. A dry run asks the same questions, cancels nothing and confirms nothing.
"""

from dataclasses import dataclass
from typing import Final

from deskbot.core.commands import CancelAll, CancelForeign, QueryOpenOrders
from deskbot.core.events import UNKNOWN, CancelAllResult, CancelResult, OpenOrdersAnswer, OrderReport
from deskbot.core.order_life import RECEIVE_WINDOW, SECOND, VISIBILITY_DELAY

LOOK_AGAIN: Final = SECOND // 2
LOOK_WHILE_EMPTY: Final = 3 * SECOND  # a list of Binance's whole account costs up to 1/30 of a minute's weight
CANCEL_AGAIN: Final = SECOND // 2
CANCEL_UNSEEN: Final = 5 * SECOND  # what no list shows yet
ANSWER_PATIENCE: Final = 30 * SECOND

Request = CancelAll | CancelForeign | QueryOpenOrders


@dataclass(frozen=True)
class Scope:
    """Which orders have to go: all of the account, or those on `markets` and every one of the bot's own.

    `own_prefix` is what the bot's client order ids begin with; "" when that is not known.
    """

    markets: tuple[str, ...]
    whole_account: bool = True
    own_prefix: str = ""

    def holds(self, report: OrderReport) -> bool:
        """Whether the order is in scope."""
        own = self.own_prefix != "" and report.client_id.startswith(self.own_prefix)
        return self.whole_account or own or report.market in self.markets


class Emptying:
    """One attempt. `gone_at` is when the bot's process can send nothing more, at the latest."""

    def __init__(self, scope: Scope, gone_at: int, *, dry_run: bool = False) -> None:
        self._scope = scope
        self._chase_until = gone_at + RECEIVE_WINDOW
        self._countable_from = self._chase_until
        self._dry_run = dry_run
        self._numbered = 0
        self._pending: dict[str, int] = {}  # request -> when it was sent
        self._question = 0
        self._asked_at = 0
        self._countable = False
        self._first_empty_at = 0
        self._covered: tuple[str, ...] = ()
        self._cancelled_all_at = 0
        self._cancelled_at: dict[str, int] = {}
        self._seen: dict[str, str] = {}  # venue id -> market
        self._counted = 0
        self._left: list[OrderReport] = []
        self.residual: int | None = None  # orders in scope at the last complete look; None before the first
        self.looks = 0
        self.trouble = ""  # why the last look failed; "" when it did not
        self.first_cancel_at = 0
        self.empty_at = 0  # since when every complete look was empty; 0: it was not
        self.confirmed_at = 0
        self.walked_at = 0  # a dry run has asked all that it asks

    @property
    def cancelled(self) -> int:
        """Orders that are gone: those that a list showed once, or as many as the venue counted, if that is more."""
        return max(len(self._seen) - len(self._left), self._counted)

    @property
    def done(self) -> bool:
        """Whether nothing is left to do."""
        return bool(self.confirmed_at or self.walked_at)

    @property
    def left(self) -> tuple[OrderReport, ...]:
        """The orders in scope that the last complete look showed."""
        return tuple(self._left)

    def step(self, at: int) -> list[Request]:
        """What is due now."""
        if self.done:
            return []
        looks: list[Request] = [self._look(at)] if at >= self._look_due(at) else []
        return looks + ([] if self._dry_run else self._cancels(at))

    def on_open_orders(self, answer: OpenOrdersAnswer) -> None:
        """The venue's list, or that there is none."""
        if answer.request != self._question:
            return
        self._question = 0
        self.looks += 1
        self.trouble = "" if answer.complete else answer.reason or "the list is not complete"
        if answer.complete:
            self._judge(answer.at, [report for report in answer.orders if self._scope.holds(report)])

    def on_cancel_all(self, answer: CancelAllResult) -> None:
        """An acknowledgement is no proof: the lists say what is gone."""
        self._counted += answer.cancelled
        self._answered(f"all {answer.request}", answer.outcome)

    def on_cancel(self, answer: CancelResult) -> None:
        """The same for one order; `client_id` is the venue's id."""
        self._answered(answer.client_id, answer.outcome)

    def why_not(self, at: int) -> tuple[str, str]:
        """(CamelCase word, one line): what stands against a confirmation now."""
        if self._dry_run:
            return "DryRun", "a dry run cancels nothing and confirms nothing"
        if self.residual is None:
            return "ListsFailed", f"the venue has not shown its open orders: {self.trouble or 'no answer yet'}"
        if self._left:
            names = ", ".join(f"{one.venue_id} on {one.market}" for one in self._left[:3])
            more = f" and {len(self._left) - 3} more" if len(self._left) > 3 else ""
            return "OrdersLeft", f"the venue still shows {self.residual} orders: {names}{more}"
        if at < self._chase_until:
            seconds = (self._chase_until - at) / SECOND
            return (
                "BotMayLive",
                f"the bot's process may still send: its Lease and receive window end in {seconds:.0f} s",
            )
        if self.trouble:
            return "ListsFailed", f"the venue does not show its open orders any more: {self.trouble}"
        return "NotProvenYet", "two complete empty lists, a visibility delay apart, are not both there yet"

    # looking

    def _look(self, at: int) -> QueryOpenOrders:
        self._question = self._next()
        self._asked_at = at
        self._countable = at >= self._countable_from and not self._pending
        return QueryOpenOrders(self._question, emergency=True)

    def _look_due(self, at: int) -> int:
        if self._question:
            return self._asked_at + ANSWER_PATIENCE
        if self._asked_at == 0:
            return 0
        soon = self._asked_at + LOOK_AGAIN
        if self._dry_run or self._left or self.trouble:
            return soon
        if self._first_empty_at:
            return max(soon, self._first_empty_at + VISIBILITY_DELAY)
        if at < self._countable_from:
            return min(self._asked_at + LOOK_WHILE_EMPTY, max(soon, self._countable_from))
        return soon

    def _judge(self, at: int, left: list[OrderReport]) -> None:
        self._left, self.residual = left, len(left)
        for report in left:
            self._seen[report.venue_id] = report.market
            covered = report.market in self._covered
            self._cancelled_at.setdefault(report.venue_id, self._cancelled_all_at if covered else -CANCEL_AGAIN)
        self.empty_at = 0 if left else self.empty_at or at
        if self._dry_run:
            self._judge_dry_run(at)
        elif left:
            self._first_empty_at = 0
        elif self._countable:
            self._judge_empty(at)

    def _judge_empty(self, at: int) -> None:
        if not self._first_empty_at:
            self._first_empty_at = at
        elif self._asked_at - self._first_empty_at >= VISIBILITY_DELAY:
            self.confirmed_at = at

    def _judge_dry_run(self, at: int) -> None:
        if not self._first_empty_at:
            self._first_empty_at = at
        elif self._asked_at - self._first_empty_at >= VISIBILITY_DELAY:
            self.walked_at = at

    # cancelling

    def _cancels(self, at: int) -> list[Request]:
        out: list[Request] = []
        if at >= self._cancel_all_due(at):
            out.append(self._cancel_all(at))
        for report in self._left:
            if at >= self._cancel_due(report):
                self._cancelled_at[report.venue_id] = at
                self._sent(report.venue_id, at)
                out.append(CancelForeign(report.venue_id, report.market, report.trigger, emergency=True))
        return out

    def _cancel_all(self, at: int) -> CancelAll:
        also = sorted(set(self._seen.values()) - set(self._scope.markets)) if self._scope.whole_account else []
        self._covered = (*self._scope.markets, *also)
        self._cancelled_all_at = at
        self.first_cancel_at = self.first_cancel_at or at
        number = self._next()
        self._sent(f"all {number}", at)
        return CancelAll(number, self._covered)

    def _cancel_all_due(self, at: int) -> int:
        """At once; again while a list shows something; now and then as long as something may still be on its way."""
        never = at + 1
        if self._cancelled_all_at == 0:
            return 0
        if any(request.startswith("all ") for request in self._pending):
            return never
        if self._left:
            return self._cancelled_all_at + CANCEL_AGAIN
        return self._cancelled_all_at + CANCEL_UNSEEN if at < self._chase_until else never

    def _cancel_due(self, report: OrderReport) -> int:
        """By name once a cancel-all has had its chance, or at once where there was none for its market."""
        if report.venue_id in self._pending:
            return self._pending[report.venue_id] + ANSWER_PATIENCE
        return self._cancelled_at[report.venue_id] + CANCEL_AGAIN

    def _sent(self, request: str, at: int) -> None:
        self._pending[request] = at
        self._countable = False
        self._first_empty_at = 0

    def _answered(self, request: str, outcome: str) -> None:
        sent_at = self._pending.pop(request, None)
        if sent_at is not None and outcome == UNKNOWN:
            self._countable_from = max(self._countable_from, sent_at + RECEIVE_WINDOW)

    def _next(self) -> int:
        self._numbered += 1
        return self._numbered

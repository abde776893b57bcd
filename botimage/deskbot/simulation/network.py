"""The way of a request: from the process to the venue and back, with everything that can happen to it there.

    Process ── command ──▶ Network ──▶ Account        `reply` hands the one answer to the process that asked
              ◀── event ──    │
                              └ Trouble says what is wrong; `sayings` makes ccxt's words of it, and outcomes of those

A request is void at the venue once it is older than the receive window; its sender hears a time-out after five seconds.
Whatever happens, each request is answered exactly once, if the process that sent it still lives.
"""

from collections.abc import Callable
from random import Random
from typing import Any, Final

from deskbot.core.commands import (
    ArmDeadMan,
    Cancel,
    CancelAll,
    CancelForeign,
    Command,
    Place,
    QueryBalances,
    QueryFills,
    QueryOpenOrders,
    QueryOrder,
    QueryPositions,
)
from deskbot.core.events import (
    ACCEPTED,
    NOT_FOUND,
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
    OrderReport,
    PlaceResult,
    PositionsAnswer,
    Problem,
)
from deskbot.simulation import points
from deskbot.simulation.account import Account
from deskbot.simulation.sayings import NO_ID, Saying, cancel_all_outcome, cancel_result, closes_market, place_result
from deskbot.simulation.schedule import MILLISECOND, SECOND, Schedule
from deskbot.simulation.trouble import Trouble

HTTP_TIMEOUT: Final = 5 * SECOND
CLOCK_TOLERANCE: Final = SECOND  # a request from further in the future is refused

Reply = Callable[[Event], None]
Pass = Callable[[str], None]


class Network:
    """Requests of whatever process runs; `passes` is told of the points at which that process may die, `closed` of a
    market that refused an order as closed.
    """

    def __init__(
        self, account: Account, schedule: Schedule, trouble: Trouble, random: Random, passes: Pass, closed: Pass
    ) -> None:
        self._account = account
        self._says = account.venue.sayings
        self._schedule = schedule
        self._trouble = trouble
        self._random = random
        self._passes = passes
        self._closed = closed
        self.clock_offset = 0  # the sender's wall clock less the venue's
        self.on_the_way: dict[str, Place] = {}
        self.ambiguous = 0
        self._ways: dict[type, Callable[[Any, Reply], None]] = {
            Place: self._place,
            Cancel: self._cancel,
            CancelForeign: self._cancel_foreign,
            CancelAll: self._cancel_all,
            QueryOrder: self._question,
            QueryOpenOrders: self._question,
            QueryPositions: self._question,
            QueryBalances: self._question,
            QueryFills: self._question,
            ArmDeadMan: self._dead_man,
        }
        self._weather: tuple[tuple[str, tuple[Saying, ...]], ...] = (
            ("maintenance", self._says.maintenance),
            ("banned", (self._says.banned,)),
            ("rate-limited", (self._says.limited,)),
            ("key-revoked", self._says.revoked),
            ("captive-portal", (self._says.page,)),
        )
        self._creates: tuple[tuple[str, Callable[[Place, Reply], None]], ...] = (
            ("order-refused", self._create_refused),
            ("create-lost", self._create_lost),
            ("create-reply-lost", self._create_reply_lost),
            ("create-reset", self._create_reset),
            ("create-unsure", self._create_unsure),
            ("create-filled-unseen", self._create_filled),
            ("create-duplicate", self._create_twice),
            ("reply-after-fill", self._create_slowly_answered),
        )

    def send(self, command: Command, reply: Reply) -> None:
        """Take a request on its way."""
        self._ways[type(command)](command, reply)

    def _delay(self) -> int:
        longest = 3 * SECOND if self._trouble.holds("slow-network", self._schedule.now) else 60 * MILLISECOND
        return MILLISECOND + int(self._random.random() * longest)

    def _blocked(self) -> Saying | None:
        """What everybody hears now, whatever they ask for."""
        for fault, says in self._weather:
            if self._trouble.holds(fault, self._schedule.now):
                return self._random.choice(says)
        if not -self._account.venue.receive_window <= self.clock_offset <= CLOCK_TOLERANCE:
            return self._says.late
        return None

    # creates

    def _place(self, command: Place, reply: Reply) -> None:
        blocked = self._blocked()
        if blocked is not None:
            self._say(command, reply, self._delay(), blocked)
            return
        for fault, way in self._creates:
            if self._trouble.takes(fault, command.client_id):
                way(command, reply)
                return
        self._create(command, reply, self._delay(), self._delay())

    def _create(self, command: Place, reply: Reply, there: int, back: int) -> None:
        """The ordinary way: what the venue says is what is heard, unless it takes too long."""
        signed_at = self._schedule.now

        def arrived(answer: Saying | str) -> None:
            late = self._schedule.now + back - signed_at > HTTP_TIMEOUT
            heard = self._says.timed_out if late else answer
            self._say(command, reply, max(0, signed_at + HTTP_TIMEOUT - self._schedule.now) if late else back, heard)

        self._arrive(command, there, arrived)

    def _arrive(self, command: Place, there: int, then: Callable[[Saying | str], None]) -> None:
        signed_at = self._schedule.now
        self.on_the_way[command.client_id] = command

        def there_now() -> None:
            self.on_the_way.pop(command.client_id, None)
            answer = self._account.create(command, signed_at)
            then(answer)
            self._passes(points.AT_VENUE)

        self._schedule.after(there, there_now)

    def _say(self, command: Place, reply: Reply, delay: int, answer: Saying | str) -> None:
        if isinstance(answer, str):
            event = PlaceResult(0, command.client_id, ACCEPTED, answer)
        else:
            event = place_result(answer, command.client_id)
            if closes_market(answer):
                self._later(delay, reply, Problem(0, command.market, "MarketClosed", event.reason))
                self._schedule.after(delay, lambda: self._closed(command.market))
        if event.outcome == UNKNOWN:
            self.ambiguous += 1
        self._schedule.after(delay, lambda: reply(event))

    def _create_refused(self, command: Place, reply: Reply) -> None:
        self._say(command, reply, self._delay(), self._random.choice(self._says.refused))

    def _create_lost(self, command: Place, reply: Reply) -> None:
        if self._random.random() < 0.5:
            self._say(command, reply, HTTP_TIMEOUT, self._says.timed_out)
        else:
            self._say(command, reply, self._delay(), self._random.choice(self._says.reset))

    def _create_reply_lost(self, command: Place, reply: Reply) -> None:
        self._arrive(command, self._delay(), _ignore)
        self._say(command, reply, HTTP_TIMEOUT, self._says.timed_out)

    def _create_reset(self, command: Place, reply: Reply) -> None:
        """Cut off at once; the bytes may be on their way for as long as the venue accepts them."""
        window = self._account.venue.receive_window
        there = self._delay() if self._random.random() < 0.5 else int(self._random.random() * window)
        self._arrive(command, there, _ignore)
        self._say(command, reply, MILLISECOND, self._random.choice(self._says.reset))

    def _create_unsure(self, command: Place, reply: Reply) -> None:
        there = self._delay()
        self._arrive(command, there, _ignore)
        self._say(command, reply, there + self._delay(), self._random.choice((*self._says.unsure, NO_ID)))

    def _create_filled(self, command: Place, reply: Reply) -> None:
        def fill(answer: Saying | str) -> None:
            if isinstance(answer, str):
                self._account.trade_with(answer, command.lots)

        self._arrive(command, self._delay(), fill)
        if self._random.random() < 0.5:
            self._say(command, reply, HTTP_TIMEOUT, self._says.timed_out)
        else:
            self._say(command, reply, MILLISECOND, self._random.choice(self._says.reset))

    def _create_twice(self, command: Place, reply: Reply) -> None:
        """Something on the way sends the request again; only the second answer is heard."""
        there = self._delay()

        def second(answer: Saying | str) -> None:
            if isinstance(answer, str) and answer in self._account.live:
                answer = self._account.create(command, self._schedule.now)
            self._say(command, reply, self._delay(), answer)

        self._arrive(command, there, second)

    def _create_slowly_answered(self, command: Place, reply: Reply) -> None:
        def fill(answer: Saying | str) -> None:
            if isinstance(answer, str):
                self._account.trade_with(answer, self._random.randint(1, command.lots))
            self._say(command, reply, int(self._random.random() * 4 * SECOND), answer)

        self._arrive(command, self._delay(), fill)

    # cancels

    def _cancel(self, command: Cancel, reply: Reply) -> None:
        self._cancel_order(command.client_id, lambda: self._account.find(command.client_id), reply)

    def _cancel_foreign(self, command: CancelForeign, reply: Reply) -> None:
        self._cancel_order(command.venue_id, lambda: command.venue_id, reply)

    def _cancel_order(self, name: str, find: Callable[[], str], reply: Reply) -> None:
        blocked = self._blocked()
        if blocked is not None:
            self._later(self._delay(), reply, cancel_result(blocked, name))
            return
        if self._trouble.takes("cancel-reply-lost", name):
            self._cancel_unheard(name, find, reply)
            return
        sent = self._schedule.now

        def arrived() -> None:
            self._race(find(), name)
            event = self._cancel_there(find(), name)
            back = self._delay()
            if self._schedule.now + back - sent > HTTP_TIMEOUT:
                back, event = max(0, sent + HTTP_TIMEOUT - self._schedule.now), self._unheard(name)
            self._later(back, reply, event)

        self._schedule.after(self._delay(), arrived)

    def _cancel_there(self, venue_id: str, name: str) -> CancelResult:
        """An acknowledgement says that it was asked for; the order ends a little later."""
        if venue_id not in self._account.live:
            return cancel_result(self._random.choice(self._says.not_found), name)
        delay = self._random.choice((0, 0, 5, 200)) * MILLISECOND
        self._schedule.after(delay, lambda: self._account.cancel(venue_id))
        return CancelResult(0, name, ACCEPTED)

    def _race(self, venue_id: str, name: str) -> None:
        """Somebody trades with an order of ours while its cancel is on the way; another's would move the position."""
        report = self._account.live.get(venue_id)
        if report is None or not report.client_id:
            return
        left = report.lots - report.filled_lots
        if self._trouble.takes("cancel-of-filled", name):
            self._account.trade_with(venue_id, left)
        elif left > 1 and self._trouble.takes("cancel-races-fill", name):
            self._account.trade_with(venue_id, self._random.randint(1, left - 1))

    def _cancel_unheard(self, name: str, find: Callable[[], str], reply: Reply) -> None:
        if self._random.random() < 0.6:
            late = self._random.random() < 0.5
            there = int(self._random.random() * self._account.venue.receive_window) if late else self._delay()
            self._schedule.after(there, lambda: self._account.cancel(find()))
        self._later(self._random.choice((MILLISECOND, HTTP_TIMEOUT)), reply, self._unheard(name))

    def _unheard(self, name: str) -> CancelResult:
        return cancel_result(self._random.choice((self._says.timed_out, *self._says.reset)), name)

    def _cancel_all(self, command: CancelAll, reply: Reply) -> None:
        blocked = self._blocked()
        if blocked is not None:
            self._later(self._delay(), reply, CancelAllResult(0, command.request, cancel_all_outcome(blocked)))
            return

        def arrived() -> None:
            lies = self._trouble.holds("cancel-all-lies", self._schedule.now)
            for venue_id, report in list(self._account.live.items()):
                if report.market in command.markets and not (lies and self._random.random() < 0.6):
                    self._account.cancel(venue_id)
            self._later(self._delay(), reply, CancelAllResult(0, command.request, ACCEPTED))

        self._schedule.after(self._delay(), arrived)

    def _dead_man(self, command: ArmDeadMan, reply: Reply) -> None:
        if not self._account.venue.dead_man:
            self._later(0, reply, DeadManAnswer(0, command.request, REJECTED, "the venue has none"))
            return
        heard = self._blocked() is None and not self._trouble.takes("dead-man-unheard")
        if heard or self._random.random() < 0.5:
            self._schedule.after(self._delay(), lambda: self._account.arm_dead_man(command.seconds * SECOND))
        if heard:
            self._later(2 * self._delay(), reply, DeadManAnswer(0, command.request, ACCEPTED))
        else:
            self._later(HTTP_TIMEOUT, reply, DeadManAnswer(0, command.request, UNKNOWN))

    # questions

    def _question(self, command: Any, reply: Reply) -> None:
        nameless = not self._account.closed.get(getattr(command, "market", ""), True)
        if nameless or self._blocked() is not None or self._trouble.takes("questions-fail"):
            delay = self._random.choice((self._delay(), HTTP_TIMEOUT))
            self._later(delay, reply, self._look(command, self._schedule.now, "unanswered"))
            return
        there, back = self._delay(), self._delay()

        def arrived() -> None:
            at = self._looked_at()
            part = not isinstance(command, QueryOrder) and self._trouble.takes("pages-incomplete")
            late = there + back > HTTP_TIMEOUT
            how = "unanswered" if late else "incomplete" if part else ""
            self._later(back, reply, self._look(command, at, how))

        self._schedule.after(there, arrived)

    def _looked_at(self) -> int:
        now = self._schedule.now
        if not self._trouble.holds("stale-answers", now):
            return now
        return now - int(self._random.random() * self._account.venue.visibility_delay)

    def _look(self, command: Any, at: int, how: str) -> Event:
        """What a question finds that looks at a moment; `how` says what is wrong with the answer."""
        complete = not how
        if isinstance(command, QueryOrder):
            return self._look_at_order(command, at, complete)
        if isinstance(command, QueryOpenOrders):
            return OpenOrdersAnswer(0, command.request, complete, self._part(self._open(command.market, at), how))
        if isinstance(command, QueryPositions):
            return PositionsAnswer(0, command.request, complete, self._part(self._account.positions_at(at), how))
        if isinstance(command, QueryBalances):
            return BalancesAnswer(0, command.request, complete)
        fills = self._account.fills_at(command.market, command.since_ms, at)
        fundings = [] if how else self._account.fundings_at(command.market, command.since_ms, at)
        return FillsAnswer(0, command.request, command.market, complete, self._part(fills, how), fundings=fundings)

    def _open(self, market: str, at: int) -> list[OrderReport]:
        return [report for report in self._account.open_at(at) if market in ("", report.market)]

    def _part(self, rows: list[Any], how: str) -> list[Any]:
        if how == "incomplete":
            return [row for row in rows if self._random.random() < 0.5]
        return [] if how else rows

    def _look_at_order(self, command: QueryOrder, at: int, complete: bool) -> OrderAnswer:
        if not complete:
            return OrderAnswer(0, command.client_id, UNKNOWN)
        report = self._account.order_at(command.client_id, at)
        return OrderAnswer(0, command.client_id, NOT_FOUND if report is None else ACCEPTED, report)

    def _later(self, delay: int, reply: Reply, event: Event) -> None:
        self._schedule.after(delay, lambda: reply(event))


def _ignore(_answer: Saying | str) -> None:
    """Nobody hears it."""

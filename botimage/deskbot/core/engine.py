"""The engine: `handle(event) -> commands`, one event at a time, the same commands for the same events.

A pass over one event: take it in (facts become records), look at control first, then at what is under way with the
venue (a sweep, a reconciliation, orders in doubt), and only then let strategies speak through the gate; what it is
about to say is held to the invariants (`invariants.py`). The shell keeps the promise of `commands.py`.

It fails closed (I7). An error in a check of the gate refuses that order; one in a strategy pulls its quotes; any other
error of a pass, and a broken invariant, takes back the orders of the pass and halts the bot with the evidence, for a
person to release: the engine cancels what rests and goes on listening. When it cannot even do that, or fails again and
again, the error goes to the shell, which cancels everything without the engine (`runtime/session.py`).
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

from deskbot.core import daily, halt, order_life, quoting
from deskbot.core.candles import Candle
from deskbot.core.commands import Command
from deskbot.core.connection import Connection
from deskbot.core.dead_man import DeadMan
from deskbot.core.decisions import Decision
from deskbot.core.durable import Durable
from deskbot.core.errors import InvariantViolated
from deskbot.core.events import (
    NOT_SENT,
    BalancesAnswer,
    Book,
    CancelAllResult,
    CancelResult,
    Control,
    DeadManAnswer,
    Event,
    Fill,
    FillsAnswer,
    Funding,
    OpenOrdersAnswer,
    OrderAnswer,
    OrderEvent,
    OrderReport,
    PlaceResult,
    PositionsAnswer,
    Problem,
    Quote,
    Relisted,
    StopRequested,
    StreamChange,
    Timer,
    Trade,
    VenueAskable,
    VenueClock,
    VenueLost,
    VenueReady,
)
from deskbot.core.failing import evidence, forget_the_future, withhold
from deskbot.core.gate import OrderRate
from deskbot.core.invariants import Invariants
from deskbot.core.market import PRICE_ALONE
from deskbot.core.permission import pulls_quotes, why_not
from deskbot.core.reconciliation import Reconciliation
from deskbot.core.records import Record
from deskbot.core.snapshot import Snapshot, take
from deskbot.core.stand import Stand, Stands
from deskbot.core.standstill import Standstill
from deskbot.core.state import State
from deskbot.core.summary import Summary
from deskbot.core.telling import Teller

STRATEGY_ERROR = "strategy error"
NOTHING: Final[Sequence[Command]] = ()
ENGINE_FAILED = "EngineFailed"
MOST_FAILURES = 10  # in one process; more of them, and the shell takes over

NOT_SENT_PAUSE: Final = 1_000_000_000


class Engine:
    """One bot's decisions. `prior` are the records of its journal, oldest first, that `durable` does not contain;
    `decided` is told every decision.
    """

    def __init__(
        self,
        object_uid: str,
        epoch_ms: int,
        version: str,
        prior: Iterable[Record] = (),
        decided: Callable[[Decision], None] | None = None,
        durable: Durable | None = None,
    ) -> None:
        self._state = State(object_uid, epoch_ms, version)
        self._state.decision_sink = decided
        if durable is not None:
            self._state.durable = durable
        self._reconciliation = Reconciliation(self._state)
        self._standstill = Standstill(self._state, self._reconciliation)
        self._dead_man = DeadMan(self._state)
        self._rate = OrderRate()
        self._may_quote = False  # what `why_not` says, for the busy path: only what `_settle` follows can change it
        self._asked_about = -1  # the revision at which the strategies were last asked after an order event
        self._stands = Stands(self._state)
        self._stand_of = self._stands.of
        self._teller = Teller(self._state, self._reconciliation, self._standstill, self._dead_man)
        for record in prior:
            self._state.durable.apply(record)
        self._state.order_ids.seen(self._state.durable.last_client_id)
        self._invariants = Invariants(self._state, self._reconciliation, self._standstill)
        self._failures = 0
        connection = Connection(self._state, self._stands, self._reconciliation, self._standstill, self._dead_man)
        self._steps: dict[type, Callable[[Any], None]] = {
            Book: self._on_book,
            Trade: self._on_trade,
            Candle: lambda event: daily.on_candle(self._state, event),
            VenueClock: connection.on_venue_clock,
            StreamChange: connection.on_stream_change,
            Funding: lambda event: order_life.on_funding(self._state, event),
            OrderAnswer: lambda event: order_life.on_order_answer(self._state, event),
            CancelAllResult: self._standstill.on_cancel_all,
            OpenOrdersAnswer: self._on_open_orders,
            PositionsAnswer: self._reconciliation.on_positions,
            BalancesAnswer: self._reconciliation.on_balances,
            FillsAnswer: self._reconciliation.on_fills,
            DeadManAnswer: self._dead_man.on_answer,
            VenueReady: connection.on_venue_ready,
            Relisted: connection.on_relisted,
            VenueAskable: connection.on_venue_askable,
            VenueLost: connection.on_venue_lost,
            Control: self._on_control,
            Problem: connection.on_problem,
            StopRequested: self._standstill.on_stop,
        }

    def handle(self, event: Event) -> Sequence[Command]:
        """Take one event in and say what is to be done now, in order; a quiet book costs no list."""
        state = self._state
        try:
            # by name what there is most of: compiled, what is looked up by its type costs three times as much
            if type(event) is Quote:
                at = event.at
                if at > state.at > 0:  # as `_pass_to`, whose call would be a tenth of a quiet pass
                    state.at = at
                else:
                    self._pass_to(at)
                stand = self._stand_of.get(event.market)
                if stand is not None:
                    fresh = stand.market.on_quote(event)
                    if self._may_quote:
                        self._quote(stand, fresh)
                if not state.out:
                    return NOTHING
            elif isinstance(event, OrderEvent):
                self._on_order_event(event)
            else:
                self._on_other(event)
            if state.out or state.violation:
                self._invariants.hold()
        except Exception as error:
            self._fail(event, error)
        commands = state.out
        if commands:
            state.out = []
        return commands

    def _on_other(self, event: Event) -> None:
        self._pass_to(event.at)
        if isinstance(event, Timer):
            self._on_timer()
            return
        self._steps[type(event)](event)
        if not isinstance(event, (Book, Trade)):
            self._settle()

    def _pass_to(self, at: int) -> None:
        state = self._state
        if at > state.at:
            if not state.at:
                forget_the_future(state, at)
            state.at = at

    def _fail(self, event: Event, error: Exception) -> None:
        try:
            self._fail_closed(event, error)
        except Exception:
            self._state.out = []  # the shell has the word: no order of this pass may leave with a later one
            raise

    def _fail_closed(self, event: Event, error: Exception) -> None:
        """Take back what would add risk, latch, and stand still. Raises what it was given when it was too often."""
        state = self._state
        self._failures += 1
        if self._failures > MOST_FAILURES:
            raise error
        state.violation = ""
        self._may_quote = False
        reason = error.reason if isinstance(error, InvariantViolated) else ENGINE_FAILED
        withhold(self._state, reason)
        if halt.fail(state, reason, evidence(event, error)):
            self._standstill.begin_anew()
        self._standstill.step()
        self._standstill.finish(self._dead_man.at_rest)
        self._teller.publish_if_changed(why_not(state, self._standstill, self._reconciliation))

    # market data: the busy path

    def _on_book(self, book: Book) -> None:
        stand = self._stand_of.get(book.market)
        if stand is not None:
            fresh = stand.market.on_book(book)
            if self._may_quote:
                self._quote(stand, fresh)

    def _on_trade(self, trade: Trade) -> None:
        market = self._state.markets.get(trade.market)
        if market is not None:
            market.on_trade(trade)

    def _quote(self, stand: Stand, fresh: bool) -> None:
        """Ask the strategy of a market, whose book is `fresh` when it has just come and says something new."""
        state, market, strategy = self._state, stand.market, stand.strategy
        at = state.at
        verdict = market.fault if fresh and market.at == at else market.unusable(at, stand.limits.max_data_age)
        if verdict != market.verdict:
            market.verdict = verdict
            if verdict and verdict != PRICE_ALONE:  # which every start has
                state.reject(verdict)
        if strategy is None or verdict:
            quoting.pull(state, stand.name)
            return
        view = market.view
        view.at = at
        if view.revision != state.revision:  # not on a quiet book: half the time of the rest of this
            stand.show_ours(state)
        try:
            targets = strategy.targets(view)
        except Exception as error:
            self._strategy_failed(stand.name, error)
            return
        if targets is not None:
            quoting.make_so(state, stand, targets, self._rate)

    def _quote_all(self) -> None:
        for stand in self._stands.all:
            if self._may_quote:  # not any more after a strategy has failed
                self._quote(stand, False)

    def _strategy_failed(self, market: str, error: Exception) -> None:
        """A strategy that raises is not asked again until the object changes; nobody stands behind its quotes."""
        words = f"the strategy on {market} failed: {type(error).__name__}: {error}"
        self._state.problems[STRATEGY_ERROR] = Problem(self._state.at, STRATEGY_ERROR, "StrategyFailed", words)
        self._may_quote = False
        withhold(self._state, words)
        quoting.pull(self._state)

    # orders

    def _on_order_event(self, event: PlaceResult | CancelResult | OrderReport | Fill) -> None:
        state = self._state
        at = event.at
        if at != state.at:
            self._pass_to(at)
        if type(event) is OrderReport:
            order_life.on_order_report(state, event)
            if self._standstill.sweeping:
                self._standstill.on_order_report(event)
        elif type(event) is PlaceResult:
            order_life.on_place_result(state, event)
            if event.reason and event.reason.startswith(NOT_SENT):  # each try is a record: not decided anew at once
                self._rate.hold(state.at + NOT_SENT_PAUSE)
        elif type(event) is CancelResult:
            order_life.on_cancel_result(state, event)
        else:
            order_life.on_fill(state, event)
        if self._may_quote:
            self._flow()
        else:
            self._settle()

    def _on_open_orders(self, event: OpenOrdersAnswer) -> None:
        if not self._standstill.on_open_orders(event):
            self._reconciliation.on_open_orders(event)

    # control

    def _on_control(self, event: Control) -> None:
        before = self._state.control
        self._state.take_control(event)
        self._stands.tie()
        if before is None or before.generation != event.generation:
            self._state.problems.pop(STRATEGY_ERROR, None)
        halt.consider(self._state)

    def _on_timer(self) -> None:
        daily.sample(self._state)
        order_life.chase(self._state, emergency=self._standstill.sweeping)
        daily.begin_day(self._state, self._reconciliation)
        if self._may_quote and self._nothing_to_go_on_with():
            self._quote_all()
            quoting.leave_other_markets(self._state)
            self._dead_man.step(may_leave=False)
        else:
            self._settle()

    # after every event but market data

    def _flow(self) -> None:
        """While all is well the strategies answer what happened to orders at once; the next timer settles the rest.

        That saves nine tenths of the work after an acknowledgement: nothing that `_settle` goes on with is under way.
        """
        state = self._state
        if state.problems or state.durable.latch is not None or not self._reconciliation.idle():
            self._settle()
            return
        if state.revision == self._asked_about and not state.waiting:
            return  # nothing that they see has changed since the strategies were asked
        self._quote_all()
        self._asked_about = state.revision
        if state.control is not None and state.control.dead_man_after:
            self._dead_man.step(may_leave=False)

    def _nothing_to_go_on_with(self) -> bool:
        """Whether nothing is under way or due but what strategies may want."""
        state, reconciliation = self._state, self._reconciliation
        at_rest = not state.problems and state.durable.latch is None and reconciliation.idle()
        return at_rest and not reconciliation.due()

    def _settle(self) -> None:
        """Go on with whatever is under way, the most urgent first."""
        state, standstill, reconciliation = self._state, self._standstill, self._reconciliation
        standstill.step()
        if state.venue_open and state.sends_orders and not standstill.stopping:
            reconciliation.step()
        why = why_not(state, standstill, reconciliation)
        self._may_quote = not why and state.control is not None
        if not standstill.sweeping:
            if why and pulls_quotes(why, state, reconciliation):
                quoting.pull(state)
            self._quote_all()
            quoting.leave_other_markets(state)
        self._dead_man.step(may_leave=standstill.stopping and standstill.may_leave)
        if standstill.stopping:
            standstill.finish(self._dead_man.at_rest)
        self._teller.publish_if_changed(why)

    # what it tells

    def snapshot(self) -> Snapshot:
        """What survives, as it is after the last pass."""
        return take(self._state.durable)

    def summary(self) -> Summary:
        """The picture of this moment."""
        return self._teller.summary()

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
from traceback import extract_tb
from typing import Any, Final

from deskbot.core import halt, order_life, quoting
from deskbot.core.candles import Candle
from deskbot.core.commands import Command, Place, Publish
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
from deskbot.core.gate import OrderRate
from deskbot.core.instrument import Instrument
from deskbot.core.invariants import Invariants
from deskbot.core.market import MarketState
from deskbot.core.orders import OPEN, PARTIALLY_FILLED, REJECTED, SENT
from deskbot.core.reconciliation import QUOTES_PATIENCE, Reconciliation
from deskbot.core.records import DayBegan, Listed, OrderMoved, Record, Session
from deskbot.core.snapshot import Snapshot, take
from deskbot.core.standstill import Standstill
from deskbot.core.state import State
from deskbot.core.summary import Summary, halt_of, positions_of

DAY = 86_400_000_000_000
RECONCILING = "reconciling"
VENUE_CLOSED = "venue_closed"
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
        self._may_quote = False  # what `_why_not` says, for the busy path: only what `_settle` follows can change it
        self._asked_about = -1  # the revision at which the strategies were last asked after an order event
        self._shown: tuple[Any, ...] = ()
        self._since = 0
        for record in prior:
            self._state.durable.apply(record)
        self._state.order_ids.seen(self._state.durable.last_client_id)
        self._invariants = Invariants(self._state, self._reconciliation, self._standstill)
        self._failures = 0
        self._steps: dict[type, Callable[[Any], None]] = {
            Book: self._on_book,
            Trade: self._on_trade,
            Candle: self._on_candle,
            Timer: self._on_timer,
            VenueClock: self._on_venue_clock,
            StreamChange: self._on_stream_change,
            Funding: lambda event: order_life.on_funding(self._state, event),
            OrderAnswer: lambda event: order_life.on_order_answer(self._state, event),
            CancelAllResult: self._standstill.on_cancel_all,
            OpenOrdersAnswer: self._on_open_orders,
            PositionsAnswer: self._reconciliation.on_positions,
            BalancesAnswer: self._reconciliation.on_balances,
            FillsAnswer: self._reconciliation.on_fills,
            DeadManAnswer: self._dead_man.on_answer,
            VenueReady: self._on_venue_ready,
            Relisted: self._on_relisted,
            VenueAskable: self._on_venue_askable,
            VenueLost: self._on_venue_lost,
            Control: self._on_control,
            Problem: self._on_problem,
            StopRequested: self._on_stop,
        }

    def handle(self, event: Event) -> Sequence[Command]:
        """Take one event in and say what is to be done now, in order; a quiet book costs no list."""
        state = self._state
        if state.out:
            state.out = []
        try:
            # by name what there is most of: compiled, what is looked up by its type costs three times as much
            if isinstance(event, Quote):
                self._pass_to(event.at)
                self._on_quote(event)
            elif isinstance(event, (PlaceResult, CancelResult, OrderReport, Fill)):
                self._pass_to(event.at)
                self._on_order_event(event)
            else:
                self._pass_to(event.at)
                self._steps[type(event)](event)
                if not isinstance(event, (Book, Trade)):
                    self._settle()
            if state.out or state.violation:
                self._invariants.hold()
        except Exception as error:
            self._fail_closed(event, error)
        return state.out or NOTHING

    def _pass_to(self, at: int) -> None:
        state = self._state
        if at > state.at:
            if not state.at:
                self._forget_the_future(at)
            state.at = at

    def _fail_closed(self, event: Event, error: Exception) -> None:
        """Take back what would add risk, latch, and stand still. Raises what it was given when it was too often."""
        state = self._state
        self._failures += 1
        if self._failures > MOST_FAILURES:
            raise error
        state.violation = ""
        self._may_quote = False
        reason = error.reason if isinstance(error, InvariantViolated) else ENGINE_FAILED
        self._withhold(reason)
        if halt.fail(state, reason, _evidence(event, error)):
            self._standstill.begin_anew()
        self._standstill.step()
        self._standstill.finish(self._dead_man.at_rest)
        self._publish_if_changed()

    def _withhold(self, why: str) -> None:
        """Take back the orders of this pass: none of them has left."""
        state = self._state
        places = [command for command in state.out if isinstance(command, Place)]
        state.out = [command for command in state.out if not isinstance(command, Place)]
        for place in places:
            order = state.durable.orders.get(place.client_id)
            if order is not None and order.state == SENT:
                state.record(OrderMoved(state.at, place.client_id, REJECTED, "", 0, f"not sent: {why}"))

    def _forget_the_future(self, at: int) -> None:
        """What an earlier process sent was signed before this one began, and perhaps not long before."""
        for order in self._state.durable.orders.values():
            order.signed_by = at
            order.sent_at = min(order.sent_at, at)
            order.cancel_asked_at = min(order.cancel_asked_at, at)
            order.updated_at = at - 1

    # market data: the busy path

    def _on_book(self, book: Book) -> None:
        market = self._state.markets.get(book.market)
        if market is not None:
            market.on_book(book)
            self._quote(market)

    def _on_quote(self, quote: Quote) -> None:
        market = self._state.markets.get(quote.market)
        if market is not None:
            market.on_quote(quote)
            self._quote(market)

    def _on_trade(self, trade: Trade) -> None:
        market = self._state.markets.get(trade.market)
        if market is not None:
            market.on_trade(trade)

    def _quote(self, market: MarketState) -> None:
        state = self._state
        control = state.control
        if not self._may_quote or control is None:
            return
        name = market.instrument.market
        limits = control.limits
        strategy = control.strategies.get(name)
        verdict = market.unusable(state.at, limits.max_data_age)
        if verdict != market.verdict:
            market.verdict = verdict
            if verdict:
                state.reject(verdict)
        if strategy is None or verdict:
            quoting.pull(state, name)
            return
        try:
            targets = strategy.targets(quoting.view_of(state, limits, market))
        except Exception as error:
            self._strategy_failed(name, error)
            return
        if targets is not None:
            quoting.make_so(state, limits, market, targets, self._rate)

    def _strategy_failed(self, market: str, error: Exception) -> None:
        """A strategy that raises is not asked again until the object changes; nobody stands behind its quotes."""
        words = f"the strategy on {market} failed: {type(error).__name__}: {error}"
        self._state.problems[STRATEGY_ERROR] = Problem(self._state.at, STRATEGY_ERROR, "StrategyFailed", words)
        self._may_quote = False
        self._withhold(words)
        quoting.pull(self._state)

    # the venue

    def _on_venue_ready(self, event: VenueReady) -> None:
        state = self._state
        state.venue_open = True
        state.askable = True
        state.private_stream_healthy = False  # until its first message
        state.problems.pop("venue", None)
        state.account_id = event.account_id
        state.fill_history_ms = event.fill_history_ms
        for name, instrument in event.instruments.items():
            self._list(name, instrument)
            state.problems.pop(name, None)
        state.record(Session(state.at, state.version, event.account_id))
        self._standstill.begin_anew()
        self._dead_man.begin()
        self._reconciliation.begin()

    def _list(self, name: str, instrument: Instrument) -> None:
        """Take a market over as the venue lists it. With other steps its orders are counted anew, its book is void."""
        state = self._state
        steps, known = (instrument.tick, instrument.lot), state.durable.grids.get(name)
        state.instruments[name] = instrument
        state.revision += 1
        if name not in state.markets or (known is not None and known != steps):
            state.markets[name] = MarketState(instrument)
        state.markets[name].instrument = instrument
        if known != steps:
            state.record(Listed(state.at, name, *steps))
            if known is not None:
                quoting.pull(state, name)

    def _on_relisted(self, event: Relisted) -> None:
        for name, instrument in event.instruments.items():
            self._list(name, instrument)

    def _on_venue_askable(self, _event: VenueAskable) -> None:
        self._state.askable = True

    def _on_venue_lost(self, event: VenueLost) -> None:
        self._state.venue_open = False
        self._state.problems["venue"] = Problem(event.at, "venue", "VenueUnreachable", event.reason)

    def _on_stream_change(self, event: StreamChange) -> None:
        state = self._state
        if event.stream == "private":
            if event.healthy and not state.private_stream_healthy:
                self._reconciliation.begin()
            state.private_stream_healthy = event.healthy
        elif event.market in state.markets:
            state.markets[event.market].on_stream(event.healthy, event.reason)

    def _on_venue_clock(self, event: VenueClock) -> None:
        for market in self._state.markets.values():
            market.on_venue_clock(event.offset)

    def _on_order_event(self, event: PlaceResult | CancelResult | OrderReport | Fill) -> None:
        if isinstance(event, PlaceResult):
            self._on_place_result(event)
        elif isinstance(event, CancelResult):
            order_life.on_cancel_result(self._state, event)
        elif isinstance(event, OrderReport):
            order_life.on_order_report(self._state, event)
        else:
            order_life.on_fill(self._state, event)
        if self._may_quote:
            self._flow()
        else:
            self._settle()

    def _on_place_result(self, event: PlaceResult) -> None:
        """What could not be sent is not decided anew at once: each try is a record in the journal."""
        order_life.on_place_result(self._state, event)
        if event.reason.startswith(NOT_SENT):
            self._rate.hold(self._state.at + NOT_SENT_PAUSE)

    def _on_open_orders(self, event: OpenOrdersAnswer) -> None:
        if not self._standstill.on_open_orders(event):
            self._reconciliation.on_open_orders(event)

    # control

    def _on_control(self, event: Control) -> None:
        before, self._state.control = self._state.control, event
        self._state.revision += 1
        if before is None or before.generation != event.generation:
            self._state.problems.pop(STRATEGY_ERROR, None)
        halt.consider(self._state)

    def _on_problem(self, event: Problem) -> None:
        if event.reason:
            self._state.problems[event.key] = event
        else:
            self._state.problems.pop(event.key, None)

    def _on_stop(self, event: StopRequested) -> None:
        self._standstill.on_stop(event)

    def _on_candle(self, candle: Candle) -> None:
        market = self._state.markets.get(candle.market)
        if market is not None:
            market.candles.add(candle)

    def _on_timer(self, _timer: Timer) -> None:
        self._sample()
        order_life.chase(self._state, emergency=self._standstill.sweeping)
        self._begin_day()

    def _sample(self) -> None:
        """Let the middle of every sound book stand in where the venue tells no candles."""
        at, control = self._state.at, self._state.control
        for market in self._state.markets.values():
            if control is not None and not market.unusable(at, control.limits.max_data_age):
                market.candles.sample(at, market.half_mid)

    def _begin_day(self) -> None:
        """Note the PnL with which a UTC day begins, as soon as it can be told."""
        state = self._state
        day = state.at // DAY
        if day != state.durable.day and self._reconciliation.done_at and state.can_value_positions():
            state.record(DayBegan(state.at, day, state.pnl(), state.fees(), state.funding()))

    # after every event but market data

    def _flow(self) -> None:
        """While all is well the strategies answer what happened to orders at once; the next timer settles the rest.

        That saves nine tenths of the work after an acknowledgement: nothing that `_settle` goes on with is under way.
        """
        state = self._state
        if state.problems or state.durable.latch is not None or not self._reconciliation.idle:
            self._settle()
            return
        if state.revision == self._asked_about:
            return  # nothing of ours has changed since the strategies were asked
        for market in state.markets.values():
            self._quote(market)
        self._asked_about = state.revision
        if state.control is not None and state.control.dead_man_after:
            self._dead_man.step(may_leave=False)

    def _settle(self) -> None:
        """Go on with whatever is under way, the most urgent first."""
        self._standstill.step()
        if self._state.venue_open and self._state.sends_orders and not self._standstill.stopping:
            self._reconciliation.step()
        why = self._why_not()
        self._may_quote = not why
        if not self._standstill.sweeping:
            if why and self._pulls_quotes(why):
                quoting.pull(self._state)
            for market in self._state.markets.values():
                self._quote(market)
            self._leave_other_markets()
        self._dead_man.step(may_leave=self._standstill.may_leave)
        self._standstill.finish(self._dead_man.at_rest)
        self._publish_if_changed()

    def _pulls_quotes(self, why: str) -> bool:
        """Whether nobody stands behind what rests; a short reconciliation leaves it in place."""
        control = self._state.control
        if why != RECONCILING:
            return why != VENUE_CLOSED
        paused = control is not None and control.paused
        return paused or self._state.at - self._reconciliation.begun_at > QUOTES_PATIENCE

    def _leave_other_markets(self) -> None:
        """Cancel what still rests on markets that left the spec; their executions are asked for when they return."""
        state = self._state
        if state.control is None or not state.venue_open:
            return
        for order in state.durable.live_orders():
            if order.market not in state.control.markets and order.state in (OPEN, PARTIALLY_FILLED):
                order_life.cancel(state, order)

    def _why_not(self) -> str:
        """Why no risk may be added now; "" when trading is allowed."""
        state = self._state
        if self._standstill.stopping:
            return "stopping"
        if halt.held(state) or self._standstill.sweeping:
            return "halted"
        if state.problems:
            return "problem"
        if not state.venue_open:
            return VENUE_CLOSED
        return self._why_not_yet() if state.sends_orders else ""

    def _why_not_yet(self) -> str:
        """What a bot that sends orders must have besides."""
        if not self._reconciliation.done_at:
            return RECONCILING
        if not self._state.private_stream_healthy:
            return "private_stream_unhealthy"
        return "paused" if self._state.control is not None and self._state.control.paused else ""

    # what it tells

    def snapshot(self) -> Snapshot:
        """What survives, as it is after the last pass."""
        return take(self._state.durable)

    def summary(self) -> Summary:
        """The picture of this moment."""
        state, durable = self._state, self._state.durable
        positions = positions_of(state)
        pnl, fees, funding = state.pnl(), state.fees(), state.funding()
        day_pnl = pnl - durable.day_pnl
        day_fees, day_funding = fees - durable.day_fees, funding - durable.day_funding
        return Summary(
            state=self._word(),
            since=self._since,
            why=self._why_not(),
            generation=state.control.generation if state.control is not None else 0,
            version=state.version,
            account_id=state.account_id,
            reconciled_at=self._reconciliation.done_at,
            dead_man_wanted=state.sends_orders and state.control is not None and state.control.dead_man_after > 0,
            dead_man_until=self._dead_man.armed_until,
            no_dead_man=self._dead_man.why_not,
            last_tick_at=max((market.at for market in state.markets.values()), default=0),
            last_fill_at=max((ledger.last_fill_at for ledger in durable.ledgers.values()), default=0),
            equity=None if state.equity is None else state.equity + pnl - state.equity_pnl,
            pnl=pnl,
            day_pnl=day_pnl if durable.day else None,
            day_price=day_pnl + day_fees - day_funding if durable.day else None,
            day_fees=day_fees if durable.day else None,
            day_funding=day_funding if durable.day else None,
            realised=sum(ledger.realised for ledger in durable.ledgers.values()),
            open_orders=len(durable.live_orders()),
            orders=durable.intents,
            fills=durable.fills,
            foreign_orders=state.foreign_orders,
            orphans=len(durable.orphaned),
            halt=halt_of(durable.latch, self._standstill.cancelled, self._standstill.residual),
            acknowledged_halt=durable.released[-1] if durable.released else "",
            problem=self._problem(),
            positions=positions,
            rejections=dict(state.rejections),
            missed_fills=state.missed_fills,
            forced_fills=sum(ledger.forced for ledger in durable.ledgers.values()),
            corrections=durable.corrections,
            notices=list(state.notices.values()),
        )

    def _word(self) -> str:
        """The state in one word of `deskapi.conditions.EngineState`."""
        state = self._state
        if self._standstill.stopped:
            return "Stopped"
        if self._standstill.stopping:
            return "Stopping"
        if halt.held(state):
            latch = state.durable.latch
            return "Halted" if latch is None or latch.confirmed_at else "Halting"
        if state.problems:
            return "Stalled"
        why = self._why_not()
        if state.control is None or why in (VENUE_CLOSED, RECONCILING):
            return "Starting"
        return "Paused" if why or not state.control.strategies else "Running"

    def _problem(self) -> tuple[str, str] | None:
        """What people have to look at first: why the engine halted itself, then what forbids trading."""
        latch = self._state.durable.latch
        if latch is not None and latch.evidence:
            return latch.reason, latch.evidence
        return next(((p.reason, p.message) for p in self._state.problems.values()), None)

    def _publish_if_changed(self) -> None:
        state = self._state
        latch = state.durable.latch
        problem = self._problem()
        halted = (latch.id, latch.confirmed_at > 0) if latch is not None else None
        generation = state.control.generation if state.control is not None else 0
        word = self._word()
        if not self._shown or self._shown[0] != word:
            self._since = state.at
        shown = (word, halted, problem, generation)
        if shown != self._shown:
            self._shown = shown
            state.out.append(Publish())


def _evidence(event: Event, error: Exception) -> str:
    """What happened and where, in one line."""
    if isinstance(error, InvariantViolated):
        return f"{error.message} (while taking in {type(event).__name__})"
    frames = extract_tb(error.__traceback__)
    where = f"{frames[-1].name}, line {frames[-1].lineno}" if frames else "an unknown place"
    return f"{type(error).__name__}: {error} (in {where}, while taking in {type(event).__name__})"

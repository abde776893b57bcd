"""Whoever watches a life: what the engine was told, what it said, and whether that was allowed.

The witness keeps its own account of the gate (I5): it opens only on what was really told to this process, whatever the
engine makes of it. Invariants are those of the fault catalogue; the first that does not hold ends the life.
"""

from collections import Counter
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from deskbot.core.commands import (
    Command,
    Place,
    QueryBalances,
    QueryFills,
    QueryOpenOrders,
    QueryPositions,
    Stopped,
)
from deskbot.core.events import (
    ACCEPTED,
    NOT_FOUND,
    UNKNOWN,
    BalancesAnswer,
    Book,
    Control,
    Event,
    Fill,
    FillsAnswer,
    OpenOrdersAnswer,
    OrderAnswer,
    OrderReport,
    PlaceResult,
    PositionsAnswer,
    Problem,
    StopRequested,
    StreamChange,
    VenueLost,
    VenueReady,
)
from deskbot.core.instrument import BUY, SELL
from deskbot.core.order_life import RECEIVE_WINDOW
from deskbot.core.orders import FILLED, REJECTED, SENT
from deskbot.core.orders import UNKNOWN as ORDER_UNKNOWN
from deskbot.core.records import (
    Filled,
    HaltConfirmed,
    Intent,
    Latched,
    Opened,
    OrderMoved,
    Record,
    Released,
    Session,
)
from deskbot.simulation.schedule import MILLISECOND
from deskbot.simulation.trouble import ADOPTED, WORDS

if TYPE_CHECKING:
    from deskbot.simulation.life import Life
    from deskbot.simulation.process import Process

FAR: Final = 20  # orders within a twentieth of the market: the envelope's collar is narrower
HALTED: Final = "a halt is in force"
CLOCK_ERROR_MS: Final = 1  # of a measurement

_QUESTIONS: Final = (QueryOpenOrders, QueryPositions, QueryBalances, QueryFills)


class Violation(Exception):
    """An invariant does not hold."""

    def __init__(self, invariant: str, reason: str) -> None:
        super().__init__(f"{invariant}: {reason}")
        self.invariant = invariant
        self.reason = reason


class Told:
    """What one process has been told so far, as far as the gate depends on it."""

    def __init__(self) -> None:
        self.open = False
        self.private = False
        self.markets: dict[str, bool] = {}
        self.books: dict[str, Book] = {}
        self.control: Control | None = None
        self.problems: set[str] = set()
        self.closed: set[str] = set()
        self.stopping = False
        self.needed: set[str] = set()  # questions of the round that were not completely answered yet
        self.round = 0
        self.asked: dict[int, tuple[str, int, int]] = {}  # what, in which round, when
        self.unknown: dict[str, str] = {}  # client id -> market: told that nobody knows, and nothing since
        self.known: set[str] = set()
        self.unfound = Counter[str]()
        self.unlisted: dict[str, int] = {}  # client id -> when a list of the account first did not show it


class Witness:
    """`placed` are the intents that went on the wire, `durable` those a disk has held; both over all processes."""

    def __init__(self, life: "Life") -> None:
        self._life = life
        self.placed: set[str] = set()
        self.intents: dict[str, Intent] = {}
        self._told = Told()
        self.latched = False
        self.steps = 0
        self.open_steps = 0
        self._booked: set[tuple[str, str]] = set()
        self._latches: set[str] = set()  # in the journal of this process
        self._hears: dict[type, Callable[[Any], None]] = {
            Book: self._book,
            VenueReady: self._venue_ready,
            VenueLost: self._venue_lost,
            StreamChange: self._stream_change,
            PlaceResult: self._place_result,
            OrderReport: self._order_report,
            OrderAnswer: self._order_answer,
            OpenOrdersAnswer: self._list,
            PositionsAnswer: self._list,
            BalancesAnswer: self._list,
            FillsAnswer: self._list,
            Fill: self._fill,
            Control: self._control,
            Problem: self._problem,
            StopRequested: self._stop,
        }

    def begin(self, records: list[Record]) -> None:
        """A process starts with what its journal says."""
        self._told = Told()
        self.latched = False
        self._booked.clear()
        self._latches.clear()
        self.intents.clear()
        sent: dict[str, str] = {}
        for record in records:
            self._replay(record, sent)
        self._told.unknown = sent

    def _replay(self, record: Record, sent: dict[str, str]) -> None:
        """Orders that the journal leaves without an answer are in doubt until the venue says more."""
        if isinstance(record, Intent):
            self.intents[record.client_id] = record
            sent[record.client_id] = record.market
        elif isinstance(record, Filled):
            self._booked.add((record.market, record.trade_id))
            sent.pop(record.client_id, None)
        elif isinstance(record, OrderMoved) and record.state not in (SENT, ORDER_UNKNOWN):
            sent.pop(record.client_id, None)
        self._latch(record)

    def _latch(self, record: Record) -> None:
        if isinstance(record, Latched):
            self.latched = True
            self._latches.add(record.id)
        elif isinstance(record, Released):
            self.latched = False

    # what the engine is told

    def told(self, event: Event, process: "Process") -> None:
        """An event is about to be handled."""
        self.steps += 1
        if not self.why_not("", process):
            self.open_steps += 1
            self._life.trouble.gate_open(self._life.schedule.now)
        hear = self._hears.get(type(event))
        if hear is not None:
            hear(event)

    def _book(self, book: Book) -> None:
        self._told.books[book.market] = book

    def _venue_ready(self, event: VenueReady) -> None:
        self._told.open = True
        self._told.closed = set(event.closed)
        self._told.private = False
        self._begin_round()

    def _begin_round(self) -> None:
        told = self._told
        told.round += 1
        told.needed = {"QueryOpenOrders", "QueryPositions", "QueryBalances"}
        told.needed |= {f"QueryFills {market}" for market in self._life.account.instruments}

    def _venue_lost(self, _event: VenueLost) -> None:
        self._told.open = False

    def _stream_change(self, event: StreamChange) -> None:
        if event.stream == "market":
            self._told.markets[event.market] = event.healthy
            return
        if event.healthy and not self._told.private:
            self._begin_round()
        self._told.private = event.healthy

    def _place_result(self, event: PlaceResult) -> None:
        if event.outcome == UNKNOWN:
            intent = self.intents.get(event.client_id)
            if (
                intent is not None
                and event.client_id not in self._told.known
                and self._told.unfound[event.client_id] < 2
            ):
                self._told.unknown[event.client_id] = intent.market
        else:
            self._known(event.client_id)

    def _known(self, client_id: str) -> None:
        self._told.unknown.pop(client_id, None)
        self._told.known.add(client_id)

    def _order_report(self, event: OrderReport) -> None:
        self._known(event.client_id)

    def _fill(self, event: Fill) -> None:
        self._known(event.client_id)

    def _order_answer(self, event: OrderAnswer) -> None:
        if event.outcome == ACCEPTED:
            self._known(event.client_id)
        elif event.outcome == NOT_FOUND and (event.client_id in self._told.unknown or self._is_void(event)):
            self._told.unfound[event.client_id] += 1
            if self._told.unfound[event.client_id] >= 2:
                self._told.unknown.pop(event.client_id, None)

    def _is_void(self, event: OrderAnswer) -> bool:
        """Whether a no counts before the request's own answer is there: it cannot arrive any more."""
        intent = self.intents.get(event.client_id)
        return intent is not None and event.at - intent.at >= RECEIVE_WINDOW

    def _list(self, event: Any) -> None:
        topic, asked_in, asked_at = self._told.asked.pop(event.request, ("", 0, 0))
        if event.complete and asked_in == self._told.round:
            self._told.needed.discard(topic)
        if event.complete and topic == "QueryOpenOrders":
            self._whole_list(event, asked_at)
        for report in getattr(event, "orders", ()):
            self._known(report.client_id)
        for fill in getattr(event, "fills", ()):
            self._known(fill.client_id)

    def _whole_list(self, event: OpenOrdersAnswer, asked_at: int) -> None:
        """On a closed market, two that do not show an order end the doubt about it, a visibility delay apart."""
        told = self._told
        shown = {report.client_id for report in event.orders}
        for client_id, market in list(told.unknown.items()):
            if market in told.closed and client_id not in shown:
                first = told.unlisted.setdefault(client_id, event.at)
                if asked_at - first >= self._life.account.venue.visibility_delay:
                    told.unknown.pop(client_id)

    def _control(self, event: Control) -> None:
        self._told.control = event

    def _problem(self, event: Problem) -> None:
        told = self._told
        if event.reason == "MarketClosed":
            told.closed.add(event.key)
        elif event.reason:
            told.problems.add(event.key)
        else:
            told.problems.discard(event.key)
            self._reopened(event.key)

    def _reopened(self, market: str) -> None:
        """Nobody knows what became of a market while it was closed: the account is compared anew."""
        if market in self._told.closed:
            self._told.closed.discard(market)
            self._begin_round()

    def _stop(self, _event: StopRequested) -> None:
        self._told.stopping = True

    @property
    def stopping(self) -> bool:
        """Whether the present process was asked to stop."""
        return self._told.stopping

    def why_not(self, market: str, process: "Process") -> str:
        """Why no risk may be added, on a market or at all; "" when it may."""
        told = self._told
        control = told.control
        if control is None or not told.open:
            return "the venue is not open"
        if self.latched or control.halted or (control.latch_id and not control.latch_released):
            return HALTED
        if told.stopping or control.paused:
            return "the bot is stopping or paused"
        needed = {topic for topic in told.needed if topic.partition(" ")[2] not in told.closed}
        if not told.private or needed:
            return f"the account is not known to the end ({min(needed, default='the private stream')})"
        if told.problems or told.closed.issuperset(control.markets):
            return f"there is a problem ({min(told.problems, default='every market is closed')})"
        return self._why_not_on(market, control, process) if market else ""

    def _why_not_on(self, market: str, control: Control, process: "Process") -> str:
        told = self._told
        if market in told.closed:
            return "the market is closed"
        if not told.markets.get(market, True):
            return "the market's stream is not whole"
        book = told.books.get(market)
        if book is None or process.clock() - book.at > control.limits.max_data_age:
            return "the book is old"
        if not book.bids or not book.asks or book.bids[0][0] >= book.asks[0][0]:
            return "the book is crossed or empty"
        if market in told.unknown.values():
            return "an order's outcome is unknown"
        return ""

    # what the engine says

    def said(self, command: Command, process: "Process") -> None:
        """A command has just been made."""
        if isinstance(command, Record):
            self._recorded(command)
        elif isinstance(command, Place):
            self._decided(command, process)
        elif isinstance(command, _QUESTIONS):
            topic = type(command).__name__
            if isinstance(command, QueryFills) or (isinstance(command, QueryOpenOrders) and command.market):
                topic = f"{topic} {command.market}"
            self._told.asked[command.request] = (topic, self._told.round, process.clock())
        elif isinstance(command, Stopped) and command.confirmed:
            self._nothing_left("a stop was confirmed")

    def _recorded(self, record: Record) -> None:
        self._latch(record)
        if isinstance(record, Latched) and record.evidence:  # the engine's own assertions, or an error of its own
            raise Violation(record.evidence[:2] if record.reason == "InvariantViolated" else "I7", record.evidence)
        if isinstance(record, Intent):
            if record.client_id in self.intents or record.client_id in self.placed:
                raise Violation("I1", f"the client id {record.client_id} was used before")
            self.intents[record.client_id] = record
        elif isinstance(record, Filled):
            self._booked_once(record)
        elif isinstance(record, Opened | Session):
            self._begun(record)
        elif isinstance(record, OrderMoved):
            self._moved(record)
        elif isinstance(record, HaltConfirmed):
            self._nothing_left("a halt was confirmed")
            if record.id not in self._latches:
                raise Violation("I6", f"the halt {record.id} is in force and would not survive a restart")
        elif isinstance(record, Released) and record.id != self._life.wish.acknowledged_halt:
            raise Violation("I6", f"the halt {record.id} was released and nobody had acknowledged it")

    def _begun(self, record: Opened | Session) -> None:
        """A session, the first of a journal above all, is dated by the venue's clock and not by ours.

        What was forced before the journal had begun may have closed what nobody had seen: its price is unknown.
        """
        if isinstance(record, Session):
            away_ms = record.venue_ms - self._life.schedule.now // MILLISECOND
            if abs(away_ms) > CLOCK_ERROR_MS:
                raise Violation("I2", f"a session is dated {away_ms} ms away from the venue's clock")
        elif any(fill.kind and fill.market == record.market for _, fill in self._life.account.fills):
            self._life.unpriced.add(record.market)

    def _booked_once(self, record: Filled) -> None:
        key = (record.market, record.trade_id)
        if key in self._booked:
            raise Violation("I2", f"the execution {record.trade_id} was booked twice")
        self._booked.add(key)
        self._life.trouble.order_is(record.client_id, "filled")

    def _moved(self, record: OrderMoved) -> None:
        trouble, account = self._life.trouble, self._life.account
        if record.state == ORDER_UNKNOWN:
            return
        if record.state < FILLED:
            trouble.order_is(record.client_id, ADOPTED)
            return
        trouble.order_is(record.client_id, WORDS[record.state])
        if record.client_id in self._life.network.on_the_way:
            raise Violation("I1", f"{record.client_id} was given up while its request was on the way")
        resting = [venue_id for venue_id in account.by_client_id.get(record.client_id, ()) if venue_id in account.live]
        if resting:
            raise Violation("I1", f"{record.client_id} is held for ended ({record.reason}) and rests at the venue")
        filled = any(fill.client_id == record.client_id for _, fill in account.fills)
        if record.state == REJECTED and filled:
            raise Violation("I2", f"{record.client_id} is held for rejected and has filled")

    def _nothing_left(self, what: str) -> None:
        left = [report.client_id for report in self._life.account.live.values() if report.client_id]
        if left:
            raise Violation("I6", f"{what} while {left[0]} rests at the venue")

    def _decided(self, place: Place, process: "Process") -> None:
        if place.client_id not in self.intents:
            raise Violation("I4", f"{place.client_id} was decided without an intent")
        why = self.why_not(place.market, process)
        if why:
            raise Violation("I6" if why == HALTED else "I5", f"an order was decided while {why}")
        self._whole(place)
        self._inside(place)

    def _whole(self, place: Place) -> None:
        """Steps, the venue's limits and the envelope's, on what is really sent."""
        instrument = self._life.account.instruments[place.market]
        if type(place.lots) is not int or type(place.price_ticks) is not int or place.price_ticks <= 0:
            raise Violation("I9", f"{place.lots} lots at {place.price_ticks} ticks are not whole")
        if place.side not in (BUY, SELL):
            raise Violation("I9", f"{place.side} is no side")
        if not instrument.min_lots <= place.lots <= instrument.max_lots:
            raise Violation("I9", f"{place.lots} lots are outside the venue's bounds")
        middle = self._life.middle(place.market)
        if abs(place.price_ticks - middle) > middle // FAR:
            raise Violation("I9", f"an order at {place.price_ticks} is far from the market at {middle}")
        value = instrument.notional(place.price_ticks, place.lots)
        if not instrument.min_notional <= value <= self._life.limits.max_order_notional:
            raise Violation("I9", f"an order of {place.lots} lots at {place.price_ticks} is too small or too large")

    def _inside(self, place: Place) -> None:
        """The worst that the venue's own state and the orders on their way can come to stays inside the envelope."""
        account, journal = self._life.account, self._life.journal_prefix
        market, side = place.market, place.side
        if market in self._life.taken or self._unforeseen(market):
            return
        rest = [one for one in account.live.values() if one.client_id.startswith(journal)]
        may = sum(r.lots - r.filled_lots for r in rest if r.side == side and r.market == market)
        wire = self._life.network.on_the_way.values()
        may += sum(w.lots for w in wire if w.side == side and w.market == market and w.client_id.startswith(journal))
        may += place.lots
        instrument = account.instruments[market]
        worst = side * self._life.position(market) + may * instrument.lot
        book = self._told.books[market]
        ticks = max(place.price_ticks, (book.bids[0][0] + book.asks[0][0] + 1) // 2)
        if worst > 0 and instrument.value(ticks, worst) > self._life.limits.max_position_notional:
            words = "buying" if side == BUY else "selling"
            raise Violation("I9", f"{words} {place.lots} lots of {market} may exceed the position limit")

    def _unforeseen(self, market: str) -> bool:
        """Whether the venue forced an execution, or a lost journal's order filled, and no engine can know it yet."""
        journal = self._life.journal_prefix
        return any(
            not fill.client_id.startswith(journal) and (market, fill.trade_id) not in self._booked
            for fill in self._life.own_fills(market)
        )

    def sends(self, place: Place) -> None:
        """An order is about to go on the wire."""
        if not self._life.disk.has_intent(place.client_id):
            raise Violation("I4", f"{place.client_id} is on the wire and its intent is not durable")
        if place.client_id in self.placed:
            raise Violation("I1", f"{place.client_id} was sent twice")
        self.placed.add(place.client_id)

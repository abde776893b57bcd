"""One process of the bot: the engine and its shell, from start to death.

Follows `runtime/loop.py`, `requests.py`, `session.py` and `venue_keeper.py` step by step: lanes, passes, a place sent
only when its records are durable, every request answered once, the venue opened again and again until it is suitable.
A process dies by an exception (`Killed`) at whatever point it is at; nothing of it happens afterwards.
"""

from collections import deque
from collections.abc import Callable
from random import Random
from typing import TYPE_CHECKING, Any, Final

from deskbot.core.commands import (
    Cancel,
    CancelAll,
    Command,
    Place,
    Publish,
    QueryBalances,
    QueryFills,
    QueryOpenOrders,
    QueryPositions,
    Stopped,
)
from deskbot.core.events import (
    REJECTED,
    Book,
    CancelAllResult,
    Event,
    Fill,
    FillsAnswer,
    OpenOrdersAnswer,
    PlaceResult,
    PositionsAnswer,
    Problem,
    StreamChange,
    Timer,
    Trade,
    VenueLost,
    VenueReady,
)
from deskbot.core.records import Latched, Record
from deskbot.simulation import points
from deskbot.simulation.disk import Writer
from deskbot.simulation.schedule import MILLISECOND, SECOND

if TYPE_CHECKING:
    from deskbot.simulation.life import Life

TICK: Final = 100 * MILLISECOND
MAX_COMMIT_WAIT: Final = SECOND
STOOD_STILL: Final = SECOND
OPEN_AGAIN: Final = 2 * SECOND

_SENT: Final[dict[type, str]] = {
    Place: points.SENT,
    Cancel: points.CANCEL_SENT,
    CancelAll: points.CANCEL_ALL_SENT,
    QueryOpenOrders: points.ASKED,
    QueryPositions: points.ASKED,
    QueryFills: points.ASKED,
    QueryBalances: points.ASKED,
}
_ARRIVED: Final[dict[type, str]] = {PlaceResult: points.ANSWERED, CancelAllResult: points.CANCEL_ALL_ANSWERED}
_READ: Final[dict[type, str]] = {
    PlaceResult: points.READ,
    Fill: points.FILL_READ,
    OpenOrdersAnswer: points.LIST_READ,
    PositionsAnswer: points.LIST_READ,
    FillsAnswer: points.LIST_READ,
    VenueReady: points.OPENED,
}


class Killed(BaseException):
    """The process is gone, in the middle of whatever it did."""


class Process:
    """`offset` is what its clock is ahead of the venue's, fixed when it starts: it is monotonic from then on."""

    def __init__(self, life: "Life", random: Random, offset: int) -> None:
        self._life = life
        self._schedule = life.schedule
        self._random = random
        self._offset = offset
        self.engine: Any = life.make_engine(life.disk.records())
        self.alive = True
        self.stalled = False
        self.ready = False
        self.stopped: Stopped | None = None
        self._waiting: list[Callable[[], None]] = []
        self._urgent: deque[Event] = deque()
        self._trades: deque[Trade] = deque(maxlen=1000)
        self._books: dict[str, Book] = {}
        self._timer: Timer | None = None
        self._records: list[Record] = []
        self._places: list[Place] = []
        self._passed_at = self.clock()
        self._writer = Writer(life.disk, life.schedule, life.trouble, random, self.call, self._journal_trouble)

    def clock(self) -> int:
        """Engine time."""
        return self._schedule.now + self._offset

    def start(self) -> None:
        """As a session begins: the object is observed, the venue is opened, time begins to pass."""
        self._life.observe(self)
        self._schedule.after(0, lambda: self.call(self._tick))
        self._schedule.after(self._opening(), lambda: self.call(self.open))

    # being alive

    def call(self, what: Callable[[], None]) -> None:
        """Run something in this process: now, when it runs again, or never."""
        if not self.alive:
            return
        if self.stalled:
            self._waiting.append(what)
            return
        try:
            what()
            self._pass()
        except Killed:
            self._life.died(self)

    def resume(self) -> None:
        """Go on after standing still: everything that waited is due."""
        self.stalled = False
        waiting, self._waiting = self._waiting, []

        def everything() -> None:
            for what in waiting:
                what()

        self.call(everything)

    def killed(self, *, torn: bool) -> None:
        """Nothing of this process happens any more."""
        self.alive = False
        self._writer.killed(torn=torn)

    def _passes(self, point: str) -> None:
        if point and self._life.dies_at(point):
            raise Killed

    # the loop

    def hand(self, event: Event) -> Callable[[], None]:
        """What delivers an event to this process later."""
        return lambda: self.call(lambda: self.put(event))

    def put(self, event: Event) -> None:
        """Take in an event; it is handled in the next pass."""
        event.at = self.clock()
        if isinstance(event, Book):
            self._books[event.market] = event
        elif isinstance(event, Trade):
            self._trades.append(event)
        elif isinstance(event, Timer):
            self._timer = event
        else:
            self._urgent.append(event)

    def _tick(self) -> None:
        self.put(Timer(0))
        self._schedule.after(TICK, lambda: self.call(self._tick))

    def _pass(self) -> None:
        if self.clock() - self._passed_at > STOOD_STILL:
            self._handle(Timer(self.clock()))
        while self.stopped is None and (event := self._next()) is not None:
            self._passes(_ARRIVED.get(type(event), ""))
            self._handle(event)
            self._passes(_READ.get(type(event), ""))
        self._send_places()
        self._passed_at = self.clock()

    def _next(self) -> Event | None:
        if self._urgent:
            return self._urgent.popleft()
        if self._trades:
            return self._trades.popleft()
        if self._books:
            return self._books.pop(next(iter(self._books)))
        timer, self._timer = self._timer, None
        return timer

    def _handle(self, event: Event) -> None:
        self._life.witness.told(event, self)
        for command in self.engine.handle(event):
            self._life.witness.said(command, self)
            self._obey(command)

    def _obey(self, command: Command) -> None:
        if isinstance(command, Record):
            self._records.append(command)
            if isinstance(command, Latched):
                self._passes(points.LATCHED)
        elif isinstance(command, Place):
            self._places.append(command)
            self._passes(points.DECIDED)
        elif isinstance(command, Stopped):
            self._writer.append(self._records)
            self._records = []
            self.stopped = command
        elif not isinstance(command, Publish):
            self._send(command)

    def _send_places(self) -> None:
        records, places = self._records, self._places
        self._records, self._places = [], []
        if not records and not self._writer.pending:
            for place in places:
                self._send(place)
        elif places:
            decided = self.clock()
            self._writer.append(records, lambda durable: self._send_durable(places, durable, decided))
            self._passes(points.WRITING)
        elif records:
            self._writer.append(records)

    def _send_durable(self, places: list[Place], durable: bool, decided: int) -> None:
        self._passes(points.DURABLE)
        late = self.clock() - decided > MAX_COMMIT_WAIT
        for place in places:
            if durable and not late and self.stopped is None:
                self._send(place)
            else:
                self._refuse(place, "not sent: " + ("too late" if durable else "the journal cannot be written"))

    # requests

    def _send(self, command: Command) -> None:
        if isinstance(command, Place):
            if not self.ready:
                self._refuse(command, "not sent: the venue is not ready")
                return
            self._life.witness.sends(command)
        self._life.network.send(command, self._reply)
        self._passes(_SENT.get(type(command), ""))

    def _reply(self, event: Event) -> None:
        self.call(lambda: self.put(event))

    def _refuse(self, place: Place, reason: str) -> None:
        self._schedule.after(0, self.hand(PlaceResult(0, place.client_id, REJECTED, reason=reason)))

    # the venue

    def _opening(self) -> int:
        return int((0.05 + self._random.random()) * SECOND)

    def open(self) -> None:
        """Open the venue, or say why it cannot be opened and try again."""
        why = self._life.why_not_open()
        if why:
            for event in why:
                self.put(event)
            self._schedule.after(OPEN_AGAIN, lambda: self.call(self.open))
            return
        self.ready = True
        self.put(Problem(0, "venue", ""))
        account = self._life.account
        closed = dict.fromkeys(account.closed, "not open for trading")
        by_market = account.venue.orders_by_market
        self.put(VenueReady(0, "account", account.instruments, 0, by_market, closed, -self._offset))
        self._life.observe(self)
        for market in self._life.account.instruments:
            self.put(StreamChange(0, "market", market, healthy=True))
        self._schedule.after(50 * MILLISECOND, lambda: self.call(self.subscribe))

    def lose(self) -> None:
        """The venue is gone; it is opened again."""
        self.put(VenueLost(0, "gone"))
        self._life.stream.up = False

    def subscribe(self) -> None:
        """The private stream is whole from now on."""
        if self._life.can_subscribe():
            self._life.stream.up = True
            self.put(StreamChange(0, "private", "", healthy=True))
        else:
            self._schedule.after(SECOND, lambda: self.call(self.subscribe))

    def _journal_trouble(self, failing: bool) -> None:
        reason = "JournalUnwritable" if failing else ""
        self.put(Problem(0, "journal", reason, "the disk is full" if failing else ""))

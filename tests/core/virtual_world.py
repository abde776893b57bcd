"""One bot's whole life in virtual time: engine, journal, venue, people, crashes, and the invariants of the desk.

A seed decides everything. While the trouble lasts, the venue is faulty, the process is killed and started again from
the records that were durable, the private stream breaks, people halt and release. Then the faults end, and within a
few minutes the engine must be reconciled and either trading or halted as asked. After every pass:

* no order is held for ended that the venue still has or may still get;
* no order is on the wire without a durable intent, none twice, none while a halt is latched or a round is open;
* the worst that the venue's own state and the orders on their way can come to stays inside the envelope.
"""

import heapq
from collections.abc import Callable
from dataclasses import replace
from random import Random

from deskbot.core.commands import Persist, Place, Publish, Stopped
from deskbot.core.durable import Durable
from deskbot.core.engine import Engine
from deskbot.core.events import (
    Book,
    Control,
    Event,
    FillsAnswer,
    OpenOrdersAnswer,
    OrderAnswer,
    StopRequested,
    StreamChange,
    Timer,
    VenueLost,
    VenueReady,
)
from deskbot.core.instrument import BUY, SELL
from deskbot.core.orders import FILLED, UNKNOWN
from deskbot.core.records import HaltConfirmed, Intent, Latched, OrderMoved, Record, Released, from_tuple, to_tuple
from deskbot.core.strategy import Target, View
from tests.core.desk import EPOCH_MS, LIMITS, MARKET, START, UID, instrument
from tests.core.state_of import state_of
from tests.core.virtual_venue import Faults, VirtualVenue

SECOND = 1_000_000_000
TROUBLE = 25 * SECOND
MAX_POSITION_LOTS = 25  # 1 500 USDT at no less than 59 997


class Restless:
    """A strategy that changes its mind: up to three levels a side, anywhere near the middle."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self._wanted: list[Target] | None = None
        self._until = 0
        self.patience = 0.6

    def targets(self, view: View) -> list[Target] | None:
        if view.at >= self._until:
            self._until = view.at + int(self._random.random() * self.patience * SECOND)
            self._wanted = self._decide(view) if self._random.random() < 0.9 else None
        return self._wanted

    def _decide(self, view: View) -> list[Target]:
        random = self._random
        return [
            Target(
                side,
                (view.bid if side == BUY else view.ask) - side * random.randint(0, 40),
                random.randint(1, 4),
                level,
            )
            for level in range(random.randint(0, 3))
            for side in (BUY, SELL)
        ]


class World:
    """Runs one seed. `check` after `run` says whether everything came to rest."""

    def __init__(self, seed: int, faults: Faults | None = None) -> None:
        self.random = random = Random(seed)
        self.now = START
        self._queue: list[tuple[int, int, Callable[[int], None]]] = []
        self._count = 0
        self.market = instrument()
        self.venue = VirtualVenue(random, self.market, self._deliver, self._at)
        self.venue.faults = faults or _random_faults(random)
        self.venue.opening = random.choice((0, 0, 5, -3))
        self.durable_records: list[Record] = []
        self._intents: set[str] = set()
        self._waiting: list[tuple[list[Record], list[Place]]] = []
        self.engine: Engine | None = None
        self._suspended: list[Event] | None = None
        self._life = 0
        self._trouble = True
        self._accidents = True
        self.strategy = Restless(random)
        self.control = Control(
            START, 1, "Testnet", False, False, "", "", True, (MARKET,), LIMITS, {MARKET: self.strategy}
        )
        self.stopped: Stopped | None = None

    # the machine: time, process, journal

    def _at(self, at: int, what: Callable[[int], None]) -> None:
        self._count += 1
        heapq.heappush(self._queue, (max(at, self.now), self._count, what))

    def _deliver(self, at: int, event: Event) -> None:
        """To the process that runs now, if it still runs then; a stream's messages also need the stream."""
        life = self._life
        self._at(at, lambda now: self._handle(_stamped(event, now)) if life == self._life else None)

    def run(self) -> "World":
        """The trouble, then the quiet."""
        self.trouble()
        self._trouble = False
        self.strategy.patience = 20
        self.venue.faults = Faults()
        self._until(self.now + 12 * SECOND)  # everything that was on its way has arrived
        self._mend()
        self._until(self.now + 140 * SECOND)
        return self

    def trouble(self) -> None:
        """Only the trouble; the process may be dead or asleep at its end."""
        self._start(self.now)
        self._at(self.now, self._timer)
        self._at(self.now, self._market_moves)
        self._at(self.now + SECOND, self._mischief)
        self._until(START + TROUBLE)
        self._accidents = False

    def _until(self, end: int) -> None:
        while self._queue and self._queue[0][0] <= end:
            self.now, _, what = heapq.heappop(self._queue)
            what(self.now)
        self.now = end

    def _start(self, at: int) -> None:
        if self.engine is not None:
            return
        self._life += 1
        written = [from_tuple(list(to_tuple(record))) for record in self.durable_records]
        self.engine = Engine(UID, EPOCH_MS, "test", prior=written)
        self._handle(replace(self.control, at=at))
        self._handle(VenueReady(at, "account", {MARKET: self.market}))
        self._at(at + 50_000_000, self._stream_up)

    def _crash(self, at: int) -> None:
        """SIGKILL: what was not committed is gone, and so are the orders that waited for it."""
        self.engine = self._suspended = None
        self._life += 1
        self._waiting.clear()
        self.venue.stream_up = False
        self._at(at + int(self.random.random() * 8 * SECOND), self._start)

    def _commit(self, life: int) -> None:
        if life != self._life:
            return
        records, places = self._waiting.pop(0)
        self.durable_records += records
        self._intents.update(record.client_id for record in records if isinstance(record, Intent))
        for place in places:
            self._check_send(place)
            self.venue.command(self.now, place)

    def _handle(self, event: Event) -> None:
        if self.engine is None:
            return
        if self._suspended is not None:
            self._suspended.append(event)
            return
        latched = self._latched()
        records: list[Record] = []
        places: list[Place] = []
        for command in self.engine.handle(event):
            if isinstance(command, Persist):
                records.append(command.record)
                latched = self._judge(command.record, latched)
            elif isinstance(command, Place):
                assert not latched, "an order was decided while a halt is latched"
                assert records, "an order was decided without its intent before it"
                places.append(command)
            elif isinstance(command, Stopped):
                self.stopped = command
            elif not isinstance(command, Publish):
                self.venue.command(self.now, command)
        if records:
            self._waiting.append((records, places))
            life = self._life
            self._at(self.now + self.random.choice((0, 2_000_000, 30_000_000)), lambda _now: self._commit(life))

    def _latched(self) -> bool:
        return self.engine is not None and self.engine._state.durable.latch is not None

    def _judge(self, record: Record, latched: bool) -> bool:
        if isinstance(record, HaltConfirmed):
            ours = [order.client_id for order in self.venue.live() if order.client_id]
            assert not ours, f"confirmed with {ours} still on the venue"
        if isinstance(record, OrderMoved) and record.state >= FILLED:
            order = self.venue.orders.get(record.client_id)
            assert record.client_id not in self.venue.on_the_way, "given up while its request is on the way"
            assert order is None or not order.live, f"given up while it rests: {record.reason}"
        if isinstance(record, Released):
            assert record.id == self.control.acknowledged_halt
        return True if isinstance(record, Latched) else latched and not isinstance(record, Released)

    # what must hold when an order leaves

    def _check_send(self, place: Place) -> None:
        assert place.client_id in self._intents, "an order went out without a durable intent"
        assert place.client_id not in self.venue.placed, "an intent was sent twice"
        for side in (BUY, SELL):
            worst = side * self.venue.position + self._may_fill(side, place)
            assert place.side != side or worst <= MAX_POSITION_LOTS, "the envelope can be exceeded"

    def _may_fill(self, side: int, place: Place) -> int:
        resting = sum(o.lots - o.filled for o in self.venue.live() if o.client_id and o.side == side)
        on_the_way = sum(one.lots for one in (*self.venue.on_the_way.values(), place) if one.side == side)
        return resting + on_the_way

    # people and accidents

    def _timer(self, now: int) -> None:
        self._handle(Timer(now))
        self._at(now + (100_000_000 if self._trouble or self.random.random() < 0.2 else 600_000_000), self._timer)

    def _market_moves(self, now: int) -> None:
        bid = 600_000 + self.random.randint(-30, 30)
        self._handle(Book(now, MARKET, [(bid, 50)], [(bid + self.random.randint(1, 4), 50)]))
        if self.random.random() < 0.5 and self._trouble:
            self.venue.trade(now)
        self._at(now + int(self.random.random() * (0.3 if self._trouble else 3) * SECOND), self._market_moves)

    def _mischief(self, now: int) -> None:
        if not self._accidents:
            return
        self.random.choice(
            (
                self._crash,
                self._stream_breaks,
                self._venue_goes,
                self._halt,
                self._halt_by_operator,
                self._release,
                self._release,
                self._release,
                self.venue.place_foreign,
                self._suspend,
            )
        )(now)
        self._at(now + int(self.random.random() * 5 * SECOND), self._mischief)

    def _suspend(self, now: int) -> None:
        """SIGSTOP: nothing is handled for a while, then everything at once, late."""
        if self._suspended is None and self.engine is not None:
            self._suspended = []
            life = self._life
            self._at(now + int(self.random.random() * 9 * SECOND), lambda _now: self._resume(life))

    def _resume(self, life: int) -> None:
        if life == self._life:
            missed, self._suspended = self._suspended or [], None
            for event in missed:
                self._handle(event)

    def _stream_breaks(self, now: int) -> None:
        self.venue.stream_up = False
        self._handle(StreamChange(now, "private", "", healthy=False))
        self._at(now + int(self.random.random() * 5 * SECOND), self._stream_up)

    def _stream_up(self, now: int) -> None:
        if self.engine is not None:
            self.venue.stream_up = True
            self._handle(StreamChange(now, "private", "", healthy=True))

    def _venue_goes(self, now: int) -> None:
        self.venue.stream_up = False
        self._handle(VenueLost(now, "gone"))
        self._at(now + int(self.random.random() * 5 * SECOND), self._venue_comes)

    def _venue_comes(self, now: int) -> None:
        self._handle(VenueReady(now, "account", {MARKET: self.market}))
        self._at(now + 50_000_000, self._stream_up)

    def _change(self, **changes: object) -> None:
        self.control = replace(self.control, generation=self.control.generation + 1, **changes)  # type: ignore[arg-type]
        self._handle(replace(self.control, at=self.now))

    def _halt(self, _now: int) -> None:
        self._change(halted=True)

    def _halt_by_operator(self, now: int) -> None:
        self._change(latch_id=f"op-{now // 1_000_000}", latch_released=False)

    def _release(self, _now: int) -> None:
        latch = self.engine._state.durable.latch if self.engine is not None else None
        if latch is not None:
            self._change(halted=False, acknowledged_halt=latch.id)
            if latch.id == self.control.latch_id and latch.confirmed_at:
                self._change(latch_released=True)

    def _mend(self) -> None:
        """The faults are over: whatever was broken on purpose works again."""
        if self.engine is None:
            self._start(self.now)
        else:
            self._venue_comes(self.now)

    # at rest

    def wake(self) -> None:
        """Whatever became of the process, it runs now."""
        if self.engine is None:
            self._start(self.now)
        self._resume(self._life)

    def stop(self) -> Stopped:
        """SIGTERM, at rest or in the middle of trouble."""
        assert self.engine is not None
        self._handle(StopRequested(self.now, "SIGTERM"))
        self._until(self.now + 10 * SECOND)
        assert self.stopped is not None
        return self.stopped

    def check(self) -> None:
        engine = self.engine
        assert engine is not None
        summary = engine.summary()
        halted = self.control.halted or engine._state.durable.latch is not None or self._latched_by_object()
        assert summary.state == ("Halted" if halted else "Running"), (summary.state, summary.why, summary.problem)
        self._check_ledger(engine)
        self._check_orders(engine, halted)
        self._check_replay(engine)

    def _latched_by_object(self) -> bool:
        return bool(self.control.latch_id) and not self.control.latch_released

    def _check_ledger(self, engine: Engine) -> None:
        ledger = engine._state.durable.ledger(MARKET)
        assert ledger.fills == len(self.venue.fills), "every fill exactly once"
        assert ledger.position == self.venue.position * self.market.lot
        fees = sum(fill.fee for _, fill in self.venue.fills if fill.fee_asset == "USDT")
        assert ledger.fees.get("USDT", 0) == fees

    def _check_orders(self, engine: Engine, halted: bool) -> None:
        ours = {order.client_id for order in self.venue.live() if order.client_id}
        live = {order.client_id for order in engine._state.durable.live_orders()}
        assert ours <= live, "an order rests that the engine does not know of"
        assert not halted or not ours
        assert not any(order.state == UNKNOWN for order in engine._state.durable.orders.values())

    def _check_replay(self, engine: Engine) -> None:
        self._until(self.now + SECOND // 100)
        replayed = Durable()
        for record in self.durable_records:
            replayed.apply(record)
        for records, _ in self._waiting:
            for record in records:
                replayed.apply(record)
        assert state_of(replayed) == state_of(engine._state.durable)


def _random_faults(random: Random) -> Faults:
    """A different mixture of troubles for every seed; some seeds have none of a kind."""

    def some(most: float) -> float:
        return random.choice((0.0, most * random.random()))

    return Faults(
        slow=random.choice((0.01, 0.05, 0.3)),
        lost_before=some(0.3),
        lost_after=some(0.3),
        refused=some(0.2),
        late=some(0.8),
        hang=some(0.3),
        lag=some(0.5),
        incomplete=some(0.3),
        lying_cancel=some(0.8),
        dropped=some(0.3),
        doubled=some(0.4),
        reordered=some(0.5),
    )


def _stamped(event: Event, at: int) -> Event:
    """The event as it arrives; answers carry reports and fills that arrive with them."""
    changed = replace(event, at=at)  # type: ignore[type-var]
    if isinstance(changed, OrderAnswer) and changed.report is not None:
        changed.report = replace(changed.report, at=at)
    elif isinstance(changed, OpenOrdersAnswer):
        changed.orders = [replace(report, at=at) for report in changed.orders]
    elif isinstance(changed, FillsAnswer):
        changed.fills = [replace(fill, at=at) for fill in changed.fills]
    return changed

"""One life: a bot, its venue, its people and its accidents in virtual time, from a script and a seed.

    Script ─▶ Mischief ─▶ Trouble ◀── asks ── Network, PrivateStream, Writer, …
                  │
    MadeMarket ─▶ Account ◀── Network ◀── Process (engine, shell) ──▶ Disk
                                              │ every event and command
                                              ▼
                                           Witness: the invariants

While the trouble lasts, the script's faults happen; then everything works again, and within `PATIENCE` the bot must be
reconciled and trading, or stopped on purpose, with books that equal the venue's to the last unit.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from random import Random
from typing import Any, Final

from deskbot.core.durable import Durable
from deskbot.core.engine import Engine
from deskbot.core.events import Control, Event, Fill, Problem, StopRequested, VenueAskable, VenueLost
from deskbot.core.instrument import BUY
from deskbot.core.limits import Limits
from deskbot.core.money import to_units
from deskbot.core.order_ids import OrderIds
from deskbot.core.order_life import VISIBILITY_DELAY
from deskbot.core.records import Record
from deskbot.core.snapshot import pieces, restore, take
from deskbot.core.strategy import Strategy
from deskbot.simulation.account import Account
from deskbot.simulation.dialects import VENUES
from deskbot.simulation.disk import Disk
from deskbot.simulation.market import MadeMarket
from deskbot.simulation.mischief import Mischief
from deskbot.simulation.network import CLOCK_TOLERANCE, Network
from deskbot.simulation.process import Process
from deskbot.simulation.rest import at_rest
from deskbot.simulation.schedule import MILLISECOND, SECOND, Schedule
from deskbot.simulation.script import Script
from deskbot.simulation.strategies import Mad, strategy_of
from deskbot.simulation.streams import PrivateStream
from deskbot.simulation.trouble import Trouble
from deskbot.simulation.witness import Violation, Witness

UID: Final = "7d1c0f1e-2f6b-4a55-9a5f-3f0f5f6f7f80"
BORN_MS: Final = 1_790_000_000_000
PATIENCE: Final = 160 * SECOND
STOP_PATIENCE: Final = 9 * SECOND
BEFORE: Final = 10 * SECOND  # what the account holds has been there for longer than any question lags
LOOK: Final = SECOND // 2
MIDDLES: Final = {"BTC": 600_000, "ETH": 300_000}
LIMITS: Final = Limits(
    max_order_notional=to_units(250),
    max_position_notional=to_units(1500),
    max_open_orders=12,
    orders_per_second=20,
    price_collar=to_units("0.02"),
    max_data_age=2 * SECOND,
)

MakeEngine = Callable[[str, int, str, list[Record], None, Durable], Any]


@dataclass(frozen=True)
class Wish:
    """What the object asks for."""

    generation: int = 1
    halted: bool = False
    paused: bool = False
    acknowledged_halt: str = ""
    latch_id: str = ""
    latch_released: bool = True
    deleted: bool = False


class Life:
    """`run` lives it; a `Violation` ends it."""

    def __init__(self, script: Script, make_engine: MakeEngine = Engine) -> None:
        self.script = script
        self._make_engine = make_engine
        venue = VENUES[script.venue]
        self.schedule = Schedule(BORN_MS * MILLISECOND)
        self.trouble = Trouble()
        self.limits = LIMITS
        self.journals = 0
        self.wall_offset = self._random("clock").randint(-40, 40) * MILLISECOND
        self._new_journal()
        self.stream = PrivateStream(self.schedule, self.trouble, self._random("stream"), self.hand)
        self.account = Account(venue, script.seed, self.schedule, self.trouble, self.stream.tell)
        self.network = Network(
            self.account, self.schedule, self.trouble, self._random("network"), self._at_venue, self._refused
        )
        self.witness = Witness(self)
        self._markets = [
            MadeMarket(listing, MIDDLES[listing.base], self._random(f"market {listing.base}"))
            for listing in venue.listings
        ]
        self._trading = self._random("others")
        self.mad = False
        self._dead_man_after = self._random("dead man").choice((0, 4, 30)) * SECOND
        self._strategies = self._random("strategies")
        self._snapshots = self._random("snapshots")
        self.wish = Wish()
        self.process: Process | None = None
        self._processes = self._random("processes")
        self._deaths: list[list[Any]] = []  # point, how often it is passed before, fault
        self._last_death = ""
        self.mischief = Mischief(self, self._random("mischief"))
        self.quiet = False
        self.taken: set[str] = set()
        self.unpriced: set[str] = set()  # markets whose first position was closed before anybody could price it

    def _random(self, what: str) -> Random:
        """Every part draws from a source of its own: taking a fault away leaves the others as they were."""
        return Random(f"{what} {self.script.venue} {self.script.seed}")  # noqa: S311 - repeatable on purpose

    def _new_journal(self) -> None:
        self.journals += 1
        self.disk = Disk()
        self.epoch_ms = (self.schedule.now + self.wall_offset) // MILLISECOND
        self.journal_prefix = OrderIds(UID, self.epoch_ms).journal

    def run(self) -> None:
        """The trouble, then the quiet. Raises Violation."""
        self._open_with()
        self.schedule.run_until(self.schedule.now + BEFORE)
        start = self.schedule.now
        for market in self._markets:
            self._move(market)
        self.start()
        for injection in self.script.injections:
            self.schedule.at(
                start + injection.at_ms * MILLISECOND,
                lambda one=injection: self.mischief.inject(one),  # type: ignore[misc]
            )
        self.schedule.run_until(start + self.script.trouble_ms * MILLISECOND)
        self._end_trouble()
        self._settle()

    def _open_with(self) -> None:
        """Some accounts hold a position before the bot begins."""
        for market in self._markets:
            snapshot, _book = market.moves(self.schedule.now)
            self.account.market(snapshot)
            held = self._trading.choice((0, 0, 4, -3)) if self.account.venue.linear else 0
            if held:
                self.account.open_with(market.listing.unified, held)

    def _end_trouble(self) -> None:
        self.quiet = True
        self.trouble.end()
        self._deaths.clear()
        self.mischief.end()

    def _settle(self) -> None:
        """Until everything is at rest, twice in a row; at the end of all patience, why it is not."""
        end = self.schedule.now + PATIENCE
        calm, wrong = 0, None
        while self.schedule.now < end:
            self.schedule.run_until(self.schedule.now + LOOK)
            wrong = at_rest(self)
            calm = calm + 1 if wrong is None else 0
            if calm >= 2:
                self._leave()
                return
        raise Violation(*(wrong or ("I11", "nothing was at rest")))

    def _leave(self) -> None:
        """SIGTERM, at rest: the stop must be proven, and is held to that by the witness."""
        process = self.process
        if process is None:
            return
        process.call(lambda: process.put(StopRequested(0, "SIGTERM")))
        self.schedule.run_until(self.schedule.now + STOP_PATIENCE)
        if process.stopped is None or not process.stopped.confirmed:
            raise Violation("I11", f"a stop at rest was not proven: {process.stopped}")

    # the market

    def _move(self, market: MadeMarket) -> None:
        snapshot, book = market.moves(self.schedule.now)
        self.account.market(snapshot)
        name = market.listing.unified
        if not self.trouble.holds("market-stall", self.schedule.now):
            self._show(book, name)
        if self._trading.random() < 0.75:
            trade, event = market.trade(self.schedule.now)
            self.account.market(trade)
            self._show(event, name)
        pause = int((0.05 + self._trading.random() * 0.4) * SECOND) * (2 if self.quiet else 1)
        self.schedule.after(pause, lambda: self._move(market))

    def _show(self, event: Event, market: str) -> None:
        if market not in self.mischief.deaf:
            self.schedule.after(3 * MILLISECOND, self.hand(event))

    # processes

    def make_engine(self, records: list[Record]) -> Any:
        """The engine of a new process: from all records, or from a snapshot and the records since."""
        self.witness.begin(records)
        cut = self._snapshots.choice((0, self._snapshots.randint(0, len(records))))
        durable = Durable()
        for record in records[:cut]:
            durable.apply(record)
        if cut:
            durable = restore(pieces(take(durable)))
        return self._make_engine(UID, self.epoch_ms, "simulated", records[cut:], None, durable)

    def start(self) -> None:
        """A new process, unless there is one."""
        if self.process is not None:
            return
        self.process = Process(self, self._processes, self.wall_offset)
        self.process.start()

    def hand(self, event: Event) -> Callable[[], None]:
        """Binds an event to the process of this moment."""
        return _nobody if self.process is None else self.process.hand(event)

    def kill(self, fault: str) -> None:
        """kill -9."""
        process, self.process = self.process, None
        if process is None:
            return
        process.killed(torn=fault == "killed-journal-torn")
        self.stream.up = False
        self.schedule.after(int(self._processes.random() * 6 * SECOND), self.start)

    def died(self, process: Process) -> None:
        """A process has met its end at a point of the script."""
        if process is self.process:
            self.kill(self._last_death)

    def dies_at(self, point: str) -> bool:
        """Whether the process that passes this point dies here."""
        for death in self._deaths:
            if death[0] == point:
                death[1] -= 1
                if death[1] <= 0:
                    self._deaths.remove(death)
                    self._last_death = death[2]
                    self.trouble.struck(death[2], self.schedule.now)
                    return True
        return False

    def _at_venue(self, point: str) -> None:
        if self.process is not None and self.dies_at(point):
            self.kill(self._last_death)

    def _refused(self, market: str) -> None:
        self.mischief.refused(market)

    def await_death(self, fault: str, point: str, times: int) -> None:
        """Kill the process when it passes a point for the so manieth time."""
        self._deaths.append([point, times, fault])

    def lose_journal(self) -> None:
        """The process and its volume are gone."""
        self.kill("journal-lost")
        self._new_journal()

    # people

    def observe(self, process: Process) -> None:
        """The process sees the object."""
        process.put(self.control(process))

    def control(self, process: Process) -> Control:
        """What the object asks for now."""
        strategies: dict[str, Strategy] = {
            market: Mad(strategy_of(self._strategies, instrument), self._strategies, lambda: self.mad)
            for market, instrument in self.account.instruments.items()
        }
        wish = self.wish
        return Control(
            at=0,
            generation=wish.generation,
            mode="Testnet",
            halted=wish.halted,
            paused=wish.paused,
            acknowledged_halt=wish.acknowledged_halt,
            latch_id=wish.latch_id,
            latch_released=wish.latch_released,
            markets=tuple(self.account.instruments),
            limits=self.limits,
            strategies=strategies if process.ready else {},
            deleted=wish.deleted,
            dead_man_after=self._dead_man_after,
        )

    def change(self, **changes: Any) -> None:
        """Somebody changes the object."""
        self.wish = replace(self.wish, generation=self.wish.generation + 1, **changes)
        if self.process is not None:
            process = self.process
            process.call(lambda: self.observe(process))

    # the venue

    def why_not_open(self) -> list[Event]:
        """Why the venue cannot be opened now; nothing when it can."""
        now, holds = self.schedule.now, self.trouble.holds
        if holds("key-revoked", now):
            return [Problem(0, "venue", "CredentialsRefused", "the venue refuses the key")]
        if any(holds(fault, now) for fault in ("maintenance", "banned", "rate-limited", "captive-portal")):
            return [VenueLost(0, "no answer"), Problem(0, "venue", "VenueUnreachable", "no answer")]
        if abs(self.wall_offset) > CLOCK_TOLERANCE:
            return [VenueAskable(0), Problem(0, "venue", "ClockSkewed", "set this machine's clock")]
        return []

    def can_subscribe(self) -> bool:
        """Whether the private stream can be subscribed now."""
        now, holds = self.schedule.now, self.trouble.holds
        return not any(
            holds(fault, now) for fault in ("maintenance", "banned", "private-closed", "key-revoked", "captive-portal")
        )

    # what is true

    def latch(self) -> Any:
        """The halt that the running engine's journal holds, or None."""
        if self.process is None:
            return None
        return self.process.engine._state.durable.latch  # noqa: SLF001 - people see it in the status

    def halted(self) -> bool:
        """Whether the bot should stand still."""
        by_object = bool(self.wish.latch_id) and not self.wish.latch_released
        return self.wish.halted or by_object or self.latch() is not None

    def middle(self, market: str) -> int:
        """The middle of a market's book, in ticks."""
        return next(made.middle for made in self._markets if made.listing.unified == market)

    def own_fills(self, market: str) -> list[Fill]:
        """Executions of ours that the present journal answers for."""
        return [
            fill
            for _, fill in self.account.fills
            if fill.market == market
            and (fill.client_id or fill.kind)
            and (fill.client_id.startswith(self.journal_prefix) or fill.venue_ms >= self._since_ms(fill))
        ]

    @property
    def begun_ms(self) -> int:
        """When the present journal began, as its engine has it: the witness holds that to the venue's clock."""
        begun = self.process.engine._state.durable.begun_ms if self.process is not None else 0  # noqa: SLF001
        return begun or self.schedule.now // MILLISECOND

    def _since_ms(self, fill: Fill) -> int:
        """From when on an execution of nobody's, or of an earlier journal's order, is in the present one's books."""
        unseen = VISIBILITY_DELAY if self.account.venue.linear and not fill.kind else 0
        return self.begun_ms - unseen // MILLISECOND

    def position(self, market: str) -> int:
        """What the bot's position on a market is by the venue, in units of base."""
        if not self.account.venue.linear:
            return self._net(market)
        exchange, listing = self.account.exchange, self.account.listings[market]
        return exchange.position("bot", listing.key).lots * listing.step_units

    def _net(self, market: str) -> int:
        """Our own fills on a spot market less base fees."""
        instrument = self.account.instruments[market]
        fills = self.own_fills(market)
        fees = sum(fill.fee for fill in fills if fill.fee_asset == instrument.base)
        return sum(fill.side * fill.lots for fill in fills) * instrument.lot - fees

    def lost(self) -> int:
        """Executions of ours that are not in the books of the process that runs."""
        if self.process is None:
            return 0
        durable = self.process.engine._state.durable  # noqa: SLF001 - the witness looks inside
        return sum(len(self.own_fills(market)) - durable.ledger(market).fills for market in self.account.instruments)

    def taken_by_others(self, market: str) -> None:
        """Somebody else moved the position of a market."""
        held = self.position(market) // self.account.instruments[market].lot
        side = -1 if held > 0 else 1
        self.account.trade_by_others(market, side if held else BUY, max(1, abs(held) // 2))
        self.taken.add(market)


def _nobody() -> None:
    """There is no process to hear it."""

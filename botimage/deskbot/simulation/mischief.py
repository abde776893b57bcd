"""The hand that carries out a script: every fault that is not simply armed has its deed here."""

from collections.abc import Callable
from random import Random
from typing import TYPE_CHECKING

from deskbot.core.events import Book, Problem, StopRequested, StreamChange
from deskbot.core.instrument import BUY, SELL
from deskbot.simulation.faults import FAULTS, Shape
from deskbot.simulation.schedule import MILLISECOND, SECOND
from deskbot.simulation.script import Injection

if TYPE_CHECKING:
    from deskbot.simulation.life import Life
    from deskbot.simulation.process import Process

RESUBSCRIBED = SECOND
STOP_SECONDS = 9 * SECOND
LIST_AGAIN = 3 * SECOND


class Mischief:
    """`deaf` are the markets whose stream is down for the process, `releasing` halts that people want to end."""

    def __init__(self, life: "Life", random: Random) -> None:
        self._life = life
        self._random = random
        self.deaf: set[str] = set()
        self.releasing = 0
        self._closed_until: dict[str, int] = {}
        self._listed_soon: set[str] = set()  # markets that refused an order as closed
        self._deeds: dict[str, Callable[[Injection], None]] = {
            "market-gap": self._market_gap,
            "market-stall": self._market_stall,
            "market-poisoned": self._market_poisoned,
            "private-death": self._private_death,
            "private-closed": self._private_closed,
            "maintenance": self._private_closed,
            "venue-cancels": self._venue_cancels,
            "position-taken": self._position_taken,
            "liquidated": lambda _one: self._force("liquidate"),
            "deleveraged": lambda _one: self._force("deleverage"),
            "funding-settled": lambda _one: self._force("fund"),
            "market-closed": self._market_closed,
            "crossed-book": self._crossed_book,
            "flash-price": self._flash_price,
            "clock-steps": self._clock_steps,
            "process-stalls": self._process_stalls,
            "journal-lost": self._journal_lost,
            "strategy-mad": self._strategy_mad,
            "foreign-order": self._foreign_order,
            "halted-by-spec": self._halted_by_spec,
            "halted-for-good": lambda _one: self._life.change(halted=True),
            "halt-withdrawn": self._halt_withdrawn,
            "halted-by-operator": self._halted_by_operator,
            "paused": self._paused,
            "restarted": self._restarted,
            "venue-reopened": self._venue_reopened,
        }

    def inject(self, injection: Injection) -> None:
        """Let one fault of the script happen."""
        life, fault = self._life, FAULTS[injection.fault]
        if fault.shape is Shape.COUNTED:
            life.trouble.arm(fault.name, injection.count)
            return
        if fault.shape is Shape.CRASH:
            life.await_death(fault.name, injection.point, injection.count)
            return
        until = life.schedule.now + injection.for_ms * MILLISECOND
        if fault.shape is Shape.LASTING:
            life.trouble.last(fault.name, until)
        else:
            life.trouble.struck(fault.name, until)
        deed = self._deeds.get(fault.name)
        if deed is not None:
            deed(injection)

    def _later(self, injection: Injection, what: Callable[[], None]) -> None:
        self._life.schedule.after(injection.for_ms * MILLISECOND, what)

    def _in_process(self, what: Callable[["Process"], None]) -> None:
        process = self._life.process
        if process is not None:
            process.call(lambda: what(process))

    def end(self) -> None:
        """Whatever is broken on purpose works again."""
        life = self._life
        self.deaf.clear()
        for market in list(life.account.closed):
            self._market_opens(market)
        life.mad = False
        life.wall_offset = life.network.clock_offset = 0
        if life.wish.paused:
            life.change(paused=False)
        life.change()
        if life.process is not None and life.process.stalled:
            life.process.resume()

    # streams

    def _market_gap(self, _injection: Injection) -> None:
        market = self._random.choice(list(self._life.account.instruments))
        self._market_down(market, "a gap")
        self._life.schedule.after(RESUBSCRIBED, lambda: self._market_up(market))

    def _market_down(self, market: str, reason: str) -> None:
        self.deaf.add(market)
        self._in_process(lambda p: p.put(StreamChange(0, "market", market, healthy=False, reason=reason)))

    def _market_up(self, market: str) -> None:
        self.deaf.discard(market)
        self._in_process(lambda p: p.put(StreamChange(0, "market", market, healthy=True)))

    def _market_stall(self, injection: Injection) -> None:
        """The shell's watchdog says so after three seconds of silence; the age of the data shows it before."""
        for market in self._life.account.instruments:
            if injection.for_ms > 3000:
                self._life.schedule.after(3 * SECOND, lambda m=market: self._market_down(m, "silence"))  # type: ignore[misc]
            self._later(injection, lambda m=market: self._market_up(m))  # type: ignore[misc]

    def _market_poisoned(self, _injection: Injection) -> None:
        market = self._random.choice(list(self._life.account.instruments))
        self.deaf.add(market)
        self._life.schedule.after(3 * SECOND, lambda: self._market_down(market, "silence"))
        self._life.schedule.after(3 * SECOND + RESUBSCRIBED, lambda: self._market_up(market))

    def _private_death(self, injection: Injection) -> None:
        """The stream tells nothing; when the silence is noticed it is closed and subscribed again."""
        self._later(injection, self._private_down)

    def _private_closed(self, injection: Injection) -> None:
        self._private_down()
        self._later(injection, lambda: None)

    def _private_down(self) -> None:
        life = self._life
        life.stream.up = False

        def down(process: "Process") -> None:
            if process.ready:
                process.put(StreamChange(0, "private", "", healthy=False, reason="closed"))
                life.schedule.after(SECOND // 10, lambda: process.call(process.subscribe))

        self._in_process(down)

    def _crossed_book(self, _injection: Injection) -> None:
        for market in self._life.account.instruments:
            book = Book(0, market, [(600_010, 5)], [(600_000, 5)], self._life.schedule.now // MILLISECOND, 1)
            self._life.schedule.after(0, self._life.hand(book))

    def _flash_price(self, _injection: Injection) -> None:
        """The exchange knows nothing of it. It may be the first book that a process sees."""
        life = self._life
        for market in life.account.instruments:
            ticks = life.middle(market) * self._random.choice((7, 13)) // 10
            book = Book(0, market, [(ticks - 1, 50)], [(ticks + 1, 50)], life.schedule.now // MILLISECOND, 0)
            life.schedule.after(0, life.hand(book))

    # the venue

    def _venue_cancels(self, _injection: Injection) -> None:
        ours = [venue_id for venue_id, report in self._life.account.live.items() if report.client_id]
        for venue_id in ours[: self._random.randint(1, 3)]:
            self._life.account.cancel(venue_id)

    def _market_closed(self, injection: Injection) -> None:
        """Some venues end the orders of a market that closes, and some do not know its name any more."""
        life = self._life
        market = self._random.choice(list(life.account.instruments))
        life.account.closed[market] = self._random.random() < 0.5
        until = life.schedule.now + injection.for_ms * MILLISECOND
        self._closed_until[market] = max(until, self._closed_until.get(market, 0))
        if self._random.random() < 0.5:
            for venue_id, report in list(life.account.live.items()):
                if report.market == market:
                    life.account.cancel(venue_id)
        life.schedule.after(int(self._random.random() * SECOND), lambda: self._tell_listing(market))
        self._later(injection, lambda: self._market_may_open(market))

    def _market_may_open(self, market: str) -> None:
        if market in self._life.account.closed and self._life.schedule.now >= self._closed_until[market]:
            self._market_opens(market)

    def _market_opens(self, market: str) -> None:
        del self._life.account.closed[market]
        self._life.schedule.after(SECOND // 5, lambda: self._tell_listing(market))

    def refused(self, market: str) -> None:
        """A market has refused an order as closed: the venue's list is read until it says that it is open."""
        if market not in self._listed_soon:
            self._listed_soon.add(market)
            self._life.schedule.after(LIST_AGAIN, lambda: self._list_again(market))

    def _list_again(self, market: str) -> None:
        self._listed_soon.discard(market)
        if market in self._life.account.closed:
            return  # that is told when it opens
        if self._life.trouble.holds("market-halted", self._life.schedule.now):
            self.refused(market)
        else:
            self._tell_listing(market)

    def _tell_listing(self, market: str) -> None:
        """What a process hears that has the venue open: how the market is listed by then."""

        def tell(process: "Process") -> None:
            if process.ready:
                is_closed = market in self._life.account.closed
                process.put(Problem(0, market, "MarketClosed" if is_closed else "", f"{market} is not open"))

        self._in_process(tell)

    def _position_taken(self, _injection: Injection) -> None:
        self._life.taken_by_others(self._random.choice(list(self._life.account.instruments)))

    def _force(self, how: str) -> None:
        for market in self._life.account.instruments:
            if market not in self._life.taken:
                self._life.account.force(market, how)

    def _foreign_order(self, _injection: Injection) -> None:
        life = self._life
        market = self._random.choice(list(life.account.instruments))
        middle = life.middle(market)
        side = self._random.choice((BUY, SELL))
        life.account.place_foreign(market, side, middle - side * (middle // 12), self._random.randint(1, 5))

    def _venue_reopened(self, injection: Injection) -> None:
        self._in_process(lambda process: process.lose())
        self._later(injection, lambda: self._in_process(lambda process: process.open()))

    # the process

    def _clock_steps(self, injection: Injection) -> None:
        life, before = self._life, self._life.wall_offset
        life.wall_offset = life.network.clock_offset = before + self._random.choice((-30, -2, 2, 30)) * SECOND

        def back() -> None:
            if not life.quiet:
                life.wall_offset = life.network.clock_offset = before

        self._later(injection, back)

    def _process_stalls(self, injection: Injection) -> None:
        process = self._life.process
        if process is None or process.stalled:
            return
        process.stalled = True

        def resume() -> None:
            if process.alive and process.stalled:
                process.resume()

        self._later(injection, resume)

    def _journal_lost(self, _injection: Injection) -> None:
        """The engine may halt when it finds out; a person looks into it now and then."""
        self._life.lose_journal()
        for seconds in (10, 20):
            self._life.schedule.after(seconds * SECOND, self._release)

    def _restarted(self, _injection: Injection) -> None:
        life, process = self._life, self._life.process
        if process is None:
            return
        process.call(lambda: process.put(StopRequested(0, "SIGTERM")))
        life.schedule.after(STOP_SECONDS, lambda: self._leave(process))
        self._watch_stop(process)

    def _watch_stop(self, process: "Process") -> None:
        """The shell flushes and leaves once the engine has stopped."""
        if process.alive and process.stopped is None:
            self._life.schedule.after(SECOND // 10, lambda: self._watch_stop(process))
        elif process.alive:
            self._life.schedule.after(SECOND, lambda: self._leave(process))

    def _leave(self, process: "Process") -> None:
        if process.alive and process is self._life.process:
            self._life.kill("restarted")

    # people

    def _strategy_mad(self, injection: Injection) -> None:
        life = self._life
        life.mad = True

        def mended() -> None:
            life.mad = False
            life.change()

        self._later(injection, mended)

    def _halted_by_spec(self, injection: Injection) -> None:
        self.releasing += 1
        self._life.change(halted=True)
        self._later(injection, self._release)

    def _halt_withdrawn(self, injection: Injection) -> None:
        """The spec does not ask for it any more, the latch holds all the same, until it is acknowledged."""
        life = self._life
        self.releasing += 1
        life.change(halted=True)
        life.schedule.after(SECOND // 2, lambda: life.change(halted=False))
        self._later(injection, self._release)

    def _halted_by_operator(self, injection: Injection) -> None:
        self.releasing += 1
        self._life.change(latch_id=f"op-{self._life.schedule.now // MILLISECOND}", latch_released=False)
        self._later(injection, self._release)

    def _release(self) -> None:
        """A person acknowledges what is latched, again and again until it is released."""
        life = self._life
        latch = life.latch()
        if latch is not None:
            life.change(halted=False, acknowledged_halt=latch.id)
        elif life.process is not None and life.wish.acknowledged_halt == life.wish.latch_id:
            life.change(halted=False, latch_released=True)  # the operator sees that the engine has released it
        else:
            life.change(halted=False, acknowledged_halt=life.wish.latch_id)
        if life.halted():
            life.schedule.after(SECOND, self._release)
        else:
            self.releasing = 0

    def _paused(self, injection: Injection) -> None:
        self._life.change(paused=True)
        self._later(injection, lambda: self._life.change(paused=False))

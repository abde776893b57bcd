"""The exchange on a clock: what flows in, in which order, and who is told.

Two things move the exchange: recorded market events, due at their (paced) time, and requests, due when they come.
Both pass through `step`, which first feeds every market event due by now, so that the exchange sees one sequence
in which time never runs back, however late the event loop was. Whatever happened is then told: reports to the
private streams and the ground truth, touched markets to the public streams. `run` is the task that steps when
nothing else does; a request that makes something due earlier wakes it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence

from deskbot.matching import Exchange, MarketEvent, Report
from deskbot.simulator.clock import Clock

BATCH = 500
SHORTEST_NAP_SECONDS = 0.001
LONGEST_NAP_SECONDS = 0.5

ReportListener = Callable[[Sequence[Report]], None]
MarketListener = Callable[[set[str]], None]


class Venue:
    """Owns the exchange and its feed. Single-threaded: every method runs on the event loop.

    `clock` is what the venue says the time is; the exchange and its feed go by the true one, which no fault can skew.
    """

    def __init__(
        self, exchange: Exchange, events: Iterator[MarketEvent], clock: Clock, said: Clock | None = None
    ) -> None:
        self.exchange = exchange
        self.clock = said or clock
        self._true = clock
        self._events = events
        self._next: MarketEvent | None = next(events, None)
        self._report_listeners: list[ReportListener] = []
        self._market_listeners: list[MarketListener] = []
        self._woken = asyncio.Event()

    def on_reports(self, listener: ReportListener) -> None:
        self._report_listeners.append(listener)

    def on_market(self, listener: MarketListener) -> None:
        self._market_listeners.append(listener)

    def step(self) -> int:
        """Brings the exchange up to now and tells what happened; answers what time it is for the venue.

        With more than `BATCH` market events due, the rest waits for the next step; time waits with them.
        """
        now_ns = self._true.now_ns()
        touched: set[str] = set()
        for _ in range(BATCH):
            event = self._next
            if event is None or event.time_ns > now_ns:
                break
            event.time_ns = max(event.time_ns, self.exchange.now_ns)
            self.exchange.market_event(event)
            touched.add(event.market)
            self._next = next(self._events, None)
        behind = self._next is not None and self._next.time_ns <= now_ns
        reached_ns = self.exchange.now_ns if behind else max(now_ns, self.exchange.now_ns)
        self.exchange.advance(reached_ns)
        self.settle()
        if touched:
            self._tell_market(touched)
        return reached_ns

    def settle(self) -> None:
        """Tells the reports of a request that was just taken in, and wakes the task if something is due sooner."""
        reports = self.exchange.drain_reports()
        if reports:
            for listener in self._report_listeners:
                listener(reports)
        self._woken.set()

    def _tell_market(self, touched: set[str]) -> None:
        for listener in self._market_listeners:
            listener(touched)

    async def run(self) -> None:
        """Steps for ever: at the next market event, or at the next work due inside the exchange."""
        while True:
            self.step()
            self._woken.clear()
            nap = self._nap_seconds()
            if nap <= 0:
                await self.clock.sleep(0)
            else:
                await self.clock.sleep(SHORTEST_NAP_SECONDS)
                await self.clock.wait(self._woken, nap - SHORTEST_NAP_SECONDS)

    def _nap_seconds(self) -> float:
        due = [time_ns for time_ns in (self._next and self._next.time_ns, self.exchange.next_due()) if time_ns]
        if not due:
            return LONGEST_NAP_SECONDS
        wait_ns = min(due) - self._true.now_ns()
        return min(LONGEST_NAP_SECONDS, max(wait_ns / 1e9, 0.0))

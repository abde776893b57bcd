"""A venue's markets change while a bot trades: other steps and limits, closed and opened again.

    every five minutes: load the markets ──▶ Relisted        other steps or limits
                                         └─▶ Problem         a market of the spec is not open; and that it is again
    an order refused as closed           ──▶ Problem         so it stands until a list says that it is open

After such a refusal the list is read within half a minute: a halt may be short.

Other steps end the streams as well, which read prices with the old ones; whoever runs them begins anew. So does a
market that was closed when the venue was opened and is open now: it has no stream yet.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

import structlog

from deskapi.conditions import Reason
from deskbot.core.events import Problem, Relisted
from deskbot.core.instrument import Instrument
from deskbot.venues.errors import describe
from deskbot.venues.pacing import Draw
from deskbot.venues.protocol import Emit, Now

RELIST_SECONDS: Final = 300.0
REFUSED_SECONDS: Final = 30.0

log = structlog.get_logger(__name__)


class Relister:
    """`load` reads the venue's list anew: the instrument of each market of the spec, None where it is closed.

    `take` is told of what has changed before the engine is. `closed` are the markets that the engine knows to be
    closed; they stay with whoever runs the streams.
    """

    def __init__(
        self,
        load: Callable[[], Awaitable[dict[str, Instrument | None]]],
        take: Callable[[dict[str, Instrument]], None],
        emit: Emit,
        now: Now,
        draw: Draw,
        closed: set[str],
    ) -> None:
        self._load = load
        self._take = take
        self._emit = emit
        self._now = now
        self._draw = draw
        self._closed = closed
        self._refused = asyncio.Event()
        self._newer: set[str] = set()  # markets that refused an order since the present list was asked for

    async def run(self, known: dict[str, Instrument]) -> None:
        """Until the steps of a market have changed. `known` is what the streams were begun with."""
        while True:
            await self._pause()
            self._newer.clear()
            try:
                listed = await self._load()
            except Exception as error:
                log.warning("the venue's markets were not told", reason=describe(error))
                continue
            if self._compare(known, listed):
                return

    def refused(self, market: str, reason: str) -> None:
        """The venue took no order on a market, because nobody can trade on it now."""
        if market not in self._closed:
            self._closed.add(market)
            self._newer.add(market)
            self._refused.set()
            words = f"{market} is not open for trading on the venue: it refused an order ({reason})"
            self._emit(Problem(self._now(), market, Reason.MARKET_CLOSED, words))

    async def _pause(self) -> None:
        jitter = 0.9 + 0.2 * self._draw()
        try:
            async with asyncio.timeout(RELIST_SECONDS * jitter):
                await self._refused.wait()
                await asyncio.sleep(REFUSED_SECONDS * jitter)
        except TimeoutError:
            pass
        self._refused.clear()

    def _compare(self, known: dict[str, Instrument], listed: dict[str, Instrument | None]) -> bool:
        """Say what has changed, and whether it was the steps."""
        open_now = {market: one for market, one in listed.items() if one is not None}
        changed = {m: one for m, one in open_now.items() if m not in known or one.facts() != known[m].facts()}
        if changed:
            log.warning("markets are listed anew", markets=sorted(changed))
            self._take(changed)
            self._emit(Relisted(self._now(), changed))
        for market, instrument in listed.items():
            self._say_open(market, instrument is not None)
        other_steps = any(m not in known or steps_of(one) != steps_of(known[m]) for m, one in changed.items())
        known.update(changed)
        return other_steps

    def _say_open(self, market: str, is_open: bool) -> None:
        if is_open == (market not in self._closed) or market in self._newer:
            return
        (self._closed.discard if is_open else self._closed.add)(market)
        words = "" if is_open else f"{market} is not open for trading on the venue"
        self._emit(Problem(self._now(), market, "" if is_open else Reason.MARKET_CLOSED, words))


def steps_of(instrument: Instrument) -> tuple[int, int]:
    """What prices and amounts are whole multiples of."""
    return instrument.tick, instrument.lot

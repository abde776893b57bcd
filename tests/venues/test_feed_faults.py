"""How soon a stream's fault is noticed, and how soon it is whole again, with ccxt as it is installed.

Seconds are from the fault to `StreamChange(healthy=False)`, which shuts the gate, and from there (or from when the
venue speaks again) to the first sound book or the private stream's return; `make bench-feeds` collects them.
"""

import asyncio
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from deskbot.core.commands import Cancel, Place, QueryOpenOrders
from deskbot.core.events import ACCEPTED, Book, StreamChange
from deskbot.core.instrument import BUY
from deskbot.simulator.server import Simulator
from tests.venues.conftest import SPOT, SWAP, MakeVenue
from tests.venues.test_streams import Heard, opened, streaming

pytestmark = pytest.mark.component


@dataclass(frozen=True)
class Dialect:
    """One exchange that the simulator speaks: its market, and its topics as faults name them."""

    exchange: str
    market_type: str
    market: str
    books: str
    private: tuple[str, ...]


DIALECTS = (
    Dialect("bybit", *SWAP, "orderbook.50.BTCUSDT", ("order", "execution")),
    Dialect("binance", *SPOT, "btcusdt@depth*", ("executionReport",)),
    Dialect("binanceusdm", *SWAP, "btcusdt@depth*", ("ORDER_TRADE_UPDATE",)),
)
EACH = pytest.mark.parametrize("dialect", DIALECTS, ids=lambda one: one.exchange)
SILENT = {"action": "drop", "probability": 1.0}


def keep(figure: dict[str, Any]) -> None:
    """Add a figure to the file that a benchmark asks for."""
    if "DESK_FIGURES" in os.environ:
        with Path(os.environ["DESK_FIGURES"]).open("a") as file:
            file.write(json.dumps(figure) + "\n")


class Watch:
    """When the health of one stream changed, on the loop's clock."""

    def __init__(self, dialect: Dialect, heard: Heard, stream: str) -> None:
        self._dialect = dialect
        self._heard = heard
        self._stream = stream
        self._seen = len(heard.events)

    async def until(self, healthy: bool, what: str) -> float:
        begun = asyncio.get_running_loop().time()
        await self._heard.until(lambda: self._changed(healthy))
        seconds = asyncio.get_running_loop().time() - begun
        keep({"dialect": self._dialect.exchange, "stream": self._stream, "what": what, "seconds": seconds})
        return seconds

    def _changed(self, healthy: bool) -> bool:
        changes: list[Any] = [one for one in self._heard.of(StreamChange, self._seen) if one.stream == self._stream]
        return bool(changes) and changes[-1].healthy is healthy


@pytest.mark.parametrize(
    ("fault", "noticed_within"),
    [({"action": "drop"}, 0.5), ({"action": "garbage", "body": "{not json"}, 0.5)],
    ids=["lost delta", "poison frame"],
)
@EACH
async def test_a_broken_market_stream_shuts_the_gate_at_once_and_is_whole_within_three_seconds(
    make_venue: MakeVenue, simulator: Simulator, dialect: Dialect, fault: dict[str, Any], noticed_within: float
) -> None:
    venue, _ = await opened(make_venue, dialect.market_type, dialect.market, exchange=dialect.exchange)
    async with streaming(venue) as heard:
        watch = Watch(dialect, heard, "market")
        simulator.faults.add({"endpoint": dialect.books, **fault})
        assert await watch.until(False, f"{fault['action']}: gate shut") < noticed_within
        assert await watch.until(True, f"{fault['action']}: whole again") < 3


@EACH
async def test_a_silent_market_stream_whose_pings_are_answered_shuts_the_gate_within_three_seconds(
    make_venue: MakeVenue, simulator: Simulator, dialect: Dialect
) -> None:
    venue, _ = await opened(make_venue, dialect.market_type, dialect.market, exchange=dialect.exchange)
    async with streaming(venue) as heard:
        await heard.until(lambda: len(heard.of(Book)) > 60)
        watch = Watch(dialect, heard, "market")
        simulator.faults.add({"endpoint": dialect.books, **SILENT})
        assert await watch.until(False, "silent: gate shut") < 3
        simulator.faults.clear()
        assert await watch.until(True, "silent: whole again") < 3 + 5, "an attempt may be under way already"


@EACH
async def test_a_market_in_which_nothing_happens_keeps_its_stream_and_its_book_stays_fresh(
    make_venue: MakeVenue, simulator: Simulator, dialect: Dialect
) -> None:
    venue, _ = await opened(
        make_venue, dialect.market_type, dialect.market, exchange=dialect.exchange, market_silence=0.4
    )
    async with streaming(venue) as heard:
        simulator.venue._next, simulator.venue._events = None, iter(())
        await asyncio.sleep(0.5)
        start = len(heard.events)
        await heard.until(lambda: len(heard.of(Book, start)) >= 3)
        first, second, third = heard.of(Book, start)[:3]
        assert (first.bids, first.sequence, first.previous) == (third.bids, third.sequence, third.sequence)
        assert first.at < second.at < third.at
        assert heard.health("market", start) == []


@EACH
async def test_a_silent_private_stream_is_found_out_by_the_next_order(
    make_venue: MakeVenue, simulator: Simulator, dialect: Dialect
) -> None:
    venue, instrument = await opened(make_venue, dialect.market_type, dialect.market, exchange=dialect.exchange)
    async with streaming(venue) as heard:
        watch = Watch(dialect, heard, "private")
        for topic in dialect.private:
            simulator.faults.add({"endpoint": topic, **SILENT})
        await venue.place(Place("d1", dialect.market, BUY, instrument.ticks("58000"), 10, True, False))
        assert await watch.until(False, "silent after an order: gate shut") < 5
        simulator.faults.clear()
        assert await watch.until(True, "silent after an order: whole again") < 3
        assert heard.health("market") == [True], "one stream's fault does not disturb the other"


@EACH
async def test_a_silent_private_stream_is_found_out_by_the_audit_when_an_order_ends(
    make_venue: MakeVenue, simulator: Simulator, dialect: Dialect
) -> None:
    venue, instrument = await opened(make_venue, dialect.market_type, dialect.market, exchange=dialect.exchange)
    other = await make_venue(dialect.market_type, dialect.market, exchange=dialect.exchange)
    await other.open()
    async with streaming(venue) as heard:
        lots = instrument.lots("0.01")
        await venue.place(Place("d1", dialect.market, BUY, instrument.ticks("58000"), lots, True, False))
        await asyncio.sleep(3.1)  # until the lists are past the doubt of being behind the stream
        for topic in dialect.private:
            simulator.faults.add({"endpoint": topic, **SILENT})
        watch = Watch(dialect, heard, "private")
        assert (await other.cancel(Cancel("d1", "", dialect.market))).outcome == ACCEPTED
        assert (await venue.query_open_orders(QueryOpenOrders(1))).orders == []
        assert await watch.until(False, "silent while an order ends: gate shut after the audit") < 5
        simulator.faults.clear()
        assert await watch.until(True, "silent while an order ends: whole again") < 3

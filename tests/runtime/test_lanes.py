"""However much arrives, what matters is first, in order and complete, and what waits is bounded."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs

from deskbot.core.candles import Candle
from deskbot.core.commands import Command
from deskbot.core.events import Book, Event, Problem, StopRequested, Timer, Trade
from deskbot.runtime.clock import Clock
from deskbot.runtime.lanes import FACTS_EXPECTED, KEPT_CANDLES, KEPT_TRADES, Lanes
from deskbot.runtime.overload import Overload
from tests.runtime.virtual_time import run
from tests.runtime.world import World, world

MARKETS = ("BTC/USDT", "ETH/USDT")


def event(kind: str, number: int) -> Event:
    market = MARKETS[number % 2]
    made: dict[str, Event] = {
        "fact": Problem(number, str(number), ""),
        "trade": Trade(number, market, 1, 1, 1),
        "candle": Candle(number, market, number, 1, 1, 1, 1, 1),
        "book": Book(number, market, [], [], 0, number),
        "timer": Timer(number),
    }
    return made[kind]


def drained(lanes: Lanes) -> list[Any]:
    return list(iter(lanes.next, None))


@given(st.lists(st.sampled_from(["fact", "trade", "candle", "book", "timer"]), max_size=100))
def test_facts_come_first_and_nothing_of_them_is_lost_or_overtaken(kinds: list[str]) -> None:
    lanes = Lanes()
    for number, kind in enumerate(kinds):
        lanes.put(event(kind, number))
    out = drained(lanes)
    facts = [number for number, kind in enumerate(kinds) if kind == "fact"]
    assert [one.at for one in out[: len(facts)]] == facts
    order = {Problem: 0, Trade: 1, Candle: 2, Book: 3, Timer: 4}
    assert [order[type(one)] for one in out] == sorted(order[type(one)] for one in out)
    newest = {MARKETS[number % 2]: number for number, kind in enumerate(kinds) if kind == "book"}
    assert {one.market: one.at for one in out if isinstance(one, Book)} == newest
    assert sum(isinstance(one, Timer) for one in out) == ("timer" in kinds)
    assert lanes.share() == 0.0


def test_a_flood_of_the_market_is_bounded_keeps_the_newest_and_is_counted() -> None:
    lanes = Lanes()
    for number in range(3 * KEPT_CANDLES):
        for kind in ("trade", "candle", "book", "timer"):
            lanes.put(event(kind, number))
    assert lanes.share() == 1.0
    out = drained(lanes)
    assert len(out) == KEPT_TRADES + KEPT_CANDLES + len(MARKETS) + 1
    assert lanes.dropped == 6 * KEPT_CANDLES - KEPT_TRADES - KEPT_CANDLES
    assert out[KEPT_TRADES - 1].at == out[-1].at == 3 * KEPT_CANDLES - 1


def test_facts_are_kept_beyond_every_bound_and_the_share_says_so() -> None:
    lanes = Lanes()
    for number in range(FACTS_EXPECTED + 500):
        lanes.put(event("fact", number))
    assert lanes.share() == 1.1
    assert [one.at for one in drained(lanes)] == list(range(FACTS_EXPECTED + 500))


def test_a_halt_is_not_behind_a_flood_of_ticks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one: World

    async def main() -> None:
        nonlocal one
        async with world(tmp_path) as one:
            await one.state("Running")
            session = one.bot.session
            assert session is not None
            handled: list[type] = []
            handle = session.loop.engine.handle

            def listen(event: Event) -> Sequence[Command]:
                handled.append(type(event))
                return handle(event)

            monkeypatch.setattr(session.loop.engine, "handle", listen)
            for number in range(5000):
                session.loop.put(Trade(number, "BTC/USDT:USDT", 1, 1, 1))
            session.loop.put(StopRequested(one.clock.now(), "a flood"))
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            assert handled[0] is StopRequested
            assert handled.count(Trade) == KEPT_TRADES

    run(main())


def test_a_disk_that_hangs_stops_new_orders_until_half_of_what_waits_for_it_is_written() -> None:
    said: list[Any] = []
    overload = Overload(said.append, Clock())
    for records in (0, 9_999, 10_000, 20_000, 5_000):
        overload.look(0.0, records)
    assert [(one.key, one.reason) for one in said] == [("backlog", "Overloaded")]
    assert said[0].message == "10000 records wait for the disk: no order is decided until it keeps up"
    overload.look(0.0, 4_999)
    assert said[1].reason == ""
    assert overload.shares == {"lanes": 0.0, "journal": 0.4999}


def test_a_queue_that_fills_up_is_said_once_and_stops_nothing() -> None:
    said: list[Any] = []
    overload = Overload(said.append, Clock())
    with capture_logs() as logs:
        for share in (0.79, 0.8, 1.0, 0.6, 0.9, 0.4, 0.85):
            overload.look(share, 0)
    assert [(line["event"], line["queue"], line["share"]) for line in logs] == [
        ("queue_nearly_full", "lanes", 0.8),
        ("queue_nearly_full", "lanes", 0.85),
    ]
    assert said == []

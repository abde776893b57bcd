"""A bot in a cluster and what it sends: the real engine behind an object that is judged, tightened and refused."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from deskapi import spec_hash
from deskbot.runtime.admitted import Known, look
from deskbot.runtime.bot import Bot
from deskbot.runtime.observation import Deliver
from deskbot.runtime.session import Surroundings
from deskbot.venues.protocol import Credentials
from tests.runtime import virtual_time
from tests.runtime.virtual_time import run
from tests.runtime.world import World, manifest

QUOTES = 4
UID = "uid-1"


class JudgedObject:
    """An object of a cluster, as the watch would tell it."""

    def __init__(self) -> None:
        self._told: asyncio.Queue[dict[str, Any]] = asyncio.Queue()

    def tell(
        self,
        generation: int,
        *,
        admitted: bool,
        effective: dict[str, Any] | None = None,
        account: str | None = "1001",
        **spec: Any,
    ) -> None:
        made = manifest(**spec)
        judged = {"uid": UID, "generation": generation, "specHash": spec_hash(made["spec"]), "accountId": account}
        status = {"admitted": judged} if admitted else {}
        bounds = effective if effective is not None else manifest()["spec"]["envelope"]
        self._told.put_nowait(
            {
                **made,
                "metadata": {**made["metadata"], "uid": UID, "generation": generation},
                "status": {**status, "effectiveEnvelope": bounds},
            }
        )

    async def run(self, deliver: Deliver) -> None:
        known: Known | None = None
        while True:
            raw = await self._told.get()
            known = look(raw, UID, raw["metadata"]["generation"], known)
            deliver(known.seen)


@asynccontextmanager
async def judged(folder: Path) -> AsyncIterator[tuple[World, JudgedObject]]:
    """A bot whose object is told by the test."""
    one, source = World(folder, virtual_time.clock(), manifest()), JudgedObject()
    surroundings = Surroundings(one._make, lambda _spec: Credentials("k", "s"), one.journal, "test")
    one.bot = Bot(source, surroundings, one.clock)
    running = asyncio.ensure_future(one.bot.run())
    try:
        yield one, source
        one.bot.stop("the test is over")
        await running
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


def quotes(one: World) -> int:
    return len(one.venue.open_orders) if one.venues else 0


def test_s3_a_bot_that_is_not_admitted_comes_up_and_sends_nothing_until_it_is(tmp_path: Path) -> None:
    async def main() -> None:
        async with judged(tmp_path) as (one, source):
            source.tell(1, admitted=False)
            await one.until(
                lambda: bool(one.venues) and "open" in one.venue.sent, "the venue was asked for the account"
            )
            await one.clock.sleep(20)
            assert set(one.venue.sent) == {"open"}
            assert not one.bot.ready()
            source.tell(1, admitted=True)
            await one.until(lambda: quotes(one) == QUOTES, "quotes")

    run(main())


def test_s3_a_bot_that_is_no_longer_admitted_pulls_its_quotes_and_goes_on_when_it_is_again(tmp_path: Path) -> None:
    async def main() -> None:
        async with judged(tmp_path) as (one, source):
            source.tell(1, admitted=True)
            await one.until(lambda: quotes(one) == QUOTES, "quotes")
            source.tell(1, admitted=False)
            await one.until(lambda: quotes(one) == 0, "no quotes", 2)
            sent = len(one.venue.placed)
            await one.clock.sleep(20)
            assert len(one.venue.placed) == sent
            source.tell(1, admitted=True)
            await one.until(lambda: quotes(one) == QUOTES, "quotes")

    run(main())


def test_s7_an_envelope_that_is_tightened_takes_the_orders_that_break_it(tmp_path: Path) -> None:
    """Each order is about 120 USDT."""

    async def main() -> None:
        async with judged(tmp_path) as (one, source):
            source.tell(1, admitted=True)
            await one.until(lambda: quotes(one) == QUOTES, "quotes")
            source.tell(1, admitted=True, effective={"maxOrderNotional": "500", "maxOpenOrders": 1})
            one.venue.emit(one.venue.book(bid=601_000))
            await one.until(lambda: quotes(one) <= 1, "one order", 5)
            source.tell(1, admitted=True, effective={"maxOrderNotional": "10"})
            one.venue.emit(one.venue.book(bid=602_000))
            await one.until(lambda: quotes(one) == 0, "no orders", 5)

    run(main())


@pytest.mark.control("S3.2")
def test_s3_a_halt_of_an_unjudged_generation_cancels_at_once(tmp_path: Path) -> None:
    async def main() -> None:
        async with judged(tmp_path) as (one, source):
            source.tell(1, admitted=True)
            await one.until(lambda: quotes(one) == QUOTES, "quotes")
            source.tell(2, admitted=False, halted=True)
            await one.state("Halted", 10)
            assert quotes(one) == 0

    run(main())


def reported(one: World) -> tuple[str | None, str]:
    status = one.bot.status()
    assert status is not None
    return status.account_id, status.problem.reason if status.problem is not None else ""


@pytest.mark.control("S3.8")
def test_s3_the_account_is_reported_and_the_venue_left_alone_until_the_bot_is_admitted_on_it(tmp_path: Path) -> None:
    async def main() -> None:
        async with judged(tmp_path) as (one, source):
            source.tell(1, admitted=True, account=None)
            await one.until(lambda: bool(one.venues) and reported(one) == ("1001", "AccountPending"), "its account")
            opened = one.venue.sent.count("open")
            await one.clock.sleep(50)
            assert set(one.venue.sent) == {"open"}
            assert one.venue.sent.count("open") == opened
            source.tell(1, admitted=True)
            await one.until(lambda: quotes(one) == QUOTES, "quotes", 5)
            assert reported(one) == ("1001", "")

    run(main())


def test_s3_a_halt_before_that_cancels_nothing_of_whoever_has_the_account(tmp_path: Path) -> None:
    async def main() -> None:
        async with judged(tmp_path) as (one, source):
            source.tell(1, admitted=True, account=None)
            await one.until(lambda: bool(one.venues) and reported(one) == ("1001", "AccountPending"), "its account")
            source.tell(2, admitted=True, account=None, halted=True)
            await one.clock.sleep(60)
            assert one.summary().halt is not None
            assert set(one.venue.sent) == {"open"}
        assert set(one.venue.sent) == {"open"}  # nor does its stop

    run(main())


def test_s3_a_bot_that_was_admitted_on_its_account_needs_no_further_word_after_a_restart(tmp_path: Path) -> None:
    async def main() -> None:
        async with judged(tmp_path) as (one, source):
            source.tell(1, admitted=True)
            await one.until(lambda: quotes(one) == QUOTES, "quotes")
        async with judged(tmp_path) as (one, source):
            source.tell(1, admitted=False)
            await one.state("Paused")
            assert "query_open_orders" in one.venue.sent
            assert one.venue.placed == []

    run(main())


def test_s3_a_key_of_another_account_is_refused_and_the_bot_stops(tmp_path: Path) -> None:
    async def main() -> None:
        async with judged(tmp_path) as (one, source):
            source.tell(1, admitted=True, account="2002")
            await one.until(lambda: bool(one.venues) and reported(one) == ("1001", "AccountChanged"), "refused", 5)
            await one.clock.sleep(20)
            assert one.venue.placed == []

    run(main())

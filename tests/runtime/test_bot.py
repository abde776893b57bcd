"""A bot's whole life in virtual time: what it does when its surroundings are right, wrong, and mended."""

import sqlite3
from pathlib import Path
from typing import Any

import pytest

from deskbot.core.commands import Place
from deskbot.core.errors import Blocked, DeskError, Invalid, Transient
from deskbot.core.events import Fill
from deskbot.core.records import Intent
from deskbot.core.standstill import Standstill
from deskbot.runtime.encoding import decode
from deskbot.runtime.journal import Journal, open_journal
from deskbot.runtime.session import header_of
from tests.runtime.scripted_venue import MARKET, ScriptedVenue
from tests.runtime.virtual_time import clock, run
from tests.runtime.world import SECRET, World, manifest, world

QUOTES = 4  # two levels on two sides


def trading(one: World) -> bool:
    return len(one.venue.open_orders) == QUOTES


def on_disk(journal: Path) -> set[str]:
    """Client order ids of the intents another process would find now."""
    with sqlite3.connect(f"file:{journal}?mode=ro", uri=True) as connection:
        records = [decode(body) for (body,) in connection.execute("SELECT body FROM record")]
    connection.close()
    return {record.client_id for record in records if isinstance(record, Intent)}


def test_an_order_is_sent_only_after_its_intent_is_on_disk(tmp_path: Path) -> None:
    missing: list[str] = []

    def prepare(venue: ScriptedVenue) -> None:
        def look(place: Place) -> None:
            if place.client_id not in on_disk(tmp_path / "journal.sqlite"):
                missing.append(place.client_id)

        venue.before_place = look

    async def main() -> None:
        async with world(tmp_path, prepare=prepare) as one:
            await one.until(lambda: bool(one.venues) and trading(one), "quotes")
            one.venue.emit(one.venue.book(bid=601_000))
            await one.until(lambda: len(one.venue.placed) >= 2 * QUOTES, "new quotes")
        assert missing == []

    run(main())


def test_a_stop_cancels_everything_and_says_that_the_venue_proved_it(tmp_path: Path) -> None:
    async def main() -> None:
        async with world(tmp_path) as one:
            await one.until(lambda: bool(one.venues) and trading(one), "quotes")
            began = one.clock.now()
        assert one.ended is not None
        assert one.ended.confirmed
        assert not one.venue.open_orders
        assert one.venue.closed
        assert one.clock.now() - began < 10e9

    run(main())


def test_a_halt_written_into_the_file_cancels_and_an_acknowledgement_resumes(tmp_path: Path) -> None:
    async def main() -> None:
        async with world(tmp_path) as one:
            await one.until(lambda: bool(one.venues) and trading(one), "quotes")
            one.write(manifest(halted=True))
            halted = await one.state("Halted")
            assert not one.venue.open_orders
            assert one.bot.ready()
            assert halted.halt is not None
            one.write(manifest())
            await one.until(lambda: one.summary().generation == 3, "the edit")
            assert one.summary().state == "Halted"
            one.write(manifest(acknowledgedHalt=halted.halt.id))
            await one.state("Running")
            await one.until(lambda: trading(one), "quotes again")

    run(main())


def test_a_halt_survives_a_restart(tmp_path: Path) -> None:
    async def main() -> None:
        async with world(tmp_path) as one:
            await one.until(lambda: bool(one.venues) and trading(one), "quotes")
            one.write(manifest(halted=True))
            await one.state("Halted")
        async with world(tmp_path) as again:
            await again.state("Halted")
            assert again.venue.placed == []

    run(main())


def test_a_full_disk_stops_orders_and_no_cancel_and_ends_when_there_is_room(tmp_path: Path) -> None:
    async def main() -> None:
        async with world(tmp_path) as one:
            await one.until(lambda: bool(one.venues) and trading(one), "quotes")
            journal = journal_of(one)
            limit(journal, journal._connection.execute("PRAGMA page_count").fetchone()[0])
            await one.until(lambda: move(one) == "Stalled", "the full disk is noticed", 120)
            assert one.summary().problem is not None
            assert one.summary().problem[0] == "DiskFull"  # type: ignore[index]
            await one.until(lambda: not one.venue.open_orders, "quotes are pulled")
            before = len(one.venue.placed)
            one.write(manifest(halted=True))
            await one.state("Halted")
            assert len(one.venue.placed) == before
            limit(journal, 1_000_000)
            await one.until(lambda: one.summary().problem is None, "room is noticed")

    run(main())


def journal_of(one: World) -> Journal:
    assert one.bot.session is not None
    journal = one.bot.session._journal
    assert isinstance(journal, Journal)
    return journal


def limit(journal: Journal, pages: int) -> None:
    journal._connection.execute(f"PRAGMA max_page_count = {pages}")


def move(one: World) -> str:
    """Let the market move, so that there is something to write; the engine's state."""
    one.venue.emit(one.venue.book(bid=600_000 + 500 * (one.clock.now() // 10**7 % 2)))
    return one.summary().state


def test_a_corrupt_journal_is_said_and_a_halt_still_cancels(tmp_path: Path) -> None:
    (tmp_path / "journal.sqlite").write_bytes(b"no database at all" * 1000)

    async def main() -> None:
        async with world(tmp_path) as one:
            stalled = await one.state("Stalled")
            assert stalled.problem is not None
            assert stalled.problem[0] == "JournalCorrupt"
            assert str(tmp_path) in stalled.problem[1]
            await one.until(lambda: "query_open_orders" in one.venue.sent, "the venue is looked at")
            one.write(manifest(halted=True))
            await one.state("Halted")
            assert "cancel_all" in one.venue.sent
            assert one.venue.placed == []
            one.write(manifest())
            (tmp_path / "journal.sqlite").unlink()
            await one.until(lambda: trading(one), "a new journal is begun")

    run(main())


def test_a_locked_journal_is_waited_for_in_silence(tmp_path: Path) -> None:
    async def main() -> None:
        one = World(tmp_path, clock(), manifest())
        other = open_journal(one.journal, header_of(one.control.seen, one.clock))
        async with world(tmp_path) as waiting:
            await waiting.clock.sleep(5)
            assert waiting.bot.session is None
            assert waiting.bot.status() is None
            other.close()
            await waiting.state("Running")

    run(main())


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (Transient("VenueUnreachable", "nobody answers"), "VenueUnreachable"),
        (Invalid("CredentialsRefused", "wrong signature"), "CredentialsRefused"),
        (Invalid("MarketUnknown", "no such market"), "MarketUnknown"),
        (Blocked("AccountUnsuitable", "hedge mode"), "AccountUnsuitable"),
    ],
)
def test_a_venue_that_does_not_open_is_said_and_tried_again(tmp_path: Path, error: Exception, reason: str) -> None:
    async def main() -> None:
        async with world(tmp_path, prepare=lambda venue: venue.refusals.extend([error] * 5)) as one:
            stalled = await one.state("Stalled")
            assert stalled.problem == (reason, str(error))
            assert one.venue.placed == []
            await one.state("Running", seconds=120)
            await one.until(lambda: trading(one), "quotes")

    run(main())


def test_a_missing_secret_is_said_and_the_bot_goes_on_when_it_appears(tmp_path: Path) -> None:
    other = {**SECRET, "metadata": {"name": "others"}}

    async def main() -> None:
        async with world(tmp_path, manifest(), other) as one:
            stalled = await one.state("Stalled")
            assert stalled.problem is not None
            assert stalled.problem[0] == "CredentialsMissing"
            assert "create the Secret with the keys apiKey and secret" in stalled.problem[1]
            one.write(manifest())
            await one.state("Running")

    run(main())


@pytest.mark.parametrize(
    ("strategy", "reason"),
    [
        ({"name": "simple-taker", "enabled": True}, "StrategyUnknown"),
        ({"name": "simple-maker", "enabled": True, "params": {"size": "0.002", "depth": 3}}, "ParamsInvalid"),
        ({"name": "simple-maker", "enabled": True, "params": {"size": "0.0005"}}, "ParamsInvalid"),
    ],
)
def test_a_wrong_strategy_pulls_the_quotes_until_it_is_mended(
    tmp_path: Path, strategy: dict[str, Any], reason: str
) -> None:
    async def main() -> None:
        async with world(tmp_path) as one:
            await one.until(lambda: bool(one.venues) and trading(one), "quotes")
            one.write(manifest(strategies=[strategy]))
            stalled = await one.state("Stalled")
            assert stalled.problem is not None
            assert stalled.problem[0] == reason
            await one.until(lambda: not one.venue.open_orders, "quotes are pulled")
            one.write(manifest())
            await one.state("Running")
            await one.until(lambda: trading(one), "quotes again")

    run(main())


def test_a_halt_while_the_strategy_is_wrong_is_confirmed(tmp_path: Path) -> None:
    wrong = [{"name": "simple-taker", "enabled": True}]

    async def main() -> None:
        async with world(tmp_path, manifest(strategies=wrong)) as one:
            await one.state("Stalled")
            one.write(manifest(strategies=wrong, halted=True))
            halted = await one.state("Halted")
            assert halted.halt is not None
            assert halted.halt.confirmed_at

    run(main())


@pytest.mark.parametrize(
    "refusal",
    [Blocked("AccountUnsuitable", "the key may withdraw"), Invalid("MarketUnknown", "no market is listed")],
    ids=lambda refusal: refusal.reason,
)
def test_a_halt_on_an_account_that_can_be_asked_and_not_be_traded_on_is_confirmed(
    tmp_path: Path, refusal: DeskError
) -> None:
    async def main() -> None:
        async with world(tmp_path, prepare=lambda venue: venue.refusals.extend([refusal] * 1000)) as one:
            await one.state("Stalled")
            one.write(manifest(halted=True))
            halted = await one.state("Halted")
            assert halted.halt is not None
            assert halted.halt.confirmed_at
            assert "cancel_all" in one.venue.sent
            assert not one.venue.placed

    run(main())


def test_another_market_in_the_spec_opens_a_second_venue_that_takes_over(tmp_path: Path) -> None:
    async def main() -> None:
        async with world(tmp_path) as one:
            await one.until(lambda: bool(one.venues) and trading(one), "quotes")
            first = one.venue
            one.write(manifest(markets=[MARKET, "ETH/USDT:USDT"]))
            await one.until(lambda: len(one.venues) == 2 and bool(one.venue.open_orders), "quotes on both")
            assert first.closed
            assert {place.market for place in one.venue.placed} >= {"ETH/USDT:USDT"}

    run(main())


def test_another_account_behind_a_new_key_is_not_traded_on(tmp_path: Path) -> None:
    async def main() -> None:
        async with world(tmp_path) as one:
            await one.state("Running")
        async with world(tmp_path, prepare=lambda venue: setattr(venue, "account_id", "2002")) as other:
            stalled = await other.state("Stalled")
            assert stalled.problem is not None
            assert stalled.problem[0] == "JournalForeign"
            assert other.venue.placed == []

    run(main())


def nonsense(one: World) -> Fill:
    """An execution with a number that an adapter did not fill in."""
    ticks: Any = None
    return Fill(one.clock.now(), MARKET, "t", one.venue.placed[0].client_id, "v", 1, ticks, 1, 0, "USDT", True, 1)


def test_an_engine_that_fails_halts_itself_proves_it_and_goes_on_listening(tmp_path: Path) -> None:
    async def main() -> None:
        async with world(tmp_path) as one:
            await one.until(lambda: bool(one.venues) and trading(one), "quotes")
            one.venue.emit(nonsense(one))
            await one.until(lambda: one.summary().state == "Halted", "the halt is confirmed")
            assert not one.venue.open_orders
            halt, problem = one.summary().halt, one.summary().problem
            assert halt is not None
            assert (halt.source, halt.reason) == ("Engine", "EngineFailed")
            assert problem is not None
            assert problem[1].startswith("TypeError: ")
        async with world(tmp_path) as again:
            await again.until(lambda: bool(again.venues) and again.summary().state == "Halted", "the next process")
            assert again.summary().problem == problem

    run(main())


def test_an_engine_that_cannot_stand_still_is_left_and_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_: object) -> None:
        raise TypeError

    async def main() -> None:
        async with world(tmp_path) as one:
            await one.until(lambda: bool(one.venues) and trading(one), "quotes")
            monkeypatch.setattr(Standstill, "step", broken)
            await one.until(lambda: not one.venue.open_orders, "everything is cancelled")
        assert one.ended is not None
        assert one.ended.failed
        assert one.ended.confirmed
        assert "the engine failed (TypeError" in one.ended.message

    run(main())


def test_a_market_data_flood_does_not_hold_up_a_halt(tmp_path: Path) -> None:
    async def main() -> None:
        async with world(tmp_path) as one:
            await one.until(lambda: bool(one.venues) and trading(one), "quotes")
            for step in range(50_000):
                one.venue.emit(one.venue.book(bid=600_000 + step))
            one.write(manifest(halted=True))
            began = one.clock.now()
            await one.until(lambda: "cancel_all" in one.venue.sent, "the halt reaches the venue")
            assert one.clock.now() - began < 1e9
            assert len(one.venue.placed) <= 2 * QUOTES

    run(main())


def test_an_invalid_edit_changes_nothing(tmp_path: Path) -> None:
    async def main() -> None:
        async with world(tmp_path) as one:
            await one.until(lambda: bool(one.venues) and trading(one), "quotes")
            one.write(manifest(envelope={"maxOrderNotional": 250}))
            await one.until(lambda: bool(one.bot.seen and one.bot.seen.wrong), "the edit is read")
            await one.clock.sleep(5)
            assert one.summary().state == "Running"
            assert trading(one)

    run(main())


def test_a_bot_that_is_told_to_stop_before_it_has_a_journal_ends_at_once(tmp_path: Path) -> None:
    async def main() -> None:
        async with world(tmp_path) as one:
            pass
        assert one.ended is not None
        assert one.ended.confirmed

    run(main())

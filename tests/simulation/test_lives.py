"""Lives of a bot with everything that goes wrong: every seed is another one, and the invariants hold in all of them."""

import os
from pathlib import Path

import pytest

from deskbot.core.durable import Durable
from deskbot.core.records import Intent
from deskbot.simulation.dialects import VENUES
from deskbot.simulation.faults import draw, faults_of
from deskbot.simulation.life import Life
from deskbot.simulation.schedule import MILLISECOND
from deskbot.simulation.script import Injection, Script, read_script
from deskbot.simulation.seeds import Task, Total, live, lives
from tests.core.state_of import state_of

SEEDS = int(os.environ.get("DESK_SEEDS", "30"))
KEPT = sorted((Path(__file__).parents[1] / "seeds").glob("*.json"))


@pytest.mark.parametrize("venue", VENUES)
def test_whatever_happens_the_books_agree_and_the_bot_ends_trading_or_stopped_on_purpose(venue: str) -> None:
    total = Total()
    for one in lives([Task(venue, seed) for seed in range(SEEDS // len(VENUES))], processes=2):
        total.add(one)
    assert total.to_dict(1)["violations"] == []
    assert (total.duplicated, total.lost) == (0, 0)
    assert not total.idle


@pytest.mark.component
@pytest.mark.timeout(600)
@pytest.mark.parametrize("venue", VENUES)
def test_two_thousand_lives_break_nothing_and_every_fault_happens_in_them(venue: str) -> None:
    total = Total()
    for one in lives([Task(venue, seed) for seed in range(10_000, 10_000 + 2000 // len(VENUES))], processes=2):
        total.add(one)
    assert total.to_dict(1)["violations"] == []
    injected = {row["fault"]: row["injected"] for row in total.to_dict(1)["faults"]}
    assert [fault.name for fault in faults_of(venue) if not injected[fault.name]] == []


@pytest.mark.parametrize("path", KEPT, ids=[path.stem for path in KEPT])
def test_what_once_failed_never_fails_again(path: Path) -> None:
    assert live(read_script(path)).violation is None


@pytest.mark.parametrize("venue", VENUES)
def test_one_seed_is_one_life_to_the_last_record(venue: str) -> None:
    first, second = Life(draw(7, venue)), Life(draw(7, venue))
    first.run()
    second.run()
    assert first.disk.rows == second.disk.rows
    assert (first.witness.steps, first.trouble.tally) == (second.witness.steps, second.trouble.tally)


@pytest.mark.parametrize("venue", VENUES)
def test_while_one_market_is_closed_the_other_is_traded_on(venue: str) -> None:
    closes_ms, for_ms = 8000, 12_000
    life = Life(Script(venue, 11, 30_000, (Injection(closes_ms, "market-closed", for_ms=for_ms),)))
    life.run()
    told, over = life.epoch_ms + closes_ms + 12_000, life.epoch_ms + closes_ms + 21_000
    decided = [one for one in life.disk.records() if isinstance(one, Intent)]
    markets = {one.market for one in decided if told <= one.at // MILLISECOND <= over}
    assert len(markets) == 1
    assert {one.market for one in decided if one.at // MILLISECOND > over + 3000} == set(life.account.instruments)


@pytest.mark.parametrize("seed", range(500, 505))
def test_what_the_disk_has_kept_gives_the_engine_that_stopped(seed: int) -> None:
    life = Life(draw(seed, "bybit"))
    life.run()
    assert life.process is not None
    replayed = Durable()
    for record in life.disk.records():
        replayed.apply(record)
    assert state_of(replayed) == state_of(life.process.engine._state.durable)

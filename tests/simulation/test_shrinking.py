"""A life that fails is made short, and stays a life that fails."""

import json
from pathlib import Path
from random import Random

import pytest

from deskbot.simulation.dialects import VENUES
from deskbot.simulation.faults import FAULTS, draw
from deskbot.simulation.script import Injection, Script, read_script
from deskbot.simulation.seeds import live
from deskbot.simulation.shrink import Shrinker
from tests.simulation.broken import BROKEN

SCRIPT = Script(
    "bybit", 1, 60_000, tuple(Injection(at, "create-lost", count=1 + at % 4) for at in range(1000, 25_000, 1000))
)


@pytest.mark.parametrize("seed", range(20))
def test_only_the_faults_that_matter_are_left(seed: int) -> None:
    needed = set(Random(seed).sample(SCRIPT.injections, 2))
    found = Shrinker(lambda script: needed <= set(script.injections), attempts=2000).shrink(SCRIPT)
    assert set(found.injections) == needed
    assert found.trouble_ms < SCRIPT.trouble_ms


def test_a_script_that_cannot_be_shortened_stays_as_it_is() -> None:
    assert Shrinker(lambda script: script == SCRIPT).shrink(SCRIPT) == SCRIPT


def test_counts_are_halved_while_it_still_fails() -> None:
    script = Script("bybit", 1, 9000, (Injection(1000, "create-lost", count=8),))
    found = Shrinker(lambda s: len(s.injections) == 1 and s.injections[0].count >= 2).shrink(script)
    assert found.injections[0].count == 2


def test_the_shortest_so_far_is_good_enough_after_so_many_attempts() -> None:
    lived = []

    def fails(script: Script) -> bool:
        lived.append(script)
        return len(script.injections) > 3

    Shrinker(fails, attempts=10).shrink(SCRIPT)
    assert len(lived) == 10


@pytest.mark.component
def test_a_broken_engine_s_life_becomes_short_and_fails_the_same_way() -> None:
    breakage = next(one for one in BROKEN if one.name == "doubt-is-a-no")
    with pytest.MonkeyPatch.context() as patch:
        breakage.breaks(patch)
        script = draw(900_000, "bybit")
        failed = live(script).violation
        assert failed is not None
        shrunk = Shrinker(lambda s: (live(s).violation or ("",))[0] == failed[0], attempts=60).shrink(script)
        found = live(shrunk).violation
    assert found is not None
    assert found[0] == failed[0]
    assert len(shrunk.injections) <= 3


@pytest.mark.parametrize("venue", VENUES)
def test_a_script_is_read_back_as_it_was_written(venue: str, tmp_path: Path) -> None:
    script = draw(3, venue)
    path = tmp_path / "script.json"
    path.write_text(script.to_json())
    assert read_script(path) == script


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"injections": 1}', '{"injections": [{"at": 1}]}', "no JSON"])
def test_what_is_no_script_is_said_in_one_line(text: str, tmp_path: Path) -> None:
    path = tmp_path / "script.json"
    path.write_text(text)
    with pytest.raises(ValueError, match="this is no script") as raised:
        read_script(path)
    assert "\n" not in str(raised.value)


def test_every_fault_of_the_catalogue_has_one_name() -> None:
    assert len({fault.id for fault in FAULTS.values()}) == len(FAULTS)
    assert json.loads(draw(1, "bybit").to_json())["venue"] == "bybit"

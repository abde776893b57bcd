"""The net catches fish: every engine that is broken on purpose is found, and in how many lives."""

from itertools import count

import pytest

from deskbot.simulation.dialects import VENUES
from deskbot.simulation.faults import draw
from deskbot.simulation.script import Script
from deskbot.simulation.seeds import live
from tests.simulation.broken import BROKEN
from tests.simulation.broken.breakage import Breakage

MOST_LIVES = 400
FIRST = 900_000


def lives_until_found(breakage: Breakage) -> tuple[int, Script | None]:
    """How many lives it took, one venue after the other for each seed, and the life that showed it."""
    with pytest.MonkeyPatch.context() as patch:
        breakage.breaks(patch)
        scripts = (draw(seed, venue) for seed in count(FIRST) for venue in VENUES)
        for lived in range(1, MOST_LIVES + 1):
            script = next(scripts)
            outcome = live(script)
            if outcome.violation is not None:
                return lived, script
    return MOST_LIVES, None


@pytest.mark.component
@pytest.mark.timeout(300)
@pytest.mark.parametrize("breakage", BROKEN, ids=lambda breakage: breakage.name)
def test_a_broken_engine_is_found(breakage: Breakage) -> None:
    _lived, script = lives_until_found(breakage)
    assert script is not None, f"{MOST_LIVES} lives did not show that {breakage.what}"
    assert live(script).violation is None, "a false alarm: the engine as it is breaks in this life too"

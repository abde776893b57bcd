"""The latch over a million steps: whatever changes, nothing but its acknowledgement lets an order out."""

import os
from collections import Counter
from itertools import count

import pytest

from deskbot.simulation.dialects import VENUES
from deskbot.simulation.witness import Violation
from tests.simulation.broken import BROKEN
from tests.simulation.broken.breakage import Breakage
from tests.simulation.latched import LatchedLife

STEPS = int(os.environ.get("DESK_LATCH_STEPS", "100000"))
FIRST = 500_000
MOST_LIVES = 60
RELEASING = ("halt-released-by-nobody", "latch-not-journaled")


@pytest.mark.control("S4.2")
@pytest.mark.component
@pytest.mark.timeout(3600)
def test_s4_over_many_steps_no_order_leaves_under_a_halt_that_nobody_acknowledged() -> None:
    steps, lives, changes = 0, 0, Counter[str]()
    for seed, venue in ((seed, venue) for seed in count(FIRST) for venue in VENUES):
        life = LatchedLife(seed, venue)
        life.run()
        steps, lives, changes = steps + life.witness.steps, lives + life.held, changes + life.changes
        if steps >= STEPS:
            break
    print(f"{steps} steps in {lives} halted lives; {dict(changes)}")
    assert set(LatchedLife(0, "bybit").deeds) <= set(changes)


@pytest.mark.component
@pytest.mark.parametrize("breakage", [one for one in BROKEN if one.name in RELEASING], ids=lambda one: one.name)
def test_s4_a_latch_that_does_not_hold_is_found(breakage: Breakage, monkeypatch: pytest.MonkeyPatch) -> None:
    breakage.breaks(monkeypatch)
    with pytest.raises(Violation):
        _live_one_after_the_other()


def _live_one_after_the_other() -> None:
    for seed in range(MOST_LIVES):
        LatchedLife(FIRST + seed, "bybit").run()

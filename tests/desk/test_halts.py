"""Halting in a real cluster."""

import pytest

from tests.demo.desk import Desk
from tests.desk import halts

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(600)]


@pytest.mark.control("S5.2", "R6-12a")
def test_every_halt_leaves_the_venue_empty_and_is_confirmed_also_under_faults(desk: Desk) -> None:
    done = halts.measure(desk, rounds=4)
    print(halts.summary(done))
    assert all(halt.orders >= 2 * halts.LEVELS for halt in done)
    assert {name for halt in done for name in halt.faults} == {"acceptThenDrop", "delay"}

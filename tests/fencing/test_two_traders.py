"""Worlds of pods and one Lease, explored: never two traders, and with any rule removed there are.

Explored whole, without a bound in time: two pods that may both live for ever, answers and renewals that come at any
later moment, one restart of each container, one renewal of each process still on its way after it was given up, a Lease
deleted, emptied and made anew any number of times. The deep tier has longer ages, three pods, slow reads.
"""

import pytest

from tests.fencing.explore import at_random, in_breadth
from tests.fencing.model import WHOLE, Bounds, World
from tests.fencing.mutations import MUTATIONS, Mutation

ENOUGH = 200_000  # states; every mutated world meets its accident within


@pytest.mark.control("S1.10")
def test_s1_never_are_orders_of_two_traders_taken_whatever_happens() -> None:
    found = in_breadth(World(WHOLE, Bounds(late_writes=0)), ENOUGH)
    assert found.trace == []
    assert found.whole
    assert found.states > 5_000


@pytest.mark.control("S1.10")
@pytest.mark.parametrize("mutation", MUTATIONS, ids=lambda each: each.rule)
def test_s1_without_this_rule_there_are_two_traders(mutation: Mutation) -> None:
    found = in_breadth(mutation.world(mutation.rules, mutation.bounds, mutation.holder), ENOUGH)
    assert found.trace, f"{found.states} states and no accident: {mutation.rule}"
    print(f"\n{mutation.rule} ({found.states} states)", *found.trace, sep="\n    ")


@pytest.mark.parametrize("seed", range(3))
def test_s1_long_ways_at_random_meet_no_two_traders(seed: int) -> None:
    wide = Bounds(age=7, window=2, pods=3, restarts=1_000_000, late_writes=3, slow_reads=True)
    assert at_random(World(WHOLE, wide), 500, seed).trace == []


DEEP = {
    "late renewals": Bounds(),
    "two of each": Bounds(restarts=2, late_writes=2),
    "longer ages": Bounds(age=4, window=2),
    "slow reads": Bounds(slow_reads=True),
    "three pods": Bounds(pods=3, restarts=0, late_writes=0),
}


@pytest.mark.control("S1.10")
@pytest.mark.component
@pytest.mark.timeout(600)
@pytest.mark.parametrize("name", DEEP)
def test_s1_in_wider_worlds_there_are_no_two_traders_either(name: str) -> None:
    found = in_breadth(World(WHOLE, DEEP[name]), 1_000_000)
    print(f"\n{name}: {found.states} states, {'all of them' if found.whole else 'a part'}")
    assert found.trace == []
    assert found.whole or found.states >= 1_000_000


@pytest.mark.component
@pytest.mark.timeout(600)
@pytest.mark.parametrize("seed", range(10))
def test_s1_very_long_ways_at_random_meet_no_two_traders(seed: int) -> None:
    wide = Bounds(age=7, window=2, pods=3, restarts=1_000_000, late_writes=3, slow_reads=True)
    assert at_random(World(WHOLE, wide), 20_000, 1_000 + seed).trace == []

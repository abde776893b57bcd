"""The engine against a venue made for trouble: every seed is another life, and the invariants hold in all of them."""

import os

import pytest

from tests.core.virtual_world import World

SEEDS = int(os.environ.get("DESK_SEEDS", "100"))


@pytest.mark.parametrize("seed", range(SEEDS))
def test_whatever_happens_the_books_agree_and_the_bot_ends_trading_or_halted(seed: int) -> None:
    World(seed).run().check()


@pytest.mark.parametrize("seed", range(10_000, 10_000 + SEEDS // 5))
def test_a_stop_that_says_proven_leaves_no_order_of_ours_behind(seed: int) -> None:
    world = World(seed).run()
    assert world.stop().confirmed
    assert not [order for order in world.venue.live() if order.client_id]


@pytest.mark.parametrize("seed", range(20_000, 20_000 + SEEDS // 5))
def test_a_stop_in_the_middle_of_trouble_never_claims_what_is_not_so(seed: int) -> None:
    world = World(seed)
    world.trouble()
    world.wake()
    stopped = world.stop()
    assert not stopped.confirmed or not [order for order in world.venue.live() if order.client_id]

"""The engine against a venue made for trouble: every seed is another life, and the invariants hold in all of them."""

import os

import pytest

from tests.core.virtual_world import World

SEEDS = int(os.environ.get("DESK_SEEDS", "120"))


@pytest.mark.parametrize("seed", range(SEEDS))
def test_whatever_happens_the_books_agree_and_the_bot_ends_trading_or_halted(seed: int) -> None:
    World(seed).run().check()

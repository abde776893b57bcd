"""Going through worlds: all of them in breadth, or one long way at random."""

import random
from dataclasses import dataclass, field

from tests.fencing.model import Key, World


@dataclass
class Found:
    """`states` were different moments; `trace` is the shortest way to an accident, empty where there is none.

    `whole` says that nothing was left to explore.
    """

    states: int
    whole: bool
    trace: list[str] = field(default_factory=list)


def in_breadth(world: World, most: int) -> Found:
    """Every moment that can be reached, the nearest first, at most so many."""
    first = world.key()
    came_from: dict[Key, tuple[Key | None, str]] = {first: (None, "")}
    frontier = [(first, world)]
    while frontier and len(came_from) < most:
        following: list[tuple[Key, World]] = []
        for before, moment in frontier:
            for name, after in moment.steps():
                if after.accident:
                    return Found(len(came_from), False, [*_way(came_from, before), name, after.accident])
                key = after.key()
                if key not in came_from:
                    came_from[key] = (before, name)
                    following.append((key, after))
        frontier = following
    return Found(len(came_from), not frontier)


def at_random(world: World, steps: int, seed: int) -> Found:
    """One way of so many steps."""
    choose = random.Random(seed)
    trace: list[str] = []
    for _ in range(steps):
        name, world = choose.choice(list(world.steps()))
        trace.append(name)
        if world.accident:
            return Found(len(trace), False, [*trace, world.accident])
    return Found(len(trace), False)


def _way(came_from: dict[Key, tuple[Key | None, str]], key: Key) -> list[str]:
    way: list[str] = []
    before: Key | None = key
    while before is not None:
        before, name = came_from[before]
        way.append(name)
    return [name for name in reversed(way) if name]

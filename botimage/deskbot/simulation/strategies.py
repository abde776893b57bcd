"""The strategies of a life: one that never rests, and the desk's own maker; and what a mad one wants."""

from collections.abc import Callable
from random import Random
from typing import Any

from deskbot.core.instrument import BUY, SELL, Instrument
from deskbot.core.strategy import Strategy, Target, View
from deskbot.simulation.schedule import SECOND
from deskstrategies.simple_maker import SimpleMaker, SimpleMakerParams


class Restless(Strategy):
    """Changes its mind all the time: quotes up to three levels a side, sometimes takes, sometimes wants to be flat."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self._wanted: list[Target] | None = None
        self._until = 0

    def targets(self, view: View) -> list[Target] | None:
        """A new set of wishes every half a second or so."""
        if view.at >= self._until or view.at < self._until - 2 * SECOND:
            self._until = view.at + int(self._random.random() * 1.2 * SECOND)
            self._wanted = self._decide(view) if self._random.random() < 0.9 else None
        return self._wanted

    def _decide(self, view: View) -> list[Target]:
        mood = self._random.random()
        if mood < 0.12:
            return [self._take(view)]
        if mood < 0.2 and view.position:
            return [self._flatten(view)]
        return self._quote(view)

    def _quote(self, view: View) -> list[Target]:
        random = self._random
        return [
            Target(
                side,
                (view.bid if side == BUY else view.ask) - side * random.randint(0, 12),
                random.randint(1, 4),
                level,
            )
            for level in range(random.randint(0, 3))
            for side in (BUY, SELL)
        ]

    def _take(self, view: View) -> Target:
        """An order that crosses the book, perhaps one that flips the position."""
        side = self._random.choice((BUY, SELL))
        return Target(side, (view.ask if side == BUY else view.bid) + side * 2, 3, level=7, post_only=False)

    def _flatten(self, view: View) -> Target:
        side = SELL if view.position > 0 else BUY
        lots = max(1, min(4, abs(view.position) // view.instrument.lot))
        ticks = (view.ask if side == BUY else view.bid) + side * 2
        return Target(side, ticks, lots, level=8, post_only=False, reduce_only=view.instrument.linear)


class Mad(Strategy):
    """What a strategy may want that has lost its mind: nothing of it may reach the venue unjudged."""

    def __init__(self, sane: Strategy, random: Random, mad: Callable[[], bool]) -> None:
        self._sane = sane
        self._random = random
        self._mad = mad

    def targets(self, view: View) -> list[Target] | None:
        """Absurd wishes while it is mad."""
        if not self._mad():
            return self._sane.targets(view)
        if self._random.random() < 0.02:
            return self._fail(view)
        return [self._absurd(view) for _ in range(4)]

    def _fail(self, view: View) -> list[Target]:
        """Divide by nothing, or want a fraction of a tick or of a lot."""
        if self._random.random() < 0.5:
            raise ZeroDivisionError("the strategy divides by nothing")
        finer: list[Any] = [view.bid, 1.5, float("nan")]
        return [Target(BUY, self._random.choice(finer), self._random.choice(finer[1:]))]

    def _absurd(self, view: View) -> Target:
        random = self._random
        ticks = (0, -view.bid, view.bid, view.ask, view.bid * 10, 10**30)
        lots = (0, -3, 10**9, 4000, 2)
        return Target(random.choice((BUY, SELL, 0, 2)), random.choice(ticks), random.choice(lots), random.randint(0, 5))


def strategy_of(random: Random, instrument: Instrument) -> Strategy:
    """The strategy of a market in a life."""
    if random.random() < 0.75:
        return Restless(random)
    size = instrument.amount(random.randint(1, 3))
    params = SimpleMakerParams.model_validate(
        {"size": size, "spread": "0.0005%", "levels": random.randint(1, 3), "step": "0.0005%", "requote": "0.001%"}
    )
    return SimpleMaker(params, instrument)

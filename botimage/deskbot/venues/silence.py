"""How long a stream may say nothing before that is doubtful, learnt from the stream itself. Pure.

A busy market is doubtful after a second, a quiet one only after the longest patience. What is doubtful is not yet dead:
whoever watches asks the venue for its book first (`streams.py`), so that a market in which nothing happens does not
lose its stream every few seconds.
"""

from typing import Final

SHORTEST: Final = 1.0
GAPS: Final = 10  # a silence of so many usual gaps is worth a question
_WEIGHT: Final = 0.1  # of the newest gap in the usual one


class Silence:
    """Seconds on a monotonic clock; `longest` bounds the patience, and is all there is until the usual gap is known."""

    def __init__(self, longest: float, at: float) -> None:
        self._longest = longest
        self._shortest = min(SHORTEST, longest)
        self._heard_at = at
        self._asked_at = at
        self._usual: float | None = None

    def heard(self, at: float) -> None:
        """The stream said something."""
        gap = at - self._heard_at
        self._usual = self._longest / GAPS if self._usual is None else self._usual + _WEIGHT * (gap - self._usual)
        self._heard_at = self._asked_at = at

    def confirmed(self, at: float) -> None:
        """The venue said that there was nothing to say."""
        self._asked_at = at

    @property
    def patience(self) -> float:
        """The silence that is not doubtful."""
        if self._usual is None:
            return self._longest
        return min(self._longest, max(self._shortest, GAPS * self._usual))

    def left(self, at: float) -> float:
        """Seconds until silence is doubtful; not above 0 when it is."""
        return self._asked_at + self.patience - at

    def lasted(self, at: float) -> float:
        """Seconds since the stream last said something."""
        return at - self._heard_at

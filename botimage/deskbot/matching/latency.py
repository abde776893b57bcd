"""How long a request travels before the matching engine sees it."""

from dataclasses import dataclass
from random import Random


@dataclass(frozen=True, slots=True, kw_only=True)
class Latency:
    """Nanoseconds from acknowledgement to effect: a constant part plus a uniform jitter from the exchange's seed.

    `entry_ns` is for creating and amending, `cancel_ns` for cancelling. Requests of one account never overtake each
    other: jitter may delay one behind another, never swap them.
    """

    entry_ns: int = 0
    cancel_ns: int = 0
    jitter_ns: int = 0

    def entry(self, random: Random) -> int:
        """The delay of one create or amend."""
        return self.entry_ns + self._jitter(random)

    def cancel(self, random: Random) -> int:
        """The delay of one cancel."""
        return self.cancel_ns + self._jitter(random)

    def _jitter(self, random: Random) -> int:
        return random.randrange(self.jitter_ns + 1) if self.jitter_ns else 0

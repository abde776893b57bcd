"""Market data without an end: a recording that ends starts over, time going on."""

from collections.abc import Iterator
from typing import Protocol

from deskbot.matching import Listing, MarketEvent

LOOP_PAUSE_NS = 100_000_000


class MarketSource(Protocol):
    """Somewhere market data comes from: `recordings.Recording`, `synthetic.SyntheticMarket`, `replay.Replay`."""

    @property
    def listings(self) -> tuple[Listing, ...]:
        """The markets it has data of."""

    def events(self) -> Iterator[MarketEvent]:
        """A fresh pass from the start: times never run back, each market opens with a snapshot."""


class Replay:
    """A source that starts over for ever; each pass follows the one before after a short pause."""

    def __init__(self, source: MarketSource) -> None:
        self._source = source

    @property
    def listings(self) -> tuple[Listing, ...]:
        """The markets of the source."""
        return self._source.listings

    def events(self) -> Iterator[MarketEvent]:
        """Pass after pass with rising times. Ends only when a pass holds no event at all."""
        shift = 0
        last: int | None = None
        while True:
            first_of_pass = True
            for event in self._source.events():
                if first_of_pass and last is not None:
                    shift = last + LOOP_PAUSE_NS - event.time_ns
                first_of_pass = False
                event.time_ns += shift
                last = event.time_ns
                yield event
            if first_of_pass:
                return


def paced(events: Iterator[MarketEvent], start_ns: int, speed: float = 1.0) -> Iterator[MarketEvent]:
    """The same events with their times counted from `start_ns` and the gaps between them divided by `speed`.

    The caller waits until an event's `time_ns` before it hands the event to the exchange.
    """
    origin: int | None = None
    for event in events:
        if origin is None:
            origin = event.time_ns
        event.time_ns = start_ns + round((event.time_ns - origin) / speed)
        yield event

"""Recorded public streams of Binance, as the files of hftbacktest keep them."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from deskbot.matching import Listing, MarketEvent


class Recording:
    """Recordings of one or more markets as one stream, read lazily; every pass reads the files anew.

    Files of one market are taken in the order given, each continuing the one before; different markets are merged by
    time. Raises `Invalid` with one line (file, line, what would be right) for a file that is missing, unreadable, of
    another format, has a gap, or is a continuation without its first part.
    """

    def __init__(self, paths: Sequence[Path]) -> None:
        raise NotImplementedError

    @property
    def listings(self) -> tuple[Listing, ...]:
        """The listings the files imply."""
        raise NotImplementedError

    def events(self) -> Iterator[MarketEvent]:
        """One pass over the files. Times are the recorder's, shifted onto the exchange's clock."""
        raise NotImplementedError

"""A seeded market for when there is no recording."""

from collections.abc import Iterator

from deskbot.matching import Listing, MarketEvent


class SyntheticMarket:
    """BTCUSDT, spot and linear: a random walk with depth and trades, endless, the same for the same seed."""

    def __init__(self, seed: int, *, start_ns: int = 0) -> None:
        raise NotImplementedError

    @property
    def listings(self) -> tuple[Listing, ...]:
        """Both listings of BTCUSDT."""
        raise NotImplementedError

    def events(self) -> Iterator[MarketEvent]:
        """Events without end."""
        raise NotImplementedError

"""Candles of any width from the matching core's minutes."""

from collections.abc import Iterator, Sequence
from itertools import groupby

from deskbot.matching import Candle

MINUTE_NS = 60_000_000_000


def fold(minutes: Sequence[Candle], width: int) -> Iterator[Candle]:
    """Minute candles joined into candles of `width` minutes, aligned to the epoch."""
    width_ns = width * MINUTE_NS
    for start, group in groupby(minutes, key=lambda one: one.start_ns // width_ns * width_ns):
        parts = list(group)
        yield Candle(
            start_ns=start,
            open=parts[0].open,
            high=max(part.high for part in parts),
            low=min(part.low for part in parts),
            close=parts[-1].close,
            volume=sum(part.volume for part in parts),
            turnover=sum(part.turnover for part in parts),
        )

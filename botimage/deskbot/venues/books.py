"""ccxt's streamed books and tape as whole ticks and lots.

With `number = str` ccxt's books hold floats all the same. A price is brought to the nearest tick; one further than a
millionth of it away does not belong to this market's grid, and the book is invalid. So is a crossed one: some update is
missing. A size is brought to the nearest lot, or rounded down.
"""

from decimal import Decimal
from typing import Any

from deskbot.core.candles import Candle
from deskbot.core.events import Book, Trade
from deskbot.core.instrument import Instrument
from deskbot.core.money import UNIT
from deskbot.venues.adapter import Print
from deskbot.venues.instruments import units_down

_MOST_ERROR = 1e-6  # of a step
_FLOAT_ERROR = 1e-15  # of the value: what a float itself cannot hold, more than the above from 10^9 steps on


class BookInvalid(Exception):
    """A streamed book that cannot be the market's."""


class BookReader:
    """Makes events of one market from what its stream carries."""

    def __init__(self, instrument: Instrument, depth: int) -> None:
        self._market = instrument.market
        self._instrument = instrument
        self._depth = depth
        self._tick = instrument.tick / UNIT
        self._lot = instrument.lot / UNIT

    def book(self, book: Any, at: int, venue_ms: int, sequence: int, previous: int = 0) -> Book:
        """The event of a ccxt book; `previous` as in `Book`. Raises BookInvalid."""
        bids, asks = self._side(book["bids"]), self._side(book["asks"])
        if bids and asks and bids[0][0] >= asks[0][0]:
            raise BookInvalid(f"order book of {self._market} is crossed: bid {bids[0][0]}, ask {asks[0][0]} ticks")
        return Book(at, self._market, bids, asks, venue_ms, sequence, previous)

    def same_touch(self, book: Any, last: Book) -> bool:
        """Whether a ccxt book of another source begins with the best levels of an event. Raises BookInvalid."""
        best = [self._side([[float(one[0]), float(one[1])] for one in book[side][:1]]) for side in ("bids", "asks")]
        return best == [last.bids[:1], last.asks[:1]]

    def _side(self, levels: Any) -> list[tuple[int, int]]:
        return [(self._ticks(one[0]), self._lots(one[1])) for one in levels[: self._depth]]

    def _ticks(self, price: float) -> int:
        steps = price / self._tick
        whole = round(steps)
        if abs(steps - whole) > max(_MOST_ERROR, whole * _FLOAT_ERROR):
            raise BookInvalid(f"order book of {self._market}: {price} is not a multiple of {self._tick}")
        return whole

    def _lots(self, amount: float) -> int:
        """Rounded down: what rested when the venue changed its steps may lie between them."""
        steps = amount / self._lot
        whole = round(steps)
        return whole if abs(steps - whole) <= max(_MOST_ERROR, whole * _FLOAT_ERROR) else int(steps)

    def candle(self, row: list[Any], at: int) -> Candle:
        """The event of one of ccxt's candles, which carry the venue's own strings: start, prices, volume."""
        opened, high, low, close = (units_down(price) // self._instrument.tick for price in row[1:5])
        lots = units_down(row[5]) // self._instrument.lot
        return Candle(at, self._market, int(row[0]), opened, high, low, close, lots)

    def trade(self, row: Print, at: int) -> Trade:
        """The event of one row of the public tape."""
        ticks = units_down(row.price) // self._instrument.tick
        lots = int(Decimal(row.amount) * UNIT) // self._instrument.lot
        return Trade(at, self._market, ticks, lots, row.side, row.venue_ms)

"""The ledger of one market: every fill of ours in, exact sums out.

A fill moves the position by its amount; a fee taken in the base coin makes that amount smaller, at the fill's own
price. `cost` is what the position was bought for, signed like the position. A reduction takes its share of the cost
with it, rounded half-even to the unit; the rest stays, so that no unit is ever lost. Realised PnL is the value of
what left minus the cost that left: before fees, which are kept apart by asset. `cash` is the plain flow of quote.
Fills come from `durable.py`, exactly once each; `docs/accounting.md` states the same rules with an example.
"""

from deskbot.core.money import UNIT, divide_half_even
from deskbot.core.records import Filled


class Ledger:
    """Sums of one market, in units (10^-18) of base and quote."""

    __slots__ = (
        "cash",
        "cost",
        "fees",
        "fills",
        "last_fill_at",
        "last_trade_id",
        "last_venue_ms",
        "position",
        "realised",
    )

    def __init__(self) -> None:
        self.position = 0
        self.cost = 0
        self.realised = 0
        self.cash = 0
        self.fees: dict[str, int] = {}
        self.fills = 0
        self.last_fill_at = 0
        self.last_trade_id = ""
        self.last_venue_ms = 0

    def open_with(self, amount: int, average_price: int) -> None:
        """Add what of a position was there before the journal."""
        self.position += amount
        self.cost += _value(average_price, amount)

    def book(self, fill: Filled) -> None:
        """Add one execution."""
        self.cash -= fill.side * _value(fill.price, fill.amount)
        self.fees[fill.fee_asset] = self.fees.get(fill.fee_asset, 0) + fill.fee
        self._move(fill.side * fill.amount - (fill.fee if fill.fee_in_base else 0), fill.price)
        self.fills += 1
        self.last_fill_at = fill.at
        if fill.venue_ms >= self.last_venue_ms:
            self.last_venue_ms = fill.venue_ms
            self.last_trade_id = fill.trade_id

    def unrealised(self, price: int) -> int:
        """What closing everything at `price` (units of quote per base) would realise."""
        return _value(price, self.position) - self.cost

    @property
    def average_price(self) -> int:
        """Units of quote per base; 0 when flat."""
        return divide_half_even(self.cost * UNIT, self.position) if self.position > 0 else self._short_average()

    def _short_average(self) -> int:
        return divide_half_even(-self.cost * UNIT, -self.position) if self.position < 0 else 0

    def _move(self, delta: int, price: int) -> None:
        if self.position * delta < 0:
            closing = -self.position if abs(delta) >= abs(self.position) else delta
            self._close(closing, price)
            delta -= closing
        self.position += delta
        self.cost += _value(price, delta)

    def _close(self, delta: int, price: int) -> None:
        leaving = _share(self.cost, -delta, self.position)
        self.realised += _value(price, -delta) - leaving
        self.cost -= leaving
        self.position += delta


def _value(price: int, amount: int) -> int:
    """Price × amount in units of quote, half-even on the magnitude, signed like the amount."""
    value = divide_half_even(price * abs(amount), UNIT)
    return value if amount >= 0 else -value


def _share(cost: int, part: int, whole: int) -> int:
    """The part of a cost that belongs to a part of the position; all three have one sign."""
    share = divide_half_even(abs(cost) * abs(part), abs(whole))
    return share if cost >= 0 else -share

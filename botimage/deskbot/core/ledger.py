"""The ledger of one market: the set of our fills in, exact sums out.

    Filled, FillCorrected, Funded ──▶ Durable (once each) ──▶ Ledger ──▶ position, cost, realised, cash, fees, funding

A fill moves the position by its amount; a fee taken in the base coin makes that amount smaller, at the fill's own
price. `cost` is what the position was bought for, signed like the position. A reduction takes its share of the cost
with it, rounded half-even to the unit; the rest stays, so that no unit is ever lost. Realised PnL is the value of
what left minus the cost that left: before fees, which are kept apart by asset. `cash` is the plain flow of quote.

Average cost depends on the order of fills, and fills arrive late: so position, cost and realised are folded in the
venue's order (its milliseconds, its sequence within them, then arrival), whatever the order of arrival. One that
belongs before others is put in its place and what follows is folded again, among the newest `WINDOW` fills or more;
older ones are settled, and one from before them is put right after them. A fill that comes in order costs one step.
`docs/accounting.md` states the same rules with examples.
"""

from bisect import bisect_left, bisect_right
from typing import Final

from mypy_extensions import mypyc_attr

from deskbot.core.money import UNIT, divide_half_even
from deskbot.core.records import FillCorrected, Filled, Funded

WINDOW: Final = 1000


@mypyc_attr(acyclic=True)
class Booked:
    """One fill of the window, and the sums after it."""

    __slots__ = ("cost", "fill", "position", "realised")

    def __init__(self, fill: Filled, position: int, cost: int, realised: int) -> None:
        self.fill = fill
        self.position = position
        self.cost = cost
        self.realised = realised


class Ledger:
    """Sums of one market, in units (10^-18) of base and quote. `settled_…` are those from before the window.

    `moved` is the plain sum of everything that moved the position, which the fold must come to. `by_trade_id` finds the
    fills of the window, each of which is booked once: a venue's list asks for a thousand of them at a time.
    """

    __slots__ = (
        "by_trade_id",
        "cash",
        "cost",
        "fees",
        "fills",
        "forced",
        "funding",
        "last_fill_at",
        "last_trade_id",
        "last_venue_ms",
        "moved",
        "position",
        "realised",
        "settled_cost",
        "settled_position",
        "settled_realised",
        "window",
    )

    def __init__(self) -> None:
        self.position = 0
        self.cost = 0
        self.realised = 0
        self.cash = 0
        self.fees: dict[str, int] = {}
        self.funding: dict[str, int] = {}
        self.fills = 0
        self.forced = 0
        self.last_fill_at = 0
        self.last_trade_id = ""
        self.last_venue_ms = 0
        self.moved = 0
        self.settled_position = 0
        self.settled_cost = 0
        self.settled_realised = 0
        self.window: list[Booked] = []
        self.by_trade_id: dict[str, Booked] = {}

    def open_with(self, amount: int, average_price: int) -> None:
        """Add what of a position was there before the journal, and so before every execution in it."""
        self.moved += amount
        self.settled_position += amount
        self.settled_cost += _value(average_price, amount)
        self._fold_from(0)

    def book(self, fill: Filled) -> None:
        """Add one execution."""
        value, delta = _value(fill.price, fill.amount), _delta(fill)
        self.cash -= fill.side * value
        self.fees[fill.fee_asset] = self.fees.get(fill.fee_asset, 0) + fill.fee
        self.fills += 1
        if fill.kind:
            self.forced += 1
        self.moved += delta
        self.last_fill_at = fill.at
        window, venue_ms = self.window, fill.venue_ms
        last = window[-1].fill if window else fill
        # `_place` of both compared, without making them
        if venue_ms < last.venue_ms or (venue_ms == last.venue_ms and fill.sequence < last.sequence):
            self._put_in_place(fill)
        else:
            self._put_last(fill, delta, value)
        if len(window) >= 2 * WINDOW:
            self._settle(WINDOW)

    def refill(self, fills: list[Filled]) -> None:
        """Put the window back as it was, oldest first, upon the settled sums."""
        self.window = [Booked(fill, 0, 0, 0) for fill in fills]
        self.by_trade_id = {booked.fill.trade_id: booked for booked in self.window}
        self._fold_from(0)

    def fund(self, funding: Funded) -> None:
        """Add one funding payment; it moves no position."""
        self.funding[funding.asset] = self.funding.get(funding.asset, 0) + funding.amount

    def in_window(self, trade_id: str) -> Filled | None:
        """A fill that can still be corrected."""
        booked = self.by_trade_id.get(trade_id)
        return None if booked is None else booked.fill

    def correct(self, record: FillCorrected) -> None:
        """Take the venue's later word on the price and the fee of a fill, as if it had been the first."""
        booked = self.by_trade_id.get(record.trade_id)
        if booked is None:
            return
        before = booked.fill
        after = corrected(before, record)
        self.cash += before.side * (_value(before.price, before.amount) - _value(after.price, after.amount))
        self.fees[before.fee_asset] -= before.fee
        self.fees[after.fee_asset] = self.fees.get(after.fee_asset, 0) + after.fee
        self.moved += _delta(after) - _delta(before)
        booked.fill = after
        self._fold_from(self._index(booked))

    def unrealised(self, price: int) -> int:
        """What closing everything at `price` (units of quote per base) would realise."""
        return _value(price, self.position) - self.cost

    @property
    def average_price(self) -> int:
        """Units of quote per base; 0 when flat."""
        return divide_half_even(self.cost * UNIT, self.position) if self.position > 0 else self._short_average()

    def _short_average(self) -> int:
        return divide_half_even(-self.cost * UNIT, -self.position) if self.position < 0 else 0

    def _index(self, booked: Booked) -> int:
        index = bisect_left(self.window, _place_of(booked), key=_place_of)
        while self.window[index] is not booked:  # fills of one place follow each other
            index += 1
        return index

    def _put_last(self, fill: Filled, delta: int, value: int) -> None:
        self._fold(fill.price, delta, abs(_value(fill.price, delta)) if fill.fee_in_base else value)
        booked = Booked(fill, self.position, self.cost, self.realised)
        self.window.append(booked)
        self.by_trade_id[fill.trade_id] = booked
        if fill.venue_ms >= self.last_venue_ms:
            self.last_venue_ms = fill.venue_ms
            self.last_trade_id = fill.trade_id

    def _put_in_place(self, fill: Filled) -> None:
        index = bisect_right(self.window, _place(fill), key=_place_of)
        booked = Booked(fill, 0, 0, 0)
        self.window.insert(index, booked)
        self.by_trade_id[fill.trade_id] = booked
        self._fold_from(index)

    def _fold_from(self, index: int) -> None:
        """Fold again everything from one place of the window on."""
        if index == 0:
            self.position, self.cost, self.realised = self.settled_position, self.settled_cost, self.settled_realised
        else:
            before = self.window[index - 1]
            self.position, self.cost, self.realised = before.position, before.cost, before.realised
        for booked in self.window[index:]:
            delta, price = _delta(booked.fill), booked.fill.price
            self._fold(price, delta, abs(_value(price, delta)))
            booked.position, booked.cost, booked.realised = self.position, self.cost, self.realised

    def _settle(self, count: int) -> None:
        """The oldest fills of the window are final from now on."""
        if count:
            last = self.window[count - 1]
            self.settled_position, self.settled_cost = last.position, last.cost
            self.settled_realised = last.realised
            for booked in self.window[:count]:
                del self.by_trade_id[booked.fill.trade_id]
            del self.window[:count]

    def _fold(self, price: int, delta: int, value: int) -> None:
        """Move the position by `delta`, which is worth so much; what goes through zero closes first, then opens."""
        position = self.position
        if position * delta >= 0:
            self._open(delta, value)
        elif abs(delta) <= abs(position):
            self._close(delta, value)
        else:
            self._close(-position, abs(_value(price, position)))
            self._open(delta + position, abs(_value(price, delta + position)))

    def _open(self, delta: int, value: int) -> None:
        self.position += delta
        self.cost += value if delta >= 0 else -value

    def _close(self, delta: int, value: int) -> None:
        leaving = self.cost if delta == -self.position else _share(self.cost, -delta, self.position)
        self.realised += (value if delta <= 0 else -value) - leaving
        self.cost -= leaving
        self.position += delta


def corrected(fill: Filled, record: FillCorrected) -> Filled:
    """A fill as its correction has it."""
    return Filled(
        at=fill.at,
        market=fill.market,
        trade_id=fill.trade_id,
        client_id=fill.client_id,
        side=fill.side,
        price=record.price,
        amount=fill.amount,
        lots=fill.lots,
        fee=record.fee,
        fee_asset=record.fee_asset,
        fee_in_base=record.fee_in_base,
        maker=fill.maker,
        venue_ms=fill.venue_ms,
        sequence=fill.sequence,
        kind=fill.kind,
    )


def _delta(fill: Filled) -> int:
    """What a fill moves the position by."""
    return fill.side * fill.amount - (fill.fee if fill.fee_in_base else 0)


def _place(fill: Filled) -> tuple[int, int]:
    return fill.venue_ms, fill.sequence


def _place_of(booked: Booked) -> tuple[int, int]:
    return booked.fill.venue_ms, booked.fill.sequence


def _value(price: int, amount: int) -> int:
    """Price × amount in units of quote, half-even on the magnitude, signed like the amount."""
    value = divide_half_even(price * abs(amount), UNIT)
    return value if amount >= 0 else -value


def _share(cost: int, part: int, whole: int) -> int:
    """The part of a cost that belongs to a part of the position; all three have one sign."""
    share = divide_half_even(abs(cost) * abs(part), abs(whole))
    return share if cost >= 0 else -share

"""What one account did on one market, added up exactly.

Every fill changes four sums: the position, what the position cost at entry, the cash that moved, and the PnL realised
before fees by average cost. A fee in the base coin (spot buys) never arrives: the position grows by the quantity
less the fee, at the price of the fill, and the fee stands apart under its own coin. What a reduction removes of the
cost is rounded half to even to 10^-18; the rest stays, so that nothing is lost over any number of fills. A fill through
zero first closes, then opens the rest at its own price. Funding is a sum of its own.
"""

from deskbot.matching.listing import Listing
from deskbot.matching.orders import Origin, Side
from deskbot.matching.reports import MarketTruth
from deskbot.matching.units import half_even


class MarketLedger:
    """The sums; units of 10^-18, the position signed, its cost not."""

    __slots__ = (
        "_listing",
        "cash_units",
        "cost_units",
        "fees",
        "fills",
        "forced",
        "funding_units",
        "position_units",
        "realised_units",
    )

    def __init__(self, listing: Listing) -> None:
        self._listing = listing
        self.position_units = 0
        self.cost_units = 0
        self.cash_units = 0
        self.realised_units = 0
        self.fees: dict[str, int] = {}
        self.fills = 0
        self.funding_units = 0
        self.forced: dict[Origin, int] = {}

    @property
    def lots(self) -> int:
        """The signed position in whole lots; exact for contracts, where fees are not taken in the base coin."""
        return self.position_units // self._listing.step_units

    def emptied(self) -> "MarketLedger":
        """A ledger of the same market without any sums."""
        return MarketLedger(self._listing)

    def copy(self) -> "MarketLedger":
        """A ledger of its own with the same sums."""
        other = MarketLedger(self._listing)
        for name in ("cash_units", "cost_units", "fills", "funding_units", "position_units", "realised_units"):
            setattr(other, name, getattr(self, name))
        other.fees, other.forced = dict(self.fees), dict(self.forced)
        return other

    def fund(self, paid_units: int) -> None:
        """Add one funding payment."""
        self.funding_units += paid_units

    def fill(
        self, side: Side, ticks: int, lots: int, fee_units: int, fee_asset: str, origin: Origin = Origin.OWNER
    ) -> int:
        """Add one fill; returns the PnL it realised."""
        listing = self._listing
        change = side.sign * lots * listing.step_units
        if fee_asset == listing.base:
            change -= fee_units
        self.cash_units -= side.sign * listing.value(ticks, lots)
        self.fees[fee_asset] = self.fees.get(fee_asset, 0) + fee_units
        self.fills += 1
        if origin is not Origin.OWNER:
            self.forced[origin] = self.forced.get(origin, 0) + 1
        realised = self._reduce(change, ticks)
        self.realised_units += realised
        return realised

    def truth(self) -> MarketTruth:
        """The sums as they stand."""
        return MarketTruth(
            position_units=self.position_units,
            cost_units=self.cost_units,
            cash_units=self.cash_units,
            realised_units=self.realised_units,
            fees=dict(self.fees),
            fills=self.fills,
            funding_units=self.funding_units,
            forced=dict(self.forced),
        )

    def _reduce(self, change: int, ticks: int) -> int:
        held = abs(self.position_units)
        opposite = (self.position_units > 0) != (change > 0)
        closed = min(held, abs(change)) if opposite else 0
        removed = half_even(self.cost_units * closed, held) if closed else 0
        gain = self._listing.worth(ticks, closed) - removed
        realised = gain if self.position_units > 0 else -gain
        self.cost_units += self._listing.worth(ticks, abs(change) - closed) - removed
        self.position_units += change
        return realised

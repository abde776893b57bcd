"""What Binance makes of a market: its filters, limits and fees in place of those of another venue.

Figures: `exchangeInfo` of BTCUSDT, spot and USD-M, and the fee schedule of a first-tier account. Tick and step are the
recordings' own and stay. Client ids are unique only among open orders, and commissions have eight decimals.
"""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from deskbot.matching import Category, Listing

# Multiples of the last price a spot limit price may lie at (PERCENT_PRICE_BY_SIDE)
SPOT_PRICE_UP = Decimal(5)
SPOT_PRICE_DOWN = Decimal("0.2")
LINEAR_PRICE_LIMIT = Decimal("0.05")  # PERCENT_PRICE 1.05 and 0.95, for the side that takes
MOST = {"spot:BTCUSDT": (Decimal(9000), Decimal(100)), "linear:BTCUSDT": (Decimal(1000), Decimal(120))}
LEAST_VALUE = {"spot:BTCUSDT": Decimal(5), "linear:BTCUSDT": Decimal(100), "linear:ETHUSDT": Decimal(20)}


def as_binance_lists(listing: Listing) -> Listing:
    """The same market under Binance's rules."""
    spot = listing.category is Category.SPOT
    most, most_at_market = MOST.get(listing.key, (listing.max_quantity, listing.max_market_quantity))
    return replace(
        listing,
        min_quantity=listing.quantity_step,
        max_quantity=most,
        max_market_quantity=most_at_market,
        min_notional=LEAST_VALUE.get(listing.key, Decimal(5)),
        maker_rate=Decimal("0.001") if spot else Decimal("0.0002"),
        taker_rate=Decimal("0.001") if spot else Decimal("0.0005"),
        price_limit=None if spot else LINEAR_PRICE_LIMIT,
        max_leverage=Decimal(125),
        max_open_orders=200,
        max_conditional_orders=5 if spot else 10,
        reuses_link_ids=True,
        fee_places=8,
    )

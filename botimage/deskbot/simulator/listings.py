"""The markets the simulator can list, with filters like Bybit's.

Tick and step are those of the recordings (Binance), so that every recorded level is a whole number of both; the other
filters and the fee rates are what Bybit lists for a first-tier account. The spot minimum lies above the step, as there.
"""

from decimal import Decimal

from deskbot.matching import Category, Listing

BTCUSDT_LINEAR = Listing(
    symbol="BTCUSDT",
    category=Category.LINEAR,
    base="BTC",
    quote="USDT",
    settle="USDT",
    tick_size=Decimal("0.1"),
    quantity_step=Decimal("0.001"),
    min_quantity=Decimal("0.001"),
    max_quantity=Decimal(1190),
    max_market_quantity=Decimal(119),
    min_notional=Decimal(5),
    maker_rate=Decimal("0.0002"),
    taker_rate=Decimal("0.00055"),
    price_limit=Decimal("0.05"),
    max_leverage=Decimal(100),
    max_conditional_orders=10,
)

BTCUSDT_SPOT = Listing(
    symbol="BTCUSDT",
    category=Category.SPOT,
    base="BTC",
    quote="USDT",
    settle="USDT",
    tick_size=Decimal("0.01"),
    quantity_step=Decimal("0.00001"),
    min_quantity=Decimal("0.00005"),
    max_quantity=Decimal(83),
    max_market_quantity=Decimal("41.5"),
    min_notional=Decimal(5),
    maker_rate=Decimal("0.001"),
    taker_rate=Decimal("0.001"),
    price_limit=Decimal("0.05"),
    max_conditional_orders=30,
)

LISTINGS = {listing.key: listing for listing in (BTCUSDT_LINEAR, BTCUSDT_SPOT)}

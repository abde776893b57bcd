"""The markets the simulator can list, with filters like Bybit's.

Tick and step are those of the recordings (Binance), so that every recorded level is a whole number of both; the other
filters and the fee rates are what Bybit lists for a first-tier account. The spot minimum lies above the step, as there.
ADA has a tick of three basis points and DOGE lots of a few cents, so that rounding is never an afterthought.
"""

from dataclasses import replace
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

ETHUSDT_LINEAR = replace(
    BTCUSDT_LINEAR,
    symbol="ETHUSDT",
    base="ETH",
    tick_size=Decimal("0.01"),
    max_quantity=Decimal(7240),
    max_market_quantity=Decimal(724),
    maintenance_rate=Decimal("0.005"),
)

ETHUSDT_SPOT = replace(
    BTCUSDT_SPOT,
    symbol="ETHUSDT",
    base="ETH",
    quantity_step=Decimal("0.0001"),
    min_quantity=Decimal("0.0005"),
    max_quantity=Decimal(1450),
    max_market_quantity=Decimal(725),
)

ADAUSDT_LINEAR = replace(
    BTCUSDT_LINEAR,
    symbol="ADAUSDT",
    base="ADA",
    tick_size=Decimal("0.0001"),
    quantity_step=Decimal(1),
    min_quantity=Decimal(1),
    max_quantity=Decimal(3_550_000),
    max_market_quantity=Decimal(860_000),
    max_leverage=Decimal(75),
    maintenance_rate=Decimal("0.0067"),
)

ADAUSDT_SPOT = replace(
    BTCUSDT_SPOT,
    symbol="ADAUSDT",
    base="ADA",
    tick_size=Decimal("0.0001"),
    quantity_step=Decimal("0.1"),
    min_quantity=Decimal("1.2"),
    max_quantity=Decimal(5_000_000),
    max_market_quantity=Decimal(2_500_000),
)

DOGEUSDT_LINEAR = replace(
    ADAUSDT_LINEAR,
    symbol="DOGEUSDT",
    base="DOGE",
    tick_size=Decimal("0.00001"),
    max_quantity=Decimal(13_000_000),
    max_market_quantity=Decimal(2_600_000),
)

DOGEUSDT_SPOT = replace(
    ADAUSDT_SPOT,
    symbol="DOGEUSDT",
    base="DOGE",
    tick_size=Decimal("0.00001"),
    quantity_step=Decimal(1),
    min_quantity=Decimal(6),
    max_quantity=Decimal(15_000_000),
    max_market_quantity=Decimal(7_500_000),
)

LISTINGS = {
    listing.key: listing
    for listing in (
        BTCUSDT_LINEAR,
        BTCUSDT_SPOT,
        ETHUSDT_LINEAR,
        ETHUSDT_SPOT,
        ADAUSDT_LINEAR,
        ADAUSDT_SPOT,
        DOGEUSDT_LINEAR,
        DOGEUSDT_SPOT,
    )
}

"""Markets as ccxt's own parser makes them of Bybit's instrument rows, and the instruments of two of them."""

from typing import Any

from deskbot.venues.bybit.exchange import Bybit
from deskbot.venues.markets import Markets

LINEAR = {
    "symbol": "BTCUSDT",
    "contractType": "LinearPerpetual",
    "status": "Trading",
    "baseCoin": "BTC",
    "quoteCoin": "USDT",
    "settleCoin": "USDT",
    "launchTime": "1585526400000",
    "deliveryTime": "0",
    "priceFilter": {"minPrice": "0.10", "maxPrice": "1999999.80", "tickSize": "0.10"},
    "lotSizeFilter": {
        "maxOrderQty": "1190.000",
        "minOrderQty": "0.001",
        "qtyStep": "0.001",
        "minNotionalValue": "5",
    },
}
FINE = {
    **LINEAR,
    "symbol": "1000PEPEUSDT",
    "baseCoin": "1000PEPE",
    "priceFilter": {"minPrice": "0.0000001", "maxPrice": "2", "tickSize": "0.0000001"},
    "lotSizeFilter": {"maxOrderQty": "0", "minOrderQty": "100", "qtyStep": "100", "minNotionalValue": "5"},
}
USDC_SETTLED = {**LINEAR, "symbol": "BTCPERP", "quoteCoin": "USDC", "settleCoin": "USDC"}
NOT_TRADING = ("PreLaunch", "Settling", "Delivering", "Closed")  # of instruments-info; spot has Trading only
CLOSED = [{**LINEAR, "symbol": f"{word.upper()}USDT", "baseCoin": word.upper(), "status": word} for word in NOT_TRADING]
SPOT = {
    "symbol": "BTCUSDT",
    "baseCoin": "BTC",
    "quoteCoin": "USDT",
    "status": "Trading",
    "lotSizeFilter": {
        "basePrecision": "0.000001",
        "quotePrecision": "0.0000001",
        "minOrderQty": "0.000011",
        "maxOrderQty": "83",
        "minOrderAmt": "5",
    },
    "priceFilter": {"tickSize": "0.01"},
}


async def ccxt_markets() -> dict[str, dict[str, Any]]:
    """Both market types, keyed by ccxt's unified symbols."""
    exchange = Bybit({"number": str})
    rows = {"linear": [LINEAR, FINE, USDC_SETTLED, *CLOSED], "spot": [SPOT]}

    async def instruments_info(query: dict[str, str]) -> dict[str, Any]:
        found = [] if query.get("status") == "PreLaunch" else rows[query["category"]]
        return {"retCode": 0, "result": {"category": query["category"], "list": found}}

    exchange.publicGetV5MarketInstrumentsInfo = instruments_info
    made = [*await exchange.fetch_future_markets({"category": "linear"}), *await exchange.fetch_spot_markets({})]
    return {one["symbol"]: one for one in made}


async def markets(market_type: str) -> Markets:
    return Markets(await ccxt_markets(), market_type)

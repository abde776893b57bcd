"""A client of Bybit that knows only ccxt (`independent.py`)."""

import asyncio
import sys
from typing import Any

import ccxt.pro

from tests.simulator.independent import Seen, market_data, trade


async def orders(exchange: Any, symbol: str, price: float, amount: float, seen: Seen) -> None:
    """Reads open orders to the last page, changes one, cancels one, cancels all, trigger orders too."""
    prefix = f"{exchange.market(symbol)['type']}-{exchange.milliseconds()}"
    for number in range(41):
        await exchange.create_order(symbol, "limit", "buy", amount, price, {"clientOrderId": f"{prefix}-{number}"})
    first_page = await exchange.fetch_open_orders(symbol)
    everything = await exchange.fetch_open_orders(symbol, params={"paginate": True})
    seen["firstPage"], seen["allPages"] = len(first_page), len({order["id"] for order in everything})
    one, other = everything[0], everything[1]
    await exchange.edit_order(one["id"], symbol, "limit", "buy", amount * 2, price)
    assert (await exchange.fetch_open_order(one["id"], symbol))["amount"] == amount * 2
    await exchange.cancel_order(other["id"], symbol)
    assert (await exchange.fetch_order(other["id"], symbol, {"acknowledged": True}))["status"] == "canceled"
    direction = {} if exchange.market(symbol)["spot"] else {"triggerDirection": "descending"}
    await exchange.create_order(
        symbol, "limit", "buy", amount, price, {"triggerPrice": exchange.price_to_precision(symbol, price), **direction}
    )
    assert len(await exchange.fetch_open_orders(symbol, params={"trigger": True})) == 1
    await exchange.cancel_all_orders(symbol)
    await exchange.cancel_all_orders(symbol, {"trigger": True})
    assert await exchange.fetch_open_orders(symbol) == []


async def main(url: str, key: str, secret: str, symbol: str) -> None:
    kind = "swap" if ":" in symbol else "spot"
    exchange = ccxt.pro.bybit(
        {"apiKey": key, "secret": secret, "enableRateLimit": False, "options": {"defaultType": kind}}
    )
    await trade(exchange, market_data, orders, url, symbol)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))

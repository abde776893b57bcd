"""A client of Binance, spot and USD-M, that knows only ccxt (`independent.py`)."""

import asyncio
import sys
from typing import Any

import ccxt.pro

from tests.simulator.independent import Book, Seen, market_data, trade


async def markets_and_rights(exchange: Any, symbol: str, seen: Seen) -> Book:
    """Reads what is public, and what the key may do."""
    book = await market_data(exchange, symbol, seen)
    assert book["nonce"] > 0, book
    assert (await exchange.fetch_status())["status"] == "ok"
    rights = await exchange.sapi_get_account_apirestrictions()
    assert rights["enableWithdrawals"] is False, rights
    return book


async def orders(exchange: Any, symbol: str, price: float, amount: float, seen: Seen) -> None:
    """Places many orders, reads them all at once, changes one, cancels one, cancels all, trigger orders too."""
    prefix = f"{exchange.market(symbol)['type']}-{exchange.milliseconds()}"
    for number in range(41):
        await exchange.create_order(symbol, "limit", "buy", amount, price, {"clientOrderId": f"{prefix}-{number}"})
    everything = await exchange.fetch_open_orders(symbol)
    seen["open"] = len({order["id"] for order in everything})
    one, other = everything[0], everything[1]
    assert (await exchange.fetch_order(None, symbol, {"clientOrderId": one["clientOrderId"]}))["id"] == one["id"]
    edited = await exchange.edit_order(one["id"], symbol, "limit", "buy", amount * 2, price)
    assert (await exchange.fetch_order(edited["id"], symbol))["amount"] == amount * 2
    await exchange.cancel_order(other["id"], symbol)
    assert (await exchange.fetch_order(other["id"], symbol))["status"] == "canceled"
    stop = exchange.price_to_precision(symbol, price)
    await exchange.create_order(symbol, "limit", "sell", amount, price, {"stopLossPrice": stop})
    waiting = await exchange.fetch_open_orders(symbol, params={"trigger": True})
    assert [order["triggerPrice"] for order in waiting if order["triggerPrice"]] == [float(stop)], waiting
    await exchange.cancel_all_orders(symbol)
    if exchange.market(symbol)["swap"]:
        await exchange.cancel_all_orders(symbol, {"trigger": True})
    assert await exchange.fetch_open_orders(symbol) == []
    assert await exchange.fetch_open_orders(symbol, params={"trigger": True}) == []


async def main(url: str, key: str, secret: str, symbol: str) -> None:
    venue = ccxt.pro.binanceusdm if ":" in symbol else ccxt.pro.binance
    exchange = venue({"apiKey": key, "secret": secret, "enableRateLimit": False})
    await trade(exchange, markets_and_rights, orders, url, symbol)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))

"""A client written against ccxt alone: what any user of ccxt could point at the simulator.

    python independent_client.py URL KEY SECRET SYMBOL

Prints one JSON object of what it saw; a disagreement ends it with an AssertionError.
"""

import asyncio
import json
import sys
from typing import Any

import ccxt.pro


def redirect(tree: dict[str, Any], base: str) -> None:
    """The venue's hosts become the first segment of the path."""
    for name, leaf in tree.items():
        if isinstance(leaf, dict):
            redirect(leaf, base)
        else:
            scheme, _, rest = leaf.partition("://")
            tree[name] = f"{base.replace('http', 'ws', 1) if scheme == 'wss' else base}/{rest}"


async def market_data(exchange: Any, symbol: str, seen: dict[str, Any]) -> Any:
    book = await exchange.fetch_order_book(symbol, 50)
    assert book["bids"][0][0] < book["asks"][0][0], book
    assert book["nonce"] > 0, book
    seen["depth"] = len(book["bids"])
    seen["trades"] = len(await exchange.fetch_trades(symbol))
    seen["last"] = (await exchange.fetch_ticker(symbol))["last"]
    seen["candles"] = len(await exchange.fetch_ohlcv(symbol, "1m"))
    fee = await exchange.fetch_trading_fee(symbol)
    assert 0 < fee["maker"] <= fee["taker"], fee
    assert (await exchange.fetch_status())["status"] == "ok"
    rights = await exchange.sapi_get_account_apirestrictions()
    assert rights["enableWithdrawals"] is False, rights
    return book


async def orders(exchange: Any, symbol: str, price: float, amount: float, seen: dict[str, Any]) -> None:
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


async def round_trip(exchange: Any, symbol: str, amount: float, seen: dict[str, Any]) -> None:
    """Buys and sells at market, once over REST and once over the WebSocket API, and finds both fills."""
    swap = exchange.market(symbol)["swap"]
    bought = await exchange.create_order(symbol, "market", "buy", amount, None)
    if swap:
        assert (await exchange.fetch_positions([symbol]))[0]["contracts"] == amount
    sold = await exchange.create_order_ws(symbol, "market", "sell", amount, None, {"reduceOnly": True} if swap else {})
    fills = await exchange.fetch_my_trades(symbol)
    assert {fill["order"] for fill in fills} >= {bought["id"], sold["id"]}, fills
    assert all(fill["fee"]["cost"] > 0 for fill in fills), fills
    seen["fills"] = len(fills)
    seen["balance"] = (await exchange.fetch_balance())["USDT"]["total"]


async def streams(exchange: Any, symbol: str, price: float, amount: float, seen: dict[str, Any]) -> None:
    for _ in range(5):
        book = await exchange.watch_order_book(symbol)
        assert book["bids"][0][0] < book["asks"][0][0], book
    seen["streamedTrades"] = len(await exchange.watch_trades(symbol))
    seen["streamedTicker"] = (await exchange.watch_ticker(symbol))["last"]
    watching = [asyncio.ensure_future(w) for w in (exchange.watch_orders(symbol), exchange.watch_balance())]
    filling = asyncio.ensure_future(exchange.watch_my_trades(symbol))
    await asyncio.sleep(0.5)
    resting = await exchange.create_order(symbol, "limit", "buy", amount, price, {"postOnly": True})
    taking = await exchange.create_order(symbol, "market", "buy", amount, None)
    told, balance = await asyncio.wait_for(asyncio.gather(*watching), 10)
    fills = await asyncio.wait_for(filling, 10)
    assert told[0]["id"] == resting["id"], told
    assert told[0]["symbol"] == fills[0]["symbol"] == symbol
    assert fills[0]["order"] == taking["id"], fills
    assert balance["USDT"]["total"] > 0
    seen["streamedOrder"], seen["streamedFillFee"] = told[0]["status"], fills[0]["fee"]["currency"]
    await exchange.cancel_all_orders(symbol)


async def main(url: str, key: str, secret: str, symbol: str) -> None:
    venue = ccxt.pro.binanceusdm if ":" in symbol else ccxt.pro.binance
    exchange = venue({"apiKey": key, "secret": secret, "enableRateLimit": False})
    redirect(exchange.urls["api"], url)
    seen: dict[str, Any] = {}
    try:
        seen["markets"] = sorted(await exchange.load_markets())
        book = await market_data(exchange, symbol, seen)
        price, amount = float(exchange.price_to_precision(symbol, book["bids"][0][0] * 0.97)), 0.01
        await orders(exchange, symbol, price, amount, seen)
        await round_trip(exchange, symbol, amount, seen)
        await streams(exchange, symbol, price, amount, seen)
    finally:
        await exchange.close()
    print(json.dumps(seen))


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))

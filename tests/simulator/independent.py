"""What a client written against ccxt alone does with any venue: what any user of ccxt could point at the simulator.

`independent_client.py` and `binance/independent_client.py` are such clients:

    python -m tests.simulator.independent_client URL KEY SECRET SYMBOL

One prints a JSON object of what it saw; a disagreement ends it with an AssertionError.
"""

import asyncio
import json
import subprocess
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
KEY, SECRET = "independent", "secret-of-it"
ACCOUNT = f"{KEY}:{SECRET}:USDT=100000,BTC=1"
MARKETS = {"BTC/USDT:USDT": "USDT", "BTC/USDT": "BTC"}  # and the coin a buy pays its fee in

Seen = dict[str, Any]
Book = Any
ReadMarket = Callable[[Any, str, Seen], Awaitable[Book]]
Order = Callable[[Any, str, float, float, Seen], Awaitable[None]]


def redirect(tree: dict[str, Any], base: str) -> None:
    """The venue's hosts become the first segment of the path."""
    for name, leaf in tree.items():
        if isinstance(leaf, dict):
            redirect(leaf, base)
        else:
            scheme, _, rest = leaf.partition("://")
            tree[name] = f"{base.replace('http', 'ws', 1) if scheme == 'wss' else base}/{rest}"


async def market_data(exchange: Any, symbol: str, seen: Seen) -> Book:
    """Reads what is public, and the account's fees; returns the book."""
    book = await exchange.fetch_order_book(symbol, 50)
    assert book["bids"][0][0] < book["asks"][0][0], book
    seen["depth"] = len(book["bids"])
    seen["trades"] = len(await exchange.fetch_trades(symbol))
    seen["last"] = (await exchange.fetch_ticker(symbol))["last"]
    seen["candles"] = len(await exchange.fetch_ohlcv(symbol, "1m"))
    fee = await exchange.fetch_trading_fee(symbol)
    assert 0 < fee["maker"] <= fee["taker"], fee
    return book


async def round_trip(exchange: Any, symbol: str, amount: float, seen: Seen) -> None:
    """Buys and sells at market, once over REST and once over the order entry socket, and finds both fills."""
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


async def streams(exchange: Any, symbol: str, price: float, amount: float, seen: Seen) -> None:
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


async def trade(exchange: Any, read_market: ReadMarket, order: Order, url: str, symbol: str) -> None:
    """Everything that a client does; `read_market` and `order` are what each venue's does in its own way."""
    redirect(exchange.urls["api"], url)
    seen: Seen = {}
    try:
        seen["markets"] = sorted(await exchange.load_markets())
        book = await read_market(exchange, symbol, seen)
        price, amount = float(exchange.price_to_precision(symbol, book["bids"][0][0] * 0.97)), 0.01
        await order(exchange, symbol, price, amount, seen)
        await round_trip(exchange, symbol, amount, seen)
        await streams(exchange, symbol, price, amount, seen)
    finally:
        await exchange.close()
    print(json.dumps(seen))


@contextmanager
def serving(dialect: str) -> Iterator[str]:
    """The simulator as a process of its own; its address."""
    words = ["simulator", "--dialect", dialect, "--listen", "127.0.0.1:0", "--account", ACCOUNT, "--seed", "5"]
    with subprocess.Popen(
        [sys.executable, "-W", "error", "-m", "deskbot.cli", *words], stdout=subprocess.PIPE, text=True
    ) as running:
        assert running.stdout is not None
        try:
            yield running.stdout.readline().split()[3].rstrip(":")
        finally:
            running.terminate()
    assert running.returncode == 0


def seen_by_clients(client: str, base_url: str) -> dict[str, Seen]:
    """What a client on each market has seen, all at work at once; what they must all have seen is checked."""
    scripts = {symbol: _start(client, base_url, symbol) for symbol in MARKETS}
    found: dict[str, Seen] = {}
    for symbol, script in scripts.items():
        answer, complaint = script.communicate(timeout=100)
        assert script.returncode == 0, complaint[-2000:]
        seen = found[symbol] = json.loads(answer)
        assert symbol in seen["markets"]
        assert seen["depth"] == 50
        assert seen["fills"] >= 2
        assert seen["streamedOrder"] == "open"
        assert seen["streamedFillFee"] == MARKETS[symbol]
    return found


def _start(client: str, base_url: str, symbol: str) -> subprocess.Popen[str]:
    words = [sys.executable, "-m", client, base_url, KEY, SECRET, symbol]
    return subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=ROOT, text=True)

"""Public market data: books, trades, tickers, candles."""

from __future__ import annotations

from collections.abc import Callable

from deskbot.matching import Candle, Category, Listing, TradePrint
from deskbot.simulator.binance import codes
from deskbot.simulator.binance.call import Call, Json, Reply
from deskbot.simulator.binance.texts import eight, price, quantity
from deskbot.simulator.candles import MINUTE_NS, fold
from deskbot.simulator.numbers import ratio

INTERVAL_MINUTES = {
    "1m": 1, "3m": 3, "5m": 5, "15m": 15, "30m": 30, "1h": 60, "2h": 120, "4h": 240, "6h": 360, "8h": 480,
    "12h": 720, "1d": 1440
}  # fmt: skip
LINEAR_DEPTHS = (5, 10, 20, 50, 100, 500, 1000)
EIGHT_HOURS_NS = 480 * MINUTE_NS


def nothing(_call: Call) -> Json:
    return {}


def empty_list(_call: Call) -> list[Json]:
    """Lists that hold nothing here: no margin pairs, no history of funding before it is settled."""
    return []


def server_time(call: Call) -> Json:
    return {"serverTime": call.said_ns // 1_000_000}


def depth(call: Call) -> Json:
    """`lastUpdateId` counts the changes of the book, as `U` and `u` of the depth stream do."""
    listing = call.listing()
    size = call.integer("limit") or (100 if call.spot else 500)
    if not call.spot and size not in LINEAR_DEPTHS:
        raise codes.INVALID_DEPTH.refusal(call.category, limit=str(size))
    view = call.desk.snapshots.show(listing.key, call.exchange.book(listing.key, min(size, 5000)))
    shape: Json = {"lastUpdateId": view.sequence}
    if not call.spot:
        shape |= {"E": call.said_ns // 1_000_000, "T": view.time_ns // 1_000_000}
    return shape | {
        "bids": [[price(listing, ticks), quantity(listing, lots)] for ticks, lots in view.bids],
        "asks": [[price(listing, ticks), quantity(listing, lots)] for ticks, lots in view.asks],
    }


def recent_trades(call: Call) -> list[Json]:
    """Oldest first."""
    listing = call.listing()
    return [trade(listing, one) for one in call.exchange.trades(listing.key, limit=call.limit(500, 1000))]


def trade(listing: Listing, one: TradePrint) -> Json:
    return {
        "id": one.trade_id,
        "price": price(listing, one.ticks),
        "qty": quantity(listing, one.lots),
        "quoteQty": eight(listing.value(one.ticks, one.lots)),
        "time": one.time_ns // 1_000_000,
        "isBuyerMaker": not one.taker_buys,
        "isBestMatch": True,
    }


def aggregate_trades(call: Call) -> list[Json]:
    """Every trade is an aggregate of its own here; from an id on, of a window, or the newest."""
    listing = call.listing()
    first, start, end = call.integer("fromId"), call.integer("startTime"), call.integer("endTime")
    size = call.limit(500, 1000)
    known = call.exchange.trades(listing.key, limit=1000)
    if first is not None:
        return [aggregate(listing, one) for one in known if one.trade_id >= first][:size]
    window = range(start or 0, (end if end is not None else call.now_ms) + 1)
    inside = [one for one in known if one.time_ns // 1_000_000 in window]
    return [aggregate(listing, one) for one in (inside[:size] if start is not None else inside[-size:])]


def aggregate(listing: Listing, one: TradePrint) -> Json:
    """An element of `aggTrades`, and most of the `aggTrade` stream's event."""
    shape: Json = {
        "a": one.trade_id,
        "p": price(listing, one.ticks),
        "q": quantity(listing, one.lots),
        "f": one.trade_id,
        "l": one.trade_id,
        "T": one.time_ns // 1_000_000,
        "m": not one.taker_buys,
    }
    return shape | {"M": True} if listing.category is Category.SPOT else shape


def day_ticker(call: Call) -> Reply:
    return _each(call, lambda listing: day(call, listing))


def day(call: Call, listing: Listing) -> Json:
    view = call.exchange.ticker(listing.key)
    last, previous = view.last or 0, view.previous or view.last or 0
    average = view.turnover * 10**18 // (view.volume * listing.step_units) if view.volume else 0
    shape: Json = {
        "symbol": listing.symbol,
        "priceChange": price(listing, last - previous),
        "priceChangePercent": ratio((last - previous) * 100, previous, 3),
        "weightedAvgPrice": eight(average // 10**10 * 10**10),
        "lastPrice": price(listing, last),
        "lastQty": quantity(listing, 0),
        "openPrice": price(listing, previous),
        "highPrice": price(listing, view.high or last),
        "lowPrice": price(listing, view.low or last),
        "volume": quantity(listing, view.volume),
        "quoteVolume": eight(view.turnover),
        "openTime": view.time_ns // 1_000_000 - 86_400_000,
        "closeTime": view.time_ns // 1_000_000,
        "firstId": 0,
        "lastId": 0,
        "count": 0,
    }
    if listing.category is Category.LINEAR:
        return shape
    touch = best(call, listing)
    del touch["symbol"]
    return shape | touch | {"prevClosePrice": price(listing, previous)}


def book_ticker(call: Call) -> Reply:
    return _each(call, lambda listing: best(call, listing))


def best(call: Call, listing: Listing) -> Json:
    view = call.exchange.ticker(listing.key)
    return {
        "symbol": listing.symbol,
        "bidPrice": price(listing, view.bid or 0),
        "bidQty": quantity(listing, view.bid_lots),
        "askPrice": price(listing, view.ask or 0),
        "askQty": quantity(listing, view.ask_lots),
    }


def price_ticker(call: Call) -> Reply:
    return _each(
        call,
        lambda one: {"symbol": one.symbol, "price": price(one, call.exchange.ticker(one.key).last or 0)},
    )


def premium_index(call: Call) -> Reply:
    """Futures: mark price, and the rate of funding that is settled next."""
    return _each(call, lambda listing: premium(call, listing))


def premium(call: Call, listing: Listing) -> Json:
    mark = price(listing, call.exchange.mark(listing.key) or 0)
    return {
        "symbol": listing.symbol,
        "markPrice": mark,
        "indexPrice": mark,
        "estimatedSettlePrice": mark,
        "lastFundingRate": f"{call.exchange.funding_rate(listing.key):.8f}",
        "interestRate": "0.00010000",
        "nextFundingTime": (call.now_ns // EIGHT_HOURS_NS + 1) * EIGHT_HOURS_NS // 1_000_000,
        "time": call.now_ms,
    }


def _each(call: Call, shape: Callable[[Listing], Json]) -> Reply:
    """One object for one symbol, a list for all of them."""
    if call.text("symbol"):
        return shape(call.listing())
    return [shape(listing) for listing in call.listings()]


def candles(call: Call) -> list[list[object]]:
    """Oldest first. Longer intervals are folded from the minutes there are."""
    listing = call.listing()
    minutes = INTERVAL_MINUTES.get(call.required("interval"))
    if minutes is None:
        raise codes.INVALID_INTERVAL.refusal(call.category)
    size = call.limit(500, 1000 if call.spot else 1500)
    start, end = call.integer("startTime"), call.integer("endTime")
    kept = fold(call.exchange.candles(listing.key, limit=1440), minutes)
    window = range((start or 0), (end if end is not None else call.now_ms) + 1)
    inside = [one for one in kept if one.start_ns // 1_000_000 in window]
    shown = inside[:size] if start is not None else inside[-size:]
    return [candle(listing, one, minutes) for one in shown]


def candle(listing: Listing, one: Candle, minutes: int) -> list[object]:
    start_ms = one.start_ns // 1_000_000
    prices = [price(listing, ticks) for ticks in (one.open, one.high, one.low, one.close)]
    volume, turnover = quantity(listing, one.volume), eight(one.turnover)
    return [start_ms, *prices, volume, start_ms + minutes * 60_000 - 1, turnover, 0, "0", "0", "0"]

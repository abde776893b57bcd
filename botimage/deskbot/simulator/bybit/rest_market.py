"""Public market data: instruments, book, trades, tickers, candles."""

from __future__ import annotations

from deskbot.matching import Candle, Category, Exchange, Listing, MarketStatus, TradePrint
from deskbot.simulator.bybit import codes
from deskbot.simulator.bybit.call import Call, Json
from deskbot.simulator.candles import MINUTE_NS, fold
from deskbot.simulator.numbers import milliseconds, money, plain, price, quantity, ratio

LAUNCH_MS = "1585526400000"
INTERVAL_MINUTES = {
    "1": 1, "3": 3, "5": 5, "15": 15, "30": 30, "60": 60, "120": 120, "240": 240, "360": 360, "720": 720, "D": 1440
}  # fmt: skip

STATUS = {MarketStatus.TRADING: "Trading", MarketStatus.HALTED: "Settling", MarketStatus.CLOSED: "Closed"}


def server_time(call: Call) -> Json:
    return {"timeSecond": str(call.said_ns // 1_000_000_000), "timeNano": str(call.said_ns)}


def instruments(call: Call) -> Json:
    """Those that trade, unless `status` asks for others: PreLaunch, Settling, Delivering or Closed."""
    wanted = call.text("status") or "Trading"
    listings = [one for one in call.listings() if wanted == _status(call, one)]
    symbol, base = call.text("symbol"), call.text("baseCoin")
    shown = [one for one in listings if symbol in ("", one.symbol) and base in ("", one.base)]
    if symbol and not shown and call.traded:
        raise codes.UNKNOWN_SYMBOL.refusal("", symbol=symbol)
    shape = spot_instrument if call.category == Category.SPOT.value else linear_instrument
    result: Json = {"category": call.category, "list": [shape(listing) | {"status": wanted} for listing in shown]}
    return result if call.category == Category.SPOT.value else result | {"nextPageCursor": ""}


def _status(call: Call, listing: Listing) -> str:
    status = call.exchange.status(listing.key)
    if status is MarketStatus.HALTED and listing.category is Category.SPOT:
        return "Trading"  # the only status that spot has
    return STATUS[status]


def spot_instrument(listing: Listing) -> Json:
    return {
        "symbol": listing.symbol,
        "baseCoin": listing.base,
        "quoteCoin": listing.quote,
        "innovation": "0",
        "status": "Trading",
        "marginTrading": "none",
        "stTag": "0",
        "symbolType": "",
        "lotSizeFilter": {
            "basePrecision": plain(listing.quantity_step),
            "quotePrecision": plain(listing.quantity_step * listing.tick_size),
            "minOrderQty": plain(listing.min_quantity),
            "maxOrderQty": plain(listing.max_quantity),
            "minOrderAmt": plain(listing.min_notional),
            "maxOrderAmt": "8000000",
            "maxLimitOrderQty": plain(listing.max_quantity),
            "maxMarketOrderQty": plain(listing.max_market_quantity),
        },
        "priceFilter": {"tickSize": plain(listing.tick_size)},
        "riskParameters": _price_limits(listing),
    }


def linear_instrument(listing: Listing) -> Json:
    return {
        "symbol": listing.symbol,
        "contractType": "LinearPerpetual",
        "status": "Trading",
        "baseCoin": listing.base,
        "quoteCoin": listing.quote,
        "settleCoin": listing.settle,
        "symbolType": "",
        "launchTime": LAUNCH_MS,
        "deliveryTime": "0",
        "deliveryFeeRate": "",
        "priceScale": str(max(0, -int(listing.tick_size.normalize().as_tuple().exponent))),
        "leverageFilter": {"minLeverage": "1", "maxLeverage": plain(listing.max_leverage), "leverageStep": "0.01"},
        "priceFilter": {
            "minPrice": plain(listing.tick_size),
            "maxPrice": plain(listing.tick_size * 19_999_998),
            "tickSize": plain(listing.tick_size),
        },
        "lotSizeFilter": {
            "maxOrderQty": plain(listing.max_quantity),
            "minOrderQty": plain(listing.min_quantity),
            "qtyStep": plain(listing.quantity_step),
            "postOnlyMaxOrderQty": plain(listing.max_quantity),
            "maxMktOrderQty": plain(listing.max_market_quantity),
            "minNotionalValue": plain(listing.min_notional),
        },
        "unifiedMarginTrade": True,
        "fundingInterval": 480,
        "copyTrading": "none",
        "upperFundingRate": "0.005",
        "lowerFundingRate": "-0.005",
        "isPreListing": False,
        "preListingInfo": None,
        "riskParameters": _price_limits(listing),
    }


def _price_limits(listing: Listing) -> Json:
    limit = "" if listing.price_limit is None else plain(listing.price_limit)
    return {"priceLimitRatioX": limit, "priceLimitRatioY": limit}


def order_book(call: Call) -> Json:
    listing = call.listing(codes.NOT_SUPPORTED_SYMBOLS)
    spot = listing.category is Category.SPOT
    view = call.exchange.book(listing.key, call.limit(1 if spot else 25, 200 if spot else 500))
    return {
        "s": listing.symbol,
        "b": [[price(listing, ticks), quantity(listing, lots)] for ticks, lots in view.bids],
        "a": [[price(listing, ticks), quantity(listing, lots)] for ticks, lots in view.asks],
        "ts": call.now_ns // 1_000_000,
        "u": view.sequence,
        "seq": view.sequence,
        "cts": view.time_ns // 1_000_000,
    }


def recent_trades(call: Call) -> Json:
    if not call.traded:
        return _empty(call)
    listing = call.listing(codes.NOT_SUPPORTED_SYMBOLS)
    spot = listing.category is Category.SPOT
    trades = call.exchange.trades(listing.key, limit=call.limit(60 if spot else 500, 60 if spot else 1000))
    return _list(call, [trade(listing, one) for one in reversed(trades)])


def trade(listing: Listing, one: TradePrint) -> Json:
    return {
        "execId": str(one.trade_id),
        "symbol": listing.symbol,
        "price": price(listing, one.ticks),
        "size": quantity(listing, one.lots),
        "side": "Buy" if one.taker_buys else "Sell",
        "time": milliseconds(one.time_ns),
        "isBlockTrade": False,
        "isRPITrade": False,
        "seq": str(one.trade_id),
    }


def tickers(call: Call) -> Json:
    if not call.traded:
        return _empty(call)
    listings = [call.listing(codes.NOT_SUPPORTED_SYMBOLS)] if call.text("symbol") else call.listings()
    return _list(call, [ticker(call.exchange, listing.key) for listing in listings])


def ticker(exchange: Exchange, market: str) -> Json:
    """An element of `market/tickers` and the data of the `tickers` stream."""
    view = exchange.ticker(market)
    listing = view.listing
    last, previous = view.last or 0, view.previous or view.last or 0
    shape: Json = {
        "symbol": listing.symbol,
        "bid1Price": "" if view.bid is None else price(listing, view.bid),
        "bid1Size": quantity(listing, view.bid_lots),
        "ask1Price": "" if view.ask is None else price(listing, view.ask),
        "ask1Size": quantity(listing, view.ask_lots),
        "lastPrice": price(listing, last),
        "prevPrice24h": price(listing, previous),
        "price24hPcnt": ratio(last - previous, previous),
        "highPrice24h": price(listing, view.high or last),
        "lowPrice24h": price(listing, view.low or last),
        "turnover24h": money(view.turnover),
        "volume24h": quantity(listing, view.volume),
    }
    if listing.category is Category.SPOT:
        return shape | {"usdIndexPrice": price(listing, last)}
    return shape | {
        "indexPrice": price(listing, last),
        "markPrice": price(listing, exchange.mark(listing.key) or last),
        "prevPrice1h": price(listing, last),
        "openInterest": "0",
        "openInterestValue": "0",
        "fundingRate": plain(exchange.funding_rate(listing.key)),
        "nextFundingTime": milliseconds(view.time_ns // (480 * MINUTE_NS) * (480 * MINUTE_NS) + 480 * MINUTE_NS),
        "predictedDeliveryPrice": "",
        "basisRate": "",
        "deliveryFeeRate": "",
        "deliveryTime": "0",
    }


def candles(call: Call) -> Json:
    """Newest first. Longer intervals are folded from the minutes there are."""
    if not call.traded:
        return _empty(call) | {"symbol": call.text("symbol")}
    listing = call.listing(codes.NOT_SUPPORTED_SYMBOLS)
    minutes = INTERVAL_MINUTES.get(call.text("interval"))
    if minutes is None:
        raise codes.INVALID_PARAMETER.refusal(call.category, name="interval")
    limit = call.limit(200, 1000)
    start, end = call.integer("start", 0) * 1_000_000, call.integer("end", 2**53) * 1_000_000
    folded = fold(call.exchange.candles(listing.key, limit=limit * minutes), minutes)
    shown = [one for one in folded if start <= one.start_ns <= end][-limit:]
    return _list(call, [candle(listing, one) for one in reversed(shown)]) | {"symbol": listing.symbol}


def candle(listing: Listing, one: Candle) -> list[str]:
    prices = [price(listing, ticks) for ticks in (one.open, one.high, one.low, one.close)]
    return [milliseconds(one.start_ns), *prices, quantity(listing, one.volume), money(one.turnover)]


def funding_history(call: Call) -> Json:
    """The rates that were settled, newest first."""
    listing = call.listing()
    start, end = call.integer("startTime", 0), call.integer("endTime", 2**63)
    settled = reversed(call.exchange.funding_history(listing.key))
    shown = [
        {"symbol": listing.symbol, "fundingRate": plain(rate), "fundingRateTimestamp": milliseconds(time_ns)}
        for time_ns, rate in settled
        if start <= time_ns // 1_000_000 <= end
    ]
    return {"category": call.category, "list": shown[: call.limit(200, 200)]}


def nothing(call: Call) -> Json:
    """Endpoints whose list is empty here: no risk tiers are published, no open interest is counted."""
    return _list(call, [])


def _list(call: Call, items: list[Json] | list[list[str]]) -> Json:
    return {"category": call.category, "list": items, "nextPageCursor": ""}


def _empty(call: Call) -> Json:
    return _list(call, [])

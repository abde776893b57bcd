"""`exchangeInfo`: what is listed, under which filters."""

from __future__ import annotations

from deskbot.matching import Category, Listing, MarketStatus
from deskbot.simulator.binance import shapes
from deskbot.simulator.binance.call import Call, Json
from deskbot.simulator.binance.listings import SPOT_PRICE_DOWN, SPOT_PRICE_UP
from deskbot.simulator.binance.texts import PRICE_PLACES, places
from deskbot.simulator.numbers import plain

ONBOARDED_MS = 1_569_398_400_000
PERPETUAL_MS = 4_133_404_800_000
RISK = {"maintMarginPercent": "2.5000", "requiredMarginPercent": "5.0000"}
SPOT_STATUS = {MarketStatus.TRADING: "TRADING", MarketStatus.HALTED: "HALT", MarketStatus.CLOSED: "BREAK"}
LINEAR_STATUS = {MarketStatus.TRADING: "TRADING", MarketStatus.HALTED: "PENDING_TRADING", MarketStatus.CLOSED: "CLOSE"}


def exchange_info(call: Call) -> Json:
    listings = [call.listing()] if call.text("symbol") else call.listings()
    shape = spot_symbol if call.spot else linear_symbol
    info: Json = {
        "timezone": "UTC",
        "serverTime": call.said_ns // 1_000_000,
        "rateLimits": call.extra.get("rateLimits", []),
        "exchangeFilters": [],
        "symbols": [shape(call, listing) for listing in listings],
    }
    if call.spot:
        return info
    assets = sorted({one.settle for one in listings})
    listed = [{"asset": asset, "marginAvailable": True, "autoAssetExchange": "-10000"} for asset in assets]
    return info | {"futuresType": "U_MARGINED", "assets": listed}


def no_symbols(call: Call) -> Json:
    """`dapi` and the like: sides of the venue that this one has no markets on."""
    return {"timezone": "UTC", "serverTime": call.said_ns // 1_000_000, "rateLimits": [], "symbols": []}


def spot_symbol(call: Call, listing: Listing) -> Json:
    return {
        "symbol": listing.symbol,
        "status": SPOT_STATUS[call.exchange.status(listing.key)],
        "baseAsset": listing.base,
        "baseAssetPrecision": 8,
        "quoteAsset": listing.quote,
        "quotePrecision": 8,
        "quoteAssetPrecision": 8,
        "baseCommissionPrecision": 8,
        "quoteCommissionPrecision": 8,
        "orderTypes": shapes.order_types(Category.SPOT),
        "icebergAllowed": False,
        "ocoAllowed": False,
        "otoAllowed": False,
        "quoteOrderQtyMarketAllowed": True,
        "allowTrailingStop": False,
        "cancelReplaceAllowed": True,
        "isSpotTradingAllowed": True,
        "isMarginTradingAllowed": False,
        "filters": _spot_filters(listing),
        "permissions": [],
        "permissionSets": [["SPOT"]],
        "defaultSelfTradePreventionMode": "EXPIRE_MAKER",
        "allowedSelfTradePreventionModes": ["NONE", "EXPIRE_TAKER", "EXPIRE_MAKER", "EXPIRE_BOTH"],
    }


def _spot_filters(listing: Listing) -> list[Json]:
    return [
        {
            "filterType": "PRICE_FILTER",
            "minPrice": _decimals(listing.tick_size),
            "maxPrice": "1000000.00000000",
            "tickSize": _decimals(listing.tick_size),
        },
        {
            "filterType": "LOT_SIZE",
            "minQty": _decimals(listing.min_quantity),
            "maxQty": _decimals(listing.max_quantity),
            "stepSize": _decimals(listing.quantity_step),
        },
        {
            "filterType": "MARKET_LOT_SIZE",
            "minQty": "0.00000000",
            "maxQty": _decimals(listing.max_market_quantity),
            "stepSize": "0.00000000",
        },
        {
            "filterType": "PERCENT_PRICE_BY_SIDE",
            "bidMultiplierUp": plain(SPOT_PRICE_UP),
            "bidMultiplierDown": plain(SPOT_PRICE_DOWN),
            "askMultiplierUp": plain(SPOT_PRICE_UP),
            "askMultiplierDown": plain(SPOT_PRICE_DOWN),
            "avgPriceMins": 0,
        },
        {
            "filterType": "NOTIONAL",
            "minNotional": _decimals(listing.min_notional),
            "applyMinToMarket": True,
            "maxNotional": "9000000.00000000",
            "applyMaxToMarket": False,
            "avgPriceMins": 0,
        },
        {"filterType": "MAX_NUM_ORDERS", "maxNumOrders": listing.max_open_orders},
        {"filterType": "MAX_NUM_ALGO_ORDERS", "maxNumAlgoOrders": listing.max_conditional_orders},
    ]


def _decimals(amount: object) -> str:
    return f"{amount:.8f}"


def linear_symbol(call: Call, listing: Listing) -> Json:
    return {
        "symbol": listing.symbol,
        "pair": listing.symbol,
        "contractType": "PERPETUAL",
        "deliveryDate": PERPETUAL_MS,
        "onboardDate": ONBOARDED_MS,
        "status": LINEAR_STATUS[call.exchange.status(listing.key)],
        **RISK,
        "baseAsset": listing.base,
        "quoteAsset": listing.quote,
        "marginAsset": listing.settle,
        "pricePrecision": max(PRICE_PLACES, places(listing.tick_size)),
        "quantityPrecision": places(listing.quantity_step),
        "baseAssetPrecision": 8,
        "quotePrecision": 8,
        "underlyingType": "COIN",
        "underlyingSubType": ["PoW"],
        "triggerProtect": "0.0500",
        "liquidationFee": "0.012500",
        "marketTakeBound": "0.05",
        "maxMoveOrderLimit": 10000,
        "filters": _linear_filters(listing),
        "orderTypes": shapes.order_types(Category.LINEAR),
        "timeInForce": ["GTC", "IOC", "FOK", "GTX", "GTD"],
    }


def _linear_filters(listing: Listing) -> list[Json]:
    limit = listing.price_limit or 0
    tick = f"{listing.tick_size:.{max(PRICE_PLACES, places(listing.tick_size))}f}"
    step = plain(listing.quantity_step)
    return [
        {"filterType": "PRICE_FILTER", "minPrice": tick, "maxPrice": "4529764", "tickSize": tick},
        {
            "filterType": "LOT_SIZE",
            "minQty": plain(listing.min_quantity),
            "maxQty": plain(listing.max_quantity),
            "stepSize": step,
        },
        {
            "filterType": "MARKET_LOT_SIZE",
            "minQty": plain(listing.min_quantity),
            "maxQty": plain(listing.max_market_quantity),
            "stepSize": step,
        },
        {"filterType": "MAX_NUM_ORDERS", "limit": listing.max_open_orders},
        {"filterType": "MAX_NUM_ALGO_ORDERS", "limit": listing.max_conditional_orders},
        {"filterType": "MIN_NOTIONAL", "notional": plain(listing.min_notional)},
        {
            "filterType": "PERCENT_PRICE",
            "multiplierUp": f"{1 + limit:.4f}",
            "multiplierDown": f"{1 - limit:.4f}",
            "multiplierDecimal": "4",
        },
    ]

"""Binance's exchangeInfo rows, the markets that ccxt makes of them, and an exchange whose requests end at a table."""

import json
from typing import Any, ClassVar
from urllib.parse import parse_qsl, urlsplit

from deskbot.venues.binance.exchange import BinanceSpot, BinanceUsdm
from deskbot.venues.binance.spot import SpotAdapter
from deskbot.venues.binance.usdm import UsdmAdapter
from deskbot.venues.markets import Markets

Row = dict[str, Any]
NOW_MS = 1_790_000_000_000
DAY_MS = 86_400_000

SPOT_ROW: Row = {
    "symbol": "BTCUSDT",
    "status": "TRADING",
    "baseAsset": "BTC",
    "baseAssetPrecision": 8,
    "quoteAsset": "USDT",
    "quotePrecision": 8,
    "orderTypes": ["LIMIT", "LIMIT_MAKER", "MARKET", "STOP_LOSS", "STOP_LOSS_LIMIT", "TAKE_PROFIT_LIMIT"],
    "isSpotTradingAllowed": True,
    "isMarginTradingAllowed": True,
    "filters": [
        {
            "filterType": "PRICE_FILTER",
            "minPrice": "0.01000000",
            "maxPrice": "1000000.00000000",
            "tickSize": "0.01000000",
        },
        {"filterType": "LOT_SIZE", "minQty": "0.00001000", "maxQty": "9000.00000000", "stepSize": "0.00001000"},
        {"filterType": "MARKET_LOT_SIZE", "minQty": "0.00000000", "maxQty": "107.13", "stepSize": "0.00000000"},
        {"filterType": "NOTIONAL", "minNotional": "5.00000000", "applyMinToMarket": True, "maxNotional": "9000000.0"},
    ],
    "permissions": ["SPOT"],
}
USDM_ROW: Row = {
    "symbol": "BTCUSDT",
    "pair": "BTCUSDT",
    "contractType": "PERPETUAL",
    "deliveryDate": 4133404800000,
    "onboardDate": 1569398400000,
    "status": "TRADING",
    "baseAsset": "BTC",
    "quoteAsset": "USDT",
    "marginAsset": "USDT",
    "pricePrecision": 2,
    "quantityPrecision": 3,
    "orderTypes": ["LIMIT", "MARKET", "STOP", "STOP_MARKET", "TAKE_PROFIT", "TAKE_PROFIT_MARKET"],
    "filters": [
        {"filterType": "PRICE_FILTER", "minPrice": "556.80", "maxPrice": "4529764", "tickSize": "0.10"},
        {"filterType": "LOT_SIZE", "minQty": "0.001", "maxQty": "1000", "stepSize": "0.001"},
        {"filterType": "MARKET_LOT_SIZE", "minQty": "0.001", "maxQty": "120", "stepSize": "0.001"},
        {"filterType": "MIN_NOTIONAL", "notional": "100"},
    ],
    "timeInForce": ["GTC", "IOC", "FOK", "GTX"],
}
MARKET = {"Spot": "BTC/USDT", "Swap": "BTC/USDT:USDT"}


class Wire:
    """One exchange instance behind its adapter; `answers` are by "METHOD host/path", a tuple is (status, body)."""

    made: ClassVar[list["Wire"]] = []

    def __init__(self, market_type: str, answers: Row | None = None) -> None:
        self.made.append(self)
        self.sent: list[tuple[str, Row]] = []
        self.answers = {} if answers is None else answers
        spot = market_type == "Spot"
        self.adapter = (SpotAdapter if spot else UsdmAdapter)(market_type, lambda: NOW_MS * 1_000_000)
        config: Row = {"apiKey": "key", "secret": "secret", "number": str, "timeout_on_exit": 0}
        config["options"] = dict(self.adapter.facts.options)
        self.exchange: Any = (BinanceSpot if spot else BinanceUsdm)(config)
        self.exchange.fetch = self._fetch  # type: ignore[method-assign]
        self.exchange.options.update(crossMarginPairsData=[], isolatedMarginPairsData=[])  # as fetch_markets does
        self.exchange.set_markets([self.exchange.parse_market(SPOT_ROW if spot else USDM_ROW)])
        self.markets = Markets(self.exchange.markets, market_type)
        self.adapter.serve(self.markets)
        instrument = self.markets.by_venue_symbol("BTCUSDT")
        assert instrument is not None
        self.instrument = instrument

    async def _fetch(self, url: str, method: str = "GET", headers: Any = None, body: Any = None) -> Any:
        parts = urlsplit(url)
        name = f"{method} {parts.netloc}{parts.path}"
        fields = dict(parse_qsl(parts.query or (body or "")))
        for secret in ("timestamp", "recvWindow", "signature"):
            fields.pop(secret, None)
        self.sent.append((name, fields))
        answer = self.answers[name]
        if callable(answer):
            answer = answer(fields)
        if isinstance(answer, Exception):
            raise answer
        status, answer = answer if isinstance(answer, tuple) else (200, answer)
        text = json.dumps(answer, separators=(",", ":"))
        self.exchange.handle_errors(status, "", url, method, {}, text, answer, headers, body)
        self.exchange.handle_http_status_code(status, "", url, method, text)
        return answer


def refusal(code: int, message: str) -> tuple[int, Row]:
    return 400, {"code": code, "msg": message}

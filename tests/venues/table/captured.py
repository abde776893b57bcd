"""What unmodified ccxt would send: its exchange classes with the last step before the network taken out.

The markets are two made-up ones under the names each venue uses; keys are made up, signatures are never looked at.
"""

import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlsplit

from deskbot.venues.ccxt_import import load_exchange
from deskbot.venues.table.model import SPOT, Call, VenueRow

SYMBOLS = {"Spot": "BTC/USDT", "Swap": "BTC/USDT:USDT"}
_MARKETS = {
    ("kraken", "Spot"): "XBTUSDT",
    ("krakenfutures", "Swap"): "PF_XBTUSD",
    ("coinbase", "Spot"): "BTC-USDT",
    ("okx", "Spot"): "BTC-USDT",
    ("okx", "Swap"): "BTC-USDT-SWAP",
    ("gate", "Spot"): "BTC_USDT",
    ("gate", "Swap"): "BTC_USDT",
    ("kucoin", "Spot"): "BTC-USDT",
    ("hyperliquid", "Swap"): "0",
    ("deribit", "Swap"): "BTC_USDT-PERPETUAL",
    ("htx", "Spot"): "btcusdt",
    ("htx", "Swap"): "BTC-USDT",
    ("mexc", "Swap"): "BTC_USDT",
}
_KEYS = {
    "apiKey": "some-key",
    "secret": "c29tZS1zZWNyZXQtc29tZS1zZWNyZXQtc29tZS1zZWNyZXQh",
    "password": "some-passphrase",
    "uid": "1",
    "walletAddress": "0x" + "12" * 20,
    "privateKey": "0x" + "34" * 32,
}
# Answers that ccxt needs before it sends what is asked for: an account id, a unified account or not.
_ANSWER = {
    "code": "0",
    "retCode": 0,
    "error": [],
    "status": "ok",
    "result": {"list": [], "unified": 1},
    "response": {"data": {"statuses": []}},
    "data": [{"id": 1, "type": "spot"}],
}


@dataclass(frozen=True)
class Request:
    """One request on its way out; `fields` joins query and body."""

    method: str
    path: str
    fields: dict[str, Any]

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


def market_of(row: VenueRow, market_type: str) -> str:
    """The venue's own name of the market."""
    return _MARKETS.get((row.exchange, market_type), "BTCUSDT")


def _market(row: VenueRow, market_type: str) -> dict[str, Any]:
    spot = market_type == SPOT
    settle = None if spot else ("usdt" if row.exchange == "gate" else "USDT")
    return {
        "id": market_of(row, market_type),
        "lowercaseId": market_of(row, market_type).lower(),
        "symbol": SYMBOLS[market_type],
        "base": "BTC",
        "quote": "USDT",
        "baseId": "0" if row.exchange == "hyperliquid" else "BTC",
        "baseName": "BTC",
        "quoteId": "USDT",
        "settle": None if spot else "USDT",
        "settleId": settle,
        "type": "spot" if spot else "swap",
        "spot": spot,
        "swap": not spot,
        "contract": not spot,
        "linear": None if spot else True,
        "inverse": None if spot else False,
        "subType": None if spot else "linear",
        "contractSize": None if spot else "1",
        "active": True,
        "future": False,
        "option": False,
        "margin": False,
        "precision": {"price": "0.1", "amount": "1"},
        "limits": {"amount": {"min": 1, "max": 1000}, "price": {}, "cost": {}, "leverage": {}},
        "taker": "0.0005",
        "maker": "0.0002",
        "info": {"orderTypes": ["LIMIT", "LIMIT_MAKER", "MARKET"], "quoteAsset": "USDT", "name": "BTC"},
    }


def exchange_of(row: VenueRow, market_type: str, **options: Any) -> tuple[Any, list[Request]]:
    """ccxt's own exchange and the list that its requests are put into."""
    made = load_exchange(row.exchange)({**_KEYS, "number": str, "enableRateLimit": False})
    if row.exchange == "coinbase":
        made.secret = _fresh_signing_key()
    made.options.update({**row.options, **options})
    made.set_markets([_market(row, market_type)])
    sent: list[Request] = []

    async def fetch(url: str, method: str = "GET", _headers: Any = None, body: Any = None) -> dict[str, Any]:
        sent.append(_request(url, method, body))
        return _ANSWER

    made.fetch = fetch
    return made, sent


def _fresh_signing_key() -> str:
    from cryptography.hazmat.primitives import serialization  # noqa: PLC0415
    from cryptography.hazmat.primitives.asymmetric import ec  # noqa: PLC0415

    key = ec.generate_private_key(ec.SECP256R1())
    kind = serialization.PrivateFormat.TraditionalOpenSSL
    return key.private_bytes(serialization.Encoding.PEM, kind, serialization.NoEncryption()).decode()


def _request(url: str, method: str, body: Any) -> Request:
    parts = urlsplit(url)
    fields: dict[str, Any] = {name: values[-1] for name, values in parse_qs(parts.query).items()}
    if body:
        text = body.decode() if isinstance(body, bytes) else str(body)
        try:
            inside = json.loads(text)
        except ValueError:
            inside = {name: values[-1] for name, values in parse_qs(text).items()}
        fields.update(inside if isinstance(inside, dict) else {"": inside})
    return Request(method, parts.path, fields)


async def made_by(row: VenueRow, market_type: str, call: Call, **words: Any) -> list[Request]:
    """The requests of one call of the table, those that ccxt sends of its own accord before it included."""
    exchange, sent = exchange_of(row, market_type)
    market = _market(row, market_type)
    known = {"symbol": market["symbol"], "market": market["id"], "settle": market["settleId"], **words}
    try:
        await getattr(exchange, call.method)(*call.filled(**known))
    except (AttributeError, KeyError, TypeError, ValueError):
        if not sent:
            raise  # nothing went out: the call itself is wrong, not our made-up answer
    except Exception as error:
        if not sent or type(error).__name__ not in _OF_THE_ANSWER:
            raise
    finally:
        await exchange.close()
    return sent


# What ccxt may make of an answer that says nothing about an order.
_OF_THE_ANSWER = ("OrderNotFound", "ExchangeError", "NullResponse")


def values_in(fields: Any) -> list[Any]:
    """Every value at any depth."""
    if isinstance(fields, dict):
        return [found for value in fields.values() for found in values_in(value)]
    if isinstance(fields, list):
        return [found for value in fields for found in values_in(value)]
    return [fields]


def named(fields: Any, name: str) -> list[Any]:
    """Every value under a name at any depth."""
    if isinstance(fields, dict):
        here = [fields[name]] if name in fields else []
        return here + [found for value in fields.values() for found in named(value, name)]
    if isinstance(fields, list):
        return [found for value in fields for found in named(value, name)]
    return []

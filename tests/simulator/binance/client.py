"""A signing client of a few lines, so that tests can say exactly what goes over the wire."""

import hashlib
import hmac
import time
from typing import Any, Self
from urllib.parse import urlencode

import aiohttp
from yarl import URL

SPOT, LINEAR = "spot", "linear"
HOSTS = {SPOT: "api.binance.com", LINEAR: "fapi.binance.com"}
STREAMS = {SPOT: "stream.binance.com:9443", LINEAR: "fstream.binance.com"}
PREFIX = {SPOT: "/api/v3", LINEAR: "/fapi/v1"}


class Client:
    """Signs as Binance documents it: a query for GET and DELETE, a form for POST and PUT."""

    def __init__(self, base_url: str, key: str = "key", secret: str = "secret", clock_offset_ms: int = 0) -> None:
        self.base_url = base_url
        self.key = key
        self.secret = secret
        self.clock_offset_ms = clock_offset_ms
        self.headers: dict[str, str] = {}
        self.status = 0
        self._session = aiohttp.ClientSession()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._session.close()

    async def public(self, side: str, path: str, /, **parameters: Any) -> Any:
        return await self._send("GET", side, path, urlencode(parameters), "", {})

    async def signed(self, method: str, side: str, path: str, /, **parameters: Any) -> Any:
        text = self.sign({"timestamp": self.now_ms(), "recvWindow": 5000} | parameters)
        query, body = ("", text) if method in ("POST", "PUT") else (text, "")
        return await self._send(method, side, path, query, body, {"X-MBX-APIKEY": self.key})

    async def keyed(self, method: str, side: str, path: str) -> Any:
        """With the key alone."""
        return await self._send(method, side, path, "", "", {"X-MBX-APIKEY": self.key})

    async def unsigned(self, method: str, side: str, path: str, query: str = "", body: str = "") -> Any:
        """Exactly this, with the key."""
        return await self._send(method, side, path, query, body, {"X-MBX-APIKEY": self.key})

    def sign(self, parameters: dict[str, Any]) -> str:
        text = urlencode(parameters)
        return f"{text}&signature={self.signature(text)}"

    def signature(self, text: str) -> str:
        return hmac.new(self.secret.encode(), text.encode(), hashlib.sha256).hexdigest()

    async def hook(self, path: str, body: object = None) -> Any:
        async with self._session.request("GET" if body is None else "POST", self.base_url + path, json=body) as answer:
            return await answer.json()

    async def hook_delete(self, path: str) -> Any:
        async with self._session.delete(self.base_url + path) as answer:
            return await answer.json()

    async def limit(self, side: str = LINEAR, /, **changes: Any) -> Any:
        """A limit buy far from the market, changed as wished; None leaves a parameter out."""
        order = {"symbol": "BTCUSDT", "side": "BUY", "type": "LIMIT", "timeInForce": "GTC", "quantity": "0.01"}
        order |= {"price": "59000", "newOrderRespType": "RESULT"} | changes
        wanted = {name: value for name, value in order.items() if value is not None}
        return await self.signed("POST", side, "/order", **wanted)

    async def market(self, direction: str, quantity: str = "0.01", side: str = LINEAR, /, **more: Any) -> Any:
        order = {"symbol": "BTCUSDT", "side": direction, "type": "MARKET", "quantity": quantity}
        return await self.signed("POST", side, "/order", **order, **({"newOrderRespType": "RESULT"} | more))

    def stream(self, side: str, path: str = "/ws", **options: Any) -> Any:
        """A WebSocket as an async context manager."""
        return self._session.ws_connect(f"{self.base_url}/{STREAMS[side]}{path}", **options)

    def socket_api(self) -> Any:
        return self._session.ws_connect(f"{self.base_url}/ws-api.binance.com:443/ws-api/v3")

    def socket_parameters(self, **parameters: Any) -> dict[str, Any]:
        """Signed as the WebSocket API wants it."""
        wanted = {"apiKey": self.key, "timestamp": self.now_ms()} | parameters
        text = "&".join(f"{name}={wanted[name]}" for name in sorted(wanted))
        return wanted | {"signature": self.signature(text)}

    def now_ms(self) -> int:
        return time.time_ns() // 1_000_000 + self.clock_offset_ms

    async def _send(self, method: str, side: str, path: str, query: str, body: str, headers: dict[str, str]) -> Any:
        full = path if path.startswith(("/sapi", "/fapi", "/api")) else PREFIX[side] + path
        url = URL(f"{self.base_url}/{HOSTS[side]}{full}?{query}", encoded=True)
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        async with self._session.request(method, url, data=body, headers=headers | form) as answer:
            self.headers, self.status = dict(answer.headers), answer.status
            return await answer.json()

"""A signing client of a few lines, so that tests can say exactly what goes over the wire."""

import hashlib
import hmac
import json
import time
from typing import Any, Self
from urllib.parse import urlencode

import aiohttp
from yarl import URL

HOST = "api.bybit.com"


async def _decoded(answer: aiohttp.ClientResponse) -> dict[str, Any]:
    decoded: dict[str, Any] = await answer.json()
    return decoded


class Client:
    """Signs as Bybit documents it. Answers are the decoded JSON."""

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

    async def get(self, path: str, **parameters: Any) -> dict[str, Any]:
        query = parameters.pop("raw_query", None) or urlencode(parameters)
        url = f"{self.base_url}/{HOST}{path}?{query}"
        async with self._session.get(URL(url, encoded=True), headers=self._signed(query)) as answer:
            self.headers, self.status = dict(answer.headers), answer.status
            return await _decoded(answer)

    async def post(self, path: str, **parameters: Any) -> dict[str, Any]:
        body = json.dumps(parameters)
        async with self._session.post(f"{self.base_url}/{HOST}{path}", data=body, headers=self._signed(body)) as answer:
            self.headers, self.status = dict(answer.headers), answer.status
            return await _decoded(answer)

    async def hook(self, path: str, body: object = None, method: str | None = None) -> dict[str, Any]:
        method = method or ("GET" if body is None else "POST")
        async with self._session.request(method, self.base_url + path, json=body) as answer:
            return await _decoded(answer)

    async def limit(self, category: str = "linear", **changes: Any) -> dict[str, Any]:
        """A limit buy far from the market, changed as wished."""
        order = {"category": category, "symbol": "BTCUSDT", "side": "Buy", "orderType": "Limit", "qty": "0.01"}
        return await self.post("/v5/order/create", **(order | {"price": "59000"} | changes))

    async def market(self, side: str, qty: str = "0.01", category: str = "linear", **more: Any) -> dict[str, Any]:
        unit = {"marketUnit": "baseCoin"} if category == "spot" else {}
        order = {"category": category, "symbol": "BTCUSDT", "side": side, "orderType": "Market", "qty": qty}
        return await self.post("/v5/order/create", **(order | unit | more))

    def stream(self, path: str) -> Any:
        """A WebSocket as an async context manager."""
        return self._session.ws_connect(f"{self.base_url}/stream.bybit.com/v5/{path}")

    def authentication(self) -> dict[str, Any]:
        expires = str(self.now_ms() + 10_000)
        signature = hmac.new(self.secret.encode(), f"GET/realtime{expires}".encode(), hashlib.sha256).hexdigest()
        return {"op": "auth", "args": [self.key, expires, signature]}

    def _signed(self, payload: str) -> dict[str, str]:
        now = str(self.now_ms())
        signature = hmac.new(self.secret.encode(), f"{now}{self.key}5000{payload}".encode(), hashlib.sha256).hexdigest()
        return {
            "X-BAPI-API-KEY": self.key,
            "X-BAPI-TIMESTAMP": now,
            "X-BAPI-RECV-WINDOW": "5000",
            "X-BAPI-SIGN": signature,
            "Content-Type": "application/json",
        }

    def now_ms(self) -> int:
        return time.time_ns() // 1_000_000 + self.clock_offset_ms

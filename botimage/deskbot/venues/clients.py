"""The ccxt instances of one account: each with its own queue, all with the same markets.

    markets     public requests; loads the markets once
    trading     orders, questions and the private stream
    emergency   cancels of a halt; may use the reserve of every rate limit, and warm: its first request is the cancel
    stream()    one more public instance per streamed market, so that a gap in one market disturbs no other

In DryRun there are no keys, and neither trading nor emergency instances.
"""

import asyncio
import ssl
from typing import Any
from urllib.parse import urlsplit

import certifi

from deskapi.conditions import Reason
from deskbot.core import order_life
from deskbot.core.errors import Invalid
from deskbot.venues.adapter import Adapter, Facts
from deskbot.venues.pacing import Draw, Pacer
from deskbot.venues.protocol import Now, VenueSettings
from deskbot.venues.rate_tables import RATES
from deskbot.venues.venue_clock import VenueClock

_PING_MS = 1500  # a dead connection is noticed after two to three of these


def rewrite_urls(urls: Any, endpoint: str) -> Any:
    """The tree of a venue's addresses with every host behind `endpoint`: the host becomes the first path segment.

    `https://HOST/path` becomes `ENDPOINT/HOST/path`, `wss` the socket scheme that fits; placeholders survive.
    """
    if isinstance(urls, dict):
        return {name: rewrite_urls(value, endpoint) for name, value in urls.items()}
    scheme, rest = urls.split("://", 1)
    base = endpoint.rstrip("/")
    if scheme.startswith("ws"):
        base = "ws" + base.removeprefix("http")
    return f"{base}/{rest}"


def check_endpoint(endpoint: str, facts: Facts) -> None:
    """Raise Invalid for an endpoint that cannot stand in for the venue's hosts."""
    parts = urlsplit(endpoint)
    if parts.scheme not in ("http", "https") or parts.hostname is None:
        raise Invalid(Reason.SPEC_INVALID, f'spec.venue.endpoint "{endpoint}" is no http or https address with a host')
    for word in facts.forbidden_in_endpoint:
        if word in endpoint.lower():
            message = f'spec.venue.endpoint "{endpoint}" contains "{word}", which ccxt reads as a kind of market'
            raise Invalid(Reason.SPEC_INVALID, f"{message}: use another host name or path")


class Clients:
    """See the module. Nothing is sent before the first call."""

    def __init__(self, settings: VenueSettings, adapter: Adapter, now: Now, draw: Draw) -> None:
        if settings.endpoint is not None:
            check_endpoint(settings.endpoint, adapter.facts)
        self._settings = settings
        self._tls = ssl.create_default_context(cafile=certifi.where())  # slow to make and the same for every instance
        self._adapter = adapter
        self.rates = RATES[adapter.facts.exchange, adapter.facts.market_type]
        self.pacer = Pacer(self.rates, now, draw, settings.shared_by)
        self.clock = VenueClock(now, lambda: int(type(self.markets).milliseconds()))  # the wall's, through ccxt
        keys = settings.credentials
        secrets = {} if keys is None else {"apiKey": keys.api_key, "secret": keys.secret}
        self.markets = self._new({})
        self.trading = None if keys is None else self._new(secrets)
        self.emergency = None if keys is None else self._new(secrets)
        if self.emergency is not None:
            self.emergency.urgent = True

    def _new(self, extra: dict[str, Any]) -> Any:
        exchange = self._adapter.exchange(
            {
                "number": str,
                "timeout": self._settings.request_timeout_ms,
                "timeout_on_exit": 250 if self._encrypted() else 0,  # ms for aiohttp to end TLS
                "enableRateLimit": True,
                "streaming": {"keepAlive": _PING_MS},
                "options": {**self._adapter.facts.options, "recvWindow": self._receive_window_ms()},
                **extra,
            }
        )
        exchange.pacer = self.pacer
        exchange.milliseconds = self.clock.milliseconds  # what requests are signed with
        exchange.ssl_context = self._tls
        exchange.has["fetchCurrencies"] = False
        if self._settings.endpoint is None:
            self._adapter.use_test_network(exchange)
        else:
            exchange.urls["api"] = rewrite_urls(exchange.urls["api"], self._settings.endpoint)
        return exchange

    def _receive_window_ms(self) -> int:
        """How long a signed request may travel: void when the engine counts on it, however wrong our clock may be."""
        return order_life.RECEIVE_WINDOW // 1_000_000 - self._settings.max_clock_offset_ms

    def _encrypted(self) -> bool:
        return self._settings.endpoint is None or self._settings.endpoint.startswith("https")

    async def load_markets(self, *, anew: bool = False) -> None:
        """Load the markets, once or anew, and share them."""
        await self.markets.load_markets(anew)
        for exchange in (self.trading, self.emergency):
            if exchange is not None:
                exchange.set_markets_from_exchange(self.markets)

    async def warm(self) -> None:
        """Ask what ccxt asks before the first private request, on both private instances."""
        await asyncio.gather(*(self._adapter.warm(one) for one in (self.trading, self.emergency) if one is not None))

    def stream(self) -> Any:
        """A public instance for one market's streams; whoever takes it closes it."""
        exchange = self._new({})
        exchange.set_markets_from_exchange(self.markets)
        return exchange

    async def close(self) -> None:
        """Close every session and socket."""
        instances = (self.markets, self.trading, self.emergency)
        await asyncio.gather(*(one.close() for one in instances if one is not None))

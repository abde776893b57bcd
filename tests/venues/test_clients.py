"""The ccxt instances: where they point, how fast they may go, and what they never do."""

import asyncio
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest

import deskbot.venues
from deskbot.core.errors import Invalid
from deskbot.venues.bybit_exchange import Bybit
from deskbot.venues.clients import Clients, check_endpoint, rewrite_urls
from deskbot.venues.dialects import BYBIT
from deskbot.venues.protocol import Credentials, VenueSettings

SOURCE = Path(deskbot.venues.__path__[0])


def _settings(**changes: Any) -> VenueSettings:
    values = {
        "exchange": "bybit",
        "market_type": "Swap",
        "markets": ("BTC/USDT:USDT",),
        "credentials": Credentials("key", "secret"),
        "endpoint": "http://127.0.0.1:8080",
    }
    return VenueSettings(**{**values, **changes})


def _leaves(tree: Any) -> Iterator[str]:
    for value in tree.values():
        yield from _leaves(value) if isinstance(value, dict) else [value]


def _instances(clients: Clients) -> tuple[Any, Any, Any]:
    """All three, as they are with credentials."""
    assert clients.trading is not None
    assert clients.emergency is not None
    return clients.markets, clients.trading, clients.emergency


def test_every_host_moves_behind_the_endpoint_as_the_first_part_of_the_path() -> None:
    urls = {"rest": "https://api.{hostname}", "ws": {"public": {"spot": "wss://stream.{hostname}/v5/public/spot"}}}
    assert rewrite_urls(urls, "http://10.0.0.1:8080/") == {
        "rest": "http://10.0.0.1:8080/api.{hostname}",
        "ws": {"public": {"spot": "ws://10.0.0.1:8080/stream.{hostname}/v5/public/spot"}},
    }
    assert rewrite_urls("wss://a/b", "https://proxy.example/desk") == "wss://proxy.example/desk/a/b"


def test_with_an_endpoint_no_address_of_any_instance_leaves_it() -> None:
    clients = Clients(_settings(), BYBIT)
    for exchange in _instances(clients):
        leaves = list(_leaves(exchange.urls["api"]))
        assert len(leaves) > 10
        assert all(re.match(r"(http|ws)://127\.0\.0\.1:8080/", leaf) for leaf in leaves), leaves


def test_without_an_endpoint_every_instance_is_in_the_venues_sandbox() -> None:
    clients = Clients(_settings(endpoint=None), BYBIT)
    for exchange in _instances(clients):
        assert exchange.isSandboxModeEnabled
        assert all("testnet" in leaf for leaf in _leaves(exchange.urls["api"]))


@pytest.mark.parametrize(
    "endpoint",
    [
        "http://spot-market:8080",
        "http://simulator:8080/openapi",
        "http://a/unified/v3",
        "http://a/contract/v3",
        "ftp://a",
        "simulator:8080",
        "http://",
    ],
)
def test_an_endpoint_that_ccxt_would_misread_is_refused_with_one_line(endpoint: str) -> None:
    with pytest.raises(Invalid, match=r"spec\.venue\.endpoint") as refusal:
        check_endpoint(endpoint, BYBIT)
    assert "\n" not in refusal.value.message


def test_three_instances_and_only_the_emergency_one_is_unthrottled() -> None:
    clients = Clients(_settings(), BYBIT)
    instances = _instances(clients)
    assert len({id(one) for one in instances}) == 3
    assert [one.enableRateLimit for one in instances] == [True, True, False]
    assert tuple(one.apiKey for one in instances) == (None, "key", "key")


def test_without_credentials_no_instance_can_sign() -> None:
    clients = Clients(_settings(credentials=None), BYBIT)
    assert clients.trading is None
    assert clients.emergency is None
    assert clients.markets.apiKey is None


@pytest.mark.parametrize(("market_type", "category"), [("Spot", "spot"), ("Swap", "linear")])
def test_only_the_markets_of_one_type_are_loaded_and_no_currencies(market_type: str, category: str) -> None:
    exchange = Clients(_settings(market_type=market_type), BYBIT).markets
    assert exchange.options["fetchMarkets"]["types"] == [category]
    assert exchange.has["fetchCurrencies"] is False


def test_amounts_are_strings_on_every_instance() -> None:
    clients = Clients(_settings(), BYBIT)
    for exchange in _instances(clients):
        assert exchange.number is str
        assert exchange.safe_number({"price": "0.1"}, "price") == "0.1"


def test_ccxt_never_repeats_a_request_by_itself() -> None:
    for exchange in (Clients(_settings(), BYBIT).trading, Clients(_settings(), BYBIT).emergency):
        assert exchange is not None
        assert "maxRetriesOnFailure" not in str(exchange.options)
    named = [path.name for path in SOURCE.rglob("*.py") if "maxRetriesOnFailure" in path.read_text()]
    assert named == []


def test_credentials_are_never_printed() -> None:
    printed = repr(_settings(credentials=Credentials("my-key", "my-secret")))
    assert "my-key" not in printed
    assert "my-secret" not in printed


class _Timed:
    """A loop clock that only moves when something sleeps."""

    def __init__(self) -> None:
        self.now = 1000.0

    def time(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.now += seconds


async def _throttled(exchange: Any, path: str, cost: float, count: int) -> list[float]:
    clock, times = _Timed(), []
    with (
        patch("deskbot.venues.bybit_exchange.asyncio.sleep", clock.sleep),
        patch("deskbot.venues.bybit_exchange.asyncio.get_running_loop", lambda: clock),
    ):
        for _ in range(count):
            await exchange.throttle((path, cost))
            times.append(clock.now - 1000.0)
    return times


async def test_the_pace_allows_a_short_burst_and_then_the_venues_rate() -> None:
    times = await _throttled(Bybit({}), "v5/order/create", 2.5, 50)
    assert times[:10] == [0.0] * 10
    assert times[-1] == pytest.approx(49 * 0.05 - 0.5)


async def test_lists_do_not_hold_up_orders() -> None:
    exchange = Bybit({})
    await _throttled(exchange, "v5/order/realtime", 5, 50)
    assert await _throttled(exchange, "v5/order/create", 2.5, 1) == [0.0]


async def test_the_pace_does_not_see_the_wall_clock() -> None:
    exchange = Bybit({})
    clock = iter(range(10**6, 0, -1000))  # a wall clock that only goes backwards
    with patch("time.time", lambda: next(clock)), patch("ccxt.async_support.base.throttler.time", lambda: next(clock)):
        async with asyncio.timeout(2):
            for _ in range(12):
                await exchange.throttle(("v5/order/cancel", 2.5))

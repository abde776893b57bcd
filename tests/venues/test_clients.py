"""The ccxt instances: where they point, how fast they may go, and what they never do."""

import random
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import deskbot.venues
from deskbot.core.errors import Invalid
from deskbot.core.order_life import RECEIVE_WINDOW
from deskbot.venues.bybit.adapter import BybitAdapter
from deskbot.venues.clients import Clients, check_endpoint, rewrite_urls
from deskbot.venues.dialects import adapter_of
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
    clients = Clients(_settings(), BybitAdapter("Swap", time.time_ns), time.time_ns, random.random)
    for exchange in _instances(clients):
        leaves = list(_leaves(exchange.urls["api"]))
        assert len(leaves) > 10
        assert all(re.match(r"(http|ws)://127\.0\.0\.1:8080/", leaf) for leaf in leaves), leaves


def test_without_an_endpoint_every_instance_is_in_the_venues_sandbox() -> None:
    clients = Clients(_settings(endpoint=None), BybitAdapter("Swap", time.time_ns), time.time_ns, random.random)
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
        check_endpoint(endpoint, BybitAdapter("Swap", time.time_ns).facts)
    assert "\n" not in refusal.value.message


def test_three_instances_at_one_gate_and_only_the_emergency_one_may_use_its_reserve() -> None:
    clients = Clients(_settings(), BybitAdapter("Swap", time.time_ns), time.time_ns, random.random)
    instances = _instances(clients)
    assert len({id(one) for one in instances}) == 3
    assert [one.urgent for one in instances] == [False, False, True]
    assert {id(one.pacer) for one in instances} == {id(clients.pacer)}
    assert tuple(one.apiKey for one in instances) == (None, "key", "key")


def test_without_credentials_no_instance_can_sign() -> None:
    clients = Clients(_settings(credentials=None), BybitAdapter("Swap", time.time_ns), time.time_ns, random.random)
    assert clients.trading is None
    assert clients.emergency is None
    assert clients.markets.apiKey is None


@pytest.mark.parametrize(("market_type", "category"), [("Spot", "spot"), ("Swap", "linear")])
def test_only_the_markets_of_one_type_are_loaded_and_no_currencies(market_type: str, category: str) -> None:
    exchange = Clients(
        _settings(market_type=market_type), BybitAdapter(market_type, time.time_ns), time.time_ns, random.random
    ).markets
    assert exchange.options["fetchMarkets"]["types"] == [category]
    assert exchange.has["fetchCurrencies"] is False


def test_amounts_are_strings_on_every_instance() -> None:
    clients = Clients(_settings(), BybitAdapter("Swap", time.time_ns), time.time_ns, random.random)
    for exchange in _instances(clients):
        assert exchange.number is str
        assert exchange.safe_number({"price": "0.1"}, "price") == "0.1"


def test_ccxt_never_repeats_a_request_by_itself() -> None:
    for exchange in (
        Clients(_settings(), BybitAdapter("Swap", time.time_ns), time.time_ns, random.random).trading,
        Clients(_settings(), BybitAdapter("Swap", time.time_ns), time.time_ns, random.random).emergency,
    ):
        assert exchange is not None
        assert "maxRetriesOnFailure" not in str(exchange.options)
    named = [path.name for path in SOURCE.rglob("*.py") if "maxRetriesOnFailure" in path.read_text()]
    assert named == []


@pytest.mark.parametrize(
    ("exchange", "market_type", "path", "api"),
    [
        ("bybit", "Swap", "v5/order/create", "private"),
        ("bybit", "Spot", "v5/order/create", "private"),
        ("binance", "Spot", "order", "private"),
        ("binanceusdm", "Swap", "order", "fapiPrivate"),
    ],
)
def test_a_request_is_void_at_the_venue_before_the_engine_counts_on_that(
    exchange: str, market_type: str, path: str, api: str
) -> None:
    """ccxt gives Binance ten seconds: an order that was given up after five could still be taken."""
    settings = _settings(exchange=exchange, market_type=market_type)
    adapter = adapter_of(exchange, market_type, time.time_ns)
    for instance in _instances(Clients(settings, adapter, time.time_ns, random.random))[1:]:
        signed = instance.sign(path, [api], "POST", {"symbol": "BTCUSDT"})
        said = [*re.findall(r"recvWindow=(\d+)", str(signed)), *re.findall(r"RECV-WINDOW': '(\d+)'", str(signed))]
        assert [int(ms) + settings.max_clock_offset_ms for ms in said] == [RECEIVE_WINDOW // 1_000_000]


def test_credentials_are_never_printed() -> None:
    printed = repr(_settings(credentials=Credentials("my-key", "my-secret")))
    assert "my-key" not in printed
    assert "my-secret" not in printed

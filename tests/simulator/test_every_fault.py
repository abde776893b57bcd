"""A script with every action there is, against one client's ordinary day: each of them strikes, and is counted."""

import asyncio
from contextlib import suppress
from typing import Any

import aiohttp
import pytest

from deskbot.simulator.fault_models import ACTIONS, word_of
from tests.simulator.client import Client

pytestmark = pytest.mark.component
BOOK = "orderbook.50.BTCUSDT"
MARKET = "BTC/USDT:USDT"
INFO = "/v5/account/info"
REQUESTS: list[dict[str, Any]] = [
    {"action": "drop"},
    {"action": "acceptThenDrop"},
    {"action": "acceptThenCode", "status": 503, "code": 10016},
    {"action": "refuse", "code": 10016},
    {"action": "garbage"},
    {"action": "delay", "delayMs": 1},
    {"action": "delayReply", "delayMs": 1},
    {"action": "rateLimit"},
    {"action": "ban", "count": 1},
    {"action": "maintenance", "count": 1, "forMs": 200, "afterMs": 20},
    {"action": "staleRead", "ageMs": 10},
]
STREAMS: list[dict[str, Any]] = [
    {"action": "duplicate"},
    {"action": "reorder"},
    {"action": "poison"},
    {"action": "stall", "count": 2},
    {"action": "close", "code": 1001},
]
VENUE: list[dict[str, Any]] = [
    {"action": "funding", "market": MARKET, "rate": "0.0001"},
    {"action": "fundingRate", "market": MARKET, "rate": "0.0001"},
    {"action": "adl", "market": MARKET, "quantity": "0.01"},
    {"action": "cancel", "market": MARKET},
    {"action": "flash", "market": MARKET, "factor": "0.9"},
    {"action": "markPrice", "market": MARKET, "price": "60000", "forMs": 10},
    {"action": "liquidation", "market": MARKET},
    {"action": "filterChange", "market": MARKET, "tickSize": "0.5", "forMs": 10},
    {"action": "halt", "market": MARKET, "forMs": 10},
    {"action": "clockSkew", "offsetMs": 100, "forMs": 10},
    {"action": "key", "account": "key", "set": "withdraw", "forMs": 10},
    {"action": "disconnect", "code": 1001},
    {"action": "delisting", "market": MARKET},
]
FROM_ELSEWHERE = {"expireListenKeys"}  # Bybit has none; the Binance dialect's own tests inject it


def test_the_day_has_every_action() -> None:
    named = {fault["action"] for fault in [*REQUESTS, *STREAMS, *VENUE]} | FROM_ELSEWHERE
    assert named == set(map(word_of, ACTIONS))


async def test_every_action_strikes_and_is_counted(client: Client) -> None:
    for fault in REQUESTS:
        await client.hook("/faults", {"endpoint": INFO} | fault)
        await asyncio.sleep(fault.get("afterMs", 0) / 1000)
        for _ in range(2):
            with suppress(aiohttp.ClientError):
                await client.get(INFO)
    await asyncio.sleep(0.2)
    await client.market("Buy", "0.5")
    await client.limit(qty="0.02")
    async with client.stream("public/linear") as socket:
        await socket.send_json({"op": "subscribe", "args": [BOOK]})
        await client.hook("/faults", [{"endpoint": BOOK} | fault for fault in STREAMS])
        while (await socket.receive(timeout=5)).type is aiohttp.WSMsgType.TEXT:
            pass
    async with client.stream("public/linear") as socket:
        await client.hook("/faults", VENUE[:-1])
        assert (await socket.receive(timeout=5)).type is aiohttp.WSMsgType.CLOSE
    await client.hook("/faults", VENUE[-1])
    counted = (await client.hook("/faults"))["injectionsByAction"]
    assert {name for name, count in counted.items() if count} >= {
        fault["action"] for fault in [*REQUESTS, *STREAMS, *VENUE]
    }

"""What each action does to streams: as they open, message by message, and as they end."""

import asyncio
import time
from itertools import pairwise
from typing import Any

import aiohttp
import pytest

from tests.simulator.client import Client

pytestmark = pytest.mark.component
BOOK = "orderbook.50.BTCUSDT"


async def subscribe(socket: Any) -> list[int]:
    await socket.send_json({"op": "subscribe", "args": [BOOK]})
    return await update_ids(socket, 3)


async def update_ids(socket: Any, count: int) -> list[int]:
    seen: list[int] = []
    while len(seen) < count:
        message = await socket.receive_json(timeout=5)
        if "data" in message:
            seen.append(message["data"]["u"])
    return seen


def steps(seen: list[int]) -> list[int]:
    return [later - earlier for earlier, later in pairwise(seen)]


async def test_a_duplicate_comes_right_behind_or_later(client: Client) -> None:
    async with client.stream("public/linear") as socket:
        await subscribe(socket)
        await client.hook("/faults", {"action": "duplicate", "endpoint": BOOK})
        assert sorted(steps(await update_ids(socket, 15)))[:2] == [0, 1]
        await client.hook("/faults", {"action": "duplicate", "endpoint": BOOK, "delayMs": 100})
        seen = await update_ids(socket, 15)
    assert len(set(seen)) == 14
    assert min(steps(seen)) < 0


async def test_a_reordered_message_is_overtaken_by_the_next_and_none_is_lost(client: Client) -> None:
    async with client.stream("public/linear") as socket:
        await subscribe(socket)
        await client.hook("/faults", {"action": "reorder", "endpoint": BOOK})
        seen = await update_ids(socket, 15)
    assert sorted(seen) == list(range(min(seen), min(seen) + 15))
    assert steps(seen).count(-1) == 1


async def test_a_message_that_nothing_overtakes_is_sent_in_time(client: Client) -> None:
    async with client.stream("private") as socket:
        await socket.send_json(client.authentication())
        await socket.send_json({"op": "subscribe", "args": ["order"]})
        await client.hook("/faults", {"action": "reorder", "endpoint": "order", "holdMs": 200})
        began = time.monotonic()
        await client.limit(orderLinkId="held")
        while (message := await socket.receive_json(timeout=5)).get("topic") != "order":
            pass
    assert message["data"][0]["orderLinkId"] == "held"
    assert time.monotonic() - began >= 0.2


async def test_a_poisoned_frame_is_no_json(client: Client) -> None:
    async with client.stream("public/linear") as socket:
        await subscribe(socket)
        await client.hook("/faults", {"action": "poison", "endpoint": BOOK, "count": 2})
        texts = [(await socket.receive(timeout=5)).data for _ in range(6)]
    assert texts.count('{"broken":') == 2


async def test_a_stalled_stream_is_silent_but_answers_pings_until_it_goes_on_with_a_gap(client: Client) -> None:
    async with client.stream("public/linear") as socket:
        last = (await subscribe(socket))[-1]
        await client.hook("/faults", {"action": "stall", "endpoint": "orderbook.*", "forMs": 400})
        await socket.send_json({"op": "ping", "req_id": "p"})
        while "data" in (answer := await socket.receive_json(timeout=5)):
            last = answer["data"]["u"]
        assert answer["ret_msg"] == "pong"
        began = time.monotonic()
        (first,) = await update_ids(socket, 1)
    assert first > last + 5
    assert time.monotonic() - began >= 0.3


@pytest.mark.parametrize(("code", "kind"), [(1001, aiohttp.WSMsgType.CLOSE), (None, aiohttp.WSMsgType.CLOSED)])
async def test_a_connection_closes_with_a_code_or_without(
    client: Client, code: int | None, kind: aiohttp.WSMsgType
) -> None:
    async with client.stream("public/linear") as socket:
        await subscribe(socket)
        await client.hook("/faults", {"action": "close", "endpoint": BOOK} | ({"code": code} if code else {}))
        while (message := await socket.receive(timeout=5)).type is aiohttp.WSMsgType.TEXT:
            pass
    assert message.type is kind
    assert code is None or message.data == code


async def test_a_disconnect_ends_the_sockets_of_a_path_with_a_farewell(client: Client) -> None:
    async with client.stream("public/linear") as ended, client.stream("public/spot") as spared:
        fault = {"action": "disconnect", "endpoint": "/v5/public/linear", "code": 1001, "farewell": '{"e":"bye"}'}
        await client.hook("/faults", fault)
        assert await ended.receive_json(timeout=5) == {"e": "bye"}
        assert (await ended.receive(timeout=5)).data == 1001
        await spared.send_json({"op": "ping"})
        assert (await spared.receive_json(timeout=5))["ret_msg"] == "pong"
    assert (await client.hook("/faults"))["injectionsByAction"] == {"disconnect": 1}


async def test_a_disconnect_may_come_at_a_time(client: Client) -> None:
    async with client.stream("private") as socket:
        await client.hook("/faults", {"action": "disconnect", "afterMs": 300, "code": 1001})
        began = time.monotonic()
        assert (await socket.receive(timeout=5)).type is aiohttp.WSMsgType.CLOSE
    assert time.monotonic() - began >= 0.25


async def test_a_socket_may_not_open_or_open_late(client: Client) -> None:
    await client.hook("/faults", {"action": "drop", "endpoint": "/v5/private", "forMs": 60_000})
    with pytest.raises(aiohttp.ClientError):
        async with client.stream("private"):
            pass
    await client.hook("/faults", method="DELETE")
    await client.hook("/faults", {"action": "delay", "endpoint": "/v5/private", "delayMs": 300})
    began = time.monotonic()
    async with client.stream("private"):
        assert time.monotonic() - began >= 0.3


async def test_a_revoked_key_loses_its_private_stream(client: Client) -> None:
    async with client.stream("private") as socket:
        await socket.send_json(client.authentication())
        await socket.receive_json(timeout=5)
        await client.hook("/faults", {"action": "key", "account": "key", "set": "revoked"})
        assert (await socket.receive(timeout=5)).type is not aiohttp.WSMsgType.TEXT
        await asyncio.sleep(0)

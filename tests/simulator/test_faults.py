"""Faults on order: what each does to a request and to a stream, how often, and that they are counted."""

import asyncio
import time
from collections import Counter
from itertools import pairwise
from typing import Any

import aiohttp
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deskbot.simulator import faults as fault_lists
from deskbot.simulator.fault_models import Place
from deskbot.simulator.faults import Faults
from deskbot.simulator.server import Simulator
from tests.simulator.client import Client

SCOPE = {"category": "linear", "symbol": "BTCUSDT"}


def test_a_fault_fires_as_often_as_it_says_and_only_where_it_says() -> None:
    faults = Faults(seed=1)
    fault = faults.add({"action": "drop", "endpoint": "/v5/order/*", "count": 2, "account": "key"})
    assert faults.fire("/v5/market/time", "key") is None
    assert faults.fire("/v5/order/create", "other") is None
    hits = [faults.fire("/v5/order/create", "key") for _ in range(3)]
    assert hits == [fault, fault, None]
    assert faults.view()["injections"] == 2


def test_a_window_begins_and_ends_and_everything_within_it_is_hit() -> None:
    clock = [0]
    faults = Faults(seed=1, now_ns=lambda: clock[0] * 1_000_000)
    faults.add({"action": "drop", "endpoint": "*", "afterMs": 100, "forMs": 50})
    hits = {}
    for clock[0] in (0, 99, 100, 120, 149, 150, 1000):
        hits[clock[0]] = faults.fire("anything", "") is not None
    assert hits == {0: False, 99: False, 100: True, 120: True, 149: True, 150: False, 1000: False}
    assert faults.view()["faults"][0]["exhausted"]


def test_a_window_with_a_count_hits_no_more_than_that() -> None:
    faults = Faults(seed=1)
    faults.add({"action": "drop", "endpoint": "*", "forMs": 50, "count": 2})
    assert [faults.fire("anything", "") is not None for _ in range(4)] == [True, True, False, False]


def test_a_fault_strikes_only_where_its_action_means_something() -> None:
    faults = Faults(seed=1)
    faults.add({"action": "duplicate", "endpoint": "*"})
    assert faults.fire("/v5/order/create", "", Place.REQUEST) is None
    assert faults.fire("orderbook.50.BTCUSDT", "", Place.STREAM) is not None
    assert faults.view()["injections"] == 1


def test_one_fault_does_not_change_what_another_draws() -> None:
    def draws(*others: str) -> list[bool]:
        faults = Faults(seed=1)
        fault = faults.add({"action": "drop", "endpoint": "/a", "probability": 0.5})
        for endpoint in others:
            faults.add({"action": "drop", "endpoint": endpoint, "probability": 0.5})
        hits = []
        for _ in range(32):
            faults.fire("/b", "")
            hits.append(faults.fire("/a", "") is fault)
        return hits

    assert draws() == draws("/b") == draws("/b", "/b")


def test_a_ban_comes_before_what_was_ordered_earlier() -> None:
    faults = Faults(seed=1)
    faults.add({"action": "rateLimit", "endpoint": "*", "forMs": 1000})
    ban = faults.add({"action": "ban", "forMs": 500})
    assert faults.fire("/anything", "") is ban


ORDERS = st.lists(
    st.fixed_dictionaries(
        {"action": st.just("drop"), "endpoint": st.sampled_from(["/a", "/b", "*"])},
        optional={
            "count": st.integers(1, 5),
            "afterMs": st.integers(0, 20),
            "forMs": st.integers(1, 30),
            "account": st.sampled_from(["x", "y"]),
        },
    ),
    max_size=5,
)
PASSING = st.lists(
    st.tuples(st.integers(0, 5), st.sampled_from(["/a", "/b"]), st.sampled_from(["x", "y"])), max_size=40
)


@given(ordered=ORDERS, passing=PASSING)
def test_whatever_is_ordered_each_strike_was_due_and_every_strike_is_counted(
    ordered: list[dict[str, Any]], passing: list[tuple[int, str, str]]
) -> None:
    clock = [0]
    faults = Faults(seed=1, now_ns=lambda: clock[0] * 1_000_000)
    for body in ordered:
        faults.add(body)
    struck: Counter[int] = Counter()
    for wait, endpoint, account in passing:
        clock[0] += wait
        fault = faults.fire(endpoint, account)
        if fault is None:
            continue
        body = ordered[fault.number - 1]
        struck[fault.number] += 1
        assert body["endpoint"] in ("*", endpoint)
        assert body.get("account", account) == account
        begin = body.get("afterMs", 0)
        assert begin <= clock[0] < begin + body.get("forMs", 10**9)
    for listed in faults.view()["faults"]:
        body = ordered[listed["id"] - 1]
        most = body.get("count", len(passing) if "forMs" in body else 1)
        assert listed["injections"] == struck[listed["id"]] <= most
    assert faults.view()["injections"] == struck.total()


def test_of_the_faults_that_are_over_only_the_newest_stay_listed_and_all_stay_counted(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(fault_lists, "SPENT_KEPT", 20)
    faults = Faults(seed=1)
    for _ in range(50):
        faults.add({"action": "drop", "endpoint": "*"})
        faults.fire("anything", "")
    assert [listed["id"] for listed in faults.view()["faults"]] == list(range(30, 51))
    assert faults.view()["injections"] == 50


def test_a_probability_draws_the_same_for_the_same_seed() -> None:
    def draws(seed: int) -> list[bool]:
        faults = Faults(seed)
        faults.add({"action": "drop", "endpoint": "*", "probability": 0.5})
        return [faults.fire("anything", "") is not None for _ in range(64)]

    assert draws(1) == draws(1)
    assert draws(1) != draws(2)
    assert 10 < sum(draws(1)) < 54


def test_cleared_faults_fire_no_more_but_their_injections_stay_counted() -> None:
    faults = Faults(seed=1)
    faults.add({"action": "drop", "endpoint": "*", "count": 5})
    faults.fire("anything", "")
    assert faults.clear() == 1
    assert faults.fire("anything", "") is None
    assert faults.view() == {"faults": [], "injections": 1, "injectionsByAction": {"drop": 1}}


@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        ({"action": "explode", "endpoint": "*"}, "action"),
        ({"action": "drop"}, "endpoint"),
        ({"action": "drop", "endpoint": "*", "count": 1, "probability": 0.5}, "exclude each other"),
        ({"action": "delay", "endpoint": "*"}, "delayMs"),
        ({"action": "drop", "endpoint": "*", "coutn": 1}, "coutn"),
        ({"action": "staleRead", "endpoint": "*", "ageMs": 61_000}, "ageMs: .* 60000"),
        ({"action": "key", "account": "a", "set": "bold"}, "set: .*revoked"),
        ({"action": "explode"}, "'explode' is unknown; one of acceptThenCode"),
        ({"endpoint": "*"}, "no action; name one of"),
        ([], "fault"),
    ],
)
def test_a_fault_that_makes_no_sense_is_refused_in_one_line(body: object, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint) as refused:
        Faults(seed=1).add(body)
    assert "\n" not in str(refused.value)


@pytest.mark.component
class TestRequests:
    async def test_a_dropped_request_never_reaches_the_venue(self, simulator: Simulator, client: Client) -> None:
        await client.hook("/faults", {"action": "drop", "endpoint": "/v5/order/create"})
        with pytest.raises(aiohttp.ClientError):
            await client.limit(orderLinkId="lost")
        assert await _open(client) == []
        assert simulator.log.find({"path": "/v5/order/create"})[-1].code is None
        assert (await client.limit(orderLinkId="lost"))["retCode"] == 0

    async def test_an_accepted_request_whose_answer_is_dropped_took_effect(self, client: Client) -> None:
        await client.hook("/faults", {"action": "acceptThenDrop", "endpoint": "/v5/order/create"})
        with pytest.raises(aiohttp.ClientError):
            await client.limit(orderLinkId="taken")
        assert await _open(client) == ["taken"]
        assert (await client.limit(orderLinkId="taken"))["retCode"] == 110072

    async def test_garbage_hides_an_order_that_was_taken(self, client: Client) -> None:
        await client.hook("/faults", {"action": "garbage", "endpoint": "/v5/order/create", "status": 502})
        with pytest.raises(aiohttp.ContentTypeError) as seen:
            await client.limit(orderLinkId="hidden")
        assert seen.value.status == 502
        assert await _open(client) == ["hidden"]

    async def test_a_delay_comes_before_the_effect_and_a_delayed_reply_after_it(self, client: Client) -> None:
        await client.hook("/faults", {"action": "delay", "endpoint": "/v5/order/create", "delayMs": 300})
        slow = asyncio.create_task(client.limit(orderLinkId="late"))
        await asyncio.sleep(0.1)
        assert await _open(client) == []
        assert (await slow)["retCode"] == 0
        await client.hook("/faults", {"action": "delayReply", "endpoint": "/v5/order/create", "delayMs": 300})
        slow = asyncio.create_task(client.limit(orderLinkId="early"))
        await asyncio.sleep(0.1)
        assert sorted(await _open(client)) == ["early", "late"]
        assert not slow.done()
        await slow

    async def test_faults_are_listed_with_their_counts_and_cleared(self, client: Client) -> None:
        await client.hook("/faults", {"action": "delay", "endpoint": "/v5/account/*", "delayMs": 1, "count": 3})
        await client.get("/v5/account/info")
        (listed,) = (await client.hook("/faults"))["faults"]
        assert (listed["injections"], listed["exhausted"]) == (1, False)
        assert await client.hook("/faults", method="DELETE") == {"cleared": 1}
        assert "error" in await client.hook("/faults", {"action": "delay"})


@pytest.mark.component
class TestStreams:
    async def test_a_dropped_delta_is_a_gap_and_nothing_else_is(self, client: Client) -> None:
        async with client.stream("public/linear") as socket:
            await socket.send_json({"op": "subscribe", "args": ["orderbook.50.BTCUSDT"]})
            before = await _update_ids(socket, 5)
            await client.hook("/faults", {"action": "drop", "endpoint": "orderbook.50.*"})
            after = await _update_ids(socket, 20)
        seen = before + after
        steps = [later - earlier for earlier, later in pairwise(seen)]
        assert sorted(steps)[-2:] == [1, 2], steps

    async def test_a_poisoned_frame_is_no_json_and_the_stream_goes_on(self, client: Client) -> None:
        async with client.stream("public/linear") as socket:
            await socket.send_json({"op": "subscribe", "args": ["orderbook.50.BTCUSDT"]})
            await _update_ids(socket, 2)
            await client.hook("/faults", {"action": "garbage", "endpoint": "orderbook.*", "body": "{broken"})
            texts = [(await socket.receive(timeout=5)).data for _ in range(5)]
        assert texts.count("{broken") == 1

    async def test_a_stalled_stream_still_answers_pings(self, client: Client) -> None:
        async with client.stream("public/linear") as socket:
            await socket.send_json({"op": "subscribe", "args": ["orderbook.50.BTCUSDT"]})
            await _update_ids(socket, 2)
            await client.hook("/faults", {"action": "drop", "endpoint": "orderbook.*", "probability": 1})
            await asyncio.sleep(0.2)
            await socket.send_json({"op": "ping", "req_id": "p"})
            until, answers = time.monotonic() + 5, []
            while time.monotonic() < until and "pong" not in answers:
                answers.append((await socket.receive_json(timeout=5)).get("ret_msg", "data"))
        assert answers[-1] == "pong"

    async def test_a_stream_can_be_cut(self, client: Client) -> None:
        async with client.stream("public/linear") as socket:
            await socket.send_json({"op": "subscribe", "args": ["orderbook.50.BTCUSDT"]})
            await _update_ids(socket, 2)
            await client.hook("/faults", {"action": "acceptThenDrop", "endpoint": "orderbook.*"})
            kinds = {aiohttp.WSMsgType.TEXT}
            while kinds <= {aiohttp.WSMsgType.TEXT}:
                kinds = {(await socket.receive(timeout=5)).type}
        assert kinds <= {aiohttp.WSMsgType.CLOSED, aiohttp.WSMsgType.ERROR}


@pytest.mark.component
class TestOrderEntrySocket:
    async def test_an_order_taken_over_a_socket_that_then_breaks_is_live(self, client: Client) -> None:
        await client.hook("/faults", {"action": "acceptThenDrop", "endpoint": "order.create"})
        async with client.stream("trade") as socket:
            await socket.send_json(client.authentication())
            await socket.receive_json(timeout=5)
            await socket.send_json(_create(client, "taken"))
            assert (await socket.receive(timeout=5)).type is not aiohttp.WSMsgType.TEXT
        assert await _open(client) == ["taken"]

    async def test_a_dropped_operation_never_reaches_the_venue(self, client: Client) -> None:
        await client.hook("/faults", {"action": "drop", "endpoint": "order.*"})
        async with client.stream("trade") as socket:
            await socket.send_json(client.authentication())
            await socket.receive_json(timeout=5)
            await socket.send_json(_create(client, "lost"))
            assert (await socket.receive(timeout=5)).type is not aiohttp.WSMsgType.TEXT
        assert await _open(client) == []

    async def test_operations_do_not_wait_for_each_other(self, client: Client) -> None:
        await client.hook("/faults", {"action": "delayReply", "endpoint": "order.create", "delayMs": 300})
        async with client.stream("trade") as socket:
            await socket.send_json(client.authentication())
            await socket.receive_json(timeout=5)
            for link in ("slow", "fast"):
                await socket.send_json(_create(client, link))
            answered = [(await socket.receive_json(timeout=5))["reqId"] for _ in range(2)]
        assert answered == ["fast", "slow"]


def _create(client: Client, link: str) -> dict[str, Any]:
    order = {"symbol": "BTCUSDT", "side": "Buy", "orderType": "Limit", "qty": "0.01", "price": "59000"}
    header = {"X-BAPI-TIMESTAMP": str(client.now_ms())}
    args = [order | {"category": "linear", "orderLinkId": link}]
    return {"op": "order.create", "reqId": link, "header": header, "args": args}


async def _open(client: Client) -> list[str]:
    listed = await client.get("/v5/order/realtime", **SCOPE)
    return [order["orderLinkId"] for order in listed["result"]["list"]]


async def _update_ids(socket: Any, count: int) -> list[int]:
    seen: list[int] = []
    while len(seen) < count:
        message = await socket.receive_json(timeout=5)
        if "data" in message:
            seen.append(message["data"]["u"])
    return seen

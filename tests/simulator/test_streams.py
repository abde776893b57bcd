"""The streams: a book that can be followed without a gap, and an account that hears all of its own and nothing else."""

import asyncio
from typing import Any

import pytest

from deskbot.simulator.server import Simulator
from tests.simulator.client import Client

pytestmark = pytest.mark.component

Book = dict[str, dict[str, str]]


async def _data(socket: Any, topic: str) -> dict[str, Any]:
    """The next message of a topic."""
    while True:
        message: dict[str, Any] = await socket.receive_json(timeout=5)
        if message.get("topic") == topic:
            return message


def _apply(book: Book, message: dict[str, Any]) -> Book:
    if message["type"] == "snapshot":
        book = {"b": {}, "a": {}}
    for side in ("b", "a"):
        for price, size in message["data"][side]:
            book[side][price] = size
        book[side] = {price: size for price, size in book[side].items() if size != "0"}
    return book


async def _private(client: Client, socket: Any, *topics: str) -> None:
    await socket.send_json(client.authentication())
    assert (await socket.receive_json(timeout=5))["success"] is True
    await socket.send_json({"op": "subscribe", "args": list(topics), "req_id": "1"})
    assert (await socket.receive_json(timeout=5))["success"] is True


@pytest.mark.parametrize("category", ["spot", "linear"])
async def test_a_book_starts_with_a_snapshot_and_its_update_ids_never_skip(client: Client, category: str) -> None:
    topic = "orderbook.50.BTCUSDT"
    async with client.stream(f"public/{category}") as first, client.stream(f"public/{category}") as second:
        await first.send_json({"op": "subscribe", "args": [topic]})
        messages = [await _data(first, topic) for _ in range(10)]
        await second.send_json({"op": "subscribe", "args": [topic]})
        joined = [await _data(second, topic) for _ in range(10)]
        messages += [await _data(first, topic) for _ in range(40)]
    for run in (messages, joined):
        assert [message["type"] for message in run] == ["snapshot"] + ["delta"] * (len(run) - 1)
        ids = [message["data"]["u"] for message in run]
        assert ids == list(range(ids[0], ids[0] + len(ids)))
    books: dict[int, Book] = {}
    for run in (messages, joined):
        book: Book = {}
        for message in run:
            book = _apply(book, message)
            seen = books.setdefault(message["data"]["u"], {side: dict(levels) for side, levels in book.items()})
            assert seen == book, "two subscribers disagree on the same update id"
        assert len(book["b"]) == len(book["a"]) == 50


async def test_trades_tickers_and_candles_are_told(client: Client) -> None:
    topics = ["publicTrade.BTCUSDT", "tickers.BTCUSDT", "kline.1.BTCUSDT", "orderbook.1.BTCUSDT"]
    async with client.stream("public/linear") as socket:
        await socket.send_json({"op": "subscribe", "args": topics})
        seen: dict[str, dict[str, Any]] = {}
        while not set(topics) <= set(seen):
            message = await socket.receive_json(timeout=5)
            seen.setdefault(message.get("topic", "answer"), message)
    (trade, *_) = seen["publicTrade.BTCUSDT"]["data"]
    assert {"T", "s", "S", "v", "p", "i", "BT"} <= set(trade)
    assert seen["tickers.BTCUSDT"]["type"] == "snapshot"
    assert seen["kline.1.BTCUSDT"]["data"][-1]["confirm"] is False


async def test_an_unknown_topic_refuses_the_subscription(client: Client) -> None:
    async with client.stream("public/spot") as socket:
        await socket.send_json({"op": "subscribe", "args": ["orderbook.50.NOSUCH"], "req_id": "7"})
        answer = await socket.receive_json(timeout=5)
    assert (answer["success"], answer["req_id"]) == (False, "7")
    assert "handler not found" in answer["ret_msg"]


async def test_digits_of_other_scripts_are_refused_and_end_no_connection(client: Client) -> None:
    superscript = "\N{SUPERSCRIPT TWO}"
    async with client.stream("public/linear") as socket:
        await socket.send_json({"op": "subscribe", "args": [f"orderbook.{superscript}.BTCUSDT"], "req_id": "1"})
        assert (await socket.receive_json(timeout=5))["success"] is False
    async with client.stream("private") as socket:
        await socket.send_json({"op": "auth", "args": [client.key, superscript, "0"]})
        assert (await socket.receive_json(timeout=5))["success"] is False
    async with client.stream("trade") as socket:
        await socket.send_json(client.authentication())
        await socket.receive_json(timeout=5)
        for header in ({"X-BAPI-TIMESTAMP": superscript}, {"X-BAPI-TIMESTAMP": "1", "X-BAPI-RECV-WINDOW": superscript}):
            await socket.send_json({"op": "order.create", "reqId": "1", "header": header, "args": [{}]})
            assert (await socket.receive_json(timeout=5))["retCode"] == 10001


async def test_the_private_stream_wants_the_right_secret(simulator: Simulator, client: Client) -> None:
    async with client.stream("private") as socket:
        await socket.send_json({"op": "subscribe", "args": ["order"]})
        assert (await socket.receive_json(timeout=5))["success"] is False
        async with Client(simulator.base_url, secret="wrong") as wrong:
            await socket.send_json(wrong.authentication())
        assert (await socket.receive_json(timeout=5))["success"] is False
        async with Client(simulator.base_url, clock_offset_ms=-60_000) as late:
            await socket.send_json(late.authentication())
        assert (await socket.receive_json(timeout=5))["success"] is False


async def test_an_order_is_told_from_new_to_filled_with_its_execution_position_and_wallet(client: Client) -> None:
    async with client.stream("private") as socket:
        await _private(client, socket, "order", "execution", "position", "wallet")
        placed = await client.market("Buy")
        seen: dict[str, Any] = {"order": [], "execution": [], "position": [], "wallet": []}
        while not all(seen.values()) or seen["order"][-1]["orderStatus"] != "Filled":
            message = await socket.receive_json(timeout=5)
            seen[message["topic"]] += message["data"]
    order_id = placed["result"]["orderId"]
    assert {order["orderId"] for order in seen["order"]} == {order_id}
    assert [fill["orderId"] for fill in seen["execution"]] == [order_id]
    assert (seen["execution"][0]["execType"], seen["execution"][0]["feeCoin"]) == ("Trade", "USDT")
    assert (seen["position"][-1]["side"], seen["position"][-1]["size"]) == ("Buy", "0.010")
    assert {coin["coin"] for coin in seen["wallet"][-1]["coin"]} == {"USDT", "BTC"}


async def test_an_account_hears_nothing_of_another(simulator: Simulator, client: Client) -> None:
    async with Client(simulator.base_url, "other") as other, client.stream("private") as socket:
        await _private(client, socket, "order")
        await other.limit(orderLinkId="not-yours")
        await client.limit(orderLinkId="yours")
        assert (await _data(socket, "order"))["data"][0]["orderLinkId"] == "yours"


async def test_category_topics_and_fast_executions_are_told_apart(client: Client) -> None:
    async with client.stream("private") as socket:
        await _private(client, socket, "execution.fast", "order.spot")
        await client.market("Buy")
        await client.market("Buy", category="spot")
        first = await socket.receive_json(timeout=5)
        assert (first["topic"], first["data"][0]["category"]) == ("execution.fast", "linear")
        assert (await _data(socket, "order.spot"))["data"][0]["category"] == "spot"


async def test_a_post_only_order_that_would_take_is_acknowledged_and_then_cancelled(client: Client) -> None:
    async with client.stream("private") as socket:
        await _private(client, socket, "order")
        answer = await client.limit(price="60500", timeInForce="PostOnly")
        assert answer["retCode"] == 0
        told = (await _data(socket, "order"))["data"][0]
        while told["orderStatus"] == "New":
            told = (await _data(socket, "order"))["data"][0]
    assert (told["orderStatus"], told["rejectReason"]) == ("Cancelled", "EC_PostOnlyWillTakeLiquidity")
    assert told["cumExecQty"] == "0.000"


async def test_orders_can_be_entered_changed_and_cancelled_over_the_trade_socket(client: Client) -> None:
    header = {"X-BAPI-TIMESTAMP": str(client.now_ms())}
    order = {"category": "linear", "symbol": "BTCUSDT", "side": "Buy", "orderType": "Limit", "qty": "0.01"}
    async with client.stream("trade") as socket:
        await socket.send_json({"op": "order.create", "reqId": "0", "header": header, "args": [order]})
        assert (await socket.receive_json(timeout=5))["retCode"] == 10003
        await socket.send_json(client.authentication())
        assert (await socket.receive_json(timeout=5))["retCode"] == 0
        answers = []
        link = {"category": "linear", "symbol": "BTCUSDT", "orderLinkId": "ws-1"}
        for operation, args in (
            ("order.create", order | {"price": "59000", "orderLinkId": "ws-1"}),
            ("order.amend", link | {"price": "58999"}),
            ("order.cancel", link),
            ("order.cancel", link),
        ):
            await socket.send_json({"op": operation, "reqId": operation, "header": header, "args": [args]})
            answers.append(await socket.receive_json(timeout=5))
        await socket.send_json({"op": "order.create", "reqId": "9", "args": [order], "header": {}})
        assert (await socket.receive_json(timeout=5))["retCode"] == 10001
    assert [answer["retCode"] for answer in answers] == [0, 0, 0, 110001]
    assert answers[0]["reqId"] == "order.create"
    assert answers[0]["header"]["X-Bapi-Limit"] == "200"


async def test_stopping_says_goodbye_to_every_client(simulator: Simulator, client: Client) -> None:
    async def follow(topic: str) -> int | None:
        async with client.stream("public/linear") as socket:
            await socket.send_json({"op": "subscribe", "args": [topic]})
            async for _ in socket:
                following.set()
        code: int | None = socket.close_code
        return code

    following = asyncio.Event()
    clients = [asyncio.create_task(follow(topic)) for topic in ("tickers.BTCUSDT", "orderbook.50.BTCUSDT")]
    await asyncio.wait_for(following.wait(), 5)
    await simulator.stop()
    assert await asyncio.wait_for(asyncio.gather(*clients), 5) == [1001, 1001]

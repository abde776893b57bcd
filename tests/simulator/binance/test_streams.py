"""The streams as an independent client reads them: books that join, events in order, nothing for strangers."""

import asyncio
from typing import Any

import aiohttp
import pytest

from deskbot.matching import Category
from deskbot.simulator.binance import doors
from deskbot.simulator.server import Simulator
from tests.simulator.binance.client import LINEAR, SPOT, Client

pytestmark = pytest.mark.component

BOTH = pytest.mark.parametrize("side", [SPOT, LINEAR])
DEPTH = "btcusdt@depth@100ms"


async def _subscribe(socket: Any, *names: str) -> None:
    await socket.send_json({"method": "SUBSCRIBE", "params": names, "id": 1})
    assert await socket.receive_json(timeout=5) == {"result": None, "id": 1}


async def _events(socket: Any, count: int) -> list[dict[str, Any]]:
    return [await socket.receive_json(timeout=5) for _ in range(count)]


class Book:
    """A local book, kept the way the venue's documentation says."""

    def __init__(self, snapshot: dict[str, Any], side: str) -> None:
        self.last = snapshot["lastUpdateId"]
        self.bids = dict(snapshot["bids"])
        self.asks = dict(snapshot["asks"])
        self.side = side
        self.joined = False

    def take(self, event: dict[str, Any]) -> None:
        if event["u"] <= self.last and not self.joined:
            return
        if not self.joined:
            assert event["U"] <= self.last + 1 <= event["u"], (event["U"], self.last, event["u"])
        elif self.side == LINEAR:
            assert event["pu"] == self.last
        else:
            assert event["U"] == self.last + 1
        self.joined, self.last = True, event["u"]
        for levels, changed in ((self.bids, event["b"]), (self.asks, event["a"])):
            for price, size in changed:
                levels[price] = size
                if float(size) == 0:
                    del levels[price]


@BOTH
async def test_depth_events_chain_and_join_the_snapshot(client: Client, side: str) -> None:
    async with client.stream(side) as socket:
        await _subscribe(socket, DEPTH)
        early = await _events(socket, 2)
        snapshot = await client.public(side, "/depth", symbol="BTCUSDT", limit=1000)
        book = Book(snapshot, side)
        for event in early + await _events(socket, 6):
            book.take(event)
        assert book.joined
        assert event["e"] == "depthUpdate"
        assert ("T" in event, "pu" in event) == ((side == LINEAR),) * 2
        later = await client.public(side, "/depth", symbol="BTCUSDT", limit=1000)
        while book.last < later["lastUpdateId"]:
            book.take(await socket.receive_json(timeout=5))
    if book.last == later["lastUpdateId"]:
        assert (book.bids, book.asks) == (dict(later["bids"]), dict(later["asks"]))


@BOTH
async def test_two_clients_at_different_paces_see_the_same_chain(client: Client, side: str) -> None:
    async with client.stream(side) as one, client.stream(side) as other:
        await _subscribe(one, DEPTH)
        await _subscribe(other, DEPTH)
        chains = await asyncio.gather(_events(one, 8), _events(other, 5))
    ends = [event["u"] for event in chains[0]]
    assert all(event["u"] in ends for event in chains[1][:-3])
    for events in chains:
        assert [event["U"] for event in events[1:]] == [event["u"] + 1 for event in events[:-1]]


@BOTH
async def test_depth_events_chain_while_others_press(simulator: Simulator, client: Client, side: str) -> None:
    async def press(key: str) -> None:
        async with Client(simulator.base_url, key) as other:
            for _ in range(60):
                placed = await other.limit(side)
                await other.signed("DELETE", side, "/order", symbol="BTCUSDT", orderId=placed["orderId"])

    async with client.stream(side, f"/stream?streams={DEPTH}/btcusdt@bookTicker/btcusdt@trade") as socket:
        pressing = asyncio.gather(press("key"), press("other"))
        chain: list[dict[str, Any]] = []
        while len(chain) < 12 or not pressing.done():
            message = await socket.receive_json(timeout=5)
            if message["stream"] == DEPTH:
                chain.append(message["data"])
        await pressing
    assert [event["U"] for event in chain[1:]] == [event["u"] + 1 for event in chain[:-1]]


@BOTH
async def test_every_public_stream_says_what_it_should(client: Client, side: str) -> None:
    names = ["btcusdt@bookTicker", "btcusdt@trade", "btcusdt@aggTrade", "btcusdt@kline_1m", "btcusdt@ticker"]
    seen: dict[str, dict[str, Any]] = {}
    path = "/stream?streams=" + "/".join([*names, "btcusdt@depth5@100ms"])
    async with client.stream(side, path) as socket:
        while len(seen) < 6:
            message = await socket.receive_json(timeout=5)
            seen[message["stream"]] = message["data"]
    quote = seen["btcusdt@bookTicker"]
    assert float(quote["b"]) < float(quote["a"])
    assert ("e" in quote) == (side == LINEAR)
    assert seen["btcusdt@trade"]["e"] == "trade"
    assert seen["btcusdt@aggTrade"]["f"] == seen["btcusdt@aggTrade"]["l"]
    assert seen["btcusdt@kline_1m"]["k"]["i"] == "1m"
    assert seen["btcusdt@ticker"]["e"] == "24hrTicker"
    partial = seen["btcusdt@depth5@100ms"]
    assert len(partial["bids" if side == SPOT else "b"]) == 5
    digits = seen["btcusdt@trade"]["p"].partition(".")[2]
    assert len(digits) == (8 if side == SPOT else 2)


async def test_streams_come_and_go_by_request_and_unknown_ones_are_silent(client: Client) -> None:
    async with client.stream(SPOT, "/ws/0") as socket:
        await _subscribe(socket, "nosuch@trade", "btcusdt@nothing", "btcusdt@trade")
        assert (await socket.receive_json(timeout=5))["e"] == "trade"
        await socket.send_json({"method": "UNSUBSCRIBE", "params": ["btcusdt@trade"], "id": 2})
        await socket.send_json({"method": "LIST_SUBSCRIPTIONS", "id": 3})
        answers: dict[int, Any] = {}
        while 3 not in answers:
            message = await socket.receive_json(timeout=5)
            if "id" in message:
                answers[message["id"]] = message["result"]
        assert answers == {2: None, 3: ["btcusdt@nothing", "nosuch@trade"]}
        with pytest.raises(TimeoutError):
            await socket.receive_json(timeout=0.5)


async def test_a_futures_stream_at_the_wrong_socket_is_silent(client: Client) -> None:
    async with client.stream(LINEAR, "/market/ws") as socket:
        await _subscribe(socket, DEPTH, "btcusdt@aggTrade")
        assert {event["e"] for event in await _events(socket, 5)} == {"aggTrade"}
    async with client.stream(LINEAR, "/public/ws") as socket:
        await _subscribe(socket, DEPTH, "btcusdt@aggTrade")
        assert {event["e"] for event in await _events(socket, 5)} == {"depthUpdate"}


async def test_spot_user_data_comes_over_the_socket_api(client: Client) -> None:
    async with client.socket_api() as socket:
        call = {"id": "a", "method": "userDataStream.subscribe.signature", "params": client.socket_parameters()}
        await socket.send_json(call)
        assert (await socket.receive_json(timeout=5))["result"] == {"subscriptionId": 0}
        resting = await client.limit(SPOT, newClientOrderId="mine")
        taking = await client.market("BUY", "0.01", SPOT)
        await client.signed("DELETE", SPOT, "/order", symbol="BTCUSDT", orderId=resting["orderId"])
        events: list[dict[str, Any]] = []
        while not events or events[-1].get("x") != "CANCELED":
            message = await socket.receive_json(timeout=5)
            assert message["subscriptionId"] == 0
            events.append(message["event"])
    reports = [event for event in events if event["e"] == "executionReport"]
    story = [(event["x"], event["X"], event["i"]) for event in reports]
    assert story[0] == ("NEW", "NEW", resting["orderId"])
    assert ("TRADE", "FILLED", taking["orderId"]) in story
    assert story[-1] == ("CANCELED", "CANCELED", resting["orderId"])
    fill = next(event for event in reports if event["x"] == "TRADE")
    assert (fill["N"], fill["n"]) == ("BTC", "0.00001000")
    assert (reports[-1]["C"], reports[0]["c"]) == ("mine", "mine")
    coins = [coin for event in events if event["e"] == "outboundAccountPosition" for coin in event["B"]]
    assert {coin["a"] for coin in coins} == {"BTC", "USDT"}


async def test_a_wrong_signature_hears_nothing_over_the_socket_api(client: Client) -> None:
    async with client.socket_api() as socket:
        params = client.socket_parameters() | {"signature": "0" * 64}
        await socket.send_json({"id": 1, "method": "userDataStream.subscribe.signature", "params": params})
        refused = await socket.receive_json(timeout=5)
        assert (refused["status"], refused["error"]["code"]) == (400, -1022)
        await socket.send_json({"id": 2, "method": "session.subscriptions"})
        assert (await socket.receive_json(timeout=5))["result"] == {"subscriptions": []}


async def test_a_subscription_named_in_digits_of_another_script_ends_no_connection(client: Client) -> None:
    async with client.socket_api() as socket:
        params = client.socket_parameters() | {"subscriptionId": "\N{SUPERSCRIPT TWO}"}
        await socket.send_json({"id": 1, "method": "userDataStream.unsubscribe", "params": params})
        assert (await socket.receive_json(timeout=5))["status"] == 200


async def test_orders_over_the_socket_api_are_those_over_rest(client: Client) -> None:
    order = {"symbol": "BTCUSDT", "side": "BUY", "type": "LIMIT", "timeInForce": "GTC"}
    async with client.socket_api() as socket:
        params = client.socket_parameters(**order, quantity="0.01", price="59000")
        await socket.send_json({"id": "x", "method": "order.place", "params": params})
        placed = await socket.receive_json(timeout=5)
        assert (placed["id"], placed["status"], placed["result"]["status"]) == ("x", 200, "NEW")
        assert {limit["rateLimitType"] for limit in placed["rateLimits"]} == {"REQUEST_WEIGHT", "ORDERS"}
        params = client.socket_parameters(symbol="BTCUSDT", orderId=placed["result"]["orderId"])
        await socket.send_json({"id": "y", "method": "order.cancel", "params": params})
        assert (await socket.receive_json(timeout=5))["result"]["status"] == "CANCELED"
    assert await client.signed("GET", SPOT, "/openOrders") == []


async def _user_stream(client: Client) -> Any:
    key = (await client.keyed("POST", LINEAR, "/listenKey"))["listenKey"]
    return client.stream(LINEAR, f"/private/ws?listenKey={key}")


async def test_futures_user_data_comes_by_listen_key(client: Client) -> None:
    async with await _user_stream(client) as socket:
        await client.market("BUY")
        sold = await client.market("SELL", reduceOnly="true")
        events: list[dict[str, Any]] = []
        while len([event for event in events if event["e"] == "ACCOUNT_UPDATE"]) < 2:
            events.append(await socket.receive_json(timeout=5))
    orders = [event["o"] for event in events if event["e"] == "ORDER_TRADE_UPDATE"]
    fills = [order for order in orders if order["x"] == "TRADE"]
    assert {(order["i"], order["X"], order["R"]) for order in fills} >= {(sold["orderId"], "FILLED", True)}
    listed = await client.signed("GET", LINEAR, "/userTrades", symbol="BTCUSDT")
    assert [(fill["t"], fill["rp"], fill["n"]) for fill in fills] == [
        (fill["id"], fill["realizedPnl"], fill["commission"]) for fill in listed
    ]
    updates = [event["a"] for event in events if event["e"] == "ACCOUNT_UPDATE"]
    assert [update["P"][0]["pa"] for update in updates] == ["0.010", "0.000"]
    assert updates[0]["m"] == "ORDER"


async def test_a_conditional_futures_order_is_told_until_it_is_an_ordinary_one(client: Client) -> None:
    algo = {"algoType": "CONDITIONAL", "symbol": "BTCUSDT", "quantity": "0.01", "type": "STOP_MARKET"}
    async with await _user_stream(client) as socket:
        # prints alternate between 59 999.9 and 60 000.1: a rise to the higher comes within a few hundred milliseconds
        placed: dict[str, Any] = {}
        while "algoId" not in placed:
            placed = await client.signed("POST", LINEAR, "/algoOrder", side="BUY", triggerPrice="60000.1", **algo)
        events: list[dict[str, Any]] = []
        while not events or events[-1]["o"].get("X") != "FINISHED":
            event = await socket.receive_json(timeout=5)
            if event["e"] != "ACCOUNT_UPDATE":
                events.append(event)
    told = [event["o"]["X"] for event in events if event["e"] == "ALGO_UPDATE"]
    assert told == ["NEW", "TRIGGERED", "FINISHED"]
    ordinary = [event["o"]["x"] for event in events if event["e"] == "ORDER_TRADE_UPDATE"]
    assert ordinary[:2] == ["NEW", "TRADE"]
    found = await client.signed("GET", LINEAR, "/algoOrder", algoId=placed["algoId"])
    assert (found["algoStatus"], found["actualOrderId"]) == ("FINISHED", str(placed["algoId"]))


async def test_an_expired_listen_key_is_told_and_then_silent(simulator: Simulator, client: Client) -> None:
    async with await _user_stream(client) as socket:
        assert (await client.hook("/faults", {"action": "expireListenKeys"}))["injections"] == 1
        told = await socket.receive_json(timeout=5)
        assert told["e"] == "listenKeyExpired"
        await client.limit()
        with pytest.raises(TimeoutError):
            await socket.receive_json(timeout=0.3)
    assert (await client.keyed("PUT", LINEAR, "/listenKey"))["code"] == -1125
    async with client.stream(LINEAR, f"/private/ws?listenKey={told['listenKey']}") as socket:
        assert (await socket.receive(timeout=5)).data == 1008
    async with await _user_stream(client) as socket:
        await client.limit()
        assert (await socket.receive_json(timeout=5))["e"] == "ORDER_TRADE_UPDATE"


async def test_an_account_hears_nothing_of_another(simulator: Simulator, client: Client) -> None:
    async with Client(simulator.base_url, "other") as other, await _user_stream(other) as socket:
        await client.market("BUY")
        await other.limit(newClientOrderId="own")
        assert (await socket.receive_json(timeout=5))["o"]["c"] == "own"


async def test_the_venue_pings(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(doors.PING_SECONDS, Category.SPOT, 0.1)
    async with client.stream(SPOT, autoping=False) as socket:
        assert (await socket.receive(timeout=5)).type is aiohttp.WSMsgType.PING
        # a client that does not answer is cut off
        assert (await socket.receive(timeout=5)).type in (aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSED)


async def test_both_dialects_are_spoken_at_once(simulator: Simulator, client: Client) -> None:
    order = await client.limit(LINEAR)
    paths = {"binance": "/fapi.binance.com/fapi/v1/time", "bybit": "/api.bybit.com/v5/market/time"}
    assert "serverTime" in await client.hook(paths["binance"])
    assert (await client.hook(paths["bybit"]))["retCode"] == 0
    truth = await client.hook("/ground-truth?account=key")
    assert (order["status"], truth["openOrders"]) == ("NEW", 1)

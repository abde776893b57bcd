"""What Binance's streams say reaches the listener in order; what cannot be trusted breaks the connection."""

import asyncio
from typing import Any

import pytest

from deskbot.venues.binance.exchange import StreamEnded
from tests.venues.binance.listings import MARKET, Row, Wire
from tests.venues.binance.test_rows import REPORT, UPDATE

ADDRESS = {
    "Spot": "ws://127.0.0.1:1/stream.binance.com:9443/ws/0",
    "Swap": "ws://127.0.0.1:1/fstream.binance.com/public/ws/0",
}
DEPTH = {"Spot": "GET api.binance.com/api/v3/depth", "Swap": "GET fapi.binance.com/fapi/v1/depth"}
KINDS = pytest.mark.parametrize("kind", ["Spot", "Swap"])


class Heard:
    def __init__(self) -> None:
        self.books: list[tuple[int, int, int, Any]] = []
        self.trades: list[Row] = []
        self.private: list[Row] = []
        self.subscribed = 0

    def on_book(self, book: Any, venue_ms: int, sequence: int, previous: int) -> None:
        self.books.append((venue_ms, sequence, previous, [list(one) for one in book["bids"]]))

    def on_trades(self, rows: list[Row]) -> None:
        self.trades += rows

    def on_private(self, rows: list[Row]) -> None:
        self.private += rows

    def on_subscribed(self) -> None:
        self.subscribed += 1


def _listening(kind: str, answers: Row | None = None) -> tuple[Wire, Heard, Any]:
    wire, heard = Wire(kind, answers), Heard()
    wire.exchange.listener = heard
    return wire, heard, wire.exchange.client(ADDRESS[kind])


def _delta(kind: str, first: int, last: int, bids: list[list[str]], previous: int = 0) -> Row:
    own = {"pu": previous, "T": 5} if kind == "Swap" else {}
    return {"e": "depthUpdate", "E": 1000 + last, "s": "BTCUSDT", "U": first, "u": last, "b": bids, "a": [], **own}


async def _book(kind: str, early: list[Row]) -> tuple[Wire, Heard, Any, asyncio.Future[Any]]:
    """A book whose snapshot (update 100) arrived after some early messages."""
    snapshot = {"lastUpdateId": 100, "E": 1, "T": 1, "bids": [["10.0", "1.0"]], "asks": [["11.0", "1.0"]]}
    wire, heard, client = _listening(kind, {DEPTH[kind]: snapshot})
    symbol = MARKET[kind]
    future = client.future(f"orderbook::{symbol}")
    client.subscriptions[f"orderbook::{symbol}"] = True
    kinds = {"Spot": "spot", "Swap": "linear"}
    subscription = {"symbol": symbol, "limit": 1000, "type": kinds[kind], "params": {}}
    wire.exchange.handle_order_book_subscription(client, {}, subscription)
    for message in early:
        wire.exchange.handle_message(client, message)
    await future
    return wire, heard, client, client.future(f"orderbook::{symbol}")


@KINDS
async def test_a_book_begins_with_the_first_update_that_follows_the_snapshot(kind: str) -> None:
    early = [_delta(kind, 80, 90, [["9.0", "5.0"]], 79), _delta(kind, 91, 105, [["10.0", "2.0"]], 90)]
    wire, heard, client, _ = await _book(kind, early)
    assert wire.sent == [(DEPTH[kind], {"symbol": "BTCUSDT", "limit": "1000"})]
    wire.exchange.handle_message(client, _delta(kind, 106, 107, [["10.0", "0"], ["9.9", "3.0"]], 105))
    assert heard.books == [(1105, 105, 0, [[10.0, 2.0]]), (1107, 107, 105, [[9.9, 3.0]])]


@KINDS
async def test_a_lost_update_breaks_the_subscription(kind: str) -> None:
    wire, heard, client, future = await _book(kind, [_delta(kind, 91, 105, [], 90)])
    wire.exchange.handle_message(client, _delta(kind, 107, 108, [], 106))
    with pytest.raises(Exception, match=r"checksum|nonce"):
        await future
    assert [sequence for _, sequence, _, _ in heard.books] == [105]


@KINDS
async def test_an_update_wakes_nobody_who_watches_and_keeps_no_more_levels_than_asked_for(kind: str) -> None:
    wire, heard, client, watched = await _book(kind, [_delta(kind, 91, 105, [], 90)])
    wire.exchange.handle_message(client, _delta(kind, 106, 107, [[f"{9 - n / 1000}", "1"] for n in range(1100)], 105))
    assert not watched.done()
    assert len(heard.books[-1][3]) == 1000


@KINDS
async def test_an_update_told_twice_changes_nothing(kind: str) -> None:
    wire, heard, client, _ = await _book(kind, [_delta(kind, 91, 105, [["10.0", "2.0"]], 90)])
    wire.exchange.handle_message(client, _delta(kind, 91, 104, [["10.0", "9.0"]], 90))
    assert [sequence for _, sequence, _, _ in heard.books] == [105]


@KINDS
@pytest.mark.parametrize("message", [{"e": "depthUpdate"}, {"e": "depthUpdate", "U": 2, "u": 1, "s": "BTCUSDT"}])
async def test_an_update_that_cannot_be_read_breaks_the_connection(kind: str, message: Row) -> None:
    wire, _, client = _listening(kind)
    with pytest.raises((KeyError, ValueError)):
        wire.exchange.handle_message(client, message)


@KINDS
async def test_rows_are_handed_on_as_they_are(kind: str) -> None:
    wire, heard, client = _listening(kind)
    trade = {"e": "aggTrade", "s": "BTCUSDT", "p": "1", "q": "1", "m": True, "T": 1}
    told = {"subscriptionId": 0, "event": REPORT} if kind == "Spot" else {"e": "ORDER_TRADE_UPDATE", "o": UPDATE}
    for message in (trade, told):
        wire.exchange.handle_message(client, message)
    assert (heard.trades, heard.private) == ([trade], [REPORT if kind == "Spot" else told])
    for ignored in ({"e": "outboundAccountPosition"}, {"e": "ACCOUNT_UPDATE", "a": {}}, {"e": "balanceUpdate"}):
        wire.exchange.handle_message(client, ignored)
    assert len(heard.private) == 1


@pytest.mark.parametrize(
    "message",
    [
        {"e": "listenKeyExpired", "E": 1, "listenKey": "x"},
        {"subscriptionId": 0, "event": {"e": "eventStreamTerminated", "E": 1}},
        {"event": {"e": "serverShutdown", "E": 1}},
        {"e": "serverShutdown", "E": 1},
    ],
)
@KINDS
async def test_the_venues_last_words_break_the_connection(kind: str, message: Row) -> None:
    wire, _, client = _listening(kind)
    with pytest.raises(StreamEnded, match="the venue ends the stream"):
        wire.exchange.handle_message(client, message)


@KINDS
async def test_every_connection_of_an_instance_is_broken_by_what_cannot_be_read(kind: str) -> None:
    wire, _, first = _listening(kind)
    second = wire.exchange.client(ADDRESS[kind].replace("/ws/0", "/ws/1"))
    for client in (first, second):
        client.handle_text_or_binary_message("{not json")
        assert "JSONDecodeError" in type(client.error).__name__


async def test_the_spot_private_stream_begins_with_the_acknowledgement() -> None:
    wire, heard, client = _listening("Spot")
    client.subscriptions.update(spot=True, **{"1": {"method": wire.exchange.handle_user_data_stream_subscribe}})
    future = client.future("1")
    wire.exchange.handle_message(client, {"id": "1", "status": 200, "result": {}})
    assert heard.subscribed == 0
    with pytest.raises(Exception, match="subscribe failed"):
        await future
    client.subscriptions["spot"] = True
    wire.exchange.handle_message(client, {"id": "1", "status": 200, "result": {"subscriptionId": 0}})
    assert heard.subscribed == 1


async def test_the_futures_private_stream_begins_when_its_address_is_open() -> None:
    wire, heard, client = _listening("Swap")
    wire.exchange.on_connected(client)
    assert heard.subscribed == 0
    wire.exchange.on_connected(wire.exchange.client("ws://127.0.0.1:1/fstream.binance.com/private/ws?listenKey=k"))
    assert heard.subscribed == 1


LISTEN_KEY = "fapi.binance.com/fapi/v1/listenKey"


async def _ended_by(work: Any, *, after: int, sleeps: list[float], monkeypatch: pytest.MonkeyPatch) -> None:
    async def sleep(seconds: float) -> None:
        sleeps.append(seconds)
        if len(sleeps) > after:
            raise asyncio.CancelledError

    with monkeypatch.context() as patched:
        patched.setattr(asyncio, "sleep", sleep)
        with pytest.raises(asyncio.CancelledError):
            await work


async def test_the_key_of_the_private_stream_is_renewed_long_before_its_hour(monkeypatch: pytest.MonkeyPatch) -> None:
    wire = Wire("Swap", {f"PUT {LISTEN_KEY}": {}})
    watch, keep = wire.adapter.private_work(wire.exchange)
    watch.close()
    sleeps: list[float] = []
    await _ended_by(keep, after=3, sleeps=sleeps, monkeypatch=monkeypatch)
    assert sleeps == [1200.0] * 4
    assert [name for name, _ in wire.sent] == [f"PUT {LISTEN_KEY}"] * 3


async def test_a_renewal_that_is_lost_is_repeated_and_one_that_is_refused_breaks_the_stream(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    wire = Wire("Swap", {f"PUT {LISTEN_KEY}": (503, {})})
    watch, keep = wire.adapter.private_work(wire.exchange)
    watch.close()
    sleeps: list[float] = []
    await _ended_by(keep, after=2, sleeps=sleeps, monkeypatch=monkeypatch)
    assert sleeps == [1200.0, 30.0, 30.0]
    wire.answers[f"PUT {LISTEN_KEY}"] = (400, {"code": -1125, "msg": "This listenKey does not exist."})
    watch, keep = wire.adapter.private_work(wire.exchange)
    watch.close()
    monkeypatch.setattr("deskbot.venues.binance.usdm._KEY_SECONDS", 0.0)
    with pytest.raises(Exception, match="-1125"):
        await keep


async def test_every_private_connection_asks_for_its_key_and_schedules_nothing_of_its_own() -> None:
    wire = Wire("Swap", {f"POST {LISTEN_KEY}": {"listenKey": "k"}})
    for _ in range(2):
        wire.exchange.forget_listen_key()
        await wire.exchange.authenticate({"type": "swap"})
    assert [name for name, _ in wire.sent] == [f"POST {LISTEN_KEY}"] * 2
    assert wire.exchange.options["linear"]["listenKey"] == "k"

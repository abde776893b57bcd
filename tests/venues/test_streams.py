"""Streams are whole or said not to be: each fault of the wire is noticed, told at once, and mended."""

import asyncio
import json
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from aiohttp import web
from tenacity import AsyncRetrying, RetryCallState

from deskbot.core import orders
from deskbot.core.candles import Candle
from deskbot.core.commands import Place
from deskbot.core.events import Book, Event, Fill, OrderReport, StreamChange, Trade
from deskbot.core.instrument import BUY, Instrument
from deskbot.simulator.server import Simulator
from deskbot.venues.bybit.adapter import BybitAdapter
from deskbot.venues.bybit.exchange import Bybit
from deskbot.venues.ccxt_venue import CcxtVenue
from deskbot.venues.clients import rewrite_urls
from deskbot.venues.order_witness import OrderWitness
from deskbot.venues.streams import PrivateStream, _Stream, until_one_ends
from tests.venues.bybit import listings
from tests.venues.conftest import SPOT, SWAP, MakeVenue

pytestmark = pytest.mark.component

BOTH = pytest.mark.parametrize(("market_type", "market"), [SPOT, SWAP], ids=["spot", "swap"])


class Heard:
    """What a stream emitted, and a way to wait for more of it."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self._more = asyncio.Event()

    def __call__(self, event: Event) -> None:
        self.events.append(event)
        self._more.set()

    def of(self, kind: type[Any], start: int = 0) -> list[Any]:
        return [event for event in self.events[start:] if isinstance(event, kind)]

    def health(self, stream: str, start: int = 0) -> list[bool]:
        return [one.healthy for one in self.of(StreamChange, start) if one.stream == stream]

    async def until(self, condition: Callable[[], Any]) -> None:
        async with asyncio.timeout(15):
            while not condition():
                self._more.clear()
                await self._more.wait()


@asynccontextmanager
async def streaming(venue: CcxtVenue, markets: int = 1) -> AsyncIterator[Heard]:
    heard = Heard()
    task = asyncio.create_task(venue.stream(heard))
    try:
        await heard.until(lambda: heard.health("market") == [True] * markets and heard.health("private") == [True])
        yield heard
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def opened(make_venue: MakeVenue, market_type: str, market: str, **settings: Any) -> tuple[CcxtVenue, Instrument]:
    venue = await make_venue(market_type, market, **settings)
    return venue, (await venue.open()).instruments[market]


@BOTH
async def test_books_and_the_tape_arrive_in_ticks_and_lots(
    make_venue: MakeVenue, simulator: Simulator, market_type: str, market: str
) -> None:
    venue, instrument = await opened(make_venue, market_type, market)
    async with streaming(venue) as heard:
        await heard.until(lambda: len(heard.of(Book)) > 20 and len(heard.of(Trade)) > 5)
    books, trades = heard.of(Book), heard.of(Trade)
    assert {one.market for one in books + trades} == {market}
    assert all(one.bids[0][0] < one.asks[0][0] for one in books)
    assert all(59_000 < instrument.price(one.bids[0][0]) < 61_000 for one in books)
    sequences = [one.sequence for one in books]
    assert sequences == list(range(sequences[0], sequences[0] + len(sequences))), "no update is merged or lost"
    assert all(one.lots > 0 and one.side in (1, -1) for one in trades)
    assert isinstance(heard.events[[type(one) for one in heard.events].index(Book) - 1], StreamChange)


@BOTH
async def test_candles_arrive_with_their_history_first_and_in_ticks_and_lots(
    make_venue: MakeVenue, simulator: Simulator, market_type: str, market: str
) -> None:
    venue, instrument = await opened(make_venue, market_type, market)
    async with streaming(venue) as heard:
        await heard.until(lambda: len(heard.of(Candle)) >= 3 and heard.of(Candle)[-1].lots)
    candles = heard.of(Candle)
    assert {one.market for one in candles} == {market}
    starts = [one.start_ms for one in candles]
    assert starts == sorted(starts)
    assert all(start % 60_000 == 0 for start in starts)
    assert all(one.low <= one.open <= one.high and one.low <= one.close <= one.high for one in candles)
    assert all(59_000 < instrument.price(one.close) < 61_000 for one in candles)


@BOTH
async def test_orders_and_fills_arrive_on_the_private_stream(
    make_venue: MakeVenue, simulator: Simulator, market_type: str, market: str
) -> None:
    venue, instrument = await opened(make_venue, market_type, market)
    async with streaming(venue) as heard:
        lots = instrument.lots("0.01")
        await venue.place(Place("d1", market, BUY, instrument.ticks("58000"), lots, True, False))
        await venue.place(Place("d2", market, BUY, 0, lots, False, False))
        await heard.until(lambda: heard.of(OrderReport) and heard.of(OrderReport)[-1].state == orders.FILLED)
    rested, *_ = [one for one in heard.of(OrderReport) if one.client_id == "d1"]
    assert (rested.state, rested.market, rested.price_ticks) == (orders.OPEN, market, instrument.ticks("58000"))
    fills = heard.of(Fill)
    assert {fill.client_id for fill in fills} == {"d2"}
    assert sum(fill.lots for fill in fills) == lots
    truth = simulator.exchange.executions("alice")
    assert {fill.trade_id for fill in fills} == {one.execution_id for one in truth}


async def test_a_post_only_order_that_would_take_is_reported_with_the_venues_reason(make_venue: MakeVenue) -> None:
    venue, instrument = await opened(make_venue, *SWAP)
    async with streaming(venue) as heard:
        await venue.place(Place("d1", SWAP[1], BUY, instrument.ticks("62000"), 10, True, False))
        await heard.until(lambda: any(one.state >= orders.CANCELLED for one in heard.of(OrderReport)))
    report = heard.of(OrderReport)[-1]
    assert (report.state, report.reason) == (orders.CANCELLED, "EC_PostOnlyWillTakeLiquidity")


async def test_another_accounts_orders_and_fills_are_not_heard(make_venue: MakeVenue) -> None:
    alice, _ = await opened(make_venue, *SWAP)
    bob, _ = await opened(make_venue, *SWAP, key="bob")
    async with streaming(alice) as heard:
        await bob.place(Place("d1", SWAP[1], BUY, 0, 10, False, False))
        await alice.place(Place("d2", SWAP[1], BUY, 0, 10, False, False))
        await heard.until(lambda: heard.of(Fill))
    assert {one.client_id for one in heard.of(Fill) + heard.of(OrderReport)} == {"d2"}


async def test_the_accounts_other_market_type_is_not_heard_although_its_symbols_are_the_same(
    make_venue: MakeVenue,
) -> None:
    swap, _ = await opened(make_venue, *SWAP)
    spot, _ = await opened(make_venue, *SPOT)
    async with streaming(swap) as heard:
        await spot.place(Place("spot", SPOT[1], BUY, 0, 1000, False, False))
        await swap.place(Place("swap", SWAP[1], BUY, 0, 10, False, False))
        await heard.until(lambda: heard.of(Fill))
    assert {one.client_id for one in heard.of(Fill) + heard.of(OrderReport)} == {"swap"}


MARKET_FAULTS = {
    "a gap in the sequence": ({"action": "drop"}, "SequenceGap: order book of BTCUSDT: update"),
    "a message that is no JSON": ({"action": "garbage", "body": "{not json"}, "JSONDecodeError"),
    "a message that is not understood": ({"action": "garbage", "body": '{"topic":"orderbook.50.BTCUSDT"}'}, "KeyError"),
    "a closed connection": ({"action": "acceptThenDrop"}, "NetworkError"),
    "a stalled stream": ({"action": "delay", "delayMs": 3000}, "while the venue's own has changed"),
}


@pytest.mark.parametrize(("fault", "reason"), MARKET_FAULTS.values(), ids=MARKET_FAULTS)
async def test_a_fault_of_the_market_stream_is_told_at_once_and_mended_with_a_new_book(
    make_venue: MakeVenue, simulator: Simulator, fault: dict[str, Any], reason: str
) -> None:
    venue, _ = await opened(make_venue, *SWAP, market_silence=0.5)
    async with streaming(venue) as heard:
        start = len(heard.events)
        simulator.faults.add({"endpoint": "orderbook.50.BTCUSDT", **fault})
        await heard.until(lambda: heard.health("market", start) == [False, True])
        await heard.until(lambda: isinstance(heard.events[-1], Book))
    broken = next(one for one in heard.of(StreamChange, start) if not one.healthy)
    assert (broken.stream, broken.market) == ("market", SWAP[1])
    assert reason in broken.reason
    assert heard.health("private", start) == [], "one stream's fault does not disturb the other"
    kinds = [(type(one), getattr(one, "healthy", None)) for one in heard.events[start:] if not isinstance(one, Trade)]
    down = kinds.index((StreamChange, False))
    assert kinds[down + 1] == (StreamChange, True), "no book between the two"


PRIVATE_FAULTS = {
    "a message that is no JSON": {"action": "garbage", "body": "{not json"},
    "a row that cannot be read": {"action": "garbage", "body": '{"topic":"order","data":[{}]}'},
    "a closed connection": {"action": "acceptThenDrop"},
}


@pytest.mark.parametrize("fault", PRIVATE_FAULTS.values(), ids=PRIVATE_FAULTS)
async def test_a_fault_of_the_private_stream_is_told_at_once_and_mended(
    make_venue: MakeVenue, simulator: Simulator, fault: dict[str, Any]
) -> None:
    venue, instrument = await opened(make_venue, *SWAP)
    async with streaming(venue) as heard:
        start = len(heard.events)
        simulator.faults.add({"endpoint": "order", **fault})
        await venue.place(Place("d1", SWAP[1], BUY, instrument.ticks("58000"), 10, True, False))
        await heard.until(lambda: heard.health("private", start) == [False, True])
        await venue.place(Place("d2", SWAP[1], BUY, instrument.ticks("58000"), 10, True, False))
        await heard.until(lambda: any(one.client_id == "d2" for one in heard.of(OrderReport)))
    assert heard.health("market", start) == []


async def test_streams_come_back_after_the_venue_does(
    make_venue: MakeVenue, simulator: Simulator, endpoint: str
) -> None:
    venue, _ = await opened(make_venue, *SWAP)
    host, port = endpoint.removeprefix("http://").split(":")
    async with streaming(venue) as heard:
        start = len(heard.events)
        await simulator.stop()
        await heard.until(lambda: False in heard.health("market", start) and False in heard.health("private", start))
        await asyncio.sleep(1.5)
        assert 3 <= len(heard.health("private", start)) <= 7, "attempts are made, and ever fewer"
        again = Simulator(type(simulator.options)(host=host, port=int(port), accounts=simulator.options.accounts))
        await again.start()
        try:
            await heard.until(lambda: heard.health("market")[-1] and heard.health("private")[-1])
            await heard.until(lambda: heard.of(Candle, start))  # nothing is asked any more when the venue goes
        finally:
            await again.stop()


@pytest.mark.parametrize(("attempt", "longest"), [(1, 0.2), (2, 0.4), (5, 3.2), (6, 5.0), (400, 5.0)])
async def test_the_pause_before_another_attempt_is_drawn_from_all_of_it(attempt: int, longest: float) -> None:
    state = RetryCallState(AsyncRetrying(), None, (), {})
    state.attempt_number = attempt
    draws = [0.0, 0.5, 1.0]
    stream = _Stream("market", "BTC/USDT", Heard(), lambda: 0, iter(draws).__next__)
    assert [stream._pause(state) for _ in draws] == pytest.approx([draw * longest for draw in draws])


async def test_without_credentials_only_the_market_is_heard(make_venue: MakeVenue, simulator: Simulator) -> None:
    venue, _ = await opened(make_venue, *SPOT, key=None)
    async with streaming(venue) as heard:
        await heard.until(lambda: len(heard.of(Book)) > 3)
    assert not simulator.log.find({"path": "*auth*"})


async def test_a_cancelled_stream_leaves_no_task_behind(make_venue: MakeVenue) -> None:
    venue, _ = await opened(make_venue, *SWAP)
    before = asyncio.all_tasks()
    async with streaming(venue):
        pass
    await asyncio.sleep(0)
    ours = [task for task in asyncio.all_tasks() - before if "deskbot/venues" in str(task.get_coro())]
    assert ours == []


async def test_a_stream_whose_connection_is_cancelled_from_within_is_mended_and_not_gone(make_venue: MakeVenue) -> None:
    venue, _ = await opened(make_venue, *SWAP)
    async with streaming(venue) as heard:
        start = len(heard.events)
        assert venue._clients.trading is not None
        for client in venue._clients.trading.clients.values():
            for future in client.futures.values():
                future.cancel()
        await heard.until(lambda: heard.health("private", start) == [False, True])


async def test_side_by_side_work_ends_together_and_passes_a_cancellation_on() -> None:
    ended: list[str] = []

    async def waiting() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append("waiting")

    async def failing() -> None:
        await asyncio.sleep(0)
        raise OSError("gone")

    with pytest.raises(OSError, match="gone"):
        await until_one_ends(waiting(), failing())
    task = asyncio.create_task(until_one_ends(waiting(), waiting()))
    await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert ended == ["waiting"] * 3


@asynccontextmanager
async def mute_venue(deaf_to: str = "") -> AsyncIterator[str]:
    """A private stream that acknowledges all but one topic and then never says a word, pongs included."""

    async def serve(request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse(autoping=False)
        await socket.prepare(request)
        async for frame in socket:
            message = json.loads(frame.data)
            if message["op"] != "ping" and deaf_to not in message["args"]:
                await socket.send_json(
                    {"success": True, "ret_msg": "", **{k: message.get(k) for k in ("op", "req_id")}}
                )
        return socket

    application = web.Application()
    application.router.add_get("/{path:.*}", serve)
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


@asynccontextmanager
async def private_stream(endpoint: str) -> AsyncIterator[Heard]:
    exchange = Bybit({"apiKey": "key", "secret": "secret", "streaming": {"keepAlive": 100}, "timeout_on_exit": 0})
    exchange.urls["api"] = rewrite_urls(exchange.urls["api"], endpoint)
    exchange.options.update(enableUnifiedMargin=False, enableUnifiedAccount=True)
    exchange.set_markets(list((await listings.ccxt_markets()).values()))
    adapter = BybitAdapter("Swap", lambda: 1)
    adapter.serve(await listings.markets("Swap"))
    heard = Heard()
    task = asyncio.create_task(PrivateStream(exchange, adapter, OrderWitness(), heard, lambda: 1, lambda: 0.5).run())
    try:
        yield heard
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await exchange.close()


async def test_a_private_stream_that_answers_no_ping_is_unhealthy_after_a_few_of_them() -> None:
    async with mute_venue() as endpoint, private_stream(endpoint) as heard:
        await heard.until(lambda: heard.health("private")[:3] == [True, False, True])
    assert "no answer to a ping for 0.2 s" in heard.of(StreamChange)[1].reason


@pytest.mark.parametrize("topic", ["order", "execution"])
async def test_a_private_stream_is_not_healthy_until_every_subscription_is_acknowledged(
    monkeypatch: pytest.MonkeyPatch, topic: str
) -> None:
    monkeypatch.setattr("deskbot.venues.streams._ESTABLISH_SECONDS", 0.15)
    async with mute_venue(deaf_to=topic) as endpoint, private_stream(endpoint) as heard:
        await heard.until(lambda: len(heard.health("private")) >= 2)
    assert not any(heard.health("private"))
    assert "not established in" in heard.of(StreamChange)[0].reason


def test_a_venue_under_uvloop_closes_every_socket_it_opened() -> None:
    program = """
import asyncio, time, uvloop
from deskbot.simulator.accounts import parse_account
from deskbot.simulator.server import Simulator, SimulatorOptions
from deskbot.venues.ccxt_venue import CcxtVenue
from deskbot.venues.order_witness import OrderWitness
from deskbot.venues.protocol import Credentials, VenueSettings
async def main():
    simulator = Simulator(SimulatorOptions(accounts=[parse_account("a:b:USDT=1000")]))
    keys = Credentials("a", "b")
    settings = VenueSettings("bybit", "Swap", ("BTC/USDT:USDT",), keys, await simulator.start())
    venue = CcxtVenue(settings, time.time_ns, lambda: 0.5)
    await venue.open()
    heard = []
    task = asyncio.create_task(venue.stream(heard.append))
    async with asyncio.timeout(20):
        while len(heard) < 30:
            await asyncio.sleep(0.02)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    await venue.close()
    await simulator.stop()
    print("heard", len(heard) >= 30, type(asyncio.get_running_loop()).__module__)
uvloop.run(main())
"""
    done = subprocess.run(
        [sys.executable, "-X", "dev", "-W", "error", "-c", program], capture_output=True, text=True, check=False
    )
    complaints = [line for line in done.stderr.splitlines() if not line.startswith("Executing ")]  # a slow machine
    assert (done.returncode, complaints) == (0, [])
    assert done.stdout.splitlines()[-1] == "heard True uvloop"

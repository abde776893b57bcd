"""The venue in front of a simulated Binance, spot and USD-M: what is proved, what is unknown; nothing is sent twice."""

import asyncio
import subprocess
import sys
import time
from typing import Any

import pytest

from deskbot.core import orders
from deskbot.core.commands import (
    ArmDeadMan,
    Cancel,
    CancelAll,
    CancelForeign,
    QueryBalances,
    QueryFills,
    QueryOpenOrders,
    QueryOrder,
    QueryPositions,
)
from deskbot.core.errors import Blocked, DeskError, Invalid
from deskbot.core.events import (
    ACCEPTED,
    NOT_FOUND,
    REJECTED,
    UNKNOWN,
    BalancesAnswer,
    Book,
    Fill,
    FillsAnswer,
    OpenOrdersAnswer,
    OrderReport,
    PositionsAnswer,
    StreamChange,
    Trade,
)
from deskbot.core.instrument import BUY, SELL, Instrument
from deskbot.core.money import UNIT
from deskbot.simulator.server import Simulator
from deskbot.venues.ccxt_venue import CcxtVenue
from deskbot.venues.errors import DUPLICATE_CLIENT_ID
from tests.venues.asking import asked, bid, take, until
from tests.venues.conftest import MakeVenue
from tests.venues.test_relisting import refused_while_halted
from tests.venues.test_streams import streaming

pytestmark = pytest.mark.component

EXCHANGE = {"Spot": "binance", "Swap": "binanceusdm"}
MARKET = {"Spot": "BTC/USDT", "Swap": "BTC/USDT:USDT"}
ROOT = {"Spot": "/api/v3", "Swap": "/fapi/v1"}
KINDS = pytest.mark.parametrize("kind", ["Spot", "Swap"])


async def _opened(
    make_venue: MakeVenue, kind: str, key: str | None = "alice", **more: Any
) -> tuple[CcxtVenue, Instrument]:
    venue = await make_venue(kind, MARKET[kind], key, exchange=EXCHANGE[kind], **more)
    return venue, (await venue.open()).instruments[MARKET[kind]]


async def _trigger_order(venue: CcxtVenue, kind: str) -> str:
    """A conditional order placed past the desk; it can be judged once the market has a last price."""
    exchange = venue._clients.trading
    assert exchange is not None
    await until(lambda: exchange.fetch_trades(MARKET[kind]))
    order = {"symbol": "BTCUSDT", "side": "SELL", "quantity": "0.01"}
    if kind == "Spot":
        more = {"type": "STOP_LOSS_LIMIT", "timeInForce": "GTC", "stopPrice": "50000", "price": "49000"}
        return str((await exchange.privatePostOrder({**order, **more}))["orderId"])
    more = {"type": "STOP_MARKET", "algoType": "CONDITIONAL", "triggerPrice": "50000"}
    return str((await exchange.fapiPrivatePostAlgoOrder({**order, **more}))["algoId"])


@KINDS
async def test_an_open_venue_tells_its_account_and_what_an_order_must_be(make_venue: MakeVenue, kind: str) -> None:
    venue = await make_venue(kind, MARKET[kind], exchange=EXCHANGE[kind])
    ready = await venue.open()
    made = ready.instruments[MARKET[kind]]
    assert ready.account_id
    assert 0 < made.maker_rate <= made.taker_rate < UNIT // 100
    assert (made.linear, made.min_notional > 0, made.max_lots > made.min_lots) == (kind == "Swap", True, True)


@KINDS
async def test_an_order_that_a_halted_market_refuses_closes_it(
    make_venue: MakeVenue, simulator: Simulator, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    venue, known = await _opened(make_venue, kind)
    await refused_while_halted(venue, known, simulator, monkeypatch)


@pytest.mark.parametrize(
    ("key", "error", "reason", "words"),
    [
        ("nobody", Invalid, "CredentialsRefused", "check the Secret"),
        ("taker", Blocked, "AccountUnsuitable", "may move money"),
        ("hedger", Blocked, "AccountUnsuitable", "hedge mode"),
        ("watcher", Blocked, "AccountUnsuitable", "lacks the permission"),
    ],
)
async def test_a_key_or_account_that_must_not_be_used_is_refused_at_start(
    make_venue: MakeVenue, simulator: Simulator, key: str, error: type[DeskError], reason: str, words: str
) -> None:
    with pytest.raises(error, match=words) as refusal:
        await _opened(make_venue, "Swap", key)
    assert refusal.value.reason == reason
    assert not asked(simulator, "*", method="POST"), "the look at the account must not change anything"


@KINDS
async def test_an_order_lives_under_our_client_id_and_is_cancelled_by_it(
    make_venue: MakeVenue, simulator: Simulator, kind: str
) -> None:
    venue, instrument = await _opened(make_venue, kind)
    market = MARKET[kind]
    placed = await venue.place(bid(instrument))
    assert (placed.outcome, placed.venue_id != "") == (ACCEPTED, True)
    answer = await venue.query_order(QueryOrder("d1", market))
    assert answer.report is not None
    assert (answer.report.venue_id, answer.report.state) == (placed.venue_id, orders.OPEN)
    assert (answer.report.price_ticks, answer.report.lots) == (instrument.ticks("58000"), instrument.lots("0.01"))
    again = await venue.place(bid(instrument))
    assert (again.outcome, again.reason) == (UNKNOWN, DUPLICATE_CLIENT_ID)
    assert (await venue.cancel(Cancel("d1", "", market))).outcome == ACCEPTED
    assert (await venue.cancel(Cancel("d1", "", market, emergency=True))).outcome == NOT_FOUND
    ended = await venue.query_order(QueryOrder("d1", market))
    assert ended.report is not None
    assert ended.report.state == orders.CANCELLED
    assert (await venue.query_order(QueryOrder("never", market))).outcome == NOT_FOUND


@KINDS
async def test_a_post_only_order_that_would_take_is_refused_for_good(make_venue: MakeVenue, kind: str) -> None:
    venue, instrument = await _opened(make_venue, kind)
    placed = await venue.place(bid(instrument, price_ticks=instrument.ticks("61000")))
    if placed.outcome == ACCEPTED:  # futures may take the order and expire it

        async def expired() -> bool:
            report = (await venue.query_order(QueryOrder("d1", MARKET[kind]))).report
            return report is not None and report.state == orders.EXPIRED

        assert await until(expired)
    else:
        assert placed.outcome == REJECTED


LOST = [
    {"action": "acceptThenDrop"},
    {"action": "delayReply", "delayMs": 2000},
    {"action": "garbage"},
    {"action": "garbage", "status": 503},
    {"action": "garbage", "body": "{}"},
    {"action": "garbage", "status": 503, "body": '{"code":-1000,"msg":"An unknown error occurred."}'},
    {"action": "garbage", "status": 408, "body": '{"code":-1007,"msg":"Timeout waiting for response."}'},
]


@KINDS
@pytest.mark.parametrize("fault", LOST, ids=lambda fault: "-".join(str(value) for value in fault.values()))
async def test_a_lost_or_unreadable_reply_is_unknown_and_resolved_by_asking(
    make_venue: MakeVenue, simulator: Simulator, kind: str, fault: dict[str, Any]
) -> None:
    venue, instrument = await _opened(make_venue, kind, request_timeout_ms=500)
    simulator.faults.add({"endpoint": f"{ROOT[kind]}/order", "count": 1, **fault})
    placed = await venue.place(bid(instrument))
    assert (placed.outcome, placed.venue_id) == (UNKNOWN, "")
    answer = await venue.query_order(QueryOrder("d1", MARKET[kind]))
    assert answer.report is not None
    assert answer.report.state == orders.OPEN
    assert len(asked(simulator, f"{ROOT[kind]}/order", method="POST")) == 1, "nothing is ever sent again"


@KINDS
async def test_an_order_that_never_reached_the_venue_is_unknown_first_and_not_found_by_asking(
    make_venue: MakeVenue, simulator: Simulator, kind: str
) -> None:
    venue, instrument = await _opened(make_venue, kind)
    simulator.faults.add({"action": "drop", "endpoint": f"{ROOT[kind]}/order", "count": 1})
    assert (await venue.place(bid(instrument))).outcome == UNKNOWN
    assert (await venue.query_order(QueryOrder("d1", MARKET[kind]))).outcome == NOT_FOUND


@KINDS
async def test_everything_on_a_market_is_listed_and_cancelled_whoever_placed_it(
    make_venue: MakeVenue, kind: str
) -> None:
    venue, instrument = await _opened(make_venue, kind)
    for number in range(3):
        assert (await venue.place(bid(instrument, f"d{number}"))).outcome == ACCEPTED
    waiting = await _trigger_order(venue, kind)
    answer = await venue.query_open_orders(QueryOpenOrders(7))
    assert {one.client_id for one in answer.orders} >= {"d0", "d1", "d2"}
    assert [one.venue_id for one in answer.orders if one.trigger] == [waiting]
    foreign = await venue.cancel_foreign(CancelForeign(waiting, MARKET[kind], trigger=True))
    assert (foreign.outcome, foreign.client_id) == (ACCEPTED, waiting)
    assert (await venue.cancel_foreign(CancelForeign(waiting, MARKET[kind], trigger=True))).outcome == NOT_FOUND
    await _trigger_order(venue, kind)
    assert (await venue.cancel_all(CancelAll(9, (MARKET[kind],)))).outcome == ACCEPTED

    async def empty() -> bool:
        left = await venue.query_open_orders(QueryOpenOrders(1, emergency=True))
        return left.complete and not left.orders

    assert await until(empty)
    assert (await venue.cancel_all(CancelAll(9, (MARKET[kind],)))).outcome == ACCEPTED, "nothing left is no failure"


async def test_the_first_request_of_a_halt_is_the_cancel_itself(make_venue: MakeVenue, simulator: Simulator) -> None:
    venue, _ = await _opened(make_venue, "Swap")
    before = len(asked(simulator, "*"))
    await venue.cancel_all(CancelAll(1, (MARKET["Swap"],)))
    paths = {entry.path for entry in asked(simulator, "*")[before:]}
    assert paths == {"/fapi/v1/allOpenOrders", "/fapi/v1/algoOpenOrders"}


@KINDS
async def test_fills_add_up_to_the_venues_truth_under_our_client_ids(
    make_venue: MakeVenue, simulator: Simulator, kind: str
) -> None:
    venue, instrument = await _opened(make_venue, kind)
    started = time.time_ns() // 1_000_000
    for number in range(12):
        assert (await venue.place(take(instrument, f"d{number}", BUY if number % 3 else SELL))).outcome == ACCEPTED

    async def all_there() -> Any:
        answer = await venue.query_fills(QueryFills(3, MARKET[kind], started - 1000))
        return answer if sum(fill.lots for fill in answer.fills) == 12 * instrument.lots("0.01") else None

    answer = await until(all_there)
    truth = simulator.exchange.executions("alice")
    assert len(answer.fills) == len(truth)
    assert {fill.client_id for fill in answer.fills} == {f"d{number}" for number in range(12)}
    assert [fill.venue_ms for fill in answer.fills] == sorted(fill.venue_ms for fill in answer.fills)
    assert {fill.fee_asset for fill in answer.fills} == ({"BTC", "USDT"} if kind == "Spot" else {"USDT"})


async def test_a_position_and_the_equity_are_the_accounts(make_venue: MakeVenue) -> None:
    venue, instrument = await _opened(make_venue, "Swap")
    assert (await venue.query_positions(QueryPositions(1))).positions == []
    await venue.place(take(instrument, "d1", SELL))

    async def position() -> Any:
        return (await venue.query_positions(QueryPositions(2))).positions

    (found,) = await until(position)
    assert (found.market, found.amount) == (MARKET["Swap"], -UNIT // 100)
    balances = await venue.query_balances(QueryBalances(5))
    assert balances.complete
    assert balances.equity is not None
    assert 999_000 * UNIT < balances.equity < 1_001_000 * UNIT


async def test_spot_balances_say_what_is_there_and_what_is_free(make_venue: MakeVenue) -> None:
    venue, instrument = await _opened(make_venue, "Spot")
    await venue.place(bid(instrument))
    total, free = (await venue.query_balances(QueryBalances(5))).balances["USDT"]
    assert (total, total - free) == (1_000_000 * UNIT, 580 * UNIT)


@pytest.mark.parametrize(
    ("kind", "path"),
    [
        ("Spot", "/api/v3/openOrders"),
        ("Swap", "/fapi/v1/openOrders"),
        ("Swap", "/fapi/v1/openAlgoOrders"),
        ("Swap", "/fapi/v3/positionRisk"),
        ("Swap", "/fapi/v3/account"),
        ("Spot", "/api/v3/account"),
        ("Spot", "/api/v3/myTrades"),
        ("Swap", "/fapi/v1/userTrades"),
        ("Swap", "/fapi/v1/income"),
    ],
)
async def test_a_failed_question_is_incomplete_and_not_empty(
    make_venue: MakeVenue, simulator: Simulator, kind: str, path: str
) -> None:
    venue, _ = await _opened(make_venue, kind)
    simulator.faults.add({"action": "garbage", "endpoint": path, "count": 9})
    answers: list[OpenOrdersAnswer | PositionsAnswer | BalancesAnswer | FillsAnswer] = [
        await venue.query_open_orders(QueryOpenOrders(1)),
        await venue.query_positions(QueryPositions(1)),
        await venue.query_balances(QueryBalances(1)),
        await venue.query_fills(QueryFills(1, MARKET[kind], time.time_ns() // 1_000_000)),
    ]
    (failed,) = [answer for answer in answers if not answer.complete]
    assert failed.reason


async def test_the_countdown_is_wound_up_and_let_go(make_venue: MakeVenue, simulator: Simulator) -> None:
    venue, _ = await _opened(make_venue, "Swap")
    for seconds in (30, 0):
        assert (await venue.arm_dead_man(ArmDeadMan(1, seconds))).outcome == ACCEPTED
    sent = asked(simulator, "/fapi/v1/countdownCancelAll")
    assert [entry.parameters["countdownTime"] for entry in sent] == ["30000", "0"]


@KINDS
async def test_books_and_the_tape_arrive_whole_in_ticks_and_lots(make_venue: MakeVenue, kind: str) -> None:
    venue, instrument = await _opened(make_venue, kind)
    async with streaming(venue) as heard:
        await heard.until(lambda: len(heard.of(Book)) > 10 and len(heard.of(Trade)) > 5)
    books, trades = heard.of(Book), heard.of(Trade)
    assert {one.market for one in books + trades} == {MARKET[kind]}
    assert all(one.bids[0][0] < one.asks[0][0] for one in books)
    assert all(59_000 < instrument.price(one.bids[0][0]) < 61_000 for one in books)
    assert books[0].previous == 0
    assert [one.previous for one in books[1:]] == [one.sequence for one in books[:-1]], "no update is merged or lost"
    assert all(one.lots > 0 and one.side in (1, -1) for one in trades)


@KINDS
async def test_orders_and_fills_arrive_on_the_private_stream_of_their_account_alone(
    make_venue: MakeVenue, simulator: Simulator, kind: str
) -> None:
    venue, instrument = await _opened(make_venue, kind)
    bob, _ = await _opened(make_venue, kind, "bob")
    async with streaming(venue) as heard:
        await bob.place(take(instrument, "b1"))
        await venue.place(bid(instrument))
        await venue.place(take(instrument, "d2"))
        await venue.cancel(Cancel("d1", "", MARKET[kind]))
        await heard.until(lambda: any(one.state == orders.CANCELLED for one in heard.of(OrderReport)))
        await heard.until(lambda: any(one.state == orders.FILLED for one in heard.of(OrderReport)))
    assert {one.client_id for one in heard.of(OrderReport)} == {"d1", "d2"}
    assert {fill.client_id for fill in heard.of(Fill)} == {"d2"}
    assert sum(fill.lots for fill in heard.of(Fill)) == instrument.lots("0.01")
    assert len(heard.of(Fill)) == len(simulator.exchange.executions("alice"))


async def test_without_credentials_nothing_private_is_ever_asked(make_venue: MakeVenue, simulator: Simulator) -> None:
    venue, instrument = await _opened(make_venue, "Swap", None)
    assert (await venue.place(bid(instrument))).outcome == REJECTED
    async with streaming(venue) as heard:
        await heard.until(lambda: len(heard.of(Book)) > 3)
    allowed = ("exchangeInfo", "time", "depth", "klines", "ws")
    assert not [entry.path for entry in asked(simulator, "*") if not any(word in entry.path for word in allowed)]


STREAM_FAULTS = {
    "a gap in the sequence": ({"action": "drop"}, "market"),
    "a message that is no JSON": ({"action": "garbage", "body": "{not json"}, "market"),
    "a message that is not understood": ({"action": "garbage", "body": '{"e":"depthUpdate","s":"BTCUSDT"}'}, "market"),
    "a closed connection": ({"action": "acceptThenDrop"}, "market"),
}


@KINDS
@pytest.mark.parametrize("fault", [fault for fault, _ in STREAM_FAULTS.values()], ids=STREAM_FAULTS)
async def test_a_fault_of_the_market_stream_is_told_at_once_and_mended_with_a_new_book(
    make_venue: MakeVenue, simulator: Simulator, kind: str, fault: dict[str, Any]
) -> None:
    venue, _ = await _opened(make_venue, kind, market_silence=1.0)
    async with streaming(venue) as heard:
        start = len(heard.events)
        simulator.faults.add({"endpoint": "btcusdt@depth@100ms", "count": 1, **fault})
        await heard.until(lambda: heard.health("market", start)[:2] == [False, True])
        await heard.until(lambda: isinstance(heard.events[-1], Book))
    assert heard.health("private", start) == [], "one stream's fault does not disturb the other"
    told = [one for one in heard.events[start:] if isinstance(one, StreamChange | Book)]
    down = next(number for number, one in enumerate(told) if isinstance(one, StreamChange))
    assert isinstance(told[down + 1], StreamChange), "no book between the two"
    book = told[down + 2]
    assert isinstance(book, Book)
    assert book.previous == 0


PRIVATE_FAULTS = {
    "a message that is no JSON": {"action": "garbage", "body": "{not json"},
    "a row that cannot be read": {"action": "garbage", "body": '{"e":"executionReport","s":"BTCUSDT"}'},
    "the end of the subscription": {"action": "garbage", "body": '{"event":{"e":"eventStreamTerminated","E":1}}'},
    "a closed connection": {"action": "acceptThenDrop"},
    "an order that is not told of": {"action": "drop"},
}


@KINDS
@pytest.mark.parametrize("fault", PRIVATE_FAULTS.values(), ids=PRIVATE_FAULTS)
async def test_a_fault_of_the_private_stream_is_told_and_mended(
    make_venue: MakeVenue, simulator: Simulator, kind: str, fault: dict[str, Any]
) -> None:
    venue, instrument = await _opened(make_venue, kind)
    async with streaming(venue) as heard:
        start = len(heard.events)
        event = {"Spot": "executionReport", "Swap": "ORDER_TRADE_UPDATE"}[kind]
        simulator.faults.add({"endpoint": event, "count": 1, **fault})
        await venue.place(bid(instrument))
        await heard.until(lambda: heard.health("private", start) == [False, True])
        await venue.place(bid(instrument, "d2"))
        await heard.until(lambda: any(one.client_id == "d2" for one in heard.of(OrderReport)))
    assert heard.health("market", start) == []


async def test_a_private_stream_whose_key_expired_goes_on_with_a_new_one(
    make_venue: MakeVenue, simulator: Simulator
) -> None:
    venue, instrument = await _opened(make_venue, "Swap")
    async with streaming(venue) as heard:
        start = len(heard.events)
        simulator.faults.add({"action": "expireListenKeys"})
        await heard.until(lambda: heard.health("private", start) == [False, True])
        await venue.place(bid(instrument))
        await heard.until(lambda: heard.of(OrderReport))
    assert "listenKeyExpired" in next(one.reason for one in heard.of(StreamChange, start) if not one.healthy)


def test_a_venue_under_uvloop_closes_every_socket_it_opened() -> None:
    program = """
import asyncio, time, uvloop
from deskbot.simulator.accounts import parse_account
from deskbot.simulator.server import Simulator, SimulatorOptions
from deskbot.venues.ccxt_venue import CcxtVenue
from deskbot.venues.protocol import Credentials, VenueSettings
async def main():
    simulator = Simulator(SimulatorOptions(accounts=[parse_account("a:b:USDT=1000")], dialect="binance"))
    endpoint = await simulator.start()
    for exchange, kind, market in (("binance", "Spot", "BTC/USDT"), ("binanceusdm", "Swap", "BTC/USDT:USDT")):
        settings = VenueSettings(exchange, kind, (market,), Credentials("a", "b"), endpoint)
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
    print("heard", type(asyncio.get_running_loop()).__module__)
uvloop.run(main())
"""
    done = subprocess.run(
        [sys.executable, "-X", "dev", "-W", "error", "-c", program], capture_output=True, text=True, check=False
    )
    complaints = [line for line in done.stderr.splitlines() if not line.startswith("Executing ")]  # a slow machine
    assert (done.returncode, complaints) == (0, [])
    assert done.stdout.splitlines()[-1] == "heard uvloop"


async def test_a_cancelled_stream_leaves_no_task_behind(make_venue: MakeVenue) -> None:
    venue, _ = await _opened(make_venue, "Swap")
    before = asyncio.all_tasks()
    async with streaming(venue):
        pass
    await asyncio.sleep(0)
    ours = [task for task in asyncio.all_tasks() - before if "deskbot/venues" in str(task.get_coro())]
    assert ours == []

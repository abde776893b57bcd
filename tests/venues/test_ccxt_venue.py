"""The venue in front of the simulator, over sockets: what is proved, what is unknown, and that no list is cut short."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from deskbot.core import orders
from deskbot.core.commands import (
    Cancel,
    CancelAll,
    CancelForeign,
    Place,
    QueryBalances,
    QueryFills,
    QueryOpenOrders,
    QueryOrder,
    QueryPositions,
)
from deskbot.core.errors import Blocked, DeskError, Invalid, Transient
from deskbot.core.events import ACCEPTED, NOT_FOUND, REJECTED, UNKNOWN
from deskbot.core.instrument import BUY, SELL, Instrument
from deskbot.core.money import UNIT, to_units
from deskbot.simulator.server import Simulator
from deskbot.venues.ccxt_venue import CcxtVenue
from deskbot.venues.errors import DUPLICATE_CLIENT_ID
from deskbot.venues.protocol import Venue, VenueSettings
from tests.venues.conftest import SPOT, SWAP, MakeVenue

pytestmark = pytest.mark.component

BOTH = pytest.mark.parametrize(("market_type", "market"), [SPOT, SWAP], ids=["spot", "swap"])


def bid(instrument: Instrument, client_id: str = "d1", lots: int | None = None, **changes: Any) -> Place:
    """A buy that rests far below the simulated market of 60000."""
    lots = instrument.lots("0.01") if lots is None else lots
    values = {"side": BUY, "price_ticks": instrument.ticks("58000"), "post_only": True, "reduce_only": False}
    return Place(client_id=client_id, market=instrument.market, lots=lots, **{**values, **changes})


def take(instrument: Instrument, client_id: str, side: int = BUY) -> Place:
    """A market order of 0.01."""
    return bid(instrument, client_id, side=side, price_ticks=0, post_only=False)


def asked(simulator: Simulator, path: str, **filters: str) -> list[Any]:
    return simulator.log.find({"path": path, "limit": "10000", **filters})


async def until(condition: Callable[[], Awaitable[Any]]) -> Any:
    async with asyncio.timeout(10):
        while not (found := await condition()):  # noqa: ASYNC110  # the venue is asked, it has no event
            await asyncio.sleep(0.02)
    return found


async def opened(make_venue: MakeVenue, market_type: str, market: str, **settings: Any) -> tuple[CcxtVenue, Instrument]:
    venue = await make_venue(market_type, market, **settings)
    return venue, (await venue.open()).instruments[market]


# opening


@BOTH
async def test_an_open_venue_tells_its_account_and_the_accounts_own_fees(
    make_venue: MakeVenue, market_type: str, market: str
) -> None:
    venue: Venue = await make_venue(market_type, market)
    ready = await venue.open()
    made = ready.instruments[market]
    assert ready.account_id.isdigit()
    rates = {"Spot": ("0.001", "0.001"), "Swap": ("0.0002", "0.00055")}[market_type]
    assert (made.maker_rate, made.taker_rate) == tuple(to_units(rate) for rate in rates)


async def test_two_keys_of_different_accounts_have_different_account_ids(make_venue: MakeVenue) -> None:
    assert (await (await make_venue(*SWAP)).open()).account_id != (
        await (await make_venue(*SWAP, "bob")).open()
    ).account_id


@pytest.mark.parametrize(
    ("key", "kind", "reason", "words"),
    [
        ("nobody", Invalid, "CredentialsRefused", "check the Secret"),
        ("taker", Blocked, "AccountUnsuitable", "may move money"),
        ("reader", Blocked, "AccountUnsuitable", "read-only"),
        ("hedger", Blocked, "AccountUnsuitable", "hedge mode"),
        ("classic", Blocked, "AccountUnsuitable", "unified"),
        ("watcher", Blocked, "AccountUnsuitable", "lacks the permission"),
    ],
)
async def test_a_key_or_account_that_must_not_be_used_is_refused_at_start(
    make_venue: MakeVenue, simulator: Simulator, key: str, kind: type[DeskError], reason: str, words: str
) -> None:
    venue = await make_venue(*SWAP, key)
    with pytest.raises(kind, match=words) as refusal:
        await venue.open()
    assert refusal.value.reason == reason
    assert not asked(simulator, "/v5/*", method="POST"), "the look at the account must not change anything"


async def test_a_market_the_venue_does_not_list_is_refused_with_a_near_name(make_venue: MakeVenue) -> None:
    with pytest.raises(Invalid, match="did you mean BTC/USDT:USDT"):
        await (await make_venue("Swap", "BTC/USDT:USDX")).open()


async def test_a_venue_that_is_not_there_is_worth_another_try(make_venue: MakeVenue) -> None:
    with pytest.raises(Transient, match=r"http://127\.0\.0\.1:9 does not answer") as refusal:
        await (await make_venue(*SWAP, endpoint="http://127.0.0.1:9")).open()
    assert refusal.value.reason == "VenueUnreachable"


async def test_a_venue_can_be_opened_again_after_it_failed(make_venue: MakeVenue, simulator: Simulator) -> None:
    venue = await make_venue(*SWAP)
    simulator.faults.add({"action": "garbage", "endpoint": "/v5/account/fee-rate"})
    with pytest.raises(Transient):
        await venue.open()
    assert (await venue.open()).instruments.keys() == {SWAP[1]}


async def test_an_unknown_exchange_is_refused_before_anything_is_sent() -> None:
    settings = VenueSettings("mtgox", "Spot", ("BTC/USDT",), None)
    with pytest.raises(Invalid, match="not one of: bybit"):
        CcxtVenue(settings, time.time_ns)


async def test_the_first_request_of_a_halt_is_the_cancel_itself(make_venue: MakeVenue, simulator: Simulator) -> None:
    venue, _ = await opened(make_venue, *SWAP)
    before = len(asked(simulator, "*"))
    await venue.cancel_all(CancelAll(1, (SWAP[1],)))
    assert {entry.path for entry in asked(simulator, "*")[before:]} == {"/v5/order/cancel-all"}


async def test_without_credentials_nothing_private_is_ever_asked_and_nothing_sent(
    make_venue: MakeVenue, simulator: Simulator
) -> None:
    venue, instrument = await opened(make_venue, *SWAP, key=None)
    assert (await venue.place(bid(instrument))).outcome == REJECTED
    assert (await venue.cancel(Cancel("d1", "", SWAP[1]))).outcome == REJECTED
    assert (await venue.query_order(QueryOrder("d1", SWAP[1]))).outcome == NOT_FOUND
    for answer in (
        await venue.query_open_orders(QueryOpenOrders(1)),
        await venue.query_positions(QueryPositions(2)),
        await venue.query_balances(QueryBalances(3)),
        await venue.query_fills(QueryFills(4, SWAP[1], 0)),
    ):
        assert answer.complete
    assert {entry.path.split("/")[2] for entry in asked(simulator, "*")} == {"market"}


# orders


@BOTH
async def test_an_accepted_order_carries_our_client_id_to_the_venue(
    make_venue: MakeVenue, simulator: Simulator, market_type: str, market: str
) -> None:
    venue, instrument = await opened(make_venue, market_type, market)
    placed = await venue.place(bid(instrument))
    assert placed.outcome == ACCEPTED
    assert placed.venue_id
    (sent,) = asked(simulator, "/v5/order/create")
    assert sent.parameters["orderLinkId"] == "d1"
    assert (sent.parameters["price"], sent.parameters["qty"]) == ("58000", "0.01")
    assert sent.parameters["timeInForce"] == "PostOnly"
    answer = await venue.query_order(QueryOrder("d1", market))
    assert answer.report is not None
    assert (answer.outcome, answer.report.venue_id, answer.report.state) == (ACCEPTED, placed.venue_id, orders.OPEN)
    assert (answer.report.price_ticks, answer.report.lots) == (instrument.ticks("58000"), instrument.lots("0.01"))


@BOTH
async def test_a_market_order_never_carries_a_price(
    make_venue: MakeVenue, simulator: Simulator, market_type: str, market: str
) -> None:
    venue, instrument = await opened(make_venue, market_type, market)
    assert (await venue.place(take(instrument, "d1"))).outcome == ACCEPTED
    (sent,) = asked(simulator, "/v5/order/create")
    assert "price" not in sent.parameters
    assert sent.parameters["qty"] == "0.01"

    async def filled() -> bool:
        report = (await venue.query_order(QueryOrder("d1", market))).report
        return report is not None and report.filled_lots == instrument.lots("0.01")

    assert await until(filled), "0.01 coins, not 0.01 of the quote currency"


async def test_a_small_lot_is_written_without_an_exponent(make_venue: MakeVenue, simulator: Simulator) -> None:
    venue, instrument = await opened(make_venue, *SPOT)
    await venue.place(bid(instrument, lots=9))
    assert asked(simulator, "/v5/order/create")[0].parameters["qty"] == "0.00009"


async def test_reduce_only_reaches_the_venue(make_venue: MakeVenue, simulator: Simulator) -> None:
    venue, instrument = await opened(make_venue, *SWAP)
    placed = await venue.place(bid(instrument, reduce_only=True))
    assert asked(simulator, "/v5/order/create")[0].parameters["reduceOnly"] is True
    assert placed.outcome == REJECTED
    assert "110017" in placed.reason


@BOTH
async def test_an_order_nobody_can_pay_is_definitely_rejected(
    make_venue: MakeVenue, market_type: str, market: str
) -> None:
    venue, instrument = await opened(make_venue, market_type, market)
    placed = await venue.place(bid(instrument, lots=instrument.lots("80" if market_type == "Spot" else "800")))
    assert placed.outcome == REJECTED
    assert placed.reason.startswith("InsufficientFunds")


@BOTH
async def test_a_client_id_used_twice_is_unknown_and_asking_finds_the_first_order(
    make_venue: MakeVenue, market_type: str, market: str
) -> None:
    venue, instrument = await opened(make_venue, market_type, market)
    first = await venue.place(bid(instrument))
    second = await venue.place(bid(instrument))
    assert (second.outcome, second.reason) == (UNKNOWN, DUPLICATE_CLIENT_ID)
    answer = await venue.query_order(QueryOrder("d1", market))
    assert answer.report is not None
    assert answer.report.venue_id == first.venue_id


@pytest.mark.parametrize(
    "fault",
    [
        {"action": "acceptThenDrop"},
        {"action": "delayReply", "delayMs": 2000},
        {"action": "garbage"},
        {"action": "garbage", "status": 503},
        {"action": "garbage", "status": 500, "body": ""},
        {"action": "garbage", "body": "{}"},
        {"action": "garbage", "body": '{"retCode":0,"retMsg":"OK","result":{}}'},
        {"action": "garbage", "body": '{"retCode":10016,"retMsg":"System error","result":{}}'},
    ],
    ids=lambda fault: "-".join(str(value) for value in fault.values()),
)
async def test_a_lost_or_unreadable_reply_is_unknown_and_resolved_by_asking(
    make_venue: MakeVenue, simulator: Simulator, fault: dict[str, Any]
) -> None:
    venue, instrument = await opened(make_venue, *SWAP, request_timeout_ms=500)
    simulator.faults.add({"endpoint": "/v5/order/create", **fault})
    placed = await venue.place(bid(instrument))
    assert (placed.outcome, placed.venue_id) == (UNKNOWN, "")
    assert placed.reason
    answer = await venue.query_order(QueryOrder("d1", SWAP[1]))
    assert answer.report is not None
    assert answer.report.state == orders.OPEN
    assert len(asked(simulator, "/v5/order/create")) == 1, "nothing is ever sent again"


async def test_an_order_that_never_reached_the_venue_is_unknown_first_and_not_found_by_asking(
    make_venue: MakeVenue, simulator: Simulator
) -> None:
    venue, instrument = await opened(make_venue, *SWAP)
    simulator.faults.add({"action": "drop", "endpoint": "/v5/order/create"})
    assert (await venue.place(bid(instrument))).outcome == UNKNOWN
    assert (await venue.query_order(QueryOrder("d1", SWAP[1]))).outcome == NOT_FOUND


@pytest.mark.parametrize("path", ["/v5/order/realtime", "/v5/order/history", "/v5/execution/list"])
async def test_a_failed_question_about_an_order_is_never_not_found(
    make_venue: MakeVenue, simulator: Simulator, path: str
) -> None:
    venue, _ = await opened(make_venue, *SWAP)
    simulator.faults.add({"action": "garbage", "endpoint": path})
    answer = await venue.query_order(QueryOrder("d1", SWAP[1]))
    assert (answer.outcome, answer.report) == (UNKNOWN, None)
    assert answer.reason


@BOTH
@pytest.mark.parametrize("emergency", [False, True])
async def test_an_order_is_cancelled_by_its_client_id(
    make_venue: MakeVenue, market_type: str, market: str, emergency: bool
) -> None:
    venue, instrument = await opened(make_venue, market_type, market)
    await venue.place(bid(instrument))
    assert (await venue.cancel(Cancel("d1", "", market, emergency))).outcome == ACCEPTED
    assert (await venue.cancel(Cancel("d1", "", market, emergency))).outcome == NOT_FOUND
    answer = await venue.query_order(QueryOrder("d1", market))
    assert answer.report is not None
    assert answer.report.state == orders.CANCELLED


async def test_a_cancel_without_a_readable_answer_is_unknown(make_venue: MakeVenue, simulator: Simulator) -> None:
    venue, instrument = await opened(make_venue, *SWAP)
    await venue.place(bid(instrument))
    simulator.faults.add({"action": "garbage", "endpoint": "/v5/order/cancel"})
    assert (await venue.cancel(Cancel("d1", "", SWAP[1]))).outcome == UNKNOWN


# lists


async def _raw(venue: CcxtVenue, category: str, **changes: str) -> str:
    """An order placed past the desk, as somebody else with the same account would."""
    order = {"category": category, "symbol": "BTCUSDT", "side": "Buy", "orderType": "Limit", "qty": "0.01"}
    made = await venue._clients.trading.privatePostV5OrderCreate({**order, "price": "58000", **changes})
    return str(made["result"]["orderId"])


async def _trigger(venue: CcxtVenue, category: str, **changes: str) -> str:
    """A conditional order far above; it can be judged once the market has a last price."""
    markets = venue._clients.markets

    async def traded() -> Any:
        return (await markets.publicGetV5MarketRecentTrade({"category": category, "symbol": "BTCUSDT"}))["result"][
            "list"
        ]

    await until(traded)
    more = {"triggerDirection": "1"} if category == "linear" else {"orderFilter": "StopOrder"}
    return await _raw(venue, category, **{"triggerPrice": "61000", **more, **changes})


CATEGORY = {"Spot": "spot", "Swap": "linear"}


@BOTH
async def test_open_orders_are_read_to_the_last_page_with_trigger_orders_among_them(
    make_venue: MakeVenue, market_type: str, market: str
) -> None:
    venue, instrument = await opened(make_venue, market_type, market)
    for number in range(60):
        assert (await venue.place(bid(instrument, f"d{number}"))).outcome == ACCEPTED
    triggers = {await _trigger(venue, CATEGORY[market_type])}
    if market_type == "Spot":
        triggers.add(await _trigger(venue, "spot", orderFilter="tpslOrder"))
    answer = await venue.query_open_orders(QueryOpenOrders(7))
    assert (answer.request, answer.complete, answer.reason) == (7, True, "")
    assert {one.client_id for one in answer.orders if one.client_id} == {f"d{number}" for number in range(60)}
    assert {one.venue_id for one in answer.orders if one.trigger} == triggers
    assert len(answer.orders) == 60 + len(triggers)


async def test_one_unreadable_page_makes_the_open_orders_incomplete(
    make_venue: MakeVenue, simulator: Simulator
) -> None:
    venue, instrument = await opened(make_venue, *SWAP)
    await venue.place(bid(instrument))
    simulator.faults.add({"action": "garbage", "endpoint": "/v5/order/realtime"})
    answer = await venue.query_open_orders(QueryOpenOrders(1, emergency=True))
    assert (answer.complete, answer.orders) == (False, [])
    assert answer.reason


@BOTH
async def test_a_foreign_order_is_cancelled_by_the_venues_id(
    make_venue: MakeVenue, market_type: str, market: str
) -> None:
    venue, _ = await opened(make_venue, market_type, market)
    category = CATEGORY[market_type]
    plain, trigger = await _raw(venue, category), await _trigger(venue, category)
    assert (await venue.cancel_foreign(CancelForeign(plain, market, False))).outcome == ACCEPTED
    cancelled = await venue.cancel_foreign(CancelForeign(trigger, market, True, emergency=True))
    assert (cancelled.outcome, cancelled.client_id) == (ACCEPTED, trigger)
    assert (await venue.cancel_foreign(CancelForeign(trigger, market, True))).outcome == NOT_FOUND


async def test_a_spot_take_profit_is_found_under_its_own_filter(make_venue: MakeVenue) -> None:
    venue, _ = await opened(make_venue, *SPOT)
    order = await _trigger(venue, "spot", orderFilter="tpslOrder")
    assert (await venue.cancel_foreign(CancelForeign(order, SPOT[1], True))).outcome == ACCEPTED


@BOTH
async def test_cancel_all_takes_every_kind_of_order_whoever_placed_it(
    make_venue: MakeVenue, market_type: str, market: str
) -> None:
    venue, instrument = await opened(make_venue, market_type, market)
    category = CATEGORY[market_type]
    for number in range(3):
        await venue.place(bid(instrument, f"d{number}"))
    await _raw(venue, category)
    await _trigger(venue, category)
    result = await venue.cancel_all(CancelAll(9, (market,)))
    assert (result.request, result.outcome, result.cancelled) == (9, ACCEPTED, 5)

    async def empty() -> bool:
        answer = await venue.query_open_orders(QueryOpenOrders(1, emergency=True))
        return answer.complete and not answer.orders

    assert await until(empty)


async def test_a_cancel_all_that_is_unknown_in_one_part_is_unknown(make_venue: MakeVenue, simulator: Simulator) -> None:
    venue, _ = await opened(make_venue, *SPOT)
    simulator.faults.add({"action": "acceptThenDrop", "endpoint": "/v5/order/cancel-all"})
    assert (await venue.cancel_all(CancelAll(1, (SPOT[1],)))).outcome == UNKNOWN


@BOTH
async def test_fills_are_read_to_the_last_page_and_add_up_to_the_venues_truth(
    make_venue: MakeVenue, simulator: Simulator, market_type: str, market: str
) -> None:
    venue, instrument = await opened(make_venue, market_type, market)
    started = time.time_ns() // 1_000_000
    for number in range(104):
        assert (await venue.place(take(instrument, f"d{number}", BUY if number % 3 else SELL))).outcome == ACCEPTED

    async def all_there() -> Any:
        answer = await venue.query_fills(QueryFills(3, market, started - 1000))
        return answer if sum(fill.lots for fill in answer.fills) == 104 * instrument.lots("0.01") else None

    answer = await until(all_there)
    assert (answer.request, answer.market, answer.complete) == (3, market, True)
    truth = simulator.exchange.executions("alice")
    assert {fill.trade_id for fill in answer.fills} == {one.execution_id for one in truth}
    assert len(asked(simulator, "/v5/execution/list")) >= 2
    assert [fill.venue_ms for fill in answer.fills] == sorted(fill.venue_ms for fill in answer.fills)
    assert {fill.fee_asset for fill in answer.fills} == ({"BTC", "USDT"} if market_type == "Spot" else {"USDT"})


async def test_a_position_is_stated_in_base_coins_with_its_side(make_venue: MakeVenue) -> None:
    venue, instrument = await opened(make_venue, *SWAP)
    assert (await venue.query_positions(QueryPositions(1))).positions == []
    await venue.place(take(instrument, "d1", SELL))

    async def position() -> Any:
        return (await venue.query_positions(QueryPositions(2))).positions

    (found,) = await until(position)
    assert (found.market, found.amount) == (SWAP[1], -UNIT // 100)
    assert 50_000 * UNIT < found.average_price < 70_000 * UNIT


async def test_spot_has_no_positions_and_needs_no_question_to_know_it(
    make_venue: MakeVenue, simulator: Simulator
) -> None:
    venue, _ = await opened(make_venue, *SPOT)
    answer = await venue.query_positions(QueryPositions(1))
    assert (answer.complete, answer.positions) == (True, [])


async def test_balances_say_what_is_there_and_what_is_free(make_venue: MakeVenue) -> None:
    venue, instrument = await opened(make_venue, *SPOT)
    await venue.place(bid(instrument))
    answer = await venue.query_balances(QueryBalances(5))
    assert (answer.request, answer.complete) == (5, True)
    total, free = answer.balances["USDT"]
    assert (total, total - free) == (1_000_000 * UNIT, 580 * UNIT)
    assert answer.balances["BTC"] == (20 * UNIT, 20 * UNIT)


async def test_equity_of_a_contract_account_is_stated_in_its_settle_coin(make_venue: MakeVenue) -> None:
    venue, _ = await opened(make_venue, *SWAP)
    assert (await venue.query_balances(QueryBalances(5))).equity == 1_000_000 * UNIT


@pytest.mark.parametrize("path", ["/v5/position/list", "/v5/account/wallet-balance", "/v5/execution/list"])
async def test_a_failed_question_is_incomplete_and_not_empty(
    make_venue: MakeVenue, simulator: Simulator, path: str
) -> None:
    venue, _ = await opened(make_venue, *SWAP)
    simulator.faults.add({"action": "garbage", "endpoint": path, "count": 9})
    answers = {
        "/v5/position/list": await venue.query_positions(QueryPositions(1)),
        "/v5/account/wallet-balance": await venue.query_balances(QueryBalances(1)),
        "/v5/execution/list": await venue.query_fills(QueryFills(1, SWAP[1], time.time_ns() // 1_000_000)),
    }
    assert [name for name, answer in answers.items() if not answer.complete] == [path]
    assert answers[path].reason


async def test_closing_twice_or_before_opening_is_harmless(make_venue: MakeVenue) -> None:
    venue = await make_venue(*SWAP)
    await venue.close()
    await venue.close()

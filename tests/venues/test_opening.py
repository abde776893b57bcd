"""A venue is opened only where trading may begin: each refusal is one line that says what to change."""

import random
import time

import pytest

from deskbot.core.commands import (
    Cancel,
    CancelAll,
    CancelForeign,
    QueryBalances,
    QueryFills,
    QueryOpenOrders,
    QueryOrder,
    QueryPositions,
)
from deskbot.core.errors import Blocked, DeskError, Invalid, Transient
from deskbot.core.events import NOT_FOUND, REJECTED, UNKNOWN
from deskbot.core.money import to_units
from deskbot.simulator.server import Simulator
from deskbot.venues.ccxt_venue import CcxtVenue
from deskbot.venues.protocol import Venue, VenueSettings
from tests.venues.asking import BOTH, asked, bid, opened
from tests.venues.conftest import SPOT, SWAP, MakeVenue

OTHER = "ETH/USDT"
SECOND = 1_000_000_000

pytestmark = pytest.mark.component


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


@pytest.mark.parametrize("ahead", [-40, 0, 40])
async def test_an_open_venue_tells_its_clock_beside_an_engine_time_that_stands_anywhere(
    endpoint: str, ahead: int
) -> None:
    settings = VenueSettings("bybit", SWAP[0], (SWAP[1],), None, endpoint=endpoint)
    venue = CcxtVenue(settings, lambda: time.time_ns() + ahead * SECOND, random.random)
    try:
        offset = (await venue.open()).clock_offset
    finally:
        await venue.close()
    assert abs(offset + ahead * SECOND) < SECOND // 2


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


async def test_one_closed_market_does_not_keep_the_others_from_opening_and_is_named(
    make_venue: MakeVenue, simulator: Simulator
) -> None:
    simulator.faults.add({"action": "halt", "market": OTHER})
    venue = await make_venue(*SPOT, exchange="binance", markets=(OTHER, SPOT[1], "NONE/USDT"))
    ready = await venue.open()
    assert ready.closed[OTHER] == f"{OTHER} is listed but not open for trading on the venue"
    assert "lists no Spot market NONE/USDT" in ready.closed["NONE/USDT"]
    assert ready.instruments.keys() == {SPOT[1], OTHER}, "what is held on a listed one is still known"
    refused = await venue.place(bid(ready.instruments[OTHER], "d1"))
    assert (refused.outcome, refused.reason) == (REJECTED, f"{OTHER} is not open on this venue")


async def test_a_venue_on_which_every_market_is_closed_is_refused(make_venue: MakeVenue, simulator: Simulator) -> None:
    simulator.faults.add({"action": "halt", "market": OTHER})
    with pytest.raises(Invalid, match="listed but not open for trading") as refusal:
        await (await make_venue("Spot", OTHER, exchange="binance")).open()
    assert refusal.value.reason == "MarketUnknown"


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


async def test_before_its_markets_are_read_nothing_is_asked_of_a_venue_by_a_name_it_does_not_know(
    make_venue: MakeVenue, simulator: Simulator
) -> None:
    venue = await make_venue(*SPOT, exchange="binance")
    answer = await venue.query_order(QueryOrder("d1", SPOT[1]))
    result = await venue.cancel(Cancel("d1", "", SPOT[1]))
    assert (answer.outcome, result.outcome) == (UNKNOWN, REJECTED)
    by_id = await venue.cancel_foreign(CancelForeign("1", SPOT[1], trigger=False))
    everything = await venue.cancel_all(CancelAll(1, (SPOT[1],)))
    fills = await venue.query_fills(QueryFills(2, SPOT[1], 0))
    assert (by_id.outcome, everything.outcome, fills.complete) == (REJECTED, REJECTED, False)
    reasons = {one.reason for one in (answer, result, by_id, everything, fills)}
    assert reasons == {"not sent: the venue's markets are not read yet"}
    assert asked(simulator, "*") == []


async def test_an_unknown_exchange_is_refused_before_anything_is_sent() -> None:
    settings = VenueSettings("mtgox", "Spot", ("BTC/USDT",), None)
    with pytest.raises(Invalid, match="not one of: binance, binanceusdm, bybit"):
        CcxtVenue(settings, time.time_ns, random.random)


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

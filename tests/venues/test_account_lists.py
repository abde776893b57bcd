"""Questions about the account over sockets: no list is cut short, and a failed one is never an empty one."""

import time
from typing import Any

import pytest

from deskbot.core.commands import QueryBalances, QueryFills, QueryOpenOrders, QueryPositions
from deskbot.core.events import ACCEPTED, BalancesAnswer, FillsAnswer, PositionsAnswer
from deskbot.core.instrument import BUY, SELL
from deskbot.core.money import UNIT
from deskbot.simulator.server import Simulator
from tests.venues.asking import BOTH, CATEGORY, asked, bid, opened, take, trigger_order, until
from tests.venues.conftest import SPOT, SWAP, MakeVenue

pytestmark = pytest.mark.component


@BOTH
async def test_open_orders_are_read_to_the_last_page_with_trigger_orders_among_them(
    make_venue: MakeVenue, market_type: str, market: str
) -> None:
    venue, instrument = await opened(make_venue, market_type, market)
    for number in range(60):
        assert (await venue.place(bid(instrument, f"d{number}"))).outcome == ACCEPTED
    triggers = {await trigger_order(venue, CATEGORY[market_type])}
    if market_type == "Spot":
        triggers.add(await trigger_order(venue, "spot", orderFilter="tpslOrder"))
    answer = await venue.query_open_orders(QueryOpenOrders(7))
    assert (answer.request, answer.complete, answer.reason) == (7, True, "")
    assert {one.client_id for one in answer.orders if one.client_id} == {f"d{number}" for number in range(60)}
    assert {one.venue_id for one in answer.orders if one.trigger} == triggers
    assert len(answer.orders) == 60 + len(triggers)
    of_one = await venue.query_open_orders(QueryOpenOrders(8, market=market))
    assert {one.venue_id for one in of_one.orders} == {one.venue_id for one in answer.orders}
    assert (await venue.query_open_orders(QueryOpenOrders(9, market=market.replace("BTC", "ETH")))).orders == []


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
    answers: dict[str, PositionsAnswer | BalancesAnswer | FillsAnswer] = {
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

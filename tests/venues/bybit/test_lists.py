"""Lists are read to their end, or they have failed."""

import asyncio
from collections.abc import Awaitable, Callable
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deskbot.venues.adapter import ListFailed
from deskbot.venues.bybit import lists as bybit_lists
from deskbot.venues.bybit.dialect import BYBIT
from deskbot.venues.bybit.lists import pages
from deskbot.venues.markets import Markets
from tests.venues.bybit import listings
from tests.venues.bybit.test_rows import EXECUTION, ORDER

Row = dict[str, Any]
DAY_MS = 86_400_000


def paged(rows: list[Row], asked: list[Row], size: int) -> Callable[[Row], Awaitable[Row]]:
    """An endpoint that answers `rows` in pages and always gives a cursor, as Bybit does even on the last page."""

    async def request(query: Row) -> Row:
        asked.append(query)
        start = int(query.get("cursor") or 0)
        page = rows[start : start + size]
        return {"retCode": 0, "result": {"list": page, "nextPageCursor": str(start + size) if page else ""}}

    return request


def answering(answer: Any) -> Callable[[Row], Awaitable[Any]]:
    async def request(_query: Row) -> Any:
        return answer

    return request


async def test_a_list_is_read_page_after_page() -> None:
    asked: list[Row] = []
    rows = [{"number": number} for number in range(7)]
    assert await pages(paged(rows, asked, 3), {"category": "linear"}) == rows
    assert [query.get("cursor") for query in asked] == [None, "3", "6", "9"]
    assert {query["category"] for query in asked} == {"linear"}


@given(rows=st.lists(st.integers(), max_size=40), sizes=st.lists(st.integers(1, 7), min_size=40, max_size=40))
def test_however_a_list_is_cut_into_pages_every_row_is_read_once(rows: list[int], sizes: list[int]) -> None:
    async def request(query: Row) -> Row:
        start, page = map(int, query.get("cursor", "0:0").split(":"))
        end = start + sizes[page]
        cursor = f"{end}:{page + 1}" if end < len(rows) else ""
        return {"result": {"list": [{"row": row} for row in rows[start:end]], "nextPageCursor": cursor}}

    assert asyncio.run(pages(request, {})) == [{"row": row} for row in rows]


@pytest.mark.parametrize(
    "answer",
    [
        "<html>Service unavailable</html>",
        {},
        {"result": None},
        {"result": {}},
        {"result": {"list": None}},
        {"result": {"list": {"0": {}}}},
        None,
    ],
)
async def test_an_answer_that_is_no_list_fails_the_list(answer: Any) -> None:
    with pytest.raises(ListFailed):
        await pages(answering(answer), {})


async def test_pages_that_go_round_in_a_circle_fail_the_list() -> None:
    with pytest.raises(ListFailed, match="circle"):
        await pages(answering({"result": {"list": [{}], "nextPageCursor": "same"}}), {})


async def _open_orders(market_type: str, by_filter: dict[str, list[Row]], asked: list[Row]) -> Any:
    async def realtime(query: Row) -> Row:
        asked.append(query)
        return {"result": {"list": by_filter.get(query.get("orderFilter", ""), []), "nextPageCursor": ""}}

    exchange = SimpleNamespace(privateGetV5OrderRealtime=realtime)
    return await bybit_lists.open_orders(exchange, market_type, await listings.markets(market_type), lambda: 1)


async def test_open_orders_are_asked_for_under_every_filter_and_settle_coin() -> None:
    asked: list[Row] = []
    await _open_orders("Swap", {}, asked)
    assert {(one["settleCoin"], one.get("orderFilter", "")) for one in asked} == {
        (coin, name) for coin in ("USDC", "USDT") for name in ("", "Order", "StopOrder")
    }
    assert {one["limit"] for one in asked} == {50}


async def test_spot_has_five_kinds_of_orders() -> None:
    asked: list[Row] = []
    await _open_orders("Spot", {}, asked)
    assert {one.get("orderFilter", "") for one in asked} == {
        "", "Order", "StopOrder", "tpslOrder", "OcoOrder", "BidirectionalTpslOrder",
    }  # fmt: skip


async def test_an_order_seen_under_two_filters_is_one_order_and_ended_ones_are_none() -> None:
    stop = {**ORDER, "orderId": "venue-2", "orderStatus": "Untriggered"}
    ended = {**ORDER, "orderId": "venue-3", "orderStatus": "Filled"}
    found = await _open_orders("Spot", {"": [ORDER, stop, ended], "Order": [ORDER], "StopOrder": [stop]}, [])
    assert [(one.venue_id, one.trigger) for one in found] == [("venue-1", False), ("venue-2", True)]


async def test_one_failed_filter_fails_the_whole_question() -> None:
    async def realtime(query: Row) -> Row:
        return {"result": {"list": []}} if query.get("orderFilter") != "StopOrder" else {"result": {}}

    exchange = SimpleNamespace(privateGetV5OrderRealtime=realtime)
    with pytest.raises(ListFailed):
        await bybit_lists.open_orders(exchange, "Swap", await listings.markets("Swap"), lambda: 1)


async def _find(realtime: list[Row], history: list[Row], executions: list[Row]) -> Any:
    exchange = SimpleNamespace(
        privateGetV5OrderRealtime=answering({"result": {"list": realtime}}),
        privateGetV5OrderHistory=answering({"result": {"list": history}}),
        privateGetV5ExecutionList=answering({"result": {"list": executions}}),
    )
    found = await listings.markets("Swap")
    return await bybit_lists.order_by_client_id(exchange, "Swap", "BTCUSDT", "d1", found, lambda: 1)


async def test_an_order_is_looked_for_among_the_live_then_in_history() -> None:
    assert (await _find([ORDER], [], [])).venue_id == "venue-1"
    assert (await _find([], [{**ORDER, "orderStatus": "Filled"}], [EXECUTION])).venue_id == "venue-1"
    assert await _find([], [], []) is None


async def test_another_orders_row_is_no_answer() -> None:
    assert await _find([{**ORDER, "orderLinkId": "d2"}], [], []) is None


async def test_executions_of_an_order_that_no_list_shows_leave_it_unknown() -> None:
    with pytest.raises(ListFailed, match="ask again"):
        await _find([], [], [EXECUTION])


async def _fills(rows: list[Row], since_ms: int, now_ms: int, asked: list[Row]) -> Any:
    async def executions(query: Row) -> Row:
        asked.append(query)
        inside = [row for row in rows if 0 <= int(row["execTime"]) - query["startTime"] <= 7 * DAY_MS]
        return {"result": {"list": sorted(inside, key=lambda row: -int(row["execTime"])), "nextPageCursor": ""}}

    exchange = SimpleNamespace(privateGetV5ExecutionList=executions)
    found = await listings.markets("Swap")
    return await bybit_lists.fills(exchange, "Swap", "BTCUSDT", since_ms, found, lambda: now_ms * 1_000_000)


async def test_fills_of_weeks_are_asked_for_week_by_week_and_come_oldest_first() -> None:
    asked: list[Row] = []
    now_ms, since = 1_700_000_000_000, 1_700_000_000_000 - 20 * DAY_MS
    rows = [{**EXECUTION, "execId": f"e{day}", "execTime": str(since + day * DAY_MS)} for day in range(21)]
    made, _ = await _fills(rows, since, now_ms, asked)
    assert [fill.trade_id for fill in made] == [f"e{day}" for day in range(21)]
    assert [one["startTime"] for one in asked] == [since, since + 7 * DAY_MS, since + 14 * DAY_MS]


async def test_a_clock_that_is_behind_hides_no_fill() -> None:
    asked: list[Row] = []
    made, _ = await _fills([EXECUTION], int(EXECUTION["execTime"]), int(EXECUTION["execTime"]) - DAY_MS, asked)
    assert [fill.trade_id for fill in made] == ["e1"]
    assert all("endTime" not in one for one in asked)


async def test_fills_are_asked_for_without_a_type_and_funding_stands_apart() -> None:
    asked: list[Row] = []
    kinds = ("Trade", "AdlTrade", "BustTrade", "Settle", "Funding")
    rows = [{**EXECUTION, "execId": kind, "execType": kind, "execTime": "1700000000000"} for kind in kinds]
    made, paid = await _fills(rows, 1_700_000_000_000 - 1000, 1_700_000_000_000, asked)
    assert {fill.trade_id for fill in made} == {"Trade", "AdlTrade", "BustTrade", "Settle"}
    assert [one.funding_id for one in paid] == ["Funding"]
    assert all("execType" not in one for one in asked)


async def test_a_question_for_all_time_is_one_for_what_the_venue_keeps() -> None:
    asked: list[Row] = []
    await _fills([], 0, 1_700_000_000_000, asked)
    assert asked[0]["startTime"] >= 1_700_000_000_000 - BYBIT.fill_history_ms


async def test_positions_are_asked_for_in_every_settle_coin() -> None:
    asked: list[Row] = []
    exchange = SimpleNamespace(privateGetV5PositionList=paged([], asked, 200))
    assert await bybit_lists.positions(exchange, "Swap", await listings.markets("Swap")) == []
    assert [one["settleCoin"] for one in asked] == ["USDC", "USDT"]


async def test_before_the_markets_are_loaded_nothing_is_proved_empty() -> None:
    for question in (
        bybit_lists.open_orders(
            SimpleNamespace(privateGetV5OrderRealtime=None), "Swap", Markets({}, "Swap"), lambda: 1
        ),
        bybit_lists.positions(SimpleNamespace(privateGetV5PositionList=None), "Swap", Markets({}, "Swap")),
    ):
        with pytest.raises(ListFailed, match="not loaded"):
            await question


async def test_a_cancelled_question_is_cancelled() -> None:
    async def never(_query: Row) -> Row:
        await asyncio.Event().wait()
        return {}

    task = asyncio.create_task(pages(never, {}))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

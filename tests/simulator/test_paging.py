"""Lists come in Bybit's pages, and a page boundary loses nothing whatever happens between two pages."""

from typing import Any

import pytest

from tests.simulator.client import Client

pytestmark = pytest.mark.component
SCOPE = {"category": "linear", "symbol": "BTCUSDT"}


async def _place(client: Client, count: int) -> list[str]:
    answers = [await client.limit(orderLinkId=f"page-{number}") for number in range(count)]
    return [answer["result"]["orderId"] for answer in answers]


async def _read(client: Client, path: str, **parameters: Any) -> list[list[dict[str, Any]]]:
    """Every page until one is empty."""
    pages: list[list[dict[str, Any]]] = []
    cursor = ""
    while True:
        page = (await client.get(path, **SCOPE, **parameters, **({"cursor": cursor} if cursor else {})))["result"]
        if not page["list"]:
            assert page["nextPageCursor"] == ""
            return pages
        pages.append(page["list"])
        cursor = page["nextPageCursor"]


async def test_open_orders_come_twenty_at_a_time_newest_first(client: Client) -> None:
    placed = await _place(client, 45)
    pages = await _read(client, "/v5/order/realtime")
    assert [len(page) for page in pages] == [20, 20, 5]
    assert sorted(order["orderId"] for page in pages for order in page) == sorted(placed)
    times = [int(order["createdTime"]) for page in pages for order in page]
    assert times == sorted(times, reverse=True)


async def test_a_page_holds_fifty_orders_however_many_are_asked_for(client: Client) -> None:
    await _place(client, 53)
    pages = await _read(client, "/v5/order/realtime", limit=500)
    assert [len(page) for page in pages] == [50, 3]


async def test_an_order_that_ends_between_two_pages_shifts_no_other_out(client: Client) -> None:
    placed = await _place(client, 30)
    first = (await client.get("/v5/order/realtime", **SCOPE))["result"]
    for order in first["list"][:5]:
        await client.post("/v5/order/cancel", **SCOPE, orderId=order["orderId"])
    second = (await client.get("/v5/order/realtime", **SCOPE, cursor=first["nextPageCursor"]))["result"]
    seen = {order["orderId"] for page in (first, second) for order in page["list"]}
    assert seen == set(placed)


async def test_a_cursor_is_taken_encoded_once_as_it_came_or_twice(client: Client) -> None:
    await _place(client, 25)
    cursor = (await client.get("/v5/order/realtime", **SCOPE))["result"]["nextPageCursor"]
    assert "%3A" in cursor
    raw = await client.get("/v5/order/realtime", raw_query=f"category=linear&symbol=BTCUSDT&cursor={cursor}")
    encoded = await client.get("/v5/order/realtime", **SCOPE, cursor=cursor)
    assert len(raw["result"]["list"]) == len(encoded["result"]["list"]) == 5


async def test_executions_come_in_pages_of_at_most_a_hundred(client: Client) -> None:
    for number in range(52):
        await client.market("Buy" if number % 2 == 0 else "Sell", "0.002")
    assert [len(page) for page in await _read(client, "/v5/execution/list")] == [50, 2]
    assert [len(page) for page in await _read(client, "/v5/execution/list", limit=999)] == [52]
    assert (await client.get("/v5/execution/list", **SCOPE, execType="Funding"))["result"]["list"] == []


async def test_history_holds_what_ended_and_realtime_what_is_open(client: Client) -> None:
    kept, gone = await _place(client, 2)
    await client.post("/v5/order/cancel", **SCOPE, orderId=gone)
    ended = (await client.get("/v5/order/history", **SCOPE))["result"]["list"]
    recent = (await client.get("/v5/order/realtime", **SCOPE, openOnly=1))["result"]["list"]
    still = (await client.get("/v5/order/realtime", **SCOPE))["result"]["list"]
    by_link = (await client.get("/v5/order/realtime", category="linear", orderLinkId="page-1"))["result"]["list"]
    assert [order["orderId"] for order in ended] == [order["orderId"] for order in recent] == [gone]
    assert [order["orderId"] for order in still] == [kept]
    assert [(order["orderId"], order["orderStatus"]) for order in by_link] == [(gone, "Cancelled")]


async def test_linear_lists_want_a_scope(client: Client) -> None:
    assert (await client.get("/v5/order/realtime", category="linear"))["retCode"] == 10001
    assert (await client.get("/v5/order/realtime", category="linear", settleCoin="USDT"))["retCode"] == 0
    assert (await client.get("/v5/order/realtime", category="spot"))["retCode"] == 0
    assert (await client.get("/v5/order/realtime", category="inverse"))["result"]["list"] == []


async def test_a_broken_cursor_is_a_parameter_error(client: Client) -> None:
    assert (await client.get("/v5/order/realtime", **SCOPE, cursor="nonsense"))["retCode"] == 10001

"""What a batch of cancels proves."""

from types import SimpleNamespace
from typing import Any

import pytest

from deskbot.core.commands import CancelAll
from deskbot.core.events import ACCEPTED, UNKNOWN
from deskbot.venues.bybit.adapter import BybitAdapter
from deskbot.venues.bybit.dialect import BYBIT
from deskbot.venues.orders import Orders
from tests.venues.bybit import listings

Row = dict[str, Any]


async def _cancel_all(market_type: str, market: str, remaining: dict[str, int], asked: list[Row]) -> Any:
    async def cancel_all(query: Row) -> Row:
        asked.append(query)
        name = query.get("orderFilter", "")
        count = min(remaining.get(name, 0), 500)
        remaining[name] = remaining.get(name, 0) - count
        return {"result": {"list": [{"orderId": str(number)} for number in range(count)]}}

    exchange = SimpleNamespace(privatePostV5OrderCancelAll=cancel_all)
    made = Orders(BybitAdapter(market_type, lambda: 1), await listings.markets(market_type), lambda: 1)
    return await made.cancel_all(exchange, CancelAll(4, (market,)))


async def test_contracts_are_cancelled_five_hundred_at_a_time_until_none_is_left() -> None:
    asked: list[Row] = []
    result = await _cancel_all("Swap", "BTC/USDT:USDT", {"": 1003}, asked)
    assert (result.request, result.outcome, result.cancelled) == (4, ACCEPTED, 1003)
    assert len([query for query in asked if "orderFilter" not in query]) == 3


async def test_a_full_last_batch_is_asked_about_once_more() -> None:
    asked: list[Row] = []
    assert (await _cancel_all("Swap", "BTC/USDT:USDT", {"": 500}, asked)).cancelled == 500
    assert len([query for query in asked if "orderFilter" not in query]) == 2


async def test_spot_is_cancelled_under_each_of_its_filters() -> None:
    asked: list[Row] = []
    result = await _cancel_all("Spot", "BTC/USDT", {"Order": 2, "StopOrder": 1, "tpslOrder": 1}, asked)
    assert result.cancelled == 4
    assert [query["orderFilter"] for query in asked] == list(BYBIT.cancel_filters["Spot"])
    assert {query["symbol"] for query in asked} == {"BTCUSDT"}


@pytest.mark.parametrize(
    ("answer", "outcome"), [({"success": "1"}, ACCEPTED), ({"success": "0"}, UNKNOWN), ({}, UNKNOWN)]
)
async def test_an_answer_without_a_list_is_accepted_only_when_it_says_success(answer: Row, outcome: str) -> None:
    async def cancel_all(_query: Row) -> Row:
        return {"result": answer}

    exchange = SimpleNamespace(privatePostV5OrderCancelAll=cancel_all)
    made = Orders(BybitAdapter("Spot", lambda: 1), await listings.markets("Spot"), lambda: 1)
    assert (await made.cancel_all(exchange, CancelAll(4, ("BTC/USDT",)))).outcome == outcome

"""Cancel-all, conditional orders, batches and settings, each as the venue does it in its category."""

from typing import Any

import pytest

from tests.simulator.client import Client

pytestmark = pytest.mark.component
SYMBOL = "BTCUSDT"


async def _kinds(client: Client, category: str) -> list[str]:
    listed = await client.get("/v5/order/realtime", category=category, symbol=SYMBOL)
    return sorted(order["stopOrderType"] for order in listed["result"]["list"])


async def _place_each_kind(client: Client, category: str) -> None:
    trigger = {"triggerPrice": "59500"} | ({"triggerDirection": 2} if category == "linear" else {})
    spot = category == "spot"
    assert (await client.limit(category))["retCode"] == 0
    assert (await client.limit(category, **trigger, **({"orderFilter": "StopOrder"} if spot else {})))["retCode"] == 0
    if spot:
        assert (await client.limit(category, **trigger, orderFilter="tpslOrder"))["retCode"] == 0


async def test_spot_cancel_all_takes_one_list_at_a_time_and_plain_orders_by_default(client: Client) -> None:
    await _place_each_kind(client, "spot")
    assert await _kinds(client, "spot") == ["", "Stop", "tpslOrder"]
    await client.post("/v5/order/cancel-all", category="spot", symbol=SYMBOL)
    assert await _kinds(client, "spot") == ["Stop", "tpslOrder"]
    await client.post("/v5/order/cancel-all", category="spot", symbol=SYMBOL, orderFilter="StopOrder")
    assert await _kinds(client, "spot") == ["tpslOrder"]
    await client.post("/v5/order/cancel-all", category="spot", orderFilter="OcoOrder")
    await client.post("/v5/order/cancel-all", category="spot", orderFilter="tpslOrder")
    assert await _kinds(client, "spot") == []


async def test_linear_cancel_all_takes_every_kind_unless_one_is_named(client: Client) -> None:
    await _place_each_kind(client, "linear")
    answer = await client.post("/v5/order/cancel-all", category="linear", settleCoin="USDT", orderFilter="StopOrder")
    assert len(answer["result"]["list"]) == 1
    assert await _kinds(client, "linear") == ["UNKNOWN"]
    await client.post("/v5/order/cancel-all", category="linear", symbol=SYMBOL)
    assert await _kinds(client, "linear") == []
    assert (await client.post("/v5/order/cancel-all", category="linear"))["retCode"] == 10001
    assert (await client.post("/v5/order/cancel-all", category="inverse", settleCoin="BTC"))["retCode"] == 0


async def test_linear_cancel_all_stops_at_five_hundred(client: Client) -> None:
    for _ in range(50):
        request = [{"symbol": SYMBOL, "side": "Buy", "orderType": "Limit", "qty": "0.002", "price": "59000"}] * 10
        await client.post("/v5/order/create-batch", category="linear", request=request)
    stop: dict[str, Any] = {"triggerPrice": "59500", "triggerDirection": 2}
    assert (await client.limit(qty="0.002", **stop))["retCode"] == 0
    answer = await client.post("/v5/order/cancel-all", category="linear", symbol=SYMBOL)
    assert len(answer["result"]["list"]) == 500
    assert await _kinds(client, "linear") == ["Stop"]


async def test_a_spot_order_is_cancelled_only_in_the_list_it_is_in(client: Client) -> None:
    placed = await client.limit("spot", triggerPrice="59500", orderFilter="StopOrder")
    named: dict[str, Any] = {"category": "spot", "symbol": SYMBOL, "orderId": placed["result"]["orderId"]}
    assert (await client.post("/v5/order/cancel", **named))["retCode"] == 170213
    assert (await client.post("/v5/order/cancel", **named, orderFilter="StopOrder"))["retCode"] == 0


async def test_a_trigger_on_the_wrong_side_of_the_market_is_refused(client: Client) -> None:
    assert (await client.limit(triggerPrice="59500", triggerDirection=1))["retCode"] == 110092
    assert (await client.limit(triggerPrice="60500", triggerDirection=2))["retCode"] == 110093
    assert (await client.limit(triggerPrice="60500"))["retCode"] == 10001


async def test_an_eleventh_conditional_order_on_a_market_is_refused(client: Client) -> None:
    stop: dict[str, Any] = {"triggerPrice": "59500", "triggerDirection": 2}
    codes = [(await client.limit(**stop))["retCode"] for _ in range(11)]
    assert codes == [0] * 10 + [110009]


async def test_each_order_of_a_batch_stands_alone(client: Client) -> None:
    good = {"symbol": SYMBOL, "side": "Buy", "orderType": "Limit", "qty": "0.01", "price": "59000"}
    request = [good | {"orderLinkId": "one"}, good | {"qty": "0"}, good | {"orderLinkId": "three"}]
    created = await client.post("/v5/order/create-batch", category="linear", request=request)
    assert [part["code"] for part in created["retExtInfo"]["list"]] == [0, 10001, 0]
    assert [bool(part["orderId"]) for part in created["result"]["list"]] == [True, False, True]
    request = [{"symbol": SYMBOL, "orderLinkId": link} for link in ("one", "two", "three")]
    cancelled = await client.post("/v5/order/cancel-batch", category="linear", request=request)
    assert [part["code"] for part in cancelled["retExtInfo"]["list"]] == [0, 110001, 0]


async def test_immediate_or_cancel_and_fill_or_kill_leave_nothing_behind(client: Client) -> None:
    for time_in_force, reason in (("IOC", "EC_NoImmediateQtyToFill"), ("FOK", "EC_NoEnoughQtyToFill")):
        placed = await client.limit(timeInForce=time_in_force)
        (ended,) = (await client.get("/v5/order/realtime", category="linear", **_id(placed)))["result"]["list"]
        assert (ended["orderStatus"], ended["rejectReason"]) == ("Cancelled", reason)


async def test_a_spot_market_buy_spends_quote_coins_unless_it_says_base(client: Client) -> None:
    spent = await client.market("Buy", "600", "spot", marketUnit="quoteCoin")
    bought = await client.market("Buy", "0.01", "spot")
    for placed in (spent, bought):
        (fill,) = (await client.get("/v5/execution/list", category="spot", **_id(placed)))["result"]["list"]
        assert 599 < float(fill["execValue"]) < 601
        assert fill["feeCurrency"] == "BTC"


async def test_leverage_is_set_once_and_then_not_modified(client: Client) -> None:
    wanted = {"category": "linear", "symbol": SYMBOL, "buyLeverage": "5", "sellLeverage": "5"}
    assert (await client.post("/v5/position/set-leverage", **wanted))["retCode"] == 0
    assert (await client.post("/v5/position/set-leverage", **wanted))["retCode"] == 110043
    position = await client.get("/v5/position/list", category="linear", symbol=SYMBOL)
    assert position["result"]["list"][0]["leverage"] == "5"


def _id(placed: dict[str, Any]) -> dict[str, str]:
    return {"orderId": placed["result"]["orderId"]}

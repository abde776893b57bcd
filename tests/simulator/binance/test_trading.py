"""Orders that change and end: amended, replaced, cancelled one by one, all at once, or by themselves."""

import asyncio
import json
from typing import Any

import pytest

from tests.simulator.binance.client import LINEAR, SPOT, Client

pytestmark = pytest.mark.component

ALGO = {"algoType": "CONDITIONAL", "symbol": "BTCUSDT", "side": "SELL", "quantity": "0.01"}


async def _open(client: Client, side: str) -> list[int]:
    return [order["orderId"] for order in await client.signed("GET", side, "/openOrders", symbol="BTCUSDT")]


async def _until_none_is_open(client: Client) -> None:
    async with asyncio.timeout(5):
        while await _open(client, LINEAR):
            pass


async def _algo(client: Client, **changes: Any) -> Any:
    wanted = ALGO | {"type": "STOP_MARKET", "triggerPrice": "59000"} | changes
    return await client.signed("POST", LINEAR, "/algoOrder", **wanted)


async def test_futures_keep_algo_orders_in_a_list_of_their_own(client: Client) -> None:
    ordinary = await client.limit()
    waiting = await _algo(client, clientAlgoId="stop")
    assert (waiting["algoStatus"], waiting["orderType"]) == ("NEW", "STOP_MARKET")
    assert await _open(client, LINEAR) == [ordinary["orderId"]]
    listed = await client.signed("GET", LINEAR, "/openAlgoOrders")
    assert [order["clientAlgoId"] for order in listed] == ["stop"]
    named = {"symbol": "BTCUSDT", "orderId": waiting["algoId"]}
    assert (await client.signed("GET", LINEAR, "/order", **named))["code"] == -2013
    assert (await client.signed("DELETE", LINEAR, "/order", **named))["code"] == -2011
    await client.signed("DELETE", LINEAR, "/allOpenOrders", symbol="BTCUSDT")
    assert await _open(client, LINEAR) == []
    assert len(await client.signed("GET", LINEAR, "/openAlgoOrders", symbol="BTCUSDT")) == 1
    assert (await client.signed("DELETE", LINEAR, "/algoOrder", clientAlgoId="stop"))["code"] == "200"
    assert (await client.signed("DELETE", LINEAR, "/algoOrder", clientAlgoId="stop"))["code"] == -2011
    await _algo(client, type="TAKE_PROFIT_MARKET", triggerPrice="61000")
    await client.signed("DELETE", LINEAR, "/algoOpenOrders", symbol="BTCUSDT")
    assert await client.signed("GET", LINEAR, "/openAlgoOrders") == []
    everything = await client.signed("GET", LINEAR, "/allAlgoOrders", symbol="BTCUSDT")
    assert [order["algoStatus"] for order in everything] == ["CANCELED", "CANCELED"]


async def test_spot_cancels_stops_with_everything_else_of_a_symbol(client: Client) -> None:
    ordinary = await client.limit(SPOT)
    stop = await client.limit(SPOT, side="SELL", type="STOP_LOSS_LIMIT", stopPrice="59500", newOrderRespType="ACK")
    assert set(stop) == {"symbol", "orderId", "orderListId", "clientOrderId", "transactTime"}
    assert await _open(client, SPOT) == [ordinary["orderId"], stop["orderId"]]
    gone = await client.signed("DELETE", SPOT, "/openOrders", symbol="BTCUSDT")
    assert [(order["orderId"], order["status"]) for order in gone] == [
        (ordinary["orderId"], "CANCELED"),
        (stop["orderId"], "CANCELED"),
    ]
    assert await _open(client, SPOT) == []


async def test_a_cancellation_has_an_id_of_its_own_on_spot(client: Client) -> None:
    await client.limit(SPOT, newClientOrderId="mine")
    gone = await client.signed(
        "DELETE", SPOT, "/order", symbol="BTCUSDT", origClientOrderId="mine", newClientOrderId="ending"
    )
    assert (gone["origClientOrderId"], gone["clientOrderId"]) == ("mine", "ending")


async def test_a_futures_order_is_modified_in_place(client: Client) -> None:
    placed = await client.limit()
    change = {"symbol": "BTCUSDT", "orderId": placed["orderId"], "side": "BUY", "quantity": "0.02", "price": "58000"}
    changed = await client.signed("PUT", LINEAR, "/order", **change)
    assert (changed["orderId"], changed["origQty"], changed["price"]) == (placed["orderId"], "0.020", "58000.00")
    assert (await client.signed("PUT", LINEAR, "/order", **(change | {"price": "70000"})))["code"] == -4016


async def test_a_spot_order_is_replaced_whole_half_or_not_at_all(client: Client) -> None:
    placed = await client.limit(SPOT)
    order = {"symbol": "BTCUSDT", "side": "BUY", "type": "LIMIT", "timeInForce": "GTC", "quantity": "0.02"}
    order |= {"price": "58000", "cancelReplaceMode": "STOP_ON_FAILURE"}
    path = "/order/cancelReplace"
    done = await client.signed("POST", SPOT, path, **order, cancelOrderId=placed["orderId"])
    assert (done["cancelResult"], done["newOrderResult"]) == ("SUCCESS", "SUCCESS")
    assert await _open(client, SPOT) == [done["newOrderResponse"]["orderId"]]
    stopped = await client.signed("POST", SPOT, path, **order, cancelOrderId=placed["orderId"])
    assert (client.status, stopped["code"], stopped["data"]["newOrderResult"]) == (400, -2022, "NOT_ATTEMPTED")
    half = {"cancelReplaceMode": "ALLOW_FAILURE", "cancelOrigClientOrderId": "nobody"}
    partly = await client.signed("POST", SPOT, path, **(order | half))
    assert (client.status, partly["code"], partly["data"]["newOrderResult"]) == (409, -2021, "SUCCESS")
    assert len(await _open(client, SPOT)) == 2


async def test_each_order_of_a_batch_stands_alone(client: Client) -> None:
    good = {"symbol": "BTCUSDT", "side": "BUY", "type": "LIMIT", "timeInForce": "GTC", "quantity": "0.01"}
    good |= {"price": "59000"}
    batch = [good | {"newClientOrderId": "one"}, good | {"quantity": "0"}, good | {"newClientOrderId": "three"}]
    made = await client.signed("POST", LINEAR, "/batchOrders", batchOrders=json.dumps(batch))
    assert [part.get("code") for part in made] == [None, -4003, None]
    ids = json.dumps(["one", "two", "three"])
    gone = await client.signed("DELETE", LINEAR, "/batchOrders", symbol="BTCUSDT", origClientOrderIdList=ids)
    assert [part.get("code") for part in gone] == [None, -2011, None]
    assert (await client.signed("POST", LINEAR, "/batchOrders", batchOrders="[]"))["code"] == -4082


async def test_a_countdown_ends_orders_unless_it_is_kept_up(client: Client) -> None:
    placed = await client.limit()
    path = "/countdownCancelAll"
    for milliseconds in (60_000, 0, 200):
        await client.signed("POST", LINEAR, path, symbol="BTCUSDT", countdownTime=milliseconds)
    assert await _open(client, LINEAR) == [placed["orderId"]]
    await _until_none_is_open(client)
    ended = await client.signed("GET", LINEAR, "/order", symbol="BTCUSDT", orderId=placed["orderId"])
    assert ended["status"] == "CANCELED"


async def test_a_test_order_is_judged_and_forgotten(client: Client) -> None:
    order = {"symbol": "BTCUSDT", "side": "BUY", "type": "LIMIT", "timeInForce": "GTC", "quantity": "0.01"}
    for side in (SPOT, LINEAR):
        assert await client.signed("POST", side, "/order/test", **order, price="59000") == {}
        assert (await client.signed("POST", side, "/order/test", **order))["code"] == -1102
        assert await _open(client, side) == []


async def test_a_position_is_read_with_its_margin(client: Client) -> None:
    await client.signed("POST", LINEAR, "/leverage", symbol="BTCUSDT", leverage=5)
    assert await client.signed("GET", LINEAR, "/fapi/v3/positionRisk", symbol="BTCUSDT") == []
    await client.market("SELL", "0.02")
    (held,) = await client.signed("GET", LINEAR, "/fapi/v3/positionRisk")
    assert (held["positionAmt"], held["leverage"], held["marginType"]) == ("-0.020", "5", "cross")
    account = await client.signed("GET", LINEAR, "/fapi/v3/account")
    assert [one["symbol"] for one in account["positions"]] == ["BTCUSDT"]
    entry = float(held["entryPrice"])
    assert float(account["totalPositionInitialMargin"]) == pytest.approx(0.02 * entry / 5)


async def test_a_good_till_date_order_ends_by_itself(client: Client) -> None:
    placed = await client.limit(timeInForce="GTD", goodTillDate=client.now_ms() + 300)
    await _until_none_is_open(client)
    ended = await client.signed("GET", LINEAR, "/order", symbol="BTCUSDT", orderId=placed["orderId"])
    assert ended["status"] == "EXPIRED"

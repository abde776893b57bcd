"""What the venue refuses, in its own numbers and words, to a client that knows nothing of ccxt."""

from typing import Any

import pytest

from deskbot.simulator.server import Simulator
from tests.simulator.binance.client import LINEAR, SPOT, Client

pytestmark = pytest.mark.component

BOTH = pytest.mark.parametrize("side", [SPOT, LINEAR])


async def test_a_wrong_signature_is_refused(simulator: Simulator) -> None:
    async with Client(simulator.base_url, secret="not the secret") as client:
        for side in (SPOT, LINEAR):
            answer = await client.signed("GET", side, "/openOrders")
            assert (client.status, answer["code"]) == (400, -1022)


async def test_a_signature_covers_query_and_body_together(client: Client) -> None:
    order = "symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=GTC&quantity=0.01&price=59000"
    stamp = f"&timestamp={client.now_ms()}"
    body = f"{stamp[1:]}&signature={client.signature(order + stamp[1:])}"
    assert (await client.unsigned("POST", SPOT, "/order", query=order, body=body))["status"] == "NEW"
    tampered = order.replace("0.01", "0.02")
    assert (await client.unsigned("POST", SPOT, "/order", query=tampered, body=body))["code"] == -1022


async def test_keys_are_refused_by_what_is_wrong_with_them(simulator: Simulator, client: Client) -> None:
    client.key = "stranger"
    assert (await client.signed("GET", SPOT, "/account"))["code"] == -2008
    assert (await client.signed("GET", LINEAR, "/fapi/v3/account"))["code"] == -2015
    assert client.status == 401
    client.key = ""
    assert (await client.signed("GET", SPOT, "/account"))["code"] == -2014
    async with Client(simulator.base_url, "reader") as reader:
        for side in (SPOT, LINEAR):
            assert (await reader.limit(side))["code"] == -2015
        assert (await reader.signed("GET", SPOT, "/account"))["canTrade"] is False


@BOTH
@pytest.mark.parametrize(
    ("offset_ms", "words"),
    [(-6_000, "outside of the recvWindow"), (2_000, "1000ms ahead of the server's time")],
)
async def test_a_timestamp_outside_the_window_is_refused(
    simulator: Simulator, side: str, offset_ms: int, words: str
) -> None:
    async with Client(simulator.base_url, clock_offset_ms=offset_ms) as client:
        answer = await client.signed("GET", side, "/openOrders")
        assert (answer["code"], words in answer["msg"]) == (-1021, True)


async def test_a_window_over_a_minute_and_a_missing_timestamp_are_refused(client: Client) -> None:
    assert (await client.signed("GET", SPOT, "/openOrders", recvWindow=60_001))["code"] == -1131
    assert (await client.unsigned("GET", SPOT, "/openOrders"))["code"] == -1102


async def test_an_unknown_path_and_a_missing_market_are_refused(client: Client) -> None:
    assert (await client.public(SPOT, "/nosuch"))["code"] == -5000
    assert client.status == 404
    for side in (SPOT, LINEAR):
        assert (await client.public(side, "/depth", symbol="NOSUCH"))["code"] == -1121
        assert (await client.public(side, "/depth"))["code"] == -1102
    assert (await client.public(LINEAR, "/depth", symbol="BTCUSDT", limit=7))["code"] == -4021


@pytest.mark.parametrize(
    ("change", "spot", "linear"),
    [
        ({"side": "Buy"}, -1117, -1117),
        ({"type": "STOPPED"}, -1116, -1116),
        ({"timeInForce": "DAY"}, -1115, -1115),
        ({"timeInForce": None}, -1102, -1102),
        ({"price": None}, -1102, -1102),
        ({"quantity": None}, -1102, -1102),
        ({"quantity": "much"}, -1100, -1100),
        ({"quantity": "0"}, -1013, -4003),
        ({"quantity": "0.0000001"}, -1013, -1111),
        ({"quantity": "0.0100000001"}, -1111, -1111),
        ({"quantity": "9999999"}, -1013, -4005),
        ({"price": "0"}, -1013, -4001),
        ({"price": "59000.005"}, -1013, -1111),
        ({"price": "59000.05"}, None, -4014),
        ({"price": "70000"}, None, -4016),
        ({"side": "SELL", "price": "50000"}, None, -4024),
        ({"price": "1000000", "quantity": "0.0001"}, -1013, -1111),
        ({"price": "3000", "quantity": "0.1"}, -1013, None),
        ({"quantity": "0.001"}, None, -4164),
        ({"quantity": "0.00008", "newOrderRespType": "ACK"}, -1013, -1111),
        ({"newClientOrderId": "with blanks"}, -1100, -4015),
        ({"newClientOrderId": "x" * 37}, -1100, -4015),
        ({"stopPrice": "60500"}, -1106, -1106),
        ({"icebergQty": "0.001"}, -1104, -1104),
        ({"timeInForce": "GTX"}, -1115, None),
        ({"type": "STOP_MARKET"}, -1116, -4120),
        ({"type": "TRAILING_STOP_MARKET"}, -1116, -4120),
        ({"type": "MARKET"}, -1106, -1106),
        ({"positionSide": "LONG"}, None, -4061),
        ({"selfTradePreventionMode": "SOMETIMES"}, -1130, -1130),
        ({"symbol": "NOSUCH"}, -1121, -1121),
    ],
)
async def test_what_is_wrong_with_an_order(
    client: Client, change: dict[str, Any], spot: int | None, linear: int | None
) -> None:
    """None: nothing is wrong with it on that side."""
    for side, code in ((SPOT, spot), (LINEAR, linear)):
        answer = await client.limit(side, **change)
        assert answer.get("code") == code, (side, answer)


@BOTH
async def test_filters_are_named_in_the_refusal(client: Client, side: str) -> None:
    """ccxt, and people, read them there."""
    value = await client.limit(side, quantity="0.001" if side == LINEAR else "0.00008")
    assert (
        value["msg"]
        == {
            SPOT: "Filter failure: NOTIONAL",
            LINEAR: "Order's notional must be no smaller than 100 (unless you choose reduce only).",
        }[side]
    )
    if side == SPOT:
        assert (await client.limit(side, price="59000.005"))["msg"] == "Filter failure: PRICE_FILTER"
        assert (await client.limit(side, quantity="0.0000001"))["msg"] == "Filter failure: LOT_SIZE"
        assert (await client.limit(side, price="3000"))["msg"] == "Filter failure: PERCENT_PRICE_BY_SIDE"
        too_much = await client.market("BUY", "150", side)
        assert too_much["msg"] == "Filter failure: MARKET_LOT_SIZE"


@pytest.mark.parametrize(("side", "code"), [(SPOT, -2010), (LINEAR, -2019)])
async def test_a_poor_account_is_refused(simulator: Simulator, side: str, code: int) -> None:
    async with Client(simulator.base_url, "poor") as client:
        assert (await client.limit(side, quantity="0.1"))["code"] == code


@pytest.mark.parametrize(
    ("side", "code", "words"), [(SPOT, -2010, "Duplicate order sent."), (LINEAR, -4116, "ClientOrderId is duplicated.")]
)
async def test_a_client_id_is_unique_among_open_orders_only(client: Client, side: str, code: int, words: str) -> None:
    first = await client.limit(side, newClientOrderId="twice")
    again = await client.limit(side, newClientOrderId="twice")
    assert (again["code"], again["msg"]) == (code, words)
    await client.signed("DELETE", side, "/order", symbol="BTCUSDT", origClientOrderId="twice")
    second = await client.limit(side, newClientOrderId="twice")
    assert second["orderId"] > first["orderId"]
    found = await client.signed("GET", side, "/order", symbol="BTCUSDT", origClientOrderId="twice")
    assert found["orderId"] == second["orderId"]


@pytest.mark.parametrize(
    ("side", "order", "code"),
    [(SPOT, {"type": "LIMIT_MAKER", "timeInForce": None}, -2010), (LINEAR, {"timeInForce": "GTX"}, -5022)],
)
async def test_a_post_only_order_that_would_take_is_refused_and_never_listed(
    client: Client, side: str, order: dict[str, Any], code: int
) -> None:
    refused = await client.limit(side, price="60500", newClientOrderId="maker", **order)
    assert refused["code"] == code
    found = await client.signed("GET", side, "/order", symbol="BTCUSDT", origClientOrderId="maker")
    assert found["code"] == -2013
    assert await client.signed("GET", side, "/allOrders", symbol="BTCUSDT") == []
    resting = await client.limit(side, newClientOrderId="maker", **order)
    assert resting["status"] == "NEW"
    assert (resting["type"], resting["timeInForce"]) == (("LIMIT_MAKER", "GTC") if side == SPOT else ("LIMIT", "GTX"))


async def test_fill_or_kill_is_refused_by_futures_and_expires_on_spot(client: Client) -> None:
    assert (await client.limit(LINEAR, timeInForce="FOK"))["code"] == -5021
    assert (await client.limit(SPOT, timeInForce="FOK"))["status"] == "EXPIRED"
    for side in (SPOT, LINEAR):
        assert (await client.limit(side, timeInForce="IOC"))["status"] == "EXPIRED"


@BOTH
async def test_an_order_that_is_not_there_cannot_be_read_or_cancelled(client: Client, side: str) -> None:
    for named in ({"orderId": 1}, {"origClientOrderId": "nobody"}):
        assert (await client.signed("GET", side, "/order", symbol="BTCUSDT", **named))["code"] == -2013
        assert (await client.signed("DELETE", side, "/order", symbol="BTCUSDT", **named))["code"] == -2011
    assert (await client.signed("DELETE", side, "/order", symbol="BTCUSDT"))["code"] == -1102


async def test_cancelling_everything_of_nothing_is_an_error_on_spot_alone(client: Client) -> None:
    assert (await client.signed("DELETE", SPOT, "/openOrders", symbol="BTCUSDT"))["code"] == -2011
    assert (await client.signed("DELETE", LINEAR, "/allOpenOrders", symbol="BTCUSDT"))["code"] == 200


async def test_reduce_only_without_a_position_is_refused(client: Client) -> None:
    assert (await client.limit(LINEAR, side="SELL", price="61000", reduceOnly="true"))["code"] == -2022


async def test_a_stop_on_the_wrong_side_of_the_market_is_refused(client: Client) -> None:
    stop = {"type": "STOP_LOSS_LIMIT", "stopPrice": "59500"}
    refused = await client.limit(SPOT, **stop)
    assert (refused["code"], refused["msg"]) == (-2010, "Stop price would trigger immediately.")
    algo = {"algoType": "CONDITIONAL", "symbol": "BTCUSDT", "side": "BUY", "quantity": "0.01"}
    refused = await client.signed("POST", LINEAR, "/algoOrder", type="STOP_MARKET", triggerPrice="59500", **algo)
    assert refused["code"] == -2021


async def test_a_hedging_account_has_to_say_which_position_it_means(simulator: Simulator) -> None:
    async with Client(simulator.base_url, "hedger") as client:
        assert (await client.limit())["code"] == -4061
        assert (await client.limit(positionSide="LONG"))["status"] == "NEW"
        assert (await client.signed("GET", LINEAR, "/positionSide/dual"))["dualSidePosition"] is True


async def test_too_many_orders_of_a_kind_are_refused(client: Client) -> None:
    stop = {"type": "STOP_LOSS_LIMIT", "side": "SELL", "stopPrice": "59500"}
    codes = [(await client.limit(SPOT, **stop)).get("code") for _ in range(6)]
    assert codes == [None] * 5 + [-1013]


async def test_settings_that_change_nothing_are_refused_but_leverage(client: Client) -> None:
    assert (await client.signed("POST", LINEAR, "/positionSide/dual", dualSidePosition="false"))["code"] == -4059
    assert (await client.signed("POST", LINEAR, "/marginType", symbol="BTCUSDT", marginType="CROSSED"))["code"] == -4046
    for _ in range(2):
        answer = await client.signed("POST", LINEAR, "/leverage", symbol="BTCUSDT", leverage=5)
        assert answer["leverage"] == 5
    assert (await client.signed("POST", LINEAR, "/leverage", symbol="BTCUSDT", leverage=126))["code"] == -4028


@BOTH
async def test_windows_that_are_too_wide_are_refused(client: Client, side: str) -> None:
    days = 24 * 3_600_000 * (1 if side == SPOT else 7)
    path = "/myTrades" if side == SPOT else "/userTrades"
    now = client.now_ms()
    asked = {"symbol": "BTCUSDT", "endTime": now}
    code = {SPOT: -1127, LINEAR: -4165}[side]
    assert (await client.signed("GET", side, path, startTime=now - days - 1, **asked))["code"] == code
    assert await client.signed("GET", side, path, startTime=now - days, **asked) == []
    assert (await client.signed("GET", side, path, startTime=now - 1, fromId=1, **asked))["code"] == -1128
    assert (await client.signed("GET", side, path))["code"] == -1102

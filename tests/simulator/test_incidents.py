"""What happens to markets, positions and orders on the venue's account, as a client sees it over Bybit's API."""

from fractions import Fraction
from typing import Any

import pytest

from tests.simulator.client import Client

pytestmark = pytest.mark.component
LINEAR = {"category": "linear", "symbol": "BTCUSDT"}
MARKET = "BTC/USDT:USDT"


async def order(client: Client, fault: dict[str, Any]) -> int:
    """Orders something that happens at once; answers how many things it touched."""
    number = (await client.hook("/faults", {"market": MARKET} | fault))["id"]
    listed = (await client.hook("/faults"))["faults"]
    return next(int(one["injections"]) for one in listed if one["id"] == number)


async def executions(client: Client, **more: Any) -> list[dict[str, Any]]:
    listed: list[dict[str, Any]] = (await client.get("/v5/execution/list", **LINEAR, **more))["result"]["list"]
    return listed


async def size(client: Client) -> Fraction:
    (position,) = (await client.get("/v5/position/list", **LINEAR))["result"]["list"]
    return Fraction(position["size"])


async def truth(client: Client) -> dict[str, Any]:
    markets: dict[str, Any] = (await client.hook("/ground-truth?account=key"))["markets"]
    return dict(markets[MARKET])


@pytest.mark.parametrize(
    ("action", "kind", "origin", "created"),
    [
        ("liquidation", "BustTrade", "liquidation", "CreateByTakeOver_PassThrough"),
        ("adl", "AdlTrade", "auto-deleveraging", "CreateByAdl_PassThrough"),
        ("delisting", "Settle", "settlement", "CreateBySettle"),
    ],
)
async def test_a_position_closed_by_the_venue_is_an_execution_of_its_own_type(
    client: Client, action: str, kind: str, origin: str, created: str
) -> None:
    await client.market("Buy", "0.5")
    assert await order(client, {"action": action}) == 1
    assert await size(client) == 0
    (forced,) = await executions(client, execType=kind)
    assert (forced["execType"], forced["orderLinkId"], forced["createType"]) == (kind, "", created)
    assert len(await executions(client)) == 2
    assert [one["execType"] for one in await executions(client, execType="Trade")] == ["Trade"]
    (listed,) = (await client.get("/v5/order/history", **LINEAR, orderId=forced["orderId"]))["result"]["list"]
    assert (listed["orderStatus"], listed["createType"]) == ("Filled", created)
    assert (await truth(client))["forced"] == {origin: 1}


async def test_a_liquidation_is_streamed_with_the_orders_it_cancels(client: Client) -> None:
    await client.market("Buy", "0.5")
    await client.limit(orderLinkId="resting")
    assert len((await client.get("/v5/order/realtime", **LINEAR))["result"]["list"]) == 1
    async with client.stream("private") as socket:
        await socket.send_json(client.authentication())
        await socket.send_json({"op": "subscribe", "args": ["order", "execution", "position"]})
        for _ in range(2):
            await socket.receive_json(timeout=5)
        await order(client, {"action": "liquidation", "account": "key"})
        told = [await socket.receive_json(timeout=5) for _ in range(4)]
    data = [(message["topic"], message["data"][0]) for message in told]
    assert data[0][1]["cancelType"] == "CancelAllBeforeLiq"
    assert [(topic, one.get("execType", one.get("orderStatus"))) for topic, one in data[1:3]] == [
        ("execution", "BustTrade"),
        ("order", "Filled"),
    ]
    assert data[3][1]["size"] == "0.000"


async def test_funding_is_an_execution_a_row_of_the_log_and_no_fill(client: Client) -> None:
    await client.market("Buy", "0.5")
    before = await truth(client)
    assert await order(client, {"action": "funding", "rate": "0.0001"}) == 1
    (paid,) = await executions(client, execType="Funding")
    assert Fraction(paid["execFee"]) == Fraction(paid["execValue"]) * Fraction(paid["feeRate"]) > 0
    after = await truth(client)
    assert Fraction(after["funding"]) == Fraction(paid["execFee"])
    assert {name: after[name] for name in ("fills", "cash", "fees")} == {
        name: before[name] for name in ("fills", "cash", "fees")
    }
    log = (await client.get("/v5/account/transaction-log", currency="USDT"))["result"]["list"]
    assert (log[0]["type"], Fraction(log[0]["funding"])) == ("SETTLEMENT", -Fraction(paid["execFee"]))
    assert Fraction(log[0]["cashBalance"]) - Fraction(log[1]["cashBalance"]) == Fraction(log[0]["change"])


async def test_funding_is_streamed(client: Client) -> None:
    await client.market("Sell", "0.5")
    async with client.stream("private") as socket:
        await socket.send_json(client.authentication())
        await socket.send_json({"op": "subscribe", "args": ["execution"]})
        for _ in range(2):
            await socket.receive_json(timeout=5)
        await order(client, {"action": "funding", "rate": "0.0001"})
        (paid,) = (await socket.receive_json(timeout=5))["data"]
    assert (paid["execType"], paid["category"], paid["feeCoin"]) == ("Funding", "linear", "USDT")
    assert Fraction(paid["execFee"]) < 0


async def test_a_funding_rate_shows_in_the_ticker(client: Client) -> None:
    await order(client, {"action": "fundingRate", "rate": "-0.00025"})
    (ticker,) = (await client.get("/v5/market/tickers", **LINEAR))["result"]["list"]
    assert ticker["fundingRate"] == "-0.00025"


async def test_the_rates_settled_are_listed_newest_first(client: Client) -> None:
    for rate in ("0.0001", "-0.0002"):
        await order(client, {"action": "funding", "rate": rate})
    listed = (await client.get("/v5/market/funding/history", **LINEAR))["result"]["list"]
    assert [one["fundingRate"] for one in listed] == ["-0.0002", "0.0001"]


async def test_a_flash_fills_what_rests_on_its_way_at_its_own_price(client: Client) -> None:
    await client.limit(orderLinkId="far", price="57500")
    assert await order(client, {"action": "flash", "factor": "0.5"}) == 1
    (fill,) = await executions(client)
    assert (fill["orderLinkId"], fill["execPrice"]) == ("far", "57500.0")
    (ticker,) = (await client.get("/v5/market/tickers", **LINEAR))["result"]["list"]
    assert Fraction(ticker["lowPrice24h"]) < 31_000


async def test_a_mark_price_that_ruins_an_account_liquidates_it(client: Client) -> None:
    await client.post("/v5/position/set-leverage", **LINEAR, buyLeverage="100", sellLeverage="100")
    await client.market("Buy", "100")
    assert await size(client) > 50
    await order(client, {"action": "markPrice", "price": "58000", "forMs": 60_000})
    assert await size(client) == 0
    (bust,) = await executions(client, execType="BustTrade")
    assert bust["execPrice"] == "58000.0"


async def test_a_halted_market_refuses_orders_and_lets_cancel_until_it_resumes(client: Client) -> None:
    await client.limit(orderLinkId="resting")
    assert await order(client, {"action": "halt"}) == 1
    assert (await client.limit())["retCode"] == 110066
    assert (await client.market("Buy", category="spot"))["retCode"] == 0
    assert (await client.post("/v5/order/cancel", **LINEAR, orderLinkId="resting"))["retCode"] == 0
    assert await _instruments(client) == []
    assert [one["status"] for one in await _instruments(client, status="Settling")] == ["Settling"]


async def test_a_delisted_market_is_listed_as_closed_and_takes_nothing(client: Client) -> None:
    await client.limit(orderLinkId="resting")
    await order(client, {"action": "delisting"})
    (ended,) = (await client.get("/v5/order/history", **LINEAR, orderLinkId="resting"))["result"]["list"]
    assert (ended["orderStatus"], ended["cancelType"]) == ("Cancelled", "CancelBySettle")
    assert (await client.limit())["retCode"] == 110074
    assert await _instruments(client) == []
    assert [one["status"] for one in await _instruments(client, status="Closed")] == ["Closed"]


async def test_changed_filters_are_listed_and_hold_until_they_change_back(client: Client) -> None:
    await order(client, {"action": "filterChange", "tickSize": "0.5", "quantityStep": "0.05"})
    (listed,) = await _instruments(client)
    assert (listed["priceFilter"]["tickSize"], listed["lotSizeFilter"]["qtyStep"]) == ("0.5", "0.05")
    assert (await client.limit(price="59000.1", qty="0.05"))["retMsg"] == "Price invalid"
    assert (await client.limit(price="59000.5", qty="0.01"))["retMsg"] == "Qty invalid"
    assert (await client.limit(price="59000.5", qty="0.05"))["retCode"] == 0


@pytest.mark.parametrize(
    ("reason", "word"), [("expired", "CancelByAdmin"), ("selfTrade", "CancelBySmp"), ("venue", "CancelByAdmin")]
)
async def test_the_venue_may_cancel_orders_by_itself(client: Client, reason: str, word: str) -> None:
    for name in ("first", "second"):
        await client.limit(orderLinkId=name)
    assert await order(client, {"action": "cancel", "account": "key", "most": 1, "reason": reason}) == 1
    (ended,) = (await client.get("/v5/order/history", **LINEAR))["result"]["list"]
    assert (ended["orderLinkId"], ended["cancelType"]) == ("first", word)


async def test_an_order_that_would_meet_an_own_one_is_prevented_if_it_says_so(client: Client) -> None:
    book = (await client.get("/v5/market/orderbook", **LINEAR))["result"]
    bid = book["b"][0][0]
    await client.limit(orderLinkId="maker", price=bid, timeInForce="PostOnly")
    taker = {"side": "Sell", "price": bid, "orderLinkId": "taker", "smpType": "CancelTaker"}
    assert (await client.limit(**taker))["retCode"] == 0
    (ended,) = (await client.get("/v5/order/history", **LINEAR, orderLinkId="taker"))["result"]["list"]
    assert (ended["orderStatus"], ended["cancelType"]) == ("Cancelled", "CancelBySmp")
    assert (await client.limit(smpType="Maybe"))["retCode"] == 10001


@pytest.mark.parametrize(
    ("fault", "complaint"),
    [
        ({"action": "halt", "market": "DOGE"}, "market: 'DOGE' is not listed; one of BTC/USDT, BTC/USDT:USDT"),
        ({"action": "filterChange", "market": MARKET, "tickSize": "0.25"}, "multiples of 0.1 and 0.001"),
        ({"action": "markPrice", "market": MARKET, "price": "0.25"}, "no multiple of the tick 0.1"),
    ],
)
async def test_what_makes_no_sense_at_this_venue_is_refused_in_one_line(
    client: Client, fault: dict[str, Any], complaint: str
) -> None:
    answer = await client.hook("/faults", [{"action": "drop", "endpoint": "*"}, fault])
    assert complaint in answer["error"]
    assert (await client.hook("/faults"))["faults"] == []


async def _instruments(client: Client, **more: str) -> list[dict[str, Any]]:
    listed: list[dict[str, Any]] = (await client.get("/v5/market/instruments-info", category="linear", **more))[
        "result"
    ]["list"]
    return listed

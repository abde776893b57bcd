"""What a client adds up from the venue's fills against the venue's own books, to the last digit."""

from fractions import Fraction
from typing import Any

import pytest

from tests.simulator.binance.client import LINEAR, SPOT, Client

pytestmark = pytest.mark.component

NAMES = {SPOT: "BTC/USDT", LINEAR: "BTC/USDT:USDT"}
TRADES = [("BUY", "0.03"), ("SELL", "0.01"), ("BUY", "0.002"), ("SELL", "0.022"), ("BUY", "0.005"), ("SELL", "0.004")]
PATHS = {SPOT: "/myTrades", LINEAR: "/userTrades"}


async def _trade(client: Client, side: str) -> list[dict[str, Any]]:
    for direction, quantity in TRADES:
        placed = await client.market(direction, quantity, side)
        assert placed["status"] == "FILLED", placed
    listed: list[dict[str, Any]] = await client.signed("GET", side, PATHS[side], symbol="BTCUSDT")
    return listed


def _bought(fill: dict[str, Any]) -> bool:
    return bool(fill.get("isBuyer", fill.get("buyer")))


@pytest.mark.parametrize("side", [SPOT, LINEAR])
async def test_fills_add_up_to_ground_truth(client: Client, side: str) -> None:
    fills = await _trade(client, side)
    position = cash = realised = Fraction(0)
    fees: dict[str, Fraction] = {}
    for fill in fills:
        sign = 1 if _bought(fill) else -1
        quantity, fee, coin = Fraction(fill["qty"]), Fraction(fill["commission"]), fill["commissionAsset"]
        assert Fraction(fill["quoteQty"]) == quantity * Fraction(fill["price"])
        position += sign * quantity - (fee if coin == "BTC" else 0)
        cash -= sign * Fraction(fill["quoteQty"])
        fees[coin] = fees.get(coin, Fraction(0)) + fee
        realised += Fraction(fill.get("realizedPnl", "0"))
    truth = (await client.hook("/ground-truth?account=key"))["markets"][NAMES[side]]
    assert Fraction(truth["position"]) == position
    assert Fraction(truth["cash"]) == cash
    assert {coin: Fraction(fee) for coin, fee in truth["fees"].items()} == fees
    assert truth["fills"] == len(fills)
    if side == LINEAR:
        assert Fraction(truth["realisedPnl"]) == realised


@pytest.mark.parametrize("side", [SPOT, LINEAR])
async def test_ground_truth_knows_executions_by_the_numbers_clients_know(client: Client, side: str) -> None:
    fills = await _trade(client, side)
    for count in (1, len(fills)):
        truth = await client.hook(f"/ground-truth?account=key&until={fills[count - 1]['id']}")
        assert (truth["executions"], truth["lastExecutionId"]) == (count, str(fills[count - 1]["id"]))


async def test_the_wallet_moved_by_exactly_what_ground_truth_says(client: Client) -> None:
    for side in (SPOT, LINEAR):
        await _trade(client, side)
    markets = (await client.hook("/ground-truth?account=key"))["markets"]
    account = await client.signed("GET", SPOT, "/account")
    coins = {one["asset"]: Fraction(one["free"]) + Fraction(one["locked"]) for one in account["balances"]}
    spot, linear = markets[NAMES[SPOT]], markets[NAMES[LINEAR]]
    fees = Fraction(spot["fees"]["USDT"]) + Fraction(linear["fees"]["USDT"])
    assert coins["USDT"] == 100_000 + Fraction(spot["cash"]) + Fraction(linear["realisedPnl"]) - fees
    assert coins["BTC"] == 1 + Fraction(spot["position"])
    (futures,) = [one for one in (await client.signed("GET", LINEAR, "/fapi/v3/balance")) if one["asset"] == "USDT"]
    assert Fraction(futures["balance"]) == coins["USDT"]


@pytest.mark.parametrize("side", [SPOT, LINEAR])
async def test_the_answer_to_an_order_the_query_and_the_fills_agree(client: Client, side: str) -> None:
    placed = await client.market("BUY", "0.03", side, newOrderRespType="FULL" if side == SPOT else "RESULT")
    queried = await client.signed("GET", side, "/order", symbol="BTCUSDT", orderId=placed["orderId"])
    fills = await client.signed("GET", side, PATHS[side], symbol="BTCUSDT", orderId=placed["orderId"])
    assert placed["status"] == queried["status"] == "FILLED"
    filled = sum(Fraction(fill["qty"]) for fill in fills)
    assert Fraction(placed["executedQty"]) == Fraction(queried["executedQty"]) == filled == Fraction("0.03")
    if side == SPOT:
        assert [one["tradeId"] for one in placed["fills"]] == [fill["id"] for fill in fills]
        assert Fraction(queried["cummulativeQuoteQty"]) == sum(Fraction(fill["quoteQty"]) for fill in fills)
    else:
        assert Fraction(queried["cumQuote"]) == sum(Fraction(fill["quoteQty"]) for fill in fills)


async def test_a_spot_market_buy_can_spend_quote_coins(client: Client) -> None:
    order = {"symbol": "BTCUSDT", "side": "BUY", "type": "MARKET", "quoteOrderQty": "600.5"}
    placed = await client.signed("POST", SPOT, "/order", **order)
    assert Fraction("599") < Fraction(placed["cummulativeQuoteQty"]) <= Fraction("600.5")
    assert placed["origQuoteOrderQty"] == "600.50000000"
    assert {one["commissionAsset"] for one in placed["fills"]} == {"BTC"}


async def test_an_acknowledged_futures_order_says_nothing_of_its_fills(client: Client) -> None:
    placed = await client.market("BUY", newOrderRespType="ACK")
    assert (placed["status"], placed["executedQty"]) == ("NEW", "0.000")
    queried = await client.signed("GET", LINEAR, "/order", symbol="BTCUSDT", orderId=placed["orderId"])
    assert queried["status"] == "FILLED"

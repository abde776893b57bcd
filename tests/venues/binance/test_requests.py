"""What leaves for Binance, request by request, and what its answers prove."""

from typing import Any

import pytest

from deskbot.core.commands import Cancel, CancelAll, CancelForeign, Place
from deskbot.core.errors import Blocked
from deskbot.core.events import ACCEPTED, NOT_FOUND, REJECTED, UNKNOWN
from deskbot.core.instrument import BUY, SELL
from deskbot.venues.errors import DUPLICATE_CLIENT_ID
from deskbot.venues.orders import Orders
from tests.venues.binance.listings import MARKET, Row, Wire, refusal

SPOT, USDM = "api.binance.com/api/v3", "fapi.binance.com/fapi/v1"
KEY = "GET api.binance.com/sapi/v1/account/apiRestrictions"
BOTH = pytest.mark.parametrize(("kind", "host"), [("Spot", SPOT), ("Swap", USDM)], ids=["spot", "usdm"])


def _orders(wire: Wire) -> Orders:
    return Orders(wire.adapter, wire.markets, lambda: 5)


async def _place(kind: str, answer: Any, **changes: Any) -> tuple[Any, list[tuple[str, Row]]]:
    wire = Wire(kind, {f"POST {SPOT if kind == 'Spot' else USDM}/order": answer})
    instrument = wire.instrument
    values = {"side": BUY, "price_ticks": instrument.ticks("60000"), "post_only": True, "reduce_only": False}
    command = Place(client_id="d1", market=MARKET[kind], lots=instrument.lots("0.01"), **{**values, **changes})
    return await _orders(wire).place(wire.exchange, command, instrument), wire.sent


@BOTH
async def test_a_post_only_order_has_the_form_of_its_market(kind: str, host: str) -> None:
    result, sent = await _place(kind, {"orderId": 7, "symbol": "BTCUSDT", "clientOrderId": "d1"})
    assert (result.outcome, result.venue_id) == (ACCEPTED, "7")
    own = {"type": "LIMIT_MAKER", "newOrderRespType": "ACK", "quantity": "0.01", "price": "60000"}
    if kind == "Swap":
        own = {**own, "type": "LIMIT", "timeInForce": "GTX", "newOrderRespType": "RESULT"}
    assert sent == [(f"POST {host}/order", {"symbol": "BTCUSDT", "side": "BUY", "newClientOrderId": "d1", **own})]


@BOTH
async def test_an_order_that_may_take_rests_until_it_is_cancelled(kind: str, host: str) -> None:
    _, ((name, fields),) = await _place(kind, {"orderId": 7}, post_only=False, side=SELL)
    assert (name, fields["side"], fields["type"], fields["timeInForce"]) == (
        f"POST {host}/order",
        "SELL",
        "LIMIT",
        "GTC",
    )


@BOTH
async def test_a_market_order_never_carries_a_price_or_an_amount_of_quote(kind: str, host: str) -> None:
    _, ((_, fields),) = await _place(kind, {"orderId": 7}, price_ticks=0, post_only=False)
    assert (fields["type"], fields["quantity"]) == ("MARKET", "0.01")
    assert not {"price", "quoteOrderQty", "timeInForce"} & set(fields), host


async def test_only_contracts_can_be_reduced() -> None:
    _, ((_, fields),) = await _place("Swap", {"orderId": 7}, reduce_only=True)
    assert fields["reduceOnly"] == "true"
    _, ((_, fields),) = await _place("Spot", {"orderId": 7}, reduce_only=True)
    assert "reduceOnly" not in fields


PLACE = [
    ("Spot", refusal(-2010, "Duplicate order sent."), UNKNOWN, DUPLICATE_CLIENT_ID),
    ("Swap", refusal(-4116, "ClientOrderId is duplicated."), UNKNOWN, DUPLICATE_CLIENT_ID),
    ("Spot", refusal(-2010, "Order would immediately match and take."), REJECTED, "immediately match"),
    ("Swap", refusal(-5022, "Due to the order could not be executed as maker"), REJECTED, "-5022"),
    ("Spot", refusal(-2010, "Account has insufficient balance for requested action."), REJECTED, "insufficient"),
    ("Swap", refusal(-2019, "Margin is insufficient."), REJECTED, "-2019"),
    ("Spot", refusal(-1013, "Filter failure: NOTIONAL"), REJECTED, "-1013"),
    ("Swap", refusal(-4164, "Order's notional must be no smaller than 100"), REJECTED, "-4164"),
    ("Swap", refusal(-2022, "ReduceOnly Order is rejected."), REJECTED, "-2022"),
    ("Swap", refusal(-2027, "Exceeded the maximum allowable position at current leverage."), REJECTED, "-2027"),
    ("Swap", refusal(-2025, "Reach max open order limit."), REJECTED, "-2025"),
    ("Spot", refusal(-1121, "Invalid symbol."), REJECTED, "-1121"),
    ("Spot", refusal(-1021, "Timestamp for this request is outside of the recvWindow."), REJECTED, "-1021"),
    ("Spot", refusal(-1015, "Too many new orders; current limit is 100 orders per 10 SECOND."), REJECTED, "-1015"),
    ("Spot", (429, {"code": -1003, "msg": "Too much request weight used"}), REJECTED, "-1003"),
    ("Swap", (418, {"code": -1003, "msg": "Way too much request weight used; IP banned"}), REJECTED, "-1003"),
    ("Spot", refusal(-2015, "Invalid API-key, IP, or permissions for action."), REJECTED, "-2015"),
    (
        "Spot",
        (503, {"code": -1000, "msg": "An unknown error occurred while processing the request."}),
        UNKNOWN,
        "-1000",
    ),
    ("Spot", refusal(-1001, "Internal error; unable to process your request."), UNKNOWN, "-1001"),
    ("Swap", refusal(-1006, "An unexpected response was received from the message bus."), UNKNOWN, "-1006"),
    ("Swap", (408, {"code": -1007, "msg": "Timeout waiting for response from backend server."}), UNKNOWN, "-1007"),
    ("Spot", (503, {"code": -1008, "msg": "Server is currently overloaded with other requests."}), UNKNOWN, "-1008"),
    ("Swap", (503, {"code": -1016, "msg": "This service is no longer available."}), UNKNOWN, "-1016"),
    ("Swap", (503, {}), UNKNOWN, ""),
    ("Spot", {}, UNKNOWN, "no order id"),
    ("Spot", refusal(-9999, "a code of tomorrow"), UNKNOWN, "-9999"),
]


@pytest.mark.parametrize(("kind", "answer", "outcome", "words"), PLACE)
async def test_only_a_definite_no_means_that_there_is_no_order(
    kind: str, answer: Any, outcome: str, words: str
) -> None:
    result, _ = await _place(kind, answer)
    assert (result.outcome, words in result.reason) == (outcome, True), result.reason


@BOTH
async def test_an_order_is_cancelled_by_its_client_id_and_anothers_by_the_venues(kind: str, host: str) -> None:
    wire = Wire(kind, {f"DELETE {host}/order": {"orderId": 7, "origClientOrderId": "d1"}})
    own = await _orders(wire).cancel(wire.exchange, Cancel("d1", "7", MARKET[kind]))
    other = await _orders(wire).cancel_foreign(wire.exchange, CancelForeign("9", MARKET[kind], trigger=False))
    assert (own.outcome, other.outcome) == (ACCEPTED, ACCEPTED)
    assert [fields for _, fields in wire.sent] == [
        {"symbol": "BTCUSDT", "origClientOrderId": "d1"},
        {"symbol": "BTCUSDT", "orderId": "9"},
    ]


@BOTH
async def test_an_order_that_the_venue_does_not_find_is_asked_about_and_not_gone(kind: str, host: str) -> None:
    wire = Wire(kind, {f"DELETE {host}/order": refusal(-2011, "Unknown order sent.")})
    assert (await _orders(wire).cancel(wire.exchange, Cancel("d1", "7", MARKET[kind]))).outcome == NOT_FOUND
    wire.answers[f"DELETE {host}/order"] = (503, {"code": -1001, "msg": "Internal error"})
    assert (await _orders(wire).cancel(wire.exchange, Cancel("d1", "7", MARKET[kind]))).outcome == UNKNOWN
    wire.answers[f"DELETE {host}/order"] = {}
    assert (await _orders(wire).cancel(wire.exchange, Cancel("d1", "7", MARKET[kind]))).outcome == UNKNOWN


async def test_conditional_futures_orders_are_cancelled_at_a_path_of_their_own() -> None:
    wire = Wire("Swap", {f"DELETE {USDM}/algoOrder": {"algoId": 9, "code": "200", "msg": "success"}})
    result = await _orders(wire).cancel_foreign(wire.exchange, CancelForeign("9", MARKET["Swap"], trigger=True))
    assert (result.outcome, wire.sent) == (ACCEPTED, [(f"DELETE {USDM}/algoOrder", {"algoId": "9"})])


async def test_conditional_spot_orders_are_cancelled_as_any_other() -> None:
    wire = Wire("Spot", {f"DELETE {SPOT}/order": {"orderId": 9}})
    result = await _orders(wire).cancel_foreign(wire.exchange, CancelForeign("9", MARKET["Spot"], trigger=True))
    assert (result.outcome, wire.sent[0][1]) == (ACCEPTED, {"symbol": "BTCUSDT", "orderId": "9"})


async def test_one_request_cancels_everything_on_a_spot_market_and_none_there_is_no_failure() -> None:
    wire = Wire("Spot", {f"DELETE {SPOT}/openOrders": [{"orderId": 1}, {"orderListId": 2}]})
    result = await _orders(wire).cancel_all(wire.exchange, CancelAll(3, (MARKET["Spot"],)))
    assert (result.outcome, result.cancelled, wire.sent) == (
        ACCEPTED, 2, [(f"DELETE {SPOT}/openOrders", {"symbol": "BTCUSDT"})],
    )  # fmt: skip
    wire.answers[f"DELETE {SPOT}/openOrders"] = refusal(-2011, "Unknown order sent.")
    assert (await _orders(wire).cancel_all(wire.exchange, CancelAll(3, (MARKET["Spot"],)))).outcome == ACCEPTED


async def test_two_requests_cancel_everything_on_a_contract_and_both_must_be_granted() -> None:
    done = {"code": 200, "msg": "The operation of cancel all open order is done."}
    paths = [f"DELETE {USDM}/allOpenOrders", f"DELETE {USDM}/algoOpenOrders"]
    wire = Wire("Swap", dict.fromkeys(paths, done))
    result = await _orders(wire).cancel_all(wire.exchange, CancelAll(3, (MARKET["Swap"],)))
    assert (result.outcome, [name for name, _ in wire.sent]) == (ACCEPTED, paths)
    for path in paths:
        wire.answers = {**dict.fromkeys(paths, done), path: {"msg": "<html>"}}
        assert (await _orders(wire).cancel_all(wire.exchange, CancelAll(3, (MARKET["Swap"],)))).outcome == UNKNOWN


GOOD_KEY = {
    "ipRestrict": True,
    "enableReading": True,
    "enableWithdrawals": False,
    "enableInternalTransfer": False,
    "permitsUniversalTransfer": False,
    "enableSpotAndMarginTrading": True,
    "enableFutures": True,
}
FUTURES = {"canTrade": True, "dualSidePosition": False, "multiAssetsMargin": False}


def _account(kind: str, **changes: Any) -> Wire:
    key = {**GOOD_KEY, **{name: value for name, value in changes.items() if name in GOOD_KEY}}
    settings = {**FUTURES, **{name: value for name, value in changes.items() if name in FUTURES}}
    return Wire(
        kind,
        {
            KEY: key,
            f"GET {SPOT}/account": {"uid": 354937868, "canTrade": settings["canTrade"], "balances": []},
            f"GET {USDM}/accountConfig": settings,
            "GET fapi.binance.com/fapi/v3/balance": [{"accountAlias": "SgsR", "asset": "USDT", "balance": "1"}],
        },
    )


async def test_the_accounts_id_is_the_venues_own() -> None:
    spot, futures = _account("Spot"), _account("Swap")
    assert await spot.adapter.check_account(spot.exchange) == "354937868"
    assert await futures.adapter.check_account(futures.exchange) == "SgsR"


@pytest.mark.parametrize("kind", ["Spot", "Swap"])
@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"enableWithdrawals": True}, "may move money \\(enableWithdrawals\\)"),
        ({"enableInternalTransfer": True}, "may move money"),
        ({"permitsUniversalTransfer": True}, "may move money"),
        ({"enableReading": False}, "lacks the permission enableReading"),
        ({"enableSpotAndMarginTrading": False, "enableFutures": False}, "lacks the permission enable"),
        ({"canTrade": False}, "does not let the .*account trade"),
    ],
)
async def test_a_key_or_an_account_that_must_not_be_used_is_refused(kind: str, changes: Row, words: str) -> None:
    wire = _account(kind, **changes)
    with pytest.raises(Blocked, match=words):
        await wire.adapter.check_account(wire.exchange)


async def test_hedge_mode_is_refused() -> None:
    wire = _account("Swap", dualSidePosition=True)
    with pytest.raises(Blocked, match="hedge mode"):
        await wire.adapter.check_account(wire.exchange)


@pytest.mark.parametrize("kind", ["Spot", "Swap"])
async def test_a_test_network_is_not_asked_what_it_does_not_know(kind: str) -> None:
    wire = _account(kind)
    wire.adapter.use_test_network(wire.exchange)
    wire.answers = {name.replace("api.binance", "demo-api.binance"): one for name, one in wire.answers.items()}
    wire.answers["GET testnet.binance.vision/api/v3/account"] = {"uid": 1, "canTrade": True}
    wire.answers["GET demo-fapi.binance.com/fapi/v1/accountConfig"] = FUTURES
    wire.answers["GET demo-fapi.binance.com/fapi/v3/balance"] = [{"accountAlias": "x"}]
    assert await wire.adapter.check_account(wire.exchange) in ("1", "x")
    assert not [name for name, _ in wire.sent if "sapi" in name]


async def test_a_spot_fee_is_the_sum_of_its_parts_on_the_dearer_side() -> None:
    parts = {"maker": "0.00080000", "taker": "0.00100000", "buyer": "0.00000000", "seller": "0.00000000"}
    answer = {
        "standardCommission": parts,
        "specialCommission": {**parts, "maker": "0", "taker": "0"},
        "taxCommission": {"maker": "0.0001", "taker": "0.0001", "buyer": "0.0002", "seller": "0.0003"},
        "discount": {"enabledForAccount": True, "enabledForSymbol": True, "discount": "0.75"},
    }
    wire = Wire("Spot", {f"GET {SPOT}/account/commission": answer})
    maker, taker = await wire.adapter.fee_rates(wire.exchange, "BTCUSDT")
    assert (float(maker), float(taker)) == (0.0012, 0.0014)


async def test_a_futures_fee_is_what_the_venue_says() -> None:
    answer = {"symbol": "BTCUSDT", "makerCommissionRate": "0.0002", "takerCommissionRate": "0.0004"}
    wire = Wire("Swap", {f"GET {USDM}/commissionRate": answer})
    assert await wire.adapter.fee_rates(wire.exchange, "BTCUSDT") == ("0.0002", "0.0004")


async def test_instruments_are_made_of_the_venues_filters() -> None:
    spot, contract = Wire("Spot").instrument, Wire("Swap").instrument
    assert (spot.price(1), spot.amount(1), spot.linear) == (spot.price(1), spot.amount(1), False)
    assert (str(spot.price(1)), str(spot.amount(1))) == ("0.01", "0.00001")
    assert (str(contract.price(1)), str(contract.amount(1)), contract.linear) == ("0.1", "0.001", True)
    assert (spot.min_notional, contract.min_notional) == (5 * 10**18, 100 * 10**18)
    # the largest market order is smaller than the largest limit order; one figure must hold for both
    assert (spot.amount(spot.max_lots), contract.amount(contract.max_lots)) == (
        spot.amount(spot.lots("107.13")), contract.amount(contract.lots("120")),
    )  # fmt: skip

"""Binance's rows in the engine's words."""

from typing import Any

import pytest

from deskbot.core import orders
from deskbot.core.events import AUTO_DELEVERAGING, LIQUIDATION, SETTLEMENT, Fill, OrderReport
from deskbot.core.instrument import BUY, SELL
from deskbot.core.money import UNIT, to_units
from deskbot.venues.binance import rows
from tests.venues.binance.listings import Row, Wire

ORDER: Row = {
    "symbol": "BTCUSDT",
    "orderId": 28,
    "clientOrderId": "d1",
    "price": "60000.10000000",
    "origQty": "0.02000000",
    "executedQty": "0.00500000",
    "status": "PARTIALLY_FILLED",
    "timeInForce": "GTC",
    "type": "LIMIT",
    "side": "BUY",
    "stopPrice": "0.00000000",
    "isWorking": True,
    "time": 1499827319559,
}
REPORT: Row = {
    "e": "executionReport",
    "E": 1499405658658,
    "s": "BTCUSDT",
    "c": "d1",
    "S": "BUY",
    "o": "LIMIT_MAKER",
    "f": "GTC",
    "q": "0.02000000",
    "p": "60000.10000000",
    "g": -1,
    "C": "",
    "x": "TRADE",
    "X": "PARTIALLY_FILLED",
    "r": "NONE",
    "i": 28,
    "l": "0.00500000",
    "z": "0.00500000",
    "L": "60000.10000000",
    "n": "0.00000500",
    "N": "BTC",
    "T": 1499405658657,
    "t": 77,
    "w": True,
    "m": True,
}
UPDATE: Row = {
    "s": "BTCUSDT",
    "c": "d1",
    "S": "SELL",
    "o": "MARKET",
    "f": "GTC",
    "q": "0.010",
    "p": "0",
    "ap": "60000.1",
    "x": "TRADE",
    "X": "FILLED",
    "i": 8886774,
    "l": "0.010",
    "z": "0.010",
    "L": "60000.10",
    "N": "USDT",
    "n": "0.24000040",
    "T": 1568879465651,
    "t": 991,
    "m": False,
    "R": False,
    "ot": "MARKET",
    "ps": "BOTH",
    "rp": "0",
}
SPOT_TRADE: Row = {
    "symbol": "BTCUSDT",
    "id": 77,
    "orderId": 28,
    "price": "60000.10000000",
    "qty": "0.00500000",
    "commission": "0.00000500",
    "commissionAsset": "BTC",
    "time": 1499405658657,
    "isBuyer": True,
    "isMaker": True,
    "isBestMatch": True,
}
USDM_TRADE: Row = {
    "buyer": False,
    "commission": "0.24000040",
    "commissionAsset": "USDT",
    "id": 991,
    "maker": False,
    "orderId": 8886774,
    "price": "60000.10",
    "qty": "0.010",
    "realizedPnl": "0",
    "side": "SELL",
    "positionSide": "BOTH",
    "symbol": "BTCUSDT",
    "time": 1568879465651,
}
ALGO: Row = {
    "algoId": 2148719,
    "clientAlgoId": "someones",
    "algoType": "CONDITIONAL",
    "orderType": "STOP_MARKET",
    "symbol": "BTCUSDT",
    "side": "SELL",
    "positionSide": "BOTH",
    "quantity": "0.010",
    "algoStatus": "NEW",
    "triggerPrice": "50000.00",
    "price": "0.00",
}


def _find(kind: str = "Spot") -> Any:
    return Wire(kind).markets.by_venue_symbol


def _report(kind: str = "Spot", **changes: object) -> OrderReport:
    return rows.order_report({**ORDER, **changes}, _find(kind), 7)


def _events(kind: str, row: Row) -> list[Any]:
    return list(Wire(kind).adapter.private_events([row]))


def test_an_order_row_becomes_a_report_in_ticks_and_lots() -> None:
    report = _report()
    assert (report.market, report.client_id, report.venue_id, report.side) == ("BTC/USDT", "d1", "28", BUY)
    assert (report.price_ticks, report.lots, report.filled_lots) == (6000010, 2000, 500)
    assert (report.state, report.reason, report.trigger) == (orders.PARTIALLY_FILLED, "", False)
    contract = _report("Swap", price="60000.10", origQty="0.020", executedQty="0.005", side="SELL")
    assert (contract.market, contract.price_ticks, contract.lots, contract.side) == ("BTC/USDT:USDT", 600001, 20, SELL)


@pytest.mark.parametrize(
    ("status", "state"),
    [
        ("NEW", orders.OPEN),
        ("PENDING_NEW", orders.OPEN),
        ("PARTIALLY_FILLED", orders.PARTIALLY_FILLED),
        ("PENDING_CANCEL", orders.PENDING_CANCEL),
        ("FILLED", orders.FILLED),
        ("CANCELED", orders.CANCELLED),
        ("REJECTED", orders.REJECTED),
        ("EXPIRED", orders.EXPIRED),
        ("EXPIRED_IN_MATCH", orders.EXPIRED),
    ],
)
def test_every_order_status_of_the_venue_has_its_state(status: str, state: int) -> None:
    assert _report(status=status).state == state


def test_an_order_status_nobody_knows_is_asked_about() -> None:
    report = _report(status="QUANTUM")
    assert (report.state, report.reason) == (orders.UNKNOWN, "unknown order status QUANTUM")


def test_a_market_order_has_no_price_of_its_own() -> None:
    assert _report(type="MARKET").price_ticks == 0


def test_a_spot_order_that_waits_for_its_price_is_marked_until_it_works() -> None:
    assert _report(type="STOP_LOSS_LIMIT", status="NEW", isWorking=False).trigger
    assert not _report(type="STOP_LOSS_LIMIT", status="NEW", isWorking=True).trigger
    assert not _report(type="STOP_LOSS_LIMIT", status="CANCELED", isWorking=False).trigger


def test_an_order_on_a_market_that_is_not_listed_is_still_told() -> None:
    report = _report(symbol="OLDUSDT")
    assert (report.market, report.client_id, report.lots) == ("OLDUSDT", "d1", 0)


@pytest.mark.parametrize("name", ["orderId", "side", "status", "origQty", "price"])
def test_an_order_that_cannot_be_read_is_not_an_order_that_is_not_there(name: str) -> None:
    row = {key: value for key, value in ORDER.items() if key != name}
    with pytest.raises(KeyError):
        rows.order_report(row, _find(), 7)


def test_one_spot_report_is_an_execution_and_then_an_order() -> None:
    fill, report = _events("Spot", REPORT)
    assert isinstance(fill, Fill)
    assert (fill.trade_id, fill.client_id, fill.venue_id, fill.side, fill.maker) == ("77", "d1", "28", BUY, True)
    assert (fill.ticks, fill.lots, fill.price, fill.amount) == (6000010, 500, 0, 0)
    assert (fill.fee, fill.fee_asset, fill.venue_ms, fill.sequence) == (5 * UNIT // 10**6, "BTC", 1499405658657, 77)
    assert (report.state, report.filled_lots, report.venue_id) == (orders.PARTIALLY_FILLED, 500, "28")


def test_a_list_and_the_stream_tell_of_an_execution_alike() -> None:
    spot, contract = Wire("Spot"), Wire("Swap")
    (streamed, _), (updated, _) = _events("Spot", REPORT), _events("Swap", {"e": "ORDER_TRADE_UPDATE", "o": UPDATE})
    for listed, heard in (
        (rows.fill(SPOT_TRADE, "d1", spot.instrument, 7), streamed),
        (rows.fill(USDM_TRADE, "d1", contract.instrument, 7), updated),
    ):
        listed.at = heard.at
        assert listed == heard


def test_a_spot_cancel_is_told_under_the_orders_own_id() -> None:
    cancelled = {**REPORT, "x": "CANCELED", "X": "CANCELED", "c": "of the cancel", "C": "d1", "t": -1, "l": "0"}
    (report,) = _events("Spot", cancelled)
    assert (report.client_id, report.state) == ("d1", orders.CANCELLED)


def test_a_refused_spot_order_says_why() -> None:
    (report,) = _events("Spot", {**REPORT, "x": "REJECTED", "X": "REJECTED", "r": "INSUFFICIENT_BALANCE", "t": -1})
    assert (report.state, report.reason) == (orders.REJECTED, "INSUFFICIENT_BALANCE")


@pytest.mark.parametrize(
    ("client_id", "kind"),
    [
        ("autoclose-1568879465651", LIQUIDATION),
        ("adl_autoclose", AUTO_DELEVERAGING),
        ("settlement_autoclose-1", SETTLEMENT),
        ("d1", ""),
        ("autoclosed", ""),
    ],
)
def test_what_the_venue_itself_executes_is_known_by_its_client_id(client_id: str, kind: str) -> None:
    update = {**UPDATE, "c": client_id, "o": "LIQUIDATION", "x": "CALCULATED" if kind == LIQUIDATION else "TRADE"}
    fill, _ = _events("Swap", {"e": "ORDER_TRADE_UPDATE", "o": update})
    assert fill.kind == kind
    assert rows.fill(USDM_TRADE, client_id, Wire("Swap").instrument, 7).kind == kind


def test_an_execution_between_two_ticks_keeps_the_venues_figures() -> None:
    fill, _ = _events("Swap", {"e": "ORDER_TRADE_UPDATE", "o": {**UPDATE, "L": "60000.1234", "l": "0.0105"}})
    assert (fill.ticks, fill.price) == (600001, to_units("60000.1234"))
    assert (fill.lots, fill.amount) == (11, to_units("0.0105"))


def test_a_futures_execution_without_a_commission_costs_nothing() -> None:
    free = {name: value for name, value in UPDATE.items() if name not in ("n", "N")}
    fill, _ = _events("Swap", {"e": "ORDER_TRADE_UPDATE", "o": free})
    assert (fill.fee, fill.fee_asset) == (0, "USDT")


def test_a_fee_in_a_third_asset_keeps_its_name() -> None:
    fill, _ = _events("Spot", {**REPORT, "n": "0.00001234", "N": "BNB"})
    assert (fill.fee, fill.fee_asset) == (to_units("0.00001234"), "BNB")


def test_an_execution_without_a_number_is_left_to_the_lists() -> None:
    (report,) = _events("Swap", {"e": "ORDER_TRADE_UPDATE", "o": {**UPDATE, "x": "CALCULATED", "t": 0}})
    assert isinstance(report, OrderReport)


def test_a_conditional_futures_order_is_marked_and_goes_by_its_own_id() -> None:
    report = rows.algo_report(ALGO, _find("Swap"), 7)
    assert (report.venue_id, report.trigger, report.state, report.lots) == ("2148719", True, orders.OPEN, 10)
    streamed = {"aid": 1, "caid": "x", "s": "BTCUSDT", "S": "BUY", "q": "0.010", "p": "750", "X": "CANCELED"}
    (heard,) = _events("Swap", {"e": "ALGO_UPDATE", "o": streamed})
    assert (heard.venue_id, heard.trigger, heard.state) == ("1", True, orders.CANCELLED)
    (became,) = _events("Swap", {"e": "ALGO_UPDATE", "o": {**streamed, "X": "TRIGGERED"}})
    assert (became.state, became.reason) == (orders.CANCELLED, "conditional order TRIGGERED")


def test_a_position_has_its_sign_and_an_empty_one_is_none() -> None:
    row = {"symbol": "BTCUSDT", "positionSide": "BOTH", "positionAmt": "-0.010", "entryPrice": "60000.15"}
    position = rows.position(row, _find("Swap"))
    assert position is not None
    assert (position.market, position.amount) == ("BTC/USDT:USDT", -UNIT // 100)
    assert position.average_price == to_units("60000.15")
    assert rows.position({**row, "positionAmt": "0.000"}, _find("Swap")) is None


def test_balances_and_equity_are_the_venues_own() -> None:
    spot = {
        "balances": [{"asset": "USDT", "free": "85.5", "locked": "15"}, {"asset": "BTC", "free": "0", "locked": "1"}]
    }
    assert rows.spot_balances(spot) == {"USDT": (to_units("100.5"), to_units("85.5")), "BTC": (UNIT, 0)}
    asset = {"asset": "USDT", "walletBalance": "100", "marginBalance": "99.5", "availableBalance": "120"}
    assert rows.futures_balances({"assets": [asset]}) == {"USDT": (100 * UNIT, 100 * UNIT)}
    assert rows.equity({"assets": [asset]}, "USDT") == to_units("99.5")
    assert rows.equity({"assets": [asset]}, "USDC") is None


def test_the_tape_names_the_taker() -> None:
    row = {"e": "aggTrade", "p": "60000.10", "q": "0.005", "m": True, "T": 5}
    made = rows.tape(row)
    assert (made.price, made.amount, made.side, made.venue_ms) == ("60000.10", "0.005", SELL, 5)
    assert rows.tape({**row, "m": False}).side == BUY

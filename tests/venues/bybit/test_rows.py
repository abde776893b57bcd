"""Bybit's rows in the engine's words."""

from typing import Any

import pytest

from deskbot.core import orders
from deskbot.core.events import LIQUIDATION
from deskbot.core.instrument import BUY, SELL
from deskbot.core.money import UNIT, to_units
from deskbot.venues.bybit import rows as bybit_rows
from deskbot.venues.bybit.dialect import BYBIT
from tests.venues.bybit import listings

ORDER: dict[str, Any] = {
    "orderId": "venue-1",
    "orderLinkId": "d1",
    "symbol": "BTCUSDT",
    "side": "Buy",
    "orderType": "Limit",
    "price": "60000.10",
    "qty": "0.020",
    "cumExecQty": "0.005",
    "orderStatus": "PartiallyFilled",
    "cancelType": "UNKNOWN",
    "rejectReason": "EC_NoError",
}
EXECUTION: dict[str, Any] = {
    "symbol": "BTCUSDT",
    "execId": "e1",
    "orderId": "venue-1",
    "orderLinkId": "d1",
    "side": "Buy",
    "execPrice": "60000.10",
    "execQty": "0.005",
    "execFee": "0.1650002",
    "execTime": "1700000000123",
    "execType": "Trade",
    "isMaker": True,
}


async def _report(**changes: object) -> Any:
    found = await listings.markets("Swap")
    return bybit_rows.order_report({**ORDER, **changes}, found.by_venue_symbol, 7)


async def test_an_order_row_becomes_a_report_in_ticks_and_lots() -> None:
    report = await _report()
    assert (report.market, report.client_id, report.venue_id, report.side) == ("BTC/USDT:USDT", "d1", "venue-1", BUY)
    assert (report.price_ticks, report.lots, report.filled_lots) == (600001, 20, 5)
    assert (report.state, report.reason, report.trigger) == (orders.PARTIALLY_FILLED, "", False)


@pytest.mark.parametrize(
    ("status", "state"),
    [
        ("New", orders.OPEN),
        ("Untriggered", orders.OPEN),
        ("Triggered", orders.OPEN),
        ("PartiallyFilled", orders.PARTIALLY_FILLED),
        ("Filled", orders.FILLED),
        ("Cancelled", orders.CANCELLED),
        ("PartiallyFilledCanceled", orders.CANCELLED),
        ("Deactivated", orders.CANCELLED),
        ("Rejected", orders.REJECTED),
    ],
)
async def test_every_order_status_of_the_venue_has_its_state(status: str, state: int) -> None:
    assert (await _report(orderStatus=status)).state == state


async def test_an_order_status_nobody_knows_is_asked_about() -> None:
    report = await _report(orderStatus="Quantum")
    assert (report.state, report.reason) == (orders.UNKNOWN, "unknown order status Quantum")


async def test_a_conditional_order_is_marked_until_it_is_triggered() -> None:
    assert (await _report(orderStatus="Untriggered")).trigger
    assert not (await _report(orderStatus="New", stopOrderType="Stop")).trigger


async def test_the_venues_reason_is_kept() -> None:
    refused = await _report(orderStatus="Cancelled", rejectReason="EC_PostOnlyWillTakeLiquidity")
    assert refused.reason == "EC_PostOnlyWillTakeLiquidity"
    assert (await _report(orderStatus="Cancelled", cancelType="CancelByUser")).reason == "CancelByUser"


async def test_a_market_order_has_no_price_even_where_the_venue_shows_its_protection_price() -> None:
    assert (await _report(orderType="Market", price="66000.1")).price_ticks == 0


async def test_a_foreign_order_off_the_grid_is_shown_rounded_down() -> None:
    report = await _report(price="60000.19", qty="0.0209", orderLinkId="")
    assert (report.price_ticks, report.lots, report.client_id) == (600001, 20, "")


async def test_an_order_on_a_market_nobody_lists_is_still_an_order() -> None:
    report = await _report(symbol="GONEUSDT")
    assert (report.market, report.venue_id, report.lots, report.state) == (
        "GONEUSDT",
        "venue-1",
        0,
        orders.PARTIALLY_FILLED,
    )


async def test_a_row_that_cannot_be_read_is_an_error_and_not_nothing() -> None:
    with pytest.raises(KeyError):
        await _report(side="Sideways")


async def _fill(market_type: str = "Swap", **changes: object) -> Any:
    instrument = (await listings.markets(market_type)).by_venue_symbol("BTCUSDT")
    assert instrument is not None
    return bybit_rows.fill({**EXECUTION, **changes}, instrument, 7)


async def test_an_execution_row_becomes_a_fill_to_the_last_digit() -> None:
    fill = await _fill()
    assert (fill.market, fill.trade_id, fill.client_id, fill.venue_id) == ("BTC/USDT:USDT", "e1", "d1", "venue-1")
    assert (fill.side, fill.ticks, fill.lots, fill.maker) == (BUY, 600001, 5, True)
    assert (fill.fee, fill.fee_asset, fill.venue_ms) == (to_units("0.1650002"), "USDT", 1700000000123)


@pytest.mark.parametrize(
    ("side", "fee", "asset"),
    [("Buy", "0.001", "BTC"), ("Sell", "0.06", "USDT"), ("Buy", "-0.06", "USDT"), ("Sell", "-0.001", "BTC")],
)
async def test_a_spot_fee_is_taken_from_what_the_trade_brings_and_a_rebate_paid_in_the_other(
    side: str, fee: str, asset: str
) -> None:
    made = await _fill("Spot", side=side, execFee=fee, execQty="0.005")
    assert (made.fee_asset, made.fee) == (asset, to_units(fee))


async def test_the_fee_asset_that_the_venue_names_is_believed() -> None:
    assert (await _fill(feeCurrency="USDC")).fee_asset == "USDC"


async def test_a_liquidation_priced_between_two_ticks_carries_the_venues_own_price() -> None:
    made = await _fill(execType="BustTrade", execPrice="59999.97", orderLinkId="", seq=77)
    assert (made.kind, made.price, made.amount) == (LIQUIDATION, to_units("59999.97"), 0)
    assert (made.ticks, made.sequence) == (600000, 77)


async def test_an_execution_off_the_lot_carries_the_venues_own_amount() -> None:
    made = await _fill(execQty="0.0015")
    assert (made.amount, made.lots, made.price) == (to_units("0.0015"), 2, 0)


@pytest.mark.parametrize(("fee", "amount"), [("0.6", "-0.6"), ("-0.25", "0.25")])
async def test_a_funding_row_becomes_what_was_received_or_paid(fee: str, amount: str) -> None:
    instrument = (await listings.markets("Swap")).by_venue_symbol("BTCUSDT")
    assert instrument is not None
    made = bybit_rows.funding({**EXECUTION, "execType": "Funding", "execFee": fee}, instrument, 7)
    assert (made.market, made.funding_id, made.asset) == ("BTC/USDT:USDT", "e1", "USDT")
    assert (made.amount, made.venue_ms) == (to_units(amount), 1700000000123)


def test_funding_is_no_fill_and_liquidations_are() -> None:
    assert "Funding" not in BYBIT.fill_types
    assert {"Trade", "AdlTrade", "BustTrade", "Settle"} <= BYBIT.fill_types


async def test_a_position_is_signed_and_an_empty_one_is_none() -> None:
    found = await listings.markets("Swap")
    row = {"symbol": "BTCUSDT", "side": "Sell", "size": "0.020", "avgPrice": "60000.123456789012345678"}
    position = bybit_rows.position(row, found.by_venue_symbol)
    assert position is not None
    assert (position.market, position.amount) == ("BTC/USDT:USDT", SELL * UNIT // 50)
    assert position.average_price == to_units("60000.123456789012345678")
    assert bybit_rows.position({"symbol": "BTCUSDT", "side": "", "size": "0"}, found.by_venue_symbol) is None


def test_what_orders_and_positions_hold_is_not_free() -> None:
    account = {
        "coin": [
            {
                "coin": "USDT",
                "walletBalance": "100.5",
                "locked": "10",
                "totalOrderIM": "5",
                "totalPositionIM": "0.5",
                "equity": "99",
            },
            {"coin": "BTC", "walletBalance": "1", "locked": "2", "equity": ""},
        ]
    }
    assert bybit_rows.balances(account) == {"USDT": (to_units("100.5"), 85 * UNIT), "BTC": (UNIT, 0)}
    assert bybit_rows.equity(account, "USDT") == 99 * UNIT
    assert bybit_rows.equity(account, "BTC") is None

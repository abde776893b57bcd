"""Each row against what unmodified ccxt puts on the wire for it."""

import inspect
from typing import Any

import pytest

from deskbot.core.order_ids import OrderIds
from deskbot.venues.table import TABLE
from deskbot.venues.table.client_ids import to_venue
from deskbot.venues.table.model import SPOT, SWAP, Call, Form, VenueRow
from tests.venues.table.captured import SYMBOLS, Request, exchange_of, made_by, named, values_in

pytestmark = pytest.mark.component  # fourteen exchange classes take longer to load than the quick tier has
OURS = OrderIds("0b9c9c1e-7a3c-4f7e-9b1e-0d6f6a2f1c11", 1_790_000_000_000).next()
KEYS = sorted(TABLE)
EVERY = pytest.mark.parametrize(("exchange", "kind"), KEYS, ids=["-".join(key) for key in KEYS])


def _venue_id(row: VenueRow) -> str:
    return "123456" if row.client_ids.alphabet == "0-9" else to_venue(OURS, row.client_ids.form)


async def _created(row: VenueRow, kind: str, name: str, value: str, **options: Any) -> list[Request]:
    exchange, sent = exchange_of(row, kind, **options)
    try:
        await exchange.create_order(SYMBOLS[kind], "limit", "buy", "1", "50000.1", {name: value, "postOnly": True})
    except (TypeError, AttributeError):
        assert sent  # our answer is no order; what went out is what counts
    finally:
        await exchange.close()
    return sent


@EVERY
async def test_a_create_carries_our_id_in_the_field_of_the_row(exchange: str, kind: str) -> None:
    row = TABLE[exchange, kind]
    given = OURS if row.client_ids.form is Form.T_DASH else _venue_id(row)
    sent = await _created(row, kind, row.client_ids.create, given)
    assert [str(found) for found in named(sent[-1].fields, row.client_ids.wire)] == [_venue_id(row)], sent


@EVERY
async def test_a_question_and_a_cancel_name_our_id_and_nothing_empty(exchange: str, kind: str) -> None:
    row = TABLE[exchange, kind]
    for call in (row.client_ids.query, row.client_ids.cancel):
        if call is None:
            continue
        last = (await made_by(row, kind, call, id=_venue_id(row)))[-1]
        values = [str(value) for value in values_in(last.fields)]
        assert _venue_id(row) in values or last.path.endswith(_venue_id(row)), last
        assert "None" not in values
        assert "None" not in last.path
        assert None not in values_in(last.fields), last


@EVERY
async def test_every_call_of_a_cancel_all_goes_to_a_path_or_a_filter_of_its_own(exchange: str, kind: str) -> None:
    row = TABLE[exchange, kind]
    sent = [(await made_by(row, kind, call))[-1] for call in row.cancel_all.calls]
    assert all(request.method in ("POST", "DELETE", "GET") for request in sent)
    if exchange != "bitget":  # its unified account drops the flag
        assert len({(request.path, str(sorted(_steady(request).items()))) for request in sent}) == len(sent), sent


_CHANGING = ("timestamp", "signature", "nonce", "Timestamp", "Signature")


def _steady(request: Request) -> dict[str, str]:
    return {name: str(value) for name, value in request.fields.items() if name not in _CHANGING}


@EVERY
async def test_a_dead_mans_switch_is_armed_and_disarmed_by_the_rows_calls(exchange: str, kind: str) -> None:
    timer = TABLE[exchange, kind].dead_man
    if timer is None:
        return
    row, words = TABLE[exchange, kind], {"seconds": 30, "ms": 30_000}
    armed = (await made_by(row, kind, timer.arm, **words))[-1]
    if timer.disarm is None:
        return
    disarmed = (await made_by(row, kind, timer.disarm, **words))[-1]
    assert (armed.method, armed.path) == (disarmed.method, disarmed.path) or "cancel_on_disconnect" in armed.path
    assert _steady(armed) != _steady(disarmed) or armed.path != disarmed.path


@EVERY
async def test_the_rights_of_a_key_are_asked_by_a_call_that_exists(exchange: str, kind: str) -> None:
    rights = TABLE[exchange, kind].key_rights
    if rights is not None:
        assert (await made_by(TABLE[exchange, kind], kind, rights.call))[-1].method in ("GET", "POST")
        assert rights.moves_money


# quirks, one by one


async def _unified(row: VenueRow, kind: str, method: str, *arguments: Any) -> list[Request]:
    return await made_by(row, kind, Call(method, arguments))


@pytest.mark.parametrize(
    ("exchange", "kind", "method"),
    [
        ("bybit", SWAP, "cancel_order"),
        ("krakenfutures", SWAP, "fetch_order"),
        ("krakenfutures", SWAP, "cancel_order"),
        ("coinbase", SPOT, "fetch_order"),
        ("coinbase", SPOT, "cancel_order"),
        ("gate", SPOT, "cancel_order"),
        ("gate", SWAP, "cancel_order"),
        ("deribit", SWAP, "fetch_order"),
        ("deribit", SWAP, "cancel_order"),
        ("mexc", SWAP, "fetch_order"),
        ("mexc", SWAP, "cancel_order"),
    ],
)
async def test_by_the_unified_name_these_do_not_name_our_order_as_the_venue_would(
    exchange: str, kind: str, method: str
) -> None:
    row = TABLE[exchange, kind]
    last = (await _unified(row, kind, method, None, "{symbol}", {"clientOrderId": OURS}))[-1]
    nothing = [value for value in values_in(last.fields) if value in (None, "None")] or "None" in last.path
    assert nothing or "clientOrderId" in last.fields


async def test_coinbase_replaces_the_unified_client_id_by_one_of_ccxt() -> None:
    sent = await _created(TABLE["coinbase", SPOT], SPOT, "clientOrderId", OURS)
    assert str(sent[-1].fields["client_order_id"]).startswith("ccxt-")


async def test_kraken_ignores_the_symbol_of_a_cancel_all() -> None:
    (sent,) = await _unified(TABLE["kraken", SPOT], SPOT, "cancel_all_orders", "{symbol}")
    assert (sent.path, _steady(sent)) == ("/0/private/CancelAll", {})


async def test_kraken_asks_by_the_unified_name_for_a_user_reference() -> None:
    sent = await _unified(TABLE["kraken", SPOT], SPOT, "fetch_order", None, "{symbol}", {"clientOrderId": OURS})
    assert sent[-1].fields["userref"] == OURS


async def test_bybit_arms_derivatives_for_a_spot_bot_unless_told_the_product() -> None:
    (sent,) = await _unified(TABLE["bybit", SPOT], SPOT, "cancel_all_orders_after", 30_000)
    assert sent.fields == {"timeWindow": 30, "product": "DERIVATIVES"}


async def test_binance_usdm_cancels_algo_orders_at_a_path_of_their_own() -> None:
    row = TABLE["binanceusdm", SWAP]
    paths = [str((await made_by(row, SWAP, call))[-1]) for call in row.cancel_all.calls]
    assert paths == ["DELETE /fapi/v1/allOpenOrders", "DELETE /fapi/v1/algoOpenOrders"]


async def test_binance_spot_has_no_second_path_for_trigger_orders() -> None:
    row = TABLE["binance", SPOT]
    one = await _unified(row, SPOT, "cancel_all_orders", "{symbol}")
    other = await _unified(row, SPOT, "cancel_all_orders", "{symbol}", {"trigger": True})
    assert [str(request) for request in one] == [str(request) for request in other] == ["DELETE /api/v3/openOrders"]


async def test_hyperliquid_signs_a_fee_for_a_builder_before_the_first_order_unless_told_not_to() -> None:
    row = TABLE["hyperliquid", SWAP]
    untold = await _created(
        row, SWAP, "clientOrderId", _venue_id(row), builderFee=True, approvedBuilderFee=False, refSet=False
    )
    told = await _created(row, SWAP, "clientOrderId", _venue_id(row))
    kinds = [[found for request in sent for found in named(request.fields, "type")] for sent in (untold, told)]
    assert {"approveBuilderFee", "setReferrer"} <= set(kinds[0])
    assert not {"approveBuilderFee", "setReferrer"} & set(kinds[1])


async def test_hyperliquid_cannot_disarm() -> None:
    exchange, sent = exchange_of(TABLE["hyperliquid", SWAP], SWAP)
    await exchange.cancel_all_orders_after(0)
    await exchange.close()
    assert sent[-1].fields["action"]["time"] == sent[-1].fields["nonce"]


async def test_gate_refuses_more_than_28_characters_before_its_prefix() -> None:
    with pytest.raises(Exception, match="up to 28 characters"):
        await _created(TABLE["gate", SPOT], SPOT, "clientOrderId", to_venue(OURS, Form.T_DASH))


async def test_htx_contracts_send_an_id_that_is_no_number_under_a_name_the_venue_does_not_know() -> None:
    sent = await _created(TABLE["htx", SWAP], SWAP, "clientOrderId", OURS)
    assert "client_order_id" not in sent[-1].fields
    assert sent[-1].fields["clientOrderId"] == OURS


async def test_mexc_contracts_need_the_name_of_the_method_to_cancel_plan_orders() -> None:
    row = TABLE["mexc", SWAP]
    flagged = await _unified(row, SWAP, "cancel_all_orders", "{symbol}", {"trigger": True})
    paths = [(await made_by(row, SWAP, call))[-1].path for call in row.cancel_all.calls]
    assert flagged[-1].path == "/api/v1/private/order/cancel_all"
    assert paths == ["/api/v1/private/order/cancel_all", "/api/v1/private/planorder/cancel_all"]


@pytest.mark.parametrize(("exchange", "kind"), [("okx", SPOT), ("coinbase", SPOT), ("hyperliquid", SWAP)])
async def test_these_have_no_cancel_all_at_all(exchange: str, kind: str) -> None:
    row = TABLE[exchange, kind]
    made, _ = exchange_of(row, kind)
    with pytest.raises(Exception, match="not supported"):
        await made.cancel_all_orders(SYMBOLS[kind])
    await made.close()
    assert row.cancel_all.batch


@EVERY
def test_the_table_knows_which_books_ccxt_checks(exchange: str, kind: str) -> None:
    """A venue whose stream class never compares a number or a checksum is one where we must."""
    row = TABLE[exchange, kind]
    made, _ = exchange_of(row, kind)
    source = inspect.getsource(inspect.getmodule(type(made).__mro__[0]) or type(made))
    if exchange == "binanceusdm":
        source = inspect.getsource(inspect.getmodule(type(made).__mro__[1]) or type(made))
    raises = "checksum_error" in source or "ChecksumError(" in source or "InvalidNonce(" in source
    assert row.book.checked_by_ccxt <= (raises or row.book.rule == "whole"), exchange

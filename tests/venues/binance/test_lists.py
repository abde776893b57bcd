"""Lists are read to their end, or they have failed; every execution is found once, under its order's client id."""

from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from deskbot.core import orders
from deskbot.venues.adapter import ListFailed
from deskbot.venues.binance.lists import PAGE, since
from deskbot.venues.errors import ccxt_errors
from tests.venues.binance.listings import DAY_MS, NOW_MS, Row, Wire, refusal
from tests.venues.binance.test_rows import ALGO, ORDER, SPOT_TRADE, USDM_TRADE

SPOT, USDM = "api.binance.com/api/v3", "fapi.binance.com/fapi/v1"
UNKNOWN_ORDER = refusal(-2013, "Order does not exist.")


class Venue:
    """A list of rows as Binance answers it: by time within a span, or from an id on; a page at a time."""

    def __init__(self, rows: list[Row], span_ms: int, page: int = PAGE) -> None:
        self.rows = sorted(rows, key=lambda row: (row["time"], row["id"]))
        self.span_ms = span_ms
        self.page = page
        self.asked: list[Row] = []

    async def __call__(self, query: Row) -> list[Row]:
        self.asked.append(query)
        assert query["limit"] == PAGE
        if "fromId" in query:
            assert "startTime" not in query
            found = [row for row in self.rows if row["id"] >= query["fromId"]]
        else:
            end = query.get("endTime", query["startTime"] + self.span_ms)
            assert end - query["startTime"] <= self.span_ms, "the venue answers no longer span"
            found = [row for row in self.rows if query["startTime"] <= row["time"] <= end]
        return found[: self.page]


@settings(max_examples=60)
@example(times=[NOW_MS + 2], ago=5 * DAY_MS - 1, days=1)  # in our future, and where one span ends and the next begins
@given(
    times=st.lists(st.integers(NOW_MS - 20 * DAY_MS, NOW_MS + 5000), max_size=60),
    ago=st.integers(0, 20 * DAY_MS),
    days=st.sampled_from([1, 7]),
)
async def test_every_row_since_a_time_is_found_once_and_oldest_first(times: list[int], ago: int, days: int) -> None:
    found = [{"id": number, "time": time} for number, time in enumerate(sorted(times))]
    venue, start = Venue(found, days * DAY_MS), NOW_MS - ago
    read = await since(venue, {}, days * DAY_MS, start, NOW_MS, "id", by_id=True)
    assert read == [row for row in found if row["time"] >= start]


async def test_full_pages_are_followed_to_the_last_row() -> None:
    found = [{"id": number, "time": NOW_MS - DAY_MS + number // 3} for number in range(2 * PAGE + 7)]
    venue = Venue(found, DAY_MS)
    assert await since(venue, {}, DAY_MS, NOW_MS - 2 * DAY_MS, NOW_MS, "id", by_id=True) == found


async def test_a_page_full_of_one_millisecond_is_followed_by_id_or_fails() -> None:
    found = [{"id": number, "time": NOW_MS - 5} for number in range(PAGE + 3)]
    assert await since(Venue(found, DAY_MS), {}, DAY_MS, NOW_MS - 9, NOW_MS, "id", by_id=True) == found
    with pytest.raises(ListFailed, match="one millisecond"):
        await since(Venue(found, DAY_MS), {}, DAY_MS, NOW_MS - 9, NOW_MS, "id", by_id=False)


async def test_the_newest_rows_are_found_when_our_clock_is_behind() -> None:
    venue = Venue([{"id": 1, "time": NOW_MS + 60_000}], DAY_MS)
    assert len(await since(venue, {}, DAY_MS, NOW_MS - 1000, NOW_MS, "id", by_id=True)) == 1


@pytest.mark.parametrize("answer", [{}, {"msg": "<html>"}, "text", None, [1]])
async def test_anything_but_a_list_of_rows_fails_the_question(answer: Any) -> None:
    async def request(_query: Row) -> Any:
        return answer

    with pytest.raises(ListFailed):
        await since(request, {}, DAY_MS, NOW_MS, NOW_MS, "id", by_id=True)


def _trade(number: int, order: int, **changes: Any) -> Row:
    return {**SPOT_TRADE, "id": number, "orderId": order, "time": NOW_MS - 1000 + number, **changes}


def _order(number: int, client_id: str) -> Row:
    return {**ORDER, "orderId": number, "clientOrderId": client_id}


async def test_executions_carry_the_client_ids_of_their_orders() -> None:
    trades = [_trade(1, 10), _trade(2, 10), _trade(3, 12)]
    listed = [_order(10, "d10"), _order(11, "x"), _order(12, "d12")]
    wire = Wire("Spot", {f"GET {SPOT}/myTrades": trades, f"GET {SPOT}/allOrders": listed})
    fills, fundings = await wire.adapter.fills(wire.exchange, "BTCUSDT", NOW_MS - 5000)
    assert [fill.client_id for fill in fills] == ["d10", "d10", "d12"]
    assert fundings == []
    assert wire.sent == [
        (f"GET {SPOT}/myTrades", {"symbol": "BTCUSDT", "limit": "1000", "startTime": str(NOW_MS - 5000)}),
        (f"GET {SPOT}/allOrders", {"symbol": "BTCUSDT", "limit": "1000", "orderId": "10"}),
    ]
    await wire.adapter.fills(wire.exchange, "BTCUSDT", NOW_MS - 5000)
    assert len(wire.sent) == 3, "what is known is not asked again"


async def test_orders_that_the_list_does_not_show_are_asked_for_one_by_one() -> None:
    answers = {
        f"GET {SPOT}/myTrades": [_trade(1, 10), _trade(2, 12)],
        f"GET {SPOT}/allOrders": [],
        f"GET {SPOT}/order": lambda fields: _order(int(fields["orderId"]), f"d{fields['orderId']}"),
    }
    wire = Wire("Spot", answers)
    fills, _ = await wire.adapter.fills(wire.exchange, "BTCUSDT", NOW_MS - 5000)
    assert [fill.client_id for fill in fills] == ["d10", "d12"]


async def test_a_fresh_execution_without_its_order_fails_the_question_and_an_old_one_is_somebodys() -> None:
    wire = Wire("Spot", {f"GET {SPOT}/myTrades": [_trade(1, 10)], f"GET {SPOT}/order": UNKNOWN_ORDER})
    with pytest.raises(ListFailed, match="an execution of order 10 but not the order"):
        await wire.adapter.fills(wire.exchange, "BTCUSDT", NOW_MS - 5000)
    wire.answers[f"GET {SPOT}/myTrades"] = lambda fields: (
        [_trade(1, 10, time=NOW_MS - 2 * DAY_MS)] if int(fields["startTime"]) < NOW_MS - 2 * DAY_MS else []
    )
    fills, _ = await wire.adapter.fills(wire.exchange, "BTCUSDT", NOW_MS - 3 * DAY_MS)
    assert [fill.client_id for fill in fills] == [""]


async def test_what_the_stream_said_of_an_order_names_its_executions() -> None:
    wire = Wire("Swap", {f"GET {USDM}/userTrades": [{**USDM_TRADE, "time": NOW_MS}], f"GET {USDM}/income": []})
    update = {"s": "BTCUSDT", "i": 8886774, "c": "autoclose-1", "S": "SELL", "o": "LIQUIDATION", "p": "0", "q": "1"}
    told = {"e": "ORDER_TRADE_UPDATE", "o": {**update, "z": "0", "X": "NEW", "x": "NEW", "t": 0}}
    assert len(list(wire.adapter.private_events([told]))) == 1
    (fill,), _ = await wire.adapter.fills(wire.exchange, "BTCUSDT", NOW_MS - 5000)
    assert (fill.client_id, fill.kind) == ("autoclose-1", "Liquidation")


async def test_funding_is_read_beside_the_executions_a_week_at_a_time() -> None:
    income = {"symbol": "BTCUSDT", "incomeType": "FUNDING_FEE", "income": "-0.375", "asset": "USDT", "tranId": 9}
    paid = NOW_MS - 3 * DAY_MS
    answers = {
        f"GET {USDM}/userTrades": [],
        f"GET {USDM}/income": lambda fields: [{**income, "time": paid}] if int(fields["startTime"]) <= paid else [],
    }
    wire = Wire("Swap", answers)
    fills, (funding,) = await wire.adapter.fills(wire.exchange, "BTCUSDT", NOW_MS - 8 * DAY_MS)
    assert (fills, funding.funding_id, funding.amount, funding.venue_ms) == ([], "9", -375 * 10**15, paid)
    asked = [fields for name, fields in wire.sent if name.endswith("income")]
    assert [(fields["incomeType"], fields.get("endTime")) for fields in asked] == [
        ("FUNDING_FEE", str(NOW_MS - DAY_MS - 1)),
        ("FUNDING_FEE", None),
    ]


async def test_a_question_for_more_than_the_venue_keeps_is_one_for_what_is_kept() -> None:
    wire = Wire("Spot", {f"GET {SPOT}/myTrades": []})
    await wire.adapter.fills(wire.exchange, "BTCUSDT", 0)
    assert int(wire.sent[0][1]["startTime"]) == NOW_MS - wire.adapter.facts.fill_history_ms
    assert len(wire.sent) == 91


async def test_open_orders_are_asked_for_without_a_market_conditional_ones_too() -> None:
    wire = Wire("Spot", {f"GET {SPOT}/openOrders": [ORDER]})
    assert [one.client_id for one in await wire.adapter.open_orders(wire.exchange)] == ["d1"]
    assert wire.sent == [(f"GET {SPOT}/openOrders", {})]
    plain = {**ORDER, "price": "60000.10", "origQty": "0.020", "executedQty": "0"}
    futures = Wire("Swap", {f"GET {USDM}/openOrders": [plain], f"GET {USDM}/openAlgoOrders": [ALGO]})
    found = await futures.adapter.open_orders(futures.exchange)
    assert [(one.client_id, one.venue_id, one.trigger) for one in found] == [
        ("d1", "28", False), ("someones", "2148719", True),
    ]  # fmt: skip
    futures.answers[f"GET {USDM}/openAlgoOrders"] = {"msg": "<html>"}
    with pytest.raises(ListFailed):
        await futures.adapter.open_orders(futures.exchange)


async def test_open_orders_of_one_market_are_asked_for_by_its_symbol_conditional_ones_too() -> None:
    wire = Wire("Spot", {f"GET {SPOT}/openOrders": [ORDER]})
    await wire.adapter.open_orders(wire.exchange, "BTCUSDT")
    futures = Wire("Swap", {f"GET {USDM}/openOrders": [], f"GET {USDM}/openAlgoOrders": []})
    await futures.adapter.open_orders(futures.exchange, "BTCUSDT")
    assert wire.sent + futures.sent == [
        (f"GET {one}", {"symbol": "BTCUSDT"})
        for one in (f"{SPOT}/openOrders", f"{USDM}/openOrders", f"{USDM}/openAlgoOrders")
    ]


@pytest.mark.parametrize(("kind", "host"), [("Spot", SPOT), ("Swap", USDM)], ids=["spot", "usdm"])
async def test_an_order_is_asked_for_by_its_client_id_and_none_is_an_answer(kind: str, host: str) -> None:
    wire = Wire(kind, {f"GET {host}/order": {**ORDER, "status": "CANCELED"}})
    report = await wire.adapter.order(wire.exchange, "BTCUSDT", "d1")
    assert report is not None
    assert (report.venue_id, report.state) == ("28", orders.CANCELLED)
    assert wire.sent == [(f"GET {host}/order", {"symbol": "BTCUSDT", "origClientOrderId": "d1"})]
    wire.answers[f"GET {host}/order"] = UNKNOWN_ORDER
    assert await wire.adapter.order(wire.exchange, "BTCUSDT", "d2") is None


async def test_an_order_that_was_told_of_is_not_unknown_for_a_list_that_lags() -> None:
    wire = Wire("Spot", {f"GET {SPOT}/openOrders": [ORDER], f"GET {SPOT}/order": UNKNOWN_ORDER})
    await wire.adapter.open_orders(wire.exchange)
    with pytest.raises(ListFailed, match="ask again"):
        await wire.adapter.order(wire.exchange, "BTCUSDT", "d1")


@pytest.mark.parametrize(
    "answer", [{}, {"msg": "<html>"}, {**ORDER, "clientOrderId": "another"}, (503, {"code": -1001, "msg": "x"})]
)
async def test_an_answer_that_is_not_the_order_proves_nothing(answer: Any) -> None:
    wire = Wire("Spot", {f"GET {SPOT}/order": answer})
    with pytest.raises((ListFailed, ccxt_errors.OperationFailed)):
        await wire.adapter.order(wire.exchange, "BTCUSDT", "d1")


async def test_an_archived_spot_order_is_one_without_fills_that_ended() -> None:
    archived = refusal(
        -2026, "Order was canceled or expired with no executed qty over 90 days ago and has been archived."
    )
    wire = Wire("Spot", {f"GET {SPOT}/order": archived})
    assert await wire.adapter.order(wire.exchange, "BTCUSDT", "d1") is None


async def test_positions_and_balances_are_read_whole_or_not_at_all() -> None:
    position = {"symbol": "BTCUSDT", "positionSide": "BOTH", "positionAmt": "0.01", "entryPrice": "60000"}
    asset = {"asset": "USDT", "walletBalance": "100", "marginBalance": "99", "availableBalance": "90"}
    v3 = "GET fapi.binance.com/fapi/v3"
    wire = Wire("Swap", {f"{v3}/positionRisk": [position], f"{v3}/account": {"assets": [asset]}})
    assert len(await wire.adapter.positions(wire.exchange)) == 1
    assert await wire.adapter.balances(wire.exchange, "USDT") == ({"USDT": (100 * 10**18, 90 * 10**18)}, 99 * 10**18)
    wire.answers = {f"{v3}/positionRisk": {}, f"{v3}/account": {}}
    with pytest.raises(ListFailed):
        await wire.adapter.positions(wire.exchange)
    with pytest.raises(ListFailed):
        await wire.adapter.balances(wire.exchange, "USDT")


async def test_spot_has_no_positions_and_needs_no_question_to_know_it() -> None:
    wire = Wire("Spot", {f"GET {SPOT}/account": {"balances": [{"asset": "BTC", "free": "1", "locked": "2"}]}})
    assert await wire.adapter.positions(wire.exchange) == []
    assert wire.sent == []
    assert await wire.adapter.balances(wire.exchange, "") == ({"BTC": (3 * 10**18, 10**18)}, None)

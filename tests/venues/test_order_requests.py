"""Orders over sockets: what is proved, what is unknown, and that nothing is ever sent twice."""

from typing import Any

import pytest

from deskbot.core import orders
from deskbot.core.commands import Cancel, CancelAll, CancelForeign, QueryOpenOrders, QueryOrder
from deskbot.core.events import ACCEPTED, NOT_FOUND, REJECTED, UNKNOWN
from deskbot.simulator.server import Simulator
from deskbot.venues.errors import DUPLICATE_CLIENT_ID
from tests.venues.asking import BOTH, CATEGORY, asked, bid, opened, raw_order, take, trigger_order, until
from tests.venues.conftest import SPOT, SWAP, MakeVenue

pytestmark = pytest.mark.component


@BOTH
async def test_an_accepted_order_carries_our_client_id_to_the_venue(
    make_venue: MakeVenue, simulator: Simulator, market_type: str, market: str
) -> None:
    venue, instrument = await opened(make_venue, market_type, market)
    placed = await venue.place(bid(instrument))
    assert placed.outcome == ACCEPTED
    assert placed.venue_id
    (sent,) = asked(simulator, "/v5/order/create")
    assert sent.parameters["orderLinkId"] == "d1"
    assert (sent.parameters["price"], sent.parameters["qty"]) == ("58000", "0.01")
    assert sent.parameters["timeInForce"] == "PostOnly"
    answer = await venue.query_order(QueryOrder("d1", market))
    assert answer.report is not None
    assert (answer.outcome, answer.report.venue_id, answer.report.state) == (ACCEPTED, placed.venue_id, orders.OPEN)
    assert (answer.report.price_ticks, answer.report.lots) == (instrument.ticks("58000"), instrument.lots("0.01"))


@BOTH
async def test_a_market_order_never_carries_a_price(
    make_venue: MakeVenue, simulator: Simulator, market_type: str, market: str
) -> None:
    venue, instrument = await opened(make_venue, market_type, market)
    assert (await venue.place(take(instrument, "d1"))).outcome == ACCEPTED
    (sent,) = asked(simulator, "/v5/order/create")
    assert "price" not in sent.parameters
    assert sent.parameters["qty"] == "0.01"

    async def filled() -> bool:
        report = (await venue.query_order(QueryOrder("d1", market))).report
        return report is not None and report.filled_lots == instrument.lots("0.01")

    assert await until(filled), "0.01 coins, not 0.01 of the quote currency"


async def test_a_small_lot_is_written_without_an_exponent(make_venue: MakeVenue, simulator: Simulator) -> None:
    venue, instrument = await opened(make_venue, *SPOT)
    await venue.place(bid(instrument, lots=9))
    assert asked(simulator, "/v5/order/create")[0].parameters["qty"] == "0.00009"


async def test_reduce_only_reaches_the_venue(make_venue: MakeVenue, simulator: Simulator) -> None:
    venue, instrument = await opened(make_venue, *SWAP)
    placed = await venue.place(bid(instrument, reduce_only=True))
    assert asked(simulator, "/v5/order/create")[0].parameters["reduceOnly"] is True
    assert placed.outcome == REJECTED
    assert "110017" in placed.reason


@BOTH
async def test_an_order_nobody_can_pay_is_definitely_rejected(
    make_venue: MakeVenue, market_type: str, market: str
) -> None:
    venue, instrument = await opened(make_venue, market_type, market)
    placed = await venue.place(bid(instrument, lots=instrument.lots("80" if market_type == "Spot" else "800")))
    assert placed.outcome == REJECTED
    assert placed.reason.startswith("InsufficientFunds")


@BOTH
async def test_a_client_id_used_twice_is_unknown_and_asking_finds_the_first_order(
    make_venue: MakeVenue, market_type: str, market: str
) -> None:
    venue, instrument = await opened(make_venue, market_type, market)
    first = await venue.place(bid(instrument))
    second = await venue.place(bid(instrument))
    assert (second.outcome, second.reason) == (UNKNOWN, DUPLICATE_CLIENT_ID)
    answer = await venue.query_order(QueryOrder("d1", market))
    assert answer.report is not None
    assert answer.report.venue_id == first.venue_id


@pytest.mark.parametrize(
    "fault",
    [
        {"action": "acceptThenDrop"},
        {"action": "delayReply", "delayMs": 2000},
        {"action": "garbage"},
        {"action": "garbage", "status": 503},
        {"action": "garbage", "status": 500, "body": ""},
        {"action": "garbage", "body": "{}"},
        {"action": "garbage", "body": '{"retCode":0,"retMsg":"OK","result":{}}'},
        {"action": "garbage", "body": '{"retCode":10016,"retMsg":"System error","result":{}}'},
    ],
    ids=lambda fault: "-".join(str(value) for value in fault.values()),
)
async def test_a_lost_or_unreadable_reply_is_unknown_and_resolved_by_asking(
    make_venue: MakeVenue, simulator: Simulator, fault: dict[str, Any]
) -> None:
    venue, instrument = await opened(make_venue, *SWAP, request_timeout_ms=500)
    simulator.faults.add({"endpoint": "/v5/order/create", **fault})
    placed = await venue.place(bid(instrument))
    assert (placed.outcome, placed.venue_id) == (UNKNOWN, "")
    assert placed.reason
    answer = await venue.query_order(QueryOrder("d1", SWAP[1]))
    assert answer.report is not None
    assert answer.report.state == orders.OPEN
    assert len(asked(simulator, "/v5/order/create")) == 1, "nothing is ever sent again"


async def test_an_order_that_never_reached_the_venue_is_unknown_first_and_not_found_by_asking(
    make_venue: MakeVenue, simulator: Simulator
) -> None:
    venue, instrument = await opened(make_venue, *SWAP)
    simulator.faults.add({"action": "drop", "endpoint": "/v5/order/create"})
    assert (await venue.place(bid(instrument))).outcome == UNKNOWN
    assert (await venue.query_order(QueryOrder("d1", SWAP[1]))).outcome == NOT_FOUND


@pytest.mark.parametrize("path", ["/v5/order/realtime", "/v5/order/history", "/v5/execution/list"])
async def test_a_failed_question_about_an_order_is_never_not_found(
    make_venue: MakeVenue, simulator: Simulator, path: str
) -> None:
    venue, _ = await opened(make_venue, *SWAP)
    simulator.faults.add({"action": "garbage", "endpoint": path})
    answer = await venue.query_order(QueryOrder("d1", SWAP[1]))
    assert (answer.outcome, answer.report) == (UNKNOWN, None)
    assert answer.reason


@BOTH
@pytest.mark.parametrize("emergency", [False, True])
async def test_an_order_is_cancelled_by_its_client_id(
    make_venue: MakeVenue, market_type: str, market: str, emergency: bool
) -> None:
    venue, instrument = await opened(make_venue, market_type, market)
    await venue.place(bid(instrument))
    assert (await venue.cancel(Cancel("d1", "", market, emergency))).outcome == ACCEPTED
    assert (await venue.cancel(Cancel("d1", "", market, emergency))).outcome == NOT_FOUND
    answer = await venue.query_order(QueryOrder("d1", market))
    assert answer.report is not None
    assert answer.report.state == orders.CANCELLED


async def test_a_cancel_without_a_readable_answer_is_unknown(make_venue: MakeVenue, simulator: Simulator) -> None:
    venue, instrument = await opened(make_venue, *SWAP)
    await venue.place(bid(instrument))
    simulator.faults.add({"action": "garbage", "endpoint": "/v5/order/cancel"})
    assert (await venue.cancel(Cancel("d1", "", SWAP[1]))).outcome == UNKNOWN


@BOTH
async def test_a_foreign_order_is_cancelled_by_the_venues_id(
    make_venue: MakeVenue, market_type: str, market: str
) -> None:
    venue, _ = await opened(make_venue, market_type, market)
    category = CATEGORY[market_type]
    plain, trigger = await raw_order(venue, category), await trigger_order(venue, category)
    assert (await venue.cancel_foreign(CancelForeign(plain, market, False))).outcome == ACCEPTED
    cancelled = await venue.cancel_foreign(CancelForeign(trigger, market, True, emergency=True))
    assert (cancelled.outcome, cancelled.client_id) == (ACCEPTED, trigger)
    assert (await venue.cancel_foreign(CancelForeign(trigger, market, True))).outcome == NOT_FOUND


async def test_a_spot_take_profit_is_found_under_its_own_filter(make_venue: MakeVenue) -> None:
    venue, _ = await opened(make_venue, *SPOT)
    order = await trigger_order(venue, "spot", orderFilter="tpslOrder")
    assert (await venue.cancel_foreign(CancelForeign(order, SPOT[1], True))).outcome == ACCEPTED


@BOTH
async def test_cancel_all_takes_every_kind_of_order_whoever_placed_it(
    make_venue: MakeVenue, market_type: str, market: str
) -> None:
    venue, instrument = await opened(make_venue, market_type, market)
    category = CATEGORY[market_type]
    for number in range(3):
        await venue.place(bid(instrument, f"d{number}"))
    await raw_order(venue, category)
    await trigger_order(venue, category)
    result = await venue.cancel_all(CancelAll(9, (market,)))
    assert (result.request, result.outcome, result.cancelled) == (9, ACCEPTED, 5)

    async def empty() -> bool:
        answer = await venue.query_open_orders(QueryOpenOrders(1, emergency=True))
        return answer.complete and not answer.orders

    assert await until(empty)


async def test_a_cancel_all_that_is_unknown_in_one_part_is_unknown(make_venue: MakeVenue, simulator: Simulator) -> None:
    venue, _ = await opened(make_venue, *SPOT)
    simulator.faults.add({"action": "acceptThenDrop", "endpoint": "/v5/order/cancel-all"})
    assert (await venue.cancel_all(CancelAll(1, (SPOT[1],)))).outcome == UNKNOWN

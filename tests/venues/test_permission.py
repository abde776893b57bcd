"""The question that a signed order is asked before it leaves."""

from typing import Any

import pytest

from deskbot.core.commands import Cancel
from deskbot.core.events import ACCEPTED, NOT_SENT, REJECTED
from deskbot.simulator.server import Simulator
from deskbot.venues.permission import only_while, refusal
from tests.venues.asking import BOTH, asked, bid, opened
from tests.venues.conftest import SWAP, MakeVenue

pytestmark = pytest.mark.component


@pytest.mark.control("S1.9")
@BOTH
async def test_s1_an_order_has_its_timestamp_when_it_is_asked_and_a_no_sends_nothing(
    make_venue: MakeVenue, simulator: Simulator, market_type: str, market: str
) -> None:
    venue, instrument = await opened(make_venue, market_type, market)
    signed: list[int] = []

    def why_not() -> str:
        trading: Any = venue._clients.trading
        assert "/v5/order/create" in trading.last_request_url
        signed.append(int(trading.last_request_headers["X-BAPI-TIMESTAMP"]))
        return "the Lease was not renewed"

    with only_while(why_not):
        placed = await venue.place(bid(instrument))
    assert (placed.outcome, placed.reason) == (REJECTED, f"{NOT_SENT} the Lease was not renewed")
    assert len(signed) == 1
    assert asked(simulator, "/v5/order/create") == []


async def test_s1_an_order_that_may_leave_does_and_a_cancel_beside_it_is_not_asked(
    make_venue: MakeVenue, simulator: Simulator
) -> None:
    venue, instrument = await opened(make_venue, *SWAP)
    with only_while(lambda: ""):
        placed = await venue.place(bid(instrument))
    assert placed.outcome == ACCEPTED
    assert refusal() == ""
    cancelled = await venue.cancel(Cancel("d1", placed.venue_id, instrument.market))
    assert cancelled.outcome == ACCEPTED

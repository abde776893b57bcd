"""The way out without an engine: when deciding has failed, cancel everything and ask whether it is gone.

It knows markets and a venue, nothing else; it never places an order. Two complete empty lists one after another count
as gone, as in a halt.
"""

import asyncio

from deskbot.core.commands import CancelAll, CancelForeign, QueryOpenOrders
from deskbot.core.events import OrderReport
from deskbot.runtime.clock import NANOSECONDS, Clock
from deskbot.venues.protocol import Venue

LOOK_SECONDS = 0.5


async def cancel_everything(venue: Venue, markets: tuple[str, ...], clock: Clock, seconds: float) -> bool:
    """Leave no order on the markets, within so many seconds; whether the venue has proved it."""
    until = clock.now() + int(seconds * NANOSECONDS)
    empty = 0
    try:
        async with asyncio.timeout(seconds):
            while empty < 2 and clock.now() < until:
                await venue.cancel_all(CancelAll(0, markets))
                empty = empty + 1 if await _is_empty(venue, markets) else 0
                await clock.sleep(LOOK_SECONDS)
    except TimeoutError:
        return False
    return empty >= 2


async def _is_empty(venue: Venue, markets: tuple[str, ...]) -> bool:
    answer = await venue.query_open_orders(QueryOpenOrders(0, emergency=True))
    left = [order for order in answer.orders if order.market in markets]
    for order in left:
        await venue.cancel_foreign(_cancel(order))
    return answer.complete and not left


def _cancel(order: OrderReport) -> CancelForeign:
    return CancelForeign(order.venue_id, order.market, order.trigger, emergency=True)

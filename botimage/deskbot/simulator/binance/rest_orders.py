"""What an account can read of its orders and fills, in windows and pages of Binance's sizes.

Every list is oldest first. Without a place to begin (a number or a time) it is the newest page; with one, the first.
Windows: spot 24 hours, futures 7 days, between startTime and endTime; a startTime alone opens a window of that length.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from deskbot.matching import ExecutionReport, Listing, Order
from deskbot.matching.ledger import MarketLedger
from deskbot.simulator.binance import codes, shapes
from deskbot.simulator.binance.call import Call, Json
from deskbot.simulator.binance.rest_trading import find, hidden
from deskbot.simulator.binance.texts import number_of, order_id_of

DAY_MS = 24 * 3_600_000
SEVEN_DAYS_MS = 7 * DAY_MS
Item = TypeVar("Item")


def order(call: Call) -> Json:
    listing = call.listing()
    return shapes.order(listing, find(call, listing, codes.NO_SUCH_ORDER))


def open_order(call: Call) -> Json:
    """Futures: the same, of an order that is still open."""
    listing = call.listing()
    found = find(call, listing, codes.NO_SUCH_ORDER)
    if not found.is_open:
        raise codes.NO_SUCH_ORDER.refusal(call.category)
    return shapes.order(listing, found)


def open_orders(call: Call) -> list[Json]:
    """Of one symbol, or of all; there are no pages."""
    markets = {call.listing().key} if call.text("symbol") else {one.key for one in call.listings()}
    opened = [one for one in call.exchange.open_orders(call.key) if one.market in markets]
    return [shapes.order(one.listing, one) for one in opened if not hidden(one.listing, one)]


def all_orders(call: Call) -> list[Json]:
    """From an order's number on, or of a window; whatever their state."""
    listing = call.listing()
    known = [one for one in call.exchange.order_history(call.key) if one.market == listing.key]
    known = [one for one in known if not hidden(listing, one)]
    page = _page(call, known, "orderId", lambda one: number_of(one.order_id), _created_ms)
    return [shapes.order(listing, one) for one in page]


def _created_ms(one: Order) -> int:
    return one.created_ns // 1_000_000


def trades(call: Call) -> list[Json]:
    """From a fill's number on, of one order, or of a window."""
    listing = call.listing()
    fills = [fill for fill in call.exchange.executions(call.key) if fill.market == listing.key]
    number = call.integer("orderId")
    if number is not None:
        order_id = order_id_of(call.exchange, number)
        fills = [fill for fill in fills if fill.order_id == order_id]
    page = _page(call, fills, "fromId", lambda fill: number_of(fill.execution_id), _time_ms)
    realised = {} if call.spot else realised_of(call, listing)
    return [shapes.trade(listing, fill, realised.get(fill.execution_id, 0)) for fill in page]


def _time_ms(fill: ExecutionReport) -> int:
    return fill.time_ns // 1_000_000


def realised_of(call: Call, listing: Listing) -> dict[str, int]:
    """What each kept fill of a market realised, before fees."""
    ledger = call.exchange.ledgers_before(call.key).get(listing.key) or MarketLedger(listing)
    fills = [fill for fill in call.exchange.executions(call.key) if fill.market == listing.key]
    return {fill.execution_id: booked(ledger, fill) for fill in fills}


def booked(ledger: MarketLedger, fill: ExecutionReport) -> int:
    """What a fill realises on a ledger that has booked all before it."""
    return ledger.fill(fill.side, fill.ticks, fill.lots, fill.fee_units, fill.fee_asset, fill.origin)


def _page(
    call: Call, items: Sequence[Item], name: str, number: Callable[[Item], int], time_ms: Callable[[Item], int]
) -> Sequence[Item]:
    """One page of a list whose numbers and times rise."""
    first, start, end = call.integer(name), call.integer("startTime"), call.integer("endTime")
    size = call.limit(500, 1000)
    if first is not None:
        if start is not None or end is not None:
            raise codes.BAD_COMBINATION.refusal(call.category)
        return [one for one in items if number(one) >= first][:size]
    window = _window(call, start, end)
    inside = [one for one in items if time_ms(one) in window]
    return inside[:size] if start is not None else inside[-size:]


def _window(call: Call, start: int | None, end: int | None) -> range:
    longest = DAY_MS if call.spot else SEVEN_DAYS_MS
    if start is not None and end is not None and end - start > longest:
        raise codes.WINDOW_TOO_WIDE.refusal(call.category)
    if start is not None:
        return range(start, (start + longest if end is None else end) + 1)
    last = call.now_ms if end is None else end
    begin = 0 if call.spot and end is None else last - longest
    return range(begin, last + 1)

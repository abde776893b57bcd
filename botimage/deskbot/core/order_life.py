"""What the venue says about orders, turned into facts; and questions about those it says nothing of.

An answer that proves something becomes a record. Anything else makes the order `UNKNOWN` and a `QueryOrder` goes out;
an order is given up only after the venue has said twice that it does not know it, a visibility delay apart, when no
request of ours can still be on its way (the receive window has passed). A report of an order that we hold for ended,
or that an earlier journal made, leads to a cancel: never to silence.
"""

from deskbot.core.commands import Cancel, CancelForeign, QueryOrder
from deskbot.core.events import (
    ACCEPTED,
    NOT_FOUND,
    CancelResult,
    Fill,
    OrderAnswer,
    OrderReport,
    PlaceResult,
)
from deskbot.core.events import REJECTED as REFUSED
from deskbot.core.orders import (
    FILLED,
    OPEN,
    PARTIALLY_FILLED,
    PENDING_CANCEL,
    REJECTED,
    SENT,
    TRANSITIONS,
    UNKNOWN,
    Order,
)
from deskbot.core.records import CancelAsked, Filled, OrderMoved, Orphaned
from deskbot.core.state import State

SECOND = 1_000_000_000
VISIBILITY_DELAY = 3 * SECOND  # how long a venue's queries may lag behind its acknowledgements (faults F06)
RECEIVE_WINDOW = 5 * SECOND  # a signed request older than this is void at the venue
ASK_AGAIN = SECOND // 2
CANCEL_PATIENCE = 2 * SECOND
SENT_PATIENCE = 30 * SECOND


def move(state: State, order: Order, to: int, venue_id: str = "", filled_lots: int = 0, reason: str = "") -> None:
    """Record a change of an order; nothing new makes no record."""
    filled = max(filled_lots, order.filled_lots)
    if to == order.state and filled == order.filled_lots and (not venue_id or venue_id == order.venue_id):
        order.updated_at = state.at
        return
    state.record(OrderMoved(state.at, order.client_id, to, venue_id or order.venue_id, filled, reason))


def on_place_result(state: State, event: PlaceResult) -> None:
    """The answer to a create."""
    order = state.durable.orders.get(event.client_id)
    if order is None:
        return
    if event.outcome == ACCEPTED and event.venue_id:
        move(state, order, OPEN if order.state in (SENT, UNKNOWN) else order.state, event.venue_id)
    elif event.outcome == REFUSED and order.state == SENT:
        move(state, order, REJECTED, reason=event.reason)
    elif order.state == SENT:
        move(state, order, UNKNOWN, reason=event.reason)
        ask(state, order)


def on_cancel_result(state: State, event: CancelResult) -> None:
    """The answer to a cancel: an acknowledgement is waited on, anything else is asked about."""
    order = state.durable.orders.get(event.client_id)
    if order is not None and event.outcome != ACCEPTED:
        ask(state, order)


def on_order_answer(state: State, event: OrderAnswer) -> None:
    """The answer to a `QueryOrder`."""
    order = state.durable.orders.get(event.client_id)
    if order is None:
        return
    order.query_in_flight = False
    if event.outcome == ACCEPTED and event.report is not None:
        order.missing_since = 0
        on_order_report(state, event.report)
    elif event.outcome == NOT_FOUND:
        _not_found(state, order)


def _not_found(state: State, order: Order) -> None:
    if order.state in (OPEN, PARTIALLY_FILLED):
        move(state, order, UNKNOWN, reason="the venue does not find it")
    if not order.missing_since:
        order.missing_since = state.at
    twice = state.at - order.missing_since >= VISIBILITY_DELAY
    void = state.at - order.sent_at >= RECEIVE_WINDOW
    # What was once acknowledged or filled cannot have failed: such an order stays unknown until the venue tells.
    if twice and void and order.state in (SENT, UNKNOWN) and not order.venue_id and not order.filled_lots:
        move(state, order, REJECTED, reason="never reached the venue")


def on_order_report(state: State, report: OrderReport) -> None:
    """The venue's word on one order, by stream or as an answer."""
    order = state.durable.orders.get(report.client_id)
    if order is not None:
        _ours(state, order, report)
    elif report.state >= FILLED:
        return
    elif state.order_ids.is_ours(report.client_id):
        _orphan(state, report)
    else:
        state.foreign_orders += 1


def _ours(state: State, order: Order, report: OrderReport) -> None:
    filled = max(report.filled_lots, order.filled_lots)
    to = report.state
    if to == OPEN and filled:
        to = PARTIALLY_FILLED
    if order.state == PENDING_CANCEL and to in (OPEN, PARTIALLY_FILLED):
        to = PENDING_CANCEL
    if order.state == PARTIALLY_FILLED and to == OPEN:
        to = PARTIALLY_FILLED
    if order.state >= FILLED or (to != order.state and to not in TRANSITIONS[order.state]):
        to = order.state
    move(state, order, to, report.venue_id, filled, report.reason)


def _orphan(state: State, report: OrderReport) -> None:
    """Ours by its id but not live in this journal: an earlier journal's, or one that we hold for ended."""
    if not report.client_id.startswith(state.order_ids.journal):
        state.record(Orphaned(state.at, report.market, report.client_id, report.venue_id))
    state.out.append(CancelForeign(report.venue_id, report.market, report.trigger))


def on_fill(state: State, fill: Fill) -> None:
    """Book an execution of ours, once."""
    if not state.order_ids.is_ours(fill.client_id) or state.durable.booked(fill.market, fill.trade_id):
        return
    instrument = state.instruments[fill.market]
    state.record(
        Filled(
            at=state.at,
            market=fill.market,
            trade_id=fill.trade_id,
            client_id=fill.client_id,
            side=fill.side,
            price=fill.ticks * instrument.tick,
            amount=fill.lots * instrument.lot,
            lots=fill.lots,
            fee=fill.fee,
            fee_asset=fill.fee_asset,
            fee_in_base=fill.fee_asset == instrument.base,
            maker=fill.maker,
            venue_ms=fill.venue_ms,
        )
    )


def ask(state: State, order: Order, emergency: bool = False) -> None:
    """Ask the venue what became of an order, one question at a time."""
    if order.query_in_flight:
        return
    order.query_in_flight = True
    order.asked_at = state.at
    state.out.append(QueryOrder(order.client_id, order.market, emergency))


def cancel(state: State, order: Order, emergency: bool = False) -> None:
    """Ask the venue to cancel an order that is known to be there."""
    state.record(CancelAsked(state.at, order.client_id))
    state.out.append(Cancel(order.client_id, order.venue_id, order.market, emergency))


def chase(state: State, emergency: bool = False) -> None:
    """Ask about every order that has been in doubt for too long."""
    for order in list(state.durable.orders.values()):
        if order.query_in_flight or state.at - order.asked_at < ASK_AGAIN:
            continue
        if order.state == SENT and state.at - order.sent_at > SENT_PATIENCE:
            move(state, order, UNKNOWN, reason="no answer")
        if order.state == UNKNOWN:
            ask(state, order, emergency)
        elif order.state == PENDING_CANCEL and state.at - order.cancel_asked_at > CANCEL_PATIENCE:
            cancel(state, order, emergency)
            ask(state, order, emergency)


def in_doubt(state: State) -> bool:
    """Whether the outcome of any request for an order is still open."""
    return any(order.state in (SENT, UNKNOWN) for order in state.durable.orders.values())

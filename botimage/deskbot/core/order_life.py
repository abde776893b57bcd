"""What the venue says about orders, turned into facts; and questions about those it says nothing of.

An answer that proves something becomes a record. Anything else makes the order `UNKNOWN` and a `QueryOrder` goes out;
an order is given up only after the venue has said twice that it does not know it, a visibility delay apart, both times
asked when no request of ours could still be on its way (the receive window had passed). An answer counts from when it
was asked for: what we heard since is newer. A report of an order that we hold for ended, or that an earlier journal
made, leads to a cancel: never to silence.
"""

from collections.abc import Collection
from typing import Final

from deskbot.core import lost_journal
from deskbot.core.commands import Cancel, CancelForeign, QueryOrder
from deskbot.core.events import (
    ACCEPTED,
    NOT_FOUND,
    CancelResult,
    Fill,
    Funding,
    OrderAnswer,
    OrderReport,
    PlaceResult,
    Problem,
)
from deskbot.core.events import REJECTED as REFUSED
from deskbot.core.instrument import Instrument
from deskbot.core.orders import (
    CANCELLED,
    FILLED,
    MAY_BECOME,
    OPEN,
    PARTIALLY_FILLED,
    PENDING_CANCEL,
    REJECTED,
    SENT,
    UNKNOWN,
    Order,
)
from deskbot.core.records import CancelAsked, FillCorrected, Filled, Funded, OrderMoved, Orphaned
from deskbot.core.state import MILLISECOND, State

SECOND: Final = 1_000_000_000
VISIBILITY_DELAY: Final = 3 * SECOND  # how long a venue's queries may lag behind its acknowledgements (faults F06)
RECEIVE_WINDOW: Final = 5 * SECOND  # a signed request older than this is void at the venue
ASK_AGAIN: Final = SECOND // 2
ANSWER_PATIENCE: Final = 10 * SECOND  # the shell answers every request sooner
CANCEL_PATIENCE: Final = 2 * SECOND
SENT_PATIENCE: Final = 30 * SECOND
FORGOTTEN = 60 * SECOND  # an order the venue once acknowledged and has not known for so long is gone from its history


def move(state: State, order: Order, to: int, venue_id: str = "", filled_lots: int = 0, reason: str = "") -> None:
    """Record a change of an order; nothing new makes no record."""
    if venue_id and order.venue_id and venue_id != order.venue_id:
        state.violated(f"I1: {order.client_id} is two orders on the venue, {order.venue_id} and {venue_id}")
    filled = filled_lots if filled_lots > order.filled_lots else order.filled_lots
    if to == order.state and filled == order.filled_lots and (not venue_id or venue_id == order.venue_id):
        order.updated_at = state.at
        return
    acknowledged = to == OPEN and order.state == SENT
    state.record(
        OrderMoved(state.at, order.client_id, to, venue_id or order.venue_id, filled, reason), not acknowledged
    )


def on_place_result(state: State, event: PlaceResult) -> None:
    """The answer to a create."""
    order = state.durable.orders.get(event.client_id)
    if order is None:
        return
    if event.outcome == ACCEPTED and event.venue_id:
        first = order.state == SENT or order.state == UNKNOWN
        move(state, order, OPEN if first else order.state, event.venue_id)
    elif event.outcome == REFUSED and _nothing_known(order):
        move(state, order, REJECTED, reason=event.reason)
    elif order.state == SENT:
        order.signed_by = state.at  # the request may have waited in the shell after it was decided
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
        on_order_report(state, event.report)
    elif event.outcome == NOT_FOUND and order.updated_at <= order.asked_at:
        _not_found(state, order)


def _nothing_known(order: Order) -> bool:
    """Whether the venue has never shown or acknowledged the order."""
    return order.state in (SENT, UNKNOWN) and not order.venue_id and not order.filled_lots


def _not_found(state: State, order: Order) -> None:
    if order.asked_at - order.signed_by < RECEIVE_WINDOW and _nothing_known(order):
        return
    missing = order.missing_since
    if not missing:
        missing = order.missing_since = state.at
    if order.state in (OPEN, PARTIALLY_FILLED):
        move(state, order, UNKNOWN, reason="the venue does not find it")
    elif order.asked_at - missing >= VISIBILITY_DELAY and _nothing_known(order):
        move(state, order, REJECTED, reason="never reached the venue")
    elif order.asked_at - missing >= FORGOTTEN and order.live:
        # What was once acknowledged cannot have failed; its executions are asked for apart from it.
        move(state, order, CANCELLED, reason="the venue does not know it any more")


def on_order_report(state: State, report: OrderReport) -> None:
    """The venue's word on one order, by stream or as an answer."""
    order = state.durable.orders.get(report.client_id)
    if order is not None:
        _ours(state, order, report)
    elif report.state < FILLED and not learn(state, report):
        _cancel_orphan(state, report)


def learn(state: State, report: OrderReport) -> bool:
    """Take in what a report says. False when the order is ours and should not be there any more."""
    order = state.durable.orders.get(report.client_id)
    if order is not None:
        _ours(state, order, report)
        return True
    if report.state >= FILLED or not state.order_ids.is_ours(report.client_id):
        return True
    _note_orphan(state, report)
    return False


def _ours(state: State, order: Order, report: OrderReport) -> None:
    order.missing_since = 0
    to = report.state
    filled = order.lots if to == FILLED else report.filled_lots
    if filled < order.filled_lots:
        filled = order.filled_lots
    if to == OPEN and filled:
        to = PARTIALLY_FILLED
    if order.state == PENDING_CANCEL and (to == OPEN or to == PARTIALLY_FILLED):
        to = PENDING_CANCEL
    if to == REJECTED and order.state == PARTIALLY_FILLED:
        to = CANCELLED
    if not MAY_BECOME[order.state][to]:
        to = order.state
    move(state, order, to, report.venue_id, filled, report.reason)


def _note_orphan(state: State, report: OrderReport) -> None:
    """Ours by its id but not live in this journal: an earlier journal's, or one that we hold for ended."""
    lost_journal.notice(state, report.client_id)
    made_here = report.client_id.startswith(state.order_ids.journal)
    if not made_here and report.client_id not in state.durable.orphaned:
        state.record(Orphaned(state.at, report.market, report.client_id, report.venue_id))


def _cancel_orphan(state: State, report: OrderReport) -> None:
    """One cancel, and another when it is still shown after a while."""
    asked_at = state.orphans_cancelled.get(report.client_id)
    if asked_at is None or state.at - asked_at >= CANCEL_PATIENCE:
        state.orphans_cancelled[report.client_id] = state.at
        state.out.append(CancelForeign(report.venue_id, report.market, report.trigger))


def on_fill(state: State, fill: Fill) -> bool:
    """Book an execution of ours, once. Returns whether it was new."""
    if state.durable.booked(fill.market, fill.trade_id, fill.venue_ms):
        return False
    client_id = fill.client_id
    made_here = client_id <= state.durable.last_client_id and client_id.startswith(state.order_ids.journal)
    if not made_here:  # almost every one is
        lost_journal.notice(state, client_id)
        if not _is_ours(state, fill):
            return False
    instrument = state.instruments.get(fill.market)
    if instrument is None:
        _say_unlisted(state, fill.market)
        return False
    order = state.durable.orders.get(fill.client_id)
    if order is not None and not fill.amount and order.booked_lots + fill.lots > order.lots:
        state.violated(f"I2: execution {fill.trade_id} fills {fill.client_id} beyond the {order.lots} lots ordered")
    state.record(
        Filled(
            state.at,
            fill.market,
            fill.trade_id,
            fill.client_id,
            fill.side,
            fill.price or fill.ticks * instrument.tick,
            fill.amount or fill.lots * instrument.lot,
            fill.lots,
            fill.fee,
            fill.fee_asset,
            _fee_in_base(fill, instrument),
            fill.maker,
            fill.venue_ms,
            fill.sequence,
            fill.kind,
        )
    )
    if fill.kind:
        words = (
            f"{fill.market}: the venue itself moved the position by {fill.side * fill.lots} lots at {fill.ticks} ticks"
        )
        state.notices[f"forced {fill.market}"] = (fill.kind, words)
    return True


def _say_unlisted(state: State, market: str) -> None:
    """What is executed there cannot be counted. A market that is closed stands already, and it stands alone."""
    if market in state.closed:
        words = f"{market} has executions of this bot and is not listed any more: look at the account"
        state.notices[market] = ("MarketUnknown", words)
    else:
        words = f"spec.markets: {market} has executions of this bot and is not among them; put it back"
        state.problems[market] = Problem(state.at, market, "MarketUnknown", words)


def _is_ours(state: State, fill: Fill) -> bool:
    """By its order's id; what the venue itself forced on a contract's position has none and is ours all the same.

    What happened before this journal began is in the positions it began with, by the venue's clock: ours may have
    stood anywhere then. A position that the venue has forced down is seen in time, the longer one of before is looked
    at again; one that an earlier journal's order has made just now may not be seen yet, and is booked if it is found.
    """
    if fill.client_id.startswith(state.order_ids.journal):
        return True
    contract = _is_contract(state, fill.market)
    if contract and fill.kind:
        return fill.venue_ms >= state.begun_ms(fill.market)
    unseen_ms = VISIBILITY_DELAY // MILLISECOND if contract else 0
    return state.order_ids.is_ours(fill.client_id) and fill.venue_ms >= state.begun_ms(fill.market) - unseen_ms


def _is_contract(state: State, market: str) -> bool:
    instrument = state.instruments.get(market)
    return instrument is not None and instrument.linear


def _fee_in_base(fill: Fill, instrument: Instrument) -> bool:
    return fill.fee_asset == instrument.base and not instrument.linear


def compare_with_booked(state: State, fill: Fill) -> None:
    """The venue's list repeats an execution: another price or fee than was booked holds from now on."""
    instrument = state.instruments.get(fill.market)
    booked = state.durable.ledger(fill.market).in_window(fill.trade_id)
    if instrument is None or booked is None:
        return
    if (fill.side, fill.amount or fill.lots * instrument.lot) != (booked.side, booked.amount):
        state.violated(f"I2: the venue lists execution {fill.trade_id} with another side or amount than was booked")
    price = fill.price or fill.ticks * instrument.tick
    if (price, fill.fee, fill.fee_asset) != (booked.price, booked.fee, booked.fee_asset):
        fee_in_base = _fee_in_base(fill, instrument)
        state.record(FillCorrected(state.at, fill.market, fill.trade_id, price, fill.fee, fill.fee_asset, fee_in_base))


def on_funding(state: State, funding: Funding) -> None:
    """Book a funding payment, once; what was paid before its market came to this journal is not its."""
    if funding.venue_ms < state.begun_ms(funding.market):
        return
    if not state.durable.funded(funding.market, funding.funding_id, funding.venue_ms):
        state.record(
            Funded(state.at, funding.market, funding.funding_id, funding.amount, funding.asset, funding.venue_ms)
        )


def ask(state: State, order: Order, emergency: bool = False) -> None:
    """Ask the venue what became of an order, one question at a time."""
    if order.query_in_flight and state.at - order.asked_at < ANSWER_PATIENCE:
        return
    order.query_in_flight = True
    order.asked_at = state.at
    state.out.append(QueryOrder(order.client_id, order.market, emergency))


def cancel(state: State, order: Order, emergency: bool = False) -> None:
    """Ask the venue to cancel an order that is known to be there."""
    state.record(CancelAsked(state.at, order.client_id))
    state.out.append(Cancel(order.client_id, order.venue_id, order.market, emergency))


def chase(state: State, emergency: bool) -> None:
    """Ask about every order that has been in doubt for too long."""
    for order in list(state.durable.orders.values()):
        if order.state == SENT and state.at - order.sent_at > SENT_PATIENCE:
            move(state, order, UNKNOWN, reason="no answer")
        if order.state == UNKNOWN and _may_ask(state, order):
            ask(state, order, emergency)
        elif order.state == PENDING_CANCEL and state.at - order.cancel_asked_at > CANCEL_PATIENCE:
            cancel(state, order, emergency)  # does not wait for the answer to a question
            if _may_ask(state, order):
                ask(state, order, emergency)


def _may_ask(state: State, order: Order) -> bool:
    return state.at - order.asked_at >= ASK_AGAIN


def in_doubt(state: State, besides: Collection[str] = ()) -> bool:
    """Whether the outcome of any request for an order is still open, but for those on markets that do not count."""
    for order in state.durable.orders.values():
        if order.state in (SENT, UNKNOWN) and order.market not in besides:
            return True
    return False

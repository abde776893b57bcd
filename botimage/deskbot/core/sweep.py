"""Cancelling and proving it: what a halt and a stop have in common.

Round after round: cancel what should go, wait until no request is in doubt, ask the venue for every open order, normal
and trigger. Proven means two complete answers without a single order in scope, the second asked for a visibility delay
after the first had come, with nothing sent or cancelled in between and no order told of by the stream: the second list
may be from before it. What a lost journal had sent may still arrive until the receive window has passed since this one
began; a first look from before then does not count. A stop looks for our own orders alone, each of
which the venue has ended by name already: its second look comes sooner. Everything here uses the emergency instance of
the venue, and none of it waits for the journal.

On a market that is closed the venue may know neither an order's name any more nor the market's: its answer is taken and
not waited for. Two looks a visibility delay apart that do not show the order are its end there, once no request for it
can be on its way.
"""

from collections.abc import Callable
from functools import partial

from deskbot.core.closed import nameless
from deskbot.core.commands import CancelAll, CancelForeign, QueryOpenOrders
from deskbot.core.events import CancelAllResult, OpenOrdersAnswer, OrderReport
from deskbot.core.order_life import RECEIVE_WINDOW, SECOND, VISIBILITY_DELAY, ask, cancel, learn, move
from deskbot.core.orders import CANCELLED, FILLED, OPEN, PARTIALLY_FILLED, PENDING_CANCEL, SENT, UNKNOWN, Order
from deskbot.core.state import MILLISECOND, State

LOOK_AGAIN = SECOND // 10
OWN_PROOF_DELAY = SECOND // 2
CANCEL_AGAIN = SECOND // 2
ANSWER_PATIENCE = 10 * SECOND


class Sweep:
    """One attempt to leave the venue empty. With `everyone`, also of orders on `markets` that are not ours."""

    def __init__(self, state: State, markets: tuple[str, ...], everyone: bool) -> None:
        self._state = state
        self._markets = markets
        self.everyone = everyone
        self._proof_delay = VISIBILITY_DELAY if everyone else OWN_PROOF_DELAY
        self._question = 0
        self._asked_at = 0
        self._first_empty_at = 0
        self._cancelled_at: dict[str, int] = {}
        self._cancelled_all_at = 0
        self._gone: set[str] = set()
        self.residual = -1  # orders in scope at the last complete look; -1 before the first
        self.confirmed_at = 0

    @property
    def cancelled(self) -> int:
        """Orders that were seen, or known of, and are gone."""
        return len(self._gone)

    def step(self) -> None:
        """Do what is due; called at the beginning, on every timer and after every answer."""
        if self.confirmed_at:
            return
        self._cancel()
        waiting = self._question and self._state.at - self._asked_at < ANSWER_PATIENCE
        due = max(self._asked_at + LOOK_AGAIN, self._first_empty_at + self._delay() if self._first_empty_at else 0)
        if not waiting and not self._in_doubt() and self._state.at >= due:
            self._look()

    def _in_doubt(self) -> bool:
        orders = self._state.durable.orders.values()
        return any(one.state in (SENT, UNKNOWN) and not self._ends_by_list(one, self._state.at) for one in orders)

    def _ends_by_list(self, order: Order, asked_at: int) -> bool:
        """Whether a list that was asked for then is all that need be known: the order is in it, or has ended."""
        arrived = order.venue_id != "" or asked_at - order.signed_by >= RECEIVE_WINDOW
        return order.state != SENT and arrived and nameless(self._state, order.market)

    def _delay(self) -> int:
        """Orders that only lists tell of may be missing in one that lags behind."""
        return VISIBILITY_DELAY if self._state.durable.live_count() else self._proof_delay

    def on_cancel_all(self, _answer: CancelAllResult) -> None:
        """An acknowledgement is no proof: look."""
        if not self._in_doubt() and not self._question:
            self._look()

    def on_open_orders(self, answer: OpenOrdersAnswer) -> bool:
        """The venue's list. Returns whether the answer was to this sweep's own question."""
        if answer.request != self._question:
            return False
        self._question = 0
        if answer.complete:
            self._judge(answer.orders)
        return True

    def on_order_report(self, report: OrderReport) -> None:
        """The stream's word: an order in scope is there, or was a moment ago."""
        if report.state < FILLED and self._in_scope(report):
            self._first_empty_at = 0

    def _judge(self, orders: list[OrderReport]) -> None:
        for report in orders:
            learn(self._state, report)
        self._state.note_foreign(orders)
        left = [report for report in orders if self._in_scope(report)]
        self.residual = len(left)
        self._gone.update(map(self._name, left))
        self._cancel_left(left)
        self._ask_about_the_unseen({report.client_id for report in orders})
        live = self._state.durable.live_orders()
        if left or self._more_may_arrive() or not all(self._ends_by_list(order, self._asked_at) for order in live):
            self._first_empty_at = 0
        elif not self._first_empty_at:
            self._first_empty_at = self._state.at
        elif self._asked_at - self._first_empty_at >= self._delay():
            self._end_unlisted()
            self.confirmed_at = self._state.at

    def _more_may_arrive(self) -> bool:
        """Whether an order that a lost journal had sent could have come after the question."""
        durable = self._state.durable
        since_ms = self._state.venue_ms(self._asked_at) - durable.begun_ms
        return durable.is_successor and since_ms < RECEIVE_WINDOW // MILLISECOND

    def _end_unlisted(self) -> None:
        for order in self._state.durable.live_orders():
            move(self._state, order, CANCELLED, reason="its market is closed and the venue's list does not show it")

    def _in_scope(self, report: OrderReport) -> bool:
        if self._state.order_ids.is_ours(report.client_id):
            return True
        return self.everyone and report.market in self._markets

    def _cancel(self) -> None:
        if self.everyone and not self._cancelled_all_at:
            self._cancel_all()
        for order in self._resting():
            self._gone.add(order.client_id)
            self._cancel_again(order.client_id, partial(cancel, self._state, order, emergency=True))

    def _cancel_all(self) -> None:
        """One request for everything; it reaches what rests now, not what is still on its way."""
        self._cancelled_all_at = self._state.at
        self._state.out.append(CancelAll(self._state.next_request(), self._markets))
        for order in self._resting():
            if order.market in self._markets:
                self._cancelled_at[order.client_id] = self._state.at

    def _cancel_left(self, left: list[OrderReport]) -> None:
        """What a cancel-all left standing is cancelled again, all together and each by name."""
        if left and self.everyone and self._state.at - self._cancelled_all_at >= CANCEL_AGAIN:
            self._cancel_all()
        for report in left:
            command = CancelForeign(report.venue_id, report.market, report.trigger, emergency=True)
            self._cancelled_at.setdefault(self._name(report), self._cancelled_all_at)
            self._cancel_again(self._name(report), partial(self._state.out.append, command))

    def _cancel_again(self, name: str, send: Callable[[], None]) -> None:
        if self._state.at - self._cancelled_at.get(name, -CANCEL_AGAIN) >= CANCEL_AGAIN:
            self._cancelled_at[name] = self._state.at
            send()

    def _name(self, report: OrderReport) -> str:
        return report.client_id if self._state.order_ids.is_ours(report.client_id) else report.venue_id

    def _resting(self) -> list[Order]:
        return [o for o in self._state.durable.live_orders() if o.state in (OPEN, PARTIALLY_FILLED, PENDING_CANCEL)]

    def _ask_about_the_unseen(self, shown: set[str]) -> None:
        for order in self._state.durable.live_orders():
            if order.state != SENT and order.client_id not in shown:
                ask(self._state, order, emergency=True)

    def _look(self) -> None:
        self._question = self._state.next_request()
        self._asked_at = self._state.at
        self._state.out.append(QueryOpenOrders(self._question, emergency=True))

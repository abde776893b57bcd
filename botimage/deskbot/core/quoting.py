"""From a strategy's targets to intents: diff, gate, then cancels, then journaled creates.

targets ──compare──▶ kept · surplus · busy ──gate──▶ Batch ──▶ cancels, Intents and Places, one Decision
"""

from mypy_extensions import mypyc_attr

from deskbot.core.commands import Place
from deskbot.core.decisions import KEPT, PLACED, WAITS, Decision
from deskbot.core.diff import Difference, compare
from deskbot.core.gate import OrderRate, Proposal, failed_check
from deskbot.core.order_life import cancel
from deskbot.core.orders import OPEN, PARTIALLY_FILLED, Order
from deskbot.core.records import Intent
from deskbot.core.stand import Stand
from deskbot.core.state import State
from deskbot.core.strategy import Target


def pull(state: State, market: str | None = None) -> None:
    """Cancel what rests (on one market): no quote stays that nobody stands behind."""
    for name, working in state.durable.working.items():
        if (working.buys or working.sells) and (market is None or name == market):
            for order in working.live():
                if order.state in (OPEN, PARTIALLY_FILLED):
                    cancel(state, order)


def leave_other_markets(state: State) -> None:
    """Cancel what still rests on markets that left the spec; their executions are asked for when they return."""
    if state.control is None or not state.venue_open:
        return
    for market in state.durable.working:
        if market not in state.control.markets:
            break
    else:
        return  # almost always; there are fewer markets than orders
    for order in state.durable.orders.values():
        if order.market not in state.control.markets and order.state in (OPEN, PARTIALLY_FILLED):
            cancel(state, order)


@mypyc_attr(acyclic=True, free_list_len=1)
class Batch:
    """What one market's targets come to: orders to cancel, targets to send, what was refused and by which check."""

    __slots__ = ("_proposal", "_targets", "dropped", "fates", "places", "surplus")

    def __init__(self, proposal: Proposal, targets: list[Target]) -> None:
        self._proposal = proposal
        self._targets = targets
        self.surplus: list[Order] = []
        self.places: list[Target] = []
        self.dropped: list[tuple[int, str]] = []
        self.fates = [WAITS] * len(targets)

    def judge_all(self, found: Difference) -> None:
        """What rests already has its place in the limits before anything new asks for one."""
        kept, busy = found.kept, found.busy
        self.surplus = found.surplus
        if kept:
            for order in kept.values():  # counted again as the targets they are
                self._proposal.commit(order.side, -order.at_risk_lots, -1)
            for index in sorted(kept):
                self._judge_kept(index, kept[index])
        for index, target in enumerate(self._targets):
            if index not in kept and (not busy or (target.side, target.level) not in busy):
                self._judge_new(index, target)

    def judge_new(self) -> None:
        """Where nothing rests every target is new."""
        for index, target in enumerate(self._targets):
            self._judge_new(index, target)

    def _judge_kept(self, index: int, order: Order) -> None:
        """An order that rests stays unless a check refuses it; until it is gone it still counts."""
        target, lots = self._targets[index], order.at_risk_lots
        refused = failed_check(self._proposal.of(target, lots, order))
        self._proposal.commit(target.side, lots, 1)
        if refused:
            self._drop(index, refused)
            if order.state in (OPEN, PARTIALLY_FILLED):
                self.surplus.append(order)
        else:
            self.fates[index] = KEPT

    def _judge_new(self, index: int, target: Target) -> None:
        """A target that has no order yet gets one if every check lets it."""
        proposal = self._proposal
        proposal.target, proposal.lots, proposal.kept = target, target.lots, None
        refused = failed_check(proposal)
        if refused:
            self._drop(index, refused)
            return
        self.fates[index] = PLACED
        proposal.commit(target.side, target.lots, 1)
        proposal.rate.take()
        self.places.append(target)

    def _drop(self, index: int, check: str) -> None:
        self.fates[index] = check
        self.dropped.append((index, check))
        self._proposal.state.reject(check)


def make_so(state: State, stand: Stand, targets: list[Target], rate: OrderRate) -> None:
    """Lead the resting orders of one market to the targets that pass the gate."""
    live = stand.working.live()
    if not targets:
        if live:
            _want_nothing(state, stand, targets, live)
        return
    found = compare(targets, live) if live else None
    busy = found is not None and bool(found.busy)
    if busy or state.waiting:
        _note_waiting(state, stand, busy)
    batch = Batch(Proposal(state, stand, rate), targets)
    if found is None:
        batch.judge_new()
    else:
        batch.judge_all(found)
    cancelled = _cancel(state, batch.surplus)
    placed: list[str] = []
    for target in batch.places:
        placed.append(_place(state, stand.name, target))
    if placed or cancelled or batch.dropped != stand.dropped:
        stand.dropped = batch.dropped
        _decide(state, stand, targets, batch.fates, placed, cancelled)


def _note_waiting(state: State, stand: Stand, waits: bool) -> None:
    if waits:
        state.waiting.add(stand.name)
    else:
        state.waiting.discard(stand.name)


def _want_nothing(state: State, stand: Stand, targets: list[Target], live: list[Order]) -> None:
    resting: list[Order] = []
    for order in live:
        if order.state == OPEN or order.state == PARTIALLY_FILLED:
            resting.append(order)
    if state.waiting or len(resting) < len(live):
        _note_waiting(state, stand, len(resting) < len(live))
    cancelled = _cancel(state, resting)
    if cancelled or stand.dropped:
        stand.dropped = []
        _decide(state, stand, targets, [], [], cancelled)


def _cancel(state: State, orders: list[Order]) -> list[str]:
    cancelled: list[str] = []
    for order in orders:
        cancelled.append(order.client_id)
        cancel(state, order)
    return cancelled


def _decide(
    state: State, stand: Stand, targets: list[Target], fates: list[str], placed: list[str], cancelled: list[str]
) -> None:
    market, position = stand.market, stand.position(state)
    state.decide(Decision(state.at, stand.name, market.bid, market.ask, position, targets, fates, placed, cancelled))


def _place(state: State, market: str, target: Target) -> str:
    client_id = state.order_ids.next()
    side, ticks, lots = target.side, target.ticks, target.lots
    state.record(
        Intent(state.at, client_id, market, side, ticks, lots, target.post_only, target.reduce_only, target.level)
    )
    state.out.append(Place(client_id, market, side, ticks, lots, target.post_only, target.reduce_only))
    return client_id

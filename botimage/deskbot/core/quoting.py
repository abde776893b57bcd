"""From a strategy's targets to intents: diff, gate, then cancels, then journaled creates."""

from deskbot.core.commands import Place
from deskbot.core.diff import compare
from deskbot.core.gate import OrderRate, Proposal, failed_check
from deskbot.core.instrument import BUY
from deskbot.core.limits import Limits
from deskbot.core.market import MarketState
from deskbot.core.money import UNIT
from deskbot.core.order_life import cancel
from deskbot.core.orders import OPEN, PARTIALLY_FILLED, Order
from deskbot.core.records import Intent
from deskbot.core.state import State
from deskbot.core.strategy import Target, View


def view_of(state: State, limits: Limits, market: MarketState) -> View:
    """What the strategy of a market may see."""
    position = state.durable.ledger(market.instrument.market).position
    value = market.mid_price * position // UNIT
    return View(
        state.at,
        market.instrument,
        market.bid,
        market.bid_lots,
        market.ask,
        market.ask_lots,
        position,
        value,
        limits.max_position_notional,
        limits.max_order_notional,
    )


def pull(state: State, market: str | None = None) -> None:
    """Cancel what rests (on one market): no quote stays that nobody stands behind."""
    for order in state.durable.live_orders():
        if order.state in (OPEN, PARTIALLY_FILLED) and (market is None or order.market == market):
            cancel(state, order)


class Batch:
    """What one market's targets come to: orders to cancel, targets to send, and what is committed beside them."""

    __slots__ = ("buys", "count", "places", "sells", "surplus")

    def __init__(self, others: list[Order], count: int, surplus: list[Order]) -> None:
        self.buys = sum(order.at_risk_lots for order in others if order.side == BUY)
        self.sells = sum(order.at_risk_lots for order in others if order.side != BUY)
        self.count = count
        self.surplus = surplus
        self.places: list[Target] = []

    def commit(self, proposal: Proposal) -> None:
        """From now on this target counts in every limit."""
        self.count += 1
        if proposal.target.side == BUY:
            self.buys += proposal.lots
        else:
            self.sells += proposal.lots
        if proposal.kept is None:
            proposal.rate.take()
            self.places.append(proposal.target)


def make_so(state: State, limits: Limits, market: MarketState, targets: list[Target], rate: OrderRate) -> None:
    """Lead the resting orders of one market to the targets that pass the gate."""
    batch = _batch(state, limits, market, targets, rate)
    for order in batch.surplus:
        cancel(state, order)
    for target in batch.places:
        _place(state, market.instrument.market, target)


def _batch(state: State, limits: Limits, market: MarketState, targets: list[Target], rate: OrderRate) -> Batch:
    name = market.instrument.market
    ours = [order for order in state.durable.orders.values() if order.market == name]
    difference = compare(targets, [order for order in ours if order.live])
    kept_ids = {order.client_id for order in difference.kept.values()}
    others = [order for order in ours if order.client_id not in kept_ids]
    batch = Batch(others, len(state.durable.live_orders()) - len(kept_ids), list(difference.surplus))
    # What rests already has its place in the limits before anything new asks for one.
    for index in sorted(range(len(targets)), key=lambda i: i not in difference.kept):
        target, kept = targets[index], difference.kept.get(index)
        if kept is None and (target.side, target.level) in difference.busy:
            continue
        proposal = Proposal(state, limits, market, target, kept, batch.buys, batch.sells, batch.count, rate)
        failed = failed_check(proposal)
        if not failed:
            batch.commit(proposal)
            continue
        state.reject(failed)
        if kept is not None:
            _drop(batch, proposal, kept)
    return batch


def _drop(batch: Batch, proposal: Proposal, kept: Order) -> None:
    """A resting order that its limits no longer allow goes; until it is gone it still counts."""
    batch.commit(proposal)
    if kept.state in (OPEN, PARTIALLY_FILLED):
        batch.surplus.append(kept)


def _place(state: State, market: str, target: Target) -> None:
    client_id = state.order_ids.next()
    state.record(
        Intent(
            state.at,
            client_id,
            market,
            target.side,
            target.ticks,
            target.lots,
            target.post_only,
            target.reduce_only,
            target.level,
        )
    )
    state.out.append(
        Place(client_id, market, target.side, target.ticks, target.lots, target.post_only, target.reduce_only)
    )

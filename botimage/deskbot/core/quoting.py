"""From a strategy's targets to intents: diff, gate, then cancels, then journaled creates.

targets ──compare──▶ kept · surplus · busy ──gate──▶ Batch ──▶ cancels, Intents and Places, one Decision
"""

from deskbot.core.commands import Place
from deskbot.core.decisions import KEPT, PLACED, WAITS, Decision
from deskbot.core.diff import Difference, compare
from deskbot.core.gate import OrderRate, Proposal, failed_check
from deskbot.core.instrument import BUY
from deskbot.core.limits import Limits
from deskbot.core.market import MarketState
from deskbot.core.order_life import cancel
from deskbot.core.orders import OPEN, PARTIALLY_FILLED, Order
from deskbot.core.records import Intent
from deskbot.core.state import State
from deskbot.core.strategy import Target, View


def view_of(state: State, limits: Limits, market: MarketState) -> View:
    """What the strategy of a market may see."""
    name = market.instrument.market
    view = state.views.get(name)
    if view is None:
        view = state.views[name] = View(0, market.instrument, 0, 0, 0, 0, 0, 0, 0, market.candles)
    if view.revision != state.revision:  # not on a quiet book: half the time of the rest of this
        _show_ours(state, limits, market, view)
    view.at = state.at
    view.bid = market.bid
    view.bid_lots = market.bid_lots
    view.ask = market.ask
    view.ask_lots = market.ask_lots
    view.sequence = market.sequence
    return view


def _show_ours(state: State, limits: Limits, market: MarketState, view: View) -> None:
    """What only a record, the object or the venue's listing can change."""
    name = market.instrument.market
    working = state.durable.working_on(name)
    view.revision = state.revision
    view.instrument = market.instrument
    view.candles = market.candles
    ledger = state.durable.ledger(name)
    view.position = ledger.position
    view.forced = ledger.forced
    view.max_position = limits.max_position_notional
    view.max_order = limits.max_order_notional
    view.buys = working.buys
    view.sells = working.sells


def pull(state: State, market: str | None = None) -> None:
    """Cancel what rests (on one market): no quote stays that nobody stands behind."""
    for name, working in state.durable.working.items():
        if (working.buys or working.sells) and (market is None or name == market):
            for order in working.live():
                if order.state in (OPEN, PARTIALLY_FILLED):
                    cancel(state, order)


class Batch:
    """What one market's targets come to: orders to cancel, targets to send, and what is committed beside them."""

    __slots__ = (
        "buys",
        "count",
        "dropped",
        "fates",
        "limits",
        "market",
        "places",
        "rate",
        "sells",
        "state",
        "surplus",
        "targets",
    )

    def __init__(
        self,
        state: State,
        limits: Limits,
        market: MarketState,
        targets: list[Target],
        found: Difference,
        rate: OrderRate,
    ) -> None:
        working = state.durable.working_on(market.instrument.market)
        self.state = state
        self.limits = limits
        self.market = market
        self.targets = targets
        self.rate = rate
        self.buys = working.buy_lots
        self.sells = working.sell_lots
        self.count = state.durable.live_count()
        self.surplus = found.surplus
        self.places: list[Target] = []
        self.dropped: list[tuple[int, str]] = []
        self.fates = [WAITS] * len(targets)
        for order in found.kept.values():  # counted again as the targets they are
            self._commit(order.side, -order.at_risk_lots, -1)

    def judge(self, index: int, kept: Order | None) -> None:
        """Send one target through the gate."""
        target = self.targets[index]
        proposal = Proposal(
            self.state, self.limits, self.market, target, kept, self.buys, self.sells, self.count, self.rate
        )
        failed = failed_check(proposal)
        self.fates[index] = failed or (PLACED if kept is None else KEPT)
        if failed:
            self.state.reject(failed)
            self.dropped.append((index, failed))
        if kept is not None:
            self._commit(target.side, proposal.lots, 1)  # until a dropped one is gone it still counts
            if failed and kept.state in (OPEN, PARTIALLY_FILLED):
                self.surplus.append(kept)
        elif not failed:
            self._commit(target.side, proposal.lots, 1)
            self.rate.take()
            self.places.append(target)

    def _commit(self, side: int, lots: int, orders: int) -> None:
        self.count += orders
        if side == BUY:
            self.buys += lots
        else:
            self.sells += lots


def make_so(state: State, limits: Limits, market: MarketState, targets: list[Target], rate: OrderRate) -> None:
    """Lead the resting orders of one market to the targets that pass the gate."""
    name = market.instrument.market
    live = state.durable.working_on(name).live()
    if not targets and not live:
        return
    found = compare(targets, live)
    batch = Batch(state, limits, market, targets, found, rate)
    # What rests already has its place in the limits before anything new asks for one.
    for index in sorted(found.kept):
        batch.judge(index, found.kept[index])
    for index, target in enumerate(targets):
        if index not in found.kept and (target.side, target.level) not in found.busy:
            batch.judge(index, None)
    cancelled = [order.client_id for order in batch.surplus]
    for order in batch.surplus:
        cancel(state, order)
    placed = [_place(state, name, target) for target in batch.places]
    if placed or cancelled or batch.dropped != state.dropped.get(name, []):
        state.dropped[name] = batch.dropped
        position = state.durable.ledger(name).position
        state.decide(
            Decision(state.at, name, market.bid, market.ask, position, targets, batch.fates, placed, cancelled)
        )


def _place(state: State, market: str, target: Target) -> str:
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
    return client_id

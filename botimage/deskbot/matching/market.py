"""One market: the recorded book and trades, and what they do to our own orders.

An order that arrives first takes what it can from the recorded levels, as a taker, if its kind allows; what is left of
a limit order then rests. While it rests there are two ways to fill, always at its own price and as a maker: public
trades that reach its place in the queue, and the opposite side of the book coming to its price, which fills it whole.
Taking does not alter the recorded book, so the same displayed size can be taken again, also by the rest of the same
order on the next change of the book. Conditional orders wait for the last price.

A halted market goes on being displayed, but nothing trades and nothing may be placed; a closed one is gone.

Everything about money is the settlement's (`settlement`); when things happen is the exchange's (`exchange`).
"""

from enum import StrEnum
from typing import NamedTuple

from deskbot.matching.book import Book, BookSide
from deskbot.matching.listing import Listing
from deskbot.matching.market_data import BestQuote, Delta, MarketEvent, PublicTrade, Snapshot
from deskbot.matching.orders import (
    FINAL,
    EndReason,
    Order,
    OrderStatus,
    OrderType,
    SelfTrade,
    Side,
    TimeInForce,
    TriggerDirection,
)
from deskbot.matching.queueing import QueueModel
from deskbot.matching.reports import TickerView
from deskbot.matching.resting import RestingSide
from deskbot.matching.settlement import Settlement
from deskbot.matching.tape import Tape


class MarketStatus(StrEnum):
    """Whether a market trades."""

    TRADING = "trading"
    HALTED = "halted"
    CLOSED = "closed"


class Terms(NamedTuple):
    """What an amendment may change; None leaves a term as it is when the amendment arrives."""

    ticks: int | None
    lots: int | None
    trigger_ticks: int | None


IMMEDIATE = frozenset({TimeInForce.IMMEDIATE_OR_CANCEL, TimeInForce.FILL_OR_KILL})


class Market:
    """The state of one market; `time_ns` is when its book last changed."""

    __slots__ = (
        "_asks",
        "_bids",
        "_conditional",
        "_reduce_only",
        "_settlement",
        "book",
        "listing",
        "status",
        "tape",
        "time_ns",
    )

    def __init__(self, listing: Listing, settlement: Settlement, model: QueueModel) -> None:
        self.listing = listing
        self._settlement = settlement
        self._bids = RestingSide(1, model)
        self._asks = RestingSide(-1, model)
        self._conditional: list[Order] = []
        self._reduce_only: list[Order] = []
        self.book = Book(self._bids.levels, self._asks.levels)
        self.tape = Tape(listing)
        self.time_ns = 0
        self.status = MarketStatus.TRADING

    # the recording

    def take(self, event: MarketEvent) -> None:
        """Let one recorded event happen. A halted market displays its book, a closed one nothing."""
        if self.status is not MarketStatus.TRADING and not self._displays(event):
            return
        if isinstance(event, BestQuote):
            self.book.best_quote(event)
        elif isinstance(event, PublicTrade):
            self._trade(event)
            return
        elif isinstance(event, Delta):
            self.book.delta(event)
        else:
            self._snapshot(event)
        self.time_ns = self._settlement.now_ns
        if self.status is MarketStatus.TRADING:
            self.match()

    def match(self) -> None:
        """Fill what rests where the book has come to it."""
        if self._bids.best is not None or self._asks.best is not None:
            self._book_changed()

    def _displays(self, event: MarketEvent) -> bool:
        return self.status is MarketStatus.HALTED and not isinstance(event, PublicTrade)

    def _snapshot(self, event: Snapshot) -> None:
        self.book.snapshot(event)
        self._bids.queue_again(self.book.bids)
        self._asks.queue_again(self.book.asks)

    def _book_changed(self) -> None:
        for own, displayed, opposite in (
            (self._bids, self.book.bids, self.book.asks),
            (self._asks, self.book.asks, self.book.bids),
        ):
            if displayed.changes:
                own.levels_changed(displayed.changes)
                displayed.changes.clear()
            if own.best is not None and opposite.reaches(own.best):
                self._fill_crossed(own, opposite)

    def _fill_crossed(self, own: RestingSide, opposite: BookSide) -> None:
        for order in list(own.orders()):
            if not opposite.reaches(order.ticks):
                break
            self._fill_resting(order, order.remaining_lots)

    def _trade(self, event: PublicTrade) -> None:
        self.tape.add(event, self._settlement.now_ns)
        self._settlement.last_price[self.listing.key] = event.ticks
        own = self._asks if event.taker_buys else self._bids
        if own.best is not None and own.best * own.sign >= event.ticks * own.sign:
            for order, lots in own.traded(event.ticks, event.lots):
                self._fill_resting(order, lots)
        if self._conditional:
            self._trigger(event.ticks)

    # orders

    def arrive(self, order: Order) -> None:
        """An order reaches the market: a conditional one waits, any other one enters the book."""
        if order.trigger_ticks is None:
            self._enter(order)
            return
        order.status = OrderStatus.UNTRIGGERED
        self._conditional.append(order)
        self._settlement.report_order(order)

    def amend(self, order: Order, terms: Terms) -> None:
        """New terms for an open order; only a smaller quantity at the same price keeps its place in the queue.

        Terms the account can no longer pay for change nothing. A quantity that is filled by now ends the order, and the
        order's own stays as it was: more would have filled than was ordered.
        """
        if terms.lots is not None and terms.lots <= order.filled_lots:
            self.finish(order, EndReason.BY_USER)
            return
        if not self.affords(order, terms):
            self._settlement.report_order(order)
            return
        before = _set_terms(order, terms)
        keeps_place = order.ticks == before.ticks and order.lots <= (before.lots or 0)
        if not keeps_place:
            self._side(order).remove(order, before.ticks or 0)
        self._settlement.reserve(order)
        if order.is_waiting or keeps_place:
            self._settlement.report_order(order)
        else:
            self._enter(order)

    def affords(self, order: Order, terms: Terms) -> bool:
        """Whether the account could hold back what an order would need under new terms."""
        before = _set_terms(order, terms)
        affordable = self._settlement.can_reserve(order)
        _set_terms(order, before)
        return affordable

    def finish(self, order: Order, reason: EndReason, status: OrderStatus = OrderStatus.CANCELLED) -> None:
        """Take an order out of the market and make it final."""
        self._side(order).remove(order, order.ticks)
        for listed in (self._conditional, self._reduce_only):
            if order in listed:
                listed.remove(order)
        self._settlement.end(order, status, reason)

    def worst_price(self, side: Side, lots: int) -> int | None:
        """Where a market order of that size would end on the displayed book; None without any."""
        levels = self._opposite(side).walk(None, lots)
        return levels[-1][0] if levels else None

    def ticker(self, now_ns: int) -> TickerView:
        """The market at a glance."""
        bids, asks, day = self.book.bids, self.book.asks, self.tape.day(now_ns)
        return TickerView(
            listing=self.listing,
            time_ns=now_ns,
            last=self.tape.last,
            bid=bids.best,
            bid_lots=0 if bids.best is None else bids.sizes[bids.best],
            ask=asks.best,
            ask_lots=0 if asks.best is None else asks.sizes[asks.best],
            high=day.high,
            low=day.low,
            volume=day.volume,
            turnover=day.turnover,
            previous=day.open,
        )

    def _enter(self, order: Order) -> None:
        end = self._refuse_entry(order)
        if end is not None:
            self.finish(order, end)
            return
        if not self._may_meet_own(order):
            self.finish(order, EndReason.SELF_TRADE)
            return
        order.status = OrderStatus.PARTIALLY_FILLED if order.filled_lots else OrderStatus.NEW
        self._settlement.report_order(order)
        if order.reduce_only and order not in self._reduce_only:
            self._reduce_only.append(order)
        self._take_liquidity(order)
        if order.status in FINAL:
            return
        if order.type is OrderType.MARKET or order.time_in_force in IMMEDIATE:
            self.finish(order, EndReason.NOTHING_TO_TAKE)
        else:
            self._side(order).add(order, self._displayed(order).sizes.get(order.ticks, 0))

    def _may_meet_own(self, order: Order) -> bool:
        """Self-trade prevention: whether the arriving order goes on; resting ones it would meet end if they must."""
        if order.self_trade is SelfTrade.ALLOWED:
            return True
        resting = self._asks if order.side is Side.BUY else self._bids
        met = [own for own in resting.orders() if own.account == order.account and _crosses(order, own)]
        if order.self_trade is not SelfTrade.CANCEL_TAKER:
            for own in met:
                self.finish(own, EndReason.SELF_TRADE)
        return not met or order.self_trade is SelfTrade.CANCEL_MAKER

    def _refuse_entry(self, order: Order) -> EndReason | None:
        opposite = self._opposite(order.side)
        if order.reduce_only and self._settlement.reducible(order) == 0:
            return EndReason.NOTHING_TO_REDUCE
        if order.time_in_force is TimeInForce.POST_ONLY and opposite.reaches(order.ticks):
            return EndReason.POST_ONLY_WOULD_TAKE
        if order.time_in_force is TimeInForce.FILL_OR_KILL and order.type is OrderType.LIMIT:
            wanted = order.remaining_lots
            if sum(size for _, size in opposite.walk(order.ticks, wanted)) < wanted:
                return EndReason.NOT_WHOLLY_FILLABLE
        return None

    def _take_liquidity(self, order: Order) -> None:
        limit = order.ticks if order.type is OrderType.LIMIT else None
        self._settlement.free_for_taking(order)
        if order.cost_limit_units is not None:
            order.lots = self._affordable_lots(order, order.cost_limit_units)
        wanted = self._settlement.reducible(order) if order.reduce_only else order.remaining_lots
        for price, size in self._opposite(order.side).walk(limit, wanted):
            lots = min(size, self._settlement.payable_lots(order, price))
            if lots:
                self._settlement.fill(order, price, lots, maker=False)
            if lots < size:
                break
        self.end_what_cannot_reduce()

    def _affordable_lots(self, order: Order, budget: int) -> int:
        total = 0
        for price, size in self._opposite(order.side).walk(None, self.listing.max_lots):
            lots = min(size, budget // self.listing.value(price, 1))
            budget -= self.listing.value(price, lots)
            total += lots
            if lots < size:
                break
        return total

    def _fill_resting(self, order: Order, lots: int) -> None:
        if order.status in FINAL:
            return
        lots = min(lots, self._settlement.reducible(order)) if order.reduce_only else lots
        if lots:
            self._settlement.fill(order, order.ticks, lots, maker=True)
        if order.status is OrderStatus.FILLED:
            self._side(order).remove(order, order.ticks)
        self.end_what_cannot_reduce()

    def end_what_cannot_reduce(self) -> None:
        """Reduce-only orders that would no longer reduce are cancelled, as on Bybit."""
        if not self._reduce_only:
            return
        self._reduce_only = [order for order in self._reduce_only if order.status not in FINAL]
        for order in list(self._reduce_only):
            if self._settlement.reducible(order) == 0:
                self.finish(order, EndReason.NOTHING_TO_REDUCE)

    def _trigger(self, last: int) -> None:
        for order in list(self._conditional):
            trigger = order.trigger_ticks
            rises = order.trigger_direction is TriggerDirection.RISE
            if trigger is None or not (last >= trigger if rises else last <= trigger):
                continue
            self._conditional.remove(order)
            order.triggered = True
            if order.type is OrderType.MARKET:
                order.reserve_ticks = self.worst_price(order.side, order.lots) or trigger
            if self._settlement.can_reserve(order):
                self._settlement.reserve(order)
                self._enter(order)
            else:
                self.finish(order, EndReason.INSUFFICIENT_BALANCE, OrderStatus.REJECTED)

    def _side(self, order: Order) -> RestingSide:
        return self._bids if order.side is Side.BUY else self._asks

    def _displayed(self, order: Order) -> BookSide:
        return self.book.bids if order.side is Side.BUY else self.book.asks

    def _opposite(self, side: Side) -> BookSide:
        return self.book.asks if side is Side.BUY else self.book.bids


def _crosses(arriving: Order, resting: Order) -> bool:
    return arriving.type is OrderType.MARKET or (arriving.ticks - resting.ticks) * arriving.side.sign >= 0


def _set_terms(order: Order, terms: Terms) -> Terms:
    """Give an order new terms; returns those it had."""
    before = Terms(order.ticks, order.lots, order.trigger_ticks)
    order.ticks = order.ticks if terms.ticks is None else terms.ticks
    order.lots = order.lots if terms.lots is None else terms.lots
    order.trigger_ticks = order.trigger_ticks if terms.trigger_ticks is None else terms.trigger_ticks
    if order.type is OrderType.LIMIT:
        order.reserve_ticks = order.ticks
    return before

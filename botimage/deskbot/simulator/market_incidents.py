"""What can happen to markets and positions, whatever the dialect: the matching core's clearing, by order.

A market that is not listed, and filters or prices off its grid, are refused when the fault is ordered.
"""

from __future__ import annotations

from deskbot.matching import EndReason, Exchange, Listing, PublicTrade
from deskbot.matching.listing import Filters
from deskbot.simulator.fault_models import (
    Action,
    Deleveraging,
    Delisting,
    FilterChange,
    Flash,
    Funding,
    FundingRate,
    Halt,
    Liquidation,
    MarketAction,
    MarkPrice,
    VenueCancel,
)
from deskbot.simulator.faults import Faults
from deskbot.simulator.incidents import Incidents

REASONS = {"expired": EndReason.EXPIRED, "selfTrade": EndReason.SELF_TRADE, "venue": EndReason.BY_VENUE}


class MarketIncidents:
    def __init__(self, exchange: Exchange, faults: Faults, incidents: Incidents) -> None:
        self._exchange = exchange
        self._clearing = exchange.clearing
        self._before: dict[str, Filters] = {}
        faults.on_check(self._check)
        self._register(incidents)

    def _register(self, incidents: Incidents) -> None:
        clearing, key, on = self._clearing, self._key, incidents.on
        on(Liquidation, lambda it: clearing.liquidate(key(it), it.account))
        on(Deleveraging, lambda it: clearing.deleverage(key(it), it.account, it.quantity))
        on(Delisting, lambda it: clearing.delist(key(it)))
        on(Halt, lambda it: clearing.halt(key(it)), lambda it: clearing.resume(key(it)))
        on(FilterChange, self._change_filters, self._restore_filters)
        on(Funding, lambda it: clearing.fund(key(it), it.rate, it.account))
        on(FundingRate, self._set_funding_rate)
        on(Flash, self._flash)
        on(MarkPrice, self._set_mark, lambda it: clearing.set_mark(key(it), None))
        on(VenueCancel, self._cancel)

    def _check(self, action: Action) -> None:
        """Raises ValueError with one line."""
        if not isinstance(action, MarketAction | VenueCancel) or action.market is None:
            return
        listing = self._listing(action.market)
        if isinstance(action, FilterChange):
            _filters(action).applied_to(listing)
        if isinstance(action, MarkPrice) and listing.ticks(action.price) is None:
            raise ValueError(
                f"price: {action.price} is no multiple of the tick {listing.tick_size} of {listing.unified}"
            )

    def _listing(self, name: str) -> Listing:
        listings = self._exchange.listings.values()
        found = next((one for one in listings if name in (one.unified, one.key)), None)
        if found is None:
            raise ValueError(
                f"market: {name!r} is not listed; one of {', '.join(sorted(one.unified for one in listings))}"
            )
        return found

    def _key(self, action: MarketAction) -> str:
        return self._listing(action.market).key

    def _change_filters(self, change: FilterChange) -> int:
        listing = self._listing(change.market)
        self._before.setdefault(listing.key, _present(listing))
        self._clearing.change_filters(listing.key, _filters(change))
        return 1

    def _restore_filters(self, change: FilterChange) -> None:
        """Back to those the market had before the first change."""
        key = self._key(change)
        self._clearing.change_filters(key, self._before[key])

    def _set_funding_rate(self, action: FundingRate) -> int:
        self._clearing.set_funding_rate(self._key(action), action.rate)
        return 1

    def _flash(self, flash: Flash) -> int:
        """The price is cut to the tick, one tick at least; nothing happens before there is a last price."""
        listing, exchange = self._listing(flash.market), self._exchange
        last = exchange.ticker(listing.key).last
        lots = listing.lots(flash.quantity)
        if last is None or not lots:
            return 0
        ticks = max(1, int(last * flash.factor))
        exchange.market_event(PublicTrade(listing.key, exchange.now_ns, ticks, lots, flash.factor > 1))
        return 1

    def _set_mark(self, action: MarkPrice) -> int:
        listing = self._listing(action.market)
        self._clearing.set_mark(listing.key, listing.ticks(action.price))
        return 1

    def _cancel(self, action: VenueCancel) -> int:
        market = None if action.market is None else self._listing(action.market).key
        return self._clearing.cancel(REASONS[action.reason], market, action.account, action.most)


def _filters(change: FilterChange) -> Filters:
    return Filters(
        tick_size=change.tick_size,
        quantity_step=change.quantity_step,
        min_quantity=change.min_quantity,
        max_quantity=change.max_quantity,
        min_notional=change.min_notional,
    )


def _present(listing: Listing) -> Filters:
    return Filters(
        tick_size=listing.tick_size,
        quantity_step=listing.quantity_step,
        min_quantity=listing.min_quantity,
        max_quantity=listing.max_quantity,
        min_notional=listing.min_notional,
    )

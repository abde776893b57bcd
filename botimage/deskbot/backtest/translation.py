"""What the exchange of the matching core says, in the engine's words, and what the engine asks of it."""

from typing import Final

from deskbot.core.commands import Place
from deskbot.core.events import AUTO_DELEVERAGING, LIQUIDATION, SETTLEMENT, Fill, Funding, OrderReport
from deskbot.core.instrument import BUY, SELL, Instrument
from deskbot.core.money import to_units
from deskbot.core.orders import CANCELLED, EXPIRED, FILLED, OPEN, PARTIALLY_FILLED, REJECTED
from deskbot.matching import (
    Category,
    EndReason,
    ExecutionReport,
    FundingReport,
    Listing,
    NewOrder,
    Order,
    OrderStatus,
    OrderType,
    Origin,
    Side,
    TimeInForce,
)
from deskbot.matching import OrderReport as VenueOrderReport

NS_PER_MS: Final = 1_000_000

# An order in flight is not in any list yet.
STATES: Final = {
    OrderStatus.UNTRIGGERED: OPEN,
    OrderStatus.NEW: OPEN,
    OrderStatus.PARTIALLY_FILLED: PARTIALLY_FILLED,
    OrderStatus.FILLED: FILLED,
    OrderStatus.CANCELLED: CANCELLED,
    OrderStatus.PARTIALLY_FILLED_CANCELLED: CANCELLED,
    OrderStatus.REJECTED: REJECTED,
    OrderStatus.DEACTIVATED: CANCELLED,
}

KINDS: Final = {
    Origin.OWNER: "",
    Origin.LIQUIDATION: LIQUIDATION,
    Origin.AUTO_DELEVERAGING: AUTO_DELEVERAGING,
    Origin.SETTLEMENT: SETTLEMENT,
}


def instrument_of(listing: Listing) -> Instrument:
    """The engine's view of a listing."""
    return Instrument(
        market=listing.unified,
        base=listing.base,
        quote=listing.quote,
        settle=listing.settle,
        linear=listing.category is Category.LINEAR,
        tick=listing.tick_units,
        lot=listing.step_units,
        min_lots=listing.min_lots,
        max_lots=listing.max_lots,
        min_notional=listing.min_notional_units,
        maker_rate=to_units(listing.maker_rate),
        taker_rate=to_units(listing.taker_rate),
    )


def new_order(command: Place, listing: Listing, instrument: Instrument) -> NewOrder:
    """The request of an intent; a market order carries no price."""
    limit = command.price_ticks > 0
    return NewOrder(
        market=listing.key,
        side=Side.BUY if command.side == BUY else Side.SELL,
        type=OrderType.LIMIT if limit else OrderType.MARKET,
        quantity=instrument.amount(command.lots),
        price=instrument.price(command.price_ticks) if limit else None,
        time_in_force=TimeInForce.POST_ONLY if command.post_only else TimeInForce.GOOD_TILL_CANCELLED,
        reduce_only=command.reduce_only,
        link_id=command.client_id,
    )


def order_report(order: VenueOrderReport | Order, listing: Listing) -> OrderReport:
    """An order as it stands; whoever delivers it sets the time."""
    expired = order.end_reason is EndReason.EXPIRED
    return OrderReport(
        at=0,
        market=listing.unified,
        client_id=order.link_id,
        venue_id=order.order_id,
        side=BUY if order.side is Side.BUY else SELL,
        price_ticks=order.ticks,
        lots=order.lots,
        filled_lots=order.filled_lots,
        state=EXPIRED if expired else STATES[order.status],
        reason="" if order.end_reason is EndReason.NONE else str(order.end_reason),
        trigger=order.status is OrderStatus.UNTRIGGERED,
    )


def fill_of(execution: ExecutionReport, listing: Listing) -> Fill:
    """One execution; whoever delivers it sets the time."""
    return Fill(
        at=0,
        market=listing.unified,
        trade_id=execution.execution_id,
        client_id=execution.link_id,
        venue_id=execution.order_id,
        side=BUY if execution.side is Side.BUY else SELL,
        ticks=execution.ticks,
        lots=execution.lots,
        fee=execution.fee_units,
        fee_asset=execution.fee_asset,
        maker=execution.is_maker,
        venue_ms=execution.time_ns // NS_PER_MS,
        sequence=execution.sequence,
        kind=KINDS[execution.origin],
    )


def funding_of(report: FundingReport, listing: Listing) -> Funding:
    """One funding payment; whoever delivers it sets the time."""
    return Funding(
        0, listing.unified, report.execution_id, -report.paid_units, report.asset, report.time_ns // NS_PER_MS
    )

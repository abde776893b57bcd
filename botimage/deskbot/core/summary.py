"""What an engine tells the world about itself: one plain picture, made on demand from its state."""

from dataclasses import dataclass, field

from deskbot.core.durable import Latch
from deskbot.core.market import BOOK_EMPTY, MARKET_CLOSED
from deskbot.core.state import State


@dataclass
class PositionSummary:
    """One market; amounts in units of base, money in units of quote, prices in units of quote per base.

    `doubt` names why the market's data may not be quoted on (`core.market`), "" while it may.
    """

    market: str
    base: str
    quote: str
    amount: int
    average_price: int
    mid_price: int
    bid: int
    ask: int
    notional: int
    unrealised: int
    realised: int
    cash: int
    fees: dict[str, int]
    fills: int
    last_trade_id: str
    data_at: int
    funding: dict[str, int] = field(default_factory=dict)
    doubt: str = ""


@dataclass
class HaltSummary:
    """The halt in force. `confirmed_at` is 0, and `residual_orders` -1, while the venue has not said."""

    id: str
    source: str
    reason: str
    triggered_at: int
    confirmed_at: int
    orders_cancelled: int
    residual_orders: int
    evidence: str = ""


@dataclass
class Summary:
    """Times are engine nanoseconds, 0 for never; `equity` is None while the venue has not stated it.

    `day_price`, `day_fees` and `day_funding` are where the day's PnL comes from: price - fees + funding. `missed_fills`
    were told by no stream, `forced_fills` were made by the venue, `corrections` are fills whose price or fee the venue
    stated anew. `notices` are what people should look at while trading goes on; `closed` the markets of the object that
    the venue lets nobody trade on.
    `dead_man_until` is when the venue's own switch would cancel everything, `no_dead_man` why the account has none.
    """

    state: str
    since: int
    why: str
    generation: int
    version: str
    account_id: str
    reconciled_at: int
    last_tick_at: int
    last_fill_at: int
    equity: int | None
    pnl: int
    day_pnl: int | None
    realised: int
    open_orders: int
    orders: int
    fills: int
    foreign_orders: int
    orphans: int
    halt: HaltSummary | None
    acknowledged_halt: str
    problem: tuple[str, str] | None
    positions: list[PositionSummary] = field(default_factory=list)
    rejections: dict[str, int] = field(default_factory=dict)
    day_price: int | None = None
    day_fees: int | None = None
    day_funding: int | None = None
    missed_fills: int = 0
    forced_fills: int = 0
    corrections: int = 0
    notices: list[tuple[str, str]] = field(default_factory=list)
    dead_man_wanted: bool = False
    dead_man_until: int = 0
    no_dead_man: str = ""
    closed: list[str] = field(default_factory=list)


def halt_of(latch: Latch | None, cancelled: int, residual: int) -> HaltSummary | None:
    """The journal's latch with what the sweep has seen."""
    if latch is None:
        return None
    return HaltSummary(
        latch.id,
        latch.source,
        latch.reason,
        latch.at,
        latch.confirmed_at,
        latch.cancelled if latch.confirmed_at else cancelled,
        0 if latch.confirmed_at else residual,
        latch.evidence,
    )


def positions_of(state: State) -> list[PositionSummary]:
    """One entry per market of the spec, then per market that only the journal knows; unlisted where one is held."""
    shown: list[PositionSummary] = []
    for market in state.known_markets():
        if market in state.markets:
            shown.append(_position(state, market))
        elif state.durable.ledger(market).position:
            shown.append(_unlisted(state, market))
    return shown


def _unlisted(state: State, market: str) -> PositionSummary:
    """A position on a market without a listing: what the journal knows of it, worth what it was bought for."""
    ledger = state.durable.ledger(market)
    base, _, rest = market.partition("/")
    return PositionSummary(
        market=market,
        base=base,
        quote=rest.partition(":")[0],
        amount=ledger.position,
        average_price=ledger.average_price,
        mid_price=0,
        bid=0,
        ask=0,
        notional=ledger.cost,
        unrealised=0,
        realised=ledger.realised,
        cash=ledger.cash,
        fees=dict(ledger.fees),
        funding=dict(ledger.funding),
        fills=ledger.fills,
        last_trade_id=ledger.last_trade_id,
        data_at=0,
        doubt=MARKET_CLOSED if market in state.closed else BOOK_EMPTY,
    )


def _position(state: State, market: str) -> PositionSummary:
    seen = state.markets[market]
    ledger = state.durable.ledger(market)
    mid = seen.mid_price
    unrealised = ledger.unrealised(mid) if mid else 0
    return PositionSummary(
        market=market,
        base=seen.instrument.base,
        quote=seen.instrument.quote,
        amount=ledger.position,
        average_price=ledger.average_price,
        mid_price=mid,
        bid=seen.bid * seen.instrument.tick,
        ask=seen.ask * seen.instrument.tick,
        notional=unrealised + ledger.cost,
        unrealised=unrealised,
        realised=ledger.realised,
        cash=ledger.cash,
        fees=dict(ledger.fees),
        funding=dict(ledger.funding),
        fills=ledger.fills,
        last_trade_id=ledger.last_trade_id,
        data_at=seen.at,
        doubt=seen.verdict,
    )

"""The gate: one ordered list of named pre-trade checks.

Each check sees one target beside everything that is already committed and returns True when the order may be sent. A
target that fails is dropped and counted under the check's name. Reserved counts at once: exposure includes every
order that may still fill, cancels under way and unknown outcomes too.
"""

from collections.abc import Callable
from typing import Final

from deskbot.core.instrument import BUY, SELL
from deskbot.core.limits import Limits
from deskbot.core.market import MarketState
from deskbot.core.money import UNIT
from deskbot.core.orders import Order
from deskbot.core.state import DRY_RUN, State
from deskbot.core.strategy import Target

SECOND: Final = 1_000_000_000


class OrderRate:
    """A token bucket in integers: `per_second` orders, at most one second's worth at once."""

    __slots__ = ("_at", "_tokens")

    def __init__(self) -> None:
        self._at = 0
        self._tokens = 0

    def allows(self, at: int, per_second: int) -> bool:
        """Refill, and say whether one more order may leave."""
        full = per_second * SECOND
        self._tokens = min(full, self._tokens + (at - self._at) * per_second)
        self._at = at
        return self._tokens >= SECOND

    def take(self) -> None:
        """One order leaves."""
        self._tokens -= SECOND

    def hold(self, until: int) -> None:
        """None leaves before then, and one at a time after it."""
        self._tokens = 0
        self._at = max(self._at, until)


class Proposal:
    """One target on its way through the gate, and what is committed beside it on its market.

    `kept` is the resting order that already is this target, if any; `lots` of the target may still fill. `buy_lots` and
    `sell_lots` may fill beside it, `open_orders` counts the bot's live orders on all markets without it.
    """

    __slots__ = ("buy_lots", "kept", "limits", "lots", "market", "open_orders", "rate", "sell_lots", "state", "target")

    def __init__(
        self,
        state: State,
        limits: Limits,
        market: MarketState,
        target: Target,
        kept: Order | None,
        buy_lots: int,
        sell_lots: int,
        open_orders: int,
        rate: OrderRate,
    ) -> None:
        self.state = state
        self.limits = limits
        self.market = market
        self.target = target
        self.kept = kept
        self.buy_lots = buy_lots
        self.sell_lots = sell_lots
        self.open_orders = open_orders
        self.rate = rate
        self.lots = target.lots if kept is None else kept.at_risk_lots


def mode(p: Proposal) -> bool:
    """DryRun decides and sends nothing."""
    return p.state.control is not None and p.state.control.mode != DRY_RUN


def market(p: Proposal) -> bool:
    """Only markets of the spec, as the venue lists them."""
    name = p.market.instrument.market
    return p.state.control is not None and name in p.state.control.markets


def data_age(p: Proposal) -> bool:
    """A sound, recent book."""
    return not p.market.unusable(p.state.at, p.limits.max_data_age)


def outcome_unknown(p: Proposal) -> bool:
    """No new risk on a market while the outcome of an order on it is unknown."""
    if p.kept is not None:
        return True
    return not p.state.durable.working_on(p.market.instrument.market).unknown


def whole_steps(p: Proposal) -> bool:
    """A side, whole ticks and whole lots: a strategy may have computed with something finer."""
    target = p.target
    return target.side in (BUY, SELL) and type(target.ticks) is int and type(target.lots) is int and target.lots > 0


def amount(p: Proposal) -> bool:
    """Inside the venue's bounds."""
    return p.market.instrument.min_lots <= p.target.lots <= p.market.instrument.max_lots


def price_collar(p: Proposal) -> bool:
    """Not further from the middle of the book than the envelope says."""
    distance = abs(2 * p.target.ticks - p.market.half_mid)
    return p.target.ticks > 0 and distance * UNIT <= p.limits.price_collar * p.market.half_mid


def would_cross(p: Proposal) -> bool:
    """A post-only order that would take is refused by the venue: it is not sent."""
    if not p.target.post_only or p.kept is not None:
        return True
    return p.target.ticks < p.market.ask if p.target.side == BUY else p.target.ticks > p.market.bid


def minimum_notional(p: Proposal) -> bool:
    """The venue's smallest order value."""
    return p.market.instrument.notional(p.target.ticks, p.target.lots) >= p.market.instrument.min_notional


def order_notional(p: Proposal) -> bool:
    """The envelope's largest order value."""
    return p.market.instrument.notional(p.target.ticks, p.target.lots) <= p.limits.max_order_notional


def position_notional(p: Proposal) -> bool:
    """The position that would result if every order on this side filled, at the higher of this price and the middle."""
    instrument = p.market.instrument
    side = p.target.side
    committed = (p.buy_lots if side == BUY else p.sell_lots) + p.lots
    worst = side * p.state.durable.ledger(instrument.market).position + committed * instrument.lot
    ticks = max(p.target.ticks, (p.market.half_mid + 1) // 2)
    return worst <= 0 or instrument.value(ticks, worst) <= p.limits.max_position_notional


def open_orders(p: Proposal) -> bool:
    """The envelope's number of live orders."""
    return p.open_orders < p.limits.max_open_orders


def order_rate(p: Proposal) -> bool:
    """The envelope's orders per second."""
    return p.kept is not None or p.rate.allows(p.state.at, p.limits.orders_per_second)


CHECKS: tuple[Callable[[Proposal], bool], ...] = (
    mode,
    market,
    data_age,
    outcome_unknown,
    whole_steps,
    amount,
    price_collar,
    would_cross,
    minimum_notional,
    order_notional,
    position_notional,
    open_orders,
    order_rate,
)

_NAMED = tuple((check.__name__, check) for check in CHECKS)


def failed_check(proposal: Proposal) -> str:
    """The name of the first check that refuses; "" when the order may be sent. Any error in a check refuses too."""
    for name, check in _NAMED:
        try:
            if not check(proposal):
                return name
        except Exception:  # whatever it was, nothing is allowed by it (invariant I7)
            return name
    return ""

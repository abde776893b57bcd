"""The gate: one ordered list of named pre-trade checks.

Each check sees one target beside everything that is already committed; the first that refuses it drops it, and it is
counted under the check's name. Reserved counts at once: exposure includes every order that may still fill, cancels
under way and unknown outcomes too. The checks, in order:

| check             | lets an order pass                                                                           |
|-------------------|----------------------------------------------------------------------------------------------|
| mode              | unless the bot runs dry, which decides and sends nothing                                     |
| market            | on markets of the spec                                                                       |
| data_age          | on a sound, recent book                                                                      |
| outcome_unknown   | while the outcome of no order on the market is unknown; what rests may stay                  |
| whole_steps       | with a side, whole ticks and whole lots: a strategy may have computed with something finer   |
| amount            | inside the venue's bounds of an amount                                                       |
| price_collar      | not further from the middle of the book than the envelope says                               |
| would_cross       | unless it is post-only and would take: the venue would refuse it                             |
| minimum_notional  | from the venue's smallest order value                                                        |
| order_notional    | up to the envelope's largest order value                                                     |
| position_notional | while the position, if all orders on its side filled, stays inside the envelope              |
| open_orders       | up to the envelope's number of live orders                                                   |
| order_rate        | up to the envelope's orders per second                                                       |

They stand in line in three functions and note their names as they go: as a function each they cost three times as much.
"""

from typing import Final

from mypy_extensions import mypyc_attr

from deskbot.core.instrument import BUY, SELL
from deskbot.core.money import UNIT
from deskbot.core.orders import Order
from deskbot.core.stand import NANO, Stand
from deskbot.core.state import DRY_RUN, State
from deskbot.core.strategy import Target

SECOND: Final = 1_000_000_000
_NOTHING: Final = Target(BUY, 0, 0)


class OrderRate:
    """A token bucket in integers: `per_second` orders, at most one second's worth at once."""

    __slots__ = ("_at", "_tokens")

    def __init__(self) -> None:
        self._at = 0
        self._tokens = 0

    def allows(self, at: int, per_second: int) -> bool:
        """Refill, and say whether one more order may leave."""
        full = per_second * SECOND
        tokens = self._tokens + (at - self._at) * per_second
        self._tokens = tokens if tokens < full else full
        self._at = at
        return self._tokens >= SECOND

    def take(self) -> None:
        """One order leaves."""
        self._tokens -= SECOND

    def hold(self, until: int) -> None:
        """None leaves before then, and one at a time after it."""
        self._tokens = 0
        self._at = max(self._at, until)


@mypyc_attr(acyclic=True, free_list_len=1)
class Proposal:
    """What a pass over one market's targets proposes, one target after the other, and what is committed beside it.

    `kept` is the resting order that already is `target`, if any; `lots` of it may still fill. `buy_lots` and
    `sell_lots` may fill beside it, `position` is units of base, `open_orders` counts the bot's live orders on all
    markets without it. `check` is the one that looks at it now. `open` says that the market takes new orders: nothing
    that a pass proposes changes that, so it is asked once.
    """

    __slots__ = (
        "buy_lots",
        "check",
        "kept",
        "limits",
        "lots",
        "market",
        "name",
        "open",
        "open_orders",
        "position",
        "rate",
        "sell_lots",
        "stand",
        "state",
        "target",
        "working",
    )

    def __init__(self, state: State, stand: Stand, rate: OrderRate) -> None:
        self.state = state
        self.stand = stand
        self.limits = stand.limits
        self.market = stand.market
        self.name = stand.name
        self.working = stand.working
        self.rate = rate
        self.buy_lots = stand.working.buy_lots
        self.sell_lots = stand.working.sell_lots
        self.position = stand.position(state)
        self.open_orders = state.durable.live_count()
        self.target = _NOTHING
        self.kept: Order | None = None
        self.lots = 0
        self.check = ""
        self.open = False

    def of(self, target: Target, lots: int, kept: Order | None) -> "Proposal":
        """The next target of the pass."""
        self.target = target
        self.lots = lots
        self.kept = kept
        return self

    def commit(self, side: int, lots: int, orders: int) -> None:
        """Count orders of the pass for those that are judged after them."""
        self.open_orders += orders
        if side == BUY:
            self.buy_lots += lots
        else:
            self.sell_lots += lots


def failed_check(p: Proposal) -> str:
    """The name of the first check that refuses; "" when the order may be sent. Any error in a check refuses too."""
    try:
        if not p.open:
            shut = _shut(p)
            if shut:
                return shut
            p.open = p.kept is None
        return _unfit(p) or _beyond(p)
    except Exception:  # whatever it was, nothing is allowed by it (invariant I7)
        return p.check


def _shut(p: Proposal) -> str:
    """Whether the market takes any order now."""
    p.check = "mode"
    control = p.state.control
    if control is None or control.mode == DRY_RUN:
        return p.check
    p.check = "market"
    if p.name not in control.markets:
        return p.check
    p.check = "data_age"
    if p.market.unusable(p.state.at, p.limits.max_data_age):
        return p.check
    p.check = "outcome_unknown"
    return p.check if p.kept is None and p.working.unknown else ""


def _unfit(p: Proposal) -> str:
    """Whether the order itself is one that the venue and the envelope take."""
    target, instrument, half_mid = p.target, p.market.instrument, p.market.half_mid
    side, ticks, lots = target.side, target.ticks, target.lots
    p.check = "whole_steps"
    if (side != BUY and side != SELL) or type(ticks) is not int or type(lots) is not int or lots <= 0:
        return p.check
    p.check = "amount"
    if not instrument.min_lots <= lots <= instrument.max_lots:
        return p.check
    p.check = "price_collar"
    distance = 2 * ticks - half_mid
    if distance < 0:
        distance = -distance
    if ticks <= 0 or (distance * NANO > p.stand.collar * half_mid and _outside_collar(p, distance)):
        return p.check
    p.check = "would_cross"
    if target.post_only and p.kept is None and (ticks >= p.market.ask if side == BUY else ticks <= p.market.bid):
        return p.check
    p.check = "minimum_notional"
    worth = ticks * lots
    if worth < p.stand.least_order:
        return p.check
    p.check = "order_notional"
    return p.check if worth > p.stand.most_order else ""


def _outside_collar(p: Proposal, distance: int) -> bool:
    return distance * UNIT > p.limits.price_collar * p.market.half_mid


def _beyond(p: Proposal) -> str:
    """Whether the order, beside everything that is committed already, is more than the envelope allows."""
    p.check = "position_notional"
    if not _position_fits(p):
        return p.check
    p.check = "open_orders"
    if p.open_orders >= p.limits.max_open_orders:
        return p.check
    p.check = "order_rate"
    return p.check if p.kept is None and not p.rate.allows(p.state.at, p.limits.orders_per_second) else ""


def _position_fits(p: Proposal) -> bool:
    """The position that would result if every order on this side filled, at the higher of this price and the middle."""
    instrument, ticks, half_mid = p.market.instrument, p.target.ticks, p.market.half_mid
    if 2 * ticks < half_mid:
        ticks = (half_mid + 1) // 2
    buys = p.target.side == BUY
    held = p.position if buys else -p.position
    lots = (p.buy_lots if buys else p.sell_lots) + p.lots
    # rounded up to whole lots it mostly fits as well: then nothing is counted in units, which is slow
    if ticks * (held // instrument.lot + 1 + lots) <= p.stand.most_position:
        return True
    worst = held + lots * instrument.lot
    return worst <= 0 or instrument.value(ticks, worst) <= p.limits.max_position_notional

"""Production assertions: what must hold after every event, in the engine that trades, for as long as it trades.

    Engine.handle ──▶ commands of the pass ──▶ Invariants ──▶ the shell
                                                   └ broken: nothing new leaves, the bot halts with the evidence

The checks repeat in a plain way what the rest of the engine keeps track of cleverly: the gate's sums are counted again
from every order, the ledger's from its last fill. A pass without commands costs nothing, an order's life two
microseconds. The numbers are those of the catalogue of invariants:

* I1 one order per intent: a client order id is never given out twice, and never names two orders of the venue;
* I2 every execution is booked once, and no order fills more than was ordered;
* I3 the position is what the fills come to (that it is the venue's as well is `reconciliation.py`'s to prove);
* I4 an order leaves right after its intent, and as the intent says;
* I5 no order leaves while the gate is shut: control, venue, streams, problems, unknown orders, unsound books;
* I6 none leaves while a halt is in force;
* I9 each is whole ticks and lots, inside the venue's bounds, and inside the envelope beside everything still at risk.

I7 is `Engine.handle`'s own: an exception halts as well. I11, that trouble ends or is said, is a problem of
reconciliation. Where the venue contradicts itself the fact is booked, since money moved, and `State.violated` notes it.
"""

from typing import Any

from deskbot.core.commands import Place
from deskbot.core.errors import InvariantViolated
from deskbot.core.events import Control
from deskbot.core.instrument import BUY, Instrument
from deskbot.core.limits import Limits
from deskbot.core.market import MarketState
from deskbot.core.money import UNIT
from deskbot.core.orders import FILLED, UNKNOWN
from deskbot.core.reconciliation import Reconciliation
from deskbot.core.records import Filled, Intent, OrderMoved
from deskbot.core.standstill import Standstill
from deskbot.core.state import DRY_RUN, State


class Invariants:
    """Holds one engine to them. Made when the journal has been read."""

    __slots__ = (
        "_instrument",
        "_last_client_id",
        "_least_order",
        "_limits",
        "_most_order",
        "_most_position",
        "_open",
        "_reconciliation",
        "_standstill",
        "_state",
    )

    def __init__(self, state: State, reconciliation: Reconciliation, standstill: Standstill) -> None:
        self._state = state
        self._reconciliation = reconciliation
        self._standstill = standstill
        self._last_client_id = state.durable.last_client_id
        self._open = False  # the gate was looked at in this pass: it does not move while a pass is about to speak
        self._limits: Limits | None = None
        self._instrument: Instrument | None = None
        self._least_order = 0
        self._most_order = 0
        self._most_position = 0

    def hold(self) -> None:
        """Look at what a pass is about to say. Raises InvariantViolated."""
        intent: Intent | None = None
        self._open = False
        out: list[Any] = self._state.out  # of a list of a union each would be searched for its class first
        for command in out:
            if type(command) is OrderMoved:  # a third of what there is, and a no by type is dearer than a yes
                continue
            if type(command) is Place:
                self._place(command, intent)
                intent = None
            elif type(command) is Intent:
                intent = command
            elif type(command) is Filled:
                self._books(command.market)
        if self._state.violation:
            raise InvariantViolated(self._state.violation)

    def _place(self, place: Place, intent: Intent | None) -> None:
        state = self._state
        if intent is None or not _same(intent, place):
            raise InvariantViolated(f"I4: {place.client_id} would leave without its intent")
        if place.client_id <= self._last_client_id:
            raise InvariantViolated(f"I1: {place.client_id} was given out before {self._last_client_id}")
        self._last_client_id = place.client_id
        control, market = state.control, state.markets.get(place.market)
        if control is None or market is None:
            raise InvariantViolated(f"I5: {place.client_id} would leave on a market that is not open")
        shut = "" if self._open else self._shut(control)
        if not shut and market.verdict:
            shut = f"I5: the book is judged {market.verdict}"
        if shut:
            raise InvariantViolated(f"{shut}, and {place.client_id} would leave")
        self._open = True
        self._step(place, market.instrument)
        self._envelope(place, market, control.limits)

    def _shut(self, control: Control) -> str:
        """Why no order may leave at all; "" when the gate is open."""
        state = self._state
        by_object = control.halted or control.deleted or (control.latch_id != "" and not control.latch_released)
        if by_object or state.durable.latch is not None or self._standstill.stopping:
            return "I6: a halt or a stop is in force"
        if control.mode == DRY_RUN or control.paused or state.problems:
            return "I5: the bot is paused, or has a problem, or sends nothing"
        if not state.venue_open or not state.private_stream_healthy:
            return "I5: the venue is not open, or its private stream is silent"
        return "" if self._reconciliation.done_at else "I5: the venue was not compared with"

    def _step(self, place: Place, instrument: Instrument) -> None:
        ticks, lots = place.price_ticks, place.lots
        if type(ticks) is not int or type(lots) is not int or ticks <= 0:
            raise InvariantViolated(f"I9: {place.client_id} asks for {lots!r} lots at {ticks!r} ticks")
        if not instrument.min_lots <= lots <= instrument.max_lots:
            raise InvariantViolated(f"I9: {place.client_id} asks for {lots} lots, outside the venue's bounds")

    def _envelope(self, place: Place, market: MarketState, limits: Limits) -> None:
        """Counted from every order anew: those decided before this one, and this one."""
        at_risk = live = 0
        client_id, name, side = place.client_id, place.market, place.side
        for order in self._state.durable.orders.values():
            if order.client_id > client_id:
                continue
            state = order.state
            if state < FILLED:
                live += 1
            if order.market == name:
                if state == UNKNOWN:
                    raise InvariantViolated(f"I5: {client_id} would leave beside {order.client_id}, unknown")
                if order.side == side:  # `Order.at_risk_lots`, whose call is a third of this
                    lots = (order.lots if state < FILLED else order.filled_lots) - order.booked_lots
                    at_risk += lots if lots > 0 else 0
        if limits is not self._limits or market.instrument is not self._instrument:
            self._take_bounds(limits, market.instrument)
        self._worth(place, market, limits, at_risk)
        if live > limits.max_open_orders:
            raise InvariantViolated(f"I9: {place.client_id} would be open order number {live}")

    def _worth(self, place: Place, market: MarketState, limits: Limits, at_risk: int) -> None:
        instrument, ticks, half_mid = market.instrument, place.price_ticks, market.half_mid
        if not self._least_order <= ticks * place.lots <= self._most_order:
            notional = instrument.notional(ticks, place.lots)
            raise InvariantViolated(f"I9: {place.client_id} is worth {notional} units of quote")
        if 2 * ticks < half_mid:
            ticks = (half_mid + 1) // 2
        position = self._state.durable.ledger(place.market).position
        held = position if place.side == BUY else -position
        # in whole lots first: products of units outgrow a machine word and cost as much as all the rest
        if ticks * (held // instrument.lot + 1 + at_risk) <= self._most_position:
            return
        worst = held + at_risk * instrument.lot
        most = (limits.max_position_notional + 1) * UNIT  # the gate rounds to the unit
        if worst > 0 and ticks * instrument.tick * worst > most:
            raise InvariantViolated(f"I9: {place.client_id} could lead to a position of {worst} units of base")

    def _take_bounds(self, limits: Limits, instrument: Instrument) -> None:
        """The envelope in ticks times lots; the gate has its own."""
        self._limits = limits
        self._instrument = instrument
        self._least_order = -(-instrument.min_notional // instrument.tick_lot)
        self._most_order = limits.max_order_notional // instrument.tick_lot
        self._most_position = limits.max_position_notional // instrument.tick_lot

    def _books(self, market: str) -> None:
        durable = self._state.durable
        ledger = durable.ledger(market)
        fills = 0
        for one in durable.ledgers.values():
            fills += one.fills
        if durable.fills != fills:
            raise InvariantViolated(f"I2: {durable.fills} fills are not what the ledgers have")
        if ledger.position != ledger.moved:
            words = f"{ledger.position} units on {market} are not the {ledger.moved} that its fills come to"
            raise InvariantViolated(f"I3: {words}")


def _same(intent: Intent, place: Place) -> bool:
    return (
        intent.client_id == place.client_id
        and intent.market == place.market
        and intent.side == place.side
        and intent.price_ticks == place.price_ticks
        and intent.lots == place.lots
        and intent.reduce_only == place.reduce_only
    )

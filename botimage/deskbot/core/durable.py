"""What survives: the fold of the journal's records.

Live, the engine makes a record of each fact and applies it here; after a restart the journal's records are applied in
the same order by the same function. Nothing else writes to these fields, so both give the same state bit for bit.
`working` is derived from the orders, by the steps that change them.
"""

from collections.abc import Callable
from typing import Any

from deskbot.core.errors import InvariantViolated
from deskbot.core.ledger import Ledger
from deskbot.core.orders import FILLED, OPEN, PARTIALLY_FILLED, PENDING_CANCEL, SENT, UNKNOWN, Order
from deskbot.core.records import (
    EARLIER_OBJECT,
    JOURNAL_LOST,
    CancelAsked,
    DayBegan,
    FillCorrected,
    Filled,
    FillsRead,
    Funded,
    HaltConfirmed,
    Intent,
    Latched,
    Listed,
    Opened,
    OrderMoved,
    Orphaned,
    Record,
    Released,
    Session,
)
from deskbot.core.remembered import Remembered
from deskbot.core.working import Working

REMEMBERED_TRADES = 20_000  # of each market: more than a minute's worth, for which lists are read twice
REMEMBERED_FUNDINGS = 1_000
REMEMBERED_RELEASES = 100


class Latch:
    """A halt in force. `confirmed_at` is 0 until the venue itself has shown no order left."""

    __slots__ = ("at", "cancelled", "confirmed_at", "evidence", "id", "reason", "source")

    def __init__(self, record: Latched) -> None:
        self.id = record.id
        self.at = record.at
        self.source = record.source
        self.reason = record.reason
        self.evidence = record.evidence
        self.confirmed_at = 0
        self.cancelled = 0


class Durable:
    """Orders, ledgers, latch and counters of one journal."""

    __slots__ = (
        "_steps",
        "account_id",
        "begun_ms",
        "corrections",
        "day",
        "day_fees",
        "day_funding",
        "day_pnl",
        "fills",
        "fundings",
        "grids",
        "intents",
        "is_successor",
        "last_client_id",
        "latch",
        "ledgers",
        "listed_ms",
        "opened",
        "orders",
        "orphaned",
        "read_ms",
        "released",
        "sessions",
        "trades",
        "working",
    )

    def __init__(self) -> None:
        self.orders: dict[str, Order] = {}
        self.working: dict[str, Working] = {}
        self.ledgers: dict[str, Ledger] = {}
        self.latch: Latch | None = None
        self.released: list[str] = []
        self.sessions = 0
        self.intents = 0
        self.fills = 0
        self.orphaned: dict[str, None] = {}
        self.opened: dict[str, None] = {}
        self.account_id = ""
        self.day = 0
        self.day_pnl = 0
        self.day_fees = 0
        self.day_funding = 0
        self.last_client_id = ""
        self.is_successor = False
        self.corrections = 0
        self.read_ms: dict[str, int] = {}
        self.begun_ms = 0  # when this journal began to be compared, by the venue's clock; 0 before, and if never noted
        self.listed_ms: dict[str, int] = {}  # when each market came to this journal, likewise
        self.grids: dict[str, tuple[int, int]] = {}
        self.trades: dict[str, Remembered] = {}
        self.fundings: dict[str, Remembered] = {}
        self._steps: dict[type, Callable[[Any], None]] = {
            Intent: self._intent,
            CancelAsked: self._cancel_asked,
            OrderMoved: self._order_moved,
            Filled: self._filled,
            FillCorrected: self._fill_corrected,
            Funded: self._funded,
            FillsRead: self._fills_read,
            Listed: self._listed,
            Opened: self._opened,
            Latched: self._latched,
            HaltConfirmed: self._halt_confirmed,
            Released: self._released,
            Orphaned: self._orphaned,
            DayBegan: self._day_began,
            Session: self._session,
        }

    def apply(self, record: Record) -> None:
        """Take one fact in."""
        # an order's life is made of these: asked for by name they are native calls where this is compiled
        if type(record) is OrderMoved:
            self._order_moved(record)
        elif type(record) is Intent:
            self._intent(record)
        elif type(record) is CancelAsked:
            self._cancel_asked(record)
        elif type(record) is Filled:
            self._filled(record)
        else:
            self._steps[type(record)](record)

    def working_on(self, market: str) -> Working:
        """The orders of a market."""
        found = self.working.get(market)
        if found is None:
            found = self.working[market] = Working()
        return found

    def keep(self, order: Order) -> None:
        """Hold an order from now on; also how one is put back that was read from elsewhere than a record."""
        self.orders[order.client_id] = order
        working = self.working.get(order.market) or self.working_on(order.market)
        working.orders[order.client_id] = order
        working.count(order)

    def live_count(self) -> int:
        """How many orders may rest on the venue now or later, on all markets."""
        count = 0
        for working in self.working.values():
            count += working.buys + working.sells
        return count

    def ledger(self, market: str) -> Ledger:
        """The ledger of a market; an empty one, which is not kept, before its first fact."""
        found = self.ledgers.get(market)
        return Ledger() if found is None else found

    def booked(self, market: str, trade_id: str, venue_ms: int) -> bool:
        """Whether this execution is in the ledger already."""
        known = self.trades.get(market)
        return known is not None and (trade_id in known.ids or venue_ms <= known.forgotten_ms)  # its `has`, uncalled

    def funded(self, market: str, funding_id: str, venue_ms: int) -> bool:
        """Whether this funding payment is in the ledger already."""
        known = self.fundings.get(market)
        return known is not None and known.has(funding_id, venue_ms)

    def live_orders(self) -> list[Order]:
        """Orders that may rest on the venue now or later, oldest first."""
        return [order for order in self.orders.values() if order.state < FILLED]

    def _intent(self, record: Intent) -> None:
        if record.client_id in self.orders:
            raise InvariantViolated(f"I1: {record.client_id} is an order already")
        order = Order(
            record.client_id,
            record.market,
            record.side,
            record.price_ticks,
            record.lots,
            record.reduce_only,
            record.level,
            record.at,
        )
        order.move(SENT, record.at)
        self.keep(order)
        self.intents += 1
        self.last_client_id = record.client_id

    def _cancel_asked(self, record: CancelAsked) -> None:
        order = self.orders[record.client_id]
        if order.state == OPEN or order.state == PARTIALLY_FILLED:
            order.move(PENDING_CANCEL, record.at)
        order.cancel_asked_at = record.at  # what is asked changes nothing of what counts

    def _order_moved(self, record: OrderMoved) -> None:
        order = self.orders[record.client_id]
        acknowledged = order.state == SENT and record.state == OPEN
        if record.venue_id:
            order.venue_id = record.venue_id
        if record.filled_lots > order.filled_lots:
            order.filled_lots = record.filled_lots
        order.move(record.state, record.at, record.reason)
        if not acknowledged:  # that changes nothing of what counts either
            self._count(order)

    def _filled(self, record: Filled) -> None:
        trades = self.trades.get(record.market)
        if trades is None:
            trades = self.trades[record.market] = Remembered(REMEMBERED_TRADES)
        if record.trade_id in trades.ids:
            raise InvariantViolated(f"I2: execution {record.trade_id} on {record.market} is booked already")
        trades.add(record.trade_id, record.venue_ms)
        ledger = self.ledgers.get(record.market) or self._kept_ledger(record.market)
        ledger.book(record)
        self.fills += 1
        order = self.orders.get(record.client_id)
        if order is None:
            return
        order.booked_lots += record.lots
        if order.booked_lots > order.filled_lots:
            order.filled_lots = order.booked_lots
        if order.filled_lots >= order.lots and order.state != FILLED:
            if order.state < FILLED:
                order.move(FILLED, record.at)
        elif order.state in (SENT, OPEN, UNKNOWN):
            order.move(PARTIALLY_FILLED, record.at)
        self._count(order)

    def _count(self, order: Order) -> None:
        """An ended order whose executions are all booked has nothing left to say and is forgotten."""
        working = self.working[order.market]
        working.count(order)
        if order.state >= FILLED and order.filled_lots <= order.booked_lots:
            del self.orders[order.client_id]
            del working.orders[order.client_id]

    def _fill_corrected(self, record: FillCorrected) -> None:
        self._kept_ledger(record.market).correct(record)
        self.corrections += 1

    def _funded(self, record: Funded) -> None:
        if record.market not in self.fundings:
            self.fundings[record.market] = Remembered(REMEMBERED_FUNDINGS)
        self.fundings[record.market].add(record.funding_id, record.venue_ms)
        self._kept_ledger(record.market).fund(record)

    def _fills_read(self, record: FillsRead) -> None:
        self.read_ms[record.market] = record.until_ms

    def _listed(self, record: Listed) -> None:
        """Orders are counted in the new steps; where they do not fit, more is at risk and less is done."""
        before = self.grids.get(record.market)
        self.grids[record.market] = (record.tick, record.lot)
        self.working_on(record.market)
        if before is None:
            self.listed_ms[record.market] = record.venue_ms
            return
        for order in self.orders.values():
            if order.market == record.market:
                order.regrid(*before, record.tick, record.lot)
                self.working_on(order.market).count(order)

    def _opened(self, record: Opened) -> None:
        self.opened[record.market] = None
        self._kept_ledger(record.market).open_with(record.amount, record.average_price)

    def _kept_ledger(self, market: str) -> Ledger:
        found = self.ledgers.get(market)
        if found is None:
            found = self.ledgers[market] = Ledger()
        return found

    def _latched(self, record: Latched) -> None:
        self.latch = Latch(record)
        if record.reason in (JOURNAL_LOST, EARLIER_OBJECT):
            self.is_successor = True
            self.last_client_id = max(self.last_client_id, record.used)

    def _halt_confirmed(self, record: HaltConfirmed) -> None:
        if self.latch is not None and self.latch.id == record.id:
            self.latch.confirmed_at = record.at
            self.latch.cancelled = record.cancelled

    def _released(self, record: Released) -> None:
        if self.latch is not None and self.latch.id == record.id:
            self.latch = None
        self.released = [*self.released, record.id][-REMEMBERED_RELEASES:]

    def _orphaned(self, record: Orphaned) -> None:
        self.orphaned[record.client_id] = None

    def _day_began(self, record: DayBegan) -> None:
        self.day = record.day
        self.day_pnl = record.pnl
        self.day_fees = record.fees
        self.day_funding = record.funding

    def _session(self, record: Session) -> None:
        if not self.sessions:
            self.begun_ms = record.venue_ms
        self.sessions += 1
        self.account_id = record.account_id or self.account_id

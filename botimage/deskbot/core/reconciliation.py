"""Comparing ourselves with the venue: before the first order, after every reconnect, and for ever after.

A full round asks for open orders, positions, balances and the fills of every market since the last known one; it is
done when every question was answered completely, no order is in doubt, no execution is missing and the private stream
tells what happens from now on. Trading waits for it. Afterwards the same questions are asked periodically, without
waiting. A failed query is asked again; it never counts as an empty answer. Where the venue charges much for the open
orders of the whole account, those of each market are asked for in between; such an answer speaks of its market alone.

Executions and funding are read on from a time before which none can be missing: the last complete reading, or the
sending of an order that has filled more than was told; before there is a reading, the beginning of the journal. What
was told meanwhile says nothing of what was not. A reading counts after it was booked. The journal notes it, so that a
restart reads on from there: each minute where something was executed since the last note, else once an hour, for then
there is nothing to be read twice.
What may be missing and lies before the venue's memory is never passed over: it is a problem, said in one line.

A market that is closed holds nothing up: it is asked about like the others, and the round ends without its answers.
When it opens, a round is begun anew (`connection.py`).
"""

from collections.abc import Iterable

from deskbot.core.commands import Command, QueryBalances, QueryFills, QueryOpenOrders, QueryPositions
from deskbot.core.events import BalancesAnswer, FillsAnswer, OpenOrdersAnswer, PositionsAnswer, Problem
from deskbot.core.instrument import BUY
from deskbot.core.money import from_units
from deskbot.core.order_life import (
    SECOND,
    VISIBILITY_DELAY,
    ask,
    compare_with_booked,
    in_doubt,
    on_fill,
    on_funding,
    on_order_report,
)
from deskbot.core.orders import OPEN, PARTIALLY_FILLED, PENDING_CANCEL, SENT, UNKNOWN, Order
from deskbot.core.records import FillsRead, Opened, OrderMoved
from deskbot.core.state import State

RETRY = SECOND
ORDERS_EVERY = 5 * SECOND
DEAR_ORDERS_EVERY = 60 * SECOND  # of the whole account, where each market is asked for every five seconds
POSITIONS_EVERY = 30 * SECOND
BALANCES_EVERY = 60 * SECOND
FILLS_EVERY = 60 * SECOND
MISSING_FILL_PATIENCE = SECOND
FILL_OVERLAP_MS = 60_000  # a venue may list executions out of order by seconds; what is booked twice is dropped
POSITION_PROBLEM = "position"
LOOKS = 2
BOOK_PATIENCE = 2 * SECOND  # after this a resting order is in the public book
DAY_MS = 86_400_000
# A lost journal's bot that traded within so long is known by its executions; those of a day may be too many pages.
HEIRS_MS = 3_600_000
NOTE_READING_EVERY_MS = 3_600_000
NOTE_BUSY_READING_EVERY_MS = 60_000
MISSED_FILLS_ALERT = 5  # more of them at once than a reconnect explains (capability C5)
ROUND_PATIENCE = 120 * SECOND  # a round that takes longer is said, with what it waits for
OVERDUE_PROBLEM = "reconciliation"
QUOTES_PATIENCE = 5 * SECOND  # quotes of before the round are pulled when it takes longer

ORDERS = "orders"
POSITIONS = "positions"
BALANCES = "balances"


class Reconciliation:
    """The rounds of one engine. `done_at` is 0 while a full round is under way, which began at `begun_at`."""

    __slots__ = (
        "_asked",
        "_average_prices",
        "_heirs",
        "_held",
        "_judged",
        "_last",
        "_looks",
        "_needed",
        "_next_due",
        "_opening",
        "_opening_at",
        "_positions_of",
        "_read_ms",
        "_state",
        "begun_at",
        "done_at",
    )

    def __init__(self, state: State) -> None:
        self._state = state
        self.done_at = 0
        self.begun_at = 0
        self._needed: set[str] = set()
        self._asked: dict[int, tuple[str, int]] = {}  # request -> what was asked, and when
        self._last: dict[str, int] = {}
        self._read_ms: dict[str, int] = {}  # market -> when executions were last asked for and completely answered
        self._held: dict[str, set[int]] = {}  # market -> our positions since the venue was asked for its own
        self._average_prices: dict[str, int] = {}
        self._judged = True
        self._looks = 0
        self._heirs = False  # whether orders of an earlier journal were about when this one began
        self._opening: dict[str, int] = {}  # new market -> position less executions, the same since `_opening_at`
        self._opening_at = 0
        self._positions_of = 0  # when the positions that are known were asked for
        self._next_due = 0  # nothing is due earlier, unless an execution is missing

    def idle(self) -> bool:
        """Whether nothing is asked, needed or waited for."""
        return not self._asked and not self._needed and self.done_at > 0

    def due(self) -> bool:
        """Whether it is time to ask for anything."""
        return self._state.at >= self._next_due or bool(self._missing_fills())

    def begin(self) -> None:
        """Start a full round; what an earlier one is still waiting for is forgotten."""
        state = self._state
        if self.done_at or not self.begun_at:
            self.begun_at = state.at
        self.done_at = 0
        self._asked.clear()
        self._last.clear()
        self._looks = 0
        self._needed = {ORDERS, POSITIONS, BALANCES, *self._fill_topics()}
        for order in state.durable.live_orders():
            if order.state == SENT:
                state.record(OrderMoved(state.at, order.client_id, UNKNOWN, "", 0, "not answered yet"))

    def step(self) -> None:
        """Ask what is due. Called on every timer and after every answer."""
        for market, positions in self._held.items():
            positions.add(self._state.durable.ledger(market).position)
        missing = self._missing_fills()
        if self._needed or self._state.at >= self._next_due or missing:
            for topic in sorted(self._topics_due()):
                self._ask(topic)
        if not self._waits(missing):
            self._conclude()
        self._say_if_overdue()

    def _waits(self, missing: set[str]) -> bool:
        """Whether the round still needs to hear of anything but closed markets."""
        closed = self._state.closed
        for topic in self._needed:
            if topic.partition(" ")[2] not in closed:
                return True
        return not missing <= closed.keys() or in_doubt(self._state, closed)

    def _conclude(self) -> None:
        if not self._judged:
            self._judge_positions()
        if not self.done_at and self._judged and self._state.private_stream_healthy:
            self.done_at = self._state.at

    def _say_if_overdue(self) -> None:
        """After a while without an end it is a problem with a name, not a state that looks like starting."""
        problems = self._state.problems
        if self.done_at:
            problems.pop(OVERDUE_PROBLEM, None)
        elif self._state.at - self.begun_at > ROUND_PATIENCE:
            words = f"the venue was not fully compared with for {ROUND_PATIENCE // SECOND} s: {self._waits_for()}"
            problems[OVERDUE_PROBLEM] = Problem(self._state.at, OVERDUE_PROBLEM, "ReconciliationStuck", words)

    def _waits_for(self) -> str:
        """What keeps a round from its end, in a few words."""
        if self._needed:
            return f"no complete answer about {', '.join(sorted(self._needed))}"
        doubtful = [order.client_id for order in self._state.durable.orders.values() if order.state in (SENT, UNKNOWN)]
        if doubtful:
            return f"nothing is known of the orders {', '.join(doubtful)}"
        missing = self._missing_fills()
        if missing:
            return f"executions are missing on {', '.join(sorted(missing))}"
        return "the private stream is silent"

    def on_open_orders(self, answer: OpenOrdersAnswer) -> None:
        """Every order the venue shows; ours that it does not show are asked about one by one."""
        market = self._asked.get(answer.request, ("", 0))[0].partition(" ")[2]
        asked_at = self._close(answer.request, answer.complete)
        if asked_at is None or not answer.complete:
            return
        if not market:
            self._needed -= set(self._order_topics())
            self._last.update(dict.fromkeys(self._order_topics(), asked_at))
        for report in answer.orders:
            on_order_report(self._state, report)
        self._state.note_foreign(answer.orders, market)
        self._note_heirs(report.client_id for report in answer.orders)
        shown = {report.client_id for report in answer.orders}
        for order in list(self._state.durable.orders.values()):
            if market and order.market != market:
                continue
            resting = order.state in (OPEN, PARTIALLY_FILLED, PENDING_CANCEL)
            unseen = order.client_id not in shown and order.updated_at < asked_at
            if resting and (unseen or self._should_be_in_the_book(order, asked_at)):
                ask(self._state, order)

    def _should_be_in_the_book(self, order: Order, asked_at: int) -> bool:
        """Whether the public book is from after the question and shows a worse best price on the order's side."""
        seen = self._state.markets.get(order.market)
        if seen is None or not seen.half_mid or not order.price_ticks:
            return False
        if seen.at < asked_at or asked_at - order.sent_at < BOOK_PATIENCE:
            return False
        return order.price_ticks > seen.bid if order.side == BUY else order.price_ticks < seen.ask

    def on_positions(self, answer: PositionsAnswer) -> None:
        """The venue's positions."""
        asked_at = self._close(answer.request, answer.complete)
        if asked_at is None or not answer.complete:
            return
        state = self._state
        self._positions_of = asked_at
        state.venue_positions = {position.market: position.amount for position in answer.positions}
        for position in answer.positions:
            # the first look's: a later one may be of a position that has been traded, or closed, since
            if position.amount:
                self._average_prices.setdefault(position.market, position.average_price)
        self._judged = False

    def _judge_positions(self) -> None:
        """A position that stays different once every execution is booked stops trading: something else trades here.

        The first differences may be an execution under way, so fills and positions are asked for again before anyone
        is alarmed; and a position that we held at any time since the question agrees. On a market that is new to the
        journal the difference is what it begins with, once that is certain.
        """
        opened = self._state.durable.opened
        different = [market for market in self._state.instruments if market in opened and self._differs(market)]
        again = self._uncertain_openings()
        if different and self._looks < LOOKS:
            self._looks += 1
            again.update(different)
        if again:
            self._needed = {POSITIONS, *map(_fills_of, again)}
            return
        self._judged = True
        self._held.clear()
        self._open_ledgers()
        self._note_closed([market for market in different if market in self._state.closed])
        different = [market for market in different if market not in self._state.closed]
        if different:
            words = "; ".join(map(self._difference, different))
            self._state.problems[POSITION_PROBLEM] = Problem(
                self._state.at, POSITION_PROBLEM, "PositionMismatch", words
            )
        else:
            self._looks = 0
            self._state.problems.pop(POSITION_PROBLEM, None)

    def _note_closed(self, different: list[str]) -> None:
        """A market that nobody can trade on may be settled by the venue without an execution that can be asked for."""
        if different:
            self._state.notices[POSITION_PROBLEM] = ("PositionMismatch", "; ".join(map(self._difference, different)))
        else:
            self._state.notices.pop(POSITION_PROBLEM, None)

    def _note_heirs(self, client_ids: Iterable[str]) -> None:
        ids = self._state.order_ids
        if any(ids.is_ours(client_id) and not client_id.startswith(ids.journal) for client_id in client_ids):
            self._heirs = True

    def _uncertain_openings(self) -> set[str]:
        """New markets, while what they begin with was not the same in looks a visibility delay apart.

        An execution that the positions show and the executions do not yet, or the other way round, would be counted
        twice or never: one that the venue forces, or one of an order that a lost journal had sent. An account that
        was flat whenever it was looked at is believed at once, unless such a journal's orders were about: then the
        venue may have closed a position of theirs just now.
        """
        durable, stated = self._state.durable, self._state.venue_positions
        opening = {market: stated.get(market, 0) - durable.ledger(market).position for market in self._new_markets()}
        if opening != self._opening:
            self._opening, self._opening_at = opening, self._state.at  # an execution may have made it another just now
        moved = any(market in self._average_prices or durable.ledger(market).position for market in opening)
        certain = not (self._heirs or moved) or self._positions_of - self._opening_at >= VISIBILITY_DELAY
        return set() if certain else set(opening)

    def _open_ledgers(self) -> None:
        state = self._state
        for market in self._new_markets():
            ledger = state.durable.ledger(market)
            amount = state.venue_positions.get(market, 0) - ledger.position
            price = self._average_prices.get(market) or ledger.average_price
            state.record(Opened(state.at, market, amount, price))

    def _new_markets(self) -> list[str]:
        """Contracts that the journal has not begun with; while one is closed its executions may be out of reach."""
        known, closed = self._state.durable.opened, self._state.closed
        instruments = self._state.instruments.items()
        return [name for name, one in instruments if one.linear and name not in known and name not in closed]

    def _differs(self, market: str) -> bool:
        held = self._held.get(market) or {self._state.durable.ledger(market).position}
        return self._state.instruments[market].linear and self._state.venue_positions.get(market, 0) not in held

    def _difference(self, market: str) -> str:
        ours = from_units(self._state.durable.ledger(market).position)
        theirs = from_units(self._state.venue_positions.get(market, 0))
        return f"{market}: the journal says {ours}, the venue {theirs}"

    def on_balances(self, answer: BalancesAnswer) -> None:
        """Balances and equity, for people; the ledger does not depend on them."""
        if self._close(answer.request, answer.complete) is None or not answer.complete:
            return
        self._state.balances = answer.balances
        self._state.equity = answer.equity
        self._state.equity_pnl = self._state.pnl()

    def on_fills(self, answer: FillsAnswer) -> None:
        """Executions since the cursor: those already booked are compared with, the others no stream had told."""
        asked_at = self._close(answer.request, answer.complete)
        if asked_at is None or not answer.complete:
            return
        self._note_heirs(fill.client_id for fill in answer.fills)
        missed = 0
        for fill in answer.fills:
            if on_fill(self._state, fill):
                missed += 1
            else:
                compare_with_booked(self._state, fill)
        for funding in answer.fundings:
            on_funding(self._state, funding)
        self._count_missed(answer.market, missed)
        self._advance_cursor(answer.market, self._state.venue_ms(asked_at))

    def _count_missed(self, market: str, missed: int) -> None:
        self._state.missed_fills += missed
        if missed > MISSED_FILLS_ALERT:
            words = f"{market}: {missed} executions were found by asking that the stream had not told"
            self._state.notices[_fills_of(market)] = ("FillsMissed", words)
        elif not missed:
            self._state.notices.pop(_fills_of(market), None)

    def _advance_cursor(self, market: str, until_ms: int) -> None:
        """Only now: everything up to the question is booked."""
        self._read_ms[market] = until_ms
        durable = self._state.durable
        noted_ms = durable.read_ms.get(market, 0)
        busy = durable.ledger(market).last_venue_ms > noted_ms
        every_ms = NOTE_BUSY_READING_EVERY_MS if busy else NOTE_READING_EVERY_MS
        if until_ms - noted_ms >= every_ms and _fills_of(market) not in self._state.problems:
            self._state.record(FillsRead(self._state.at, market, until_ms))

    def _topics_due(self) -> set[str]:
        at = self._state.at
        waiting = {topic for topic, _ in self._asked.values()}
        due = {t for t in self._needed if at - self._last.get(t, -RETRY) >= RETRY}
        by_market = self._order_topics()
        every = {ORDERS: DEAR_ORDERS_EVERY if by_market else ORDERS_EVERY}
        every |= {POSITIONS: POSITIONS_EVERY, BALANCES: BALANCES_EVERY}
        every.update(dict.fromkeys(by_market, ORDERS_EVERY))
        every.update(dict.fromkeys(self._fill_topics(), FILLS_EVERY))
        due |= {t for t, period in every.items() if at - self._last.get(t, 0) >= period}
        self._next_due = min(at if t in due else self._last.get(t, 0) + period for t, period in every.items())
        due |= {_fills_of(m) for m in self._missing_fills() if at - self._last.get(_fills_of(m), 0) >= RETRY}
        if ORDERS in due | waiting:
            due.difference_update(by_market)  # the account's list tells of each
        return due - waiting

    def _missing_fills(self) -> set[str]:
        """Markets where more has filled than we have executions of, for longer than a stream needs."""
        found: set[str] = set()
        for order in self._state.durable.orders.values():
            if order.filled_lots > order.booked_lots and self._late(order.updated_at):
                found.add(order.market)
        return found

    def _late(self, since: int) -> bool:
        return not self.done_at or self._state.at - since > MISSING_FILL_PATIENCE

    def _order_topics(self) -> list[str]:
        """The open orders of each market, where those of the account are not asked for as often."""
        return [f"{ORDERS} {market}" for market in self._markets()] if self._state.orders_by_market else []

    def _fill_topics(self) -> list[str]:
        return [_fills_of(market) for market in self._markets()]

    def _markets(self) -> list[str]:
        return [market for market in self._state.known_markets() if market in self._state.instruments]

    def _ask(self, topic: str) -> None:
        state = self._state
        request = state.next_request()
        self._asked[request] = (topic, state.at)
        self._last[topic] = state.at
        command: Command
        kind, _, market = topic.partition(" ")
        if kind == ORDERS:
            command = QueryOpenOrders(request, market=market)
        elif topic == POSITIONS:
            command = QueryPositions(request)
            self._held = {market: set() for market in state.instruments}
        elif topic == BALANCES:
            command = QueryBalances(request)
        else:
            since_ms = self._cursor(market)
            self._say_if_out_of_reach(market, since_ms)
            command = QueryFills(request, market, since_ms)
        state.out.append(command)

    def _cursor(self, market: str) -> int:
        """Where to read on, in the venue's milliseconds: a while before the first that may be missing."""
        state, durable = self._state, self._state.durable
        orders = [order for order in durable.orders.values() if order.market == market]
        if market in self._new_markets() and market not in self._read_ms:
            return max(0, state.begun_ms(market) - min(HEIRS_MS, state.fill_history_ms or HEIRS_MS))
        read = self._read_ms.get(market) or durable.read_ms.get(market) or durable.begun_ms
        if read:
            orders = [order for order in orders if order.filled_lots > order.booked_lots]
        else:  # a journal from before either was noted
            read = durable.ledger(market).last_venue_ms or state.begun_ms(market)
        return max(0, min([read, *(state.venue_ms(order.sent_at) for order in orders)]) - FILL_OVERLAP_MS)

    def _say_if_out_of_reach(self, market: str, since_ms: int) -> None:
        """Executions may be missing that the venue does not show any more: nothing ends this but a new journal."""
        state = self._state
        memory_ms = state.fill_history_ms
        away_ms = state.venue_ms(state.at) - since_ms
        if not memory_ms or away_ms - FILL_OVERLAP_MS <= memory_ms or not self._may_have_filled(market):
            return
        words = (
            f"{market}: executions of the last {-(-away_ms // DAY_MS)} days may be missing and the venue shows those "
            f"of {memory_ms // DAY_MS}: compare the account by hand, then begin a new journal"
        )
        state.problems[_fills_of(market)] = Problem(state.at, _fills_of(market), "FillsOutOfReach", words)

    def _may_have_filled(self, market: str) -> bool:
        """Whether anything was left behind that an execution could come from: an order, or a contract's position."""
        durable = self._state.durable
        if any(order.market == market for order in durable.orders.values()):
            return True
        return self._state.instruments[market].linear and durable.ledger(market).position != 0

    def _close(self, request: int, complete: bool) -> int | None:
        """When the question was asked; None when nobody waits for the answer any more."""
        topic, asked_at = self._asked.pop(request, ("", 0))
        if not topic:
            return None
        if complete:
            self._needed.discard(topic)
        else:
            self._needed.add(topic)
        return asked_at


def _fills_of(market: str) -> str:
    return f"fills {market}"

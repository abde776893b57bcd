"""Records that fit together: orders that are sent, rest, fill and end, as many as wanted."""

from collections.abc import Iterator
from itertools import islice

from deskbot.core.durable import Durable
from deskbot.core.order_ids import OrderIds
from deskbot.core.orders import CANCELLED, OPEN, REJECTED
from deskbot.core.records import CancelAsked, Filled, Intent, Opened, OrderMoved, Record, Session
from deskbot.runtime.journal import Journal

MARKET = "BTC/USDT:USDT"
TICK, LOT = 10**17, 10**15


def orders(object_uid: str, epoch_ms: int, first_at: int = 0) -> Iterator[Record]:
    """One order after the other, without end: of four one fills, one is refused, two are cancelled."""
    at = first_at or epoch_ms * 1_000_000
    ids = OrderIds(object_uid, epoch_ms)
    yield Session(at, "test", "1001")
    yield Opened(at, MARKET, 0, 0)
    while True:
        at += 50_000_000
        yield from _order(at, ids.next(), at // 50_000_000 % 4)


def _order(at: int, client_id: str, fate: int) -> Iterator[Record]:
    side = 1 if at // 200_000_000 % 2 else -1
    yield Intent(at, client_id, MARKET, side, 600_000, 2, True, False, 0)
    if fate == 0:
        yield OrderMoved(at, client_id, REJECTED, "", 0, "refused")
        return
    yield OrderMoved(at, client_id, OPEN, f"v-{client_id}", 0, "")
    if fate == 1:
        fee, price = 2 * LOT * 12, 600_000 * TICK
        yield Filled(
            at, MARKET, f"t{client_id}", client_id, side, price, 2 * LOT, 2, fee, "USDT", False, True, at // 1_000_000
        )
        return
    yield CancelAsked(at, client_id)
    yield OrderMoved(at, client_id, CANCELLED, f"v-{client_id}", 0, "")


def flat(records: Iterator[Record], count: int) -> Iterator[Record]:
    """So many records, and as many more as it takes until no order is left and no position."""
    state = Durable()
    for number, record in enumerate(records, start=1):
        state.apply(record)
        yield record
        if number >= count and not state.orders and not state.ledger(MARKET).position:
            return


def some(journal: Journal, count: int) -> list[Record]:
    """The next records of a journal that holds nothing but such."""
    records = orders(journal.header.object_uid, journal.header.epoch_ms)
    return list(islice(records, journal.last, journal.last + count))


def fold(records: list[Record]) -> Durable:
    """The state that records come to."""
    state = Durable()
    for record in records:
        state.apply(record)
    return state

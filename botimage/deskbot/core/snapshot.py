"""Durable state as plain values and back, so that a start need not fold a journal from its first record.

    Durable ──take──▶ Snapshot ──pieces──▶ rows of strings, integers and lists ──restore──▶ Durable

`take` copies what the engine would change under the reader's hands and nothing else: it costs the engine's loop well
under a millisecond. `pieces` can then be walked elsewhere, at leisure; a piece has at most `PIECE` fills or ids, but
for the first, which has all the rest. What is volatile in an order is not in it and is learnt anew; what a ledger
derives from its window is derived again, and so are the sums over orders.
"""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any, Final

from deskbot.core.durable import REMEMBERED_FUNDINGS, REMEMBERED_TRADES, Durable, Latch
from deskbot.core.ledger import Ledger
from deskbot.core.orders import Order
from deskbot.core.records import Filled, Latched, from_tuple
from deskbot.core.remembered import Remembered

VERSION: Final = 1
PIECE: Final = 250
STATE: Final = "State"
WINDOW: Final = "Window"
TRADES: Final = "Trades"
FUNDINGS: Final = "Fundings"

# Every field of each class is named in one of these, or in what is volatile or derived: a test holds them to it.
COUNTERS: Final = (
    "sessions",
    "intents",
    "fills",
    "corrections",
    "account_id",
    "day",
    "day_pnl",
    "day_fees",
    "day_funding",
    "last_client_id",
    "is_successor",
    "read_ms",
    "begun_ms",
    "listed_ms",
)
COUNTERS_LATER: Final = 2  # the last of them that a snapshot may lack: it is from before they were kept
COLLECTIONS: Final = (
    "orders",
    "working",
    "ledgers",
    "latch",
    "released",
    "orphaned",
    "opened",
    "grids",
    "trades",
    "fundings",
)
ORDER_BORN: Final = ("client_id", "market", "side", "price_ticks", "lots", "reduce_only", "level", "sent_at")
ORDER_LATER: Final = ("state", "venue_id", "filled_lots", "booked_lots", "cancel_asked_at", "reason")
ORDER_VOLATILE: Final = ("signed_by", "updated_at", "missing_since", "query_in_flight", "asked_at")
ORDER_DERIVED: Final = ("counted_lots", "counted_live", "counted_unknown")
LEDGER: Final = (
    "cash",
    "fees",
    "funding",
    "fills",
    "forced",
    "last_fill_at",
    "last_trade_id",
    "last_venue_ms",
    "moved",
    "settled_position",
    "settled_cost",
    "settled_realised",
)
LEDGER_DERIVED: Final = ("position", "cost", "realised")
LATCH: Final = ("id", "at", "source", "reason", "evidence", "confirmed_at", "cancelled")

Piece = list[Any]


class Snapshot:
    """The durable state at one record. `state` is plain already, the others are copies that nobody changes."""

    __slots__ = ("fundings", "state", "trades", "windows")

    def __init__(
        self,
        state: Piece,
        windows: dict[str, list[Filled]],
        trades: dict[str, Remembered],
        fundings: dict[str, Remembered],
    ) -> None:
        self.state = state
        self.windows = windows
        self.trades = trades
        self.fundings = fundings


def take(durable: Durable) -> Snapshot:
    """The state of this moment."""
    state: Piece = [
        STATE,
        VERSION,
        _values(durable, COUNTERS),
        list(durable.working),
        [_values(order, ORDER_BORN + ORDER_LATER) for order in durable.orders.values()],
        [[market, *_values(ledger, LEDGER)] for market, ledger in durable.ledgers.items()],
        None if durable.latch is None else _values(durable.latch, LATCH),
        list(durable.released),
        list(durable.orphaned),
        list(durable.opened),
        [[market, *grid] for market, grid in durable.grids.items()],
    ]
    windows = {market: [booked.fill for booked in ledger.window] for market, ledger in durable.ledgers.items()}
    return Snapshot(state, windows, _copies(durable.trades), _copies(durable.fundings))


def pieces(snapshot: Snapshot) -> Iterator[Piece]:
    """The snapshot in rows that any encoder can write, each of bounded size."""
    yield snapshot.state
    for market, fills in snapshot.windows.items():
        for begin in range(0, len(fills), PIECE):
            yield [WINDOW, market, [fill.row() for fill in fills[begin : begin + PIECE]]]
    yield from _pieces_of_ids(TRADES, snapshot.trades)
    yield from _pieces_of_ids(FUNDINGS, snapshot.fundings)


def restore(rows: Iterable[Piece]) -> Durable:
    """The state that a snapshot was taken of. Raises ValueError for rows that no version wrote."""
    left = iter(rows)
    windows: dict[str, list[Filled]] = {}
    try:
        durable = _state(next(left, []))
        for row in left:
            _take_in(durable, windows, row)
        for market, fills in windows.items():
            durable.ledgers[market].refill(fills)
    except (AttributeError, IndexError, KeyError, TypeError) as error:
        raise ValueError(f"no snapshot: {type(error).__name__}: {error}") from error
    return durable


def _state(row: Piece) -> Durable:
    if row[:2] != [STATE, VERSION]:
        raise ValueError(f"no snapshot of version {VERSION}: {row[:2]}")
    counters, working, orders, ledgers, latch, released, orphaned, opened, grids = row[2:]
    durable = Durable()
    _set(durable, COUNTERS, counters, COUNTERS_LATER)
    for market in working:
        durable.working_on(market)
    for values in orders:
        durable.keep(_order(values))
    durable.ledgers = {market: _ledger(values) for market, *values in ledgers}
    durable.latch = None if latch is None else _latch(latch)
    durable.released = list(released)
    durable.orphaned = dict.fromkeys(orphaned)
    durable.opened = dict.fromkeys(opened)
    durable.grids = {market: (tick, lot) for market, tick, lot in grids}
    return durable


def _take_in(durable: Durable, windows: dict[str, list[Filled]], row: Piece) -> None:
    kind, market, *rest = row
    if kind == WINDOW:
        fills = [from_tuple(fill) for fill in rest[0]]
        windows.setdefault(market, []).extend(fill for fill in fills if isinstance(fill, Filled))
    elif kind == TRADES:
        _remember(durable.trades.setdefault(market, Remembered(REMEMBERED_TRADES)), rest)
    elif kind == FUNDINGS:
        _remember(durable.fundings.setdefault(market, Remembered(REMEMBERED_FUNDINGS)), rest)
    else:
        raise ValueError(f"no piece of a snapshot: {kind}")


def _copies(remembered: dict[str, Remembered]) -> dict[str, Remembered]:
    copies = {}
    for market, one in remembered.items():
        copies[market] = copy = Remembered(one.most)
        copy.forgotten_ms = one.forgotten_ms
        copy.ids = one.ids.copy()
    return copies


def _pieces_of_ids(kind: str, remembered: dict[str, Remembered]) -> Iterator[Piece]:
    for market, one in remembered.items():
        ids = iter(one.ids.items())
        while part := list(islice(ids, PIECE)):
            yield [kind, market, one.forgotten_ms, part]


def _remember(one: Remembered, rest: list[Any]) -> None:
    forgotten_ms, ids = rest
    one.forgotten_ms = forgotten_ms
    one.ids.update((identity, at) for identity, at in ids)


def _order(values: list[Any]) -> Order:
    born, later = values[: len(ORDER_BORN)], values[len(ORDER_BORN) :]
    order = Order(*born)
    _set(order, ORDER_LATER, later)
    return order


def _ledger(values: list[Any]) -> Ledger:
    ledger = Ledger()
    _set(ledger, LEDGER, values)
    ledger.refill([])
    return ledger


def _latch(values: list[Any]) -> Latch:
    latch = Latch(Latched(0, "", "", ""))
    _set(latch, LATCH, values)
    return latch


def _values(thing: object, names: tuple[str, ...]) -> list[Any]:
    return [dict(value) if isinstance(value := getattr(thing, name), dict) else value for name in names]


def _set(thing: object, names: tuple[str, ...], values: list[Any], later: int = 0) -> None:
    if not len(names) - later <= len(values) <= len(names):
        raise ValueError(f"no snapshot: {len(values)} values for {', '.join(names)}")
    for name, value in zip(names, values, strict=False):
        setattr(thing, name, value)

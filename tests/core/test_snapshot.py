"""Snapshots: a fold may be cut anywhere, written down and gone on with, and nobody can tell."""

import json
from functools import cache
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deskbot.core import durable as durable_module
from deskbot.core import snapshot
from deskbot.core.durable import Durable, Latch
from deskbot.core.engine import Engine
from deskbot.core.failing import forget_the_future
from deskbot.core.ledger import Booked, Ledger
from deskbot.core.orders import Order
from deskbot.core.records import Filled, Latched, Record
from deskbot.core.remembered import Remembered
from deskbot.core.snapshot import Piece, pieces, restore, take
from deskbot.simulation.faults import draw
from deskbot.simulation.life import Life
from tests.core.builds import interpreted_only
from tests.core.desk import EPOCH_MS, START, UID
from tests.core.state_of import state_of
from tests.runtime.records import filled

SEEDS = range(500, 505)


@cache
def lived(seed: int) -> Life:
    one = Life(draw(seed, "bybit"))
    one.run()
    return one


@cache
def life(seed: int) -> list[Record]:
    return lived(seed).disk.records()


@cache
def end(seed: int) -> tuple[Any, list[Piece]]:
    """The state that a life's records come to, and on paper."""
    state = fold(life(seed))
    return state_of(state), on_paper(state)


def fold(records: list[Record], onto: Durable | None = None) -> Durable:
    state = Durable() if onto is None else onto
    for record in records:
        state.apply(record)
    return state


def on_paper(durable: Durable) -> list[Piece]:
    """The rows of a snapshot after a journey through bytes."""
    made: list[Piece] = json.loads(json.dumps(list(pieces(take(durable)))))
    return made


@given(seed=st.sampled_from(SEEDS), share=st.floats(0, 1))
def test_a_life_cut_at_any_record_and_gone_on_with_from_a_snapshot_ends_the_same(seed: int, share: float) -> None:
    records = life(seed)
    cut = round(share * len(records))
    again = fold(records[cut:], onto=restore(on_paper(fold(records[:cut]))))
    assert (state_of(again), on_paper(again)) == end(seed)


@pytest.mark.parametrize("seed", SEEDS)
def test_a_snapshot_of_the_engine_that_stopped_is_that_of_its_records(seed: int) -> None:
    process = lived(seed).process
    assert process is not None
    assert on_paper(process.engine._state.durable) == end(seed)[1]


@given(seed=st.sampled_from(SEEDS), share=st.floats(0, 1))
def test_an_engine_begun_from_a_snapshot_knows_what_one_begun_from_the_records_knows(seed: int, share: float) -> None:
    records = life(seed)[: round(share * len(life(seed)))]
    one = Engine(UID, EPOCH_MS, "test", prior=records)
    other = Engine(UID, EPOCH_MS, "test", durable=restore(on_paper(fold(records))))
    for engine in (one, other):
        forget_the_future(engine._state, START)
    assert orders_of(one) == orders_of(other)
    assert one._state.order_ids.next() == other._state.order_ids.next()


def orders_of(engine: Engine) -> list[dict[str, Any]]:
    """Every field, the volatile ones too."""
    names = (*snapshot.ORDER_BORN, *snapshot.ORDER_LATER, *snapshot.ORDER_VOLATILE, *snapshot.ORDER_DERIVED)
    return [{name: getattr(order, name) for name in names} for order in engine._state.durable.orders.values()]


def test_a_snapshot_does_not_change_with_the_state_it_was_taken_of() -> None:
    durable = fold([filled("t1")])
    taken = take(durable)
    before = list(pieces(taken))
    fold([filled("t2")], onto=durable)
    assert list(pieces(taken)) == before


def test_fills_and_ids_come_in_pieces_of_bounded_size_and_in_order(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(durable_module, "REMEMBERED_TRADES", 1200)
    records: list[Record] = [filled(f"t{number}") for number in range(2500)]
    whole = fold(records)
    rows = on_paper(whole)
    sizes = [(row[0], len(row[-1])) for row in rows[1:]]
    assert sizes == [("Window", 250)] * 6 + [("Trades", 250)] * 4 + [("Trades", 200)]
    restored = restore(rows).trades["BTC/USDT:USDT"]
    assert list(restored.ids) == [f"t{number}" for number in range(1300, 2500)]
    assert restored.forgotten_ms == whole.trades["BTC/USDT:USDT"].forgotten_ms


@interpreted_only
def test_every_field_of_what_survives_is_in_the_snapshot_or_volatile() -> None:
    first = filled("t1")
    assert isinstance(first, Filled)
    order = Order("d1", "BTC/USDT:USDT", 1, 1, 1, False, 0, 1)
    assert fields(Durable()) == {*snapshot.COUNTERS, *snapshot.COLLECTIONS, "_steps"}
    named = (*snapshot.ORDER_BORN, *snapshot.ORDER_LATER, *snapshot.ORDER_VOLATILE, *snapshot.ORDER_DERIVED)
    assert fields(order) == set(named)
    assert fields(Ledger()) == {*snapshot.LEDGER, *snapshot.LEDGER_DERIVED, "window", "by_trade_id"}
    assert fields(Booked(first, 0, 0, 0)) == {"fill", *snapshot.LEDGER_DERIVED}
    assert fields(Remembered(1)) == {"most", "ids", "forgotten_ms"}
    assert fields(Latch(Latched(1, "a-1", "Engine", "SpecHalted"))) == set(snapshot.LATCH)


def fields(thing: object) -> set[str]:
    """Names of the data that an instance holds, with slots or without."""
    slots = {name for kind in type(thing).__mro__ for name in getattr(kind, "__slots__", ())}
    return slots | set(getattr(thing, "__dict__", {}))


@pytest.mark.parametrize(
    "rows",
    [
        [["State", 99]],
        [["Nonsense", 1, [], [], [], [], None, [], [], [], []]],
        [["State", 1, [], [], [], [], None, [], [], [], []]],
        [["State", 1, [], [], [], None]],
        [*on_paper(Durable()), ["Trades", "BTC/USDT:USDT", -1, [["t1"]]]],
        [*on_paper(Durable()), ["Window", "BTC/USDT:USDT", [["Dreamt", 1]]]],
        [*on_paper(Durable()), ["Nonsense", "BTC/USDT:USDT", []]],
        [],
        [[]],
    ],
)
def test_rows_that_no_version_wrote_are_refused(rows: list[Piece]) -> None:
    with pytest.raises(ValueError, match=r"no snapshot|no piece|no journal record|unpack"):
        restore(rows)

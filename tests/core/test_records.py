"""The journal's words: they survive the way to disk and back, and replaying them gives the same state."""

import typing

import pytest

from deskbot.core import records
from deskbot.core.durable import Durable
from deskbot.core.records import Record, from_tuple
from deskbot.simulation.faults import draw
from deskbot.simulation.life import Life
from tests.core.desk import Desk, Wants, target
from tests.core.state_of import state_of
from tests.runtime.records import field_types

KINDS = Record.__subclasses__()
VALUES: dict[object, typing.Any] = {int: 7, str: "text", bool: True}


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_every_record_survives_the_way_out_and_back(kind: type[Record]) -> None:
    record = kind(**{name: VALUES[of] for name, of in field_types(kind).items()})
    row = record.row()
    assert row[0] == kind.__name__
    assert from_tuple(row) == record
    assert from_tuple(list(row)) == record


@pytest.mark.parametrize("row", [(), ("Nobody", 1), ("Released", 1), ("Released", 1, "id", "more")])
def test_what_no_version_wrote_is_refused(row: tuple[object, ...]) -> None:
    with pytest.raises(ValueError, match="no journal record"):
        from_tuple(row)


def test_every_kind_of_record_can_be_applied() -> None:
    assert set(Durable()._steps) == set(KINDS)
    assert set(records._KINDS.values()) == set(KINDS)


def test_reading_the_state_changes_nothing_in_it() -> None:
    desk = Desk(strategy=Wants(target())).trading()
    before = state_of(desk.durable)
    desk.engine.summary()
    desk.durable.ledger("ETH/USDT")
    assert state_of(desk.durable) == before


@pytest.mark.parametrize("seed", range(2000, 2010))
def test_replaying_the_records_of_any_life_gives_the_same_state_at_every_point(seed: int) -> None:
    life = Life(draw(seed, "bybit"))
    life.run()
    written = life.disk.records()
    whole = Durable()
    for record in written:
        whole.apply(record)
    half = Durable()
    for record in [from_tuple(list(record.row())) for record in written]:
        half.apply(record)
    assert state_of(half) == state_of(whole)

"""Decision records: what was decided on which data, once for each change, and nothing on a quiet book."""

from deskbot.core.decisions import Decision
from deskbot.core.engine import Engine
from deskbot.core.instrument import SELL
from tests.core.desk import EPOCH_MS, UID, Desk, Wants, target


def desk() -> tuple[Desk, list[Decision]]:
    """A desk that quotes one bid, and where its decisions go."""
    told: list[Decision] = []
    made = Desk(strategy=Wants(target()))
    made.engine = Engine(UID, EPOCH_MS, "test", decided=told.append)
    return made.trading(), told


def test_a_decision_names_its_data_and_what_it_led_to() -> None:
    made, told = desk()
    order = made.resting()
    assert told[0].row() == (
        "Decision",
        made.at,
        order.market,
        600_000,
        600_001,
        0,
        [(1, 600_000, 2, 0, "placed")],
        [order.client_id],
        [],
    )
    made.strategy.wanted = [target("59999"), target("60001", SELL)]  # type: ignore[attr-defined]
    made.book()
    assert told[1].fates == ["waits", "placed"]
    assert told[1].cancelled == [order.client_id]


def test_a_quiet_book_makes_no_decision() -> None:
    made, told = desk()
    made.resting()
    before = len(told)
    for _ in range(5):
        made.book()
    assert told[before:] == []


def test_a_target_that_is_refused_again_and_again_makes_one_decision() -> None:
    made, told = desk()
    made.resting()
    made.strategy.wanted = [target(), target("60000", SELL)]  # type: ignore[attr-defined]
    before = len(told)
    for _ in range(5):
        made.book()
    assert [decision.fates for decision in told[before:]] == [["kept", "would_cross"]]

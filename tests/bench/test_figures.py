"""What the benchmarks make of what they measured."""

import io
from typing import Any

import pytest
from rich.console import Console
from rich.table import Table

from deskbot.bench import steps
from tests.bench.__main__ import judged
from tests.bench.tables import wide_enough
from tests.live.__main__ import BUSY, MET, MISSED, verdict
from tests.live.stamps import shares

CREATE = {
    "arrived": 1000,
    "book": 41_000,
    "read": 46_000,
    "engine": 50_000,
    "handed": 70_000,
    "durable": 270_000,
    "asked": 280_000,
    "gate": 310_000,
    "ccxt": 313_000,
    "written": 383_000,
}


def test_a_create_is_divided_among_ccxt_the_journal_and_us_without_a_rest() -> None:
    found = shares(CREATE)
    assert found is not None
    assert (found["total"], found["ours"], found["ccxt"], found["journal"]) == (382, 42, 140, 200)
    parts = ("reading", "passing", "deciding", "sending", "pacing")
    assert [found[name] for name in parts] == [5, 4, 20, 10, 3]


def test_a_cancel_waits_for_no_journal() -> None:
    steps = ("arrived", "book", "read", "engine", "handed", "gate", "ccxt", "written")
    found = shares({name: CREATE[name] for name in steps})
    assert found is not None
    assert (found["total"], found["journal"], found["ours"]) == (382, 0, 5 + 4 + 20 + 240 + 3)


def test_a_request_that_did_not_leave_is_no_measurement() -> None:
    assert shares({name: CREATE[name] for name in CREATE if name != "written"}) is None


@pytest.mark.parametrize(
    ("load", "p50", "p99", "said"),
    [(0.4, 60, 300, MET), (0.4, 60.1, 300, MISSED), (0.4, 60, 300.1, MISSED), (3.0, 10, 20, BUSY)],
)
def test_the_live_path_is_judged_on_a_quiet_machine_alone(load: float, p50: float, p99: float, said: str) -> None:
    run: dict[str, Any] = {"load": load, "create": {"ours": {"p50": p50, "p99": p99}}}
    assert verdict(run, "create") == said


def test_a_table_is_printed_whole_where_there_is_no_terminal() -> None:
    table = Table(*(f"column {number}" for number in range(12)))
    table.add_row(*("1,234.5 / 6,789.0" for _ in range(12)))
    text = io.StringIO()
    Console(file=text, width=wide_enough(table)).print(table)
    assert text.getvalue().count("1,234.5 / 6,789.0") == 12


def test_speeds_are_held_to_be_at_least_and_costs_at_most_their_budgets() -> None:
    costs = {"tickMicroseconds": 1.0, "orderLifeMicroseconds": 20.001, "fillMicroseconds": 9}
    found = {"calm": {"quotesPerSecond": 500_000}, "churn": {"quotesPerSecond": 199_999}, "steps": costs}
    assert [row["met"] for row in judged(found)] == [True, False, True, False, True]


def test_each_step_that_is_timed_does_what_it_is_named_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(steps, "QUOTES", 100)
    monkeypatch.setattr(steps, "WARM", 5)
    found = steps.measure()
    assert 0 < found["tickMicroseconds"] < found["orderLifeMicroseconds"]
    assert found["fillMicroseconds"] > 0

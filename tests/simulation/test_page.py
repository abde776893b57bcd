"""docs/simulation.md says what there is."""

from tests.simulation.__main__ import PAGE, fault_table, part
from tests.simulation.broken import BROKEN


def test_the_page_names_every_fault() -> None:
    assert part(PAGE.read_text("utf-8"), "faults") == fault_table(), "run: python -m tests.simulation"


def test_the_page_names_every_broken_engine_and_how_many_lives_it_took() -> None:
    rows = [row.split("|")[1:-1] for row in part(PAGE.read_text("utf-8"), "fish").splitlines()[2:]]
    assert [(name.strip(), what.strip()) for name, what, _ in rows] == [(f"`{one.name}`", one.what) for one in BROKEN]
    assert all(lives.strip().isdecimal() for _, _, lives in rows), "run: python -m tests.simulation --fish"

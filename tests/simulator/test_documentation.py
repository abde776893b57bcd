"""docs/simulator.md says what the models say: every action, every field, every default."""

from pathlib import Path

from deskbot.simulator.fault_reference import reference

DOCUMENT = Path(__file__).parents[2] / "docs" / "simulator.md"


def test_the_table_of_faults_is_that_of_the_models() -> None:
    assert reference() in DOCUMENT.read_text(), "run python -m deskbot.simulator.fault_reference docs/simulator.md"

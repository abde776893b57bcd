"""The page of controls claims what rules and markers say, and nothing else."""

from pathlib import Path

import pytest

from tests.controls.page import ControlsError, Rule, complain, markers

RULE = Rule("S1.1", "One trader.", "")


def test_a_marker_names_its_test_also_beside_other_markers(tmp_path: Path) -> None:
    (tmp_path / "test_one.py").write_text(
        "@pytest.mark.component\n@pytest.mark.control('S1.1', 'S2.1')\nasync def test_it() -> None: ...\n"
    )
    assert markers(tmp_path) == {
        "S1.1": [f"{tmp_path.as_posix()}/test_one.py::test_it"],
        "S2.1": [f"{tmp_path.as_posix()}/test_one.py::test_it"],
    }


def test_rules_that_a_test_holds_or_that_are_said_to_be_open_pass() -> None:
    complain({"One": [RULE, Rule("S1.2", "Two.", "not built")]}, {"S1.1": ["tests/test_one.py::test_it"]})


def test_a_rule_that_nothing_holds_is_named() -> None:
    with pytest.raises(ControlsError, match=r"no test is marked S1\.1"):
        complain({"One": [RULE]}, {})


def test_a_marker_that_names_no_rule_is_named_with_its_test() -> None:
    with pytest.raises(ControlsError, match=r"test_one\.py::test_it is marked S9\.9"):
        complain({"One": [RULE]}, {"S1.1": ["a::b"], "S9.9": ["tests/test_one.py::test_it"]})


def test_an_id_has_one_rule() -> None:
    with pytest.raises(ControlsError, match=r"S1\.1 is the id of two rules"):
        complain({"One": [RULE, RULE]}, {"S1.1": ["a::b"]})

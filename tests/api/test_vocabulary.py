"""The words of conditions, errors and halts: those in use are those in the vocabulary, and the other way round."""

import ast
import re
from functools import cache

import pytest

from deskapi import DeadManState, EngineState, HaltSource, LatchState, Phase, Reason
from deskapi.conditions import ConditionType, Documented
from tests.api.bots import ROOT

ERRORS = {"Invalid", "Blocked", "Transient", "Rejected", "OutcomeUnknown"}  # deskbot.core.errors: reason, message
CAMEL_CASE = re.compile(r"^[A-Z][a-z]+([A-Z][a-z]+)+$")


@cache
def _nodes() -> list[tuple[str, ast.AST]]:
    """Every call, constant and attribute of every program that reports reasons, with its file."""
    paths = [path for part in ("botimage", "operator", "strategies") for path in sorted((ROOT / part).rglob("*.py"))]
    return [
        (str(path.relative_to(ROOT)), node)
        for path in paths
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call | ast.Constant | ast.Attribute)
    ]


def _is_reason_of_an_error(node: ast.AST) -> bool:
    if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ERRORS and node.args):
        return False
    first = node.args[0]
    return isinstance(first, ast.Constant) and isinstance(first.value, str) and bool(CAMEL_CASE.match(first.value))


def test_every_reason_of_an_error_is_in_the_vocabulary() -> None:
    known = {reason.value for reason in Reason}
    found = [
        (file, node.args[0].value)
        for file, node in _nodes()
        if _is_reason_of_an_error(node) and isinstance(node, ast.Call) and isinstance(node.args[0], ast.Constant)
    ]
    assert found
    assert [(file, word) for file, word in found if word not in known] == []


def test_every_reason_of_the_vocabulary_is_in_use() -> None:
    nodes = [node for _, node in _nodes()]
    words = {node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    members = {node.attr for node in nodes if isinstance(node, ast.Attribute)}
    assert [reason.name for reason in Reason if reason.value not in words and reason.name not in members] == []


@pytest.mark.parametrize("words", [ConditionType, Reason, Phase, EngineState, LatchState, DeadManState, HaltSource])
def test_every_word_has_a_meaning_of_one_line_and_one_clause_list(words: type[Documented]) -> None:
    for word in words:
        assert re.fullmatch(r"[A-Z][A-Za-z]*", word.value)
        # A semicolon or line break would run into the next word where all are listed in one description.
        assert word.meaning
        assert not re.search(r"[;\n]", word.meaning)

"""The page of controls: every rule, the tests that hold it, and what is open.

    controls.yaml (id, rule, open) ──┐
    @pytest.mark.control("S1.1") ────┴──▶ docs/controls.md

A marker with an id that no rule has, an id that two rules have, or a rule with neither a test nor a word on what is
open is an error: the page never claims more than there is.
"""

import ast
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final, NamedTuple

import yaml

PAGE: Final = Path("docs/controls.md")
_RULES: Final = Path(__file__).with_name("controls.yaml")
_TESTS: Final = Path("tests")
_HEAD: Final = """# Controls

What must hold, and the tests that hold it; written by `make generate` from `tests/controls/controls.yaml` and the
markers of the tests. Rules `S` are the desk's own on who may trade and how that stops; `R6` are articles of Delegated
Regulation (EU) 2017/589 (RTS 6), `MA` paragraphs of SEC Rule 15c3-5, `FIA` the guides of the Futures Industry
Association, `K` lessons of 1 August 2012 (SEC 34-70694). None of these binds a private desk; they are the best
public words on safe automated trading, in our own here.
"""


class ControlsError(Exception):
    """Rules and markers do not fit together."""


class Rule(NamedTuple):
    """One control: `open` is what is missing, empty when nothing is."""

    id: str
    rule: str
    open: str


def page() -> str:
    """The whole page. Raises ControlsError."""
    sections, held = read_rules(), markers(_TESTS)
    complain(sections, held)
    return "\n".join([_HEAD, *(_section(title, rules, held) for title, rules in sections.items())])


def read_rules() -> dict[str, list[Rule]]:
    """Title of a section -> its rules."""
    sections = yaml.safe_load(_RULES.read_text("utf-8"))
    return {each["title"]: [Rule(r["id"], r["rule"], r.get("open", "")) for r in each["rules"]] for each in sections}


def markers(root: Path) -> dict[str, list[str]]:
    """Id of a rule -> the tests that carry it, as `path::name`, in their order."""
    held = defaultdict[str, list[str]](list)
    for path in sorted(root.rglob("test_*.py")):
        for name, ids in _marked(ast.parse(path.read_text("utf-8"))):
            for each in ids:
                held[each].append(f"{path.as_posix()}::{name}")
    return dict(held)


def complain(sections: Mapping[str, list[Rule]], held: Mapping[str, list[str]]) -> None:
    """Raise ControlsError for the first thing that does not fit."""
    rules = [rule for each in sections.values() for rule in each]
    twice = [each for each, times in Counter(rule.id for rule in rules).items() if times > 1]
    if twice:
        raise ControlsError(f"{_RULES.name}: {twice[0]} is the id of two rules")
    unknown = sorted(held.keys() - {rule.id for rule in rules})
    if unknown:
        raise ControlsError(f"{held[unknown[0]][0]} is marked {unknown[0]}, and {_RULES.name} has no such rule")
    for rule in rules:
        if rule.id not in held and not rule.open:
            raise ControlsError(f"{_RULES.name}: no test is marked {rule.id}, and nothing is said to be open")


def _marked(tree: ast.Module) -> Iterator[tuple[str, list[str]]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            for decorator in node.decorator_list:
                if isinstance(decorator, ast.Call) and ast.unparse(decorator.func) == "pytest.mark.control":
                    yield node.name, [ast.literal_eval(each) for each in decorator.args]


def _section(title: str, rules: list[Rule], held: Mapping[str, list[str]]) -> str:
    rows = "\n".join(f"| {rule.id} | {rule.rule} | {_held_by(rule, held)} |" for rule in rules)
    return f"## {title}\n\n| id | rule | held by |\n|---|---|---|\n{rows}\n"


def _held_by(rule: Rule, held: Mapping[str, list[str]]) -> str:
    said = [f"`{test}`" for test in held.get(rule.id, [])]
    return "<br>".join([*said, *([f"open: {rule.open}"] if rule.open else [])])

"""The table of faults in docs/simulator.md, made from the models.

python -m deskbot.simulator.fault_reference docs/simulator.md
"""

from __future__ import annotations

import sys
from pathlib import Path

from pydantic.fields import FieldInfo

from deskbot.simulator.fault_models import ACTIONS, Action, MessageAction, Place, word_of

BEGIN, END = "<!-- faults: made from the models -->", "<!-- faults: end -->"
COMMON = {"account", "after_ms", "for_ms", "endpoint", "count", "probability", "action"}


def reference() -> str:
    """A table with one row for each action, and one with the fields that many of them share."""
    rows = "\n".join(map(_row, ACTIONS))
    shared = "\n".join(
        f"| `{_alias(name, field)}` | {_type(field)} | {field.description} |"
        for name, field in MessageAction.model_fields.items()
        if name != "action"
    )
    return (
        "| field of every fault | default | meaning |\n|---|---|---|\n"
        f"{shared}\n\n| action | strikes | what happens | fields of its own (default) |\n|---|---|---|---|\n{rows}\n"
    )


def _row(kind: type[Action]) -> str:
    places = ", ".join(place.value for place in Place if place in kind.PLACES)
    said = " ".join((kind.__doc__ or "").split())
    own = {field: info for field, info in kind.model_fields.items() if _is_own(field, info)}
    fields = "; ".join(f"`{_alias(field, info)}` ({_type(info)}): {info.description}" for field, info in own.items())
    return f"| `{word_of(kind)}` | {places} | {said} | {fields} |"


def _is_own(name: str, field: FieldInfo) -> bool:
    """Whether a field is the action's own, or a shared one with another default."""
    if name not in COMMON:
        return True
    shared = MessageAction.model_fields.get(name)
    return name != "action" and shared is not None and field.default != shared.default


def _alias(name: str, field: FieldInfo) -> str:
    return field.alias or name


def _type(field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    return "none" if field.default is None else f"`{field.default!s}`" if field.default != "" else "empty"


def update(document: Path) -> None:
    """Replaces the part of a document between the two marks."""
    text = document.read_text()
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    document.write_text(f"{before}{BEGIN}\n{reference()}{END}{after}")


if __name__ == "__main__":
    update(Path(sys.argv[1]))

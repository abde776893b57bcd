"""From a plain object, as the API server or a file gives it, to a `TradingBot` or `RiskPolicy`, or to one clear line of
what is wrong.

Both are read the way the API server does: unknown fields are refused, nothing is converted from one type to another,
an explicit null counts as absent.
"""

import difflib
import json
from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from deskapi.base import WrongField
from deskapi.riskpolicy import RiskPolicy
from deskapi.structural import object_schema
from deskapi.tradingbot import TradingBot
from deskapi.venue import NEVER_CHANGES

Model = TypeVar("Model", bound=BaseModel)


class Invalid(ValueError):
    """An object that the API refuses. `problems` has one line per mistake; the text shows the first."""

    def __init__(self, problems: tuple[str, ...]) -> None:
        more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
        super().__init__(f"Invalid: {problems[0]}{more}")
        self.problems = problems


def read_part(model: type[Model], part: object) -> Model | None:
    """One part of a status; None where it is missing, or says what this version cannot read."""
    if not part:
        return None
    try:
        return model.model_validate(part)
    except ValidationError:
        return None


def load_bot(obj: Mapping[str, Any]) -> TradingBot:
    """The TradingBot of a plain object (as parsed from JSON or YAML). Raises `Invalid`."""
    return _load(TradingBot, obj)


def load_policy(obj: Mapping[str, Any]) -> RiskPolicy:
    """The RiskPolicy of a plain object. Raises `Invalid`."""
    return _load(RiskPolicy, obj)


def _load(model: type[Model], obj: Mapping[str, Any]) -> Model:
    try:
        return model.model_validate_json(json.dumps(_without_nulls(obj)), strict=True, by_alias=True, by_name=False)
    except ValidationError as error:
        raise Invalid(tuple(_line(model, detail) for detail in error.errors() if not _is_echo(detail))) from None


def check_change(old: TradingBot, new: TradingBot) -> None:
    """Raises `Invalid` if an edit from `old` to `new` touches what never changes in the life of a bot."""
    fixed = {
        "spec.mode": (old.spec.mode, new.spec.mode),
        "spec.venue.exchange": (old.spec.venue.exchange, new.spec.venue.exchange),
        "spec.venue.marketType": (old.spec.venue.market_type, new.spec.venue.market_type),
        "spec.venue.endpoint": (old.spec.venue.endpoint, new.spec.venue.endpoint),
        "spec.storage": (old.spec.storage, new.spec.storage),
    }
    problems = tuple(f"{place}: {NEVER_CHANGES}" for place, (before, after) in fixed.items() if before != after)
    if problems:
        raise Invalid(problems)


def dump(model: BaseModel) -> dict[str, Any]:
    """A model as a plain object for the API server: camelCase, text for amounts, nothing that is not set."""
    return model.model_dump(mode="json", by_alias=True, exclude_none=True)


def _without_nulls(node: Any) -> Any:
    if not isinstance(node, Mapping):
        return [_without_nulls(item) for item in node] if isinstance(node, list | tuple) else node
    # A strategy's params are its own: a null there has whatever meaning the strategy gives it.
    return {
        key: value if key == "params" else _without_nulls(value) for key, value in node.items() if value is not None
    }


def _is_echo(detail: ErrorDetails) -> bool:
    # A list is also called too short when its items were refused, each with a line of its own.
    return detail["type"] == "too_short" and bool(detail["input"])


def _line(model: type[BaseModel], detail: ErrorDetails) -> str:
    place = _path(detail["loc"])
    given = _shown(detail["input"])
    match detail["type"]:
        case "value_error":
            error = detail["ctx"]["error"]
            place, text = (f"{place}.{error.field}" if isinstance(error, WrongField) else place), str(error)
        case "missing":
            place, text = _path(detail["loc"][:-1]), f"the required field {detail['loc'][-1]} is missing"
        case "extra_forbidden":
            text = f"unknown field{_suggestion(model, detail['loc'])}"
        case "enum" | "literal_error":
            text = f"{given} is not one of {detail['ctx']['expected'].replace(chr(39), '')}"
        case "string_type":
            text = f"{given} is not text; write it in quotes"
        case "int_type":
            text = f"{given} is not a whole number; write it without quotes"
        case "bool_type":
            text = f"{given} is neither true nor false; write it without quotes"
        case "too_short" | "too_long":
            text = detail["msg"].replace("Tuple", "the list").replace(" after validation", "")
        case _:
            text = f"{given}: {detail['msg']}"
    return f"{place}: {text}" if place else text


def _path(location: tuple[int | str, ...]) -> str:
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in location).removeprefix(".")


def _shown(value: object, longest: int = 60) -> str:
    text = json.dumps(value, default=str, ensure_ascii=False)
    return text if len(text) <= longest else f"{text[:longest]}…"


def _suggestion(model: type[BaseModel], location: tuple[int | str, ...]) -> str:
    """A hint at the field that was probably meant."""
    known = object_schema(model)
    for part in location[:-1]:
        known = known["items"] if isinstance(part, int) else known["properties"][part]
    names = list(known["properties"])
    near = difflib.get_close_matches(str(location[-1]), names, n=1)
    return f"; did you mean {near[0]}?" if near else f"; the fields here are {', '.join(names)}"

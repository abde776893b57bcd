"""The catalogue: which strategies this image has, under which name and version.

A new strategy is one file and one line here.
"""

from collections.abc import Callable, Mapping
from difflib import get_close_matches
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from deskbot.core.errors import Invalid
from deskbot.core.instrument import Instrument
from deskbot.core.strategy import Strategy
from deskstrategies.params import Params
from deskstrategies.simple_maker import SimpleMaker, SimpleMakerParams


class Entry:
    """One strategy: its version, the model of its params, and how one is made for a market."""

    __slots__ = ("make", "params", "version")

    def __init__(self, version: str, params: type[Params], make: Callable[[Any, Instrument], Strategy]) -> None:
        self.version = version
        self.params = params
        self.make = make


CATALOGUE: dict[str, Entry] = {
    "simple-maker": Entry("1.0", SimpleMakerParams, SimpleMaker),
}


def check(name: str, version: str | None, params: Mapping[str, Any]) -> Params:
    """The validated params of a strategy. Raises Invalid (StrategyUnknown, ParamsInvalid) with one clear line."""
    entry = CATALOGUE.get(name)
    if entry is None:
        near = get_close_matches(name, CATALOGUE, n=1)
        hint = f'; did you mean "{near[0]}"?' if near else f"; this image has {', '.join(sorted(CATALOGUE))}"
        raise Invalid("StrategyUnknown", f'spec.strategies: there is no strategy "{name}"{hint}')
    if version is not None and version != entry.version:
        raise Invalid(
            "StrategyUnknown", f'spec.strategies: "{name}" is here in version {entry.version}, not in {version}'
        )
    try:
        return entry.params.model_validate(dict(params))
    except ValidationError as error:
        raise Invalid("ParamsInvalid", f"spec.strategies[{name}].params: {_one_line(entry.params, error)}") from None


def build(name: str, version: str | None, params: Mapping[str, Any], instrument: Instrument) -> Strategy:
    """A strategy for one market. Raises Invalid as `check` does, and for params that do not fit the market."""
    checked = check(name, version, params)
    try:
        return CATALOGUE[name].make(checked, instrument)
    except ValueError as error:
        raise Invalid("ParamsInvalid", f"spec.strategies[{name}].params: {error}") from None


def _one_line(params: type[Params], error: ValidationError) -> str:
    first = error.errors(include_url=False)[0]
    where = ".".join(map(str, first["loc"]))
    more = f" (and {error.error_count() - 1} more)" if error.error_count() > 1 else ""
    return f"{where}: {_problem(params, first)}{more}"


def _problem(params: type[Params], detail: ErrorDetails) -> str:
    match detail["type"]:
        case "extra_forbidden":
            names = [field.alias or name for name, field in params.model_fields.items()]
            near = get_close_matches(str(detail["loc"][-1]), names, n=1)
            return f"unknown field; did you mean {near[0]}?" if near else f"unknown field; there are {', '.join(names)}"
        case "missing":
            return "this field is required"
        case "value_error":
            return str(detail["ctx"]["error"])
        case _:
            return f"{detail['msg']}, got {detail['input']!r}"

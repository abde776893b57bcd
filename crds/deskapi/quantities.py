"""Money, ratios and durations: text in the API, exact values in Python.

A manifest carries them as strings ("250", "1.5%", "30s"), because JSON numbers pass through floats on their way. Each
kind of text has one pattern here; the API server checks it (by a CEL rule with our own message, or a plain pattern in
the status), and `TextFormat` checks the same one when a manifest is read without a server. What comes out is a
`Decimal` or a `timedelta`; what goes back in is the same text form.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from typing import Annotated, Any

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler, PlainValidator, WithJsonSchema
from pydantic_core import CoreSchema, core_schema

AMOUNT_PATTERN = r"^(0|[1-9][0-9]{0,11})([.][0-9]{1,12})?$"
SIGNED_AMOUNT_PATTERN = r"^-?[0-9]{1,24}([.][0-9]{1,24})?$"
RATIO_PATTERN = r"^(0|[1-9][0-9]?)([.][0-9]{1,6})?%$"
DURATION_PATTERN = r"^([0-9]{1,4}h)?([0-9]{1,4}m)?([0-9]{1,5}s)?([0-9]{1,5}ms)?$"
# Kubernetes' own quantity grammar, as its generators write it into CRDs; no sign, as nothing here may be negative.
QUANTITY_PATTERN = r"^([0-9]+|[0-9]+[.][0-9]+|[.][0-9]+)(([KMGTPE]i)|[numkMGTPE]|([eE][+-]?[0-9]+))?$"

_DURATION_UNITS = (timedelta(hours=1), timedelta(minutes=1), timedelta(seconds=1), timedelta(milliseconds=1))
_NOT_ZERO = "self.matches('[1-9]')"


def cel(rule: str, message: str, **more: str) -> dict[str, Any]:
    """One `x-kubernetes-validations` entry, as a schema fragment."""
    return {"x-kubernetes-validations": [{"rule": rule, "message": message, **more}]}


def parse_amount(text: str) -> Decimal:
    """A non-negative decimal amount ("250", "0.001"); `ValueError` says what would be right."""
    return Decimal(_matching(AMOUNT_PATTERN, text, 'a decimal amount; write for example "250"'))


def parse_signed_amount(text: str) -> Decimal:
    """A decimal amount that may be negative, as the status carries them."""
    return Decimal(_matching(SIGNED_AMOUNT_PATTERN, text, 'a decimal amount; write for example "-12.5"'))


def format_amount(value: Decimal) -> str:
    """Plain notation, never an exponent; zero has no sign."""
    if not value.is_finite():
        raise ValueError(f"{value} is not an amount")
    return f"{value:f}" if value else "0"


def parse_ratio(text: str) -> Decimal:
    """A percentage below 100 % as a fraction: "1.5%" is `Decimal("0.015")`."""
    percent = _matching(RATIO_PATTERN, text, 'a percentage below 100%; write for example "1.5%"').removesuffix("%")
    return Decimal(percent).scaleb(-2)


def format_ratio(value: Decimal) -> str:
    """The percentage of a fraction: `Decimal("0.015")` is "1.5%"."""
    return f"{format_amount(value.scaleb(2))}%"


def parse_duration(text: str) -> timedelta:
    """A duration of whole hours, minutes, seconds, milliseconds in that order: "30s", "1m30s", "500ms"."""
    needs = 'a duration; write for example "30s", "1m30s" or "500ms"'
    found = re.match(DURATION_PATTERN, _matching(DURATION_PATTERN, text or " ", needs))
    parts = found.groups() if found else ()
    return sum(
        (unit * int(part.rstrip("hms")) for part, unit in zip(parts, _DURATION_UNITS, strict=True) if part), timedelta()
    )


def format_duration(value: timedelta) -> str:
    """The shortest text of a duration in whole milliseconds; `ValueError` for anything finer or negative."""
    if value < timedelta() or value % _DURATION_UNITS[-1]:
        raise ValueError(f"{value} is not a duration in whole milliseconds")
    text = ""
    for unit, name in zip(_DURATION_UNITS, ("h", "m", "s", "ms"), strict=True):
        count, value = divmod(value, unit)
        text += f"{count}{name}" if count else ""
    return text or "0s"


def _matching(pattern: str, text: str, needs: str) -> str:
    # `$` would let a trailing newline through, which the API server's RE2 does not.
    if not re.fullmatch(pattern, text, flags=re.ASCII):
        raise ValueError(f'"{text}" is not {needs}')
    return text


@dataclass(frozen=True, eq=False)
class TextFormat:
    """How a field's value is written as text: `read` and `write` convert, `schema` is what the API server checks.

    Put it into `Annotated[...]`. `check` refuses values that are well written and still wrong, with a `ValueError`.
    """

    kind: type
    read: Callable[[str], Any]
    write: Callable[[Any], str]
    schema: Mapping[str, Any] = field(default_factory=dict)
    check: Callable[[Any], Any] = lambda value: value

    def __get_pydantic_core_schema__(self, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(
            self._validate,
            serialization=core_schema.plain_serializer_function_ser_schema(
                self.write, return_schema=core_schema.str_schema()
            ),
        )

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return {"type": "string", **self.schema}

    def _validate(self, value: object) -> Any:
        if isinstance(value, self.kind) and self.kind is not str:
            value = self.write(value)
        if not isinstance(value, str):
            raise ValueError(f'{value!r} is not text; write it in quotes: "{value}"')  # noqa: TRY004 pydantic's way
        return self.check(self.read(value))


def _positive(value: Decimal) -> Decimal:
    if value <= 0:
        raise ValueError(f'"{value}" is not above zero')
    return value


def text_rule(pattern: str, needs: str, *, also: str = "", max_length: int = 32) -> dict[str, Any]:
    """The schema of a text field that the API server refuses with `not <needs>`."""
    rule = f"self.matches('{pattern}')" + (f" && {also}" if also else "")
    return {"maxLength": max_length, **cel(rule, f"not {needs}")}


PositiveAmount = Annotated[
    Decimal,
    TextFormat(
        Decimal,
        parse_amount,
        format_amount,
        text_rule(AMOUNT_PATTERN, 'a decimal amount above zero; write for example "250"', also=_NOT_ZERO),
        _positive,
    ),
]
PositiveRatio = Annotated[
    Decimal,
    TextFormat(
        Decimal,
        parse_ratio,
        format_ratio,
        text_rule(RATIO_PATTERN, 'a percentage above 0% and below 100%; write for example "1.5%"', also=_NOT_ZERO),
        _positive,
    ),
]
SignedAmount = Annotated[
    Decimal, TextFormat(Decimal, parse_signed_amount, format_amount, {"pattern": SIGNED_AMOUNT_PATTERN})
]


def duration_between(shortest: str, longest: str, example: str) -> TextFormat:
    """The format of a duration within bounds (both included), for `Annotated[timedelta, ...]`."""
    low, high = parse_duration(shortest), parse_duration(longest)
    needs = f'a duration from {shortest} to {longest}; write for example "{example}"'

    def check(value: timedelta) -> timedelta:
        if not low <= value <= high:
            raise ValueError(f'"{format_duration(value)}" is not {needs}')
        return value

    in_bounds = f"self != '' && duration(self) >= duration('{shortest}') && duration(self) <= duration('{longest}')"
    return TextFormat(
        timedelta, parse_duration, format_duration, text_rule(DURATION_PATTERN, needs, also=in_bounds), check
    )


def plain_text(pattern: str, needs: str, *, max_length: int) -> TextFormat:
    """The format of a field that stays text, for `Annotated[str, ...]`."""

    def read(text: str) -> str:
        if len(text) > max_length:
            raise ValueError(f"{len(text)} characters are too many: at most {max_length} fit")
        return _matching(pattern, text, needs)

    return TextFormat(str, read, str, text_rule(pattern, needs, max_length=max_length))


def _quantity(value: object) -> str | int:
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise ValueError(f'{value!r} is not a quantity; write for example "500m" or "1Gi"')  # noqa: TRY004
    _matching(QUANTITY_PATTERN, str(value), 'a quantity; write for example "500m" or "1Gi"')
    return value


# Kubernetes' resource quantity, passed on as it is written.
Quantity = Annotated[
    str | int,
    PlainValidator(_quantity),
    WithJsonSchema(
        {
            "anyOf": [{"type": "integer"}, {"type": "string"}],
            "pattern": QUANTITY_PATTERN,
            "x-kubernetes-int-or-string": True,
        }
    ),
]

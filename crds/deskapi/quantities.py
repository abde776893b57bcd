"""Money, ratios and durations: text in the API, exact values in Python.

A manifest carries them as strings ("250", "1.5%", "30s"), because JSON numbers pass through floats on their way. Each
kind of text is described once, by a `TextFormat`: its pattern, what to say when it does not fit, and how it converts.
From that one description come the rule that the API server checks and the check of a manifest that is read without a
server, so both refuse the same texts with the same words.
"""

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Annotated, Any

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler, PlainValidator, WithJsonSchema
from pydantic_core import CoreSchema, core_schema

_DURATION_UNITS = (timedelta(hours=1), timedelta(minutes=1), timedelta(seconds=1), timedelta(milliseconds=1))


def cel(rule: str, message: str, **more: str) -> dict[str, Any]:
    """One entry of `x-kubernetes-validations`."""
    return {"rule": rule, "message": message, **more}


def rules(*entries: dict[str, Any]) -> dict[str, Any]:
    """Rules of the API server, as a schema fragment."""
    return {"x-kubernetes-validations": list(entries)}


@dataclass(frozen=True)
class Check:
    """What a well-written value must fulfil as well: once in Python, once in CEL."""

    holds: Callable[[Any], bool]
    cel: str
    message: str | None = None  # absent: the same words as for text that does not match the pattern


@dataclass(frozen=True, eq=False)
class TextFormat:
    """A field that is text in a manifest and a `kind` in Python; for `Annotated[...]`.

    `needs` completes the sentence `"25x" is not ...` and gives an example.
    """

    kind: type
    pattern: str
    needs: str
    read: Callable[[str], Any] = str
    write: Callable[[Any], str] = str
    checks: Sequence[Check] = ()
    max_length: int = 32

    def parse(self, text: str) -> Any:
        """The value of a text. Raises `ValueError` with what is wrong and what would be right."""
        if len(text) > self.max_length:
            raise ValueError(f"{len(text)} characters are too many: at most {self.max_length} fit")
        # fullmatch, as `$` would let a trailing newline through, which the API server's RE2 does not.
        if re.fullmatch(self.pattern, text, flags=re.ASCII) is None:
            raise ValueError(f"{_quoted(text)} is not {self.needs}")
        value = self.read(text)
        for check in self.checks:
            if not check.holds(value):
                raise ValueError(f"{_quoted(text)} {check.message or f'is not {self.needs}'}")
        return value

    def schema(self) -> dict[str, Any]:
        """The schema of a field of the spec: refused with the words of `parse`."""
        matches = f"self.matches('{self.pattern}')"
        well_written = " && ".join([matches, *(check.cel for check in self.checks if check.message is None)])
        entries = [(well_written, f"is not {self.needs}")]
        entries += [(check.cel, check.message) for check in self.checks if check.message is not None]
        return {
            "type": "string",
            "maxLength": self.max_length,
            **rules(
                *(cel(rule, message, messageExpression=f"'\"' + self + '\" {message}'") for rule, message in entries)
            ),
        }

    def __get_pydantic_core_schema__(self, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        written = core_schema.plain_serializer_function_ser_schema(self.write, return_schema=core_schema.str_schema())
        return core_schema.no_info_plain_validator_function(self._validated, serialization=written)

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return self.schema()

    def _validated(self, value: object) -> Any:
        if isinstance(value, self.kind):
            value = self.write(value)
        if not isinstance(value, str):
            self.parse(str(value))  # it may be wrong besides
            raise ValueError(f'{value!r} is not text; write it in quotes: "{value}"')  # noqa: TRY004 pydantic wants it
        return self.parse(value)


def _quoted(text: str) -> str:
    # One line, whatever the text holds.
    return json.dumps(text, ensure_ascii=False)


class StatusText(TextFormat):
    """A field of the status: the bot writes it, so a plain pattern is enough and costs the API server least."""

    def schema(self) -> dict[str, Any]:
        return {"type": "string", "pattern": self.pattern}


def format_amount(value: Decimal) -> str:
    """Plain notation, never an exponent; zero has no sign."""
    if not value.is_finite():
        raise ValueError(f"{value} is not an amount")
    return f"{value:f}" if value else "0"


def _read_ratio(text: str) -> Decimal:
    return Decimal(text.removesuffix("%")).scaleb(-2)


def format_ratio(value: Decimal) -> str:
    """The percentage of a fraction: `Decimal("0.015")` is "1.5%"."""
    return f"{format_amount(value.scaleb(2))}%"


def _read_duration(text: str) -> timedelta:
    counts = dict.fromkeys(("h", "m", "s", "ms"), 0)
    counts.update((unit, int(count)) for count, unit in re.findall(r"([0-9]+)(ms|[hms])", text))
    return sum((unit * count for unit, count in zip(_DURATION_UNITS, counts.values(), strict=True)), timedelta())


def format_duration(value: timedelta) -> str:
    """The shortest text of a duration in whole milliseconds; `ValueError` for anything finer or negative."""
    if value < timedelta() or value % _DURATION_UNITS[-1]:
        raise ValueError(f"{value} is not a duration in whole milliseconds")
    text = ""
    for unit, name in zip(_DURATION_UNITS, ("h", "m", "s", "ms"), strict=True):
        count, value = divmod(value, unit)
        text += f"{count}{name}" if count else ""
    return text or "0s"


_ABOVE_ZERO = Check(lambda value: value > 0, "self.matches('[1-9]')")

AMOUNT = TextFormat(
    Decimal,
    r"^(0|[1-9][0-9]{0,11})([.][0-9]{1,12})?$",
    'a decimal amount above zero; write for example "250"',
    Decimal,
    format_amount,
    (_ABOVE_ZERO,),
)
SIGNED_AMOUNT = StatusText(
    Decimal,
    r"^-?[0-9]{1,24}([.][0-9]{1,24})?$",
    'a decimal amount; write for example "-12.5"',
    Decimal,
    format_amount,
    max_length=64,
)
RATIO = TextFormat(
    Decimal,
    r"^(0|[1-9][0-9]?)([.][0-9]{1,6})?%$",
    'a percentage above 0% and below 100%; write for example "1.5%"',
    _read_ratio,
    format_ratio,
    (_ABOVE_ZERO,),
)

PositiveAmount = Annotated[Decimal, AMOUNT]  # "250" is Decimal("250")
PositiveRatio = Annotated[Decimal, RATIO]  # "1.5%" is Decimal("0.015")
SignedAmount = Annotated[Decimal, SIGNED_AMOUNT]


def duration_between(shortest: str, longest: str, example: str) -> TextFormat:
    """A duration in hours, minutes, seconds, milliseconds ("1m30s"), both bounds included; a `timedelta` in Python."""
    low, high = _read_duration(shortest), _read_duration(longest)
    return TextFormat(
        timedelta,
        r"^([0-9]{1,4}h)?([0-9]{1,4}m)?([0-9]{1,5}s)?([0-9]{1,5}ms)?$",
        f'a duration from {shortest} to {longest}; write for example "{example}"',
        _read_duration,
        format_duration,
        (
            Check(
                lambda value: low <= value <= high,
                f"self != '' && duration(self) >= duration('{shortest}') && duration(self) <= duration('{longest}')",
            ),
        ),
    )


# Kubernetes' own grammar of quantities, as its generators write it into CRDs; no sign: nothing here may be negative.
_QUANTITY = TextFormat(
    str,
    r"^([0-9]+|[0-9]+[.][0-9]+|[.][0-9]+)(([KMGTPE]i)|[numkMGTPE]|([eE][+-]?[0-9]+))?$",
    'a quantity; write for example "500m" or "1Gi"',
)


def _quantity(value: object) -> str | int:
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise ValueError(f"{value!r} is not {_QUANTITY.needs}")  # noqa: TRY004 pydantic wants it
    _QUANTITY.parse(str(value))
    return value


Quantity = Annotated[
    str | int,
    PlainValidator(_quantity),
    WithJsonSchema(
        {
            "anyOf": [{"type": "integer"}, {"type": "string"}],
            "pattern": _QUANTITY.pattern,
            "x-kubernetes-int-or-string": True,
        }
    ),
]

"""Which bots a policy is about, by their labels, as Kubernetes selects."""

from collections.abc import Mapping
from typing import Annotated, Literal, Self

from pydantic import ConfigDict, Field, model_validator

from deskapi.base import SpecModel, WrongField
from deskapi.placement import ATOMIC
from deskapi.quantities import cel, rules

_Key = Annotated[str, Field(min_length=1, max_length=316)]
_Value = Annotated[str, Field(max_length=63)]
_NEEDS_VALUES = "In and NotIn need values"
_NO_VALUES = "Exists and DoesNotExist take no values"


class LabelRequirement(SpecModel):
    """One requirement on a label."""

    model_config = ConfigDict(
        json_schema_extra=rules(
            cel(
                "!(self.operator in ['In', 'NotIn']) || (has(self.values) && self.values.size() > 0)",
                _NEEDS_VALUES,
                fieldPath=".values",
            ),
            cel(
                "self.operator in ['In', 'NotIn'] || !has(self.values) || self.values.size() == 0",
                _NO_VALUES,
                fieldPath=".values",
            ),
        )
    )

    key: _Key = Field(description="Key of the label.")
    operator: Literal["In", "NotIn", "Exists", "DoesNotExist"] = Field(
        description="How key and values relate: In (the label is there with one of them), NotIn (it is not), Exists, "
        "DoesNotExist."
    )
    values: tuple[_Value, ...] | None = Field(
        default=None, max_length=100, description="Values, for In and NotIn.", json_schema_extra=ATOMIC
    )

    @model_validator(mode="after")
    def _values_fit(self) -> Self:
        if self.operator in {"In", "NotIn"} and not self.values:
            raise WrongField("values", _NEEDS_VALUES)
        if self.operator in {"Exists", "DoesNotExist"} and self.values:
            raise WrongField("values", _NO_VALUES)
        return self

    def holds(self, labels: Mapping[str, str]) -> bool:
        """Whether labels meet it. NotIn holds where the label is absent, as Kubernetes has it."""
        value, values = labels.get(self.key), self.values or ()
        return {
            "In": value in values,
            "NotIn": value not in values,
            "Exists": value is not None,
            "DoesNotExist": value is None,
        }[self.operator]


class Selector(SpecModel):
    """Bots selected by their labels. An empty one selects every bot of the namespace."""

    match_labels: dict[str, str] | None = Field(
        default=None, description="Labels that must all be there, with these values."
    )
    match_expressions: tuple[LabelRequirement, ...] | None = Field(
        default=None, max_length=32, description="Requirements that must all hold.", json_schema_extra=ATOMIC
    )

    def selects(self, labels: Mapping[str, str]) -> bool:
        """Whether an object with these labels is selected."""
        equal = all(labels.get(key) == value for key, value in (self.match_labels or {}).items())
        return equal and all(requirement.holds(labels) for requirement in self.match_expressions or ())

"""What params of strategies are made of: strict pydantic models with camelCase names and ratios such as "0.02%"."""

from decimal import Decimal, InvalidOperation
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, GetCoreSchemaHandler
from pydantic.alias_generators import to_camel
from pydantic_core import CoreSchema, core_schema


class Ratio(Decimal):
    """A share of 1, written as a percentage ("0.02%") or as a decimal ("0.0002"); never negative."""

    def __new__(cls, value: str | Decimal) -> Self:
        text = str(value).strip()
        percent = text.endswith("%")
        try:
            number = Decimal(text.removesuffix("%"))
        except InvalidOperation:
            number = Decimal("NaN")
        if not number.is_finite() or number < 0:
            raise ValueError(f'"{text}" is not a ratio; write for example "0.02%"')
        return super().__new__(cls, number / 100 if percent else number)

    @classmethod
    def __get_pydantic_core_schema__(cls, _source: Any, _handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(
            cls, serialization=core_schema.plain_serializer_function_ser_schema(str)
        )


class Params(BaseModel):
    """Base of every strategy's params: unknown names are refused, nothing changes after validation."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="forbid", frozen=True)

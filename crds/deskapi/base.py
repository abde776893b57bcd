"""What every part of the API has in common: camelCase on the wire, snake_case in Python, values that never change."""

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel


class WrongField(ValueError):
    """A rule over several fields that one of them breaks."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


class SpecModel(BaseModel):
    """A part of the spec: an unknown field is refused, for it may be a limit that this version does not know."""

    model_config = ConfigDict(
        alias_generator=to_camel, validate_by_alias=True, validate_by_name=True, frozen=True, extra="forbid"
    )


class StatusModel(BaseModel):
    """A part of the status: an unknown field is passed over, for it was written by a newer version."""

    model_config = ConfigDict(
        alias_generator=to_camel, validate_by_alias=True, validate_by_name=True, frozen=True, extra="ignore"
    )

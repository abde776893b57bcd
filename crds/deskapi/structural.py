"""From the models to a structural schema, the subset of JSON Schema that a CRD may use.

`_Structural` uses Pydantic's own hooks so that most differences never arise (no titles, no null); `_inlined` removes
what is left: references, which a CRD cannot have, and `additionalProperties` that is true or false, for which the API
server has pruning and strict field validation.
"""

from functools import cache
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from deskapi.tradingbot import TradingBot

_EMPTY_DEFAULTS: tuple[Any, ...] = (None, False, "", [], {})


class _Structural(GenerateJsonSchema):
    """Pydantic's generator without what a structural schema cannot say."""

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ARG002 pydantic calls it so
        return False

    def nullable_schema(self, schema: core_schema.NullableSchema) -> JsonSchemaValue:
        return self.generate_inner(schema["schema"])

    def default_schema(self, schema: core_schema.WithDefaultSchema) -> JsonSchemaValue:
        inner = super().default_schema(schema)
        # Absent means the same; a default that the server writes would only be one more line in every diff.
        if inner.get("default") in _EMPTY_DEFAULTS:
            inner.pop("default", None)
        return inner


def _inlined(node: Any, definitions: dict[str, Any]) -> Any:
    if isinstance(node, list):
        return [_inlined(item, definitions) for item in node]
    if not isinstance(node, dict):
        return node
    if "$ref" in node:
        target = definitions[node["$ref"].rpartition("/")[2]]
        node = {**target, **{key: value for key, value in node.items() if key != "$ref"}}
    return {key: _inlined(value, definitions) for key, value in node.items() if not _is_foreign(key, value)}


def _is_foreign(key: str, value: object) -> bool:
    return (key == "title" and isinstance(value, str)) or (key == "additionalProperties" and isinstance(value, bool))


@cache
def object_schema(model: type[BaseModel] = TradingBot) -> dict[str, Any]:
    """The structural schema of a whole object, of a TradingBot unless said: one for all who ask, to be read only."""
    raw = model.model_json_schema(schema_generator=_Structural)
    definitions = raw.pop("$defs")
    schema: dict[str, Any] = _inlined(raw, definitions)
    properties = schema["properties"]
    # The API server knows these three by itself, and of metadata it allows to say no more than this.
    properties["apiVersion"] = {"type": "string", "description": "The version of this API."}
    properties["kind"] = {"type": "string", "description": "The kind of the object."}
    properties["metadata"] = {"type": "object"}
    schema["required"] = ["metadata", "spec"]
    return schema

"""Turn a params model into flat JSON schemas of its fields, as every client and model reads them."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any, TypeAlias

from mediasmith.plugin.contract import Params

Schema: TypeAlias = dict[str, Any]
"""A JSON schema."""


@cache
def field_schemas(params: type[Params]) -> Mapping[str, Schema]:
    """Return the fields of a params model as flat schemas, without nulls, titles and references."""
    whole = params.model_json_schema()
    definitions = whole.get("$defs", {})
    return {name: _flat(schema, definitions) for name, schema in whole.get("properties", {}).items()}


def _flat(schema: Schema, definitions: Mapping[str, Schema]) -> Schema:
    arms = [arm for arm in schema.get("anyOf", ()) if arm.get("type") != "null"]
    if len(arms) == 1:
        schema = {**arms[0], **{key: value for key, value in schema.items() if key != "anyOf"}}
    if "$ref" in schema:
        schema = {**definitions[schema["$ref"].rsplit("/", 1)[-1]], **schema}
    if "const" in schema:
        schema = {**schema, "enum": [schema["const"]]}
    dropped = ("title", "$ref", "const")
    flat = {
        key: value for key, value in schema.items() if key not in dropped and not (key == "default" and value is None)
    }
    if "items" in flat:
        flat["items"] = _flat(flat["items"], definitions)
    if "properties" in flat:
        flat["properties"] = {name: _flat(inner, definitions) for name, inner in flat["properties"].items()}
    return flat

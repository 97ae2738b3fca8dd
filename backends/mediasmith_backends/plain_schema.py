"""Write the JSON schema of an endpoint's inputs plainly: no references, no nulls, no words about display."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any, TypeAlias, cast

from mediasmith.plugin.contract import JSON

Schema: TypeAlias = "Mapping[str, JSON]"
"""A JSON schema, of JSON Schema itself or of OpenAPI 3."""

_DEEPEST = 12
"""Levels that are followed: a schema may refer to itself."""

_KEPT = (
    *("type", "enum", "default", "description", "required", "additionalProperties"),
    *("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"),
    *("minLength", "maxLength", "pattern", "minItems", "maxItems"),
)
"""What is kept as it is, besides the schemas inside."""

_DESCRIPTION = 200
"""Characters of a description that are kept."""


def plain_schema(schema: object, document: object) -> Schema:
    """Return a schema of `document` with everything that it refers to in its place. What cannot be read is left out."""
    return _plain(schema, document, 0)


def _plain(schema: object, document: object, depth: int) -> dict[str, JSON]:
    given = mapping(schema)
    if depth > _DEEPEST:
        return {}
    if isinstance(reference := given.get("$ref"), str):
        target = _find(reference, document)
        return _plain({**target, **{name: given[name] for name in given if name != "$ref"}}, document, depth + 1)
    found: dict[str, JSON] = {}
    for part in listed(given.get("allOf")):
        _merge(found, _plain(part, document, depth + 1))
    _merge(found, {name: given[name] for name in _KEPT if name in given})
    if "const" in given:
        found["enum"] = [given["const"]]
    if "properties" in given:
        inner = {name: _plain(one, document, depth + 1) for name, one in mapping(given["properties"]).items()}
        _merge(found, {"properties": inner})
    if "items" in given:
        found["items"] = _plain(given["items"], document, depth + 1)
    return _tidy(_with_arms(found, [*listed(given.get("anyOf")), *listed(given.get("oneOf"))], document, depth))


def _with_arms(found: dict[str, JSON], arms: Sequence[object], document: object, depth: int) -> dict[str, JSON]:
    """Return a schema with the alternatives of which one applies; a single one becomes part of it."""
    plain = [_plain(arm, document, depth + 1) for arm in arms]
    some = [arm for arm in plain if arm and arm.get("type") != "null"]
    if len(some) == 1:
        return {**some[0], **found}
    return {**found, "anyOf": some} if some else found


def _merge(found: dict[str, JSON], more: Mapping[str, JSON]) -> None:
    required = [*listed(found.get("required")), *listed(more.get("required"))]
    properties = {**mapping(found.get("properties")), **mapping(more.get("properties"))}
    found.update(more)
    if required:
        found["required"] = required
    if properties:
        found["properties"] = properties


def _tidy(found: dict[str, JSON]) -> dict[str, JSON]:
    """Mend what is written differently: nulls as a type, bounds of OpenAPI 3.0, numbers as text."""
    kinds = [kind for kind in listed(found.get("type")) if kind != "null"]
    if kinds:
        found["type"] = kinds[0] if len(kinds) == 1 else kinds
    for name, bound in (("exclusiveMinimum", "minimum"), ("exclusiveMaximum", "maximum")):
        if isinstance(exclusive := found.get(name), bool):
            del found[name]
            if exclusive and bound in found:
                found[name] = found.pop(bound)
    if isinstance(text := found.get("description"), str):
        found["description"] = text if len(text) <= _DESCRIPTION else f"{text[:_DESCRIPTION]}…"
    if "enum" in found:
        found["enum"] = [value for value in listed(found["enum"]) if value is not None]
    if "default" in found:
        default = _default(found)
        found.pop("default") if default is None else found.update(default=default)
    return found


def _default(schema: Schema) -> JSON:
    """Return the default, or None where there is none. Some schemas give a number, or null, as text."""
    default = schema["default"]
    if not isinstance(default, str):
        return default
    values = listed(schema.get("enum"))
    if default == "null" or default in values:
        return None if default == "null" else default
    if schema.get("type") in {"number", "integer", "boolean"} or values:
        with suppress(ValueError):
            return json.loads(default.lower())
    return default


def _find(reference: str, document: object) -> Mapping[str, JSON]:
    found: object = document
    for part in reference.removeprefix("#/").split("/"):
        found = mapping(found).get(part.replace("~1", "/").replace("~0", "~"))
    return mapping(found)


def mapping(value: object) -> Mapping[str, Any]:
    """Return a JSON object, or an empty one in place of anything else."""
    return cast("Mapping[str, Any]", value) if isinstance(value, Mapping) else {}


def listed(value: object) -> Sequence[Any]:
    """Return a JSON array, or an empty one in place of anything else; a text, such as a type, is one of one."""
    if isinstance(value, str):
        return [value]
    return cast("Sequence[Any]", value) if isinstance(value, list | tuple) else []

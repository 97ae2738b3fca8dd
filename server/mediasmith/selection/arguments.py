"""The one check of a tool's arguments, for MCP and library alike. Its messages are ours and name the argument."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

from mediasmith.config.tool_schemas import Schema
from mediasmith.plugin.errors import InvalidRequest
from mediasmith.selection.near_matches import match_listed, suggest

_MAX_TEXT = 20_000_000
"""Characters in any other text: room for an input as a data URI."""

_MAX_DEPTH = 32
"""Levels of arrays and objects inside one another; options need few."""

_MAX_SHOWN = 60
"""Characters of a caller's own text that a message repeats."""

_IGNORED = {"wait_for_previous"}
"""Arguments that a client adds to every call of every tool."""


def check_arguments(arguments: Mapping[str, Any], schema: Schema) -> dict[str, Any]:
    """The arguments that remain once nulls are dropped and JSON text is read, each as the schema says.

    Raises:
        InvalidRequest: an argument is unknown, missing, of the wrong type, or out of bounds.
    """
    properties: Mapping[str, Schema] = schema["properties"]
    given = {name: value for name, value in arguments.items() if value is not None and name not in _IGNORED}
    for name in given:
        if name not in properties:
            raise InvalidRequest(_unknown(name, properties), billed="no")
    for name in schema.get("required", ()):
        if name not in given:
            raise InvalidRequest(f"{name} is missing.", _about(name, properties), billed="no")
    return {name: _value(name, value, properties[name]) for name, value in given.items()}


def _unknown(name: str, properties: Mapping[str, Schema]) -> str:
    # Quoted with repr and cut: the name is the caller's text and may be anything.
    return f"There is no argument {name[:_MAX_SHOWN]!r}. {suggest(name[:_MAX_SHOWN], list(properties))}"


def _about(name: str, properties: Mapping[str, Schema]) -> str:
    return str(properties[name].get("description", ""))


def _value(name: str, value: object, schema: Schema) -> object:
    value = _TYPES[schema["type"]](name, value, schema)
    value = match_listed(value, schema["enum"]) if "enum" in schema else value
    if "enum" in schema and value not in schema["enum"]:
        accepted = ", ".join(map(str, schema["enum"]))
        raise InvalidRequest(f"{name} is {_shown(value)}; accepted: {accepted}.", billed="no")
    return value


def _string(name: str, value: object, _schema: Schema) -> str:
    if not isinstance(value, str):
        raise InvalidRequest(f"{name} must be text, not {_shown(value)}.", billed="no")
    if len(value) > _MAX_TEXT:
        raise InvalidRequest(f"{name} is too long; at most {_MAX_TEXT:,} characters are accepted.", billed="no")
    if "\0" in value:
        raise InvalidRequest(f"{name} contains a NUL character; send plain text.", billed="no")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise InvalidRequest(f"{name} contains an unpaired surrogate; send valid Unicode.", billed="no") from None
    return value


def _boolean(name: str, value: object, _schema: Schema) -> bool:
    if not isinstance(value, bool):
        raise InvalidRequest(f"{name} must be true or false, not {_shown(value)}.", billed="no")
    return value


def _number(name: str, value: object, schema: Schema) -> float:
    accepted = f"a {'whole ' if schema['type'] == 'integer' else ''}number{_bounds(schema)}"
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(_as_float(value)):
        raise InvalidRequest(f"{name} must be {accepted}, not {_shown(value)}.", billed="no")
    number = int(value) if value == int(value) else value  # 6.0 is 6, also for a backend that lists whole numbers
    if schema["type"] == "integer" and not isinstance(number, int):
        raise InvalidRequest(f"{name} must be {accepted}, not {_shown(value)}.", billed="no")
    if not schema.get("minimum", -math.inf) <= number <= schema.get("maximum", math.inf):
        raise InvalidRequest(f"{name} is {_shown(value)}; accepted: {accepted}.", billed="no")
    return number


def _as_float(value: float) -> float:
    try:
        return float(value)
    except OverflowError:
        return math.inf


def _array(name: str, value: object, schema: Schema) -> list[object]:
    if isinstance(value, str):
        value = _read_json(value) if value.lstrip().startswith("[") else [value]
    if not isinstance(value, list | tuple):
        raise InvalidRequest(f"{name} must be a list of strings, not {_shown(value)}.", billed="no")
    items: list[object] = list(value)  # pyright: ignore[reportUnknownArgumentType]  # JSON from outside
    low, high = schema.get("minItems", 0), schema.get("maxItems", 100)
    if not low <= len(items) <= high:
        raise InvalidRequest(f"{name} has {len(items):,} entries; accepted: {low} to {high}.", billed="no")
    return [_value(f"{name}[{index}]", item, schema["items"]) for index, item in enumerate(items)]


def _object(name: str, value: object, _schema: Schema) -> dict[str, object]:
    if isinstance(value, str):
        value = _read_json(value)
    if not isinstance(value, dict):
        raise InvalidRequest(f"{name} must be an object such as {{}}, not {_shown(value)}.", billed="no")
    entries: dict[str, object] = value  # pyright: ignore[reportUnknownVariableType]  # JSON from outside
    _check_json(name, entries, _MAX_DEPTH)
    return {key: entry for key, entry in entries.items() if entry is not None}


def _check_json(name: str, value: object, depth: int) -> None:
    """Every text inside is checked like any other, however deep it is."""
    if isinstance(value, str):
        _string(name, value, {})
    elif isinstance(value, dict) and depth:
        for key, entry in cast("dict[object, object]", value).items():
            _string(f"a key in {name}", key, {})
            _check_json(name, entry, depth - 1)
    elif isinstance(value, list | tuple) and depth:
        for entry in cast("Sequence[object]", value):
            _check_json(name, entry, depth - 1)
    elif not (value is None or (isinstance(value, int | float) and math.isfinite(_as_float(value)))):
        raise InvalidRequest(
            f"{name} must be JSON of at most {_MAX_DEPTH} levels, without NaN or infinity.", billed="no"
        )


def _read_json(text: str) -> object:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


_TYPES: Mapping[str, Callable[[str, object, Schema], object]] = {
    "string": _string,
    "boolean": _boolean,
    "number": _number,
    "integer": _number,
    "array": _array,
    "object": _object,
}


def _bounds(schema: Schema) -> str:
    low, high = schema.get("minimum"), schema.get("maximum")
    if low is not None and high is not None:
        return f" from {low:.10g} to {high:.10g}"
    return f" of at least {low:.10g}" if low is not None else ""


def _shown(value: object) -> str:
    """The value as it may stand in a message: short, quoted, its type clear."""
    try:
        text = json.dumps(value, ensure_ascii=False, default=repr)
    except (ValueError, TypeError, RecursionError):
        text = type(value).__name__
    text = text.encode("utf-8", "replace").decode()
    return text if len(text) <= _MAX_SHOWN else f"{text[:_MAX_SHOWN]}..."

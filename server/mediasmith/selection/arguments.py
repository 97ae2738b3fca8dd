"""The one check of a tool's arguments, for MCP and library alike. Its messages are ours and name the argument."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

from mediasmith.config.field_schemas import Schema
from mediasmith.config.tool_schemas import ToolSchema
from mediasmith.plugin.errors import InvalidRequest
from mediasmith.plugin.params import WORDS
from mediasmith.selection.coercion import is_auto, is_blank, read_value
from mediasmith.selection.near_matches import match_listed
from mediasmith.selection.normalization import read_word
from mediasmith.selection.unknown_arguments import explain_unknown, is_added_by_client

_MAX_TEXT = 20_000_000
"""Characters in any other text: room for an input as a data URI."""

_MAX_DEPTH = 32
"""Levels of arrays and objects inside one another; options need few."""

_MAX_SHOWN = 60
"""Characters of a caller's own text that a message repeats."""


def check_arguments(arguments: Mapping[str, Any], tool: ToolSchema) -> dict[str, Any]:
    """Return the arguments that say something, each in the form and within the bounds that the schema declares.

    The values that a shared word may have depend on the kind; `check_listed` checks them.

    Raises:
        InvalidRequest: an argument is unknown, missing, of the wrong type, or out of bounds.
    """
    properties: Mapping[str, Schema] = tool.parameters["properties"]
    given: dict[str, object] = {}
    for name, value in arguments.items():
        schema = properties.get(name)
        read = value if schema is None else read_value(read_word(name, value), schema)
        if is_blank(value) or is_blank(read) or (schema is not None and _leaves_choice(name, value, schema)):
            continue
        if schema is not None:
            given[name] = read
        elif not is_added_by_client(name):
            raise InvalidRequest(explain_unknown(name, list(properties), tool.options), billed="no")
    for name in tool.parameters.get("required", ()):
        if name not in given:
            about = str(properties[name].get("description", ""))
            raise InvalidRequest(f"{name} is missing.", f"Give {name}: {about[:1].lower()}{about[1:]}", billed="no")
    return {name: _value(name, value, properties[name]) for name, value in given.items()}


def check_listed(words: Mapping[str, Any], kind: str, tool: ToolSchema) -> dict[str, Any]:
    """Return the shared words, each as it is listed for this kind of media. Where auto is not listed, it says nothing.

    Raises:
        InvalidRequest: a value is not among those that are listed.
    """
    listed = tool.accepted.get(kind, {})
    return {
        name: _listed(name, value, listed.get(name, ()), f" for kind {kind}")
        for name, value in words.items()
        if not is_auto(value) or "auto" in listed.get(name, ())
    }


def _leaves_choice(name: str, value: object, schema: Schema) -> bool:
    """Return whether a value is auto where that can be no value of its own; `check_listed` knows the other words."""
    return is_auto(value) and (name == "kind" or (name in WORDS and schema["type"] != "string"))


def _value(name: str, value: object, schema: Schema) -> object:
    value = _TYPES[schema["type"]](name, value, schema)
    if name not in WORDS:
        return _listed(name, value, schema.get("enum", ()))
    return value.strip() if isinstance(value, str) else value


def _listed(name: str, value: object, accepted: Sequence[object], where: str = "") -> object:
    value = match_listed(value, accepted)
    if accepted and value not in accepted:
        names = ", ".join(map(str, accepted))
        raise InvalidRequest(f"{name} is {_shown(value)}; accepted{where}: {names}.", billed="no")
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
    if not isinstance(value, list | tuple):
        raise InvalidRequest(f"{name} must be a list of strings, not {_shown(value)}.", billed="no")
    items: list[object] = list(value)  # pyright: ignore[reportUnknownArgumentType]  # JSON from outside
    if name != "prompts":  # where each entry makes a file
        items = [item for item in items if not is_blank(item)]
    low, high = schema.get("minItems", 0), schema.get("maxItems", 100)
    if not low <= len(items) <= high:
        raise InvalidRequest(f"{name} has {len(items):,} entries; accepted: {low} to {high}.", billed="no")
    return [_string(f"{name}[{index}]", item, schema["items"]) for index, item in enumerate(items)]


def _object(name: str, value: object, _schema: Schema) -> dict[str, object]:
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

"""Coerce values to their JSON schema where nothing is lost: the text "2" to the number 2."""

from __future__ import annotations

import json
import math
import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

_NUMBER = re.compile(r"[+-]?([0-9]{1,400}(\.[0-9]{0,400})?|\.[0-9]{1,400})([eE][+-]?[0-9]{1,4})?")

_LIST = re.compile(r"\s*\[(?:\s*[\[\]{\"]|.*\]\s*\Z)", re.DOTALL)
"""How a list begins as JSON text, or begins and ends; `[whispering] hello` is no list."""

_BOOLEANS: Mapping[str, bool] = {"true": True, "false": False}

_EXACT = 2**53
"""Whole floats up to here are written without an exponent."""

_OF_TYPE: Mapping[str, tuple[type, ...]] = {
    "string": (str,),
    "boolean": (bool,),
    "integer": (int, float),
    "number": (int, float),
    "array": (list, tuple),
    "object": (Mapping,),
    "null": (type(None),),
}


def is_blank(value: object) -> bool:
    """Return whether a value counts as not given: null, blank text, [] or [""], which some clients send."""
    if isinstance(value, list | tuple):
        return all(entry is None or _is_blank_text(entry) for entry in cast("Sequence[object]", value))
    return value is None or _is_blank_text(value)


def is_auto(value: object) -> bool:
    """Return whether a value leaves the choice to the server."""
    return isinstance(value, str) and value.strip().lower() == "auto"


def read_value(value: object, schema: Mapping[str, Any]) -> object:
    """Return a value in the form that the schema declares.

    Exact numbers and booleans may be text, text may be a number, lists, objects and null may be JSON text, and a single
    entry may stand for a list. Any other value is returned as it is, for the caller to check.
    """
    declared = _types(schema)
    if len(declared) != 1:
        return _read_any(value, schema, declared)
    if declared[0] != "string" and isinstance(value, str) and value.strip() == "null":
        return None
    read = _READERS.get(declared[0])
    return read(value, schema) if read else value


def read_json(text: str) -> object:
    """Return the value of a JSON text, or the text itself if it is not JSON."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def _is_blank_text(value: object) -> bool:
    return isinstance(value, str) and not value.strip()


def _types(schema: Mapping[str, Any]) -> Sequence[str]:
    declared: Any = schema.get("type", ())
    return [declared] if isinstance(declared, str) else [one for one in declared if one != "null"]


def _read_any(value: object, schema: Mapping[str, Any], declared: Sequence[str]) -> object:
    """Return a value that may be of several types in the first form that differs, unless it has one of the types."""
    arms: Sequence[Mapping[str, Any]] = schema.get("anyOf") or [{"type": one} for one in declared]
    if any(isinstance(value, _OF_TYPE.get(one, ())) for arm in arms for one in _types(arm)):
        return value
    return next((found for arm in arms if _types(arm) and (found := read_value(value, arm)) is not value), value)


def _text(value: object, _schema: Mapping[str, Any]) -> object:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return value
    if isinstance(value, float) and not math.isfinite(value):
        return value
    try:
        return str(int(value)) if abs(value) < _EXACT and value == int(value) else str(value)
    except ValueError:  # more digits than Python writes
        return value


def _number(value: object, _schema: Mapping[str, Any]) -> object:
    if not isinstance(value, str) or not _NUMBER.fullmatch(text := unicodedata.normalize("NFKC", value).strip()):
        return value
    return int(text) if text.lstrip("+-").isdigit() else float(text)


def _boolean(value: object, _schema: Mapping[str, Any]) -> object:
    return _BOOLEANS.get(value.strip().lower(), value) if isinstance(value, str) else value


def _list(value: object, schema: Mapping[str, Any]) -> object:
    if isinstance(value, str):
        value = read_json(value) if _LIST.match(value) else [value]
    elif isinstance(value, int | float) and not isinstance(value, bool):
        value = [value]
    if not isinstance(value, list | tuple):
        return value
    return [read_value(entry, schema.get("items", {})) for entry in cast("Sequence[object]", value)]


def _object(value: object, schema: Mapping[str, Any]) -> object:
    properties: Mapping[str, Mapping[str, Any]] = schema.get("properties", {})
    found = read_json(value) if isinstance(value, str) else value
    if not isinstance(found, Mapping):
        return found if is_blank(found) else value
    entries = cast("Mapping[object, object]", found)
    return {
        key: read_value(entry, properties[key]) if isinstance(key, str) and key in properties else entry
        for key, entry in entries.items()
    }


_READERS: Mapping[str, Callable[[object, Mapping[str, Any]], object]] = {
    "string": _text,
    "integer": _number,
    "number": _number,
    "boolean": _boolean,
    "array": _list,
    "object": _object,
}

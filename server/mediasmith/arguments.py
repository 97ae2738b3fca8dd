"""The one check of a tool's arguments, for MCP and library alike. Its messages are ours and name the argument."""

from __future__ import annotations

import difflib
import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar, cast

from mediasmith.contract import JSON, Kind, Role
from mediasmith.errors import InvalidRequest
from mediasmith.params import IN_PIXELS, INPUT_WORDS, WORDS
from mediasmith.schema import Schema

_T = TypeVar("_T")

MAX_PROMPT = 100_000
"""Characters in one prompt; models may take fewer."""

_MAX_TEXT = 20_000_000
"""Characters in any other text: room for an input as a data URI."""

_MAX_DEPTH = 32
"""Levels of arrays and objects inside one another; options need few."""

_MAX_SHOWN = 60
"""Characters of a caller's own text that a message repeats."""

_IGNORED = {"wait_for_previous"}
"""Arguments that a client adds to every call of every tool."""

_WITHOUT_PROMPT: set[Kind] = {"voice_conversion", "audio_isolation", "voice_clone", "dubbing"}


@dataclass(frozen=True, kw_only=True)
class Request:
    """What a caller wants, checked against the schema but not yet against any backend.

    `words` are the shared words given, `references` the input files by role as the caller wrote them. `backend` is
    empty when the choice is left to the server. `wait_seconds` is None when the caller did not say.
    """

    prompts: tuple[str, ...]
    kind: Kind | None = None
    backend: str = ""
    model: str = ""
    words: Mapping[str, JSON] = field(default_factory=dict[str, JSON])
    options: Mapping[str, JSON] = field(default_factory=dict[str, JSON])
    references: Mapping[Role, tuple[str, ...]] = field(default_factory=dict[Role, tuple[str, ...]])
    n: int = 1
    draft: bool = False
    output: str = ""
    wait_seconds: int | None = None
    max_cost_usd: float | None = None
    dry_run: bool = False
    continuation_id: str = ""


def checked(arguments: Mapping[str, Any], schema: Schema) -> dict[str, Any]:
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


def request_of(arguments: Mapping[str, Any], schema: Schema) -> Request:
    """The checked arguments of generate_media or continue_edit as a request.

    Raises:
        InvalidRequest: as `checked`, and for prompts that are missing, empty, too long, or given twice.
    """
    given = checked(arguments, schema)
    references = _references(given)
    edit = "continuation_id" in schema["properties"]
    kind: Kind | None = None if edit else given.get("kind", "image")
    return Request(
        prompts=_prompts(given, needed=not _may_be_silent(kind, references, given.get("options", {}))),
        kind=kind,
        backend=_name(given.get("backend", "")),
        model=given.get("model", "").strip(),
        words={name: given[name] for name in WORDS if name in given and name != "n"},
        options=given.get("options", {}),
        references=references,
        n=given.get("n", 1),
        draft=given.get("draft", False),
        output=given.get("output", ""),
        wait_seconds=given.get("wait_seconds"),
        max_cost_usd=given.get("max_cost_usd"),
        dry_run=given.get("dry_run", False),
        continuation_id=_continuation(given["continuation_id"]) if edit else "",
    )


def closest(name: str, names: list[str]) -> str:
    """A hint with the name that was probably meant, or all of them."""
    near = difflib.get_close_matches(name, names, n=1, cutoff=0.6)
    return f"Did you mean {near[0]}?" if near else f"Known: {', '.join(names)}."


def as_listed(value: _T, accepted: Sequence[object]) -> _T | str:
    """The value as it is listed: `4K` for `4k`. A size in pixels, which may be anything, has a small x."""
    if not isinstance(value, str) or value in accepted:
        return value
    if IN_PIXELS.fullmatch(value):
        return value.lower()
    return next((one for one in accepted if isinstance(one, str) and one.casefold() == value.casefold()), value)


def _unknown(name: str, properties: Mapping[str, Schema]) -> str:
    # Quoted with repr and cut: the name is the caller's text and may be anything.
    return f"There is no argument {name[:_MAX_SHOWN]!r}. {closest(name[:_MAX_SHOWN], list(properties))}"


def _about(name: str, properties: Mapping[str, Schema]) -> str:
    return str(properties[name].get("description", ""))


def _name(backend: str) -> str:
    name = backend.strip().lower()
    return "" if name == "auto" else name


def _continuation(text: str) -> str:
    identifier = text.strip().removeprefix("media://")
    if not identifier:
        raise InvalidRequest("continuation_id is empty; it stands in the answer that made the file.", billed="no")
    return identifier


def _may_be_silent(kind: Kind | None, references: Mapping[Role, tuple[str, ...]], options: Mapping[str, JSON]) -> bool:
    """Whether something else may say what to make: a recording, a frame, a song's plan among the options."""
    return kind in _WITHOUT_PROMPT or (kind == "video" and bool(references)) or (kind == "music" and bool(options))


def _prompts(given: Mapping[str, Any], *, needed: bool) -> tuple[str, ...]:
    if "prompt" in given and "prompts" in given:
        raise InvalidRequest("prompt and prompts were both given; use one of them.", billed="no")
    prompts: list[str] = given.get("prompts", [given["prompt"]] if "prompt" in given else [])
    argument = "prompts" if "prompts" in given else "prompt"
    if not prompts and needed:
        raise InvalidRequest("prompt is missing: say what to make in prompt, or several in prompts.", billed="no")
    for text in prompts:
        if not text.strip() and needed:
            raise InvalidRequest(f"{argument} is empty; say what to make.", billed="no")
        if len(text) > MAX_PROMPT:
            raise InvalidRequest(
                f"{argument} has {len(text):,} characters; at most {MAX_PROMPT:,} are accepted.", billed="no"
            )
    return tuple(prompts) or ("",)


def _references(given: Mapping[str, Any]) -> dict[Role, tuple[str, ...]]:
    found: dict[Role, tuple[str, ...]] = {}
    for name, word in INPUT_WORDS.items():
        value = given.get(name, [])
        for reference in [value] if isinstance(value, str) else value:
            prefix, _, rest = reference.partition("=")
            role = word.prefixes.get(prefix)
            place = role or name
            found[place] = (*found.get(place, ()), rest if role else reference)
    return found


def _value(name: str, value: object, schema: Schema) -> object:
    value = _TYPES[schema["type"]](name, value, schema)
    value = as_listed(value, schema["enum"]) if "enum" in schema else value
    if "enum" in schema and value not in schema["enum"]:
        accepted = ", ".join(map(str, schema["enum"]))
        raise InvalidRequest(f"{name} is {_shown(value)}; accepted: {accepted}.", billed="no")
    return value


def _string(name: str, value: object, _schema: Schema) -> str:
    if not isinstance(value, str):
        raise InvalidRequest(f"{name} must be text, not {_shown(value)}.", billed="no")
    if len(value) > _MAX_TEXT:
        raise InvalidRequest(f"{name} is too long: at most {_MAX_TEXT:,} characters are accepted.", billed="no")
    if "\0" in value:
        raise InvalidRequest(f"{name} contains a NUL character; send plain text.", billed="no")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise InvalidRequest(f"{name} contains half of a surrogate pair; send valid Unicode.", billed="no") from None
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
        raise InvalidRequest(f"{name} must be a list of texts, not {_shown(value)}.", billed="no")
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
            f"{name} must be plain JSON, at most {_MAX_DEPTH} levels deep and without NaN.", billed="no"
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

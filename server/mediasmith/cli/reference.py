"""The tables of the reference, made from what is installed: a page keeps them between markers and is never stale.

    <!-- kinds -->
    whatever stands here is made anew
    <!-- /kinds -->

A marker is a line of its own, in front matter as a comment (`# <!-- keywords -->`). Nothing here depends on keys,
settings, the day or the machine: only on the installed backends.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from pydantic.fields import FieldInfo

from mediasmith.cli.markdown import code, items, prose, table
from mediasmith.config.credentials import base_url_variable
from mediasmith.config.installation import Installation
from mediasmith.config.settings import Settings, accepted, variable
from mediasmith.config.tool_schemas import MAX_COUNT, MAX_PROMPTS, MAX_WAIT, Schema, field_schemas
from mediasmith.engine.catalogue import format_accepts, format_price
from mediasmith.plugin.contract import Backend, Capability, Model
from mediasmith.plugin.kinds import KINDS, MEDIA_TYPES, Kind, Role
from mediasmith.plugin.media import EXTENSIONS
from mediasmith.plugin.params import INPUT_WORDS, WORDS
from mediasmith.selection.request import MAX_PROMPT

_MARKER = re.compile(r"(?:# )?<!-- (/?)(\w+) -->")


def regenerate(text: str, installation: Installation) -> str:
    """A page with everything between its markers made anew.

    Raises:
        ValueError: a marker is unknown, nested, or lacks its other half; the message names the line.
    """
    lines: list[str] = []
    inside = ""
    for number, line in enumerate(text.split("\n"), start=1):
        marker = _MARKER.fullmatch(line.strip())
        if marker is None:
            lines += [] if inside else [line]
        elif marker[1]:
            _check(marker[2] == inside, f"Line {number} closes {marker[2]}, but {inside or 'nothing'} is open.")
            inside = ""
            lines.append(line)
        else:
            _check(not inside, f"Line {number} opens {marker[2]} inside {inside}.")
            inside = marker[2]
            _check(inside in _PARTS, f"Line {number} asks for {inside}. Known: {', '.join(_PARTS)}.")
            lines += [line, *_PARTS[inside](installation)]
    _check(not inside, f"{inside} is opened and not closed.")
    return "\n".join(lines)


def _check(fine: bool, sentence: str) -> None:
    if not fine:
        raise ValueError(sentence)


def _kinds(here: Installation) -> list[str]:
    rows: list[tuple[str, str, str]] = []
    for kind in _made(here):
        makers = [backend.name for backend, capability in _capabilities(here) if capability.kind == kind]
        rows.append((kind, MEDIA_TYPES[kind], _each(makers)))
    return table(("kind", "media type", "made by"), rows)


def _backends(here: Installation) -> list[str]:
    return table(
        ("backend", "who it is", "makes", "edits files", "signs in with", "further variables"),
        [
            (
                _each((backend.name, *backend.aliases), " or "),
                f"[{prose(backend.title)}]({backend.docs})",
                _each(one.kind for one in backend.capabilities),
                _each(one.kind for one in backend.capabilities if one.edits),
                _each(map(code, (*backend.keys, *backend.switches)), " or ") or "no key needed",
                _each(map(code, backend.env)),
            )
            for backend in here.registry.backends.values()
        ],
    )


def _models(here: Installation) -> list[str]:
    return table(
        ("backend", "kind", "model", "used", "retires", "price", "longest prompt", "accepts", "note"),
        [
            (
                backend.name,
                _kind(backend, capability),
                code(model.id),
                " and ".join(["by default"] * (place == 0) + ["as draft"] * model.draft),
                model.retires.isoformat() if model.retires else "",
                "<br>".join(map(format_price, model.prices)),
                f"{model.max_prompt:,} characters" if model.max_prompt else "",
                "; ".join(_narrowed(model)),
                prose(model.note),
            )
            for backend, capability in _capabilities(here)
            for place, model in enumerate(capability.models)
        ],
    )


def _narrowed(model: Model) -> Iterator[str]:
    """What this model alone takes of its capability's words."""
    for word, accepts in model.accepts.items():
        told = format_accepts(accepts)
        if told is False:
            yield f"no {code(word)}"
        elif told is not True:
            yield f"{code(word)} {', '.join(map(str, told)) if isinstance(told, list) else told}"


def _options(here: Installation) -> list[str]:
    return table(
        ("backend", "kind", "option", "accepts", "default", "meaning"),
        [
            (
                backend.name,
                _kind(backend, capability),
                code(name),
                _form(schema),
                _default(schema.get("default")),
                prose(schema.get("description", "")),
            )
            for backend, capability in _capabilities(here)
            for name, schema in field_schemas(capability.params).items()
            if name not in WORDS
        ],
    )


_TYPES: Mapping[str, str] = {
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "object": "an object",
}


def _form(schema: Schema) -> str:
    """What a parameter accepts, as a phrase."""
    if "enum" in schema:
        return ", ".join(code(value) for value in schema["enum"] if value is not None)
    if "items" in schema:
        return f"a list of {_form(schema['items'])}"
    low = schema.get("minimum", schema.get("exclusiveMinimum"))
    high = schema.get("maximum", schema.get("exclusiveMaximum"))
    bounds = (
        (" from" if "minimum" in schema else " above", low),
        (" to" if "maximum" in schema else " below", high),
        (" of at most", schema.get("maxLength")),
    )
    return _TYPES.get(schema.get("type", ""), "any value") + "".join(
        f"{word} {bound:.10g}" for word, bound in bounds if bound is not None
    )


def _words(here: Installation) -> list[str]:
    return table(
        ("word", "strength", "meaning", "taken by"),
        [
            (code(name), "binding" if word.binding else "advisory", prose(word.about), takers)
            for name, word in WORDS.items()
            if (takers := _takers(here, name))
        ],
    )


def _takers(here: Installation, word: str) -> str:
    if word == "n":  # the server asks again where a backend makes one at a time
        return "every backend"
    kinds: dict[str, list[str]] = {}
    for backend, capability in _capabilities(here):
        if word in capability.params.model_fields:
            kinds.setdefault(backend.name, []).append(capability.kind)
    return ", ".join(f"{name} ({_each(found)})" for name, found in kinds.items())


def _inputs(here: Installation) -> list[str]:
    return table(
        ("argument", "backend", "kind", "how many", "types", "largest"),
        [
            (
                argument,
                backend.name,
                _kind(backend, capability),
                f"{f'up to {takes.max}' if takes.max > 1 else '1'}{', needed' if takes.required else ''}",
                ", ".join(EXTENSIONS.get(mime, mime) for mime in takes.mimes),
                _size(takes.max_bytes),
            )
            for role, argument in _arguments()
            for backend, capability in _capabilities(here)
            if (takes := capability.takes.get(role))
        ],
    )


def _arguments() -> Iterator[tuple[Role, str]]:
    """How callers give a file, by its role."""
    for name, word in INPUT_WORDS.items():
        yield name, code(name)
        for prefix, role in word.prefixes.items():
            yield role, f"{code(name)}, as {code(f'{prefix}=FILE')}"


def _limits(_here: Installation) -> list[str]:
    from mediasmith.mcp.content import MAX_RESOURCE  # noqa: PLC0415 - heavy: the MCP SDK
    from mediasmith.storage.previews import MAX_BYTES, SHEET_BYTES, SHEET_SIDE, SIDE, SINGLES  # noqa: PLC0415 - as above

    limits = ("max_input_bytes", "max_output_bytes", "max_pixels", "concurrency", "retention_days")
    fields = [(name, Settings.model_fields[name]) for name in limits]
    wait = Settings.model_fields["wait_seconds"].default
    return table(
        ("what", "limit", "set by"),
        [
            ("Prompts of one batch.", f"{MAX_PROMPTS}", ""),
            ("Files of one prompt.", f"{MAX_COUNT}", ""),
            ("Characters of one prompt; a model may take fewer.", f"{MAX_PROMPT:,}", ""),
            ("Seconds a call waits for the end.", f"{wait}, at most {MAX_WAIT}", code(variable("wait_seconds"))),
            ("A file that is read by its `media://` address.", _size(MAX_RESOURCE), ""),
            ("A preview.", f"{SIDE} pixels, {_size(MAX_BYTES)}", ""),
            (f"The sheet of all pictures after {SINGLES}.", f"{SHEET_SIDE} pixels, {_size(SHEET_BYTES)}", ""),
            *((field.description, f"{field.default:,}", code(variable(name))) for name, field in fields),
        ],
    )


def _settings(_here: Installation) -> list[str]:
    about = "Address that the backend of this name is reached at instead of its provider's."
    fields = [(name, field.description, _unset(field)) for name, field in Settings.model_fields.items()]
    return table(
        ("variable", "meaning", "accepts", "default"),
        [
            *((code(variable(name)), meaning, accepted(name), default) for name, meaning, default in fields),
            (code(base_url_variable("NAME")), about, "a URL", ""),
        ],
    )


def _unset(field: FieldInfo) -> str:
    """What counts when a setting is not set; what depends on the machine is told in its description."""
    value = None if field.default_factory else field.default
    return _default(int(value) if isinstance(value, bool) else value)


def _environment(here: Installation) -> list[str]:
    own = [name for backend in here.registry.backends.values() for name in backend.variables]
    return items([*own, *map(variable, Settings.model_fields)])


def _keywords(here: Installation) -> list[str]:
    made = _made(here)
    names = [name for one in here.registry.backends.values() for name in (one.name, *one.aliases)]
    return items([*(kind.replace("_", " ") for kind in made), *(MEDIA_TYPES[kind] for kind in made), *names])


_PARTS: Mapping[str, Callable[[Installation], list[str]]] = {
    "kinds": _kinds,
    "backends": _backends,
    "models": _models,
    "options": _options,
    "words": _words,
    "inputs": _inputs,
    "limits": _limits,
    "settings": _settings,
    "environment": _environment,
    "keywords": _keywords,
}


def _capabilities(here: Installation) -> Iterator[tuple[Backend[Any], Capability[Any, Any]]]:
    for backend in here.registry.backends.values():
        for capability in backend.capabilities:
            yield backend, capability


def _made(here: Installation) -> list[Kind]:
    """The kinds that can be made, in the order of all."""
    return [kind for kind in KINDS if any(capability.kind == kind for _, capability in _capabilities(here))]


def _kind(backend: Backend[Any], capability: Capability[Any, Any]) -> str:
    """The kind, and which one where a backend has several of it."""
    same = [one for one in backend.capabilities if one.kind == capability.kind]
    return f"{capability.kind} ({capability.name})" if len(same) > 1 else capability.kind


def _each(names: Iterable[str], between: str = ", ") -> str:
    return between.join(dict.fromkeys(names))


def _default(value: object) -> str:
    return "" if value in (None, (), [], {}, "") else code(value)


def _size(count: int) -> str:
    if count % 100_000 == 0:
        return f"{count / 1_000_000:g} MB"
    return f"{count >> 20} MiB" if count % (1 << 20) == 0 else f"{count:,} bytes"

"""Generate the reference tables, which a page keeps between markers.

    <!-- kinds -->
    replaced by the table
    <!-- /kinds -->

A marker is a line of its own; in front matter, it is a comment (`# <!-- keywords -->`). The tables depend on the
installed backends only: not on keys, settings, the date or the machine.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from pydantic.fields import FieldInfo

from mediasmith.cli.markdown import code, items, prose, table
from mediasmith.config.base_urls import base_url_variable
from mediasmith.config.credentials import setting_variables
from mediasmith.config.field_schemas import Schema, field_schemas
from mediasmith.config.installation import Installation
from mediasmith.config.settings import Settings, accepted, variable
from mediasmith.config.tool_schemas import MAX_COUNT, MAX_PROMPTS, MAX_WAIT
from mediasmith.engine.catalogue import format_accepts, format_price
from mediasmith.plugin.contract import Backend, Capability, Model
from mediasmith.plugin.kinds import KINDS, MEDIA_TYPES, Kind, Role
from mediasmith.plugin.media import EXTENSIONS
from mediasmith.plugin.params import INPUT_WORDS, WORDS
from mediasmith.selection.tool_request import MAX_PROMPT

_MARKER = re.compile(r"(?:# )?<!-- (/?)(\w+) -->")


def regenerate(text: str, installation: Installation) -> str:
    """Return a page with everything between its markers regenerated.

    Raises:
        ValueError: a marker is unknown, nested or not paired; the message names the line.
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
            _check(inside in _TABLES, f"Line {number} names an unknown table, {inside}. Known: {', '.join(_TABLES)}.")
            lines += [line, *_TABLES[inside](installation)]
    _check(not inside, f"{inside} is opened but not closed.")
    return "\n".join(lines)


def _check(valid: bool, message: str) -> None:
    if not valid:
        raise ValueError(message)


def _kinds(installation: Installation) -> list[str]:
    rows: list[tuple[str, str, str]] = []
    for kind in _made(installation):
        names = [backend.name for backend, capability in _capabilities(installation) if capability.kind == kind]
        rows.append((kind, MEDIA_TYPES[kind], _join(names)))
    return table(("kind", "media type", "made by"), rows)


def _backends(installation: Installation) -> list[str]:
    return table(
        ("backend", "provider", "makes", "edits files", "key", "other variables"),
        [
            (
                _join((backend.name, *backend.aliases), " or "),
                f"[{prose(backend.title)}]({backend.docs})",
                _join(one.kind for one in backend.capabilities),
                _join(one.kind for one in backend.capabilities if one.edits),
                _sign_in(backend),
                _join(map(code, (*backend.env, *backend.base_urls, *setting_variables(backend).values()))),
            )
            for backend in installation.registry.backends.values()
        ],
    )


def _sign_in(backend: Backend[Any]) -> str:
    keys = _join(map(code, (*backend.keys, *backend.switches)), " or ")
    return f"{keys}{', optional' if backend.key_optional else ''}" if keys else "none needed"


def _keys(installation: Installation) -> list[str]:
    return table(
        ("provider", "key", "makes"),
        [
            (
                prose(backend.title),
                _join(map(code, backend.keys), " or "),
                _join(one.kind.replace("_", " ") for one in backend.capabilities),
            )
            for backend in installation.registry.backends.values()
            if backend.keys and not backend.key_optional
        ],
    )


def _models(installation: Installation) -> list[str]:
    return table(
        ("backend", "kind", "model", "used", "retires", "price", "longest prompt", "accepts", "note"),
        [
            (
                backend.name,
                _kind(backend, capability),
                code(model.id),
                " and ".join(["by default"] * (place == 0) + ["for drafts"] * model.draft),
                model.retires.isoformat() if model.retires else "",
                "<br>".join(map(format_price, model.prices)),
                f"{model.max_prompt:,} characters" if model.max_prompt else "",
                "; ".join(_narrowed(model)),
                prose(model.note),
            )
            for backend, capability in _capabilities(installation)
            for place, model in enumerate(capability.models)
        ],
    )


def _narrowed(model: Model) -> Iterator[str]:
    """Yield how this model narrows the parameters of its capability."""
    for name, accepts in model.accepts.items():
        values = format_accepts(accepts)
        if values is False:
            yield f"no {code(name)}"
        elif values is not True:
            yield f"{code(name)} {', '.join(map(str, values)) if isinstance(values, list) else values}"


def _options(installation: Installation) -> list[str]:
    return table(
        ("backend", "kind", "option", "accepts", "default", "meaning"),
        [
            (
                backend.name,
                _kind(backend, capability),
                code(name),
                _accepts(schema),
                _default(schema.get("default")),
                prose(schema.get("description", "")),
            )
            for backend, capability in _capabilities(installation)
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


def _accepts(schema: Schema) -> str:
    """Return what a parameter accepts, as a phrase."""
    if "enum" in schema:
        return ", ".join(code(value) for value in schema["enum"] if value is not None)
    if "items" in schema:
        return f"a list of {_accepts(schema['items'])}"
    low = schema.get("minimum", schema.get("exclusiveMinimum"))
    high = schema.get("maximum", schema.get("exclusiveMaximum"))
    bounds = (
        (" from" if "minimum" in schema else " above", low),
        (" to" if "maximum" in schema else " below", high),
        (" of at most", schema.get("maxLength")),
    )
    return _TYPES.get(schema.get("type", ""), "any JSON value") + "".join(
        f"{word} {bound:.10g}" for word, bound in bounds if bound is not None
    )


def _parameters(installation: Installation) -> list[str]:
    return table(
        ("parameter", "strength", "meaning", "accepted by"),
        [
            (code(name), "binding" if word.binding else "advisory", prose(word.about), backends)
            for name, word in WORDS.items()
            if (backends := _accepted_by(installation, name))
        ],
    )


def _accepted_by(installation: Installation, word: str) -> str:
    if word == "n":  # the server makes several calls if a backend makes one file at a time
        return "every backend"
    kinds: dict[str, list[str]] = {}
    for backend, capability in _capabilities(installation):
        if word in capability.params.model_fields:
            kinds.setdefault(backend.name, []).append(capability.kind)
    return ", ".join(f"{name} ({_join(found)})" for name, found in kinds.items())


def _inputs(installation: Installation) -> list[str]:
    return table(
        ("argument", "backend", "kind", "how many", "types", "largest"),
        [
            (
                argument,
                backend.name,
                _kind(backend, capability),
                f"{f'up to {takes.max}' if takes.max > 1 else '1'}{', required' if takes.required else ''}",
                ", ".join(dict.fromkeys(EXTENSIONS.get(mime, mime) for mime in takes.mimes)),
                _size(takes.max_bytes),
            )
            for role, argument in _arguments()
            for backend, capability in _capabilities(installation)
            if (takes := capability.takes.get(role))
        ],
    )


def _arguments() -> Iterator[tuple[Role, str]]:
    """Yield each role of an input file, with the argument that takes it."""
    for name, word in INPUT_WORDS.items():
        yield name, code(name)
        for prefix, role in word.prefixes.items():
            yield role, f"{code(name)}, as {code(f'{prefix}=FILE')}"


def _limits(_installation: Installation) -> list[str]:
    from mediasmith.mcp.content import MAX_RESOURCE  # noqa: PLC0415 - heavy: the MCP SDK
    from mediasmith.storage.previews import MAX_BYTES, SHEET_BYTES, SHEET_SIDE, SIDE, SINGLES  # noqa: PLC0415 - as above

    limits = ("max_input_bytes", "max_output_bytes", "max_pixels", "concurrency", "retention_days")
    fields = [(name, Settings.model_fields[name]) for name in limits]
    wait = Settings.model_fields["wait_seconds"].default
    return table(
        ("what", "limit", "set by"),
        [
            ("Prompts in one batch.", f"{MAX_PROMPTS}", ""),
            ("Files for one prompt.", f"{MAX_COUNT}", ""),
            ("Characters in one prompt; a model may accept fewer.", f"{MAX_PROMPT:,}", ""),
            ("Seconds that a call waits for its job.", f"{wait}, at most {MAX_WAIT}", code(variable("wait_seconds"))),
            ("Size of a file that is read as a `media://` resource.", _size(MAX_RESOURCE), ""),
            ("A preview.", f"{SIDE} pixels, {_size(MAX_BYTES)}", ""),
            (f"The contact sheet, for more than {SINGLES} images.", f"{SHEET_SIDE} pixels, {_size(SHEET_BYTES)}", ""),
            *((field.description, f"{field.default:,}", code(variable(name))) for name, field in fields),
        ],
    )


def _settings(_installation: Installation) -> list[str]:
    about = "URL to use for the backend of this name, instead of its provider's."
    fields = [(name, field.description, _field_default(field)) for name, field in Settings.model_fields.items()]
    return table(
        ("variable", "meaning", "accepts", "default"),
        [
            *((code(variable(name)), meaning, accepted(name), default) for name, meaning, default in fields),
            (code(base_url_variable("NAME")), about, "a URL", ""),
        ],
    )


def _field_default(field: FieldInfo) -> str:
    """Return a setting's default, if it does not depend on the machine; its description explains those that do."""
    value = None if field.default_factory else field.default
    return _default(int(value) if isinstance(value, bool) else value)


def _environment(installation: Installation) -> list[str]:
    backends = installation.registry.backends.values()
    own = [name for backend in backends for name in (*backend.variables, *setting_variables(backend).values())]
    return items([*own, *map(variable, Settings.model_fields)])


def _keywords(installation: Installation) -> list[str]:
    kinds = _made(installation)
    names = [name for one in installation.registry.backends.values() for name in (one.name, *one.aliases)]
    return items([*(kind.replace("_", " ") for kind in kinds), *(MEDIA_TYPES[kind] for kind in kinds), *names])


_TABLES: Mapping[str, Callable[[Installation], list[str]]] = {
    "kinds": _kinds,
    "backends": _backends,
    "keys": _keys,
    "models": _models,
    "options": _options,
    "parameters": _parameters,
    "inputs": _inputs,
    "limits": _limits,
    "settings": _settings,
    "environment": _environment,
    "keywords": _keywords,
}


def _capabilities(installation: Installation) -> Iterator[tuple[Backend[Any], Capability[Any, Any]]]:
    for backend in installation.registry.backends.values():
        for capability in backend.capabilities:
            yield backend, capability


def _made(installation: Installation) -> list[Kind]:
    """Return the kinds that the installed backends make, in the usual order."""
    return [kind for kind in KINDS if any(capability.kind == kind for _, capability in _capabilities(installation))]


def _kind(backend: Backend[Any], capability: Capability[Any, Any]) -> str:
    """Return the kind, with the name of the capability if the backend has several of that kind."""
    same = [one for one in backend.capabilities if one.kind == capability.kind]
    return f"{capability.kind} ({capability.name})" if len(same) > 1 else capability.kind


def _join(names: Iterable[str], separator: str = ", ") -> str:
    return separator.join(dict.fromkeys(names))


def _default(value: object) -> str:
    return "" if value in (None, (), [], {}, "") else code(value)


def _size(count: int) -> str:
    if count % 100_000 == 0:
        return f"{count / 1_000_000:g} MB"
    return f"{count >> 20} MiB" if count % (1 << 20) == 0 else f"{count:,} bytes"

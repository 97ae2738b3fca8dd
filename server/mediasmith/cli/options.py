"""Options from the schema of a tool, and the tool's arguments from what was given with them."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from typing import Any, TypeAlias

import click

from mediasmith.cli.completion import Completer, backends, complete_one_of, files, models
from mediasmith.cli.terminal import in_commands

Properties: TypeAlias = Mapping[str, Mapping[str, Any]]
"""The arguments of a tool by name, with their schemas."""

_NOT_OPTIONS = {"prompt", "continuation_id", "wait_seconds"}
"""Positional, or not offered: a command waits for the end, and Ctrl-C leaves the job running."""

_OF_THE_RESULT = {"output", "max_cost_usd", "dry_run"}

_COMPLETERS: Mapping[str, Completer] = {"backend": backends, "model": models, "output": files}

_METAVARS: Mapping[str, str] = {
    "backend": "NAME",
    "model": "NAME",
    "output": "PATH",
    "integer": "NUMBER",
    "number": "NUMBER",
    "object": "NAME=VALUE",
}
"""What a value is called in the help, by the argument's name, else by its type."""

_ABOUT: Mapping[str, str] = {"options": "A word of one backend alone, as text or JSON: see mediasmith backends NAME."}
"""Help that differs from what a model reads."""


def json_option() -> click.Option:
    """Return --json."""
    return click.Option(["--json", "as_json"], is_flag=True, help="Print the whole answer as JSON, failures too.")


def open_option() -> click.Option:
    """Return --open."""
    return click.Option(["--open", "opens"], is_flag=True, help="Open the files with the system's viewer.")


def tool_options(properties: Properties) -> Mapping[str, Sequence[click.Option]]:
    """Return an option for each argument, in sections of the help."""
    from mediasmith.plugin.params import INPUT_WORDS, WORDS  # noqa: PLC0415 - heavy: pydantic

    words = WORDS.keys() - {"n"}
    sections: dict[str, list[click.Option]] = {
        title: [] for title in ("What to make", "Input files", "What it is like", "Result")
    }
    what, inputs, like, result = sections.values()
    for name, schema in properties.items():
        if name in INPUT_WORDS:
            inputs.append(_option(name, schema, metavar="FILE", completer=files))
        elif name in words or name == "options":
            like.append(_option(name, schema, negated=name in words))
        elif name not in _NOT_OPTIONS:
            (result if name in _OF_THE_RESULT else what).append(_option(name, schema))
    result += [json_option(), open_option()]
    return sections


def tool_arguments(given: Mapping[str, Any], properties: Properties) -> dict[str, Any]:
    """Return what was given, each value of its argument's type. What cannot be stays text, which the engine refuses."""
    return {name: _typed(value, properties[name]) for name, value in given.items() if value not in (None, ())}


def _option(
    name: str,
    schema: Mapping[str, Any],
    *,
    metavar: str = "",
    completer: Completer | None = None,
    negated: bool = False,
) -> click.Option:
    """Return an argument's option. `negated`: a no differs from not being given."""
    flag = {"n": "-n", "options": "--option"}.get(name, f"--{name.replace('_', '-')}")
    values = [str(value) for value in schema.get("enum", ())]
    about = _about(_ABOUT.get(name) or in_commands(schema.get("description", "")), schema["type"], values)
    if schema["type"] == "boolean":
        spelled = f"{flag}/--no-{flag.removeprefix('--')}" if negated else flag
        return click.Option([name, spelled], is_flag=True, default=None, help=about)
    return click.Option(
        [name, flag],
        multiple=schema["type"] in {"array", "object"},
        callback=_named if schema["type"] == "object" else None,
        metavar=metavar or _METAVARS.get(name) or _METAVARS.get(schema["type"], "TEXT"),
        help=about,
        shell_complete=completer or _COMPLETERS.get(name) or complete_one_of(values),
    )


def _about(text: str, kind: str, values: Collection[str]) -> str:
    parts = [
        text.removesuffix(" Default false."),  # a flag says so itself
        f"One of {', '.join(values)}." if values else "",
        "Can be given again." if kind in {"array", "object"} else "",
    ]
    return " ".join(part for part in parts if part)


def _named(_ctx: click.Context, _param: click.Parameter, pairs: Sequence[str]) -> Mapping[str, Any] | None:
    """Return NAME=VALUE, as often as it was given, as one mapping."""
    named: dict[str, Any] = {}
    for name, equals, text in (pair.partition("=") for pair in pairs):
        if not name or not equals:
            raise click.BadParameter(f"{name!r} is not NAME=VALUE.")
        named[name] = _read(text)
    return named or None


def _read(text: str) -> object:
    """Return the JSON value where the text is one, else the text."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def _typed(value: Any, schema: Mapping[str, Any]) -> object:
    match schema["type"]:
        case "array":
            return list(value)
        case "integer" | "number":
            return _number(value)
        case _:
            return value


def _number(text: str) -> float | str:
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text

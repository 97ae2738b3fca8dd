"""Turn a tool's schema into command-line options, and the given options into the tool's arguments."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from typing import Any, TypeAlias

import click

from mediasmith.cli.completion import (
    Completer,
    complete_backends,
    complete_file_names,
    complete_models,
    complete_one_of,
)
from mediasmith.cli.terminal import in_commands

Properties: TypeAlias = Mapping[str, Mapping[str, Any]]
"""The arguments of a tool by name, with their schemas."""

_NOT_OPTIONS = {"prompt", "continuation_id", "wait_seconds"}
"""Positional arguments, and wait_seconds: a command waits until the job ends, and Ctrl-C leaves it running."""

_RESULT_OPTIONS = {"output", "max_cost_usd", "dry_run"}

_COMPLETERS: Mapping[str, Completer] = {
    "backend": complete_backends,
    "model": complete_models,
    "output": complete_file_names,
}

_METAVARS: Mapping[str, str] = {
    "backend": "NAME",
    "model": "NAME",
    "output": "PATH",
    "integer": "NUMBER",
    "number": "NUMBER",
    "object": "NAME=VALUE",
}
"""How the help names a value: by the argument's name, or else by its type."""

_ABOUT: Mapping[str, str] = {
    "options": "An option of a single backend; VALUE is text or JSON. See mediasmith backends NAME."
}
"""Help that differs from the tool's own descriptions."""


def json_option() -> click.Option:
    """Return --json."""
    return click.Option(["--json", "as_json"], is_flag=True, help="Print the whole answer as JSON, also on failure.")


def open_option() -> click.Option:
    """Return --open."""
    return click.Option(["--open", "opens"], is_flag=True, help="Open the files in the default viewer.")


def tool_options(properties: Properties) -> Mapping[str, Sequence[click.Option]]:
    """Return an option for each argument, by section of the help."""
    from mediasmith.plugin.params import INPUT_WORDS, WORDS  # noqa: PLC0415 - heavy: pydantic

    words = WORDS.keys() - {"n"}
    sections: dict[str, list[click.Option]] = {
        title: [] for title in ("What to make", "Input files", "Parameters", "Result")
    }
    what, inputs, parameters, result = sections.values()
    for name, schema in properties.items():
        if name in INPUT_WORDS:
            inputs.append(_option(name, schema, metavar="FILE", completer=complete_file_names))
        elif name in words or name == "options":
            parameters.append(_option(name, schema, negated=name in words))
        elif name not in _NOT_OPTIONS:
            (result if name in _RESULT_OPTIONS else what).append(_option(name, schema))
    result += [json_option(), open_option()]
    return sections


def meant_options(unknown: str, properties: Properties, options: Collection[str]) -> list[str]:
    """Return what may be meant by an option that there is not. `options` are those of the backends."""
    from mediasmith.selection.near_matches import closest  # noqa: PLC0415 - late: for a misspelt option only
    from mediasmith.selection.unknown_arguments import find_argument  # noqa: PLC0415 - as above

    name = unknown.lstrip("-").replace("-", "_")
    argument = find_argument(name, [one for one in properties if one not in _NOT_OPTIONS])
    option = closest(name, list(options))
    return [*([_flag(argument)] if argument else []), *([f"--option {option}=VALUE"] if option else [])]


def tool_arguments(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the given arguments. Numbers and JSON stay text, which the engine reads as each argument declares."""
    return {name: value for name, value in given.items() if value not in (None, ())}


def prompt_last(args: Sequence[str], options: Sequence[click.Parameter]) -> list[str]:
    """Return the arguments with a prompt that begins with a dash after `--`, so that it is not taken for an option.

    It is one if it has white space or a digit after the dash, and begins with no option that is known.
    """
    known = {flag: option for option in options for flag in (*option.opts, *option.secondary_opts)}
    left = list(args)
    kept: list[str] = []
    prompts: list[str] = []
    while left and left[0] != "--":
        word = left.pop(0)
        name, equals, _ = word.partition("=")
        option = known.get(name if word.startswith("--") else word[:2])
        inline = bool(equals) if word.startswith("--") else len(word) > len("-n")
        if option and inline and not word.startswith("--") and re.search(r"\s", word) and not _is_number(word[2:]):
            option = None  # "-no people, please"
        if not option and re.match(r"-\d|-.*\s", word, re.DOTALL):
            prompts.append(word)
            continue
        kept.append(word)
        if option and not inline and not getattr(option, "is_flag", False) and left:
            kept.append(left.pop(0))
    prompts += left[1:]
    return [*kept, "--", *prompts] if prompts else kept


def _is_number(text: str) -> bool:
    return bool(re.fullmatch(r"\s*\d+\s*", text))


def _option(
    name: str,
    schema: Mapping[str, Any],
    *,
    metavar: str = "",
    completer: Completer | None = None,
    negated: bool = False,
) -> click.Option:
    """Return the option for an argument. `negated` adds --no-NAME, where false differs from not set."""
    flag = _flag(name)
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


def _flag(name: str) -> str:
    return {"n": "-n", "options": "--option"}.get(name, f"--{name.replace('_', '-')}")


def _about(text: str, kind: str, values: Collection[str]) -> str:
    parts = [
        text.removesuffix(" Default false."),  # obvious for a flag
        f"One of {', '.join(values)}." if values else "",
        "Can be repeated." if kind in {"array", "object"} else "",
    ]
    return " ".join(part for part in parts if part)


def _named(_ctx: click.Context, _param: click.Parameter, pairs: Sequence[str]) -> Mapping[str, Any] | None:
    """Return every NAME=VALUE as one mapping."""
    named: dict[str, Any] = {}
    for name, equals, text in (pair.partition("=") for pair in pairs):
        if not name or not equals:
            raise click.BadParameter(f"{name!r} must have the form NAME=VALUE.")
        named[name] = text
    return named or None

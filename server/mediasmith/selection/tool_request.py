"""What a caller asks for, once its arguments are checked."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from mediasmith.config.tool_schemas import ToolSchema
from mediasmith.plugin.contract import JSON
from mediasmith.plugin.errors import InvalidRequest
from mediasmith.plugin.kinds import MEDIA_TYPES, Kind, Role
from mediasmith.plugin.params import INPUT_WORDS, WORDS
from mediasmith.selection.arguments import check_arguments, check_listed
from mediasmith.selection.coercion import is_auto
from mediasmith.selection.normalization import read_model
from mediasmith.storage.artifacts.file_names import extension_of, media_type_of
from mediasmith.storage.pasted_paths import unwrap

MAX_PROMPT = 100_000
"""Characters in one prompt; models may take fewer."""


_WITHOUT_PROMPT: set[Kind] = {"voice_conversion", "audio_isolation", "voice_clone", "dubbing"}


@dataclass(frozen=True, kw_only=True)
class ToolRequest:
    """What a caller wants, checked against the schema but not yet against any backend.

    `kind` is None where the model that is named, or the file that is edited, decides it; the listed values of `words`
    are then still to be checked. `words` are the shared words given, `references` the input files by role as the caller
    wrote them. `backend` is empty when the choice is left to the server. `wait_seconds` is None when the caller did not
    say. `request_id` is the caller's own name for the request, or empty. `warnings` say what was read in a way that
    callers may not expect.
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
    request_id: str = ""
    warnings: tuple[str, ...] = ()


def parse_request(arguments: Mapping[str, Any], tool: ToolSchema) -> ToolRequest:
    """Return the checked arguments of generate_media or continue_edit as a request.

    What an edit continues decides its kind, and a model that is named without one does.

    Raises:
        InvalidRequest: as `check_arguments` and `check_listed`, and for prompts that are missing, too long, or given
            twice.
    """
    given = _split_backend(check_arguments(arguments, tool), tool)
    references = _references(given)
    edit = "continuation_id" in given
    kind, warnings = (None, ()) if edit else _kind(given, tool)
    words = {name: given[name] for name in WORDS if name in given and name != "n"}
    return ToolRequest(
        prompts=_prompts(given, needed=not _may_be_silent(kind, references, given.get("options", {}))),
        kind=kind,
        backend=_name(given.get("backend", "").lower()),
        model=read_model(_name(given.get("model", ""))),
        words=check_listed(words, kind, tool) if kind else words,
        options=given.get("options", {}),
        references=references,
        n=given.get("n", 1),
        draft=given.get("draft", False),
        output=given.get("output", ""),
        wait_seconds=given.get("wait_seconds"),
        max_cost_usd=given.get("max_cost_usd"),
        dry_run=given.get("dry_run", False),
        continuation_id=given["continuation_id"].strip() if edit else "",
        request_id=given.get("request_id", "").strip(),
        warnings=warnings,
    )


def _split_backend(given: dict[str, Any], tool: ToolSchema) -> dict[str, Any]:
    """Return the arguments with a backend and a model that were given in one value, as settings have them, apart.

    Where a model is given as well, selection refuses such a backend.
    """
    backend, *rest = re.split("[:/]", given.get("backend", ""), maxsplit=1)
    if not rest or given.get("model") or backend.strip().lower() not in tool.backends:
        return given
    return {**given, "backend": backend, "model": rest[0]}


def _kind(given: Mapping[str, Any], tool: ToolSchema) -> tuple[Kind | None, tuple[str, ...]]:
    """Return the kind of media, with a warning where the extension of `output` decides it; None where a model does."""
    extension = extension_of(unwrap(given.get("output", "")))
    family = media_type_of(extension)
    able = [kind for kind in tool.parameters["properties"]["kind"].get("enum", ()) if MEDIA_TYPES[kind] == family]
    if "kind" in given:
        return given["kind"], ()
    if len(able) == 1 and family != "image":
        return able[0], (f"kind was not given; {able[0]} was chosen, as output names a .{extension} file.",)
    if _name(given.get("model", "")):
        return None, ()
    if family == "image" or not able:
        return "image", ()
    raise InvalidRequest(
        f"output names a .{extension} file, but kind was not given and is image by default.",
        f"Set kind to one of {', '.join(able)}, or give another output.",
        billed="no",
    )


def _name(text: str) -> str:
    """Return the name of a backend or model, or "" where the choice is left to the server."""
    return "" if is_auto(text) else text.strip()


def _may_be_silent(kind: Kind | None, references: Mapping[Role, tuple[str, ...]], options: Mapping[str, JSON]) -> bool:
    """Whether something else may say what to make: a recording, a frame, a song's plan among the options."""
    return kind in _WITHOUT_PROMPT or (kind == "video" and bool(references)) or (kind == "music" and bool(options))


def _prompts(given: Mapping[str, Any], *, needed: bool) -> tuple[str, ...]:
    if "prompt" in given and "prompts" in given:
        raise InvalidRequest("prompt and prompts were both given; use one of them.", billed="no")
    prompts: list[str] = given.get("prompts", [given["prompt"]] if "prompt" in given else [])
    argument = "prompts" if "prompts" in given else "prompt"
    if not prompts and needed:
        raise InvalidRequest(
            "prompt is missing; say what to generate in prompt, or several things in prompts.", billed="no"
        )
    for text in prompts:
        if not text.strip() and needed:
            raise InvalidRequest("One of the prompts is empty; say what to generate.", billed="no")
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

"""What goes beyond OpenAI's interface: fields of the engine's own, and prompts that mean more than they say."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, TypeAlias

from pydantic import Field, JsonValue

from mediasmith.plugin.contract import Call, Params, Request

ExtraBody: TypeAlias = Annotated[
    dict[str, JsonValue] | None,
    Field(description='Fields of the engine\'s own, sent as they are: {"num_inference_steps": 20}.'),
]
"""The option that sends any field."""

_OWN = {"model", "prompt", "input", "n", "response_format", "stream", "seconds"}
"""Fields that are sent for arguments, or not at all."""

_EXTRA_ARGUMENTS = "<sd_cpp_extra_args>"
"""What begins options inside a prompt, for sd-server (stable-diffusion.cpp)."""


def objection(request: Request[Any]) -> str:
    """Return why a prompt or an extra field is not sent, or ""."""
    if _EXTRA_ARGUMENTS in request.prompt:
        return f"takes no prompt with {_EXTRA_ARGUMENTS}, which sets options of an engine"
    params: Params = request.params
    extra: Mapping[str, object] = getattr(params, "extra_body", None) or {}
    taken = sorted(extra.keys() & {*_OWN, *type(params).model_fields})
    return f"takes no {taken[0]} in extra_body: it is sent for an argument or an option" if taken else ""


def warn_of_ignored(call: Call[Any, Any], *words: str) -> None:
    """Warn of those of the words that are given: an engine that does not know a field ignores it silently."""
    given = [word for word in words if getattr(call.params, word) is not None]
    if given:
        call.warn(f"Not every engine knows {', '.join(given)}, and those that do not ignore it silently.")

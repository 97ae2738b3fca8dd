"""The earlier prompts of an edit, as context for a model that gets only the file."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mediasmith.plugin.contract import Request

_MOST_PROMPTS, _MOST_CHARACTERS = 5, 200


def shorten_lineage(prompts: Sequence[str], *, most: int, characters: int) -> tuple[str, ...]:
    """Return at most `most` prompts, the first and the last ones, each cut after so many characters."""
    kept = prompts if len(prompts) <= most else (prompts[0], *prompts[len(prompts) - most + 1 :])
    return tuple(text if len(text) <= characters else f"{text[:characters]}…" for text in kept)


def prompt_with_lineage(request: Request[Any]) -> str:
    """Return the prompt of an edit, introduced by the prompts that led to the file that it edits.

    For models that read a prompt as instructions. A model that draws each word of it must get `request.prompt` alone.
    What would be too long for the model is left out.
    """
    if not request.lineage:
        return request.prompt
    earlier = shorten_lineage(request.lineage, most=_MOST_PROMPTS, characters=_MOST_CHARACTERS)
    listed = "\n".join(f"- {' '.join(text.split())}" for text in earlier if text.strip())
    whole = (
        f"For context, these earlier requests led to the first file. They are done; do not repeat them:\n{listed}\n\n"
        f"Change only this, and keep the rest as it is: {request.prompt}"
    )
    too_long = request.model.max_prompt is not None and len(whole) > request.model.max_prompt
    return request.prompt if too_long or not listed else whole

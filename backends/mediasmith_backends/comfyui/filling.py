"""Fill a workflow with what a call asks for, its files uploaded first."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any

from mediasmith.plugin.contract import Call, Params, Request
from mediasmith.plugin.files import Source
from mediasmith.plugin.http_answers import Answer, read_answer
from mediasmith.plugin.media import fit_ratio, parse_size
from mediasmith_backends.comfyui.client import Client
from mediasmith_backends.comfyui.errors import TITLE
from mediasmith_backends.comfyui.graph import Place, Value
from mediasmith_backends.comfyui.workflows import Workflow

_SEEDS = 2**32
_GRID = 16
"""Sides that follow from an aspect ratio are multiples of this many pixels, as models want them."""

_LATENT = 8
"""Pixels of a side for one cell of a latent image; ComfyUI rounds down to it, or to twice as many."""


def refuses(request: Request[Params]) -> str:
    """Return why a workflow cannot have such a size, or ""."""
    size, ratio = (getattr(request.params, word, None) for word in ("size", "aspect_ratio"))
    if size and ratio:
        return "takes size or aspect_ratio, not both"
    if ratio and isinstance(request.model, Workflow) and {"width", "height"} <= request.model.places.keys():
        try:
            _sides(request.model, size, ratio)
        except ValueError as error:
            return str(error).rstrip(".")
    return ""


async def filled_places(call: Call[Client, Params], workflow: Workflow) -> Mapping[Place, Value]:
    """Return what goes where. Files are uploaded; without a seed a random one is used.

    Without one, ComfyUI would answer from its cache what it answered to the same words before.
    """
    words: dict[str, Value] = {"prompt": call.prompt, **_words(call, workflow)}
    for role, files in call.inputs.items():
        for file in files:
            words[role] = await _upload(call.client, file)
    if "prompt" not in workflow.places and call.prompt:
        call.warn(f"The workflow {workflow.id} has no place for a prompt; it was left out.")
    return {place: value for word, value in words.items() for place in workflow.places.get(word, ())}


def _words(call: Call[Client, Params], workflow: Workflow) -> dict[str, Value]:
    """Return the words and options of a call by their places."""
    given: dict[str, Any] = {**call.params.model_dump(exclude_none=True), **call.options}
    size, ratio = given.pop("size", None), given.pop("aspect_ratio", None)
    given.setdefault("seed", secrets.randbelow(_SEEDS))
    if size or ratio:
        given["width"], given["height"] = _sides(workflow, size, ratio)
        if given["width"] % _LATENT or given["height"] % _LATENT:
            call.warn(f"size {size} is no multiple of {_LATENT}, to which {TITLE} usually rounds down.")
    return given


def _sides(workflow: Workflow, size: str | None, ratio: str | None) -> tuple[int, int]:
    """Return width and height; for a ratio alone, with about as many pixels as the workflow makes.

    Raises:
        ValueError: the ratio is too extreme.
    """
    if size:
        return parse_size(size)
    pixels = int(workflow.value("width")) * int(workflow.value("height"))
    return fit_ratio(ratio or "1:1", pixels=pixels, multiple=_GRID)


class _Uploaded(Answer):
    name: str
    subfolder: str = ""


async def _upload(client: Client, file: Source) -> str:
    """Upload a file, and return the name under which ComfyUI has it: another one, where that was in use."""
    content = {"image": (file.name, await file.read(), file.mime)}
    response = await client.http.post("/upload/image", files=content, data={"type": "input"})
    answer = read_answer(response.raise_for_status().content, _Uploaded, TITLE)
    return f"{answer.subfolder}/{answer.name}" if answer.subfolder else answer.name

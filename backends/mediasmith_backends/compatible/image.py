"""The image capability: `/images/generations`, and `/images/edits` for pictures that are to be changed."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator, Sequence
from contextlib import suppress
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING, Annotated, Any, Literal
from urllib.parse import urlsplit

from anyio import to_thread
from pydantic import Field

from mediasmith.plugin.contract import Call, Capability, Output, Params, Request, Result, Takes
from mediasmith.plugin.embedded_media import find_media
from mediasmith.plugin.errors import InvalidRequest, ProviderError
from mediasmith.plugin.http_answers import Answer, Lenient, read_answer, read_outputs
from mediasmith.plugin.http_errors import malformed
from mediasmith.plugin.media import HEAD, fit_ratio, parse_size, sniff
from mediasmith.plugin.params import AspectRatio, Count, Seed
from mediasmith.plugin.probe import dimensions
from mediasmith_backends.compatible.addresses import TITLE, missing
from mediasmith_backends.compatible.engine import Engine, Engines, File
from mediasmith_backends.compatible.extras import ExtraBody, objection, warn_of_ignored
from mediasmith_backends.compatible.mask import draw_mask
from mediasmith_backends.compatible.models import name_of, served_models

if TYPE_CHECKING:
    from httpx2 import Response

_MOST_IMAGES = 16

_PIXELS, _MULTIPLE = 1024 * 1024, 64
"""The size for an aspect ratio, as diffusion models were trained on."""

_FORMAT = "response_format"
_TOGETHER = ("together.ai", "together.xyz")
"""The hosts of Together, which has a word of its own for base64."""


class ImageParams(Params):
    """The parameters of an image."""

    aspect_ratio: AspectRatio | None = None
    size: Annotated[str | None, Field(pattern=r"^[1-9][0-9]{1,4}x[1-9][0-9]{1,4}$")] = None
    quality: Literal["auto", "low", "medium", "high", "standard", "hd"] | None = None
    background: Literal["auto", "transparent", "opaque"] | None = None
    output_format: Literal["png", "jpeg", "webp"] | None = None
    seed: Seed | None = None
    n: Count = 1
    negative_prompt: Annotated[str | None, Field(min_length=1, description="What the picture must not show.")] = None
    steps: Annotated[int | None, Field(ge=1, le=200, description="Sent as steps; for other names see extra_body.")] = (
        None
    )
    extra_body: ExtraBody = None


def _refuses(request: Request[ImageParams]) -> str:
    size, ratio = request.params.size, request.params.aspect_ratio
    if size and ratio:
        return "takes size or aspect_ratio, not both"
    if ratio and (reason := _no_size(ratio)):
        return reason
    if request.inputs.get("mask") and not request.inputs.get("image"):
        return "takes a mask only with the image to change"
    return objection(request)


def _no_size(ratio: str) -> str:
    """Return why an aspect ratio has no size, or ""."""
    try:
        _size(ratio)
    except ValueError as error:
        return f"takes no aspect_ratio that is so extreme: {error}".rstrip(".")
    return ""


def _size(ratio: str) -> str:
    width, height = fit_ratio(ratio, pixels=_PIXELS, multiple=_MULTIPLE)
    return f"{width}x{height}"


async def _start(call: Call[Engines, ImageParams]) -> Result:
    engine = call.client["image"]
    files = await _files(call)
    warn_of_ignored(call, "seed", "negative_prompt", "steps")
    if "|" in call.prompt:
        call.warn("LocalAI takes what follows a | in the prompt for what the picture must not show.")
    fields = _fields(call, engine)
    response = await engine.post(_path(files), fields, files)
    if _FORMAT in fields and await to_thread.run_sync(_is_about_format, response):  # so that nothing was made
        del fields[_FORMAT]
        response = await engine.post(_path(files), fields, files)
    content = engine.content(response, model_named="model" in fields)
    return await to_thread.run_sync(partial(_result, content, call, engine, fields.get("size", "")))


def _path(files: Sequence[File]) -> str:
    return "/images/edits" if files else "/images/generations"


def _fields(call: Call[Engines, ImageParams], engine: Engine) -> dict[str, Any]:
    params = call.params
    given: dict[str, Any] = params.model_dump(exclude_none=True, exclude={"aspect_ratio", "n", "extra_body"})
    if params.aspect_ratio:
        given["size"] = _size(params.aspect_ratio)
        call.warn(f"aspect_ratio {params.aspect_ratio} was sent as size {given['size']}.")
    if params.n > 1:
        given["n"] = params.n
    if not call.model.id.rpartition("/")[2].startswith("gpt-image"):  # which refuses the field
        given[_FORMAT] = "base64" if (urlsplit(engine.url).hostname or "").endswith(_TOGETHER) else "b64_json"
    return {**(params.extra_body or {}), **name_of(call), "prompt": call.prompt, **given}


async def _files(call: Call[Engines, ImageParams]) -> Sequence[File]:
    """Return the pictures to change, with the mask for the first one.

    Raises:
        InvalidRequest: the mask does not fit.
    """
    images, masks = call.inputs.get("image", ()), call.inputs.get("mask", ())
    name = "image" if len(images) == 1 else "image[]"
    files: list[File] = [(name, (image.name, await image.read(), image.mime)) for image in images]
    for mask in masks:
        if mask.dimensions != images[0].dimensions:
            raise InvalidRequest("mask: it must have the size of the first image.", billed="no")
        files.append(("mask", (mask.name, await to_thread.run_sync(draw_mask, await mask.read()), "image/png")))
    return files


class _Problem(Answer):
    param: Lenient[str] = None


class _Refusal(Answer):
    error: Lenient[_Problem] = None


def _is_about_format(response: Response) -> bool:
    """Return whether an answer refuses the field that asks for base64."""
    if response.status_code == HTTPStatus.BAD_REQUEST:
        with suppress(ProviderError):
            error = read_answer(response.content, _Refusal, TITLE).error
            return error is not None and error.param == _FORMAT
    return False


class _Image(Answer):
    b64_json: Lenient[str] = None
    url: Lenient[str] = None


class _Images(Answer):
    data: Lenient[tuple[Lenient[_Image], ...]] = None


def _result(content: bytes, call: Call[Engines, ImageParams], engine: Engine, size: str) -> Result:
    """Return the pictures of an answer: base64, URLs, or the bytes of one picture; blocking."""
    mime = sniff(content[:HEAD])
    outputs = [Output(body=content, mime=mime)] if mime else _outputs(content, engine)
    if len(outputs) < call.params.n:
        call.warn(f"{engine.name} made {len(outputs)} of {call.params.n} pictures.")
    for found in sorted(set(_other_sizes(outputs, size))):
        call.warn(f"{engine.name} made a picture of {found}, not of size {size}.")
    return Result(outputs=tuple(outputs), complete=len(outputs) >= call.params.n)


def _outputs(content: bytes, engine: Engine) -> Sequence[Output]:
    answer = read_answer(content, _Images, engine.name)
    texts = [text for image in answer.data or () if image and (text := image.b64_json or image.url)]
    texts = texts or find_media(json.loads(content))  # engines have fields of their own
    outputs = read_outputs(texts, mime="image/png", name=engine.name, base_url=engine.url, headers=engine.headers)
    if not outputs:
        raise malformed(engine.name, content)
    return outputs


def _other_sizes(outputs: Sequence[Output], size: str) -> Iterator[str]:
    """Yield the sizes of pictures that are not of the size that was asked for."""
    for output in outputs if size else ():
        found = dimensions(io.BytesIO(output.body), output.mime) if isinstance(output.body, bytes) else None
        if found and found != parse_size(size):
            yield f"{found[0]}x{found[1]}"


image: Capability[Engines, ImageParams] = Capability(
    kind="image",
    name="image",
    params=ImageParams,
    models=(),
    start=_start,
    takes={"image": Takes(max=_MOST_IMAGES), "mask": Takes(mimes=("image/png",))},
    edits="image",
    preference=20,
    deadline=3600.0,
    refuses=_refuses,
    missing=partial(missing, kind="image"),
    discover=partial(served_models, "image"),
)
"""Pictures, from words and other pictures."""

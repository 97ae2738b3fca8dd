"""The parameters of an image, which of them go together, and how OpenAI names them."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Annotated, Any, Literal

from pydantic import Field

from mediasmith.plugin.contract import JSON, Params, Request
from mediasmith.plugin.http_answers import Answer
from mediasmith.plugin.media import parse_size
from mediasmith.plugin.params import AspectRatio, Count, Size
from mediasmith_backends.openai.models import SQUARE, TALL, WIDE, is_image_model

_STEP = 16  # pixels: both sides are multiples of it
_LONGEST_SIDE = 3840
_SMALLEST, _LARGEST = 655_360, 8_294_400  # pixels in all
_WIDEST = 3.0
_USUAL_AREA = range(1_000_000, 1_600_000)  # pixels in all of an image of which only the aspect ratio is given
_MOST_INLINE = 10_000_000  # bytes of reference images that still go into a message

_PRICED = {"size", "quality"}
_DETAILS = {"revised_prompt", "size", "quality", "usage", "svg_usage", "tool_usage"}


class ImageParams(Params):
    """The parameters of an image."""

    aspect_ratio: AspectRatio | None = None
    size: Size | None = None
    quality: Literal["auto", "low", "medium", "high", "xhigh", "max"] | None = None
    background: Literal["auto", "opaque", "transparent"] | None = None
    output_format: Literal["png", "jpeg", "webp", "gif", "svg"] | None = None
    n: Count = 1
    output_compression: Annotated[
        int | None, Field(ge=0, le=100, description="Quality in percent, for jpeg and webp.")
    ] = None
    moderation: Annotated[Literal["auto", "low"] | None, Field(description="low filters less.")] = None
    complexity: Annotated[
        Literal["low", "medium", "high"] | None, Field(description="How much the model plans before it draws.")
    ] = None
    frame_count: Annotated[int | None, Field(ge=2, le=16, description="Frames of a gif; 9 by default.")] = None
    frame_duration_ms: Annotated[
        int | None, Field(ge=10, le=655_350, description="How long each frame of a gif is shown; 200 by default.")
    ] = None
    svg_model: Annotated[
        str | None, Field(description="The text model that writes the svg; some accounts have to name one.")
    ] = None


def image_fields(params: ImageParams) -> dict[str, Any]:
    """Return the parameters by the names that both of OpenAI's interfaces have for them."""
    fields = params.model_dump(exclude_none=True, exclude={"aspect_ratio", "n", "svg_model"})
    return {**fields, "size": size_for_ratio(params.aspect_ratio)} if params.aspect_ratio else fields


def image_details(*answers: Answer) -> dict[str, JSON]:
    """Return what these parts of an answer say of an image: its prompt and size, and the tokens it took."""
    facts = {name: value for answer in answers for name, value in answer.model_dump(include=_DETAILS).items()}
    return {name: value for name, value in facts.items() if value is not None and value != ""}


def used_params(answer: Answer) -> dict[str, JSON]:
    """Return the parameters that this part of an answer says were used, and that decide what an image costs."""
    return {name: value for name, value in answer.model_dump(include=_PRICED).items() if isinstance(value, str)}


def uses_responses(request: Request[ImageParams]) -> bool:
    """Return whether the Responses API makes this: one still image without a mask, whose references fit a message."""
    params = request.params
    return (
        is_image_model(request.model)
        and params.n == 1
        and params.output_format not in {"gif", "svg"}
        and not request.inputs.get("mask")
        and sum(source.size for source in request.inputs.get("image", ())) <= _MOST_INLINE
    )


def refuses(request: Request[ImageParams]) -> str:
    """Return why these parameters do not go together, or ""."""
    return next(_objections(request), "")


def _objections(request: Request[ImageParams]) -> Iterator[str]:
    params, images = request.params, request.inputs.get("image", ())
    if params.size and params.aspect_ratio:
        yield "takes size or aspect_ratio, not both"
    if is_image_model(request.model):
        yield from _size_objections(params)
    if params.n > 1 and request.state is not None:
        yield "makes one image at a time when it continues one"
    if request.inputs.get("mask") and not images and request.state is None:
        yield "takes a mask only with the image that it is for"
    if params.moderation and not uses_responses(request) and (images or request.state is not None):
        yield "takes no moderation for edits with a mask, of several images at a time, or as gif or svg"
    yield from _format_objections(request)


def _format_objections(request: Request[ImageParams]) -> Iterator[str]:
    params, form = request.params, request.params.output_format or "png"
    if params.background == "transparent" and form not in {"png", "webp"}:
        yield f"takes a transparent background only with output_format png or webp, not {form}"
    if params.output_compression is not None and form not in {"jpeg", "webp"}:
        yield f"takes output_compression only with output_format jpeg or webp, not {form}"
    if (params.frame_count or params.frame_duration_ms) and form != "gif":
        yield "takes frame_count and frame_duration_ms only with output_format gif"
    if form == "gif" and request.inputs.get("mask"):
        yield "takes no mask with output_format gif"
    if form == "svg" and params.n > 1:
        yield "makes one svg at a time"
    if params.svg_model and form != "svg":
        yield "takes svg_model only with output_format svg"


def _size_objections(params: ImageParams) -> Iterator[str]:
    if params.aspect_ratio and not 1 / _WIDEST <= _proportion(params.aspect_ratio) <= _WIDEST:
        yield "takes an aspect_ratio from 1:3 to 3:1"
    if not params.size:
        return
    try:
        width, height = parse_size(params.size)
    except ValueError as error:
        yield str(error).rstrip(".")
        return
    if width % _STEP or height % _STEP:
        yield f"takes a size whose sides are multiples of {_STEP}"
    if max(width, height) > _LONGEST_SIDE:
        yield f"takes sides of at most {_LONGEST_SIDE} pixels"
    if max(width, height) > _WIDEST * min(width, height):
        yield "takes a size from 1:3 to 3:1"
    if not _SMALLEST <= width * height <= _LARGEST:
        yield f"takes a size of {_SMALLEST:,} to {_LARGEST:,} pixels in all"


def size_for_ratio(ratio: str) -> str:
    """Return the size for an aspect ratio: a standard one, or else that of the usual area which is nearest in shape."""
    shape = _proportion(ratio)
    for size in (SQUARE, WIDE, TALL):
        width, height = parse_size(size)
        if math.isclose(width / height, shape, rel_tol=0.001):
            return size
    sizes = ((round(height * shape / _STEP) * _STEP, height) for height in range(_STEP, _LONGEST_SIDE, _STEP))
    usual = [(width, height) for width, height in sizes if width * height in _USUAL_AREA]
    width, height = min(usual, key=lambda size: abs(math.log(size[0] / size[1] / shape)))
    return f"{width}x{height}"


def _proportion(ratio: str) -> float:
    width, _, height = ratio.partition(":")
    return float(width) / float(height)

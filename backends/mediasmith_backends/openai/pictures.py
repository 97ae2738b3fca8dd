"""What can be asked of a picture, and what does not go together."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Annotated, Any, Literal

from pydantic import Field

from mediasmith.plugin.contract import Params, Request
from mediasmith.plugin.media import parse_size
from mediasmith.plugin.params import AspectRatio, Count, Size
from mediasmith_backends.openai.models import SQUARE, TALL, WIDE, is_image_model

_STEP = 16  # pixels: both sides are multiples of it
_LONGEST_SIDE = 3840
_LEAST, _MOST = 655_360, 8_294_400  # pixels in all
_WIDEST = 3.0
_USUAL = range(1_000_000, 1_600_000)  # pixels in all of a picture whose shape alone is asked for
_INLINE = 10_000_000  # bytes of reference pictures that still go into a message


class ImageParams(Params):
    """What a picture can be asked for besides its prompt."""

    aspect_ratio: AspectRatio | None = None
    size: Size | None = None
    quality: Literal["auto", "low", "medium", "high", "xhigh", "max"] | None = None
    background: Literal["auto", "opaque", "transparent"] | None = None
    output_format: Literal["png", "jpeg", "webp", "gif", "svg"] | None = None
    n: Count = 1
    output_compression: Annotated[
        int | None, Field(ge=0, le=100, description="Percent of the quality kept, for jpeg and webp.")
    ] = None
    moderation: Annotated[Literal["auto", "low"] | None, Field(description="low filters less.")] = None
    complexity: Annotated[
        Literal["low", "medium", "high"] | None, Field(description="How much is planned before it is drawn.")
    ] = None
    frame_count: Annotated[int | None, Field(ge=2, le=16, description="Pictures of a gif; 9 without it.")] = None
    frame_duration_ms: Annotated[
        int | None, Field(ge=10, le=655_350, description="How long a gif shows each; 200 without it.")
    ] = None
    svg_model: Annotated[
        str | None, Field(description="The text model that writes an svg; some accounts must name one.")
    ] = None


def words(ask: Request[ImageParams]) -> dict[str, Any]:
    """The words by the names that both of OpenAI's interfaces have for them."""
    params = ask.params
    given = params.model_dump(exclude_none=True, exclude={"aspect_ratio", "n", "svg_model"})
    return {**given, "size": fitting(params.aspect_ratio)} if params.aspect_ratio else given


def converses(ask: Request[ImageParams]) -> bool:
    """Whether this is made in a conversation: one still picture, with no mask and no heavy references."""
    params = ask.params
    return (
        is_image_model(ask.model)
        and params.n == 1
        and params.output_format not in {"gif", "svg"}
        and not ask.inputs.get("mask")
        and sum(source.size for source in ask.inputs.get("image", ())) <= _INLINE
    )


def refuses(ask: Request[ImageParams]) -> str:
    """Why these words do not go together, or nothing."""
    return next(_objections(ask), "")


def _objections(ask: Request[ImageParams]) -> Iterator[str]:
    params, images = ask.params, ask.inputs.get("image", ())
    if params.size and params.aspect_ratio:
        yield "takes size or aspect_ratio, not both"
    if is_image_model(ask.model):
        yield from _of_shape(params)
    if params.n > 1 and ask.state is not None:
        yield "continues a picture one at a time"
    if ask.inputs.get("mask") and not images and ask.state is None:
        yield "takes a mask beside the image that it is for"
    if params.moderation and not converses(ask) and (images or ask.state is not None):
        yield "takes no moderation where a picture is edited with a mask, several at a time, or as gif or svg"
    yield from _of_format(ask)


def _of_format(ask: Request[ImageParams]) -> Iterator[str]:
    params, form = ask.params, ask.params.output_format or "png"
    if params.background == "transparent" and form not in {"png", "webp"}:
        yield f"takes background transparent with output_format png or webp, not {form}"
    if params.output_compression is not None and form not in {"jpeg", "webp"}:
        yield f"takes output_compression with output_format jpeg or webp, not {form}"
    if (params.frame_count or params.frame_duration_ms) and form != "gif":
        yield "takes frame_count and frame_duration_ms with output_format gif"
    if form == "gif" and ask.inputs.get("mask"):
        yield "takes no mask with output_format gif"
    if form == "svg" and params.n > 1:
        yield "makes one svg at a time"
    if params.svg_model and form != "svg":
        yield "takes svg_model with output_format svg"


def _of_shape(params: ImageParams) -> Iterator[str]:
    if params.aspect_ratio and not 1 / _WIDEST <= _shape(params.aspect_ratio) <= _WIDEST:
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
    if not _LEAST <= width * height <= _MOST:
        yield f"takes a size of {_LEAST:,} to {_MOST:,} pixels in all"


def fitting(ratio: str) -> str:
    """The size for an aspect ratio: one of the standard ones, else the nearest in shape of the usual area."""
    shape = _shape(ratio)
    for size in (SQUARE, WIDE, TALL):
        width, height = parse_size(size)
        if math.isclose(width / height, shape, rel_tol=0.001):
            return size
    sizes = ((round(height * shape / _STEP) * _STEP, height) for height in range(_STEP, _LONGEST_SIDE, _STEP))
    usual = [(width, height) for width, height in sizes if width * height in _USUAL]
    width, height = min(usual, key=lambda size: abs(math.log(size[0] / size[1] / shape)))
    return f"{width}x{height}"


def _shape(ratio: str) -> float:
    width, _, height = ratio.partition(":")
    return float(width) / float(height)

"""Pictures of a single request: `/images`."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Annotated, Any, Literal
from urllib.parse import quote

from anyio import to_thread
from pydantic import Field, JsonValue

from mediasmith.plugin.contract import Call, Capability, Output, Params, Request, Result, Takes
from mediasmith.plugin.errors import InvalidRequest, ProviderError, Unsuitable
from mediasmith.plugin.http_errors import not_billed
from mediasmith.plugin.media import HEAD, sniff
from mediasmith.plugin.params import AspectRatio, Count, Seed, Size
from mediasmith_backends.openrouter.client import Answered, Charged, Kept, Router, read, shown
from mediasmith_backends.openrouter.errors import TITLE, explain, within
from mediasmith_backends.openrouter.fitting import fitted, refused
from mediasmith_backends.openrouter.listed import image_model, image_models
from mediasmith_backends.openrouter.models import IMAGE_MODELS, Known, foreign


class ImageParams(Params):
    """What a picture can be asked to be."""

    aspect_ratio: AspectRatio | None = None
    size: Size | None = None
    quality: Literal["auto", "low", "medium", "high", "xhigh", "max"] | None = None
    background: Literal["auto", "transparent", "opaque"] | None = None
    output_format: Literal["png", "jpeg", "webp", "svg"] | None = None
    output_compression: Annotated[int | None, Field(ge=0, le=100, description="Percent, for jpeg and webp.")] = None
    seed: Seed | None = None
    n: Count = 1
    provider_options: Annotated[
        dict[str, dict[str, JsonValue]] | None,
        Field(description="Options of the provider behind the model, by its slug: {slug: {option: value}}."),
    ] = None


def in_pixels(size: str | None) -> bool:
    """Whether a size is width and height, not a tier."""
    return bool(size) and "x" in str(size)


def _refuses(ask: Request[ImageParams]) -> str:
    params = ask.params
    tiers = ask.model.tiers if isinstance(ask.model, Known) else ()
    if in_pixels(params.size) and params.aspect_ratio:
        return "takes size in pixels or aspect_ratio, not both"
    if params.size and tiers and not in_pixels(params.size) and params.size not in tiers:
        return f"takes size {', '.join(tiers)} or WxH in pixels with {ask.model.id}"
    if params.background == "transparent" and params.output_format not in {None, "png", "webp"}:
        return "takes background transparent with output_format png or webp"
    if params.output_compression is not None and params.output_format not in {"jpeg", "webp"}:
        return "takes output_compression with output_format jpeg or webp"
    return foreign(ask)


async def _start(call: Call[Router, ImageParams]) -> Result:
    if call.model not in IMAGE_MODELS:
        with not_billed(explain):
            model = await image_model(call.client, call.model.id)
        if model is None:
            raise Unsuitable(f"{TITLE} lists no model {call.model.id[:60]!r} among those for pictures.", billed="no")
        call = fitted(call, model)
    refused(call, _refuses)
    if call.params.provider_options:
        await _check(call, call.params.provider_options)
    content = await call.client.post("/images", await _body(call))
    return await to_thread.run_sync(partial(_result, content, call.params.n))


async def _body(call: Call[Router, ImageParams]) -> Mapping[str, Any]:
    params = call.params
    given: dict[str, Any] = params.model_dump(exclude_defaults=True, exclude={"provider_options"})
    body = {"model": call.model.id, "prompt": call.prompt, **given}
    if params.size and not in_pixels(params.size):
        body["resolution"] = body.pop("size")
    if references := call.inputs.get("image"):
        body["input_references"] = await shown(references)
    if params.provider_options:
        body["provider"] = {"options": params.provider_options}
    return body


class _Endpoint(Answered):
    provider_slug: str
    allowed_passthrough_parameters: Kept[tuple[str, ...]] = None


class _Endpoints(Answered):
    endpoints: tuple[Kept[_Endpoint], ...]


async def _check(call: Call[Router, ImageParams], given: Mapping[str, Mapping[str, object]]) -> None:
    """Ask who serves the model, and refuse options that they do not take: OpenRouter drops these in silence."""
    with not_billed(explain):
        found = await call.client.get(f"/images/models/{quote(call.model.id)}/endpoints", _Endpoints)
    known = {one.provider_slug: one.allowed_passthrough_parameters or () for one in found.endpoints if one}
    for slug, options in given.items():
        if slug not in known:
            raise InvalidRequest(f"{call.model.id} is served by {', '.join(known)}, not by {slug[:60]}.", billed="no")
        if unknown := options.keys() - set(known[slug]):
            taken = f"takes the options {', '.join(known[slug])}" if known[slug] else "takes no option"
            raise InvalidRequest(f"provider_options: {slug} {taken}, not {min(unknown)[:60]}.", billed="no")
    if len(known) > 1:
        call.warn(f"{TITLE} chooses who makes it, and passes provider_options on to the named one only.")


class _Image(Answered):
    b64_json: str
    media_type: Kept[str] = None


class _Made(Charged):
    data: tuple[Kept[_Image], ...]


def _result(content: bytes, count: int) -> Result:
    """Everything that is a picture, for it was paid; blocking."""
    made = read(content, _Made)
    outputs = tuple(output for image in made.data if image for output in _outputs(image))
    if not outputs:
        raise within(content) or ProviderError(f"{TITLE} answered without a picture.")
    return Result(outputs=outputs, complete=len(outputs) >= count, cost_usd=made.cost_usd)


def _outputs(image: _Image) -> Iterator[Output]:
    if body := decoded(image.b64_json):
        yield Output(body=body, mime=sniff(body[:HEAD]) or image.media_type or "")


def decoded(text: str) -> bytes:
    """What stands there in base64, or nothing."""
    try:
        return base64.b64decode(text, validate=True)
    except ValueError:
        return b""


image: Capability[Router, ImageParams] = Capability(
    kind="image",
    name="image",
    params=ImageParams,
    models=IMAGE_MODELS,
    start=_start,
    takes={"image": Takes(max=16)},
    edits="image",
    preference=5,
    refuses=_refuses,
    discover=image_models,
)
"""Pictures, of words and other pictures."""

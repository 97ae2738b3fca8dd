"""The image capability: `/images`, one request for up to ten images."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Annotated, Any, Literal
from urllib.parse import quote

from anyio import to_thread
from pydantic import Field, JsonValue

from mediasmith.plugin.contract import Call, Capability, Params, Request, Result, Takes
from mediasmith.plugin.errors import InvalidRequest
from mediasmith.plugin.http_answers import Answer, Lenient, read_outputs
from mediasmith.plugin.http_errors import not_billed
from mediasmith.plugin.params import IN_PIXELS, AspectRatio, Count, Seed, Size
from mediasmith_backends.openrouter.client import Client, PaidAnswer, no_image, read, url_parts
from mediasmith_backends.openrouter.errors import TITLE, error_in, explain
from mediasmith_backends.openrouter.live_models import image_models
from mediasmith_backends.openrouter.models import IMAGE_MODELS, MOST_IMAGES, PixelModel, warn_if_unlisted


class ImageParams(Params):
    """The parameters of an image."""

    aspect_ratio: AspectRatio | None = None
    size: Size | None = None
    quality: Literal["auto", "low", "medium", "high", "xhigh", "max"] | None = None
    background: Literal["auto", "transparent", "opaque"] | None = None
    output_format: Literal["png", "jpeg", "webp", "svg"] | None = None
    output_compression: Annotated[
        int | None, Field(ge=0, le=100, description="Quality in percent, for jpeg and webp.")
    ] = None
    seed: Seed | None = None
    n: Count = 1
    provider_options: Annotated[
        dict[str, dict[str, JsonValue]] | None,
        Field(description="Options of the provider that serves the model, by its slug: {slug: {option: value}}."),
    ] = None


def _refuses(request: Request[ImageParams]) -> str:
    params, model = request.params, request.model
    in_pixels = bool(IN_PIXELS.fullmatch(params.size or ""))
    if in_pixels and params.aspect_ratio:
        return "takes size in pixels or aspect_ratio, not both"
    if params.size and not in_pixels and isinstance(model, PixelModel) and params.size not in model.tiers:
        return f"takes size {', '.join(model.tiers)} or WxH in pixels with {model.id}"
    if params.background == "transparent" and params.output_format not in {None, "png", "webp"}:
        return "takes a transparent background only with output_format png or webp"
    if params.output_compression is not None and params.output_format not in {"jpeg", "webp"}:
        return "takes output_compression only with output_format jpeg or webp"
    return ""


async def _start(call: Call[Client, ImageParams]) -> Result:
    if call.params.provider_options:
        await _check_options(call, call.params.provider_options)
    given = call.params.model_dump(exclude_defaults=True, exclude={"provider_options"})
    warn_if_unlisted(call, [*given, *call.inputs])
    content = await call.client.post("/images", await _body(call, given))
    return await to_thread.run_sync(partial(_result, content, call.params.n, str(call.client.sdk.base_url)))


async def _body(call: Call[Client, ImageParams], given: Mapping[str, Any]) -> Mapping[str, Any]:
    body: dict[str, Any] = {"model": call.model.id, "prompt": call.prompt, **given}
    if call.params.size and not IN_PIXELS.fullmatch(call.params.size):
        body["resolution"] = body.pop("size")
    if references := call.inputs.get("image"):
        body["input_references"] = await url_parts(references)
    if call.params.provider_options:
        body["provider"] = {"options": call.params.provider_options}
    return body


class _Endpoint(Answer):
    provider_slug: str
    allowed_passthrough_parameters: Lenient[tuple[str, ...]] = None


class _Endpoints(Answer):
    endpoints: tuple[Lenient[_Endpoint], ...]


async def _check_options(call: Call[Client, ImageParams], options: Mapping[str, Mapping[str, object]]) -> None:
    """Refuse options that the providers of the model do not take: OpenRouter drops them silently.

    Raises:
        InvalidRequest: there are such options.
    """
    with not_billed(explain):
        found = await call.client.get_list(f"/images/models/{quote(call.model.id)}/endpoints", _Endpoints)
    accepted = {one.provider_slug: one.allowed_passthrough_parameters or () for one in found.endpoints if one}
    for slug, given in options.items():
        if slug not in accepted:
            raise InvalidRequest(
                f"{call.model.id} is served by {', '.join(accepted)}, not by {slug[:60]}.", billed="no"
            )
        if unknown := given.keys() - set(accepted[slug]):
            names = f"takes the options {', '.join(accepted[slug])}" if accepted[slug] else "takes no options"
            raise InvalidRequest(f"provider_options: {slug} {names}, not {min(unknown)[:60]}.", billed="no")
    if len(accepted) > 1:
        call.warn(f"{TITLE} chooses the provider, and passes provider_options on only to the one that they name.")


class _Image(Answer):
    b64_json: Lenient[str] = None
    url: Lenient[str] = None


class _Images(PaidAnswer):
    data: tuple[Lenient[_Image], ...]


def _result(content: bytes, count: int, base_url: str) -> Result:
    """Return every image that can be read, for all of them were paid for; blocking."""
    answer = read(content, _Images)
    texts = [image.b64_json or image.url or "" for image in answer.data if image]
    outputs = read_outputs(texts, mime="image/png", name=TITLE, base_url=base_url)
    if not outputs:
        raise error_in(content) or no_image(content, answer)
    return Result(outputs=tuple(outputs), complete=len(outputs) >= count, cost_usd=answer.cost_usd)


image: Capability[Client, ImageParams] = Capability(
    kind="image",
    name="image",
    params=ImageParams,
    models=IMAGE_MODELS,
    start=_start,
    takes={"image": Takes(max=MOST_IMAGES)},
    edits="image",
    preference=5,
    refuses=_refuses,
    discover=image_models,
)
"""Images, from words and reference images."""

"""Generate and edit images: one request, answered with all of them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any, Literal

from anyio import to_thread

from mediasmith.plugin.contract import Call, Capability, Model, Output, Params, Remote, Result
from mediasmith.plugin.errors import ProviderError
from mediasmith.plugin.http_answers import read_media
from mediasmith.plugin.media import HEAD, sniff
from mediasmith.plugin.params import Count
from mediasmith_backends.xai.client import XAIClient
from mediasmith_backends.xai.cost import billed, cost_usd
from mediasmith_backends.xai.errors import TITLE, empty, withheld
from mediasmith_backends.xai.inputs import image_contents, images
from mediasmith_backends.xai.models import IMAGE_MODELS

_ANSWER_SECONDS = 600.0
_LIST_SECONDS = 30.0

AspectRatio = Literal[
    "1:1", "3:4", "4:3", "9:16", "16:9", "2:3", "3:2", "9:19.5", "19.5:9", "9:20", "20:9", "1:2", "2:1"
]


class ImageParams(Params):
    """The parameters of images."""

    aspect_ratio: AspectRatio | None = None
    size: Literal["1K", "2K"] | None = None
    quality: Literal["low", "medium"] | None = None
    n: Count = 1


async def _start(call: Call[XAIClient, ImageParams]) -> Result:
    from xai_sdk.proto import image_pb2_grpc  # noqa: PLC0415 - heavy: the SDK

    stub: Any = image_pb2_grpc.ImageStub
    answer = await call.client.send(
        lambda channel: stub(channel).GenerateImage, await _request(call), seconds=_ANSWER_SECONDS
    )
    outputs = tuple(output for output in await to_thread.run_sync(_read_outputs, answer) if output)
    hidden = sum(not image.respect_moderation for image in answer.images)
    if not outputs:
        raise (withheld if hidden else empty)("image", billed(answer))
    for warning in _warnings(total=len(answer.images), hidden=hidden, read=len(outputs)):
        call.warn(warning)
    return Result(outputs=outputs, complete=len(outputs) >= call.params.n, cost_usd=cost_usd(answer))


async def _request(call: Call[XAIClient, ImageParams]) -> Any:
    from xai_sdk.proto import image_pb2  # noqa: PLC0415 - heavy: the SDK

    params, sources = call.params, await image_contents(call.inputs.get("image", ()))
    request: Any = image_pb2.GenerateImageRequest(
        prompt=call.prompt,
        model=call.model.id,
        n=params.n,
        format=image_pb2.ImageFormat.IMG_FORMAT_BASE64,  # a URL would be one more way to lose what was paid for
    )
    if len(sources) == 1:
        request.image.CopyFrom(sources[0])
    else:
        request.images.extend(sources)
    if params.aspect_ratio:
        request.aspect_ratio = f"IMG_ASPECT_RATIO_{re.sub('[:.]', '_', params.aspect_ratio)}"
    if params.size:
        request.resolution = f"IMG_RESOLUTION_{params.size}"
    if params.quality:
        request.quality = f"IMG_QUALITY_{params.quality.upper()}"
    return request


def _warnings(*, total: int, hidden: int, read: int) -> Iterator[str]:
    """Yield why there are fewer files than generated images."""
    if hidden:
        yield f"{TITLE} withheld {hidden} of {total} images because they violate its usage guidelines."
    if unreadable := total - hidden - read:
        yield f"{unreadable} of {total} images from {TITLE} could not be read."


def _read_outputs(answer: Any) -> list[Output | None]:
    """Return the images that may be shown, with None for each that cannot be read. Blocking."""
    return [_read_output(image) for image in answer.images if image.respect_moderation]


def _read_output(image: Any) -> Output | None:
    with suppress(ProviderError):
        body = read_media(image.base64 or image.url, name=TITLE)
        if isinstance(body, Remote):
            return Output(body=body, mime="image/jpeg")
        mime = sniff(body[:HEAD])
        if mime.startswith("image/"):
            return Output(body=body, mime=mime)
    return None


async def _discover(client: XAIClient) -> Sequence[Model]:
    from google.protobuf.empty_pb2 import Empty  # noqa: PLC0415 - heavy: part of the SDK's transport
    from xai_sdk.proto import models_pb2_grpc  # noqa: PLC0415 - heavy: the SDK

    stub: Any = models_pb2_grpc.ModelsStub
    answer = await client.send(lambda channel: stub(channel).ListImageGenerationModels, Empty(), seconds=_LIST_SECONDS)
    known = {model.id: model for model in IMAGE_MODELS}
    return [
        replace(known.get(listed.name, Model(id=listed.name)), max_prompt=listed.max_prompt_length or None)
        for listed in answer.models
        if listed.name
    ]


async def check(client: XAIClient) -> str:
    """Ask for the models, which is free."""
    await _discover(client)
    return ""


image: Capability[XAIClient, ImageParams] = Capability(
    kind="image",
    name="image",
    params=ImageParams,
    models=IMAGE_MODELS,
    start=_start,
    takes={"image": images(3)},
    edits="image",
    preference=10,
    discover=_discover,
)
"""Images. An edit sends the saved file back."""

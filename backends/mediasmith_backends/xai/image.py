"""Generate and edit images: one request, answered with all of them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any, Literal

from anyio import to_thread

from mediasmith.plugin.contract import Call, Capability, Model, Params, Result
from mediasmith.plugin.http_answers import read_outputs
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
    shown = [image.base64 or image.url for image in answer.images if image.respect_moderation]
    outputs = await to_thread.run_sync(partial(read_outputs, shown, mime="image/jpeg", name=TITLE))
    hidden = len(answer.images) - len(shown)
    if hidden and not shown:
        raise withheld("image", billed(answer))
    if not outputs:
        raise empty("image", billed(answer), answer.SerializeToString())
    if hidden:
        call.warn(
            f"{TITLE} withheld {hidden} of {len(answer.images)} images because they violate its usage guidelines."
        )
    return Result(outputs=tuple(outputs), complete=len(outputs) >= call.params.n, cost_usd=cost_usd(answer))


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

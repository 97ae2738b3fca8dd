"""Pictures, of words and other pictures: one request for all of them, answered at once."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, Literal

from anyio import to_thread

from mediasmith.plugin.contract import Call, Capability, Model, Output, Params, Result
from mediasmith.plugin.media import HEAD, sniff
from mediasmith.plugin.params import Count
from mediasmith_backends.xai.answers import cost_usd, empty, withheld
from mediasmith_backends.xai.client import Grok
from mediasmith_backends.xai.errors import TITLE
from mediasmith_backends.xai.inputs import pictures, shown
from mediasmith_backends.xai.models import IMAGE_MODELS

_ANSWER_SECONDS = 600.0
_LIST_SECONDS = 30.0

Ratio = Literal["1:1", "3:4", "4:3", "9:16", "16:9", "2:3", "3:2", "9:19.5", "19.5:9", "9:20", "20:9", "1:2", "2:1"]


class ImageParams(Params):
    """What a picture can be asked to be."""

    aspect_ratio: Ratio | None = None
    size: Literal["1K", "2K"] | None = None
    quality: Literal["low", "medium"] | None = None
    n: Count = 1


async def _start(call: Call[Grok, ImageParams]) -> Result:
    from xai_sdk.proto import image_pb2_grpc  # noqa: PLC0415 - heavy: the SDK

    stub: Any = image_pb2_grpc.ImageStub
    answer = await call.client.ask(
        lambda channel: stub(channel).GenerateImage, await _request(call), seconds=_ANSWER_SECONDS
    )
    outputs = tuple(output for output in await to_thread.run_sync(_outputs, answer) if output)
    hidden = sum(not image.respect_moderation for image in answer.images)
    if not outputs:
        raise withheld(answer, "picture") if hidden else empty(answer, "picture")
    for lack in _lacks(made=len(answer.images), hidden=hidden, shown=len(outputs)):
        call.warn(lack)
    return Result(outputs=outputs, complete=len(outputs) >= call.params.n, cost_usd=cost_usd(answer))


async def _request(call: Call[Grok, ImageParams]) -> Any:
    from xai_sdk.proto import image_pb2  # noqa: PLC0415 - heavy: the SDK

    params, sources = call.params, await shown(call.inputs.get("image", ()))
    request: Any = image_pb2.GenerateImageRequest(
        prompt=call.prompt,
        model=call.model.id,
        n=params.n,
        format=image_pb2.ImageFormat.IMG_FORMAT_BASE64,  # an address would be one more way to lose what was paid for
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


def _lacks(*, made: int, hidden: int, shown: int) -> Iterator[str]:
    """Why there are fewer pictures than were made."""
    if hidden:
        yield f"{TITLE} withheld {hidden} of {made} pictures: they do not keep to its usage guidelines."
    if unread := made - hidden - shown:
        yield f"{unread} of {made} pictures came from {TITLE} in a form that cannot be read."


def _outputs(answer: Any) -> list[Output | None]:
    """What is a picture, and may be seen; blocking."""
    return [_output(image.base64) for image in answer.images if image.respect_moderation]


def _output(uri: str) -> Output | None:
    data = "".join(uri.partition(",")[2].split())  # base64 may come in lines
    try:
        body = base64.b64decode(data, validate=True)
    except ValueError:
        return None
    mime = sniff(body[:HEAD])
    return Output(body=body, mime=mime) if mime.startswith("image/") else None


async def _discover(client: Grok) -> Sequence[Model]:
    from google.protobuf.empty_pb2 import Empty  # noqa: PLC0415 - heavy: the SDK stands on it
    from xai_sdk.proto import models_pb2_grpc  # noqa: PLC0415 - heavy: the SDK

    stub: Any = models_pb2_grpc.ModelsStub
    answer = await client.ask(lambda channel: stub(channel).ListImageGenerationModels, Empty(), seconds=_LIST_SECONDS)
    known = {model.id: model for model in IMAGE_MODELS}
    return [
        replace(known.get(one.name, Model(id=one.name)), max_prompt=one.max_prompt_length or None)
        for one in answer.models
        if one.name
    ]


image: Capability[Grok, ImageParams] = Capability(
    kind="image",
    name="image",
    params=ImageParams,
    models=IMAGE_MODELS,
    start=_start,
    takes={"image": pictures(3)},
    edits="image",
    preference=10,
    discover=_discover,
)
"""Pictures. What goes on from one of them sends the saved file back."""

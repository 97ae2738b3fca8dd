"""Pictures: `Image.GenerateImage`."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from xai_sdk.proto import image_pb2, usage_pb2

from fakes.xai import IMAGE
from fakes.xai.calls import Call, Method
from fakes.xai.catalogue import IMAGE_MODELS, PARTLY, WITHHELD, picture_size
from fakes.xai.errors import Refused, invalid, moderate, paid_up, served
from fakes.xai.sources import picture_size_of
from fakes.xai.state import unguessable
from loopback.pictures import Look, large_picture, picture

_MOST, _MOST_GIVEN = 10, 3
_RESOLUTIONS = {image_pb2.IMG_RESOLUTION_1K: "1k", image_pb2.IMG_RESOLUTION_2K: "2k"}
_QUALITIES = {image_pb2.IMG_QUALITY_LOW: "low", image_pb2.IMG_QUALITY_MEDIUM: "medium"}
_FORMATS = (image_pb2.IMG_FORMAT_BASE64, image_pb2.IMG_FORMAT_URL)
_RATIOS = {
    number: (float(wide.replace("-", ".")), float(high.replace("-", ".")))
    for name, number in image_pb2.ImageAspectRatio.items()
    for wide, _, high in [name.removeprefix("IMG_ASPECT_RATIO_").replace("19_5", "19-5").partition("_")]
    if high
}


@dataclass(frozen=True, kw_only=True)
class _Wish:
    """What is asked for, in order. `given` are the sizes of the pictures that are changed."""

    request: image_pb2.GenerateImageRequest
    number: int
    resolution: str
    quality: str
    given: Sequence[tuple[int, int]]

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of what is made: by itself it has the shape of the first picture given."""
        if self.request.HasField("aspect_ratio"):
            wide, high = _RATIOS[self.request.aspect_ratio]
        else:
            wide, high = self.given[0] if self.given else (1, 1)
        return picture_size(self.resolution, wide / high)


def _check(call: Call) -> _Wish:
    request: image_pb2.GenerateImageRequest = call.request
    served(call.state, request.model, IMAGE_MODELS)
    for problem in (*_of_words(request), *_of_sources(request)):
        raise invalid(problem)
    contents = [*request.images, *([request.image] if request.HasField("image") else [])]
    given = [picture_size_of(call, content, f"images[{number}]") for number, content in enumerate(contents)]
    moderate(request.prompt)
    paid_up(call.state)
    return _Wish(
        request=request,
        number=request.n if request.HasField("n") else 1,
        resolution=_RESOLUTIONS[request.resolution] if request.HasField("resolution") else "1k",
        quality=_QUALITIES[request.quality] if request.HasField("quality") else "medium",
        given=given,
    )


def _of_words(request: image_pb2.GenerateImageRequest) -> Iterator[str]:
    if not request.prompt.strip():
        yield "prompt: it is empty."
    if request.HasField("n") and not 1 <= request.n <= _MOST:
        yield f"n: it must be from 1 to {_MOST}."
    if request.format not in _FORMATS:
        yield "format: it must be base64 or url."
    if request.HasField("aspect_ratio") and request.aspect_ratio not in _RATIOS:
        yield "aspect_ratio: it is not supported."
    if request.HasField("resolution") and request.resolution not in _RESOLUTIONS:
        yield "resolution: it must be 1k or 2k."
    if request.HasField("quality") and not IMAGE_MODELS[request.model].qualities:
        yield f"quality: {request.model} does not support it."
    if request.HasField("quality") and request.quality not in _QUALITIES:
        yield "quality: it must be low or medium."


def _of_sources(request: image_pb2.GenerateImageRequest) -> Iterator[str]:
    if request.HasField("image") and request.images:
        yield "image: it cannot be set together with images."
    if len(request.images) > _MOST_GIVEN:
        yield f"images: at most {_MOST_GIVEN} can be given."
    if request.HasField("storage_options"):
        raise Refused("UNIMPLEMENTED", "storage_options: this double of the provider keeps nothing.")


def _generate(call: Call) -> image_pb2.ImageResponse:
    wish = _check(call)
    request, model = wish.request, IMAGE_MODELS[wish.request.model]
    cost = model.cost(resolution=wish.resolution, quality=wish.quality, made=wish.number, given=len(wish.given))
    return image_pb2.ImageResponse(
        images=[_made(call, wish, number) for number in range(wish.number)],
        model=request.model,
        usage=usage_pb2.SamplingUsage(cost_in_usd_ticks=cost),
    )


def _made(call: Call, wish: _Wish, number: int) -> image_pb2.GeneratedImage:
    prompt = wish.request.prompt
    if WITHHELD in prompt or (PARTLY in prompt and number % 2):
        return image_pb2.GeneratedImage(respect_moderation=False)
    look = Look(form="jpeg", compression=80)
    seed = wish.request.SerializeToString(deterministic=True) + bytes([number])
    data = large_picture(call.fixed) if call.fixed else picture(seed, wish.size, look)
    if wish.request.format == image_pb2.IMG_FORMAT_BASE64:
        uri = f"data:image/{call.fixed or 'jpeg'};base64,{base64.b64encode(data).decode()}"
        return image_pb2.GeneratedImage(base64=uri, respect_moderation=True)
    name = unguessable()
    call.state.pictures[name] = data
    return image_pb2.GeneratedImage(url=f"{call.store}/xai-image/{name}", respect_moderation=True)


METHODS: Mapping[str, Method] = {IMAGE: Method(answer=_generate, check=_check, pays=True)}
"""The calls for pictures."""

"""Pictures that are made while one connection waits for them: several at a time, with a mask, moving, or drawn."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from anyio import to_thread
from pydantic import Field

from mediasmith.plugin.contract import JSON, Call, Output, Remote, Result
from mediasmith.plugin.errors import InvalidRequest, ProviderError
from mediasmith.plugin.files import Source
from mediasmith_backends.openai.answers import Answered, picture, read, told
from mediasmith_backends.openai.errors import nonsense
from mediasmith_backends.openai.pictures import ImageParams, words

if TYPE_CHECKING:
    from openai import AsyncOpenAI

_ALONE: JSON = {"alone": True}
"""The state of a picture that no conversation goes on from: an edit of it is told that the file is sent instead."""

_WITH_ALPHA = {4, 6}  # what a PNG calls grey and colour with transparency
_COLOUR_TYPE = 25  # where it does


async def make(call: Call[AsyncOpenAI, ImageParams]) -> Result:
    """Pictures from a prompt, or edited from the pictures beside it."""
    asked: dict[str, Any] = {"model": call.model.id, "prompt": call.prompt, **words(call)}
    if call.params.n > 1:
        asked["n"] = call.params.n
    if call.params.svg_model:
        asked["svg"] = {"model": call.params.svg_model}
    images = call.inputs.get("image", ())
    interface: Any = call.client.images.with_raw_response  # of its many forms of a request none is picked by a dict
    if images:
        for mask in call.inputs.get("mask", ()):
            asked["mask"] = await _mask(mask, images[0])
        response = await interface.edit(image=[await _file(image) for image in images], **asked)
    else:
        response = await interface.generate(**asked)
    return await to_thread.run_sync(partial(_made, response.content, call.params.n))


async def _file(source: Source) -> tuple[str, bytes, str]:
    return source.name, await source.read(), source.mime


async def _mask(mask: Source, image: Source) -> tuple[str, bytes, str]:
    """A mask, if it is one for this picture."""
    name, data, mime = await _file(mask)
    if mask.dimensions != image.dimensions:
        raise InvalidRequest("mask: it must have the size of the first image.", billed="no")
    if data[_COLOUR_TYPE] not in _WITH_ALPHA and b"tRNS" not in data[: data.find(b"IDAT")]:
        raise InvalidRequest("mask: it has no transparency to show where to change the picture.", billed="no")
    return name, data, mime


class _Image(Answered):
    b64_json: str | None = None
    url: str | None = None
    revised_prompt: str | None = None


class _Made(Answered):
    data: tuple[_Image, ...] = Field(min_length=1)
    size: Any = None
    quality: Any = None
    usage: Any = None
    svg_usage: Any = None


def _made(content: bytes, count: int) -> Result:
    made = read(content, _Made)
    return Result(
        outputs=_outputs(made.data),
        complete=len(made.data) >= count,
        details=told(
            revised_prompt=made.data[0].revised_prompt,
            size=made.size,
            quality=made.quality,
            usage=made.usage,
            svg_usage=made.svg_usage,
        ),
    )


def _outputs(images: Sequence[_Image]) -> tuple[Output, ...]:
    """Every picture that can be used: they are paid for together."""
    outputs: list[Output] = []
    for image in images:
        try:
            outputs.append(_output(image))
        except ProviderError:
            continue
    if not outputs:
        raise nonsense()
    return tuple(outputs)


def _output(image: _Image) -> Output:
    if image.b64_json:
        body, mime = picture(image.b64_json)
        return Output(body=body, mime=mime, state=_ALONE)
    if image.url:  # OpenAI itself gives none, but gateways do
        return Output(body=Remote(url=image.url), mime="image/png", state=_ALONE)
    raise nonsense()

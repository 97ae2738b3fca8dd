"""Images made by the Images API, in one request that waits for them: several at a time, with a mask, as gif or svg."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any

from anyio import to_thread
from pydantic import Field

from mediasmith.plugin.contract import Call, Output, Remote, Result
from mediasmith.plugin.errors import InvalidRequest, ProviderError
from mediasmith.plugin.files import Source
from mediasmith.plugin.http_answers import Answer, Lenient, read_answer, read_media
from mediasmith.plugin.http_errors import malformed
from mediasmith.plugin.media import HEAD, sniff
from mediasmith_backends.openai.client import TITLE
from mediasmith_backends.openai.image_params import ImageParams, image_details, image_fields, used_params

if TYPE_CHECKING:
    from openai import AsyncOpenAI

_ALPHA = {4, 6}
"""The colour types of PNG that have transparency: grey and RGB."""

_COLOUR_TYPE = 25
"""Where in a PNG its colour type is."""


async def generate(call: Call[AsyncOpenAI, ImageParams]) -> Result:
    """Make images from a prompt, or edit the input images.

    Raises:
        InvalidRequest: the mask does not fit the image.
    """
    fields: dict[str, Any] = {"model": call.model.id, "prompt": call.prompt, **image_fields(call.params)}
    if call.params.n > 1:
        fields["n"] = call.params.n
    if call.params.svg_model:
        fields["svg"] = {"model": call.params.svg_model}
    images = call.inputs.get("image", ())
    api: Any = call.client.images.with_raw_response  # its overloads take no dict
    if images:
        for mask in call.inputs.get("mask", ()):
            fields["mask"] = await _mask(mask, images[0])
        response = await api.edit(image=[await _upload(image) for image in images], **fields)
    else:
        response = await api.generate(**fields)
    return await to_thread.run_sync(partial(_result, response.content, call.params.n))


async def _upload(source: Source) -> tuple[str, bytes, str]:
    return source.name, await source.read(), source.mime


async def _mask(mask: Source, image: Source) -> tuple[str, bytes, str]:
    name, data, mime = await _upload(mask)
    if mask.dimensions != image.dimensions:
        raise InvalidRequest("mask: it must have the size of the first image.", billed="no")
    if data[_COLOUR_TYPE] not in _ALPHA and b"tRNS" not in data[: data.find(b"IDAT")]:
        raise InvalidRequest("mask: it must be transparent where the image is to be changed.", billed="no")
    return name, data, mime


class _Image(Answer):
    b64_json: str | None = None
    url: str | None = None
    revised_prompt: str | None = None


class _Images(Answer):
    data: tuple[Lenient[_Image], ...] = Field(min_length=1)
    size: Any = None
    quality: Any = None
    usage: Any = None
    svg_usage: Any = None


def _result(content: bytes, count: int) -> Result:
    answer = read_answer(content, _Images, TITLE)
    outputs = tuple(_outputs(answer.data))
    if not outputs:
        raise malformed(TITLE)
    return Result(
        outputs=outputs,
        complete=len(outputs) >= count,
        used=used_params(answer),
        details=image_details(answer.data[0] or _Image(), answer),
    )


def _outputs(images: Sequence[_Image | None]) -> Iterator[Output]:
    """Yield every image that can be read, for all of them were paid for."""
    for image in images:
        with suppress(ProviderError):
            yield _output(image or _Image())


def _output(image: _Image) -> Output:
    body = read_media(image.b64_json or image.url or "", name=TITLE)  # gateways answer with URLs, OpenAI does not
    return Output(body=body, mime="image/png" if isinstance(body, Remote) else sniff(body[:HEAD]))

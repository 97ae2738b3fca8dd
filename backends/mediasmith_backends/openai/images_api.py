"""Images made by the Images API, in one request that waits for them: several at a time, with a mask, as gif or svg."""

from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING, Any

from anyio import to_thread

from mediasmith.plugin.contract import Call, Output, Result
from mediasmith.plugin.embedded_media import find_media
from mediasmith.plugin.errors import InvalidRequest
from mediasmith.plugin.files import Source
from mediasmith.plugin.http_answers import Answer, Lenient, read_answer, read_outputs
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
    return await to_thread.run_sync(partial(_result, response.content, call))


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
    data: Lenient[tuple[Lenient[_Image], ...]] = None
    size: Any = None
    quality: Any = None
    usage: Any = None
    svg_usage: Any = None


def _result(content: bytes, call: Call[AsyncOpenAI, ImageParams]) -> Result:
    """Return the images of an answer; blocking. Gateways and engines have forms of their own, with URLs or files."""
    if mime := sniff(content[:HEAD]):
        return Result(outputs=(Output(body=content, mime=mime),), complete=call.params.n == 1)
    answer = read_answer(content, _Images, TITLE)
    images = [image for image in answer.data or () if image]
    outputs = read_outputs(
        list(filter(None, (image.b64_json or image.url for image in images))) or find_media(json.loads(content)),
        mime="image/png",
        name=TITLE,
        base_url=str(call.client.base_url),
        headers={"authorization": f"Bearer {call.client.api_key}"},
    )
    if not outputs:
        raise malformed(TITLE, content)
    return Result(
        outputs=tuple(outputs),
        complete=len(outputs) >= call.params.n,
        used=used_params(answer),
        details=image_details(images[0] if images else _Image(), answer),
    )

"""The image capability: the Responses API where it can make the image, and the Images API for the rest."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mediasmith.plugin.contract import Accepted, Call, Capability, Result, Takes
from mediasmith.plugin.errors import StateGone
from mediasmith_backends.openai import images_api, responses_api
from mediasmith_backends.openai.image_params import ImageParams, refuses, uses_responses
from mediasmith_backends.openai.models import IMAGE_MODELS

if TYPE_CHECKING:
    from openai import AsyncOpenAI


async def _start(call: Call[AsyncOpenAI, ImageParams]) -> Result | Accepted:
    if uses_responses(call):
        accepted = await responses_api.submit(call)
        if accepted:
            return accepted
    elif call.state is not None:
        raise StateGone("A conversation takes no mask and no large references, and makes no gif or svg.")
    return await images_api.generate(call)


image: Capability[AsyncOpenAI, ImageParams] = Capability(
    kind="image",
    name="image",
    params=ImageParams,
    models=IMAGE_MODELS,
    start=_start,
    poll=responses_api.poll,
    cancel=responses_api.cancel,
    handle=responses_api.ResponseReference,
    state=responses_api.ResponseReference,
    takes={
        "image": Takes(max=16, max_bytes=49_999_999),
        "mask": Takes(mimes=("image/png",), max_bytes=3_999_999),
    },
    edits="image",
    preference=10,
    every=2.0,
    refuses=refuses,
)
"""Images, generated and edited."""

"""The image capability: which way a picture is made."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mediasmith.plugin.contract import Accepted, Call, Capability, Result, Takes
from mediasmith.plugin.errors import StateGone
from mediasmith_backends.openai import at_once, conversation
from mediasmith_backends.openai.models import IMAGE_MODELS
from mediasmith_backends.openai.pictures import ImageParams, converses, refuses

if TYPE_CHECKING:
    from openai import AsyncOpenAI


async def _start(call: Call[AsyncOpenAI, ImageParams]) -> Result | Accepted:
    if converses(call):
        accepted = await conversation.begin(call)
        if accepted:
            return accepted
    elif call.state is not None:
        raise StateGone("With a mask, large references, as gif or as svg, a picture is edited from its file.")
    return await at_once.make(call)


image: Capability[AsyncOpenAI, ImageParams] = Capability(
    kind="image",
    name="image",
    params=ImageParams,
    models=IMAGE_MODELS,
    start=_start,
    poll=conversation.poll,
    cancel=conversation.cancel,
    takes={
        "image": Takes(max=16, max_bytes=49_999_999),
        "mask": Takes(mimes=("image/png",), max_bytes=3_999_999),
    },
    edits="image",
    preference=10,
    every=2.0,
    refuses=refuses,
)
"""Pictures, made and edited."""

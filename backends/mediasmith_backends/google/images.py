"""Pictures by Gemini: from words, from other pictures, and from an earlier picture by words."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from mediasmith.plugin.contract import (
    JSON,
    Accepted,
    Call,
    Capability,
    Context,
    Model,
    Params,
    Pending,
    Price,
    Result,
    Takes,
)
from mediasmith_backends.google import interactions
from mediasmith_backends.google.client import Google
from mediasmith_backends.google.inputs import blocks
from mediasmith_backends.google.modes import with_key
from mediasmith_backends.google.prices import gemini

_USUAL = ("1:1", "2:3", "3:2", "3:4", "4:3", "4:5", "5:4", "9:16", "16:9", "21:9")
_LARGE = ("1K", "2K", "4K")
_AT_ONCE = "gemini-3.1-flash-lite-image"
"""The model that takes no work in the background; it takes seconds."""


class ImageParams(Params):
    """What a picture can be told besides its prompt."""

    aspect_ratio: (
        Literal["1:1", "2:3", "3:2", "3:4", "4:3", "4:5", "5:4", "9:16", "16:9", "21:9", "1:8", "8:1", "1:4", "4:1"]
        | None
    ) = None
    size: Literal["512", "1K", "2K", "4K"] = "1K"
    output_format: Literal["jpeg"] | None = None
    seed: Annotated[int, Field(ge=0, le=2_147_483_647)] | None = None


async def _start(call: Call[Google, ImageParams]) -> Result | Accepted:
    continued = interactions.previous(call.state)
    params, client = call.params, call.client
    wish = {
        "type": "image",
        "aspect_ratio": params.aspect_ratio,
        "image_size": params.size,
        "mime_type": params.output_format and f"image/{params.output_format}",
    }
    body = {
        "model": call.model.id,
        "input": interactions.said(call.prompt, await blocks(client, call.inputs.get("image", ()))),
        "response_format": {name: value for name, value in wish.items() if value},
        "generation_config": None if params.seed is None else {"seed": params.seed},
        "previous_interaction_id": continued,
    }
    if call.model.id != _AT_ONCE:
        return await interactions.begin(client, **body)
    interaction = await interactions.at_once(client, **body)
    return await interactions.finished(client, interaction, "image")


async def _poll(work: Context[Google], handle: JSON) -> Pending | Result:
    return await interactions.look(work, handle, "image")


def _prices(**usd: float) -> tuple[Price, ...]:
    return tuple(gemini(amount, "image", size=size.removeprefix("at_")) for size, amount in usd.items())


image: Capability[Google, ImageParams] = Capability(
    kind="image",
    name="image",
    params=ImageParams,
    models=(
        Model(
            id="gemini-nano-banana-2.1",
            accepts={"size": _LARGE},
            prices=_prices(at_1K=0.0336, at_2K=0.0504, at_4K=0.1134),
        ),
        Model(
            id="gemini-3-pro-image",
            accepts={"aspect_ratio": _USUAL, "size": _LARGE},
            prices=_prices(at_1K=0.1344, at_2K=0.1344, at_4K=0.24),
            note="Best at layout and at text in the picture.",
        ),
        Model(
            id="gemini-3.1-flash-image",
            prices=_prices(at_512=0.045, at_1K=0.067, at_2K=0.101, at_4K=0.151),
            note="The one before. Some say that it was switched off on 2026-10-29; Google announced no day.",
        ),
        Model(
            id=_AT_ONCE,
            draft=True,
            accepts={"aspect_ratio": _USUAL, "size": ("1K",)},
            prices=_prices(at_1K=0.0336),
        ),
    ),
    start=_start,
    poll=_poll,
    cancel=interactions.cancel,
    takes={"image": Takes(max=14)},
    edits="image",
    every=3.0,
    deadline=900.0,
    preference=10,
    missing=with_key,
)
"""Pictures, with an API key."""

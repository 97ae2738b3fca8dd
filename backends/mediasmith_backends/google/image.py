"""Images by Gemini: from a prompt, from other images, and edits of an earlier image."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from mediasmith.plugin.contract import (
    Accepted,
    Call,
    Capability,
    Context,
    Failed,
    Model,
    Params,
    Pending,
    Price,
    Result,
    Takes,
)
from mediasmith.plugin.lineage import prompt_with_lineage
from mediasmith_backends.google import interactions
from mediasmith_backends.google.client import Google
from mediasmith_backends.google.inputs import input_blocks
from mediasmith_backends.google.interactions import InteractionHandle, InteractionState
from mediasmith_backends.google.prices import gemini_price
from mediasmith_backends.google.sign_in import missing_key

_RATIOS = ("1:1", "2:3", "3:2", "3:4", "4:3", "4:5", "5:4", "9:16", "16:9", "21:9")
_SIZES = ("1K", "2K", "4K")

_LITE = "gemini-3.1-flash-lite-image"
"""The one model that does not work in the background; it answers within seconds."""


class ImageParams(Params):
    """The parameters of an image."""

    aspect_ratio: (
        Literal["1:1", "2:3", "3:2", "3:4", "4:3", "4:5", "5:4", "9:16", "16:9", "21:9", "1:8", "8:1", "1:4", "4:1"]
        | None
    ) = None
    size: Literal["512", "1K", "2K", "4K"] = "1K"
    output_format: Literal["jpeg"] | None = None
    seed: Annotated[int, Field(ge=0, le=2_147_483_647)] | None = None


async def _start(call: Call[Google, ImageParams]) -> Result | Accepted:
    params = call.params
    response_format = {
        "type": "image",
        "aspect_ratio": params.aspect_ratio,
        "image_size": params.size,
        "mime_type": params.output_format and f"image/{params.output_format}",
    }
    background = None if call.model.id == _LITE else True
    return await interactions.create(
        call.client,
        "image",
        state=call.state,
        model=call.model.id,
        input=interactions.user_input(
            prompt_with_lineage(call), await input_blocks(call.client, call.inputs.get("image", ()))
        ),
        response_format={name: value for name, value in response_format.items() if value},
        generation_config=None if params.seed is None else {"seed": params.seed},
        background=background,
        store=background,
    )


async def _poll(context: Context[Google], handle: InteractionHandle) -> Pending | Result | Failed:
    return await interactions.poll(context, handle, "image")


def _prices(**usd: float) -> tuple[Price, ...]:
    return tuple(gemini_price(amount, "image", size=size.removeprefix("at_")) for size, amount in usd.items())


image: Capability[Google, ImageParams] = Capability(
    kind="image",
    name="image",
    params=ImageParams,
    models=(
        Model(
            id="gemini-nano-banana-2.1",
            accepts={"size": _SIZES},
            prices=_prices(at_1K=0.0336, at_2K=0.0504, at_4K=0.1134),
        ),
        Model(
            id="gemini-3-pro-image",
            accepts={"aspect_ratio": _RATIOS, "size": _SIZES},
            prices=_prices(at_1K=0.1344, at_2K=0.1344, at_4K=0.24),
            note="Best at layout and at text in the image.",
        ),
        Model(
            id="gemini-3.1-flash-image",
            prices=_prices(at_512=0.045, at_1K=0.067, at_2K=0.101, at_4K=0.151),
            note="The previous model; it may have been shut down on 2026-10-29, which Google has not announced.",
        ),
        Model(
            id=_LITE,
            draft=True,
            accepts={"aspect_ratio": _RATIOS, "size": ("1K",)},
            prices=_prices(at_1K=0.0336),
        ),
    ),
    start=_start,
    poll=_poll,
    cancel=interactions.cancel,
    handle=InteractionHandle,
    state=InteractionState,
    takes={"image": Takes(max=14)},
    edits="image",
    every=3.0,
    deadline=900.0,
    preference=10,
    missing=missing_key,
)
"""Images, with an API key."""

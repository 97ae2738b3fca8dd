"""Pictures by Imagen, in enterprise mode, for as long as it is served."""

from __future__ import annotations

import warnings
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import date
from typing import Annotated, Any, Literal, cast

from pydantic import Field

from mediasmith.plugin.contract import Call, Capability, Model, Output, Params, Result
from mediasmith.plugin.http_errors import not_billed
from mediasmith_backends.google.client import Google
from mediasmith_backends.google.errors import explain, refused, sense
from mediasmith_backends.google.modes import with_project
from mediasmith_backends.google.prices import cloud

_ANSWER_MS = 300_000
_SWITCHED_OFF = date(2026, 8, 17)


class ImagenParams(Params):
    """What every picture by Imagen can be told besides its prompt."""

    seed: Annotated[int, Field(ge=0, le=2_147_483_647)] | None = None
    negative_prompt: Annotated[str, Field(min_length=1, description="What shall not be seen.")] | None = None
    guidance_scale: (
        Annotated[float, Field(ge=0, le=500, description="How closely the prompt is kept to; high is close.")] | None
    ) = None
    output_format: Literal["png", "jpeg"] | None = None


class DrawnParams(ImagenParams):
    """What a picture from words can be told besides."""

    aspect_ratio: Literal["1:1", "3:4", "4:3", "9:16", "16:9"] | None = None
    size: Literal["1K", "2K"] | None = None


def wishes(params: ImagenParams, **more: object) -> Mapping[str, object]:
    """The configuration of a request: what was asked for, and more."""
    told = {
        "number_of_images": 1,  # the provider would make four
        "include_rai_reason": True,
        "seed": params.seed,
        "add_watermark": None if params.seed is None else False,  # marked pictures take no seed
        "negative_prompt": params.negative_prompt,
        "guidance_scale": params.guidance_scale,
        "output_mime_type": params.output_format and f"image/{params.output_format}",
        "http_options": {"timeout": _ANSWER_MS},
        **more,
    }
    return {name: value for name, value in told.items() if value is not None}


async def drawn(call: Call[Google, Any], function: str, **request: object) -> Result:
    """Send the paying request by this function of the SDK's.

    Raises:
        Refused: the picture was held back.
    """
    if call.params.seed is not None:
        call.warn("With a seed, Imagen's pictures come without Google's watermark.")
    with not_billed(explain):
        await call.client.headers()  # or the SDK signs in, and nobody could tell that nothing was paid yet
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the SDK says that it will drop these functions in its next version
        send: Callable[..., Awaitable[Any]] = getattr(call.client.sdk.aio.models, function)
        answer = send(model=call.model.id, prompt=call.prompt, **request)
    with sense():
        shown = cast("Sequence[Any]", (await answer).generated_images or ())
    outputs = [_output(one.image) for one in shown if one.image and one.image.image_bytes]
    if outputs:
        return Result(outputs=tuple(outputs))
    raise refused([one.rai_filtered_reason or "" for one in shown])


def _output(image: Any) -> Output:
    return Output(body=image.image_bytes, mime=image.mime_type or "image/png")


async def _start(call: Call[Google, DrawnParams]) -> Result:
    config = wishes(call.params, aspect_ratio=call.params.aspect_ratio, image_size=call.params.size)
    return await drawn(call, "generate_images", config=config)


imagen: Capability[Google, DrawnParams] = Capability(
    kind="image",
    name="imagen",
    params=DrawnParams,
    models=(
        Model(id="imagen-4.0-generate-001", retires=_SWITCHED_OFF, prices=(cloud(0.04, "image"),)),
        Model(id="imagen-4.0-ultra-generate-001", retires=_SWITCHED_OFF, prices=(cloud(0.06, "image"),)),
        Model(
            id="imagen-4.0-fast-generate-001",
            draft=True,
            retires=_SWITCHED_OFF,
            accepts={"size": ("1K",)},
            prices=(cloud(0.02, "image"),),
        ),
    ),
    start=_start,
    deadline=600.0,
    preference=10,
    missing=with_project,
)
"""Pictures, in enterprise mode."""

"""Images by Imagen, in enterprise mode, for as long as it is served."""

from __future__ import annotations

import warnings
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import date
from typing import Annotated, Any, Literal, cast

from pydantic import Field

from mediasmith.plugin.contract import Call, Capability, Model, Output, Params, Result
from mediasmith.plugin.http_errors import not_billed, reading
from mediasmith_backends.google.client import Google
from mediasmith_backends.google.errors import explain, refused
from mediasmith_backends.google.prices import enterprise_price
from mediasmith_backends.google.sign_in import TITLE, missing_project

_ANSWER_MS = 300_000
_RETIRES = date(2026, 8, 17)


class ImagenParams(Params):
    """The parameters of every image by Imagen."""

    seed: Annotated[int, Field(ge=0, le=2_147_483_647)] | None = None
    negative_prompt: Annotated[str, Field(min_length=1, description="What to leave out.")] | None = None
    guidance_scale: (
        Annotated[float, Field(ge=0, le=500, description="How closely to follow the prompt; higher is closer.")] | None
    ) = None
    output_format: Literal["png", "jpeg"] | None = None


class GenerateParams(ImagenParams):
    """The parameters of an image from a prompt alone."""

    aspect_ratio: Literal["1:1", "3:4", "4:3", "9:16", "16:9"] | None = None
    size: Literal["1K", "2K"] | None = None


def imagen_config(params: ImagenParams, **more: object) -> Mapping[str, object]:
    """Return the configuration of a request with these parameters, and with `more`."""
    config = {
        "number_of_images": 1,  # the default is four
        "include_rai_reason": True,
        "seed": params.seed,
        "add_watermark": None if params.seed is None else False,  # a seed is rejected with a watermark
        "negative_prompt": params.negative_prompt,
        "guidance_scale": params.guidance_scale,
        "output_mime_type": params.output_format and f"image/{params.output_format}",
        "http_options": {"timeout": _ANSWER_MS},
        **more,
    }
    return {name: value for name, value in config.items() if value is not None}


async def send(call: Call[Google, Any], function: str, **request: object) -> Result:
    """Send the paying request with this function of the SDK.

    Raises:
        Refused: the image was held back.
    """
    if call.params.seed is not None:
        call.warn("With a seed, Imagen adds no watermark to its images.")
    with not_billed(explain):
        await call.client.headers()  # else the SDK signs in during the paying request; see `veo`
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the SDK announces that its next version drops these functions
        start: Callable[..., Awaitable[Any]] = getattr(call.client.sdk.aio.models, function)
        answer = start(model=call.model.id, prompt=call.prompt, **request)
    with reading(TITLE):
        images = cast("Sequence[Any]", (await answer).generated_images or ())
    outputs = [_output(each.image) for each in images if each.image and each.image.image_bytes]
    if outputs:
        return Result(outputs=tuple(outputs))
    raise refused([each.rai_filtered_reason or "" for each in images])


def _output(image: Any) -> Output:
    return Output(body=image.image_bytes, mime=image.mime_type or "image/png")


async def _start(call: Call[Google, GenerateParams]) -> Result:
    config = imagen_config(call.params, aspect_ratio=call.params.aspect_ratio, image_size=call.params.size)
    return await send(call, "generate_images", config=config)


imagen: Capability[Google, GenerateParams] = Capability(
    kind="image",
    name="imagen",
    params=GenerateParams,
    models=(
        Model(id="imagen-4.0-generate-001", retires=_RETIRES, prices=(enterprise_price(0.04, "image"),)),
        Model(id="imagen-4.0-ultra-generate-001", retires=_RETIRES, prices=(enterprise_price(0.06, "image"),)),
        Model(
            id="imagen-4.0-fast-generate-001",
            draft=True,
            retires=_RETIRES,
            accepts={"size": ("1K",)},
            prices=(enterprise_price(0.02, "image"),),
        ),
    ),
    start=_start,
    deadline=600.0,
    preference=10,
    missing=missing_project,
)
"""Images from a prompt, in enterprise mode."""

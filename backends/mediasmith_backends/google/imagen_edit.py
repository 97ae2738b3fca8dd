"""Images that Imagen makes from other images, in enterprise mode, for as long as it is served."""

from __future__ import annotations

import io
from collections.abc import AsyncGenerator, Mapping
from dataclasses import replace
from datetime import date
from typing import Annotated, Any, Literal

from anyio import to_thread
from pydantic import Field

from mediasmith.plugin.contract import Call, Capability, Model, Request, Result
from mediasmith.plugin.files import Source
from mediasmith.plugin.kinds import Role
from mediasmith_backends.google.client import Google
from mediasmith_backends.google.imagen import ImagenParams, imagen_config, send
from mediasmith_backends.google.inputs import PICTURE, picture
from mediasmith_backends.google.prices import enterprise_price
from mediasmith_backends.google.sign_in import missing_project

_MAX_CLASS = 193
_MAX_IMAGES = 4
_OPAQUE = 128
"""The least alpha of a part of a mask that stays as it is."""

_IMAGE_ROLES: tuple[Role, ...] = ("image", "control_image", "style_image", "subject_image")
"""The images, in the order in which a prompt numbers them."""


class EditParams(ImagenParams):
    """The parameters of an image made from other images."""

    mask_mode: (
        Annotated[
            Literal["background", "foreground"],
            Field(description="Which part of the image to change, in place of a mask."),
        ]
        | None
    ) = None
    segmentation_classes: Annotated[
        tuple[Annotated[int, Field(ge=0, le=_MAX_CLASS)], ...],
        Field(max_length=5, description="Which things in the image to change, by class number, in place of a mask."),
    ] = ()
    style_description: Annotated[str, Field(min_length=1, description="What style=FILE shows.")] | None = None
    control_type: Annotated[
        Literal["canny", "scribble", "face_mesh"], Field(description="What kind of image control=FILE is.")
    ] = "canny"
    subject_type: Annotated[
        Literal["default", "person", "animal", "product"], Field(description="What subject=FILE shows.")
    ] = "default"
    subject_description: Annotated[str, Field(min_length=1, description="The subject in words.")] | None = None


_DESCRIBED_ROLES: Mapping[str, Role] = {
    "style_description": "style_image",
    "control_type": "control_image",
    "subject_type": "subject_image",
    "subject_description": "subject_image",
}
"""The parameters that describe an image, and its role."""


def _refuses(request: Request[EditParams]) -> str:
    given, params = request.inputs, request.params
    masks = [name for name in ("mask_mode", "segmentation_classes") if getattr(params, name)]
    if given.get("mask"):
        masks.append("mask")
    if not any(given.get(role) for role in _IMAGE_ROLES):
        return "it needs an image to start from: give image, style=FILE, control=FILE or subject=FILE"
    if masks and not given.get("image"):
        return f"{masks[0]} needs an image to change"
    for name, role in _DESCRIBED_ROLES.items():
        if name in params.model_fields_set and not given.get(role):
            return f"{name} needs {role.removesuffix('_image')}=FILE"
    if len(masks) > 1:
        return f"{' and '.join(masks)} exclude each other: give one of them"
    if sum(len(given.get(role, ())) for role in _IMAGE_ROLES) > _MAX_IMAGES:
        return f"it takes at most {_MAX_IMAGES} images"
    return ""


async def _start(call: Call[Google, EditParams]) -> Result:
    references = [reference async for reference in _references(call)]
    masked = any("mask_image_config" in reference for reference in references)
    return await send(
        call,
        "edit_image",
        reference_images=[{"reference_id": number, **each} for number, each in enumerate(references, 1)],
        config=imagen_config(call.params, edit_mode=f"EDIT_MODE_{'INPAINT_INSERTION' if masked else 'DEFAULT'}"),
    )


async def _references(call: Call[Google, EditParams]) -> AsyncGenerator[Mapping[str, object]]:
    """Yield the images with their roles, in the order in which a prompt numbers them, then the mask."""
    given, params = call.inputs, call.params
    for source in given.get("image", ()):
        yield {"reference_type": "REFERENCE_TYPE_RAW", "reference_image": await picture(source)}
    for source in given.get("control_image", ()):
        config = {"control_type": f"CONTROL_TYPE_{params.control_type.upper()}"}
        yield await _reference(source, "control", config)
    for source in given.get("style_image", ()):
        yield await _reference(source, "style", {"style_description": params.style_description})
    for source in given.get("subject_image", ()):
        config = {
            "subject_type": f"SUBJECT_TYPE_{params.subject_type.upper()}",
            "subject_description": params.subject_description,
        }
        yield await _reference(source, "subject", config)
    for source in given.get("mask", ()):
        image = {"image_bytes": await to_thread.run_sync(_imagen_mask, await source.read()), "mime_type": "image/png"}
        yield {**_mask("user_provided"), "reference_image": image}
    if params.mask_mode:
        yield _mask(params.mask_mode)
    if params.segmentation_classes:
        yield _mask("semantic", segmentation_classes=params.segmentation_classes)


def _mask(mode: str, **more: object) -> Mapping[str, object]:
    config = {"mask_mode": f"MASK_MODE_{mode.upper()}", **more}
    return {"reference_type": "REFERENCE_TYPE_MASK", "mask_image_config": config}


async def _reference(source: Source, kind: str, config: Mapping[str, object]) -> Mapping[str, object]:
    return {
        "reference_type": f"REFERENCE_TYPE_{kind.upper()}",
        "reference_image": await picture(source),
        f"{kind}_image_config": config,
    }


def _imagen_mask(mask: bytes) -> bytes:
    """Return a mask as Imagen reads it: white where it is transparent. Blocking."""
    from PIL import Image  # noqa: PLC0415 - heavy: Pillow

    with Image.open(io.BytesIO(mask)) as opened:
        alpha: Any = opened.convert("RGBA").getchannel("A")  # its types are only partly known
    file = io.BytesIO()
    alpha.point([255 if value < _OPAQUE else 0 for value in range(256)]).save(file, "PNG")
    return file.getvalue()


imagen_edit: Capability[Google, EditParams] = Capability(
    kind="image",
    name="imagen_edit",
    params=EditParams,
    models=(
        Model(
            id="imagen-3.0-capability-001",
            retires=date(2026, 6, 30),
            prices=(enterprise_price(0.04, "image"),),
            note="A prompt refers to the images as [1], [2] and so on: image, control, style, subject, in this order.",
        ),
    ),
    start=_start,
    takes={
        "image": PICTURE,
        "mask": replace(PICTURE, mimes=("image/png",)),
        "style_image": PICTURE,
        "control_image": PICTURE,
        "subject_image": replace(PICTURE, max=_MAX_IMAGES),
    },
    edits="image",
    not_inherited=("mask_mode", "segmentation_classes", *_DESCRIBED_ROLES),
    deadline=600.0,
    preference=10,
    refuses=_refuses,
    missing=missing_project,
)
"""Images made from other images, in enterprise mode."""

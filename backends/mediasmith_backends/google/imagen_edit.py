"""Pictures that Imagen makes of other pictures, in enterprise mode, for as long as it is served."""

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
from mediasmith_backends.google.imagen import ImagenParams, drawn, wishes
from mediasmith_backends.google.inputs import PICTURE, picture
from mediasmith_backends.google.modes import with_project
from mediasmith_backends.google.prices import cloud

_CLASSES = 193
_MOST = 4
_SEEN_THROUGH = 128
"""Half of what makes a place of a mask opaque."""


_SHOWN: tuple[Role, ...] = ("image", "control_image", "style_image", "subject_image")
"""Pictures, in the order in which a prompt counts them."""


class EditParams(ImagenParams):
    """What a picture of other pictures can be told besides its prompt."""

    mask_mode: (
        Annotated[
            Literal["background", "foreground"],
            Field(description="What of the image changes, where no mask says so."),
        ]
        | None
    ) = None
    segmentation_classes: Annotated[
        tuple[Annotated[int, Field(ge=0, le=_CLASSES)], ...],
        Field(max_length=5, description="Or the things in it that change, by the numbers of their classes."),
    ] = ()
    style_description: Annotated[str, Field(min_length=1, description="What style=FILE shows.")] | None = None
    control_type: Annotated[Literal["canny", "scribble", "face_mesh"], Field(description="What control=FILE is.")] = (
        "canny"
    )
    subject_type: Annotated[
        Literal["default", "person", "animal", "product"], Field(description="What subject=FILE shows.")
    ] = "default"
    subject_description: Annotated[str, Field(min_length=1, description="Who or what that is.")] | None = None


_SPEAKS_OF: Mapping[str, Role] = {
    "style_description": "style_image",
    "control_type": "control_image",
    "subject_type": "subject_image",
    "subject_description": "subject_image",
}
"""The parameters that say what pictures show, by the role of these."""


def _refuses(ask: Request[EditParams]) -> str:
    given, params = ask.inputs, ask.params
    masks = [name for name in ("mask_mode", "segmentation_classes") if getattr(params, name)]
    if given.get("mask"):
        masks.append("mask")
    if not any(given.get(role) for role in _SHOWN):
        return "it makes pictures of other pictures: give image, style=FILE, control=FILE or subject=FILE"
    if masks and not given.get("image"):
        return f"{masks[0]} says what of an image changes, and there is none"
    for word, role in _SPEAKS_OF.items():
        if word in params.model_fields_set and not given.get(role):
            return f"{word} speaks of a picture that is not there: give {role.removesuffix('_image')}=FILE"
    if len(masks) > 1:
        return f"{' and '.join(masks)} say the same: give one of them"
    if sum(len(given.get(role, ())) for role in _SHOWN) > _MOST:
        return f"it takes {_MOST} pictures at most"
    return ""


async def _start(call: Call[Google, EditParams]) -> Result:
    references = [entry async for entry in _references(call)]
    masked = any("mask_image_config" in entry for entry in references)
    return await drawn(
        call,
        "edit_image",
        reference_images=[{"reference_id": number, **entry} for number, entry in enumerate(references, 1)],
        config=wishes(call.params, edit_mode=f"EDIT_MODE_{'INPAINT_INSERTION' if masked else 'DEFAULT'}"),
    )


async def _references(call: Call[Google, EditParams]) -> AsyncGenerator[Mapping[str, object]]:
    """The files, and what each is for, in the order in which a prompt counts them."""
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
        mask = {
            "image_bytes": await to_thread.run_sync(_black_and_white, await source.read()),
            "mime_type": "image/png",
        }
        yield {**_masked("user_provided"), "reference_image": mask}
    if params.mask_mode:
        yield _masked(params.mask_mode)
    if params.segmentation_classes:
        yield _masked("semantic", segmentation_classes=params.segmentation_classes)


def _masked(mode: str, **more: object) -> Mapping[str, object]:
    config = {"mask_mode": f"MASK_MODE_{mode.upper()}", **more}
    return {"reference_type": "REFERENCE_TYPE_MASK", "mask_image_config": config}


async def _reference(source: Source, kind: str, config: Mapping[str, object]) -> Mapping[str, object]:
    return {
        "reference_type": f"REFERENCE_TYPE_{kind.upper()}",
        "reference_image": await picture(source),
        f"{kind}_image_config": config,
    }


def _black_and_white(mask: bytes) -> bytes:
    """A mask as the provider reads it: white where it can be seen through. Blocking."""
    from PIL import Image  # noqa: PLC0415 - heavy: Pillow

    with Image.open(io.BytesIO(mask)) as opened:
        opacity: Any = opened.convert("RGBA").getchannel("A")  # its types are only partly known
    file = io.BytesIO()
    opacity.point([255 if value < _SEEN_THROUGH else 0 for value in range(256)]).save(file, "PNG")
    return file.getvalue()


imagen_edit: Capability[Google, EditParams] = Capability(
    kind="image",
    name="imagen_edit",
    params=EditParams,
    models=(
        Model(
            id="imagen-3.0-capability-001",
            retires=date(2026, 6, 30),
            prices=(cloud(0.04, "image"),),
            note="A prompt calls the pictures [1], [2] and so on: image, control, style and subject, in this order.",
        ),
    ),
    start=_start,
    takes={
        "image": PICTURE,
        "mask": replace(PICTURE, mimes=("image/png",)),
        "style_image": PICTURE,
        "control_image": PICTURE,
        "subject_image": replace(PICTURE, max=_MOST),
    },
    edits="image",
    not_inherited=("mask_mode", "segmentation_classes", *_SPEAKS_OF),
    deadline=600.0,
    preference=10,
    refuses=_refuses,
    missing=with_project,
)
"""Pictures of other pictures, in enterprise mode."""

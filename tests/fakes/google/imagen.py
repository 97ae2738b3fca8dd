"""Imagen: images from a prompt, or from other images, in one answer."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from hashlib import sha256
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from fakes.google.predict import Camel, ImagePart, Prediction, model_route
from fakes.google.state import GoogleState
from loopback.connection import Answer
from loopback.faults import Strict, answer_json, rule
from loopback.pictures import Look, picture, seen
from loopback.routes import Asked, Route

IMAGEN = ("imagen-4.0-generate-001", "imagen-4.0-ultra-generate-001", "imagen-4.0-fast-generate-001")
GENERATE = {model: model_route(model, "predict") for model in IMAGEN}
EDIT = {model: model_route(model, "predict") for model in ("imagen-3.0-capability-001",)}


class _Output(Camel):
    mime_type: Literal["image/png", "image/jpeg"] = "image/png"


class _Parameters(Camel):
    sample_count: Literal[1]
    include_rai_reason: bool = False
    seed: Annotated[int, Field(ge=0, lt=2**31)] | None = None
    add_watermark: bool = True
    negative_prompt: str = Field(default="", min_length=1)
    guidance_scale: Annotated[float, Field(ge=0, le=500)] | None = None
    output_options: _Output = _Output()

    @model_validator(mode="after")
    def _seed_without_watermark(self) -> Self:
        if self.seed is not None and self.add_watermark:
            raise rule("seed", "Seed is not supported when watermark is enabled.")
        return self


class _GenerateParameters(_Parameters):
    aspect_ratio: Literal["1:1", "3:4", "4:3", "9:16", "16:9"] = "1:1"
    sample_image_size: Literal["1K", "2K"] = "1K"


class _EditParameters(_Parameters):
    edit_mode: Literal["EDIT_MODE_DEFAULT", "EDIT_MODE_INPAINT_INSERTION"]


class _Prompt(Strict):
    prompt: str = Field(min_length=1)


class _Mask(Camel):
    mask_mode: Literal["MASK_MODE_USER_PROVIDED", "MASK_MODE_BACKGROUND", "MASK_MODE_FOREGROUND", "MASK_MODE_SEMANTIC"]
    mask_classes: list[Annotated[int, Field(ge=0, le=193)]] = Field(default_factory=list[int], max_length=5)


class _Control(Camel):
    control_type: Literal["CONTROL_TYPE_CANNY", "CONTROL_TYPE_SCRIBBLE", "CONTROL_TYPE_FACE_MESH"]


class _Style(Strict):
    """The SDK sends this and the next one in snake case."""

    style_description: str = Field(default="", min_length=1)


class _Subject(Strict):
    subject_type: Literal["SUBJECT_TYPE_DEFAULT", "SUBJECT_TYPE_PERSON", "SUBJECT_TYPE_ANIMAL", "SUBJECT_TYPE_PRODUCT"]
    subject_description: str = Field(default="", min_length=1)


class _Reference(Camel):
    reference_id: int = Field(ge=1)
    reference_type: str = Field(pattern="^REFERENCE_TYPE_(RAW|MASK|CONTROL|STYLE|SUBJECT)$")
    reference_image: ImagePart | None = None
    mask_image_config: _Mask | None = None
    control_image_config: _Control | None = None
    style_image_config: _Style | None = None
    subject_image_config: _Subject | None = None

    @property
    def kind(self) -> str:
        return self.reference_type.removeprefix("REFERENCE_TYPE_").lower()

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        configs = {name for name in ("mask", "control", "style", "subject") if getattr(self, f"{name}_image_config")}
        if configs != {self.kind} - {"raw"}:
            raise rule("reference", "has no configuration, or that of another type")
        mask = self.mask_image_config
        if bool(self.reference_image) != (mask is None or mask.mask_mode == "MASK_MODE_USER_PROVIDED"):
            raise rule("reference", "lacks its image, or has one that it must not have")
        if mask and bool(mask.mask_classes) != (mask.mask_mode == "MASK_MODE_SEMANTIC"):
            raise rule("mask", "maskClasses belong to a semantic mask")
        return self


class _EditInstance(Camel):
    prompt: str = Field(min_length=1)
    reference_images: list[_Reference] = Field(min_length=1)

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        kinds = [reference.kind for reference in self.reference_images]
        if len({reference.reference_id for reference in self.reference_images}) < len(kinds):
            raise rule("ids", "two references have one id")
        if kinds.count("raw") > 1 or kinds.count("mask") > kinds.count("raw"):
            raise rule("raw", "takes one image to change, and one mask for it")
        if len(kinds) - kinds.count("mask") > 4:
            raise rule("many", "takes at most 4 images")
        sizes = {each.kind: _size(each.reference_image) for each in self.reference_images if each.reference_image}
        if sizes.get("mask", sizes.get("raw")) != sizes.get("raw"):
            raise rule("mask", "the mask is not of the size of the image")
        return self


def _size(image: ImagePart) -> tuple[int, int] | None:
    found = seen(image.bytes_base64_encoded)
    return found and found.size


class GenerateRequest(Prediction[_Prompt, _GenerateParameters]):
    """The body for an image from a prompt."""


class EditRequest(Prediction[_EditInstance, _EditParameters]):
    """The body for an image from other images."""


def _predict(asked: Asked[GoogleState]) -> Answer:
    body: GenerateRequest | EditRequest = asked.body
    mime = body.parameters.output_options.mime_type
    seed = sha256(body.model_dump_json().encode()).digest()
    data = picture(seed, (64, 64), Look(form=mime.removeprefix("image/")))
    return answer_json({"predictions": [{"bytesBase64Encoded": b64encode(data).decode(), "mimeType": mime}]})


ROUTES: Mapping[str, Route[GoogleState]] = {
    **dict.fromkeys(GENERATE.values(), Route(answer=_predict, body=GenerateRequest)),
    **dict.fromkeys(EDIT.values(), Route(answer=_predict, body=EditRequest)),
}

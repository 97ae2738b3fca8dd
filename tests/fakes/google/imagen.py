"""Pictures of enterprise mode: answered at once."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from hashlib import sha256
from typing import Annotated, Literal, Self, TypeAlias

from pydantic import Field, model_validator

from fakes.google.catalogue import BROKEN, FORBIDDEN, IMAGEN_EDITS, IMAGEN_MODELS, SILENT
from fakes.google.cloud import Camel, Picture, Predicted, route
from fakes.google.content import decoded
from fakes.google.errors import refusal
from fakes.google.state import GoogleState
from loopback.connection import Answer
from loopback.faults import Strict, answer_json, rule
from loopback.pictures import Look, large_picture, picture, seen
from loopback.routes import Asked, Route

_Asked: TypeAlias = Asked[GoogleState]

_EDGES = {"1K": 1024, "2K": 2048}
_REASON = "The picture was held back because it may be harmful. Support code: 12345678."
_MOST = 4
_CLASSES = 193


class Options(Camel):
    """What the file shall be."""

    mime_type: Literal["image/png", "image/jpeg"] = "image/png"


class Parameters(Camel):
    """How a picture shall be."""

    sample_count: Literal[1]
    include_rai_reason: bool = False
    seed: Annotated[int, Field(ge=0, lt=2**31)] | None = None
    add_watermark: bool = True
    negative_prompt: str = Field(default="", min_length=1)
    guidance_scale: Annotated[float, Field(ge=0, le=500)] | None = None
    output_options: Options = Options()

    @model_validator(mode="after")
    def _is_repeatable(self) -> Self:
        if self.seed is not None and self.add_watermark:
            raise rule("seed", "Seed is not supported when watermark is enabled.", "seed")
        return self


class DrawnParameters(Parameters):
    """How a picture from words shall be."""

    aspect_ratio: Literal["1:1", "3:4", "4:3", "9:16", "16:9"] = "1:1"
    sample_image_size: Literal["1K", "2K"] = "1K"


class EditParameters(Parameters):
    """How a picture of other pictures shall be."""

    edit_mode: Literal["EDIT_MODE_DEFAULT", "EDIT_MODE_INPAINT_INSERTION"]


class Words(Strict):
    """What a picture from words is made from."""

    prompt: str = Field(min_length=1)


class Masked(Camel):
    """What of the picture changes."""

    mask_mode: Literal["MASK_MODE_USER_PROVIDED", "MASK_MODE_BACKGROUND", "MASK_MODE_FOREGROUND", "MASK_MODE_SEMANTIC"]
    mask_classes: list[Annotated[int, Field(ge=0, le=_CLASSES)]] = Field(default_factory=list[int], max_length=5)


class Controlled(Camel):
    """What kind of control it is."""

    control_type: Literal["CONTROL_TYPE_CANNY", "CONTROL_TYPE_SCRIBBLE", "CONTROL_TYPE_FACE_MESH"]


class Styled(Strict):
    """What style it is. The SDK spells this and the next one so, and the provider reads either spelling."""

    style_description: str = Field(default="", min_length=1)


class Subject(Strict):
    """Who or what it is."""

    subject_type: Literal["SUBJECT_TYPE_DEFAULT", "SUBJECT_TYPE_PERSON", "SUBJECT_TYPE_ANIMAL", "SUBJECT_TYPE_PRODUCT"]
    subject_description: str = Field(default="", min_length=1)


class Reference(Camel):
    """One picture, and what it is for."""

    reference_id: int = Field(ge=1)
    reference_type: Literal[
        "REFERENCE_TYPE_RAW",
        "REFERENCE_TYPE_MASK",
        "REFERENCE_TYPE_CONTROL",
        "REFERENCE_TYPE_STYLE",
        "REFERENCE_TYPE_SUBJECT",
    ]
    reference_image: Picture | None = None
    mask_image_config: Masked | None = None
    control_image_config: Controlled | None = None
    style_image_config: Styled | None = None
    subject_image_config: Subject | None = None

    @property
    def kind(self) -> str:
        """What it is for."""
        return self.reference_type.removeprefix("REFERENCE_TYPE_").lower()

    @model_validator(mode="after")
    def _is_whole(self) -> Self:
        configs = {name for name in ("mask", "control", "style", "subject") if getattr(self, f"{name}_image_config")}
        if configs != {self.kind} - {"raw"}:
            raise rule("reference", "has the configuration of something else, or none")
        mask = self.mask_image_config
        if bool(self.reference_image) != (mask is None or mask.mask_mode == "MASK_MODE_USER_PROVIDED"):
            raise rule("reference", "has a picture where none is due, or none where one is")
        if mask and bool(mask.mask_classes) != (mask.mask_mode == "MASK_MODE_SEMANTIC"):
            raise rule("mask", "has classes without a semantic mask, or the other way round")
        return self


class Pictures(Camel):
    """What a picture of other pictures is made from."""

    prompt: str = Field(min_length=1)
    reference_images: list[Reference] = Field(min_length=1)

    @model_validator(mode="after")
    def _goes_together(self) -> Self:
        kinds = [reference.kind for reference in self.reference_images]
        if len({reference.reference_id for reference in self.reference_images}) < len(kinds):
            raise rule("ids", "has two references of one id", "referenceImages")
        if kinds.count("raw") > 1 or kinds.count("mask") > kinds.count("raw"):
            raise rule("raw", "has more masks than pictures to change, or two of those", "referenceImages")
        if len(kinds) - kinds.count("mask") > _MOST:
            raise rule("many", f"takes at most {_MOST} reference images", "referenceImages")
        self._has_a_mask_that_fits()
        return self

    def _has_a_mask_that_fits(self) -> None:
        images = {one.kind: one.reference_image for one in self.reference_images}
        mask, raw = images.get("mask"), images.get("raw")
        if not mask or not raw:
            return
        over, under = (seen(decoded(one.bytes_base64_encoded)) for one in (mask, raw))
        if not over or not under or over.size != under.size:
            raise rule("mask", "is not as large as the picture", "referenceImages")


class Drawing(Predicted[Words, DrawnParameters]):
    """The body of `:predict` for a picture from words."""


class Editing(Predicted[Pictures, EditParameters]):
    """The body of `:predict` for a picture of other pictures."""


def _predict(asked: _Asked) -> Answer:
    body: Drawing | Editing = asked.body
    model = asked.route.rpartition("/")[2].partition(":")[0]
    if model in asked.state.settings.retired:
        raise refusal(404, f"Publisher Model {model} was not found or your project does not have access to it.")
    prompt, how = body.instances[0].prompt, body.parameters
    if BROKEN in prompt:
        raise refusal(500, "An internal error has occurred.")
    if SILENT in prompt:
        return answer_json({})
    if FORBIDDEN in prompt:
        return answer_json({"predictions": [{"raiFilteredReason": _REASON}] if how.include_rai_reason else []})
    mime = f"image/{asked.fixed}" if asked.fixed else how.output_options.mime_type
    data = large_picture(asked.fixed) if asked.fixed else _drawn(body, mime)
    return answer_json({"predictions": [{"bytesBase64Encoded": base64.b64encode(data).decode(), "mimeType": mime}]})


def _drawn(body: Drawing | Editing, mime: str) -> bytes:
    how = body.parameters
    ratio, edge = (how.aspect_ratio, how.sample_image_size) if isinstance(how, DrawnParameters) else ("1:1", "1K")
    width, height = map(int, ratio.split(":"))
    scale = _EDGES[edge] / (width * height) ** 0.5
    seed = sha256(body.model_dump_json().encode()).digest()
    return picture(seed, (round(width * scale), round(height * scale)), Look(form=mime.removeprefix("image/")))


DRAWINGS = tuple(route(model, "predict") for model in IMAGEN_MODELS)
EDITS = tuple(route(model, "predict") for model in IMAGEN_EDITS)
"""The paying requests for pictures, one for each model."""

ROUTES: Mapping[str, Route[GoogleState]] = {
    **dict.fromkeys(DRAWINGS, Route(answer=_predict, body=Drawing)),
    **dict.fromkeys(EDITS, Route(answer=_predict, body=Editing)),
}
"""The requests for pictures."""

"""What the provider accepts, field by field. Anything else it refuses, as a real one would."""

from __future__ import annotations

import base64
import binascii
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from loopback.faults import Strict

VOICES = ("anna", "ben")
"""The voices that `POST /stream` speaks with."""

_STARTS = {"image/png": b"\x89PNG", "image/jpeg": b"\xff\xd8\xff", "image/webp": b"RIFF"}


def _picture(uri: str) -> str:
    head, _, data = uri.partition(";base64,")
    start = _STARTS.get(head.removeprefix("data:"))
    if start is None or not head.startswith("data:"):
        raise ValueError("not the data URI of a picture")
    try:
        body = base64.b64decode(data, validate=True)
    except binascii.Error as error:
        raise ValueError("not base64") from error
    if not body.startswith(start):
        raise ValueError("not the type it claims to be")
    return uri


DataUri = Annotated[str, AfterValidator(_picture)]
"""A picture as a `data:` URI whose bytes are of the type it claims."""


class Picture(Strict):
    """The body of `POST /make` and `POST /jobs`. `previous` is the id of a picture that `POST /make` made."""

    prompt: str = Field(min_length=1)
    model: str
    size: str = Field(default="", pattern=r"^[1-9]\d{1,3}x[1-9]\d{1,3}$")
    ratio: Literal["", "1:1", "16:9", "9:16"] = ""
    quality: Literal["low", "high"] = "low"
    seed: int = Field(default=0, ge=0, le=4_294_967_295)
    format: Literal["png", "jpeg"] = "png"
    n: int = Field(default=1, ge=1, le=4)
    style: Literal["photo", "drawing"] = "photo"
    steps: int = Field(default=20, ge=1, le=50)
    image: tuple[DataUri, ...] = Field(default=(), min_length=1, max_length=4, strict=False)
    mask: DataUri = ""
    previous: str = ""

    @model_validator(mode="after")
    def _goes_together(self) -> Picture:
        if self.size and self.ratio:
            raise ValueError("size and ratio exclude each other")
        if self.mask and not (self.image or self.previous):
            raise ValueError("a mask needs something to cover")
        return self


class Speech(Strict):
    """The body of `POST /stream`."""

    text: str = Field(min_length=1)
    model: str
    voice: Literal["anna", "ben"] = "anna"
    speed: float = Field(default=1.0, ge=0.5, le=2.0)
    format: Literal["wav", "mp3"] = "wav"


class Settings(Strict):
    """The body of `POST /_settings`: after how many polls a model's job is done, and whether files want the key."""

    polls: dict[str, int] = Field(default_factory=dict)
    files_need_key: bool = True

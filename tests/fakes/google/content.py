"""What an interaction is made of: words, pictures and videos, by the steps of a conversation."""

from __future__ import annotations

import base64
import binascii
from typing import Annotated, Literal, TypeAlias

from pydantic import AfterValidator, Field, model_validator

from loopback.faults import Strict, rule
from loopback.films import clip
from loopback.pictures import seen

_STANDARD = bytes.maketrans(b"-_", b"+/")


def decoded(text: str) -> bytes:
    """Base64 in either alphabet, as the provider reads it."""
    try:
        return base64.b64decode(text.encode().translate(_STANDARD), validate=True)
    except (binascii.Error, UnicodeEncodeError) as error:
        raise rule("base64", "is not valid base64") from error


def _base64(text: str) -> str:
    decoded(text)
    return text


Data: TypeAlias = Annotated[str, Field(min_length=1), AfterValidator(_base64)]
"""Bytes in base64."""


class Spoken(Strict):
    """How words are spoken, and by whom."""

    type: Literal["speech_metadata"]
    speaker: str = Field(default="", min_length=1)
    style: str = Field(default="", min_length=1)


class Text(Strict):
    """Words."""

    type: Literal["text"]
    text: str = Field(min_length=1)
    annotations: list[Spoken] = Field(default_factory=list[Spoken], min_length=1, max_length=1)

    @property
    def speaker(self) -> str:
        """Who says it, or nothing."""
        return self.annotations[0].speaker if self.annotations else ""


class _Medium(Strict):
    data: Data = ""
    uri: str = ""

    @model_validator(mode="after")
    def _is_somewhere(self) -> _Medium:
        if bool(self.data) == bool(self.uri):
            raise rule("oneof", "is either data or a uri")
        return self


class Image(_Medium):
    """A picture, within the request or uploaded."""

    type: Literal["image"]
    mime_type: Literal["image/png", "image/jpeg", "image/webp"]

    @model_validator(mode="after")
    def _is_what_it_says(self) -> Image:
        if self.data and ((found := seen(decoded(self.data))) is None or found.mime != self.mime_type):
            raise rule("image", "is not a picture of the type it claims to be", "data")
        return self


class Video(_Medium):
    """A video, within the request or uploaded."""

    type: Literal["video"]
    mime_type: Literal["video/mp4", "video/webm", "video/mov"]

    @model_validator(mode="after")
    def _is_one(self) -> Video:
        if self.data and clip(decoded(self.data)) is None:
            raise rule("video", "is not a video", "data")
        return self


Content: TypeAlias = Annotated[Text | Image | Video, Field(discriminator="type")]
"""One block."""


class UserInput(Strict):
    """What the user says."""

    type: Literal["user_input"]
    content: list[Content] = Field(min_length=1)

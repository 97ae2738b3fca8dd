"""The parameters of backends that serve any model by its schema: the words that some of these models take."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field

from mediasmith.plugin.contract import Params
from mediasmith.plugin.kinds import Kind
from mediasmith.plugin.params import AspectRatio, Count, Seed, Size

_Word = Annotated[str | None, Field(min_length=1)]
_AudioFormat = Literal["mp3", "wav", "flac", "ogg", "opus", "m4a", "aac"]

Quality = Literal["auto", "low", "medium", "high", "xhigh", "max"]
"""How good an image is; models that name other steps have none."""

Background = Literal["auto", "transparent", "opaque"]
"""What is behind the subject of an image."""


class ImageParams(Params):
    """The parameters of an image."""

    aspect_ratio: AspectRatio | None = None
    size: Size | None = None
    quality: Quality | None = None
    background: Background | None = None
    output_format: Literal["png", "jpeg", "webp"] | None = None
    seed: Seed | None = None
    n: Count = 1


class VideoParams(Params):
    """The parameters of a video."""

    aspect_ratio: AspectRatio | None = None
    size: Size | None = None
    duration: Annotated[float | None, Field(ge=1, le=60)] = None
    generate_audio: bool | None = None
    seed: Seed | None = None


class SpeechParams(Params):
    """The parameters of speech."""

    voice: _Word = None
    language: _Word = None
    instructions: _Word = None
    speed: Annotated[float | None, Field(ge=0.25, le=4)] = None
    output_format: _AudioFormat | None = None
    seed: Seed | None = None


class SoundParams(Params):
    """The parameters of music and of sounds."""

    duration: Annotated[float | None, Field(ge=0.5, le=600)] = None
    output_format: _AudioFormat | None = None
    seed: Seed | None = None


PARAMS: Mapping[Kind, type[Params]] = {
    "image": ImageParams,
    "video": VideoParams,
    "speech": SpeechParams,
    "music": SoundParams,
    "sound_effect": SoundParams,
}
"""The parameters of each kind."""

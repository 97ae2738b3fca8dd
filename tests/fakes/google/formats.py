"""How the answer of an interaction shall be: its format, and how the model goes about it."""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

from pydantic import Field, model_validator

from loopback.faults import Strict, rule

_INT32 = 2**31 - 1


class ImageFormat(Strict):
    """A picture."""

    type: Literal["image"]
    aspect_ratio: str = ""
    delivery: Literal["inline", "uri"] = "inline"
    image_size: Literal["512", "1K", "2K", "4K"] = "1K"
    mime_type: Literal["image/jpeg", ""] = ""


class VideoFormat(Strict):
    """A video. Its length is a number of seconds with an `s`."""

    type: Literal["video"]
    aspect_ratio: Literal["16:9", "9:16"] = "16:9"
    delivery: Literal["inline", "uri"] = "inline"
    duration: str = Field(default="", pattern="^[0-9]+s$")
    resolution: Literal["360p", "720p", "1080p", "4k"] = "720p"

    @property
    def seconds(self) -> int:
        """How long it shall be."""
        return int(self.duration.removesuffix("s") or "5")

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels."""
        edge = 2160 if self.resolution == "4k" else int(self.resolution.removesuffix("p"))
        long = edge * 16 // 9
        return (long, edge) if self.aspect_ratio == "16:9" else (edge, long)


class AudioFormat(Strict):
    """Sound."""

    type: Literal["audio"]
    mime_type: Literal["audio/mp3", "audio/ogg_opus", "audio/l16", "audio/wav"] = "audio/wav"
    sample_rate: int = Field(default=24_000, ge=8_000, le=48_000)


Format: TypeAlias = Annotated[ImageFormat | VideoFormat | AudioFormat, Field(discriminator="type")]
"""What comes back."""


class Voice(Strict):
    """Who speaks, and how."""

    voice: str = ""
    language: str = Field(default="", pattern="^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$")
    speaker: str = ""


class Speakers(Strict):
    """The voices of a conversation."""

    speakers: list[Voice] = Field(min_length=2, max_length=2)

    @model_validator(mode="after")
    def _have_names(self) -> Speakers:
        names = {voice.speaker for voice in self.speakers}
        if len(names) < len(self.speakers) or "" in names:
            raise rule("speaker", "have names of their own", "speakers")
        return self


class Task(Strict):
    """What to do with a video."""

    task: Literal["text_to_video", "image_to_video", "reference_to_video", "edit", "extend"]


class Config(Strict):
    """How the model goes about it."""

    seed: int = Field(default=0, ge=-_INT32 - 1, le=_INT32)
    speech_config: list[Voice] | Speakers = Field(default_factory=list[Voice])
    video_config: Task | None = None

    @property
    def voices(self) -> list[Voice]:
        """Everybody who speaks."""
        return self.speech_config.speakers if isinstance(self.speech_config, Speakers) else self.speech_config

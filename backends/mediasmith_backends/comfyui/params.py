"""The words of workflows, by what they make. Each workflow takes those for which it has a place."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from pydantic import Field

from mediasmith.plugin.contract import Params, Takes
from mediasmith.plugin.kinds import Kind, Role
from mediasmith.plugin.params import AspectRatio, Count, Seed

PixelSize = Annotated[str, Field(pattern=r"^[1-9][0-9]{1,4}x[1-9][0-9]{1,4}$")]
"""Pixels as `WxH`."""

Seconds = Annotated[float, Field(ge=0.1, le=3600)]
"""A length of sound or video."""

NegativePrompt = Annotated[str, Field(description="What to leave out.")]
"""A text for the negative side of a sampler."""


class SoundParams(Params):
    """The parameters of music and sounds."""

    duration: Seconds | None = None
    negative_prompt: NegativePrompt | None = None
    seed: Seed | None = None


class ImageParams(Params):
    """The parameters of an image."""

    aspect_ratio: AspectRatio | None = None
    size: PixelSize | None = None
    negative_prompt: NegativePrompt | None = None
    seed: Seed | None = None
    n: Count = 1


class VideoParams(Params):
    """The parameters of a video."""

    aspect_ratio: AspectRatio | None = None
    size: PixelSize | None = None
    duration: Seconds | None = None
    negative_prompt: NegativePrompt | None = None
    seed: Seed | None = None


PARAMS: Mapping[Kind, type[Params]] = {
    "image": ImageParams,
    "video": VideoParams,
    "music": SoundParams,
    "sound_effect": SoundParams,
}
"""The parameters of each kind."""

_LARGEST = 100_000_000
"""Bytes of an upload that ComfyUI accepts by default (ComfyUI 0.3.64, /features, 2026-11-30)."""

_SOUND = Takes(mimes=("audio/mpeg", "audio/wav", "audio/flac", "audio/ogg"), max_bytes=_LARGEST)
_FILM = Takes(mimes=("video/mp4", "video/webm", "video/quicktime"), max_bytes=_LARGEST)

TAKES: Mapping[Kind, Mapping[Role, Takes]] = {
    "image": {"image": Takes(), "mask": Takes(mimes=("image/png",))},
    "video": {"image": Takes(), "first_frame": Takes(), "last_frame": Takes(), "audio": _SOUND, "video": _FILM},
    "music": {},
    "sound_effect": {},
}
"""The files that workflows of each kind may take."""

PLACED: Mapping[str, tuple[str, ...]] = {"aspect_ratio": ("width", "height"), "size": ("width", "height")}
"""The places that a word needs, where they have other names than the word."""

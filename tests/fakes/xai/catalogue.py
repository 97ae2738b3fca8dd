"""The models there are, what they take and cost, and the words in a prompt that make things go wrong."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

FORBIDDEN = "forbidden"
"""A prompt with this word is refused before anything is made."""

WITHHELD = "withheld"
"""What is made of a prompt with this word is held back afterwards."""

PARTLY = "partly"
"""Of what is made of a prompt with this word, every second picture is held back."""

TICKS = 10_000_000_000
"""What one US dollar is, as costs are told."""


@dataclass(frozen=True, kw_only=True)
class ImageModel:
    """A model that makes pictures. `usd` is for each one, by resolution and quality, `source` for each one given."""

    usd: Mapping[tuple[str, str], float]
    source: float
    qualities: bool = False

    def cost(self, *, resolution: str, quality: str, made: int, given: int) -> int:
        """What a request costs, in ticks."""
        return round((self.usd[resolution, quality] * made + self.source * given) * TICKS)


@dataclass(frozen=True, kw_only=True)
class VideoModel:
    """A model that makes videos. `usd` is for each second, by resolution, `source` for each picture given.

    `pins` says whether it takes a last frame, keyframes and voices; `changes` whether it edits and extends videos.
    """

    usd: Mapping[str, float]
    source: float
    pins: bool = False
    changes: bool = False

    def cost(self, *, short_side: int, seconds: int, given: int) -> int:
        """What a video costs, in ticks."""
        fitting = next((usd for name, usd in self.usd.items() if short_side <= SIDES[name]), max(self.usd.values()))
        return round((fitting * seconds + self.source * given) * TICKS)


IMAGE_MODELS: Mapping[str, ImageModel] = {
    "grok-imagine-image-2.0": ImageModel(
        usd={("1k", "low"): 0.04, ("1k", "medium"): 0.06, ("2k", "low"): 0.06, ("2k", "medium"): 0.08},
        source=0.01,
        qualities=True,
    ),
    "grok-imagine-image-quality": ImageModel(usd={("1k", "medium"): 0.05, ("2k", "medium"): 0.07}, source=0.01),
    "grok-imagine-image": ImageModel(usd={("1k", "medium"): 0.02, ("2k", "medium"): 0.02}, source=0.002),
}
"""The models that make pictures."""

VIDEO_MODELS: Mapping[str, VideoModel] = {
    "grok-imagine-video-1.5": VideoModel(usd={"480p": 0.08, "720p": 0.14, "1080p": 0.25}, source=0.01, pins=True),
    "grok-imagine-video": VideoModel(usd={"480p": 0.05, "720p": 0.07}, source=0.002, changes=True),
}
"""The models that make videos. The newer one has a third resolution, but leaves videos as they are."""

SIDES: Mapping[str, int] = {"480p": 480, "720p": 720, "1080p": 1080}
"""The shorter side of a video, in pixels."""

_AREAS: Mapping[str, int] = {"1k": 1024 * 1024, "2k": 2048 * 2048}


def picture_size(resolution: str, ratio: float) -> tuple[int, int]:
    """Width and height of a picture of this shape: multiples of 16."""
    width = math.sqrt(_AREAS[resolution] * ratio)
    return 16 * round(width / 16), 16 * round(width / ratio / 16)


def video_size(side: int, ratio: float) -> tuple[int, int]:
    """Width and height of a video of this shape and shorter side: even numbers."""
    longer = 2 * round(side * max(ratio, 1 / ratio) / 2)
    return (longer, side) if ratio >= 1 else (side, longer)

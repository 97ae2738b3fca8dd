"""The models, with what each takes and costs. The prices are as others quote them; an answer tells the true cost."""

from __future__ import annotations

from datetime import date
from functools import partial
from typing import Literal

from mediasmith.contract import Model, Price

_READ = date(2026, 11, 20)


def _price(source: str, per: Literal["image", "second"], usd: float, **when: str) -> Price:
    return Price(usd=usd, per=per, when=when, as_of=_READ, source=source)


_image_2 = partial(_price, "https://github.com/Wei-Shaw/sub2api/pull/5558", "image")
_image_quality = partial(_price, "https://github.com/Comfy-Org/docs/pull/970", "image")
_image_1 = partial(_price, "https://docs.crazyrouter.com/en/images/grok", "image")
_video_15 = partial(_price, "https://github.com/pollinations/pollinations/pull/13047", "second")
_video_1 = partial(_price, "https://github.com/Comfy-Org/ComfyUI/pull/14612", "second")

_SOURCES = "Each source picture costs 0.01 USD more."

IMAGE_MODELS = (
    Model(
        id="grok-imagine-image-2.0",
        prices=(
            _image_2(0.04, size="1K", quality="low"),
            _image_2(0.06, size="2K", quality="low"),
            _image_2(0.06, size="1K", quality="medium"),
            _image_2(0.08, size="2K", quality="medium"),
        ),
        note=_SOURCES,
    ),
    Model(
        id="grok-imagine-image-quality",
        accepts={"quality": False},
        prices=(_image_quality(0.05, size="1K"), _image_quality(0.07, size="2K")),
        note=_SOURCES,
    ),
    Model(id="grok-imagine-image", draft=True, accepts={"quality": False}, prices=(_image_1(0.02),)),
)
"""The models for pictures."""

VIDEO = Model(
    id="grok-imagine-video-1.5",
    accepts={"extend": False},
    prices=(_video_15(0.08, size="480p"), _video_15(0.14, size="720p"), _video_15(0.25, size="1080p")),
    note="Makes videos of words and pictures. A video cannot be stopped once it was begun.",
)
"""The model that makes videos; it takes no video."""

VIDEO_EDITOR = Model(
    id="grok-imagine-video",
    draft=True,
    accepts={"size": ("480p", "720p"), "keyframe_seconds": False},
    prices=(_video_1(0.05, size="480p"), _video_1(0.07, size="720p")),
    note="Also edits and extends videos. A video cannot be stopped once it was begun.",
)
"""The model that works on videos, too; of frames it takes the first alone."""

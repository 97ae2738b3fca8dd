"""The models, with what each takes and costs. The prices are second-hand; every answer says what was charged."""

from __future__ import annotations

from datetime import date
from functools import partial
from typing import Literal

from mediasmith.plugin.contract import Model, Price

_AS_OF = date(2026, 11, 20)


def _price(source: str, per: Literal["image", "second"], input_image: float, usd: float, **when: str) -> Price:
    return Price(usd=usd, per=per, input_image_usd=input_image, when=when, as_of=_AS_OF, source=source)


_image_2 = partial(_price, "https://github.com/Wei-Shaw/sub2api/pull/5558", "image", 0.01)
_image_quality = partial(_price, "https://github.com/Comfy-Org/docs/pull/970", "image", 0.01)
_image_1 = partial(_price, "https://github.com/agentjido/llmdb/pull/106", "image", 0.002)
_video_15 = partial(_price, "https://github.com/pollinations/pollinations/pull/13047", "second", 0.01)
_video_1 = partial(_price, "https://github.com/Comfy-Org/ComfyUI/pull/14612", "second", 0.002)

IMAGE_MODELS = (
    Model(
        id="grok-imagine-image-2.0",
        prices=(
            _image_2(0.04, size="1K", quality="low"),
            _image_2(0.06, size="2K", quality="low"),
            _image_2(0.06, size="1K", quality="medium"),
            _image_2(0.08, size="2K", quality="medium"),
        ),
    ),
    Model(
        id="grok-imagine-image-quality",
        accepts={"quality": False},
        prices=(_image_quality(0.05, size="1K"), _image_quality(0.07, size="2K")),
    ),
    Model(id="grok-imagine-image", draft=True, accepts={"quality": False}, prices=(_image_1(0.02),)),
)
"""The models for images."""

VIDEO = Model(
    id="grok-imagine-video-1.5",
    accepts={"extend": False},
    takes={"video": None},
    prices=(_video_15(0.08, size="480p"), _video_15(0.14, size="720p"), _video_15(0.25, size="1080p")),
    note="Generates videos from text and images. A video cannot be cancelled once it was accepted.",
)
"""The model for new videos."""

VIDEO_EDITOR = Model(
    id="grok-imagine-video",
    draft=True,
    accepts={"size": ("480p", "720p"), "keyframe_seconds": False},
    takes={"last_frame": None},
    prices=(_video_1(0.05, size="480p"), _video_1(0.07, size="720p")),
    note="Also edits and extends videos. A video cannot be cancelled once it was accepted.",
)
"""The older model, which edits and extends videos as well."""

"""What a video can be asked to be, and which of it goes together."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Annotated, Literal

from pydantic import Field

from mediasmith.plugin.contract import Params, Request
from mediasmith_backends.xai.models import VIDEO, VIDEO_EDITOR

REFERENCES = 7
"""Pictures that a video may refer to, at most."""

_KEYFRAMES = 4
_WITH_REFERENCES = 10
"""Seconds of a video with references, at most."""

_APART = 1 / 3
"""Seconds between two keyframes, at least."""

_CLOSE = 1e-6
"""Thirds of a second cannot be written down."""


class VideoParams(Params):
    """What a video can be told besides its prompt.

    A new one has the provider's own defaults (`video.generate` in xai-sdk 1.21.0), so that its price is known; one
    that is worked on stays as it is.
    """

    aspect_ratio: Literal["1:1", "16:9", "9:16", "4:3", "3:4", "3:2", "2:3"] | None = None
    size: Literal["480p", "720p", "1080p"] = "480p"
    duration: Annotated[int, Field(ge=1, le=15)] = 8
    generate_audio: bool | None = None
    keyframe_seconds: (
        Annotated[
            tuple[Annotated[float, Field(gt=0, lt=15)], ...],
            Field(min_length=1, max_length=_KEYFRAMES, description="When each image is to be seen, in order."),
        ]
        | None
    ) = None
    extend: (
        Annotated[
            int, Field(ge=1, le=10, description="Seconds to add to the end of the video, instead of changing it.")
        ]
        | None
    ) = None


def refuses(ask: Request[VideoParams]) -> str:
    """Why these words and files do not go together, or nothing."""
    return next(_works_on_film(ask) if _has_film(ask) else _makes(ask), "")


def _has_film(ask: Request[VideoParams]) -> bool:
    return bool(ask.inputs.get("video")) or ask.state is not None


def _works_on_film(ask: Request[VideoParams]) -> Iterator[str]:
    if ask.state is not None and ask.inputs.get("video"):
        yield "takes one video, the earlier one or another"
    if any(files for role, files in ask.inputs.items() if role != "video"):
        yield "takes a video without frames and images"
    if ask.params.model_dump(exclude={"extend", "generate_audio"}, exclude_unset=True, exclude_none=True):
        yield "leaves a video that it works on its aspect_ratio, size and duration"
    if ask.params.extend is not None and ask.params.generate_audio is not None:
        yield "takes generate_audio with a new or an edited video"
    if ask.model.id == VIDEO.id:  # the last: when no model was named, whatever else is wrong is the reason
        yield f"takes a video with {VIDEO_EDITOR.id}, not with {VIDEO.id}"


def _makes(ask: Request[VideoParams]) -> Iterator[str]:
    params, images = ask.params, len(ask.inputs.get("image", ()))
    if params.extend is not None:
        yield "has no video to extend"
    if ask.model.id == VIDEO_EDITOR.id and ask.inputs.get("last_frame"):
        yield f"takes last_frame with {VIDEO.id}"
    if params.keyframe_seconds is not None:
        yield from _pins(params.keyframe_seconds, images, params.duration)
    elif images:
        yield from _refers(ask)


def _pins(seconds: tuple[float, ...], images: int, duration: int) -> Iterator[str]:
    if len(seconds) != images:
        yield f"takes one of keyframe_seconds for each image; there are {len(seconds)} for {images}"
    if not 0 < min(seconds) <= max(seconds) < duration:
        yield f"takes keyframe_seconds within the video, which lasts {duration}"
    if any(later - earlier < _APART - _CLOSE for earlier, later in pairwise(seconds)):
        yield "takes keyframe_seconds in order, a third of a second apart"


def _refers(ask: Request[VideoParams]) -> Iterator[str]:
    if ask.inputs.get("first_frame") or ask.inputs.get("last_frame"):
        yield "takes frames or reference images, not both; keyframe_seconds makes frames of the images"
    if ask.params.duration > _WITH_REFERENCES:
        yield f"takes duration up to {_WITH_REFERENCES} with reference images"
    if ask.params.size == "1080p":
        yield "takes size 480p or 720p with reference images"

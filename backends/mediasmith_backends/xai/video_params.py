"""The parameters of videos, and which of them cannot be combined."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Annotated, Literal

from pydantic import Field

from mediasmith.plugin.contract import Params, Request
from mediasmith_backends.xai.models import VIDEO

MAX_REFERENCES = 7
"""Reference images of one video."""

_MAX_KEYFRAMES = 4
_MAX_SECONDS_WITH_REFERENCES = 10
_KEYFRAME_GAP = 1 / 3  # seconds
_ROUNDING = 1e-6  # thirds of a second cannot be written exactly


class VideoParams(Params):
    """The parameters of videos.

    A new video has the defaults of the provider (`video.generate` in xai-sdk 1.21.0), stated here so that its price is
    known. An edited or extended video keeps its shape, size and length.
    """

    aspect_ratio: Literal["1:1", "16:9", "9:16", "4:3", "3:4", "3:2", "2:3"] | None = None
    size: Literal["480p", "720p", "1080p"] = "480p"
    duration: Annotated[int, Field(ge=1, le=15)] = 8
    generate_audio: bool | None = None
    keyframe_seconds: (
        Annotated[
            tuple[Annotated[float, Field(gt=0, lt=15)], ...],
            Field(min_length=1, max_length=_MAX_KEYFRAMES, description="When each image appears, in order."),
        ]
        | None
    ) = None
    extend: (
        Annotated[int, Field(ge=1, le=10, description="Seconds to add to the end of the video, instead of editing it.")]
        | None
    ) = None


def refuses(request: Request[VideoParams]) -> str:
    """Return why these parameters and files cannot be combined, or ""."""
    works_on_video = request.state is not None or bool(request.inputs.get("video"))
    return next(_edit_problems(request) if works_on_video else _new_video_problems(request), "")


def _edit_problems(request: Request[VideoParams]) -> Iterator[str]:
    if request.state is not None and request.inputs.get("video"):
        yield "takes one video: the earlier one or another"
    if any(files for role, files in request.inputs.items() if role != "video"):
        yield "takes no frames or images with a video"
    if request.params.model_dump(exclude={"extend", "generate_audio"}, exclude_unset=True, exclude_none=True):
        yield "cannot change aspect_ratio, size or duration of a video"
    if request.params.extend is not None and request.params.generate_audio is not None:
        yield "takes generate_audio for a new or edited video, not to extend one"
    if request.model.id == VIDEO.id:  # last: when no model was named, the other problems say more
        yield f"does not take video with {VIDEO.id}"


def _new_video_problems(request: Request[VideoParams]) -> Iterator[str]:
    params, images = request.params, len(request.inputs.get("image", ()))
    if params.extend is not None:
        yield "needs a video to extend"
    if params.keyframe_seconds is not None:
        yield from _keyframe_problems(params.keyframe_seconds, images, params.duration)
    elif images:
        yield from _reference_problems(request)


def _keyframe_problems(seconds: tuple[float, ...], images: int, duration: int) -> Iterator[str]:
    if len(seconds) != images:
        yield f"takes one of keyframe_seconds for each image, not {len(seconds)} for {images}"
    if not 0 < min(seconds) <= max(seconds) < duration:
        yield f"takes keyframe_seconds between the start and the end of the video, which lasts {duration}"
    if any(later - earlier < _KEYFRAME_GAP - _ROUNDING for earlier, later in pairwise(seconds)):
        yield "takes keyframe_seconds in order, a third of a second apart"


def _reference_problems(request: Request[VideoParams]) -> Iterator[str]:
    if request.inputs.get("first_frame") or request.inputs.get("last_frame"):
        yield "takes frames or reference images, not both; with keyframe_seconds the images are frames, too"
    if request.params.duration > _MAX_SECONDS_WITH_REFERENCES:
        yield f"takes duration up to {_MAX_SECONDS_WITH_REFERENCES} with reference images"
    if request.params.size == "1080p":
        yield "takes size 480p or 720p with reference images"

"""Videos, made, changed and made longer in the background: the calls of `Video`."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping
from dataclasses import replace
from itertools import pairwise

from google.protobuf.message import Message
from xai_sdk.proto import deferred_pb2, image_pb2, usage_pb2, video_pb2

from fakes.xai import EXTENSION, POLL, VIDEO
from fakes.xai.calls import Call, Method
from fakes.xai.catalogue import SIDES, VIDEO_MODELS, WITHHELD, video_size
from fakes.xai.errors import Refused, invalid, moderate, not_found, paid_up, served
from fakes.xai.sources import picture_size_of, video_given
from fakes.xai.state import Film, Video, unguessable

_LONGEST, _LONGEST_REFERRING, _LONGEST_CHANGED, _LONGEST_ADDED, _LONGEST_EXTENDED = 15, 10, 8.7, 10, 30
_USUAL, _USUALLY_ADDED = 8, 6
_MOST_KEYFRAMES, _MOST_REFERENCES, _MOST_VOICES = 4, 7, 3
_GAP = 1 / 3
_LARGEST_CHANGED = 720
_RESOLUTIONS = {
    video_pb2.VIDEO_RESOLUTION_480P: "480p",
    video_pb2.VIDEO_RESOLUTION_720P: "720p",
    video_pb2.VIDEO_RESOLUTION_1080P: "1080p",
}
_RATIOS = {
    number: int(wide) / int(high)
    for name, number in video_pb2.VideoAspectRatio.items()
    for wide, _, high in [name.removeprefix("VIDEO_ASPECT_RATIO_").partition("_")]
    if high
}


def _check_made(call: Call) -> Film:
    """What a new or a changed video will be."""
    request: video_pb2.GenerateVideoRequest = call.request
    served(call.state, request.model, VIDEO_MODELS)
    changes = request.HasField("video")
    for problem in _of_change(request) if changes else (*_of_words(request), *_of_frames(request)):
        raise invalid(problem)
    _check_pictures(call, request)
    film = _changed(call, request) if changes else _new(request)
    moderate(request.prompt)
    _may_be_asked(call)
    return film


def _of_words(request: video_pb2.GenerateVideoRequest) -> Iterator[str]:
    longest = _LONGEST_REFERRING if _refers(request) else _LONGEST
    pinned = request.HasField("image") or request.HasField("last_frame") or request.keyframes
    if not request.prompt.strip() and not pinned:
        yield "prompt: it is empty."
    if request.HasField("duration") and not 1 <= request.duration <= longest:
        yield f"duration: it must be from 1 to {longest}."
    if request.HasField("aspect_ratio") and request.aspect_ratio not in _RATIOS:
        yield "aspect_ratio: it is not supported."
    if request.HasField("resolution") and _RESOLUTIONS.get(request.resolution) not in VIDEO_MODELS[request.model].usd:
        yield f"resolution: {request.model} does not support it."
    if _refers(request) and request.resolution == video_pb2.VIDEO_RESOLUTION_1080P:
        yield "resolution: with references it must be 480p or 720p."


def _of_frames(request: video_pb2.GenerateVideoRequest) -> Iterator[str]:
    pinned = request.HasField("last_frame") or request.keyframes
    if _refers(request) and (request.HasField("image") or pinned):
        yield "reference_images: they cannot be set together with frames."
    if len(request.reference_images) > _MOST_REFERENCES:
        yield f"reference_images: at most {_MOST_REFERENCES} can be given."
    if (pinned or request.reference_audios) and not VIDEO_MODELS[request.model].pins:
        yield f"last_frame, keyframes and reference_audios: {request.model} does not support them."
    if len(request.reference_audios) > _MOST_VOICES or not all(each.voice_id for each in request.reference_audios):
        yield f"reference_audios: at most {_MOST_VOICES} voices can be given."
    if len(request.keyframes) > _MOST_KEYFRAMES:
        yield f"keyframes: at most {_MOST_KEYFRAMES} can be given."
    yield from _of_times(request)


def _of_times(request: video_pb2.GenerateVideoRequest) -> Iterator[str]:
    end = float(_seconds(request))
    times = sorted(keyframe.timestamp_s for keyframe in request.keyframes)
    if not all(0 < time < end for time in times):
        yield "keyframes: each must be strictly inside the video."
    # Times come in single precision.
    if any(later - earlier < _GAP - 1e-6 for earlier, later in pairwise(times)):
        yield "keyframes: they must be at least a third of a second apart."


def _of_change(request: video_pb2.GenerateVideoRequest) -> Iterator[str]:
    if not VIDEO_MODELS[request.model].changes:
        yield f"video: {request.model} does not support editing."
    if not request.prompt.strip():
        yield "prompt: it is empty."
    for field in ("duration", "aspect_ratio", "resolution", "image", "last_frame"):
        if request.HasField(field):
            yield f"{field}: it is not supported for editing."
    if request.keyframes or _refers(request):
        yield "keyframes and references: they are not supported for editing."


def _refers(request: video_pb2.GenerateVideoRequest) -> bool:
    return bool(request.reference_images or request.reference_audios)


def _seconds(request: video_pb2.GenerateVideoRequest) -> int:
    return request.duration if request.HasField("duration") else _USUAL


def _pictures(request: video_pb2.GenerateVideoRequest) -> list[tuple[str, image_pb2.ImageUrlContent]]:
    """The pictures given, each with its place."""
    return [
        *(("image", request.image) for _ in range(request.HasField("image"))),
        *(("last_frame", request.last_frame) for _ in range(request.HasField("last_frame"))),
        *((f"keyframes[{number}]", frame.image) for number, frame in enumerate(request.keyframes)),
        *((f"reference_images[{number}]", content) for number, content in enumerate(request.reference_images)),
    ]


def _check_pictures(call: Call, request: video_pb2.GenerateVideoRequest) -> None:
    for place, content in _pictures(request):
        picture_size_of(call, content, place)


def _new(request: video_pb2.GenerateVideoRequest) -> Film:
    side = SIDES[_RESOLUTIONS[request.resolution]] if request.HasField("resolution") else SIDES["480p"]
    ratio = _RATIOS[request.aspect_ratio] if request.HasField("aspect_ratio") else 16 / 9
    audio = request.generate_audio if request.HasField("generate_audio") else True
    return Film(size=video_size(side, ratio), seconds=_seconds(request), audio=audio)


def _changed(call: Call, request: video_pb2.GenerateVideoRequest) -> Film:
    given = _reduced(video_given(call, request.video))
    if given.seconds > _LONGEST_CHANGED:
        raise invalid(f"video: only videos of up to {_LONGEST_CHANGED} seconds can be edited.")
    return replace(given, audio=request.generate_audio) if request.HasField("generate_audio") else given


def _reduced(film: Film) -> Film:
    """This video, not larger than one that is changed can be."""
    wide, high = film.size
    side = min(wide, high)
    return replace(film, size=video_size(_LARGEST_CHANGED, wide / high)) if side > _LARGEST_CHANGED else film


def _check_extended(call: Call) -> tuple[Film, int]:
    """What a longer video will be, and how many seconds of it are new."""
    request: video_pb2.ExtendVideoRequest = call.request
    served(call.state, request.model, VIDEO_MODELS)
    added = request.duration if request.HasField("duration") else _USUALLY_ADDED
    if not VIDEO_MODELS[request.model].changes:
        raise invalid(f"model: {request.model} does not support extension.")
    if not request.prompt.strip():
        raise invalid("prompt: it is empty.")
    if not 1 <= added <= _LONGEST_ADDED:
        raise invalid(f"duration: it must be from 1 to {_LONGEST_ADDED}.")
    given = _reduced(video_given(call, request.video))
    if not call.state.settings.shortest <= given.seconds <= _LONGEST_EXTENDED:
        raise invalid(f"video: only videos of 2 to {_LONGEST_EXTENDED} seconds can be extended.")
    moderate(request.prompt)
    _may_be_asked(call)
    return replace(given, seconds=given.seconds + added), added


def _may_be_asked(call: Call) -> None:
    if call.request.HasField("storage_options"):
        raise Refused("UNIMPLEMENTED", "storage_options: this double of the provider keeps nothing.")
    paid_up(call.state)


def _make(call: Call) -> Message:
    film = _check_made(call)
    return _accepted(call, film, film.seconds, given=len(_pictures(call.request)))


def _extend(call: Call) -> Message:
    film, added = _check_extended(call)
    return _accepted(call, film, added)


def _accepted(call: Call, film: Film, paid_seconds: float, *, given: int = 0) -> Message:
    """Take a video on that is made of so many pictures."""
    model = VIDEO_MODELS[call.request.model]
    video = Video(
        polls=call.state.settings.polls,
        name=unguessable(),
        model=call.request.model,
        film=film,
        seed=call.request.SerializeToString(deterministic=True),
        cost=model.cost(short_side=min(film.size), seconds=max(1, round(paid_seconds)), given=given),
        withheld=WITHHELD in call.request.prompt,
    )
    request_id = str(uuid.uuid4())
    call.state.videos[request_id] = video
    call.state.under_way.append(video)
    return deferred_pb2.StartDeferredResponse(request_id=request_id)


def _known(call: Call) -> Video:
    video = call.state.videos.get(call.request.request_id)
    if video is None:
        raise not_found("The request")
    return video


def _poll(call: Call) -> Message:
    video = _known(call)
    if video.expired:
        return video_pb2.GetDeferredVideoResponse(status=deferred_pb2.EXPIRED)
    if video.poll() != "done":
        response = video_pb2.VideoResponse(model=video.model, progress=int(100 * video.progress))
        return video_pb2.GetDeferredVideoResponse(status=deferred_pb2.PENDING, response=response)
    shown = video_pb2.GeneratedVideo(
        url="" if video.withheld else f"{call.store}/xai-video/{video.name}",
        duration=round(video.film.seconds),
        respect_moderation=not video.withheld,
    )
    usage = usage_pb2.SamplingUsage(cost_in_usd_ticks=video.cost)
    response = video_pb2.VideoResponse(video=shown, model=video.model, usage=usage, progress=100)
    return video_pb2.GetDeferredVideoResponse(status=deferred_pb2.DONE, response=response)


METHODS: Mapping[str, Method] = {
    VIDEO: Method(answer=_make, check=_check_made, pays=True),
    EXTENSION: Method(answer=_extend, check=_check_extended, pays=True),
    POLL: Method(answer=_poll, check=_known),
}
"""The calls for videos."""

"""Videos, later: of words, frames and references; and earlier ones edited or extended. None can be cancelled."""

from __future__ import annotations

from typing import Any

from mediasmith.plugin.contract import JSON, Accepted, Call, Capability, Context, Output, Pending, Remote, Result
from mediasmith.plugin.errors import InvalidRequest, ModelGone, ProviderError, StateGone, Unreachable
from mediasmith_backends.xai.answers import billed, cost_usd, empty, withheld
from mediasmith_backends.xai.client import Grok
from mediasmith_backends.xai.errors import ANEW, TITLE, explain, failed, nonsense
from mediasmith_backends.xai.inputs import FILM, pictures, shown, uploaded
from mediasmith_backends.xai.models import VIDEO, VIDEO_EDITOR
from mediasmith_backends.xai.rules import REFERENCES, VideoParams, refuses

_BEGIN_SECONDS = 120.0
_LOOK_SECONDS = 30.0

_FROM_A_COPY = "Generate from a copy of it, given as video, or make it anew."


async def _start(call: Call[Grok, VideoParams]) -> Accepted:
    earlier = None if call.state is None else _url(call.state)
    if earlier is None:
        answer = await _begin(call, await _film(call))
    else:
        try:
            answer = await _begin(call, {"url": earlier})
        except Exception as error:
            # Whether the address is at fault is not told; with the file itself it is seen.
            if isinstance(explain(error), InvalidRequest | ModelGone):
                raise StateGone(f"{TITLE} does not go on from the earlier video.", _FROM_A_COPY) from error
            raise
    if not answer.request_id:
        raise nonsense()
    return Accepted(handle={"video": answer.request_id})


async def _film(call: Call[Grok, VideoParams]) -> dict[str, str]:
    """The video to work on, uploaded; nothing where there is none."""
    films = call.inputs.get("video", ())
    return {"file_id": await uploaded(call.client, films[0])} if films else {}


async def _begin(call: Call[Grok, VideoParams], film: dict[str, str]) -> Any:
    from xai_sdk.proto import video_pb2, video_pb2_grpc  # noqa: PLC0415 - heavy: the SDK

    stub: Any = video_pb2_grpc.VideoStub
    params = call.params
    if params.extend is None:
        request, method = video_pb2.GenerateVideoRequest(prompt=call.prompt, model=call.model.id), "GenerateVideo"
        if params.generate_audio is not None:
            request.generate_audio = params.generate_audio
    else:
        request = video_pb2.ExtendVideoRequest(prompt=call.prompt, model=call.model.id, duration=params.extend)
        method = "ExtendVideo"
    if film:  # it keeps its shape, size and length
        request.video.CopyFrom(video_pb2.VideoUrlContent(**film))
    else:
        await _shape(request, call)
    return await call.client.ask(lambda channel: getattr(stub(channel), method), request, seconds=_BEGIN_SECONDS)


async def _shape(request: Any, call: Call[Grok, VideoParams]) -> None:
    """Say what a new video is to be, and what is to be seen in it."""
    params = call.params
    request.duration = params.duration
    request.resolution = f"VIDEO_RESOLUTION_{params.size.upper()}"
    if params.aspect_ratio:
        request.aspect_ratio = f"VIDEO_ASPECT_RATIO_{params.aspect_ratio.replace(':', '_')}"
    for frame in await shown(call.inputs.get("first_frame", ())):
        request.image.CopyFrom(frame)
    for frame in await shown(call.inputs.get("last_frame", ())):
        request.last_frame.CopyFrom(frame)
    images = await shown(call.inputs.get("image", ()))
    if params.keyframe_seconds is None:
        request.reference_images.extend(images)
    else:
        for image, second in zip(images, params.keyframe_seconds, strict=True):
            request.keyframes.add(image=image, timestamp_s=second)


async def _poll(work: Context[Grok], handle: JSON) -> Pending | Result:
    from xai_sdk.proto import deferred_pb2, video_pb2, video_pb2_grpc  # noqa: PLC0415 - heavy: the SDK

    stub: Any = video_pb2_grpc.VideoStub
    name = _name(handle)
    request = video_pb2.GetDeferredVideoRequest(request_id=name)
    try:
        answer = await work.client.ask(lambda channel: stub(channel).GetDeferredVideo, request, seconds=_LOOK_SECONDS)
    except Unreachable as error:
        error.billed = "yes"  # nothing was sent just now, but the video is being made
        raise
    except ProviderError as error:  # what cannot be read says nothing of the video
        raise Unreachable(error.message, billed="yes") from error
    except Exception as error:
        if isinstance(explain(error), ModelGone):
            raise ProviderError(f"{TITLE} does not have this video, or not any more.", ANEW) from error
        raise
    made = answer.response
    match answer.status:
        case deferred_pb2.PENDING:
            return Pending(progress=made.progress / 100 if 0 <= made.progress <= 100 else None)  # noqa: PLR2004 - percent
        case deferred_pb2.DONE:
            return _result(name, made)
        case deferred_pb2.FAILED:
            raise failed(made.error.code, made.error.message, billed(made))
        case deferred_pb2.EXPIRED:
            raise ProviderError(f"The video has expired at {TITLE}.", ANEW, billed=billed(made))
        case _:
            raise ProviderError(f"{TITLE} says of the video what is not known here.", ANEW)


def _result(name: str, made: Any) -> Result:
    if made.HasField("video") and not made.video.respect_moderation:  # what is not there reads as withheld
        raise withheld(made, "video")
    url = made.video.url
    if not url:
        raise empty(made, "video")
    output = Output(body=Remote(url=url), mime="video/mp4", state={"video": name, "url": url})
    return Result(outputs=(output,), cost_usd=cost_usd(made))


def _name(handle: JSON) -> str:
    match handle:
        case {"video": str(name)} if name:
            return name
        case _:
            raise ProviderError(f"This is no video of {TITLE}'s.")


def _url(state: JSON) -> str:
    match state:
        case {"video": str(), "url": str(url)} if url:
            return url
        case _:
            raise StateGone(f"This is no video of {TITLE}'s.", _FROM_A_COPY)


video: Capability[Grok, VideoParams] = Capability(
    kind="video",
    name="video",
    params=VideoParams,
    models=(VIDEO, VIDEO_EDITOR),
    start=_start,
    poll=_poll,
    takes={
        "first_frame": pictures(),
        "last_frame": pictures(),
        "image": pictures(REFERENCES),
        "video": FILM,
    },
    edits="video",
    not_inherited=("extend", "keyframe_seconds", "aspect_ratio", "size", "duration"),
    every=3.0,
    deadline=1800.0,
    preference=10,
    refuses=refuses,
)
"""Videos. What goes on from one uses its address while that lives, a day or so, and then the saved file."""

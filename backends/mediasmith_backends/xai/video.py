"""Generate, edit and extend videos. A video is polled for; it cannot be cancelled."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

from mediasmith.plugin.contract import Accepted, Call, Capability, Context, Failed, Output, Pending, Remote, Result
from mediasmith.plugin.errors import InvalidRequest, ModelGone, ProviderError, StateGone
from mediasmith.plugin.http_errors import malformed
from mediasmith_backends.xai.client import XAIClient
from mediasmith_backends.xai.cost import billed, cost_usd
from mediasmith_backends.xai.errors import CHECK_CHARGES, TITLE, empty, error_for_failed_video, explain, withheld
from mediasmith_backends.xai.inputs import VIDEO_FILE, image_contents, images, upload
from mediasmith_backends.xai.models import VIDEO, VIDEO_EDITOR
from mediasmith_backends.xai.video_params import MAX_REFERENCES, VideoParams, refuses

_START_SECONDS = 120.0
_POLL_SECONDS = 30.0


class VideoHandle(BaseModel):
    """The name of a video that was accepted."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    video: Annotated[str, Field(min_length=1)]


class VideoState(VideoHandle):
    """Where a finished video can be found by xAI, for a day or so."""

    url: Annotated[str, Field(min_length=1)]


async def _start(call: Call[XAIClient, VideoParams]) -> Accepted:
    state: VideoState | None = call.state
    if state is None:
        answer = await _send(call, await _upload_video(call))
    else:
        try:
            answer = await _send(call, {"url": state.url})
        except Exception as error:
            # The error does not say whether the URL is at fault; if it is not, the saved file is refused as well.
            if isinstance(explain(error), InvalidRequest | ModelGone):
                raise StateGone(
                    f"{TITLE} cannot continue from the earlier video.",
                    "Pass the saved file as video, or generate the video again.",
                ) from error
            raise
    if not answer.request_id:
        raise malformed(TITLE)
    return Accepted(handle=VideoHandle(video=answer.request_id))


async def _upload_video(call: Call[XAIClient, VideoParams]) -> dict[str, str]:
    """Upload the video to work on, if there is one, and return the fields that name it."""
    videos = call.inputs.get("video", ())
    return {"file_id": await upload(call.client, videos[0])} if videos else {}


async def _send(call: Call[XAIClient, VideoParams], video: dict[str, str]) -> Any:
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
    if video:
        request.video.CopyFrom(video_pb2.VideoUrlContent(**video))
    else:
        await _describe_new_video(request, call)
    return await call.client.send(lambda channel: getattr(stub(channel), method), request, seconds=_START_SECONDS)


async def _describe_new_video(request: Any, call: Call[XAIClient, VideoParams]) -> None:
    params = call.params
    request.duration = params.duration
    request.resolution = f"VIDEO_RESOLUTION_{params.size.upper()}"
    if params.aspect_ratio:
        request.aspect_ratio = f"VIDEO_ASPECT_RATIO_{params.aspect_ratio.replace(':', '_')}"
    for frame in await image_contents(call.inputs.get("first_frame", ())):
        request.image.CopyFrom(frame)
    for frame in await image_contents(call.inputs.get("last_frame", ())):
        request.last_frame.CopyFrom(frame)
    contents = await image_contents(call.inputs.get("image", ()))
    if params.keyframe_seconds is None:
        request.reference_images.extend(contents)
    else:
        for image, second in zip(contents, params.keyframe_seconds, strict=True):
            request.keyframes.add(image=image, timestamp_s=second)


async def _poll(context: Context[XAIClient], handle: VideoHandle) -> Pending | Result | Failed:
    from xai_sdk.proto import deferred_pb2, video_pb2, video_pb2_grpc  # noqa: PLC0415 - heavy: the SDK

    stub: Any = video_pb2_grpc.VideoStub
    request = video_pb2.GetDeferredVideoRequest(request_id=handle.video)
    try:
        answer = await context.client.send(
            lambda channel: stub(channel).GetDeferredVideo, request, seconds=_POLL_SECONDS
        )
    except Exception as error:
        if isinstance(explain(error), ModelGone):  # that is what NOT_FOUND means elsewhere
            raise ProviderError(f"{TITLE} does not know this video, or no longer.", CHECK_CHARGES) from error
        raise
    video = answer.response
    match answer.status:
        case deferred_pb2.PENDING:
            return Pending(progress=video.progress / 100 if 0 <= video.progress <= 100 else None)  # noqa: PLR2004 - percent
        case deferred_pb2.DONE:
            return _finished(handle, video)
        case deferred_pb2.FAILED:
            return Failed(error=error_for_failed_video(video.error.code, video.error.message, billed(video)))
        case deferred_pb2.EXPIRED:
            return Failed(
                error=ProviderError(f"The video has expired at {TITLE}.", CHECK_CHARGES, billed=billed(video))
            )
        case _:
            raise malformed(TITLE)


def _finished(handle: VideoHandle, answer: Any) -> Result | Failed:
    if answer.HasField("video") and not answer.video.respect_moderation:  # a video that is missing reads as withheld
        return Failed(error=withheld("video", billed(answer)))
    url = answer.video.url
    if not url:
        raise empty("video", billed(answer))
    output = Output(body=Remote(url=url), mime="video/mp4", state=VideoState(video=handle.video, url=url))
    return Result(outputs=(output,), cost_usd=cost_usd(answer))


video: Capability[XAIClient, VideoParams] = Capability(
    kind="video",
    name="video",
    params=VideoParams,
    models=(VIDEO, VIDEO_EDITOR),
    start=_start,
    poll=_poll,
    handle=VideoHandle,
    state=VideoState,
    takes={
        "first_frame": images(),
        "last_frame": images(),
        "image": images(MAX_REFERENCES),
        "video": VIDEO_FILE,
    },
    edits="video",
    not_inherited=("extend", "keyframe_seconds", "aspect_ratio", "size", "duration"),
    every=3.0,
    deadline=1800.0,
    preference=10,
    refuses=refuses,
)
"""Videos. An edit names the earlier video by its URL while that works, for a day or so, and then sends the file."""

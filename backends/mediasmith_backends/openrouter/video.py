"""The video capability: `/videos`, submitted and polled. OpenRouter cannot cancel a video."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal
from urllib.parse import quote, urljoin

from pydantic import BaseModel, ConfigDict, Field

from mediasmith.plugin.contract import (
    Accepted,
    Call,
    Capability,
    Context,
    Failed,
    Output,
    Params,
    Pending,
    Remote,
    Request,
    Result,
)
from mediasmith.plugin.errors import Billed, Cancelled, InvalidRequest, ModelGone, ProviderError, StateGone
from mediasmith.plugin.http_answers import Answer, Lenient, Status, same_origin
from mediasmith.plugin.http_errors import error_for_failed_work, retry_after
from mediasmith.plugin.kinds import Role
from mediasmith.plugin.params import IN_PIXELS, AspectRatio, Seed, Size
from mediasmith_backends.openrouter.client import Client, PaidAnswer, read, url_parts
from mediasmith_backends.openrouter.errors import TITLE, explain
from mediasmith_backends.openrouter.live_models import video_models
from mediasmith_backends.openrouter.models import VIDEO_MODELS, VIDEO_TAKES, warn_if_unlisted

_FRAMES: tuple[Literal["first_frame"], Literal["last_frame"]] = ("first_frame", "last_frame")
_REFERENCES: Mapping[Role, str] = {"image": "image_url", "audio": "audio_url", "video": "video_url"}


class VideoParams(Params):
    """The parameters of a video."""

    aspect_ratio: AspectRatio | None = None
    size: Size | None = None
    duration: Annotated[int | None, Field(ge=1)] = None
    generate_audio: bool | None = None
    seed: Seed | None = None


class VideoReference(BaseModel):
    """A video at OpenRouter, by its id: the handle of one being made, and the state of one to be continued."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    video: str = Field(min_length=1)


def _refuses(request: Request[VideoParams]) -> str:
    given = {role for role, files in request.inputs.items() if files}
    if IN_PIXELS.fullmatch(request.params.size or "") and request.params.aspect_ratio:
        return "takes size in pixels or aspect_ratio, not both"
    if given & set(_FRAMES) and given & _REFERENCES.keys():
        return "takes first_frame and last_frame, or image, audio and video, but not both"
    return ""


async def _start(call: Call[Client, VideoParams]) -> Accepted:
    body = await _body(call)
    warn_if_unlisted(call, [*call.params.model_dump(exclude_none=True), *call.inputs])
    try:
        content = await call.client.post("/videos", body)
    except Exception as error:
        if call.state and isinstance(explain(error), InvalidRequest | ModelGone):
            raise StateGone(f"{TITLE} cannot continue the earlier video.") from error
        raise
    return Accepted(handle=VideoReference(video=read(content, _Created).id))


async def _body(call: Call[Client, VideoParams]) -> Mapping[str, Any]:
    params = call.params
    body: dict[str, Any] = {"model": call.model.id, "prompt": call.prompt, **params.model_dump(exclude_none=True)}
    if params.size and not IN_PIXELS.fullmatch(params.size):
        body["resolution"] = body.pop("size")
    frames = [{**frame, "frame_type": role} for role in _FRAMES for frame in await url_parts(call.inputs.get(role, ()))]
    references = [
        reference
        for role, kind in _REFERENCES.items()
        for reference in await url_parts(call.inputs.get(role, ()), kind)
    ]
    if frames:
        body["frame_images"] = frames
    if references:
        body["input_references"] = references
    if call.state:
        body["previous_job_id"] = call.state.video
    return body


class _Created(Answer):
    id: Annotated[str, Field(min_length=1)]


class _Video(PaidAnswer):
    status: Status
    urls: Lenient[tuple[str, ...]] = None
    unsigned_urls: Lenient[tuple[str, ...]] = None
    error: Lenient[str] = None


async def _poll(context: Context[Client], handle: VideoReference) -> Pending | Result | Failed:
    response = await context.client.get(f"/videos/{quote(handle.video, safe='')}")
    answer = read(response.content, _Video)
    match answer.status:
        case "pending" | "in_progress":
            return Pending(message=answer.status.replace("_", " "), after=retry_after(response.headers))
        case "completed":
            return _result(context, handle, answer)
        case "cancelled":
            return Failed(error=Cancelled(f"The video was cancelled at {TITLE}.", billed=_billed(answer)))
        case "failed" | "expired":
            reason = answer.error or f"status {answer.status}"
            return Failed(error=error_for_failed_work(TITLE, reason, what="the video", billed=_billed(answer)))
        case _:
            raise ProviderError(f"{TITLE} answered with a status that is not known: {answer.status[:60]}.")


def _billed(answer: _Video) -> Billed:
    return "unknown" if answer.cost_usd is None else "yes" if answer.cost_usd else "no"


def _result(context: Context[Client], handle: VideoReference, answer: _Video) -> Result:
    urls = answer.urls or answer.unsigned_urls or (f"videos/{quote(handle.video, safe='')}/content?index=0",)
    # Models that take a video can continue one; for a model that is not listed, the request to continue will show it.
    state = handle if len(urls) == 1 and "video" in video.takes_with(context.model) else None
    outputs = tuple(Output(body=_remote(context.client, url), mime="video/mp4", state=state) for url in urls)
    return Result(outputs=outputs, cost_usd=answer.cost_usd)


def _remote(client: Client, text: str) -> Remote:
    """Return where a video can be downloaded. The key is sent to OpenRouter alone."""
    base_url = str(client.sdk.base_url)
    try:
        url = urljoin(base_url, text)
    except ValueError:
        return Remote(url=text)  # the server says what is wrong with it
    headers = {"authorization": f"Bearer {client.sdk.api_key}"} if same_origin(url, base_url) else {}
    return Remote(url=url, headers=headers)


video: Capability[Client, VideoParams] = Capability(
    kind="video",
    name="video",
    params=VideoParams,
    models=VIDEO_MODELS,
    start=_start,
    poll=_poll,
    handle=VideoReference,
    state=VideoReference,
    takes=VIDEO_TAKES,
    edits="video",
    every=10.0,
    deadline=1800.0,
    preference=5,
    refuses=_refuses,
    discover=video_models,
)
"""Videos, from words, frames and references."""

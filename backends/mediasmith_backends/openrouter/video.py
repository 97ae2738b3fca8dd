"""Videos, later: `/videos`. There is no way to cancel one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal
from urllib.parse import quote, urljoin, urlsplit

from pydantic import Field

from mediasmith.plugin.contract import (
    JSON,
    Accepted,
    Call,
    Capability,
    Context,
    Output,
    Params,
    Pending,
    Remote,
    Request,
    Result,
    Takes,
)
from mediasmith.plugin.errors import Billed, Cancelled, InvalidRequest, ModelGone, ProviderError, StateGone
from mediasmith.plugin.http_errors import not_billed
from mediasmith.plugin.kinds import Role
from mediasmith.plugin.params import AspectRatio, Seed, Size
from mediasmith_backends.openai_sdk import words
from mediasmith_backends.openrouter.client import Answered, Charged, Kept, Router, read, shown
from mediasmith_backends.openrouter.errors import TITLE, explain
from mediasmith_backends.openrouter.fitting import fitted, refused
from mediasmith_backends.openrouter.images import in_pixels
from mediasmith_backends.openrouter.listed import video_model, video_models
from mediasmith_backends.openrouter.models import REFERENCES, VIDEO_MODELS, Known, foreign

_FRAMES: tuple[Literal["first_frame"], Literal["last_frame"]] = ("first_frame", "last_frame")
_REFERENCES: Mapping[Role, str] = {"image": "image_url", "audio": "audio_url", "video": "video_url"}


class VideoParams(Params):
    """What a video can be asked to be."""

    aspect_ratio: AspectRatio | None = None
    size: Size | None = None
    duration: Annotated[int | None, Field(ge=1)] = None
    generate_audio: bool | None = None
    seed: Seed | None = None


def _refuses(ask: Request[VideoParams]) -> str:
    given = {role for role, files in ask.inputs.items() if files}
    if in_pixels(ask.params.size) and ask.params.aspect_ratio:
        return "takes size in pixels or aspect_ratio, not both"
    if given & set(_FRAMES) and given & _REFERENCES.keys():
        return "takes first_frame and last_frame, or else image, audio and video"
    return foreign(ask)


async def _start(call: Call[Router, VideoParams]) -> Accepted:
    earlier = None if call.state is None else _name(call.state)
    if call.model not in VIDEO_MODELS:
        with not_billed(explain):
            model = await video_model(call.client, call.model.id)
        if model is None:
            raise ModelGone(f"{TITLE} lists no model {call.model.id[:60]!r} among those for videos.")
        call = fitted(call, model)
    refused(call, _refuses)
    body = await _body(call)
    try:
        content = await call.client.post("/videos", {**body, **({"previous_job_id": earlier} if earlier else {})})
    except Exception as error:
        if earlier and isinstance(explain(error), InvalidRequest | ModelGone):
            raise StateGone(f"{TITLE} does not go on from the earlier video.") from error
        raise
    return Accepted(handle={"video": read(content, _Submitted).id})


async def _body(call: Call[Router, VideoParams]) -> Mapping[str, Any]:
    params = call.params
    given: dict[str, Any] = params.model_dump(exclude_none=True)
    body = {"model": call.model.id, "prompt": call.prompt, **given}
    if params.size and not in_pixels(params.size):
        body["resolution"] = body.pop("size")
    frames = [{**frame, "frame_type": role} for role in _FRAMES for frame in await shown(call.inputs.get(role, ()))]
    references = [
        reference for role, kind in _REFERENCES.items() for reference in await shown(call.inputs.get(role, ()), kind)
    ]
    if frames:
        body["frame_images"] = frames
    if references:
        body["input_references"] = references
    return body


class _Submitted(Answered):
    id: Annotated[str, Field(min_length=1)]


class _Job(Charged):
    status: str
    urls: Kept[tuple[str, ...]] = None
    unsigned_urls: Kept[tuple[str, ...]] = None
    error: Kept[str] = None


async def _poll(work: Context[Router], handle: JSON) -> Pending | Result:
    name = _name(handle)
    job = await work.client.get(f"/videos/{quote(name, safe='')}", _Job)
    match job.status:
        case "pending" | "in_progress":
            return Pending(message=job.status.replace("_", " "))
        case "completed":
            return _result(work, name, job)
        case "cancelled":
            raise Cancelled(f"The video was cancelled at {TITLE}.", billed=_billed(job))
        case "failed" | "expired":
            said = words(job.error or "")
            raise ProviderError(f"{TITLE} could not make the video, which has {job.status}{said}.", billed=_billed(job))
        case _:
            raise ProviderError(f"{TITLE} says of the video what is not known here: {job.status[:60]}.")


def _name(handle: JSON) -> str:
    match handle:
        case {"video": str(name)} if name:
            return name
        case _:
            raise StateGone(f"This is no video of {TITLE}'s.")


def _billed(job: _Job) -> Billed:
    """Whether a video that was not made was paid for, as far as it is told."""
    return "unknown" if job.cost_usd is None else "yes" if job.cost_usd else "no"


def _result(work: Context[Router], name: str, job: _Job) -> Result:
    urls = job.urls or job.unsigned_urls or (f"videos/{quote(name, safe='')}/content?index=0",)
    # Who looks at videos goes on from them, too; of a model that is in no table this shows when it is asked to.
    goes_on = work.model.roles.get("video") if isinstance(work.model, Known) else True
    state: JSON = {"video": name} if len(urls) == 1 and goes_on else None
    outputs = tuple(Output(body=_remote(work.client, url), mime="video/mp4", state=state) for url in urls)
    return Result(outputs=outputs, cost_usd=job.cost_usd)


def _remote(client: Router, text: str) -> Remote:
    """Where a video waits. The key is shown to OpenRouter alone."""
    base = str(client.sdk.base_url)
    try:
        url = urljoin(base, text)
        ours = _origin(url) == _origin(base)
    except ValueError:
        return Remote(url=text)  # the server says what is wrong with it
    return Remote(url=url, headers={"authorization": f"Bearer {client.sdk.api_key}"} if ours else {})


def _origin(url: str) -> tuple[str, str | None, int | None]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.port or {"http": 80, "https": 443}.get(parts.scheme)


video: Capability[Router, VideoParams] = Capability(
    kind="video",
    name="video",
    params=VideoParams,
    models=VIDEO_MODELS,
    start=_start,
    poll=_poll,
    takes={
        "first_frame": Takes(),
        "last_frame": Takes(),
        "image": Takes(max=REFERENCES),
        "audio": Takes(mimes=("audio/mpeg", "audio/wav")),
        "video": Takes(mimes=("video/mp4", "video/quicktime", "video/webm")),
    },
    edits="video",
    every=10.0,
    deadline=1800.0,
    preference=5,
    refuses=_refuses,
    discover=video_models,
)
"""Videos, of words, frames and references."""

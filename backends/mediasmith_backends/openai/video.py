"""The video capability: the interface that OpenAI had for videos, which gateways and other engines still serve."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeAlias
from urllib.parse import quote

from pydantic import BaseModel, ConfigDict, Field

from mediasmith.plugin.access import Access
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
    Takes,
)
from mediasmith.plugin.errors import ProviderError, StateGone
from mediasmith.plugin.files import Source
from mediasmith.plugin.http_answers import Answer, Lenient, read_answer
from mediasmith.plugin.params import Size
from mediasmith_backends.openai.client import TITLE, is_openai, poll_after
from mediasmith_backends.openai.errors import Problem, failed
from mediasmith_backends.openai.models import VIDEO_MODELS

if TYPE_CHECKING:
    from httpx2 import Response
    from openai import AsyncOpenAI

_SIZES = {"16:9": "1280x720", "9:16": "720x1280"}
_LONGEST_NEW = 12  # seconds
_EXTENSION = 4  # seconds
_FORM_HEADERS = {"Content-Type": "multipart/form-data"}  # makes the SDK send a form


class VideoParams(Params):
    """The parameters of a video."""

    aspect_ratio: Literal["16:9", "9:16"] | None = None
    size: Size | None = None
    duration: Annotated[int | None, Field(ge=1, le=60)] = None
    mode: Annotated[
        Literal["remix", "edit", "extend"] | None,
        Field(
            description="What to do with the given or continued video. By default a video made here is remixed, any "
            f"other is edited. extend adds duration, or {_EXTENSION} seconds."
        ),
    ] = None


class VideoReference(BaseModel):
    """A video at the provider, by its id: the handle of one being made, and the state of one to be continued."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    video: str


_Mode: TypeAlias = Literal["create", "remix", "edit", "extend"]


def _mode(request: Request[VideoParams]) -> _Mode:
    """Return what is done. Only a video that was made here can be remixed; a file is edited instead."""
    if request.state is not None:
        return request.params.mode or "remix"
    if request.inputs.get("video"):
        return "extend" if request.params.mode == "extend" else "edit"
    return "create"


def _refuses(request: Request[VideoParams]) -> str:
    return next(_objections(request), "")


def _objections(request: Request[VideoParams]) -> Iterator[str]:
    params, mode = request.params, _mode(request)
    if params.size and params.aspect_ratio:
        yield "takes size or aspect_ratio, not both"
    if mode == "create":
        if params.mode:
            yield f"takes mode {params.mode} only for a video that is given or continued"
        if params.duration and params.duration > _LONGEST_NEW and request.model in VIDEO_MODELS:
            yield f"takes a duration above {_LONGEST_NEW} only with mode extend"
        return
    if params.mode == "remix" and request.state is None:
        yield "takes mode remix only for a video that it made itself"
    if request.state is not None and request.inputs.get("video"):
        yield "takes no video besides the one that is continued"
    if request.inputs.get("first_frame"):
        yield "takes first_frame only for a new video"
    if params.size or params.aspect_ratio:
        yield f"keeps the size of the video with mode {mode}, so it takes neither size nor aspect_ratio"
    if params.duration and mode != "extend":
        yield f"keeps the length of the video with mode {mode}, so it takes no duration"


def _ended(access: Access) -> str:
    if not is_openai(access):
        return ""
    return (
        "OpenAI shut down its video API on 2026-09-24; set MEDIASMITH_OPENAI_BASE_URL to a gateway or engine that "
        "serves /v1/videos"
    )


async def _start(call: Call[AsyncOpenAI, VideoParams]) -> Accepted:
    mode = _mode(call)
    response = await (_create(call) if mode == "create" else _change(call, mode))
    return Accepted(handle=VideoReference(video=read_answer(response.content, _Created, TITLE).id))


async def _create(call: Call[AsyncOpenAI, VideoParams]) -> Response:
    params = call.params
    size = params.size or (params.aspect_ratio and _SIZES[params.aspect_ratio])
    fields = {"prompt": call.prompt, "model": call.model.id}
    fields |= {"size": size} if size else {}
    fields |= {"seconds": str(params.duration)} if params.duration else {}
    frames = [("input_reference", await _upload(frame)) for frame in call.inputs.get("first_frame", ())]
    return await _post(call.client, "/videos", fields, frames)


async def _change(call: Call[AsyncOpenAI, VideoParams], mode: _Mode) -> Response:
    from openai import NotFoundError  # noqa: PLC0415 - heavy: the SDK

    fields: dict[str, Any] = {"prompt": call.prompt}
    if mode == "extend":
        fields["seconds"] = str(call.params.duration or _EXTENSION)
    path = "/videos/extensions" if mode == "extend" else "/videos/edits"
    if call.state is None:
        call.warn("The server chooses the model for edits of video files; the model was not sent.")
        return await _post(call.client, path, fields, [("video", await _upload(call.inputs["video"][0]))])
    video_id = call.state.video
    try:
        if mode == "remix":
            return await _post(call.client, f"/videos/{quote(video_id, safe='')}/remix", fields)
        return await _post(call.client, path, {**fields, "video": {"id": video_id}})
    except NotFoundError as error:
        raise StateGone(f"{TITLE} no longer has this video.") from error


async def _upload(source: Source) -> tuple[str, bytes, str]:
    return source.name, await source.read(), source.mime


async def _post(
    client: AsyncOpenAI, path: str, fields: Mapping[str, Any], files: Sequence[tuple[str, tuple[str, bytes, str]]] = ()
) -> Response:
    """Send a paying request. The SDK's own functions for videos warn of a shutdown that does not concern gateways."""
    from httpx2 import Response  # noqa: PLC0415 - heavy: the SDK loads it

    form = bool(files) or path == "/videos"
    return await client.post(
        path,
        cast_to=Response,
        body=dict(fields),
        files=files or None,
        options={"headers": _FORM_HEADERS} if form else {},
    )


class _Created(Answer):
    id: str = Field(min_length=1)


class _Video(Answer):
    status: str
    progress: Lenient[Annotated[float, Field(ge=0, le=100, strict=True)]] = None
    error: Problem | None = None


async def _poll(context: Context[AsyncOpenAI], handle: VideoReference) -> Pending | Result | Failed:
    from httpx2 import Response  # noqa: PLC0415 - heavy: the SDK loads it

    path = f"videos/{quote(handle.video, safe='')}"
    response = await context.client.get(f"/{path}", cast_to=Response)
    video = read_answer(response.content, _Video, TITLE)
    match video.status:
        case "queued" | "in_progress":
            progress = None if video.progress is None else video.progress / 100
            message = video.status.replace("_", " ")
            return Pending(progress=progress, message=message, after=poll_after(response.headers))
        case "completed":
            url = context.client.base_url.join(f"{path}/content")
            body = Remote(url=str(url), headers=_download_headers(context.client))
            return Result(outputs=(Output(body=body, mime="video/mp4", state=handle),))
        case "failed":
            return failed("video", video.error)
        case _:
            raise ProviderError(f"{TITLE} answered with a status that is not known: {video.status[:60]}.")


def _download_headers(client: AsyncOpenAI) -> dict[str, str]:
    account = {"openai-organization": client.organization, "openai-project": client.project}
    return {"authorization": f"Bearer {client.api_key}", **{name: value for name, value in account.items() if value}}


video: Capability[AsyncOpenAI, VideoParams] = Capability(
    kind="video",
    name="video",
    params=VideoParams,
    models=VIDEO_MODELS,
    start=_start,
    poll=_poll,
    handle=VideoReference,
    state=VideoReference,
    takes={"first_frame": Takes(), "video": Takes(mimes=("video/mp4",), max_bytes=500_000_000)},
    edits="video",
    not_inherited=("mode", "aspect_ratio", "size", "duration"),
    preference=10,
    every=5.0,
    deadline=1800.0,
    refuses=_refuses,
    ended=_ended,
)
"""Videos, made and changed, by gateways that serve them."""

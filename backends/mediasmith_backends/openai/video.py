"""The video capability: the interface that OpenAI had for videos, and that gateways and other engines still serve."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeAlias
from urllib.parse import quote

from pydantic import Field

from mediasmith.plugin.contract import (
    JSON,
    Accepted,
    Access,
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
from mediasmith.plugin.errors import ProviderError, StateGone
from mediasmith.plugin.files import Source
from mediasmith.plugin.params import Size
from mediasmith_backends.openai.answers import Answered, Problem, read
from mediasmith_backends.openai.client import TITLE, is_openai
from mediasmith_backends.openai.errors import failed
from mediasmith_backends.openai.models import VIDEO_MODELS

if TYPE_CHECKING:
    from httpx2 import Response  # noqa: PLC0415 - heavy: the SDK loads it
    from openai import AsyncOpenAI

_SHAPES = {"16:9": "1280x720", "9:16": "720x1280"}
_LONGEST_NEW = 12  # seconds
_EXTENSION = 4  # seconds
_FORM = {"Content-Type": "multipart/form-data"}  # has the SDK send a form


class VideoParams(Params):
    """What a video can be asked for besides its prompt."""

    aspect_ratio: Literal["16:9", "9:16"] | None = None
    size: Size | None = None
    duration: Annotated[int | None, Field(ge=1, le=60)] = None
    mode: Annotated[
        Literal["remix", "edit", "extend"] | None,
        Field(
            description=f"What becomes of the video that is given or continued. extend adds duration, {_EXTENSION} "
            "seconds without it; without a mode one that was made here is remixed, another one edited."
        ),
    ] = None


_Mode: TypeAlias = Literal["create", "remix", "edit", "extend"]


def _mode(ask: Request[VideoParams]) -> _Mode:
    """What is done. Only what was made here can be remixed; a file is edited instead."""
    if ask.state is not None:
        return ask.params.mode or "remix"
    if ask.inputs.get("video"):
        return "extend" if ask.params.mode == "extend" else "edit"
    return "create"


def _refuses(ask: Request[VideoParams]) -> str:
    return next(_objections(ask), "")


def _objections(ask: Request[VideoParams]) -> Iterator[str]:
    params, mode = ask.params, _mode(ask)
    if params.size and params.aspect_ratio:
        yield "takes size or aspect_ratio, not both"
    if mode == "create":
        if params.mode:
            yield f"takes mode {params.mode} for a video that is given or continued"
        if params.duration and params.duration > _LONGEST_NEW and ask.model in VIDEO_MODELS:
            yield f"takes a duration of more than {_LONGEST_NEW} with mode extend alone"
        return
    if params.mode == "remix" and ask.state is None:
        yield "takes mode remix for a video that it made itself"
    if ask.state is not None and ask.inputs.get("video"):
        yield "takes no video beside the one that is continued"
    if ask.inputs.get("first_frame"):
        yield "takes a first_frame for a new video alone"
    if params.size or params.aspect_ratio:
        yield f"keeps the size of the video, so takes neither size nor aspect_ratio with mode {mode}"
    if params.duration and mode != "extend":
        yield f"keeps the length of the video, so takes no duration with mode {mode}"


def _missing(access: Access) -> str:
    if not is_openai(access):
        return ""
    return (
        "OpenAI shut its interface for videos down on 2026-09-24; set MEDIASMITH_OPENAI_BASE_URL to a gateway or an "
        "engine that serves /v1/videos"
    )


async def _start(call: Call[AsyncOpenAI, VideoParams]) -> Accepted:
    mode = _mode(call)
    answer = await (_create(call) if mode == "create" else _change(call, mode))
    return Accepted(handle={"video": read(answer.content, _Named).id})


async def _create(call: Call[AsyncOpenAI, VideoParams]) -> Response:
    params = call.params
    size = params.size or (params.aspect_ratio and _SHAPES[params.aspect_ratio])
    asked = {"prompt": call.prompt, "model": call.model.id}
    asked |= {"size": size} if size else {}
    asked |= {"seconds": str(params.duration)} if params.duration else {}
    frames = [("input_reference", await _file(frame)) for frame in call.inputs.get("first_frame", ())]
    return await _post(call.client, "/videos", asked, frames)


async def _change(call: Call[AsyncOpenAI, VideoParams], mode: _Mode) -> Response:
    from openai import NotFoundError  # noqa: PLC0415 - heavy: the SDK

    asked: dict[str, Any] = {"prompt": call.prompt}
    if mode == "extend":
        asked["seconds"] = str(call.params.duration or _EXTENSION)
    path = "/videos/extensions" if mode == "extend" else "/videos/edits"
    if call.state is None:
        call.warn("The server has one model for work on video files; a model cannot be named to it.")
        return await _post(call.client, path, asked, [("video", await _file(call.inputs["video"][0]))])
    name = _id(call.state)
    try:
        if mode == "remix":
            return await _post(call.client, f"/videos/{quote(name, safe='')}/remix", asked)
        return await _post(call.client, path, {**asked, "video": {"id": name}})
    except NotFoundError as error:
        raise StateGone(f"{TITLE} no longer has this video.") from error


async def _file(source: Source) -> tuple[str, bytes, str]:
    return source.name, await source.read(), source.mime


async def _post(
    client: AsyncOpenAI, path: str, asked: Mapping[str, Any], files: Sequence[tuple[str, tuple[str, bytes, str]]] = ()
) -> Response:
    """A request of the SDK's, but for its own functions for videos: those warn of a shutdown that is not this one."""
    from httpx2 import Response  # noqa: PLC0415 - heavy: the SDK loads it

    form = bool(files) or path == "/videos"
    return await client.post(
        path, cast_to=Response, body=dict(asked), files=files or None, options={"headers": _FORM} if form else {}
    )


class _Named(Answered):
    id: str


class _Video(Answered):
    status: str
    progress: Any = None
    error: Problem | None = None


async def _poll(work: Context[AsyncOpenAI], handle: JSON) -> Pending | Result:
    from httpx2 import Response  # noqa: PLC0415 - heavy: the SDK loads it

    path = f"videos/{quote(_id(handle), safe='')}"
    video = read((await work.client.get(f"/{path}", cast_to=Response)).content, _Video)
    match video.status:
        case "queued" | "in_progress":
            return Pending(progress=_fraction(video.progress), message=video.status.replace("_", " "))
        case "completed":
            url = work.client.base_url.join(f"{path}/content")
            body = Remote(url=str(url), headers=_signed(work.client))
            return Result(outputs=(Output(body=body, mime="video/mp4", state=handle),))
        case "failed":
            problem = video.error or Problem()
            raise failed("video", problem.code, problem.message)
        case _:
            raise ProviderError(f"{TITLE} answered with a status that is not known here.")


def _id(kept: JSON) -> str:
    match kept:
        case {"video": str(name)}:
            return name
        case _:
            raise StateGone(f"This video was not made through {TITLE}'s interface.")


def _fraction(percent: object) -> float | None:
    return percent / 100 if isinstance(percent, int | float) and 0 <= percent <= 100 else None  # noqa: PLR2004 - percent


def _signed(client: AsyncOpenAI) -> dict[str, str]:
    """The headers that the file is fetched with."""
    own = {"openai-organization": client.organization, "openai-project": client.project}
    return {"authorization": f"Bearer {client.api_key}", **{name: value for name, value in own.items() if value}}


video: Capability[AsyncOpenAI, VideoParams] = Capability(
    kind="video",
    name="video",
    params=VideoParams,
    models=VIDEO_MODELS,
    start=_start,
    poll=_poll,
    takes={"first_frame": Takes(), "video": Takes(mimes=("video/mp4",), max_bytes=500_000_000)},
    edits="video",
    not_inherited=("mode", "aspect_ratio", "size", "duration"),
    preference=10,
    every=5.0,
    deadline=1800.0,
    refuses=_refuses,
    missing=_missing,
)
"""Videos, made and changed, where they are still served."""

"""The video capability: `/videos`, submitted and polled, as vLLM-Omni, SGLang, LiteLLM and Azure serve it."""

from __future__ import annotations

from functools import partial
from typing import Annotated, Any
from urllib.parse import quote

from anyio import to_thread
from pydantic import BaseModel, ConfigDict, Field

from mediasmith.plugin.contract import (
    Accepted,
    Call,
    Cancellation,
    Capability,
    Context,
    Failed,
    Output,
    Params,
    Pending,
    Result,
    Takes,
)
from mediasmith.plugin.error_words import error_text
from mediasmith.plugin.errors import ProviderError
from mediasmith.plugin.http_answers import Answer, Lenient, Status, read_answer, read_media
from mediasmith.plugin.http_errors import error_for_failed_work, retry_after
from mediasmith.plugin.params import Seed
from mediasmith_backends.compatible.addresses import missing
from mediasmith_backends.compatible.engine import Engine, Engines, File
from mediasmith_backends.compatible.extras import ExtraBody, objection, warn_of_ignored
from mediasmith_backends.compatible.models import name_of, served_models


class VideoParams(Params):
    """The parameters of a video."""

    size: Annotated[str | None, Field(pattern=r"^[1-9][0-9]{1,4}x[1-9][0-9]{1,4}$")] = None
    duration: Annotated[int | None, Field(ge=1, le=60)] = None
    seed: Seed | None = None
    negative_prompt: Annotated[str | None, Field(min_length=1, description="What the video must not show.")] = None
    extra_body: ExtraBody = None


class VideoHandle(BaseModel):
    """A video at the engine, by its id."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    video: str = Field(min_length=1)


class _Created(Answer):
    id: Annotated[str, Field(min_length=1)]


async def _start(call: Call[Engines, VideoParams]) -> Accepted:
    engine, params = call.client["video"], call.params
    warn_of_ignored(call, "seed", "negative_prompt")
    given: dict[str, Any] = params.model_dump(exclude_none=True, exclude={"duration", "extra_body"})
    if params.duration:
        given["seconds"] = str(params.duration)
    fields = {**(params.extra_body or {}), **name_of(call), "prompt": call.prompt, **given}
    files: list[File] = [
        ("input_reference", (frame.name, await frame.read(), frame.mime))
        for frame in call.inputs.get("first_frame", ())
    ]
    response = await engine.post("/videos", fields, files, form=True)
    content = engine.content(response, model_named="model" in fields)
    return Accepted(handle=VideoHandle(video=read_answer(content, _Created, engine.name).id))


class _Video(Answer):
    id: Lenient[str] = None
    status: Status
    progress: Lenient[Annotated[float, Field(ge=0, le=100, strict=True)]] = None
    url: Lenient[str] = None
    error: Any = None


async def _poll(context: Context[Engines], handle: VideoHandle) -> Pending | Result | Failed:
    engine, path = context.client["video"], _path(handle)
    response = await engine.send("GET", path)
    if not response.is_success and (verdict := _verdict(response.content, engine)):
        return verdict
    video = read_answer(engine.content(response), _Video, engine.name)
    match video.status:
        case "queued" | "pending" | "in_progress" | "processing" | "running":
            progress = None if video.progress is None else video.progress / 100
            message = video.status.replace("_", " ")
            return Pending(progress=progress, message=message, after=retry_after(response.headers))
        case "completed" | "succeeded":
            place = video.url or f"{engine.url}{path}/content"
            read = partial(read_media, place, base_url=engine.url, headers=engine.headers, name=engine.name)
            return Result(outputs=(Output(body=await to_thread.run_sync(read), mime="video/mp4"),))
        case "failed" | "cancelled" | "expired":
            return _failed(video, engine)
        case _:
            raise ProviderError(f"{engine.name} answered with a status that is not known: {video.status[:60]}.")


def _path(handle: VideoHandle) -> str:
    return f"/videos/{quote(handle.video, safe='')}"


def _verdict(content: bytes, engine: Engine) -> Failed | None:
    """Return that the work has failed, where an answer with an error status holds the work: vLLM-Omni has such."""
    try:
        video = read_answer(content, _Video, engine.name)
    except ProviderError:
        return None
    return _failed(video, engine) if video.id and video.status == "failed" else None


def _failed(video: _Video, engine: Engine) -> Failed:
    reason = error_text(video.error) or f"status {video.status}"
    return Failed(error=error_for_failed_work(engine.name, reason, what="the video"))


async def _cancel(context: Context[Engines], handle: VideoHandle) -> Cancellation:
    """Delete the video. SGLang says yes and goes on making it, and nothing tells it from others."""
    engine = context.client["video"]
    if content := engine.content(await engine.send("DELETE", _path(handle))):
        read_answer(content, Answer, engine.name)  # a page is no answer of the engine
    return "asked"


video: Capability[Engines, VideoParams] = Capability(
    kind="video",
    name="video",
    params=VideoParams,
    models=(),
    start=_start,
    poll=_poll,
    cancel=_cancel,
    handle=VideoHandle,
    takes={"first_frame": Takes()},
    preference=20,
    deadline=3600.0,
    refuses=objection,
    missing=partial(missing, kind="video"),
    discover=partial(served_models, "video"),
)
"""Videos, from words and a first frame."""

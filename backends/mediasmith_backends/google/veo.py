"""Videos by Veo, in enterprise mode: from a prompt, frames or reference images, and extensions of an earlier video."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from mediasmith.plugin.contract import (
    Accepted,
    Call,
    Capability,
    Context,
    Failed,
    Model,
    Output,
    Params,
    Pending,
    Price,
    Request,
    Result,
    Takes,
)
from mediasmith.plugin.errors import MediaError, StateGone
from mediasmith.plugin.http_errors import not_billed, reading, retry_after
from mediasmith.plugin.params import Seed
from mediasmith_backends.google import cloud_storage, veo_operation
from mediasmith_backends.google.client import Google
from mediasmith_backends.google.errors import explain, status_of
from mediasmith_backends.google.inputs import PICTURE, picture
from mediasmith_backends.google.prices import enterprise_price
from mediasmith_backends.google.sign_in import BUCKET, TITLE, missing_project_or_bucket
from mediasmith_backends.google.veo_operation import VeoHandle

_START_MS = 120_000
_MAX_SECONDS = 8
"""The longest video; an extension and a video with reference images are always this long."""

_EXTENSION_SIZE = "720p"
_MAY_BE_GONE = {400, 403, 404}
"""The statuses of a request that names a file which does not exist. They have other causes, too."""

_EXTENSIONS = "Extends a video made by Veo of up to 30 seconds by 7 seconds at a time."
_INLINE = f"Unless {BUCKET} is set, the whole video comes inline in one answer."
_LITE = "veo-3.1-lite-generate-001"
"""Takes frames and videos, but no reference images: https://github.com/GoogleCloudPlatform/vertex-ai-creative-studio,
config/veo_models.py, read on 2026-11-21.
"""


class VeoState(BaseModel):
    """The `gs://` URI of a video that an extension continues."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    video: Annotated[str, Field(pattern="^gs://.")]


class VeoParams(Params):
    """The parameters of a video."""

    aspect_ratio: Literal["16:9", "9:16"] | None = None
    size: Literal["720p", "1080p"] = "720p"
    duration: Literal[4, 6, 8] = 8
    generate_audio: bool = True
    seed: Seed | None = None
    negative_prompt: Annotated[str, Field(min_length=1, description="What to leave out.")] | None = None
    person_generation: (
        Annotated[Literal["allow_all", "allow_adult", "dont_allow"], Field(description="Whether to show people.")]
        | None
    ) = None
    fps: Literal[24] | None = None


def _extends(request: Request[VeoParams]) -> bool:
    return request.state is not None or bool(request.inputs.get("video"))


def _refuses(request: Request[VeoParams]) -> str:
    frames = {role for role in ("first_frame", "last_frame") if request.inputs.get(role)}
    references, extends, params = bool(request.inputs.get("image")), _extends(request), request.params
    if frames == {"last_frame"}:
        return "last_frame needs first_frame"
    if bool(frames) + references + extends > 1:
        return "frames, reference images and an earlier video cannot be combined"
    if (references or extends) and params.duration != _MAX_SECONDS:
        return f"duration is {_MAX_SECONDS} with reference images and for an extension"
    if extends and params.size != _EXTENSION_SIZE:
        return f"an extension has size {_EXTENSION_SIZE}"
    return ""


async def _start(call: Call[Google, VeoParams]) -> Accepted:
    client, state = call.client, call.state
    source, config = await _source(call), {**_options(call), **await _references(call)}
    with not_billed(explain):
        await client.headers()  # else the SDK signs in during the paying request, and a failure could have been billed
    try:
        with reading(TITLE):
            operation = await client.sdk.aio.models.generate_videos(model=call.model.id, source=source, config=config)
            return Accepted(handle=VeoHandle(operation=operation.name))
    except Exception as error:
        if state and status_of(error) in _MAY_BE_GONE and await cloud_storage.is_gone(client, state.video):
            raise StateGone("Cloud Storage no longer has the video that this would continue.") from error
        raise


async def _source(call: Call[Google, VeoParams]) -> Mapping[str, object]:
    """Return the prompt and the file that the video starts from."""
    source: dict[str, object] = {"prompt": call.prompt}
    for frame in call.inputs.get("first_frame", ()):
        source["image"] = await picture(frame)
    for video in call.inputs.get("video", ()):
        source["video"] = {"video_bytes": await video.read(), "mime_type": video.mime}
    if call.state:
        source["video"] = {"uri": call.state.video, "mime_type": "video/mp4"}
    return source


async def _references(call: Call[Google, VeoParams]) -> Mapping[str, object]:
    """Return the files that the SDK takes beside the source."""
    config: dict[str, object] = {}
    for frame in call.inputs.get("last_frame", ()):
        config["last_frame"] = await picture(frame)
    if references := call.inputs.get("image"):
        config["reference_images"] = [
            {"image": await picture(reference), "reference_type": "ASSET"} for reference in references
        ]
    return config


def _options(call: Call[Google, VeoParams]) -> Mapping[str, object]:
    params = call.params
    options = {
        "number_of_videos": 1,
        "aspect_ratio": params.aspect_ratio,
        "resolution": params.size,
        "duration_seconds": params.duration,
        "generate_audio": params.generate_audio,
        "seed": params.seed,
        "negative_prompt": params.negative_prompt,
        "person_generation": params.person_generation,
        "fps": params.fps,
        "output_gcs_uri": call.client.bucket or None,
        "http_options": {"timeout": _START_MS},
    }
    return {name: value for name, value in options.items() if value is not None}


async def _poll(context: Context[Google], handle: VeoHandle) -> Pending | Result | Failed:
    operation, answer = await veo_operation.fetch(context.client, handle)
    with reading(TITLE, answer.content):
        videos = operation.videos(handle)
        if videos is None:
            return Pending(after=retry_after(answer.headers))
        if isinstance(videos, MediaError):
            return Failed(error=videos)
        return Result(outputs=tuple([await _output(context.client, video) for video in videos]))


async def _output(client: Google, video: veo_operation.Video) -> Output:
    """Return a video. An extension uses the file in Cloud Storage, or else the saved one."""
    if video.data:
        return Output(body=video.data, mime=video.mime)
    body = await cloud_storage.stored_file(client, video.uri)
    return Output(body=body, mime=video.mime, state=VeoState(video=video.uri))


def _prices(hd: float, full_hd: float) -> tuple[Price, ...]:
    """Return the prices of a second with sound; without sound it costs less."""
    return enterprise_price(hd, "second", size="720p"), enterprise_price(full_hd, "second", size="1080p")


veo: Capability[Google, VeoParams] = Capability(
    kind="video",
    name="veo",
    params=VeoParams,
    models=(
        Model(id="veo-3.1-generate-001", prices=_prices(0.40, 0.40), note=f"{_EXTENSIONS} {_INLINE}"),
        Model(id="veo-3.1-fast-generate-001", prices=_prices(0.10, 0.12), note=_INLINE),
        Model(id=_LITE, draft=True, takes={"image": None}, prices=_prices(0.05, 0.08), note=_INLINE),
    ),
    start=_start,
    poll=_poll,
    handle=VeoHandle,
    state=VeoState,
    takes={
        "image": replace(PICTURE, max=3),
        "first_frame": PICTURE,
        "last_frame": PICTURE,
        "video": Takes(mimes=("video/mp4",), max_bytes=20_000_000),
    },
    edits="video",
    every=10.0,
    deadline=1800.0,
    preference=10,
    refuses=_refuses,
    missing=missing_project_or_bucket,
)
"""Videos, in enterprise mode."""

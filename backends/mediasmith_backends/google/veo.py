"""Videos by Veo, in enterprise mode: from words, frames or references; and earlier ones gone on with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated, Literal

from pydantic import Field

from mediasmith.plugin.contract import (
    JSON,
    Accepted,
    Call,
    Capability,
    Context,
    Model,
    Output,
    Params,
    Pending,
    Price,
    Request,
    Result,
    Takes,
)
from mediasmith.plugin.errors import ProviderError, StateGone
from mediasmith.plugin.http_errors import not_billed
from mediasmith.plugin.params import Seed
from mediasmith_backends.google import operations, storage
from mediasmith_backends.google.client import Google
from mediasmith_backends.google.errors import TITLE, explain, sense, status_of
from mediasmith_backends.google.inputs import PICTURE, picture
from mediasmith_backends.google.modes import BUCKET, with_storage
from mediasmith_backends.google.prices import cloud

_BEGIN_MS = 120_000
_LONGEST = 8
"""Seconds of a video; what goes on from another, or from references, is always this long."""

_EXTENDED = "720p"
_REFUSED = {400, 403, 404}
"""The statuses of a request that names what is not there."""

_EXTENSION = "A video made by Veo, of up to 30 seconds, is gone on with by 7 seconds at a time."
_INLINE = f"Without {BUCKET} the whole video comes as bytes within one answer."
_LITE = "veo-3.1-lite-generate-001"
"""It takes frames and goes on with videos, but takes no reference images: https://github.com/GoogleCloudPlatform/
vertex-ai-creative-studio, config/veo_models.py, read on 2026-11-21.
"""


class VeoParams(Params):
    """What a video can be told besides its prompt."""

    aspect_ratio: Literal["16:9", "9:16"] | None = None
    size: Literal["720p", "1080p"] = "720p"
    duration: Literal[4, 6, 8] = 8
    generate_audio: bool = True
    seed: Seed | None = None
    negative_prompt: Annotated[str, Field(min_length=1, description="What shall not be seen.")] | None = None
    person_generation: (
        Annotated[Literal["allow_all", "allow_adult", "dont_allow"], Field(description="Whether people may be seen.")]
        | None
    ) = None
    fps: Literal[24] | None = None


def _goes_on(ask: Request[VeoParams]) -> bool:
    return ask.state is not None or bool(ask.inputs.get("video"))


def _refuses(ask: Request[VeoParams]) -> str:
    frames = {role for role in ("first_frame", "last_frame") if ask.inputs.get(role)}
    references, goes_on, params = bool(ask.inputs.get("image")), _goes_on(ask), ask.params
    if frames == {"last_frame"}:
        return "a last_frame needs a first_frame"
    if bool(frames) + references + goes_on > 1:
        return "frames, reference images and an earlier video do not go together"
    if references and ask.model.id == _LITE:
        return f"{_LITE} takes no reference images"
    if (references or goes_on) and params.duration != _LONGEST:
        return f"with reference images, and where a video goes on, duration is {_LONGEST}"
    if goes_on and params.size != _EXTENDED:
        return f"a video goes on at {_EXTENDED}"
    return ""


async def _start(call: Call[Google, VeoParams]) -> Accepted:
    client, earlier = call.client, _place(call.state)
    source, config = await _source(call, earlier), {**_wishes(call), **await _shown(call)}
    with not_billed(explain):
        await client.headers()  # or the SDK signs in, and nobody could tell that nothing was paid yet
    try:
        with sense():
            operation = await client.sdk.aio.models.generate_videos(model=call.model.id, source=source, config=config)
    except Exception as error:
        if earlier and status_of(error) in _REFUSED and await storage.gone(client, earlier):
            raise StateGone(f"{TITLE}'s storage no longer has what this continues.") from error
        raise
    if not operation.name:
        raise ProviderError(f"{TITLE}'s answer names no operation.")
    return Accepted(handle={"operation": operation.name})


async def _source(call: Call[Google, VeoParams], earlier: str) -> Mapping[str, object]:
    """What the video is made from."""
    source: dict[str, object] = {"prompt": call.prompt}
    for frame in call.inputs.get("first_frame", ()):
        source["image"] = await picture(frame)
    for film in call.inputs.get("video", ()):
        source["video"] = {"video_bytes": await film.read(), "mime_type": film.mime}
    if earlier:
        source["video"] = {"uri": earlier, "mime_type": "video/mp4"}
    return source


async def _shown(call: Call[Google, VeoParams]) -> Mapping[str, object]:
    """The files that do not count as what it is made from."""
    shown: dict[str, object] = {}
    for frame in call.inputs.get("last_frame", ()):
        shown["last_frame"] = await picture(frame)
    if references := call.inputs.get("image"):
        shown["reference_images"] = [
            {"image": await picture(reference), "reference_type": "ASSET"} for reference in references
        ]
    return shown


def _place(state: JSON) -> str:
    """Where the earlier video is, or nothing."""
    match state:
        case None:
            return ""
        case {"video": str(place)} if place.startswith("gs://"):
            return place
        case _:
            raise StateGone(f"This names no video in {TITLE}'s storage.")


def _wishes(call: Call[Google, VeoParams]) -> Mapping[str, object]:
    params = call.params
    wishes = {
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
        "http_options": {"timeout": _BEGIN_MS},
    }
    return {name: value for name, value in wishes.items() if value is not None}


async def _poll(work: Context[Google], handle: JSON) -> Pending | Result:
    films = (await operations.look(work.client, handle)).made()
    if films is None:
        return Pending()
    return Result(outputs=tuple([await _output(work.client, film) for film in films]))


async def _output(client: Google, film: operations.Film) -> Output:
    """A video, which is gone on with where it lies, or else from the saved file."""
    if film.data:
        return Output(body=film.data, mime=film.mime)
    return Output(body=await storage.waiting(client, film.place), mime=film.mime, state={"video": film.place})


def _prices(hd: float, full_hd: float) -> tuple[Price, ...]:
    """Prices of a second with sound; without it is cheaper."""
    return cloud(hd, "second", size="720p"), cloud(full_hd, "second", size="1080p")


veo: Capability[Google, VeoParams] = Capability(
    kind="video",
    name="veo",
    params=VeoParams,
    models=(
        Model(id="veo-3.1-generate-001", prices=_prices(0.40, 0.40), note=f"{_EXTENSION} {_INLINE}"),
        Model(id="veo-3.1-fast-generate-001", prices=_prices(0.10, 0.12), note=_INLINE),
        Model(id=_LITE, draft=True, prices=_prices(0.05, 0.08), note=f"Takes no reference images. {_INLINE}"),
    ),
    start=_start,
    poll=_poll,
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
    missing=with_storage,
)
"""Videos, in enterprise mode."""

"""Videos by Omni: from words, frames or references; and earlier ones edited or extended."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field

from mediasmith.plugin.contract import (
    JSON,
    Accepted,
    Call,
    Capability,
    Context,
    Model,
    Params,
    Pending,
    Request,
    Result,
    Takes,
)
from mediasmith.plugin.kinds import Role
from mediasmith.plugin.probe import VIDEO_MIMES
from mediasmith_backends.google import interactions
from mediasmith_backends.google.client import Google
from mediasmith_backends.google.inputs import blocks
from mediasmith_backends.google.modes import with_key
from mediasmith_backends.google.prices import gemini

_LONGEST_BOUND = 10
"""Seconds between two frames, or added to the end of a video, at most."""

_EXTENDED = ("360p", "720p")
"""The sizes at which a video can be extended."""

_REFERENCES, _WHILE_EXTENDED = 6, 3
_ORDER: tuple[Role, ...] = ("video", "first_frame", "last_frame", "image")


class VideoParams(Params):
    """What a video can be told besides its prompt. `duration` is what is added where a video is extended."""

    aspect_ratio: Literal["16:9", "9:16"] | None = None
    size: Literal["360p", "720p", "1080p", "4K"] = "720p"
    duration: Annotated[int, Field(ge=3, le=15)] | None = None
    extend: Annotated[bool, Field(description="Go on after the end of the earlier video instead of changing it.")] = (
        False
    )


def _task(ask: Request[VideoParams]) -> str:
    """What this asks for, in the provider's words."""
    if ask.inputs.get("video") or ask.state is not None:
        return "extend" if ask.params.extend else "edit"
    if ask.inputs.get("first_frame"):
        return "image_to_video"
    return "reference_to_video" if ask.inputs.get("image") else "text_to_video"


def _refuses(ask: Request[VideoParams]) -> str:  # noqa: PLR0911 - one line for each rule
    given = {role for role in _ORDER if ask.inputs.get(role)}
    task, params = _task(ask), ask.params
    if "last_frame" in given and "first_frame" not in given:
        return "a last_frame needs a first_frame"
    if "first_frame" in given and ("image" in given or task in {"edit", "extend"}):
        return "frames go with neither reference images nor an earlier video"
    if params.extend and task != "extend":
        return "there is no video to extend"
    if task == "edit" and params.duration is not None:
        return "an edited video stays as long as it is, so it takes no duration"
    if task == "extend" and params.size not in _EXTENDED:
        return f"a video is extended at {' or '.join(_EXTENDED)}"
    if task == "extend" and len(ask.inputs.get("image", ())) > _WHILE_EXTENDED:
        return f"a video is extended with at most {_WHILE_EXTENDED} reference images"
    bound = task == "extend" or "last_frame" in given
    if bound and params.duration is not None and params.duration > _LONGEST_BOUND:
        return f"between two frames, and where a video is extended, duration is at most {_LONGEST_BOUND}"
    return ""


async def _start(call: Call[Google, VideoParams]) -> Accepted:
    continued = interactions.previous(call.state)
    task = _task(call)
    files = [source for role in _ORDER for source in call.inputs.get(role, ())]
    return await interactions.begin(
        call.client,
        model=call.model.id,
        input=interactions.said(call.prompt, await blocks(call.client, files)),
        response_format=_format(call.params),
        generation_config={"video_config": {"task": task}},
        previous_interaction_id=continued,
    )


def _format(params: VideoParams) -> Mapping[str, object]:
    wish = {
        "type": "video",
        "delivery": "uri",  # within an answer there is room for a few megabytes
        "aspect_ratio": params.aspect_ratio,
        "resolution": params.size.lower(),
        "duration": f"{params.duration}s" if params.duration else None,
    }
    return {name: value for name, value in wish.items() if value}


async def _poll(work: Context[Google], handle: JSON) -> Pending | Result:
    return await interactions.look(work, handle, "video")


video: Capability[Google, VideoParams] = Capability(
    kind="video",
    name="video",
    params=VideoParams,
    models=(
        Model(
            id="gemini-omni-1.2-flash",
            prices=(
                gemini(0.0233, "second", size="360p"),
                gemini(0.07, "second", size="720p"),
                gemini(0.105, "second", size="1080p"),
                gemini(0.21, "second", size="4K"),
            ),
            note="Always with sound. Videos of one's own cannot be edited in some countries.",
        ),
    ),
    start=_start,
    poll=_poll,
    cancel=interactions.cancel,
    takes={
        "image": Takes(max=_REFERENCES),
        "first_frame": Takes(),
        "last_frame": Takes(),
        "video": Takes(mimes=VIDEO_MIMES, max_bytes=200_000_000),
    },
    edits="video",
    not_inherited=("extend", "duration"),
    every=8.0,
    deadline=1800.0,
    preference=10,
    refuses=_refuses,
    missing=with_key,
)
"""Videos, with an API key."""

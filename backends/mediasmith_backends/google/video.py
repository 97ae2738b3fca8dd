"""Videos by Gemini Omni: from a prompt, frames or reference images, and edits or extensions of an earlier video."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field

from mediasmith.plugin.contract import (
    Accepted,
    Call,
    Capability,
    Context,
    Failed,
    Model,
    Params,
    Pending,
    Request,
    Result,
    Takes,
)
from mediasmith.plugin.kinds import Role
from mediasmith_backends.google import interactions
from mediasmith_backends.google.client import Google
from mediasmith_backends.google.inputs import input_blocks
from mediasmith_backends.google.interactions import InteractionHandle, InteractionState
from mediasmith_backends.google.prices import gemini_price
from mediasmith_backends.google.sign_in import missing_key

_MAX_BOUND_SECONDS = 10
"""The longest video between two frames, and the longest extension."""

_EXTENSION_SIZES = ("360p", "720p")

_MAX_REFERENCES, _MAX_EXTENSION_REFERENCES = 6, 3
_ORDER: tuple[Role, ...] = ("video", "first_frame", "last_frame", "image")


class VideoParams(Params):
    """The parameters of a video. `duration` is what is added where a video is extended."""

    aspect_ratio: Literal["16:9", "9:16"] | None = None
    size: Literal["360p", "720p", "1080p", "4K"] = "720p"
    duration: Annotated[int, Field(ge=3, le=15)] | None = None
    extend: Annotated[bool, Field(description="Continue after the end of the earlier video instead of editing it.")] = (
        False
    )


def _task(request: Request[VideoParams]) -> str:
    """Return the name of what is asked for in Google's API."""
    if request.inputs.get("video") or request.state is not None:
        return "extend" if request.params.extend else "edit"
    if request.inputs.get("first_frame"):
        return "image_to_video"
    return "reference_to_video" if request.inputs.get("image") else "text_to_video"


def _refuses(request: Request[VideoParams]) -> str:  # noqa: PLR0911 - one return for each rule
    given = {role for role in _ORDER if request.inputs.get(role)}
    task, params = _task(request), request.params
    if "last_frame" in given and "first_frame" not in given:
        return "last_frame needs first_frame"
    if "first_frame" in given and ("image" in given or task in {"edit", "extend"}):
        return "frames cannot be combined with reference images or an earlier video"
    if params.extend and task != "extend":
        return "extend needs an earlier video"
    if task == "edit" and params.duration is not None:
        return "an edited video keeps its length, so it takes no duration"
    if task == "extend" and params.size not in _EXTENSION_SIZES:
        return f"an extension has size {' or '.join(_EXTENSION_SIZES)}"
    if task == "extend" and len(request.inputs.get("image", ())) > _MAX_EXTENSION_REFERENCES:
        return f"an extension takes at most {_MAX_EXTENSION_REFERENCES} reference images"
    bound = task == "extend" or "last_frame" in given
    if bound and params.duration is not None and params.duration > _MAX_BOUND_SECONDS:
        return f"duration is at most {_MAX_BOUND_SECONDS} for an extension and for a video between two frames"
    return ""


async def _start(call: Call[Google, VideoParams]) -> Result | Accepted:
    files = [source for role in _ORDER for source in call.inputs.get(role, ())]
    return await interactions.create(
        call.client,
        "video",
        state=call.state,
        model=call.model.id,
        input=interactions.user_input(call.prompt, await input_blocks(call.client, files)),
        response_format=_response_format(call.params),
        generation_config={"video_config": {"task": _task(call)}},
        background=True,
        store=True,
    )


def _response_format(params: VideoParams) -> Mapping[str, object]:
    response_format = {
        "type": "video",
        "delivery": "uri",  # inline there is room for a few megabytes only
        "aspect_ratio": params.aspect_ratio,
        "resolution": params.size.lower(),
        "duration": f"{params.duration}s" if params.duration else None,
    }
    return {name: value for name, value in response_format.items() if value}


async def _poll(context: Context[Google], handle: InteractionHandle) -> Pending | Result | Failed:
    return await interactions.poll(context, handle, "video")


video: Capability[Google, VideoParams] = Capability(
    kind="video",
    name="video",
    params=VideoParams,
    models=(
        Model(
            id="gemini-omni-1.2-flash",
            prices=(
                gemini_price(0.0233, "second", size="360p"),
                gemini_price(0.07, "second", size="720p"),
                gemini_price(0.105, "second", size="1080p"),
                gemini_price(0.21, "second", size="4K"),
            ),
            note="Always with sound. In some countries your own videos cannot be edited.",
        ),
    ),
    start=_start,
    poll=_poll,
    cancel=interactions.cancel,
    handle=InteractionHandle,
    state=InteractionState,
    takes={
        "image": Takes(max=_MAX_REFERENCES),
        "first_frame": Takes(),
        "last_frame": Takes(),
        "video": Takes(mimes=("video/mp4", "video/webm", "video/quicktime"), max_bytes=200_000_000),
    },
    edits="video",
    not_inherited=("extend", "duration"),
    every=8.0,
    deadline=1800.0,
    preference=10,
    refuses=_refuses,
    missing=missing_key,
)
"""Videos, with an API key."""

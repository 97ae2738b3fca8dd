"""The video capability: an animatic of a prompt or of a picture, and edits of it."""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Mapping
from datetime import date
from functools import partial
from typing import TYPE_CHECKING, Annotated
from uuid import uuid4

from anyio import to_thread
from pydantic import Field

from mediasmith.plugin.contract import (
    Accepted,
    Call,
    Cancellation,
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
from mediasmith.plugin.errors import InvalidRequest, ProviderError
from mediasmith.plugin.media import parse_size
from mediasmith.plugin.params import AspectRatio, Seed, Size
from mediasmith.plugin.probe import VIDEO_MIMES
from mediasmith_sketch.animation.camera import Camera, Motion
from mediasmith_sketch.animation.render_slots import RenderSlots
from mediasmith_sketch.animation.shot import LONGEST, SHORTEST, RenderRequest, Shot
from mediasmith_sketch.prompt.camera_directions import CameraDirections, camera_directions
from mediasmith_sketch.scene import Asked, Scene, Style

if TYPE_CHECKING:
    from PIL.Image import Image

    from mediasmith_sketch.animation.animator import Animation

SMALLEST, LARGEST = 64, 1920
"""The limits of a side in pixels."""

_MIME = "video/mp4"
_TIERS: Mapping[str, int] = {"360p": 360, "480p": 480, "720p": 720, "1080p": 1080}
_SHORTER = max(_TIERS.values())
_PIXELS = 1280 * 720
_SHAPE = 16 / 9
_NARROWEST = LARGEST / SMALLEST
_SIMILAR = 0.03  # shapes that differ by less are the same but for rounding
_ABOUT = "A local animatic of the prompt's words, made as a placeholder. It is not a generated video."
_UNCHANGED = "A sketch cannot redraw pictures: the camera moves over this one, unchanged."
_ONLY_NEARER = "There is nothing beyond the edges of a picture, so the camera comes nearer instead of going back."


class VideoParams(Params):
    """The parameters of an animatic. `caption` sets the prompt below the scene."""

    aspect_ratio: AspectRatio | None = None
    size: Size | None = None
    duration: Annotated[float, Field(ge=SHORTEST, le=LONGEST)] = 4
    seed: Seed | None = None
    caption: bool | None = None
    style: Style | None = None


def _refuses(request: Request[VideoParams]) -> str:
    """Return why these parameters do not go together, or nothing."""
    params = request.params
    pictures = [*request.inputs.get("first_frame", ()), *request.inputs.get("video", ())]
    if len(pictures) > 1:
        return "a video starts on a first_frame or on the first picture of a video, not on both"
    if pictures and (params.style or params.caption):
        return "a picture fills the whole video, so it takes neither style nor caption"
    dimensions = pictures[0].dimensions if pictures else None
    try:
        _size(params, dimensions[0] / dimensions[1] if dimensions else _SHAPE)
    except ValueError as error:
        return str(error).rstrip(".")
    return ""


def _size(params: VideoParams, shape: float) -> tuple[int, int]:
    """Return width and height in pixels; `shape` counts if there is no aspect_ratio. ValueError if impossible."""
    if params.aspect_ratio:
        wide, high = map(float, params.aspect_ratio.split(":"))
        shape = wide / high
    size = _pixels(params.size, shape)
    if any(side % 2 for side in size):
        raise ValueError(f"a video takes even sides only, and {size[0]}x{size[1]} has odd ones")
    if not SMALLEST <= min(size) <= _SHORTER or max(size) > LARGEST:
        raise ValueError(
            f"a video takes sides from {SMALLEST} to {LARGEST} pixels, the shorter one up to {_SHORTER}; "
            f"this would be {size[0]}x{size[1]}"
        )
    if params.aspect_ratio and abs(size[0] / size[1] / shape - 1) > _SIMILAR:
        raise ValueError(f"size {params.size} does not have the aspect_ratio {params.aspect_ratio}; give one of them")
    return size


def _pixels(size: str | None, shape: float) -> tuple[int, int]:
    """Return width and height of a size in pixels, of a tier such as `720p`, or by default."""
    if size and size not in _TIERS:
        try:
            return parse_size(size)
        except ValueError:
            raise ValueError(f"a video takes size as WxH in even pixels, or {', '.join(_TIERS)}") from None
    longer = min(LARGEST, (_PIXELS * max(shape, 1 / shape)) ** 0.5)
    shorter = _TIERS[size] if size else longer * min(shape, 1 / shape)
    return round(shorter * max(1, shape) / 2) * 2, round(shorter * max(1, 1 / shape) / 2) * 2


async def _start(call: Call[RenderSlots, VideoParams]) -> Accepted:
    render, notes = await to_thread.run_sync(_planned, call)
    for note in notes:
        call.warn(note)
    return Accepted(handle=render)


def _planned(request: Request[VideoParams]) -> tuple[RenderRequest, list[str]]:
    """Return what is to be drawn, and notes for the caller."""
    from mediasmith_sketch.animation.default_motion import default_motion  # noqa: PLC0415 - heavy: Pillow
    from mediasmith_sketch.animation.first_frame import read_first_frame, read_picture  # noqa: PLC0415 - as above
    from mediasmith_sketch.composition.left_out import notes_of  # noqa: PLC0415 - as above

    for source in request.inputs.get("first_frame", ()):
        return _planned_over(read_picture(source), request)
    for source in request.inputs.get("video", ()):
        return _planned_over(read_first_frame(source), request)
    if request.state:
        return _edited(request.state, request)
    said = camera_directions(request.prompt)
    scene = _scene(request, said, _size(request.params, _SHAPE), _asked(request.params))
    return _request(request, scene, said.over(default_motion(scene))), notes_of(scene, said.rest)


def _asked(params: VideoParams) -> Asked:
    return Asked(seed=params.seed, style=params.style, caption=params.caption is not False, cutout=False)


def _scene(request: Request[VideoParams], said: CameraDirections, size: tuple[int, int], asked: Asked) -> Scene:
    from mediasmith_sketch.composition.composer import compose, seed_of  # noqa: PLC0415 - heavy: Pillow

    seed = request.params.seed if request.params.seed is not None else seed_of(request.prompt)
    return compose(said.rest or request.prompt, size, seed, asked)


def _request(request: Request[VideoParams], scene: Scene, motion: Motion, picture: bytes = b"") -> RenderRequest:
    jpeg, seconds = b64encode(picture).decode("ascii"), request.params.duration
    return RenderRequest(version=1, scene=scene, motion=motion, id=uuid4().hex, seconds=seconds, picture=jpeg)


def _edited(before: Shot, request: Request[VideoParams]) -> tuple[RenderRequest, list[str]]:
    """Return the shot after an edit: the scene as the words say, and the camera as it was unless they mention it."""
    from mediasmith_sketch.composition.editor import adjusted, edit  # noqa: PLC0415 - heavy: Pillow

    said, notes = camera_directions(request.prompt, edit=True), list[str]()
    size = (before.scene.width, before.scene.height)
    if request.params.size or request.params.aspect_ratio:
        size = _size(request.params, size[0] / size[1])
    scene = adjusted(before.scene, _asked(request.params), size)
    if said.rest:
        scene, notes = edit(scene, said.rest)
    if scene.cutout:
        scene = scene.model_copy(update={"cutout": False})
        notes.append("A video has no transparency, so there is a background.")
    return _request(request, scene, said.over(before.motion)), notes


def _planned_over(picture: Image, request: Request[VideoParams]) -> tuple[RenderRequest, list[str]]:
    """Return a shot of a picture; its scene is only what stands over the picture."""
    from mediasmith_sketch.animation import default_motion as motions  # noqa: PLC0415 - heavy: Pillow
    from mediasmith_sketch.animation.first_frame import compressed  # noqa: PLC0415 - as above

    said, notes = camera_directions(request.prompt), [_UNCHANGED]
    shape = picture.width / picture.height
    try:
        size = _size(request.params, min(_NARROWEST, max(1 / _NARROWEST, shape)))
    except ValueError as error:
        raise InvalidRequest(f"{str(error).rstrip('.')}.", billed="no") from error
    if abs(size[0] / size[1] / shape - 1) > _SIMILAR:
        notes.append(f"The picture was cropped to {size[0]}x{size[1]}.")
    if request.params.style or request.params.caption:
        notes.append("A picture fills the whole video, so style and caption were left out.")
    scene = _scene(request, said, size, Asked(seed=request.params.seed, caption=False, cutout=False))
    scene = scene.model_copy(update={"elements": (), "title": "", "style": None})
    motion = said.over(motions.default_motion(scene))
    if motion.zoom < 0 and said.moves:
        notes.append(_ONLY_NEARER)
    return _request(request, scene, motions.motion_over_picture(motion), compressed(picture, size)), notes


async def _poll(context: Context[RenderSlots], request: RenderRequest) -> Pending | Result | Failed:
    slot = context.client.take(request.id, partial(_begun, request))
    if slot is None:
        return Pending(progress=0.0, message="waiting for another video to be drawn")
    try:
        animation = await to_thread.run_sync(slot.advance)
    except Exception as error:  # noqa: BLE001 - drawing again would fail again
        context.client.drop(request.id)
        return Failed(error=ProviderError(f"The video could not be drawn ({type(error).__name__}).", billed="no"))
    if not animation.film:
        done, frames = animation.drawn, animation.frames
        return Pending(progress=done / frames, message=f"frame {done} of {frames}" if done else "drawing the scenery")
    file = context.file(_MIME)
    await file.write(animation.film)
    context.client.drop(request.id)
    # A shot holds no picture, so an edit of a video of one starts from the saved file.
    state = None if request.picture else Shot(version=1, scene=request.scene, motion=request.motion)
    return Result(outputs=(Output(body=file, mime=_MIME, state=state),), cost_usd=0.0, details={"draft": _ABOUT})


def _begun(request: RenderRequest) -> Animation:
    from mediasmith_sketch.animation.animator import Animation  # noqa: PLC0415 - heavy: Pillow, PyAV

    camera = Camera(motion=request.motion, seconds=request.seconds)
    return Animation(scene=request.scene, camera=camera, picture=b64decode(request.picture))


async def _cancel(context: Context[RenderSlots], request: RenderRequest) -> Cancellation:
    context.client.drop(request.id)
    return "stopped"  # drawing goes on in polls alone


video: Capability[RenderSlots, VideoParams] = Capability(
    kind="video",
    name="video",
    params=VideoParams,
    models=(
        Model(
            id="sketch-motion-1",
            draft=True,
            prices=(Price(usd=0, per="second", as_of=date(2026, 11, 20), source="local"),),
            note="An animatic, drawn on this machine and labelled as a draft.",
        ),
    ),
    start=_start,
    poll=_poll,
    cancel=_cancel,
    handle=RenderRequest,
    state=Shot,
    takes={"first_frame": Takes(), "video": Takes(mimes=VIDEO_MIMES, max_bytes=500_000_000)},
    edits="video",
    every=0.02,
    deadline=1800,
    preference=-100,
    refuses=_refuses,
)
"""Local drafts of videos."""

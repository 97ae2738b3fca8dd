"""The image capability: a composed, typeset placeholder for a prompt, and edits of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from functools import partial
from typing import TYPE_CHECKING, Literal

from anyio import to_thread

from mediasmith.plugin.contract import (
    Call,
    Capability,
    Model,
    Output,
    Params,
    Pending,
    Price,
    Request,
    Result,
    Takes,
)
from mediasmith.plugin.files import Source
from mediasmith.plugin.media import fit_ratio, parse_size
from mediasmith.plugin.params import AspectRatio, Count, Seed, Size
from mediasmith_sketch.animation.render_slots import RenderSlots
from mediasmith_sketch.scene import Asked, Scene, Style

if TYPE_CHECKING:
    from PIL.Image import Image

SMALLEST, LARGEST = 64, 4096
"""The limits of a side in pixels."""

_PIXELS = 1024 * 1024
_ABOUT = "A local drawing of the prompt's words, made as a placeholder. It is not a generated picture."
_PASTED = "A sketch cannot redraw pictures: they are pasted unchanged onto a drawing of the words."
_MIMES: Mapping[str, str] = {"png": "image/png", "jpeg": "image/jpeg", "webp": "image/webp"}


class ImageParams(Params):
    """The parameters of a sketch. `caption` sets the prompt below the picture."""

    aspect_ratio: AspectRatio | None = None
    size: Size | None = None
    output_format: Literal["png", "jpeg", "webp"] = "png"
    background: Literal["auto", "opaque", "transparent"] = "auto"
    seed: Seed | None = None
    n: Count = 1
    caption: bool = True
    style: Style | None = None


def _refuses(request: Request[ImageParams]) -> str:
    """Return why these parameters do not go together, or nothing."""
    params = request.params
    if params.background == "transparent" and params.output_format == "jpeg":
        return "background transparent needs output_format png or webp, as jpeg has no transparency"
    try:
        sizes = _sizes(params)
    except ValueError as error:
        return str(error).rstrip(".")
    if not all(SMALLEST <= side <= LARGEST for size in sizes for side in size):
        return f"a picture takes sides from {SMALLEST} to {LARGEST} pixels"
    if len(sizes) > 1 and abs(_ratio(sizes[0]) / _ratio(sizes[1]) - 1) > 0.03:  # noqa: PLR2004 - a rounded pixel or two
        return f"size {params.size} does not have the aspect_ratio {params.aspect_ratio}; give one of them"
    return ""


def _sizes(params: ImageParams) -> list[tuple[int, int]]:
    """Return what size and aspect_ratio each ask for, size first. ValueError if one is impossible."""
    sizes = [parse_size(params.size)] if params.size else []
    return [*sizes, fit_ratio(params.aspect_ratio, pixels=_PIXELS, largest=LARGEST)] if params.aspect_ratio else sizes


def _ratio(size: tuple[int, int]) -> float:
    return size[0] / size[1]


async def _start(call: Call[RenderSlots, ImageParams]) -> Result:
    sources = call.inputs.get("image", ())
    pictures = await to_thread.run_sync(_load, sources) if sources else []
    if pictures:
        call.warn(_PASTED)
    outputs: list[Output] = []
    for index in range(call.params.n):
        draw = partial(_draw, call.prompt, call.params, call.state, pictures, index)
        output, notes = await to_thread.run_sync(draw)
        outputs.append(output)
        for note in notes if index == 0 else ():
            call.warn(note)
        call.report(Pending(progress=(index + 1) / call.params.n))
    return Result(outputs=tuple(outputs), cost_usd=0.0, details={"draft": _ABOUT})


def _load(sources: Sequence[Source]) -> list[Image]:
    from mediasmith_sketch.drawing.reference_pictures import load  # noqa: PLC0415 - heavy: Pillow

    return [load(source.open(), source.mime, source.name, LARGEST // 2) for source in sources]


def _draw(
    prompt: str, params: ImageParams, before: Scene | None, pictures: Sequence[Image], index: int
) -> tuple[Output, list[str]]:
    """Draw picture number `index`; return the file with its scene, and notes for the caller."""
    from mediasmith_sketch.composition.composer import compose, seed_of  # noqa: PLC0415 - heavy: Pillow
    from mediasmith_sketch.composition.editor import adjusted, edit  # noqa: PLC0415 - as above
    from mediasmith_sketch.drawing.renderer import encode, render  # noqa: PLC0415 - as above

    cutout = None if params.background == "auto" else params.background == "transparent"
    asked = Asked(seed=params.seed, style=params.style, caption=params.caption, cutout=cutout)
    size = next(iter(_sizes(params)), None)
    notes: list[str] = []
    if before is None:
        seed = (params.seed if params.seed is not None else seed_of(prompt)) + index
        scene = compose(prompt, size or _usual_size(pictures), seed % (1 << 32), asked, pictured=bool(pictures))
    else:
        scene, notes = edit(adjusted(before, asked, size or (before.width, before.height), index), prompt)
    if scene.cutout and params.output_format == "jpeg":
        notes.append("A jpeg has no transparency, so the background is opaque.")
        scene = scene.model_copy(update={"cutout": False})
    body = encode(render(scene, pictures), params.output_format)
    # A scene holds no pictures, so an edit of one with pictures starts from the saved file.
    state = None if pictures else scene
    return Output(body=body, mime=_MIMES[params.output_format], state=state), notes


def _usual_size(pictures: Sequence[Image]) -> tuple[int, int]:
    """Return the size if none is given: a single reference picture's shape, within reason."""
    shape = min(2.0, max(0.5, _ratio(pictures[0].size))) if len(pictures) == 1 else 1.5
    return fit_ratio(f"{shape:.2f}:1", pixels=_PIXELS)


image: Capability[RenderSlots, ImageParams] = Capability(
    kind="image",
    name="image",
    params=ImageParams,
    models=(
        Model(
            id="sketch-1",
            draft=True,
            prices=(Price(usd=0, per="image", as_of=date(2026, 11, 20), source="local"),),
            note="Drawn on this machine, labelled as a draft.",
        ),
    ),
    start=_start,
    state=Scene,
    takes={"image": Takes(max=4)},
    edits="image",
    preference=-100,
    refuses=_refuses,
)
"""Local drafts of pictures."""

"""How much of a picture shows the colours that its prompt names, and scenes that show more of them if needed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from math import dist
from typing import cast

from PIL.Image import Image

from mediasmith_sketch.drawing.colour import clearest, distance, is_sunlike, mix, rgb
from mediasmith_sketch.drawing.layout import shape_of
from mediasmith_sketch.drawing.renderer import render
from mediasmith_sketch.scene import Scene

_ENOUGH = 0.235  # the promise is a fifth; small measuring pictures are not exact, and type covers some
_AREA = 16_000  # pixels of a measuring picture
_LARGE = 0.23  # the radius of a large sun, in units
_SAME = 24.0  # colours closer than this look the same


def coverage(scene: Scene, colours: Sequence[str]) -> float:
    """Return the share of the picture that shows one of these colours, measured on a small drawing of it."""
    drawing = _thumbnail(scene)
    named = [rgb(colour) for colour in colours]
    pixels = drawing.width * drawing.height
    counted = cast("Sequence[tuple[int, tuple[int, int, int]]]", drawing.getcolors(pixels))
    return sum(count for count, pixel in counted if any(dist(pixel, colour) <= _SAME for colour in named)) / pixels


def looks_alike(one: Scene, other: Scene) -> bool:
    """Return whether two scenes look the same."""
    words = ("title", "band", "captioned", "caption", "cutout")
    return all(getattr(one, name) == getattr(other, name) for name in words) and _thumbnail(one) == _thumbnail(other)


def _thumbnail(scene: Scene) -> Image:
    """Return a small drawing of a scene."""
    scale = min(1.0, (_AREA / (scene.width * scene.height)) ** 0.5)
    size = {"width": max(16, round(scene.width * scale)), "height": max(16, round(scene.height * scale))}
    # Type covers little, and what is set on a small copy is not what will be set.
    return render(scene.model_copy(update=size | {"cutout": False}), words=scale == 1).convert("RGB")


def ensure_coverage(scene: Scene, colours: Sequence[str]) -> Scene:
    """Return the scene with enough of its named colours: the first one is given as little more room as will do."""
    if not colours or coverage(scene, colours) >= _ENOUGH:
        return scene
    bolder = scene
    for bolder in _bolder(scene, colours[0]):
        if coverage(bolder, colours) >= _ENOUGH:
            break
    return bolder


def _bolder(scene: Scene, colour: str) -> Iterator[Scene]:
    """Yield the scene with more and more of a colour: sun, ground, caption, and at last the sky.

    Ground and caption meet, so they take it together only if nothing else is left. What stands before a disc or an
    arch must not vanish in it.
    """
    palette = scene.palette
    behind = {one.kind for one in scene.elements} & {"spot", "arch"}
    hidden = bool(behind) and any(colour in {one.main, one.trim} for one in scene.elements)
    sunny = is_sunlike(colour) and distance(colour, palette.sky) > _SAME and not hidden
    disc = {"disc": colour} if sunny else {}
    band = {"band": colour} if scene.band else {}
    large = _with_larger_sun(scene) if sunny else scene
    # A sun that stands out from a sky in the colour.
    sun = clearest(colour, palette.accent, palette.light, palette.dark)
    sky = {"sky": colour, "low": mix(colour, palette.light, 0.3), "disc": sun}
    for start, roles in (
        (scene, disc),
        (large, disc),
        (large, disc | {"near": colour}),
        (large, disc | band),
        (large, disc | band | ({} if hidden else {"far": colour})),
        (large, disc | band | {"mid": colour}),
        (scene, sky),
        (scene, sky | band | {"mid": colour, "near": colour}),
        (scene, sky | band | dict.fromkeys(("far", "mid", "near", "water"), colour)),
    ):
        yield start.model_copy(update={"palette": palette.model_copy(update=roles)})


def _with_larger_sun(scene: Scene) -> Scene:
    """Return the scene with a sun or moon that is large, and low enough to be seen whole."""
    _, tall = shape_of((scene.width, scene.height), scene.band, beside=scene.beside)
    grown = [
        one.model_copy(update={"size": max(one.size, _LARGE), "y": max(one.y, 1.15 * _LARGE / tall)})
        if one.kind in {"sun", "moon"}
        else one
        for one in scene.elements
    ]
    return scene.model_copy(update={"elements": tuple(grown)})

"""Seeing to it that the colours a prompt names are what one sees: how much they cover, and more of them if needed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from mediasmith_sketch.drawing.colour import clearest, distance, is_sunlike, mix
from mediasmith_sketch.drawing.layout import shape_of
from mediasmith_sketch.drawing.renderer import render
from mediasmith_sketch.scene import Palette, Scene

_ENOUGH = 0.235  # the promise is a fifth; small measuring pictures are not exact, and type covers some
_AREA = 16_000  # pixels of a measuring picture
_LARGE = 0.23  # the radius of a large sun, in units
_SAME = 24.0  # colours closer than this look the same


def coverage(scene: Scene, colours: Sequence[str]) -> float:
    """The share of the picture that shows one of these colours, measured on a small drawing of it."""
    pixels = _small(scene)
    counted = Counter(pixels[at : at + 3] for at in range(0, len(pixels), 3))
    shown = sum(count for pixel, count in counted.items() if _is_one_of(f"#{pixel.hex()}", colours))
    return 3 * shown / len(pixels)


def looks_alike(one: Scene, other: Scene) -> bool:
    """Whether nobody could tell two scenes apart."""
    words = ("title", "band", "captioned", "caption", "cutout")
    return all(getattr(one, name) == getattr(other, name) for name in words) and _small(one) == _small(other)


def _small(scene: Scene) -> bytes:
    """The red, green and blue of a small drawing of a scene."""
    scale = min(1.0, (_AREA / (scene.width * scene.height)) ** 0.5)
    size = {"width": max(16, round(scene.width * scale)), "height": max(16, round(scene.height * scale))}
    # Type covers little, and what is set on a small copy is not what will be set.
    shown = scene.model_copy(update=size | {"cutout": False})
    return render(shown, words=scale == 1).convert("RGB").tobytes()


def _is_one_of(seen: str, colours: Sequence[str]) -> bool:
    return any(distance(seen, colour) <= _SAME for colour in colours)


def ensure_coverage(scene: Scene, colours: Sequence[str]) -> Scene:
    """The scene with enough of its named colours: the first one is given to as little more as will do."""
    if not colours or coverage(scene, colours) >= _ENOUGH:
        return scene
    bolder = scene
    for bolder in _bolder(scene, colours[0]):
        if coverage(bolder, colours) >= _ENOUGH:
            break
    return bolder


def _bolder(scene: Scene, colour: str) -> Iterator[Scene]:
    """The scene with more and more of a colour: sun, ground, caption, and at last the sky.

    Ground and caption meet, so they take it together only where nothing else is left.
    """
    sunny = is_sunlike(colour) and distance(colour, scene.palette.sky) > _SAME
    disc = {"disc": colour} if sunny else {}
    band = {"band": colour} if scene.band else {}
    large = _larger_sun(scene) if sunny else scene
    for start, roles in (
        (scene, disc),
        (large, disc),
        (large, disc | {"near": colour}),
        (large, disc | band),
        (large, disc | band | {"far": colour}),
        (large, disc | band | {"mid": colour}),
        (scene, _skyward(scene.palette, colour)),
        (scene, _skyward(scene.palette, colour) | band | {"mid": colour, "near": colour}),
        (scene, _skyward(scene.palette, colour) | band | dict.fromkeys(("far", "mid", "near", "water"), colour)),
    ):
        yield start.model_copy(update={"palette": start.palette.model_copy(update=roles)})


def _larger_sun(scene: Scene) -> Scene:
    """The scene with a sun or moon that is large, and low enough to be seen whole."""
    _, tall = shape_of((scene.width, scene.height), scene.band, beside=scene.beside)
    grown = [
        one.model_copy(update={"size": max(one.size, _LARGE), "y": max(one.y, 1.15 * _LARGE / tall)})
        if one.kind in {"sun", "moon"}
        else one
        for one in scene.elements
    ]
    return scene.model_copy(update={"elements": tuple(grown)})


def _skyward(palette: Palette, colour: str) -> dict[str, str]:
    """A sky in a colour, and a sun that stands out from it."""
    disc = clearest(colour, palette.accent, palette.light, palette.dark)
    return {"sky": colour, "low": mix(colour, palette.light, 0.3), "disc": disc}

"""Drawing a scene, and encoding the picture as a file. Blocking, so call it in a worker thread."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from io import BytesIO
from typing import Any

from PIL import Image, ImageStat

from mediasmith_sketch.drawing.colour import clearest, contrast, lighter, lightness, mix
from mediasmith_sketch.drawing.figure import Figure
from mediasmith_sketch.drawing.figures import FIGURES
from mediasmith_sketch.drawing.layout import Layout, PlacedText, lay_out
from mediasmith_sketch.drawing.paths import outline, place, rectangle
from mediasmith_sketch.drawing.reference_pictures import draw_reference_pictures
from mediasmith_sketch.drawing.scenery import SCENERY
from mediasmith_sketch.drawing.stage import Stage
from mediasmith_sketch.drawing.surface import Surface
from mediasmith_sketch.drawing.terrain import GROUNDS, height
from mediasmith_sketch.drawing.typesetting import mask
from mediasmith_sketch.random_seed import seeded
from mediasmith_sketch.scene import Element, Palette, Scene

_REFERENCES = 54.0
"""The depth at which reference pictures lie: before the scenery, behind what stands in front."""

_SKIN = ("#f2c9a5", "#e3ab86", "#c98a63", "#9c6644", "#6f4630")
_OPACITY = {"beam": 0.26, "clear": 0.34, "dim": 0.15}
_FORMATS: Mapping[str, Mapping[str, Any]] = {
    "png": {"compress_level": 4},
    "jpeg": {"quality": 92, "subsampling": 0},
    "webp": {"quality": 90, "method": 2},
}


def render(scene: Scene, pictures: Sequence[Image.Image] = (), *, words: bool = True) -> Image.Image:
    """Draw the scene with the reference pictures in it; the mode is RGBA if it is cut out, else RGB."""
    layout = lay_out(scene)
    surface = Surface((scene.width, scene.height), None if scene.cutout else scene.palette.sky, scene.grain)
    stage = Stage(surface, *layout.stage, scene.palette, cutout=scene.cutout)
    left, top, width, tall = layout.stage
    surface.clip = round(left), round(top), round(left + width), round(top + tall)
    draw_sky(stage)
    ordered = in_order(scene)
    draw(stage, [element for element in ordered if element.z < _REFERENCES], scene)
    if pictures:
        draw_reference_pictures(stage, pictures)
    draw(stage, [element for element in ordered if element.z >= _REFERENCES], scene)
    surface.clip = (0, 0, *surface.size)
    _draw_frame(surface, layout, scene)
    if words:
        _draw_text(surface, layout, scene, surface.image)
    return surface.image


def overlay(scene: Scene, under: Image.Image) -> Image.Image:
    """Draw what stays in its place over the picture `under`, on a transparent ground: type, and what frames it."""
    layout = lay_out(scene)
    surface = Surface((scene.width, scene.height), None, scene.grain)
    _draw_frame(surface, layout, scene)
    _draw_text(surface, layout, scene, under)
    return surface.image


def in_order(scene: Scene) -> list[Element]:
    """Return the elements from the farthest to the nearest, as they are painted."""
    return sorted(scene.elements, key=lambda element: element.z)


def draw_sky(stage: Stage) -> None:
    """Shade the sky towards the horizon; its colour is the ground already."""
    if stage.cutout:
        return
    whole = [rectangle(stage.left, stage.top, stage.width, stage.height)]
    low = stage.palette.low
    stage.shade(whole, mix(stage.palette.sky, low, 0.5), stage.y(0.33), stage.y(0.62), 0.9)
    stage.shade(whole, low, stage.y(0.45), stage.y(0.7), 0.9)


def draw(stage: Stage, elements: Sequence[Element], scene: Scene) -> None:
    """Paint elements of a scene one over the other; those that stand do so on the scene's nearest ground."""
    ground = next((element for element in reversed(in_order(scene)) if element.kind in GROUNDS), None)
    for element in elements:
        if stage.cutout and element.kind in {"table", "spot", "arch"}:
            continue
        if element.kind in FIGURES:
            _draw_figure(stage, element, FIGURES[element.kind], ground)
        elif element.kind in SCENERY:
            SCENERY[element.kind](stage, element, seeded(element.kind, element.seed))


def _draw_figure(stage: Stage, element: Element, figure: Figure, ground: Element | None) -> None:
    x, y = stage.at(element)
    if element.stands and ground is not None:
        rise = height(ground, element.x * stage.span, stage.span)
        y = stage.y(ground.y) - (rise - 0.006) * stage.unit
    paints = _figure_paints(stage, element, figure)
    scale = element.size * stage.unit / 100
    for paint, path in figure.shapes:
        if paint != "beam" or stage.dim:
            polygons = place(outline(path), (x, y), scale, flip=element.flip)
            stage.fill(polygons, paints.get(paint, paint), _OPACITY.get(paint, 1))


def _figure_paints(stage: Stage, element: Element, figure: Figure) -> dict[str, str]:
    main = stage.paint(element.main or figure.main)
    trim = stage.paint(element.trim or figure.trim)
    if contrast(main, trim) < 1.25 and figure.main != figure.trim and not element.trim:  # noqa: PLR2004 - hard to tell apart
        trim = clearest(main, stage.palette.light, stage.palette.accent, stage.palette.dark)
    skin = _SKIN[element.seed % len(_SKIN)]
    return {
        "skin": skin,
        "blush": mix(skin, "#d9534f", 0.42) if "skin" in dict(figure.shapes) else stage.paint("blush"),
        "main": main,
        "shade": lighter(main, -0.11),
        "tint": lighter(main, 0.09),
        "trim": trim,
        "under": lighter(trim, -0.11),
    }


def _draw_frame(surface: Surface, layout: Layout, scene: Scene) -> None:
    """Paint the caption's panel, and the margin of a poster."""
    left, top, width, tall = layout.stage
    right, bottom = scene.width - left - width, scene.height - top - tall
    sides = ((0, 0, scene.width, top), (0, 0, left, scene.height), (left + width, 0, right, scene.height))
    sides = (*sides, (0, top + tall, scene.width, bottom))
    surface.fill([rectangle(*side) for side in sides if side[2] > 0 and side[3] > 0], scene.palette.band)


def _draw_text(surface: Surface, layout: Layout, scene: Scene, under: Image.Image) -> None:
    """Set the type of a scene; `under` is the picture that it stands on."""
    palette = scene.palette
    ink = _text_on(palette.band, palette)
    for words in layout.words:
        if words.name == "caption":
            _stamp(surface, words, ink)
        elif words.name == "label" and layout.panel:
            accented = contrast(palette.band, palette.accent) >= 3.2  # noqa: PLR2004 - small type needs more
            _stamp(surface, words, palette.accent if accented else mix(palette.band, ink, 0.85))
            _draw_rule(surface, layout, words, mix(palette.band, ink, 0.3))
        elif words.name == "label":
            left, top, right, bottom = words.box
            pad, tall = words.block.size * 0.5, bottom - top
            pill = rectangle(left - pad, top - pad * 0.3, right - left + 2 * pad, tall + pad * 0.6, tall)
            surface.fill([pill], palette.light, 0.92)
            _stamp(surface, words, _text_on(palette.light, palette))
        else:
            mean = ImageStat.Stat(under.crop(words.box).convert("RGB")).mean
            _stamp(surface, words, _text_on("#" + "".join(f"{round(level):02x}" for level in mean), palette))


def _text_on(ground: str, palette: Palette) -> str:
    """Return the palette's dark or light tone, whichever reads well; on colours, light type looks better."""
    dark, light = mix(palette.dark, "#10131c", 0.35), "#fffaf0"
    if contrast(ground, light) >= 3 and lightness(ground) < 0.72:  # noqa: PLR2004 - enough for large type
        return light
    return max(dark, light, key=lambda colour: contrast(ground, colour))


def _stamp(surface: Surface, words: PlacedText, colour: str) -> None:
    left, top, right, bottom = words.box
    surface.stamp(mask(words.block, (right - left, bottom - top), centred=words.centred), (left, top), colour)


def _draw_rule(surface: Surface, layout: Layout, label: PlacedText, colour: str) -> None:
    """Draw a thin line from the label to the far margin."""
    if layout.panel is None or label.centred:
        return
    left, top, right, _ = label.box
    end = layout.panel[0] + layout.panel[2] - (left - layout.panel[0])
    start = right + label.block.size * 0.9
    if end > start:
        y = top + label.block.size * 0.62
        surface.fill([rectangle(start, y, end - start, max(1.0, layout.unit * 0.0016))], colour)


def encode(image: Image.Image, kind: str) -> bytes:
    """Return the picture as a file: `png`, `jpeg` or `webp`."""
    file = BytesIO()
    image.save(file, kind.upper(), **_FORMATS[kind])
    return file.getvalue()

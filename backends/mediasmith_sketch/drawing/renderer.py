"""Drawing a scene, and writing it as a file. Blocking, so call it in a worker thread."""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO

from PIL import Image, ImageStat

from mediasmith_sketch.composition.palettes import text_on
from mediasmith_sketch.drawing.colour import clearest, contrast, lighter, mix
from mediasmith_sketch.drawing.figure import Figure
from mediasmith_sketch.drawing.figures import FIGURES
from mediasmith_sketch.drawing.layout import Layout, PlacedText, lay_out
from mediasmith_sketch.drawing.paths import outline, place, rectangle
from mediasmith_sketch.drawing.reference_pictures import lay_cards
from mediasmith_sketch.drawing.scenery import SCENERY
from mediasmith_sketch.drawing.stage import Stage
from mediasmith_sketch.drawing.surface import Surface
from mediasmith_sketch.drawing.terrain import GROUNDS, height
from mediasmith_sketch.drawing.typesetting import mask
from mediasmith_sketch.scene import Element, Scene

CARDS = 54.0
"""The depth at which reference pictures lie: before the scenery, behind what stands in front."""


def render(scene: Scene, pictures: Sequence[Image.Image] = (), *, words: bool = True) -> Image.Image:
    """The scene as a picture, with the reference pictures in it; of RGBA mode where it is cut out, else RGB."""
    layout = lay_out(scene)
    surface = Surface((scene.width, scene.height), None if scene.cutout else scene.palette.sky, scene.grain)
    stage = Stage(surface, *layout.stage, scene.palette, cutout=scene.cutout)
    surface.clip = _whole(layout)
    draw_sky(stage)
    ordered = in_order(scene)
    draw(stage, [element for element in ordered if element.z < CARDS], scene)
    if pictures:
        lay_cards(stage, pictures)
    draw(stage, [element for element in ordered if element.z >= CARDS], scene)
    surface.clip = (0, 0, *surface.size)
    _frame(surface, layout, scene)
    if words:
        _set_words(surface, layout, scene, surface.image)
    return surface.image


def overlay(scene: Scene, under: Image.Image) -> Image.Image:
    """What stays in its place over the picture `under`, on a transparent ground: the type, and what frames it."""
    layout = lay_out(scene)
    surface = Surface((scene.width, scene.height), None, scene.grain)
    _frame(surface, layout, scene)
    _set_words(surface, layout, scene, under)
    return surface.image


def in_order(scene: Scene) -> list[Element]:
    """The elements from the farthest to the nearest, as they are painted."""
    return sorted(scene.elements, key=lambda element: element.z)


def _whole(layout: Layout) -> tuple[int, int, int, int]:
    left, top, width, tall = layout.stage
    return round(left), round(top), round(left + width), round(top + tall)


def draw_sky(stage: Stage) -> None:
    """The sky's colour is the ground already; towards the horizon it changes."""
    if stage.cutout:
        return
    whole = [rectangle(stage.left, stage.top, stage.width, stage.height)]
    low = stage.palette.low
    stage.down(whole, mix(stage.palette.sky, low, 0.5), stage.y(0.33), stage.y(0.62), 0.9)
    stage.down(whole, low, stage.y(0.45), stage.y(0.7), 0.9)


def draw(stage: Stage, elements: Sequence[Element], scene: Scene) -> None:
    """Paint elements of a scene one over the other; what stands does so on the scene's nearest ground."""
    ground = next((element for element in reversed(in_order(scene)) if element.kind in GROUNDS), None)
    for element in elements:
        if stage.cutout and element.kind in {"table", "spot", "arch"}:
            continue
        if element.kind in FIGURES:
            _figure(stage, element, FIGURES[element.kind], ground)
        elif element.kind in SCENERY:
            SCENERY[element.kind](stage, element)


def _figure(stage: Stage, element: Element, figure: Figure, ground: Element | None) -> None:
    x, y = stage.at(element)
    if element.stands and ground is not None:
        rise = height(ground, element.x * stage.span, stage.span)
        y = stage.y(ground.y) - (rise - 0.006) * stage.unit
    paints = _figure_paints(stage, element, figure)
    scale = element.size * stage.unit / 100
    for paint, path in figure.shapes:
        if paint != "beam" or stage.dim:
            polygons = place(outline(path), (x, y), scale, flip=element.flip)
            stage.fill(polygons, paints.get(paint, paint), _VEILS.get(paint, 1))


_SKIN = ("#f2c9a5", "#e3ab86", "#c98a63", "#9c6644", "#6f4630")
_VEILS = {"beam": 0.26, "clear": 0.34, "dim": 0.15}


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


def _frame(surface: Surface, layout: Layout, scene: Scene) -> None:
    """The caption's panel, and the margin of a poster."""
    left, top, width, tall = layout.stage
    full = (float(scene.width), float(scene.height))
    around = [
        rectangle(0, 0, full[0], top),
        rectangle(0, 0, left, full[1]),
        rectangle(left + width, 0, full[0] - left - width, full[1]),
        rectangle(0, top + tall, full[0], full[1] - top - tall),
    ]
    surface.fill([side for side in around if _has_area(side)], scene.palette.band)


def _has_area(side: list[tuple[float, float]]) -> bool:
    (left, top), _, (right, bottom), _ = side
    return right > left and bottom > top


def _set_words(surface: Surface, layout: Layout, scene: Scene, under: Image.Image) -> None:
    """The type of a scene; `under` is the picture that it stands on."""
    band = scene.palette.band
    for words in layout.words:
        if words.name == "caption":
            _stamp(surface, words, text_on(band, scene.palette))
        elif words.name == "label" and layout.panel:
            accented = contrast(band, scene.palette.accent) >= 3.2  # noqa: PLR2004 - small type needs more
            plain = mix(band, text_on(band, scene.palette), 0.85)
            _stamp(surface, words, scene.palette.accent if accented else plain)
            _rule(surface, layout, words, mix(band, text_on(band, scene.palette), 0.3))
        elif words.name == "label":
            _pill(surface, words, scene)
        else:
            _stamp(surface, words, _over(under, words, scene))


def _stamp(surface: Surface, words: PlacedText, colour: str) -> None:
    left, top, right, bottom = words.box
    surface.stamp(mask(words.block, (right - left, bottom - top), centred=words.centred), (left, top), colour)


def _rule(surface: Surface, layout: Layout, label: PlacedText, colour: str) -> None:
    """A thin line from the label to the far margin."""
    if layout.panel is None or label.centred:
        return
    left, top, right, _ = label.box
    end = layout.panel[0] + layout.panel[2] - (left - layout.panel[0])
    start = right + label.block.size * 0.9
    if end > start:
        y = top + label.block.size * 0.62
        surface.fill([rectangle(start, y, end - start, max(1.0, layout.unit * 0.0016))], colour)


def _pill(surface: Surface, words: PlacedText, scene: Scene) -> None:
    left, top, right, bottom = words.box
    pad = words.block.size * 0.5
    tall = bottom - top
    shape = rectangle(left - pad, top - pad * 0.3, right - left + 2 * pad, tall + pad * 0.6, tall)
    surface.fill([shape], scene.palette.light, 0.92)
    _stamp(surface, words, text_on(scene.palette.light, scene.palette))


def _over(under: Image.Image, words: PlacedText, scene: Scene) -> str:
    """The tone for type that stands on the picture itself: whichever differs more from what is under it."""
    patch = under.crop(words.box).convert("RGB")
    mean = ImageStat.Stat(patch).mean
    ground = "#" + "".join(f"{round(level):02x}" for level in mean)
    return text_on(ground, scene.palette)


def encode(image: Image.Image, kind: str) -> bytes:
    """The picture as a file: `png`, `jpeg` or `webp`."""
    file = BytesIO()
    if kind == "png":
        image.save(file, "PNG", compress_level=4)
    elif kind == "jpeg":
        image.save(file, "JPEG", quality=92, subsampling=0)
    else:
        image.save(file, "WEBP", quality=90, method=2)
    return file.getvalue()

"""Layers: a scene cut up by depth, so that near things can move past far ones."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from io import BytesIO
from itertools import groupby
from math import ceil, floor, inf

from PIL import Image, ImageChops, ImageOps

from mediasmith_sketch.animation.camera import Camera, View
from mediasmith_sketch.animation.sway import MOST, REST, Sway, sway_of
from mediasmith_sketch.drawing.renderer import draw, draw_sky, in_order
from mediasmith_sketch.drawing.stage import Stage, unit_of
from mediasmith_sketch.drawing.surface import Box, Surface, resized
from mediasmith_sketch.scene import Element, Scene

_NEARNESS = (
    (1.5, 0.0),  # stars
    (4.5, 0.06),  # sun, moon, planets, what is behind a still life
    (7.0, 0.14),  # clouds
    (9.0, 0.2),
    (14.0, 0.3),  # the distance
    (19.0, 0.45),
    (29.0, 0.6),  # the middle distance
    (32.0, 0.4),  # the sea, which reaches far
    (45.0, 0.6),  # boats
    (47.0, 0.72),  # waves
    (55.0, 0.85),  # the nearest ground, and what stands and lies on it
    (59.0, 1.0),  # what flies
    (69.0, 0.85),  # what stands on a table
    (inf, 1.0),  # weather
)
"""How near things are, from 0 to 1, by the depth (`Element.z`) that they stay below."""

_SUN = 3.0
"""The depth of the sun."""

_SEAM = 2
"""Pixels around things that edges fade out in."""

_STRIPS = 8
"""Pieces that a layer is cut into, for many are mostly empty."""

_DETAIL = 1.12
"""Pixels drawn for each that is shown: with a few more, grain looks the same wherever it comes to lie."""


@dataclass(frozen=True, kw_only=True)
class Layer:
    """Things that move together: a picture, premultiplied where it is transparent, of a part of the whole.

    `left` and `top` say where in the whole it lies. The whole is `width` by `height` pixels, `unit` its length of
    that name (see `stage.unit_of`). `pieces` are the boxes of the picture outside which there is nothing.
    """

    picture: Image.Image
    left: int
    top: int
    width: int
    height: int
    unit: float
    nearness: float
    sway: Sway
    pieces: tuple[Box, ...]

    def lay(self, frame: Image.Image, area: Box, view: View, seconds: float) -> None:
        """Paint what is in view, as it is after so many seconds, into an area of a frame."""
        right, down = (way * self.unit for way in self.sway.at(seconds))
        if not self.sway.endless:
            self._lay(frame, area, view, (right, down))
            return
        right, down = right % self.width, down % self.height
        for x in (right - self.width, right):
            for y in (down - self.height, down):
                self._lay(frame, area, view, (x, y))

    def _lay(self, frame: Image.Image, area: Box, view: View, moved: tuple[float, float]) -> None:
        across, down, share = view
        wide, tall = self.picture.size
        x = _Axis(area[2] - area[0], share * self.width, across * self.width - self.left - moved[0], wide)
        y = _Axis(area[3] - area[1], share * self.height, down * self.height - self.top - moved[1], tall)
        for left, top, right, bottom in self.pieces:
            columns, rows = x.pixels(left, right), y.pixels(top, bottom)
            if columns and rows:
                box = (x.place(columns.start), y.place(rows.start), x.place(columns.stop), y.place(rows.stop))
                piece = resized(self.picture, (len(columns), len(rows)), Image.Resampling.HAMMING, box)
                _put(frame, piece, (area[0] + columns.start, area[1] + rows.start))


def _put(frame: Image.Image, piece: Image.Image, at: tuple[int, int]) -> None:
    if piece.mode == "RGB":
        frame.paste(piece, at)
    else:
        piece = piece.convert("RGBA")
        frame.paste(piece, at, piece)


class _Axis:
    """Across or down: which of a row of pixels show what of a picture.

    There are `count` of them, and they show `extent` pixels of the picture around its place `middle`; it has `length`.
    """

    def __init__(self, count: int, extent: float, middle: float, length: int) -> None:
        self._count, self._length = count, length
        self._scale = extent / count
        self._start = middle - extent / 2

    def pixels(self, start: int, end: int) -> range:
        """The pixels that show what is from one place to another. Pieces side by side have no pixel in common."""
        last = min(self._count, ceil(self._at(end)), floor(self._at(self._length)))
        return range(max(0, ceil(self._at(start))), last)

    def place(self, pixel: int) -> float:
        """Where in the picture a pixel begins."""
        return min(float(self._length), max(0.0, self._start + pixel * self._scale))

    def _at(self, place: int) -> float:
        return round((place - self._start) / self._scale, 6)  # so that the edge of the whole is that of the area


def layers(scene: Scene, size: tuple[int, int], camera: Camera) -> Iterator[Layer]:
    """The layers of a scene whose picture takes so many pixels, from the nearest to the sky."""
    groups = [
        (*key, list(group)) for key, group in groupby(in_order(scene), lambda one: (_nearness(one), sway_of(one)))
    ]
    if not groups or groups[0][:2] != _SKY:
        groups.insert(0, (*_SKY, []))
    nearest = max(nearness for nearness, _, _ in groups) or 1.0
    covers: list[tuple[float, float]] = []
    for number, (nearness, sway, elements) in reversed([*enumerate(groups)]):
        painter = _Painter(scene, size, camera, nearness / nearest, sway)
        floor = min((camera.lowest(row, near, painter.nearness) for near, row in covers), default=1.0)
        image = painter.paint(elements, floor, sky=number == 0)
        covers += painter.covered(image)
        if layer := painter.layer(image):
            yield layer


def picture_layer(file: bytes, size: tuple[int, int], camera: Camera) -> Layer:
    """A picture as the only layer, cropped to the shape of so many pixels."""
    detail = _DETAIL / camera.closest(1)
    whole = (round(size[0] * detail), round(size[1] * detail))
    with Image.open(BytesIO(file)) as picture:
        fitted = ImageOps.fit(picture.convert("RGB"), whole, Image.Resampling.LANCZOS)
    return Layer(
        picture=fitted,
        left=0,
        top=0,
        width=whole[0],
        height=whole[1],
        unit=unit_of(*whole),
        nearness=1,
        sway=REST,
        pieces=((0, 0, *whole),),
    )


_SKY = (0.0, REST)


def _nearness(element: Element) -> float:
    """How near an element is. What shines on the water goes along with the sun."""
    z = _SUN if element.kind == "shine" else element.z
    return next(nearness for below, nearness in _NEARNESS if z < below)


class _Painter:
    """Paints one layer: things of one nearness that sway alike. Those that sway need room around the whole."""

    def __init__(self, scene: Scene, size: tuple[int, int], camera: Camera, nearness: float, sway: Sway) -> None:
        detail = _DETAIL / camera.closest(nearness)
        self.scene, self.nearness, self.sway = scene, nearness, sway
        self.width, self.height = round(size[0] * detail), round(size[1] * detail)
        self.unit = unit_of(self.width, self.height)
        self.pad = 0 if sway is REST or sway.endless else ceil(MOST * self.unit)

    def paint(self, elements: Sequence[Element], floor: float, *, sky: bool) -> Image.Image:
        """The elements, down to a row that is a share of the height."""
        scene, pad = self.scene, self.pad
        size = (self.width + 2 * pad, min(self.height + pad, ceil(floor * self.height) + _SEAM) + pad)
        surface = Surface(size, scene.palette.sky if sky else None, scene.grain)
        stage = Stage(surface, pad, pad, self.width, self.height, scene.palette)
        if sky:
            draw_sky(stage)
        draw(stage, elements, scene)
        return surface.image

    def covered(self, image: Image.Image) -> Iterator[tuple[float, float]]:
        """The nearness, and the row from which on nothing shows through, if there is one."""
        if self.sway is REST and image.mode == "RGBA":
            gaps = ImageChops.invert(image.getchannel("A")).getbbox()
            if gaps is None or gaps[3] < image.height:
                yield self.nearness, (gaps[3] if gaps else 0) / self.height

    def layer(self, image: Image.Image) -> Layer | None:
        """What is painted as a layer; None for nothing."""
        box = image.getbbox()
        if box is None:
            return None
        left, top, right, bottom = _grown(box, image.size)
        picture = image.crop((left, top, right, bottom))
        return Layer(
            picture=picture.convert("RGBa") if picture.mode == "RGBA" else picture,
            left=left - self.pad,
            top=top - self.pad,
            width=self.width,
            height=self.height,
            unit=self.unit,
            nearness=self.nearness,
            sway=self.sway,
            pieces=tuple(_pieces(picture)),
        )


def _pieces(picture: Image.Image) -> Iterator[Box]:
    """Upright strips of a picture, each only as tall as what is in it."""
    step = ceil(picture.width / _STRIPS)
    for left in range(0, picture.width, step):
        strip = picture.crop((left, 0, min(left + step, picture.width), picture.height))
        if box := strip.getbbox():
            _, top, _, bottom = _grown(box, strip.size)
            yield left, top, left + strip.width, bottom


def _grown(box: Box, size: tuple[int, int]) -> Box:
    """The box with a seam around it, within a size."""
    left, top, right, bottom = box
    return max(0, left - _SEAM), max(0, top - _SEAM), min(size[0], right + _SEAM), min(size[1], bottom + _SEAM)
